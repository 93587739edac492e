//! Saying again elsewhere what a message says.

use sotto_client::engine::{Engine, EngineError, Moment};
use sotto_client::history::{Item, What};
use sotto_client::timeline::{Message as Said, State};
use sotto_proto::{ConversationId, EventId};

use super::files::settled;
use super::messages::{deliver, writable};
use crate::arguments::Forward;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::session::Session;
use crate::words::Message;

/// All chats are looked up before anything is said in one of them.
pub(super) async fn forward(session: &Session, wanted: Forward, console: &mut Console) -> Result<(), Failure> {
    // What was taken back elsewhere is not said again.
    session.catch_up(console).await?;
    let from = finding::chat(session, &wanted.chat, console.language).await?.id;
    let item = finding::message(session, from, &wanted.message).await?;
    let has_files = files_of(&item)? > 0;
    let mut chats = Vec::new();
    for named in &wanted.to {
        chats.push(writable(session, named, console).await?);
    }
    for to in chats {
        let id = session.with(move |engine, moment| say_again(engine, (from, item.id), to, moment)).await?;
        if has_files && !wanted.no_wait && !session.offline {
            settled(session, to, id, console).await?;
        }
        deliver(session, to, id, wanted.no_wait, console).await?;
    }
    Ok(())
}

/// How many files go with a message that can be forwarded.
fn files_of(item: &Item) -> Result<usize, Failure> {
    match &item.what {
        What::Message(Said { state: State::Standing { text, .. }, .. }) => Ok(text.files.len()),
        _ => Err(Message::NotForwarded.misused()),
    }
}

/// Puts into one chat what a message of another one says.
pub(crate) fn say_again(
    engine: &mut Engine,
    message: (ConversationId, EventId),
    to: ConversationId,
    moment: &mut Moment<'_>,
) -> Result<EventId, EngineError> {
    let mut id = [0; 16];
    moment.rng.fill_bytes(&mut id);
    let id = EventId::from_bytes(id);
    engine.forward(id, message, to, moment)?;
    Ok(id)
}
