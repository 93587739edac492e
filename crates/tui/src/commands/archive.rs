//! The history as a file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde::Serialize;
use sotto_client::engine::ArchiveError;

use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::profile::{cannot_read, cannot_write};
use crate::session::Session;
use crate::words::{Language, Message};

/// What was written or taken over.
#[derive(Serialize)]
struct ArchiveObject {
    chats: u64,
    events: u64,
    #[serde(skip)]
    message: Message,
}

impl Shown for ArchiveObject {
    fn in_words(&self, language: Language) -> String {
        self.message.say(language)
    }
}

pub(super) async fn export(session: &Session, file: PathBuf, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    // What is there is not overwritten, and nobody else may read it.
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(|error| match error
        .kind()
    {
        ErrorKind::AlreadyExists => Message::Exists { file: file.display().to_string() }.misused(),
        _ => cannot_write(&file, &error),
    })?;
    let archived = session.client.with(move |engine, moment| {
        let mut writer = BufWriter::new(&open);
        let archived = engine.export(&mut writer, moment)?;
        std::io::Write::flush(&mut writer)?;
        open.sync_all()?;
        Ok(archived)
    });
    let archived = archived.await?.map_err(|error: ArchiveError| failure(&error))?;
    let (chats, events) = (archived.chats, archived.events);
    let file = crate::safe::line(&file.display().to_string());
    let message = Message::Archived { chats: chats.to_string(), events: events.to_string(), file };
    console.show(&ArchiveObject { chats, events, message })
}

pub(super) async fn import(session: &Session, file: PathBuf, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    File::open(&file).map_err(|error| cannot_read(&file, &error))?;
    let archived = session
        .client
        .with(move |engine, moment| engine.import(|| Ok(Box::new(BufReader::new(File::open(&file)?))), moment));
    let archived = archived.await?.map_err(|error| failure(&error))?;
    let (chats, events) = (archived.chats, archived.events);
    let message = Message::Imported { chats: chats.to_string(), events: events.to_string() };
    console.show(&ArchiveObject { chats, events, message })
}

fn failure(error: &ArchiveError) -> Failure {
    match error {
        ArchiveError::SignedOut => Message::NotSignedIn.signed_out(),
        // Somebody else's history, or one that was tampered with, is not made one's own.
        ArchiveError::OtherAccount(_) | ArchiveError::Damaged(_) => {
            Message::BadArchive { why: error.to_string() }.not_safe()
        }
        error => Message::BadArchive { why: error.to_string() }.failed(),
    }
}
