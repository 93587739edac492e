//! The outbox: what people wrote, until the log has it.

use prost::Message as _;
use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::event::{self, Kind};
use sotto_crypto::mls::group::Group;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{ConversationId, EntryBody, EventId, GroupPosition, LogEntry, SealedEvent, Seq, wire};

use super::change::Change;
use super::chat::{Chat, position_of};
use super::directory::with_head;
use super::epochs::Roster;
use super::intents::Intent;
use super::reading::header;
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use super::verifying::undecided_member;
use crate::store::StoreError;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its id, which it keeps.
    pub id: EventId,
    /// The encoded event.
    pub body: Vec<u8>,
    /// When it was written, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// Whether the server has it.
    pub sent: bool,
    /// Why the server will not take it, if so.
    pub refusal: Option<ErrorCode>,
}

impl Step<'_, '_> {
    /// Writes something down to be sent. From now on it cannot be lost.
    pub(super) fn enqueue(&mut self, chat: &Chat, body: &[u8]) -> Result<EventId, Mishap> {
        let id = EventId::from_bytes(self.moment.random());
        self.enqueue_as(chat, id, body)?;
        Ok(id)
    }

    /// As [`Step::enqueue`], unless something was written down under this id before.
    pub(super) fn enqueue_once(&mut self, chat: &Chat, id: EventId, body: &[u8]) -> Result<(), Mishap> {
        if self.is_said(chat, id)? { Ok(()) } else { self.enqueue_as(chat, id, body) }
    }

    /// Whether something was said under an id, be it on its way.
    pub(super) fn is_said(&self, chat: &Chat, id: EventId) -> Result<bool, Mishap> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT 1 FROM outbox WHERE event_id = ?2
                 UNION ALL SELECT 1 FROM entries WHERE conversation = ?1 AND event_id = ?2",
            )?
            .exists(params![chat.number, id.as_bytes()])?)
    }

    pub(super) fn enqueue_as(&mut self, chat: &Chat, id: EventId, body: &[u8]) -> Result<(), Mishap> {
        self.db
            .prepare_cached("INSERT INTO outbox (conversation, event_id, body, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![chat.number, id.as_bytes(), body, self.moment.now_ms])?;
        self.revisit(chat.id);
        self.tell(Change::Timeline(chat.id));
        Ok(())
    }

    /// Before everything else that waits.
    pub(super) fn enqueue_first(&mut self, chat: &Chat, body: &[u8]) -> Result<(), Mishap> {
        let id = EventId::from_bytes(self.moment.random());
        self.db
            .prepare_cached(
                "INSERT INTO outbox (number, conversation, event_id, body, created_at_ms)
                 SELECT coalesce(min(number), 1) - 1, ?1, ?2, ?3, ?4 FROM outbox",
            )?
            .execute(params![chat.number, id.as_bytes(), body, self.moment.now_ms])?;
        Ok(())
    }

    /// Seals the first of what waits, and decides to send it. The order in which things were written is kept.
    pub(super) fn send_next(&mut self, chat: &Chat, group: &Group) -> Result<(), Mishap> {
        if self.is_busy(Lane::Send(chat.id))? {
            return Ok(());
        }
        self.introduce(chat)?;
        let Some((id, body)) = self.first_unsent(chat)? else { return Ok(()) };
        let Some(window) = chat.window else { return Ok(()) };
        let position = position_of(group)?;
        let (secret, account) = (group.epoch_secret()?, self.memory.account.as_ref());
        let account = account.ok_or(Mishap::Bad("nobody is signed in"))?;
        let header = header(chat.id, position, Kind::Event(id));
        let (sender, key) = (account.sender(), &account.key);
        let body = with_head(&body, self.seen_head()?);
        let sealed = event::seal(&secret, &header, sender, key, &window.high, &body, &mut self.moment.rng);
        let sealed = sealed.map_err(|_| Mishap::Bad("an event that is too long"))?;
        let request = wire::AppendRequest {
            conversation_id: chat.id.to_wire(),
            event_id: id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            sealed: sealed.into(),
        };
        Ok(self.call(Lane::Send(chat.id), &request)?)
    }

    /// Whether the sender should renew its keys before it speaks (docs/PROTOCOL.md, 7.6).
    fn epoch_is_old(&self, chat: &Chat) -> Result<bool, Mishap> {
        let age_ms = self.memory.clock.now_ms(self.moment).saturating_sub(chat.epoch_began_ms);
        let is_old = age_ms > self.epoch_max_ms(chat)? || chat.epoch_events >= EPOCH_EVENTS_MAX;
        Ok(chat.epoch_began_ms > 0 && is_old)
    }

    pub(super) fn renew_if_old(&mut self, chat: &Chat) -> Result<bool, Mishap> {
        if !self.epoch_is_old(chat)? || self.first_intent(chat)?.is_some() {
            return Ok(false);
        }
        self.intend(chat, &Intent::renew(chat.epoch))?;
        Ok(true)
    }

    pub(super) fn has_unsent(&self, chat: &Chat) -> Result<bool, StoreError> {
        Ok(self.first_unsent(chat)?.is_some())
    }

    fn first_unsent(&self, chat: &Chat) -> Result<Option<(EventId, Vec<u8>)>, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT event_id, body FROM outbox
                 WHERE conversation = ?1 AND seq IS NULL AND refusal IS NULL ORDER BY number LIMIT 1",
            )?
            .query_row([chat.number], |row| Ok((EventId::from_bytes(row.get(0)?), row.get(1)?)))
            .optional()?)
    }

    /// False if the server may have it already.
    pub(super) fn take_back(&mut self, event: EventId) -> Result<bool, Mishap> {
        let chat = self
            .db
            .prepare_cached(
                "SELECT id FROM outbox JOIN conversations ON conversations.number = conversation
                 WHERE event_id = ?1 AND seq IS NULL",
            )?
            .query_row([event.as_bytes()], |row| Ok(ConversationId::from_bytes(row.get(0)?)))
            .optional()?;
        let Some(chat) = chat else { return Ok(false) };
        let on_its_way =
            self.kept_in(Lane::Send(chat))?.map(|(_, kept)| kept.request::<wire::AppendRequest>()).transpose()?;
        if on_its_way.is_some_and(|request| request.event_id == event.to_wire()) {
            return Ok(false);
        }
        self.db.prepare_cached("DELETE FROM outbox WHERE event_id = ?1")?.execute([event.as_bytes()])?;
        self.tell(Change::Timeline(chat));
        Ok(true)
    }

    /// The server has it. If nothing came in between, it is the next entry of the log.
    pub(super) fn appended(
        &mut self,
        chat: &mut Chat,
        asked: wire::AppendRequest,
        reply: &wire::AppendResponse,
    ) -> Result<(), Mishap> {
        self.db
            .prepare_cached("UPDATE outbox SET seq = ?2 WHERE event_id = ?1")?
            .execute(params![asked.event_id.as_ref(), reply.seq])?;
        self.retract_files(chat, EventId::parse("event_id", &asked.event_id)?)?;
        chat.server_seq = chat.server_seq.max(reply.seq);
        chat.server_at_ms = chat.server_at_ms.max(reply.received_at_ms);
        self.tell(Change::Timeline(chat.id));
        if reply.seq == chat.high_seq() + 1 {
            let id = EventId::parse("event_id", &asked.event_id)?;
            let sealed = SealedEvent::parse("sealed", asked.sealed)?;
            let entry = LogEntry {
                seq: Seq::parse("seq", reply.seq)?,
                position: position(asked.generation, asked.epoch)?,
                body: EntryBody::Event { id, sealed },
                received_at_ms: reply.received_at_ms,
            };
            self.read_on(chat, &[entry])?;
        }
        Ok(())
    }

    /// The server did not take it: the group moved on, and it is sealed again; or it never will.
    pub(super) fn append_refused(
        &mut self,
        chat: &mut Chat,
        asked: &wire::AppendRequest,
        failure: &Failure,
    ) -> Result<(), Mishap> {
        let Failure::Refused(detail) = failure else { return Ok(()) };
        let code = ErrorCode::of(detail);
        if code == ErrorCode::EpochConflict {
            let last = detail.position.as_ref().map_or(0, |position| position.last_seq);
            chat.server_seq = chat.server_seq.max(last);
            return Ok(());
        }
        self.db
            .prepare_cached("UPDATE outbox SET refusal = ?2 WHERE event_id = ?1")?
            .execute(params![asked.event_id.as_ref(), i32::from(code)])?;
        let event = EventId::parse("event_id", &asked.event_id)?;
        self.tell(Change::NotSent { chat: chat.id, event });
        self.tell(Change::Timeline(chat.id));
        Ok(())
    }

    /// Whether things may be sent at all: what does not add up stops that until a person has decided.
    pub(super) fn may_send(&self, chat: &Chat, group: &Group) -> Result<bool, Mishap> {
        let account = self.account()?;
        let waits = chat.trouble.is_some()
            || undecided_member(self.db, account, chat)?.is_some()
            || !self.directory_allows(chat)?;
        Ok(!waits && Roster::of(group)?.may_post(account.id))
    }

    /// The event as it goes into the seal.
    pub(super) fn event(&self, content: wire::event::Content, fallback: &str) -> Vec<u8> {
        let sent_at_ms = self.memory.clock.now_ms(self.moment);
        wire::Event { sent_at_ms, fallback: fallback.to_owned(), content: Some(content), ..Default::default() }
            .encode_to_vec()
    }
}

pub(super) fn position(generation: u32, epoch: u64) -> Result<GroupPosition, Mishap> {
    Ok(GroupPosition {
        generation: sotto_proto::Generation::parse("generation", generation)?,
        epoch: sotto_proto::Epoch::parse("epoch", epoch)?,
    })
}

const EPOCH_EVENTS_MAX: u64 = 200;
