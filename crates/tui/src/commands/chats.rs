//! Chats: which there are, and beginning one.

use std::time::{SystemTime, UNIX_EPOCH};

use sotto_client::engine::{Attempt, Change, Engine};
use sotto_proto::ConversationId;
use sotto_proto::wire::ConversationKind;

use super::messages::{Landed, content, landed, show_sent, typed_text};
use crate::arguments::Dm;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::objects::ChatObject;
use crate::session::Session;
use crate::words::Message;

pub(super) async fn list(session: &Session, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chats = session.look(|engine| {
        let now_ms = now_ms();
        engine.chats()?.iter().map(|chat| ChatObject::of(engine, chat, now_ms)).collect::<Result<Vec<_>, _>>()
    });
    let chats = chats.await?;
    if chats.is_empty() {
        return console.say(&Message::NothingYet);
    }
    chats.iter().try_for_each(|chat| console.show(chat))
}

pub(super) async fn dm(session: &Session, dm: Dm, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    let name = finding::user(&dm.name)?;
    let greeting = dm.text.map(|text| typed_text(&text)).transpose()?;
    let speaks = greeting.is_some();
    let (whom, greeting) = (name.as_str().to_owned(), greeting.map(|text| content(text, None)));
    let started = session.outcome(
        move |engine, moment| engine.start_direct(&name, greeting, moment),
        |change| match change {
            Change::Started(chat) => Some(Ok(*chat)),
            Change::Failed { what: Attempt::Find, why } => Some(Err(Failure::of(*why, &whom))),
            _ => None,
        },
    );
    let chat = started.await?;
    if !dm.no_wait {
        founded(session, chat, &whom).await?;
    }
    if speaks {
        let last = session.look(move |engine| Ok(engine.queued(chat)?.last().map(|queued| queued.id))).await?;
        let landed = match last {
            Some(id) if !dm.no_wait => landed(session, chat, id).await?,
            Some(id) => Landed { id, seq: None },
            None => Landed::last_of(session, chat).await?,
        };
        return show_sent(session, chat, landed, console).await;
    }
    let object =
        session.look(move |engine| engine.chat(chat)?.map(|chat| ChatObject::of(engine, &chat, now_ms())).transpose());
    let Some(object) = object.await? else { return Err(Message::NotYetOpen.failed()) };
    if console.json {
        return console.show(&object);
    }
    console.say(&Message::Begun { chat: object.name(console.language) })
}

/// Waits until a chat that was begun here is on the server.
pub(super) async fn founded(session: &Session, chat: ConversationId, whom: &str) -> Result<(), Failure> {
    let is_there = move |engine: &mut Engine| {
        let chat = engine.chat(chat).ok()??;
        let is_known = chat.kind != ConversationKind::Direct || chat.other.is_some();
        (chat.ready && is_known).then_some(())
    };
    let failed = |change: &Change| match change {
        Change::Failed { what: Attempt::Start(failed), why } if *failed == chat => Some(Failure::of(*why, whom)),
        _ => None,
    };
    session.carry_out(|_, _| Ok(()), is_there, failed).await
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
