//! Messages that wait for their files.

use prost::Message as _;
use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::file::{FileKey, MAX_FILE_LEN};
use sotto_crypto::secret::Secret;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::file_ref::Media;
use sotto_proto::{EventId, FileId, wire};

use super::rows::{NewRow, Row};
use super::upload::part_len;
use super::{Course, FileWork, TransferId, TransferState, thumbnail};
use crate::engine::change::Change;
use crate::engine::chat::Chat;
use crate::engine::requests::Lane;
use crate::engine::step::{Mishap, Step};
use crate::timeline::FileName;

/// A file of this machine that is to be sent.
#[derive(Clone, PartialEq)]
pub struct Source {
    /// Where the shell finds it, in its own words.
    pub location: String,
    /// By what the shell knows that it is still the same: size and time of its last change, say.
    pub mark: Vec<u8>,
    /// Bytes of it, at most 15 GiB.
    pub size: u64,
    /// What it is called. Only what can be kept of it is sent.
    pub name: String,
    /// What it is, such as `image/webp`; may be empty.
    pub media_type: String,
    /// How it is shown. Without it, as a file.
    pub media: Option<Media>,
    /// A small version of it, if it is a picture: a picture of at most 1 MiB.
    pub thumbnail: Option<Box<Source>>,
}

/// Neither paths nor names belong into a log.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Source {
    /// Whether it is too large for any server.
    pub(in crate::engine) fn is_too_large(&self) -> bool {
        self.size > MAX_FILE_LEN
    }

    /// What its event will carry, with nothing in the places of what is not known yet.
    pub(in crate::engine) fn placeholder(&self) -> wire::FileRef {
        let key = FileKey::from_secret(Secret::fill(|_| ()));
        let digest = bytes::Bytes::from_static(&[0; 32]);
        let mut file = wire::FileRef { digest, ..self.reference(FileId::from_bytes([0; 16]), &key) };
        if let Some(thumbnail) = &self.thumbnail {
            thumbnail::put_into(&mut file, thumbnail.placeholder());
        }
        file
    }

    /// The reference that its event will carry, under a new key, without the digest.
    pub(in crate::engine) fn reference(&self, id: FileId, key: &FileKey) -> wire::FileRef {
        wire::FileRef {
            file_id: id.to_wire(),
            key: bytes::Bytes::copy_from_slice(key.expose_secret()),
            digest: bytes::Bytes::new(),
            size: self.size,
            name: FileName::of(&self.name).as_str().to_owned(),
            media_type: self.media_type.clone(),
            media: self.media.clone(),
        }
    }
}

/// Where the files of a new message come from.
pub(in crate::engine) enum Contents {
    /// From this machine.
    Sources(Vec<Source>),
    /// From another message.
    Forwarded(Vec<wire::FileRef>),
}

impl Step<'_, '_> {
    /// Writes a message down that is said when its files are on the server.
    pub(in crate::engine) fn post(
        &mut self,
        chat: &Chat,
        contents: Contents,
        caption: &wire::TextMessage,
    ) -> Result<EventId, Mishap> {
        let event = EventId::from_bytes(self.moment.random());
        self.post_as(chat, event, contents, caption)?;
        Ok(event)
    }

    /// The same under an id that was drawn before: however often it is asked for, it is said once.
    pub(in crate::engine) fn post_once(
        &mut self,
        chat: &Chat,
        event: EventId,
        contents: Contents,
        caption: &wire::TextMessage,
    ) -> Result<(), Mishap> {
        let waits = self.db.prepare_cached("SELECT 1 FROM parcels WHERE event_id = ?1")?.exists([event.as_bytes()])?;
        if waits || self.is_said(chat, event)? { Ok(()) } else { self.post_as(chat, event, contents, caption) }
    }

    fn post_as(
        &mut self,
        chat: &Chat,
        event: EventId,
        contents: Contents,
        caption: &wire::TextMessage,
    ) -> Result<(), Mishap> {
        self.db
            .prepare_cached(
                "INSERT INTO parcels (conversation, event_id, caption, created_at_ms) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![chat.number, event.as_bytes(), caption.encode_to_vec(), self.moment.now_ms])?;
        let parcel = Some(self.db.last_insert_rowid());
        let row = NewRow {
            course: Course::Forward,
            parcel,
            conversation: chat.number,
            event,
            place: 0,
            file: &wire::FileRef::default(),
            part_len: 0,
            location: "",
            mark: &[],
        };
        match contents {
            Contents::Sources(sources) => {
                for (place, source) in sources.iter().enumerate() {
                    // What is small comes first: it is there at once, whatever follows.
                    if let Some(small) = &source.thumbnail {
                        self.insert_upload(&NewRow { place: place + thumbnail::PLACES, ..row }, small)?;
                    }
                    self.insert_upload(&NewRow { place, ..row }, source)?;
                }
            }
            Contents::Forwarded(files) => {
                for (place, file) in files.iter().enumerate() {
                    self.insert_transfer(&NewRow { place, file, ..row })?;
                }
            }
        }
        self.memory.transfers.admitted = false;
        self.tell(Change::Timeline(chat.id));
        Ok(())
    }

    fn insert_upload(&mut self, row: &NewRow<'_>, source: &Source) -> Result<(), Mishap> {
        let id = FileId::from_bytes(self.moment.random());
        let key = FileKey::from_secret(Secret::generate(&mut self.moment.rng));
        let (file, part_len) = (&source.reference(id, &key), part_len(source.size));
        let (location, mark) = (source.location.as_str(), source.mark.as_slice());
        self.insert_transfer(&NewRow { course: Course::Upload, file, part_len, location, mark, ..*row })?;
        Ok(())
    }

    /// One of a parcel's files is on the server. If it was the last, the message is said.
    pub(super) fn parcel_moved(&mut self, row: &Row) -> Result<(), Mishap> {
        let Some(parcel) = row.parcel else { return Ok(()) };
        let rows = self.transfers_of_parcel(parcel)?;
        let (Some(chat), true) = (self.chat(row.chat)?, rows.iter().all(|row| row.state == TransferState::Done)) else {
            return Ok(());
        };
        let caption: Vec<u8> = self
            .db
            .prepare_cached("SELECT caption FROM parcels WHERE number = ?1")?
            .query_row([parcel], |row| row.get(0))?;
        let caption = wire::TextMessage::decode(caption.as_slice()).map_err(|_| Mishap::Bad("a stored caption"))?;
        let message = message(thumbnail::together(rows), caption);
        let fallback = fallback(&message);
        let body = self.event(Content::Files(message), &fallback);
        self.forget_parcel(parcel)?;
        self.enqueue_as(&chat, row.event, &body)
    }

    fn forget_parcel(&mut self, parcel: i64) -> Result<(), Mishap> {
        self.db.prepare_cached("DELETE FROM transfers WHERE parcel = ?1")?.execute([parcel])?;
        self.db.prepare_cached("DELETE FROM parcels WHERE number = ?1")?.execute([parcel])?;
        Ok(())
    }

    /// Gives up a message that waits for its files, and frees what is on the server of them. False if it does not wait any more.
    pub(in crate::engine) fn unpost(&mut self, event: EventId) -> Result<bool, Mishap> {
        let parcel: Option<i64> = self
            .db
            .prepare_cached("SELECT number FROM parcels WHERE event_id = ?1")?
            .query_row([event.as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(parcel) = parcel else { return Ok(false) };
        for row in self.transfers_of_parcel(parcel)? {
            // What is forwarded may be there through another message as well, and stays.
            if row.course == Course::Upload {
                let file_id = row.file_id()?;
                self.call(Lane::File(file_id), &wire::DeleteFileRequest { file_id: file_id.to_wire() })?;
            }
            self.release_transfer(row.id);
            self.tell(Change::Transfer(row.id));
            self.tell(Change::Timeline(row.chat));
        }
        self.forget_parcel(parcel)?;
        Ok(true)
    }

    /// A file of a message comes to this device; if it is on its way already, it goes on.
    pub(in crate::engine) fn fetch_file(
        &mut self,
        chat: &Chat,
        event: EventId,
        place: usize,
        file: &wire::FileRef,
        location: &str,
    ) -> Result<TransferId, Mishap> {
        let known = self.stored_transfer(event, u32::try_from(place).unwrap_or(u32::MAX))?;
        if let Some(known) = known.filter(|known| known.location == location && known.state != TransferState::Done) {
            self.set_transfer_going(known.id, true)?;
            return Ok(known.id);
        }
        let (conversation, course, mark) = (chat.number, Course::Download, &self.moment.random::<8>());
        let row = NewRow { course, parcel: None, conversation, event, place, file, part_len: 0, location, mark };
        let id = self.insert_transfer(&row)?;
        self.memory.transfers.admitted = false;
        self.tell(Change::Transfer(id));
        Ok(id)
    }

    /// Gives up a download, and what is here of it. False if there is none.
    pub(in crate::engine) fn drop_download(&mut self, id: TransferId) -> Result<bool, Mishap> {
        let Some(row) = self.transfer_row(id)?.filter(|row| row.course == Course::Download) else { return Ok(false) };
        self.release_transfer(id);
        if row.state != TransferState::Done {
            self.job_for(&row, FileWork::Discard);
        }
        self.delete_transfer(id)?;
        self.tell(Change::Transfer(id));
        Ok(true)
    }

    /// What is here of downloads that are not complete is removed.
    pub(in crate::engine) fn discard_downloads(&mut self) -> Result<(), Mishap> {
        for row in super::rows::rows(self.db, "course = 3 AND state <> 4", [])? {
            self.job_for(&row, FileWork::Discard);
        }
        Ok(())
    }
}

/// The message that carries files.
pub(in crate::engine) fn message(files: Vec<wire::FileRef>, caption: wire::TextMessage) -> wire::FileMessage {
    let is_empty = caption == wire::TextMessage::default();
    wire::FileMessage { files, caption: Some(caption).filter(|_| !is_empty) }
}

/// What older programs show in its place.
pub(in crate::engine) fn fallback(message: &wire::FileMessage) -> String {
    let names = message.files.iter().map(|file| file.name.as_str()).filter(|name| !name.is_empty());
    let line = format!("📎 {}", names.collect::<Vec<_>>().join(", "));
    line[..line.floor_char_boundary(FALLBACK_MAX)].trim_end().to_owned()
}

const FALLBACK_MAX: usize = 300;
