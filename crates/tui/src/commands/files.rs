//! Files that are sent and fetched.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sotto_client::engine::{Engine, EngineError, Obstacle, TransferId, TransferState, TransferView};
use sotto_client::history::{Item, What};
use sotto_client::timeline::State;
use sotto_native_client::files::source;
use sotto_proto::{ConversationId, EventId, wire};

use crate::arguments::Download;
use crate::attachments::size_in_words;
use crate::commands::transfers::accompany;
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::finding;
use crate::safe;
use crate::session::Session;
use crate::words::{Language, Message};

/// What became of a message with files.
pub(super) enum Posted {
    /// It waits for its files.
    Waits(EventId),
    /// All of them are on the server.
    Said(EventId),
}

/// Sends files, and shows how far they are. What cannot be sent is not kept: it would stand in the way of nothing, and come as a surprise.
pub(super) async fn send(
    session: &Session,
    chat: ConversationId,
    paths: &[PathBuf],
    caption: wire::TextMessage,
    no_wait: bool,
    console: &mut Console,
) -> Result<Posted, Failure> {
    let sources = paths.iter().map(|path| source(path).map_err(|error| unreadable(path, &error)));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let id = session.with(move |engine, moment| engine.send_files(chat, sources, &caption, moment)).await?;
    if no_wait || session.offline {
        return Ok(Posted::Waits(id));
    }
    settled(session, chat, id, console).await?;
    Ok(Posted::Said(id))
}

/// Waits until the files of a message are on the server. What cannot be sent is given up.
pub(super) async fn settled(
    session: &Session,
    chat: ConversationId,
    id: EventId,
    console: &mut Console,
) -> Result<(), Failure> {
    let look = move |engine: &Engine| {
        let waiting = engine.waiting(chat)?.into_iter().find(|waiting| waiting.id == id);
        Ok(waiting.map(|waiting| waiting.files).unwrap_or_default())
    };
    let left = accompany(session, look, console).await?;
    let Some(failure) = stopped(&left) else { return Ok(()) };
    session.with(move |engine, moment| engine.cancel_files(id, moment)).await?;
    Err(failure)
}

/// A file that has come.
#[derive(Serialize)]
struct SavedObject {
    message: String,
    chat: String,
    path: String,
    name: String,
    size: u64,
}

impl Shown for SavedObject {
    fn in_words(&self, language: Language) -> String {
        Message::Saved { path: safe::line(&self.path), size: size_in_words(self.size, language) }.say(language)
    }
}

pub(super) async fn download(session: &Session, wanted: Download, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chat = finding::chat(session, &wanted.chat, console.language).await?.id;
    let item = finding::message(session, chat, &wanted.message).await?;
    let places = places(&item, wanted.file)?;
    let to = wanted.to.unwrap_or_else(|| PathBuf::from("."));
    let location = destination(&to, places.len())?;
    let begun = session.with(move |engine, moment| {
        let begin = |place| engine.download(chat, item.id, place, &location, moment);
        places.into_iter().map(begin).collect::<Result<Vec<_>, EngineError>>()
    });
    let ids = begun.await?;
    let done = accompany(session, look_at(ids), console).await?;
    for view in done.iter().filter(|view| view.state == TransferState::Done) {
        console.show(&saved(view))?;
    }
    stopped(&done).map_or(Ok(()), Err)
}

fn look_at(ids: Vec<TransferId>) -> impl Fn(&Engine) -> Result<Vec<TransferView>, EngineError> + Clone {
    move |engine| ids.iter().filter_map(|id| engine.transfer(*id).transpose()).collect()
}

fn saved(view: &TransferView) -> SavedObject {
    SavedObject {
        message: view.event.to_string(),
        chat: view.chat.to_string(),
        path: view.location.clone(),
        name: view.name.as_str().to_owned(),
        size: view.size,
    }
}

/// Which files of a message are meant, from 0.
fn places(item: &Item, one: Option<u32>) -> Result<Vec<usize>, Failure> {
    let count = match &item.what {
        What::Message(message) => match &message.state {
            State::Standing { text, .. } => text.files.len(),
            State::Deleted { .. } => 0,
        },
        _ => 0,
    };
    match one.map(|one| one as usize - 1) {
        Some(place) if place < count => Ok(vec![place]),
        None if count > 0 => Ok((0..count).collect()),
        _ => Err(Message::NoSuchFile.misused()),
    }
}

/// A folder, or the name of a file that is not there yet.
fn destination(to: &Path, count: usize) -> Result<String, Failure> {
    let shown = || safe::line(&to.display().to_string());
    let is_folder = to.is_dir();
    if !is_folder && (to.exists() || count > 1) {
        let why = if count > 1 { Message::NeedsFolder { path: shown() } } else { Message::FileThere { path: shown() } };
        return Err(why.misused());
    }
    if let Some(folder) = to.parent().filter(|folder| !is_folder && !folder.is_dir()) {
        return Err(Message::NeedsFolder { path: safe::line(&folder.display().to_string()) }.misused());
    }
    to.to_str().map(str::to_owned).ok_or_else(|| Message::NeedsFolder { path: shown() }.misused())
}

/// Why the first of those that were stopped was.
pub(super) fn stopped(views: &[TransferView]) -> Option<Failure> {
    let stopped = |view: &TransferView| match view.state {
        TransferState::Stopped(why) => Some(obstacle(why, &safe::line(view.name.as_str()))),
        _ => None,
    };
    views.iter().find_map(stopped)
}

/// What is in the way of a file.
pub(crate) fn obstacle(why: Obstacle, file: &str) -> Failure {
    let file = file.to_owned();
    match why {
        Obstacle::SourceMissing => Message::SourceMissing { file }.failed(),
        Obstacle::SourceChanged => Message::SourceChanged { file }.failed(),
        Obstacle::NoRoom => Message::NoRoom { file }.failed(),
        Obstacle::FileSystem => Message::FileSystem { file }.failed(),
        Obstacle::TooLarge { max } => Message::TooLarge { file, max: max.to_string() }.failed(),
        Obstacle::QuotaExceeded { max } => Message::QuotaExceeded { file, max: max.to_string() }.failed(),
        Obstacle::NotAllowed => Message::NotAllowed.failed(),
        Obstacle::NotThere => Message::FileGone { file }.failed(),
        Obstacle::Damaged => Message::FileDamaged { file }.not_safe(),
        Obstacle::Refused(code) => Message::Refused { code: code.as_str_name().to_owned() }.failed(),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let file = safe::line(&path.display().to_string());
    Message::CannotRead { file, why: error.to_string() }.failed()
}
