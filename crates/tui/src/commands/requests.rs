//! Strangers: whom to let in, whom to keep out.

use sotto_client::engine::{Attempt, Change, Stand};

use super::chats::now_ms;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::objects::ChatObject;
use crate::session::Session;
use crate::words::Message;

pub(super) async fn list(session: &Session, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let requests = session.look(|engine| {
        let asked = engine.chats()?.into_iter().filter(|chat| chat.stand == Stand::Requested);
        asked.map(|chat| ChatObject::of(engine, &chat, now_ms())).collect::<Result<Vec<_>, _>>()
    });
    let requests = requests.await?;
    if requests.is_empty() {
        return console.say(&Message::Nothing);
    }
    requests.iter().try_for_each(|request| console.show(request))
}

pub(super) async fn accept(session: &Session, named: &str, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chat = finding::chat(session, named, console.language).await?;
    if chat.stand != Stand::Requested {
        return Err(Message::NoRequest { chat: crate::safe::line(named) }.misused());
    }
    let accepted = session.carry_out(
        move |engine, moment| engine.accept(chat.id, moment),
        move |engine| {
            let chat = engine.chat(chat.id).ok()??;
            (chat.stand != Stand::Requested).then_some(())
        },
        |change| match change {
            Change::Failed { what: Attempt::Answer(failed), why } if *failed == chat.id => Some(Failure::of(*why, "")),
            _ => None,
        },
    );
    accepted.await?;
    console.say(&Message::Done)
}

pub(super) async fn set_blocked(
    session: &Session,
    named: &str,
    blocked: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chat = finding::chat(session, named, console.language).await?;
    let Some(other) = chat.other else { return Err(Message::NobodyThere { name: crate::safe::line(named) }.misused()) };
    if blocked && chat.stand == Stand::Requested {
        session.with(move |engine, moment| engine.decline(chat.id, true, moment)).await?;
    } else {
        session.with(move |engine, moment| engine.set_blocked(other, blocked, moment)).await?;
    }
    session.in_time(session.at_rest()).await?;
    console.say(&Message::Done)
}
