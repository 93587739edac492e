//! The history of an account as a file (docs/HISTORY-FILE.md): lines of JSON that people and programs can read without this one, and
//! that only a device of the account can have written as far as this one is concerned.

use std::io::{self, BufRead, Read as _, Write};

use data_encoding::{BASE64, HEXLOWER};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use sotto_crypto::primitives::sha256;
use sotto_crypto::vault::SlotKey;
use sotto_proto::wire::{ConversationKind, edit, event};
use sotto_proto::{AccountId, ConversationId, EventId, decode, limits, wire};

use super::account::Account;
use super::chat::{Chat, Membership, Stand};
use super::step::{Mishap, Step};
use super::{Change, Engine, EngineError, Moment};
use crate::history::{self, Opened};
use crate::store::StoreError;
use crate::timeline::Standing;

/// Why a history could not be written to a file or read from one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be written or read.
    #[error("the file cannot be used")]
    File(#[from] io::Error),
    /// The store failed. Nothing of the file was taken over.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody is signed in, or the account has no vault to vouch for the file.
    #[error("nobody is signed in who could vouch for the file")]
    SignedOut,
    /// It is no history, or one of a later version.
    #[error("this is not a history file that this version can read")]
    OtherFormat,
    /// It is the history of another account.
    #[error("this is the history of another account, {0}")]
    OtherAccount(String),
    /// It breaks off, or somebody has changed it.
    #[error("the file is damaged or was changed: line {0}")]
    Damaged(usize),
}

/// What a file held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Conversations.
    pub chats: u64,
    /// Events of their logs.
    pub events: u64,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Header(Header),
    Chat(ChatLine),
    Event(EventLine),
    Notice(NoticeLine),
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    account: String,
    user_name: String,
    written_at_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChatLine {
    id: String,
    kind: i32,
    title: String,
    members: Vec<MemberLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MemberLine {
    account: String,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct EventLine {
    chat: String,
    seq: u64,
    id: String,
    author: String,
    standing: u8,
    time_ms: u64,
    /// For readers: the words of a message or of its change.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    body: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct NoticeLine {
    chat: String,
    seq: u64,
    place: u64,
    time_ms: u64,
    body: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    proof: String,
}

const FORMAT: &str = "sotto-history";
const VERSION: u32 = 1;
/// An event in base64, its text once more with every character escaped, and what belongs to it.
const LINE_MAX: u64 = 16 * limits::EVENT_MAX as u64;

impl Engine {
    /// Writes everything that is here of all conversations.
    pub fn export(&self, file: impl Write, moment: &Moment<'_>) -> Result<Archived, ArchiveError> {
        let account = self.memory.account.as_ref().ok_or(ArchiveError::SignedOut)?;
        let slots = slots_of(account)?;
        let mut writer = Writer { file, digest: [0; 32], archived: Archived::default() };
        writer.write(&Line::Header(Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            account: account.id.to_string(),
            user_name: account.user_name.clone(),
            written_at_ms: self.memory.clock.now_ms(moment),
        }))?;
        for chat in Chat::all(self.store.connection())? {
            self.export_chat(&chat, &mut writer)?;
        }
        writer.write(&Line::End(End { proof: proof_of(slots, &writer.digest) }))?;
        writer.file.flush()?;
        Ok(writer.archived)
    }

    fn export_chat(&self, chat: &Chat, writer: &mut Writer<impl Write>) -> Result<(), ArchiveError> {
        let members = self.members(chat.id).unwrap_or_default().into_iter();
        let members = members.map(|member| MemberLine { account: member.account.to_string(), name: member.name });
        let title = self.chat(chat.id).ok().flatten().map(|view| view.title).unwrap_or_default();
        writer.write(&Line::Chat(ChatLine {
            id: chat.id.to_string(),
            kind: chat.kind.into(),
            title,
            members: members.collect(),
        }))?;
        writer.archived.chats += 1;
        let mut rows = self
            .store
            .connection()
            .prepare_cached(
                "SELECT seq, event_id, author, standing, received_at_ms, body FROM entries WHERE conversation = ?1 ORDER BY seq",
            )
            .map_err(StoreError::from)?;
        let mut rows = rows.query([chat.number]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let line = event_line(chat.id, row).map_err(StoreError::from)?;
            writer.write(&Line::Event(line))?;
            writer.archived.events += 1;
        }
        self.export_notices(chat, writer)
    }

    fn export_notices(&self, chat: &Chat, writer: &mut Writer<impl Write>) -> Result<(), ArchiveError> {
        let sql = "SELECT seq, place, received_at_ms, body FROM notices WHERE conversation = ?1 ORDER BY seq, place";
        let mut rows = self.store.connection().prepare_cached(sql).map_err(StoreError::from)?;
        let rows = rows.query_map([chat.number], |row| {
            let body: Vec<u8> = row.get(3)?;
            let (seq, place, time_ms) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(NoticeLine { chat: chat.id.to_string(), seq, place, time_ms, body: BASE64.encode(&body) })
        });
        for notice in rows.map_err(StoreError::from)? {
            writer.write(&Line::Notice(notice.map_err(StoreError::from)?))?;
        }
        Ok(())
    }

    /// Takes over what a file of [`Engine::export`] has and this store has not; all of it, or nothing if anything is wrong with it. The
    /// file is read twice: first to see whether it is whole.
    pub fn import(
        &mut self,
        mut open: impl FnMut() -> io::Result<Box<dyn BufRead>>,
        moment: &mut Moment<'_>,
    ) -> Result<Archived, ArchiveError> {
        let account = self.memory.account.as_ref().ok_or(ArchiveError::SignedOut)?;
        let whole = read(open()?, |_| Ok(()))?;
        if whole.header.account != account.id.to_string() {
            return Err(ArchiveError::OtherAccount(whole.header.user_name));
        }
        if whole.end.proof != proof_of(slots_of(account)?, &whole.digest) {
            return Err(ArchiveError::Damaged(whole.lines));
        }
        let mut failed = None;
        let outcome = self.step(moment, |step| {
            let again = open().map_err(ArchiveError::from).and_then(|file| read(file, |line| step.take_line(line)));
            failed = match again {
                Ok(again) if again.digest == whole.digest => return Ok(()),
                Ok(_) => Some(ArchiveError::Damaged(whole.lines)),
                Err(error) => Some(error),
            };
            Err(Mishap::Bad("a history file"))
        });
        match (outcome, failed) {
            (Ok(()), _) => {
                self.tell(Change::Chats);
                Ok(whole.archived)
            }
            (_, Some(error)) => Err(error),
            (Err(EngineError::Store(error)), None) => Err(error.into()),
            (Err(_), None) => Err(ArchiveError::SignedOut),
        }
    }
}

impl Step<'_, '_> {
    fn take_line(&mut self, line: &Line) -> Result<(), ArchiveError> {
        match line {
            Line::Chat(line) => self.take_archived_chat(line),
            Line::Event(line) => {
                let opened = line.opened().ok_or(ArchiveError::OtherFormat)?;
                let of_the_past = "UPDATE chats SET server_at_ms = max(server_at_ms, ?2), read_seq = max(read_seq, ?3)
                                   WHERE conversation = ?1 AND membership = 3 AND high_hash IS NULL";
                let number = history::number_of(self.db, opened.conversation)?;
                let mut of_the_past = self.db.prepare_cached(of_the_past).map_err(StoreError::from)?;
                of_the_past.execute(params![number, opened.received_at_ms, opened.seq]).map_err(StoreError::from)?;
                Ok(history::record(self.db, &opened)?)
            }
            Line::Notice(line) => {
                let (Ok(chat), Ok(body)) = (line.chat.parse::<ConversationId>(), BASE64.decode(line.body.as_bytes()))
                else {
                    return Err(ArchiveError::OtherFormat);
                };
                let number = history::number_of(self.db, chat)?;
                // One that a later version wrote is kept for it.
                self.db
                    .prepare_cached(
                        "INSERT OR IGNORE INTO notices (conversation, seq, place, received_at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )
                    .and_then(|mut insert| insert.execute(params![number, line.seq, line.place, line.time_ms, body]))
                    .map_err(StoreError::from)?;
                Ok(())
            }
            Line::Header(_) | Line::End(_) => Ok(()),
        }
    }

    /// One that is not known here is one of the past, until the server says otherwise.
    fn take_archived_chat(&mut self, line: &ChatLine) -> Result<(), ArchiveError> {
        let id: ConversationId = line.id.parse().map_err(|_| ArchiveError::OtherFormat)?;
        if self.chat(id)?.is_none() {
            let kind = ConversationKind::try_from(line.kind).unwrap_or_default();
            let number = history::number_of(self.db, id)?;
            let mut chat = Chat::new(number, id, kind, Membership::Former);
            chat.stand = Stand::Left;
            chat.save(self.db)?;
        }
        Ok(())
    }
}

impl EventLine {
    fn opened(&self) -> Option<Opened> {
        Some(Opened {
            conversation: self.chat.parse().ok()?,
            seq: (1..=limits::NUMBER_MAX).contains(&self.seq).then_some(self.seq)?,
            id: self.id.parse().ok()?,
            author: self.author.parse().ok()?,
            standing: Standing::from_number(self.standing)?,
            received_at_ms: self.time_ms,
            body: BASE64.decode(self.body.as_bytes()).ok().filter(|body| body.len() <= limits::EVENT_MAX)?,
        })
    }
}

fn event_line(chat: ConversationId, row: &rusqlite::Row<'_>) -> rusqlite::Result<EventLine> {
    let body: Vec<u8> = row.get("body")?;
    Ok(EventLine {
        chat: chat.to_string(),
        seq: row.get("seq")?,
        id: EventId::from_bytes(row.get("event_id")?).to_string(),
        author: AccountId::from_bytes(row.get("author")?).to_string(),
        standing: row.get("standing")?,
        time_ms: row.get("received_at_ms")?,
        text: text_of(&body),
        body: BASE64.encode(&body),
    })
}

fn text_of(body: &[u8]) -> Option<String> {
    let event: wire::Event = decode(body.to_vec().into(), limits::EVENT_MAX).ok()?;
    let text = match event.content? {
        event::Content::Text(message)
        | event::Content::Edit(wire::Edit { content: Some(edit::Content::Text(message)), .. }) => message.body,
        _ => None,
    };
    text.map(|body| body.text)
}

struct Writer<W> {
    file: W,
    digest: [u8; 32],
    archived: Archived,
}

impl<W: Write> Writer<W> {
    fn write(&mut self, line: &Line) -> Result<(), ArchiveError> {
        let mut bytes = serde_json::to_vec(line).map_err(io::Error::from)?;
        bytes.push(b'\n');
        self.digest = sha256(&[&self.digest, &bytes]);
        Ok(self.file.write_all(&bytes)?)
    }
}

/// A file that was read to its end.
struct Whole {
    header: Header,
    archived: Archived,
    lines: usize,
    /// Over everything before the last line, which has the proof.
    digest: [u8; 32],
    end: End,
}

fn read(
    mut file: impl BufRead,
    mut take: impl FnMut(&Line) -> Result<(), ArchiveError>,
) -> Result<Whole, ArchiveError> {
    let (mut archived, mut digest, mut bytes) = (Archived::default(), [0; 32], Vec::new());
    let mut next = |bytes: &mut Vec<u8>| -> io::Result<Option<Line>> {
        bytes.clear();
        file.by_ref().take(LINE_MAX).read_until(b'\n', bytes)?;
        Ok(serde_json::from_slice(bytes).ok().filter(|_| bytes.ends_with(b"\n")))
    };
    let header = match next(&mut bytes)? {
        Some(Line::Header(header)) if header.format == FORMAT && header.version == VERSION => header,
        _ => return Err(ArchiveError::OtherFormat),
    };
    for number in 2.. {
        digest = sha256(&[&digest, &bytes]);
        let line = next(&mut bytes)?.ok_or(ArchiveError::Damaged(number))?;
        match &line {
            Line::Header(_) => return Err(ArchiveError::Damaged(number)),
            Line::Chat(_) => archived.chats += 1,
            Line::Event(_) => archived.events += 1,
            Line::Notice(_) | Line::End(_) => {}
        }
        if let Line::End(end) = line {
            return Ok(Whole { header, archived, lines: number, digest, end });
        }
        take(&line)?;
    }
    Err(ArchiveError::OtherFormat)
}

fn slots_of(account: &Account) -> Result<&SlotKey, ArchiveError> {
    Ok(&account.vault.as_ref().ok_or(ArchiveError::SignedOut)?.slots)
}

/// Only the account's own devices can make it, so that nobody can put words into other people's mouths by a file.
fn proof_of(slots: &SlotKey, digest: &[u8; 32]) -> String {
    slots.derive_slot(&format!("history file {}", HEXLOWER.encode(digest))).to_string()
}
