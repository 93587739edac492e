//! What becomes of the files of a message that is taken back.

use sotto_proto::wire::event::Content;
use sotto_proto::{EventId, FileId, decode, limits, wire};

use super::thumbnail;
use crate::engine::chat::Chat;
use crate::engine::requests::Lane;
use crate::engine::step::{Mishap, Step};
use crate::history::{message, speaks_of};

impl Step<'_, '_> {
    /// The server has an event of this device. If it takes messages back, their files are detached from the conversation, and room becomes
    /// free where they are attached to no other; not those of which another message speaks.
    pub(in crate::engine) fn retract_files(&mut self, chat: &Chat, event: EventId) -> Result<(), Mishap> {
        let mut statement = self.db.prepare_cached("SELECT body FROM outbox WHERE event_id = ?1")?;
        let body: Vec<u8> = statement.query_row([event.as_bytes()], |row| row.get(0)).unwrap_or_default();
        let said: wire::Event = decode(body.into(), limits::EVENT_MAX).unwrap_or_default();
        let Some(Content::Delete(delete)) = said.content else { return Ok(()) };
        for target in &delete.targets {
            let target = EventId::parse("event_id", &target.event_id)?;
            let files = message(self.db, chat.id, target)?.map(|(_, files)| files).unwrap_or_default();
            for file in files {
                for file in thumbnail::of(&file).iter().chain([&file]) {
                    self.detach(chat, target, FileId::parse("file_id", &file.file_id)?)?;
                }
            }
        }
        Ok(())
    }

    fn detach(&mut self, chat: &Chat, target: EventId, file: FileId) -> Result<(), Mishap> {
        if speaks_of(self.db, chat.id, file, target)? {
            return Ok(());
        }
        let request = wire::DetachFileRequest { file_id: file.to_wire(), conversation_id: chat.id.to_wire() };
        Ok(self.call(Lane::File(file), &request)?)
    }
}
