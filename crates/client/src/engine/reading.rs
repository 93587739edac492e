//! Processing the log: each entry once, in order, and what it changes together with it.

use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
use sotto_crypto::event::{self, Header, Kind, OpenError, OpenedEvent};
use sotto_crypto::mls::group::{Group, Received};
use sotto_crypto::time::Time;
use sotto_proto::wire::ConversationKind;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, EntryBody, EventId, GroupPosition, LogEntry, decode, limits, wire};

use super::change::Change;
use super::chat::{Chat, Membership, Window};
use super::epochs::{Readable, Roster};
use super::notices::{Line, lines_of};
use super::step::{Mishap, Step};
use super::trouble::Trouble;
use crate::history::{self, Opened};
use crate::store::StoreError;
use crate::timeline::Standing;

/// A reader of one stretch: the group while it is at hand, and the epoch of the last entry.
struct Reader<'c> {
    chat: &'c mut Chat,
    group: Option<Group>,
    group_changed: bool,
    epoch: Option<(GroupPosition, Option<Readable>)>,
    /// The place before the last entry that passed on what opens earlier ones.
    handed_over: Option<ChainHead>,
}

impl<'c> Reader<'c> {
    fn of(chat: &'c mut Chat, group: Option<Group>) -> Self {
        Self { chat, group, group_changed: false, epoch: None, handed_over: None }
    }
}

impl Step<'_, '_> {
    /// Processes what follows the stretch that is known; stops at a gap. Says whether anything was new.
    pub(super) fn read_on(&mut self, chat: &mut Chat, entries: &[LogEntry]) -> Result<bool, Mishap> {
        let fresh: Vec<_> = entries.iter().filter(|entry| entry.seq.get() > chat.high_seq()).collect();
        if fresh.first().is_none_or(|first| first.seq.get() != chat.high_seq() + 1 || chat.window.is_none()) {
            return Ok(false);
        }
        let id = chat.id;
        let group = if chat.membership == Membership::Member { self.take_group(chat)? } else { None };
        let mut reader = Reader::of(chat, group);
        for entry in fresh {
            // On the way in, what is not readable yet waits until the device is in.
            let too_early =
                reader.chat.membership == Membership::Outside && self.is_ahead(reader.chat, entry.position)?;
            if too_early || entry.seq.get() != reader.chat.high_seq() + 1 {
                break;
            }
            self.read_entry(&mut reader, entry)?;
        }
        let Reader { chat, group, group_changed, handed_over, .. } = reader;
        match group {
            Some(group) if group_changed => self.put_group(chat, group)?,
            Some(group) => self.return_group(chat, group),
            None => {}
        }
        chat.server_seq = chat.server_seq.max(chat.high_seq());
        chat.look_back_from(handed_over);
        self.tell(Change::Timeline(id));
        self.tell(Change::Chats);
        Ok(true)
    }

    /// Goes through the handshakes of a stretch whose events have expired. What follows is read like the beginning of a log.
    pub(super) fn skip_expired(&mut self, chat: &mut Chat, entries: &[LogEntry], more: bool) -> Result<(), Mishap> {
        let known = chat.high_seq().max(chat.joined_by);
        let next = entries.iter().find(|entry| entry.seq.get() > known).map(|entry| entry.position);
        if next.is_some_and(|next| (next.generation.get(), next.epoch.get()) != (chat.generation, chat.epoch)) {
            // They do not follow: this device was out meanwhile, and the Welcome that tells so is on its way.
            if chat.window.is_none() {
                chat.begin_again();
            }
            chat.server_seq = chat.high_seq();
            return Ok(());
        }
        let group = self.take_group(chat)?;
        let mut reader = Reader::of(chat, group);
        for entry in entries.iter().filter(|entry| entry.seq.get() > known) {
            match &entry.body {
                EntryBody::Commit(body) | EntryBody::Proposal(body) => self.read_handshake(&mut reader, entry, body)?,
                EntryBody::Generation(_) => self.read_generation(&mut reader, entry)?,
                EntryBody::Event { .. } => {}
            }
            reader.chat.joined_by = entry.seq.get();
        }
        let Reader { chat, group, .. } = reader;
        let expires = group.as_ref().and_then(|group| group.standing().ok());
        if let Some(group) = group {
            self.put_group(chat, group)?;
        }
        if more {
            return self.ask_for_handshakes(chat);
        }
        chat.window = None;
        // Nothing expires where the members have not agreed on it.
        if expires.is_some_and(|standing| standing.governance.policy.retention.is_none()) {
            self.contradicted(chat, chat.server_first_seq)?;
        }
        Ok(())
    }

    /// Opens what lies before the stretch that is known. Handshakes in it are over: only events matter.
    pub(super) fn read_back(&mut self, chat: &mut Chat, entries: &[LogEntry], before: ChainHead) -> Result<(), Mishap> {
        let Some(window) = chat.window else { return Ok(()) };
        let mut heads = vec![before];
        for entry in entries {
            let head = heads.last().and_then(|head| head.extended_by(&hash_of(entry)));
            heads.push(head.filter(|head| head.seq() == entry.seq.get()).ok_or(Mishap::Bad("a range with holes"))?);
        }
        if heads.last() != Some(&window.low) {
            return self.contradicted(chat, window.low.seq());
        }
        chat.window = Some(Window { low: before, ..window });
        let mut reader = Reader::of(chat, None);
        for (entry, head) in entries.iter().zip(&heads) {
            self.keep_head(reader.chat, *head)?;
            if let EntryBody::Event { id, sealed } = &entry.body {
                self.read_event(&mut reader, entry, *id, sealed.as_bytes(), *head)?;
            }
        }
        let Reader { chat, handed_over, .. } = reader;
        chat.look_back_from(handed_over);
        self.tell(Change::Timeline(chat.id));
        Ok(())
    }

    fn read_entry(&mut self, reader: &mut Reader<'_>, entry: &LogEntry) -> Result<(), Mishap> {
        let Some(window) = reader.chat.window else { return Ok(()) };
        let next = window.high.extended_by(&hash_of(entry)).ok_or(Mishap::Bad("seq"))?;
        match &entry.body {
            EntryBody::Commit(handshake) | EntryBody::Proposal(handshake) => {
                self.read_handshake(reader, entry, handshake)?;
            }
            EntryBody::Event { id, sealed } => {
                self.read_event(reader, entry, *id, sealed.as_bytes(), window.high)?;
                reader.chat.epoch_events += 1;
            }
            EntryBody::Generation(_) => self.read_generation(reader, entry)?,
        }
        reader.chat.window = Some(Window { high: next, ..window });
        self.keep_head(reader.chat, next)?;
        Ok(())
    }

    fn read_handshake(&mut self, reader: &mut Reader<'_>, entry: &LogEntry, handshake: &[u8]) -> Result<(), Mishap> {
        let (seq, at_ms) = (entry.seq.get(), entry.received_at_ms);
        // After a bad commit nothing of its generation can follow.
        let concerns = seq > reader.chat.joined_by
            && entry.position.generation.get() == reader.chat.generation
            && reader.chat.trouble != Some(Trouble::BadCommit);
        let Some(group) = reader.group.as_mut().filter(|group| concerns && group.is_member()) else { return Ok(()) };
        let processed = group.process(handshake, Time::from_unix_seconds(at_ms / 1_000));
        reader.group_changed |= processed.is_ok();
        match processed {
            Ok(Received::Commit(commit)) => {
                self.end_epochs(reader.chat, at_ms, reader.chat.epoch_events == 0)?;
                reader.chat.epoch_began_ms = at_ms;
                reader.chat.epoch_events = 0;
                reader.chat.epoch = group.epoch();
                self.keep_epoch(reader.chat, group)?;
                self.meet(group)?;
                self.hand_over(reader.chat, group, &commit, entry.position)?;
                self.tell_title_again(reader.chat, group, &commit, entry.position)?;
                self.vault_succeeded(reader.chat, group, &commit, seq)?;
                for line in lines_of(&commit, entry.position.epoch.get() == 0) {
                    self.note(reader.chat, seq, at_ms, line)?;
                }
                self.tell(Change::Members(reader.chat.id));
            }
            Ok(Received::Proposal(withdrawal)) => {
                let who = withdrawal.leaf.account;
                // Each device of an account that leaves has its own proposal; the first one tells.
                let leaving = group.pending_removals().map_err(|_| Mishap::Bad("the agreement on keys"))?;
                let is_first = leaving.iter().filter(|leaf| leaf.account == who).count() == 1;
                if withdrawal.by_own_account && is_first {
                    self.note(reader.chat, seq, at_ms, Line::Left(who))?;
                }
            }
            Ok(Received::Removed(commit)) => {
                reader.chat.membership = Membership::Former;
                for line in lines_of(&commit, entry.position.epoch.get() == 0) {
                    self.note(reader.chat, seq, at_ms, line)?;
                }
                self.tell(Change::Members(reader.chat.id));
            }
            Err(_) => {
                reader.chat.trouble = Some(Trouble::BadCommit);
                reader.chat.trouble_seq = seq;
                self.note(reader.chat, seq, at_ms, Line::Trouble(Trouble::BadCommit))?;
                self.want_to_reopen(reader.chat, group, handshake, seq)?;
            }
        }
        Ok(())
    }

    /// A generation that this device did not open itself begins with a Welcome.
    fn read_generation(&mut self, reader: &mut Reader<'_>, entry: &LogEntry) -> Result<(), Mishap> {
        let generation = entry.position.generation.get();
        if generation <= reader.chat.generation || entry.seq.get() <= reader.chat.joined_by {
            return Ok(());
        }
        reader.chat.generation = generation;
        self.forget_reopening(reader.chat)?;
        if reader.chat.trouble == Some(Trouble::BadCommit) {
            reader.chat.trouble = None;
        }
        let is_ours = match &reader.group {
            Some(group) => group.standing().is_ok_and(|standing| standing.governance.generation == generation),
            None => false,
        };
        if !is_ours {
            if let Some(group) = reader.group.take() {
                self.put_group(reader.chat, group)?;
                self.memory.groups.remove(&reader.chat.id);
            }
            reader.chat.membership = Membership::Outside;
        }
        Ok(())
    }

    fn read_event(
        &mut self,
        reader: &mut Reader<'_>,
        entry: &LogEntry,
        id: EventId,
        sealed: &[u8],
        before: ChainHead,
    ) -> Result<(), Mishap> {
        if reader.epoch.as_ref().is_none_or(|(position, _)| *position != entry.position) {
            reader.epoch = Some((entry.position, self.readable(reader.chat, entry.position)?));
        }
        // Without the secret of its epoch an event is for others.
        let Some((_, Some(epoch))) = &reader.epoch else { return Ok(()) };
        let header = header(reader.chat.id, entry.position, Kind::Event(id));
        let opened = match event::open(&epoch.secret, &header, sealed, |sender| epoch.key_of(sender)) {
            Ok(opened) => opened,
            // What another member passed on may be a lie, of which nobody has to hear.
            Err(OpenError::WrongEpoch) if epoch.given => {
                self.forget_given(reader.chat, entry.position)?;
                reader.epoch = None;
                return Ok(());
            }
            Err(_) if epoch.given => return Ok(()),
            Err(_) => return Ok(self.note(reader.chat, entry.seq.get(), entry.received_at_ms, Line::Unreadable)?),
        };
        if !self.agrees(reader.chat, opened.seen(), before)? {
            self.contradicted(reader.chat, entry.seq.get())?;
        }
        if self.take_history_keys(reader.chat, &epoch.roster, &opened, entry.position)? {
            reader.handed_over = Some(before);
        }
        self.take_vault_keys(reader.chat, &opened)?;
        let (seq, at_ms) = (entry.seq.get(), entry.received_at_ms);
        self.take_event(reader.chat, &epoch.roster, &opened, id, seq, at_ms)
    }

    /// Whether what a sender has seen of the log is what this device has seen.
    fn agrees(&self, chat: &Chat, seen: &ChainHead, before: ChainHead) -> Result<bool, StoreError> {
        if seen.seq() > before.seq() {
            return Ok(false);
        }
        if seen.seq() == before.seq() {
            return Ok(*seen == before);
        }
        let known: Option<[u8; 32]> = self
            .db
            .prepare_cached("SELECT hash FROM heads WHERE conversation = ?1 AND seq = ?2")?
            .query_row(params![chat.number, seen.seq()], |row| row.get(0))
            .optional()?;
        Ok(known.is_none_or(|known| known == *seen.hash()))
    }

    pub(super) fn contradicted(&mut self, chat: &mut Chat, seq: u64) -> Result<(), Mishap> {
        if chat.trouble.is_none() {
            (chat.trouble, chat.trouble_seq) = (Some(Trouble::LogContradicted), seq);
            self.note(chat, seq, chat.server_at_ms, Line::Trouble(Trouble::LogContradicted))?;
            self.tell(Change::Chats);
        }
        Ok(())
    }

    fn take_event(
        &mut self,
        chat: &Chat,
        roster: &Roster,
        opened: &OpenedEvent,
        id: EventId,
        seq: u64,
        received_at_ms: u64,
    ) -> Result<(), Mishap> {
        self.db.prepare_cached("DELETE FROM outbox WHERE event_id = ?1")?.execute([id.as_bytes()])?;
        let author = opened.sender().account;
        let said = decode::<wire::Event>(opened.expose_body().to_vec().into(), limits::EVENT_MAX);
        let wire::Event { seen_head, content: said, .. } = said.unwrap_or_default();
        if let Some(seen) = seen_head {
            self.head_was_stated(author, &seen)?;
        }
        if !is_kept(roster, author, said.as_ref()) {
            return Ok(());
        }
        if matches!(&said, Some(Content::Title(title)) if !title.again) {
            self.note(chat, seq, received_at_ms, Line::Renamed { by: author })?;
        }
        // Both own a chat of two, and still neither takes back what the other one has said.
        let is_equal = chat.kind == ConversationKind::Direct && matches!(said, Some(Content::Delete(_)));
        let standing = if is_equal { Standing::Member } else { roster.standing_of(author) };
        let opened = Opened {
            conversation: chat.id,
            seq,
            id,
            author,
            standing,
            received_at_ms,
            body: opened.expose_body().to_vec(),
        };
        Ok(history::record(self.db, &opened)?)
    }

    pub(super) fn keep_head(&mut self, chat: &Chat, head: ChainHead) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT OR IGNORE INTO heads (conversation, seq, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![chat.number, head.seq(), head.hash()])?;
        Ok(())
    }
}

/// Whether it is kept: the roles at its place let the sender say it, and it is no secret that has its place elsewhere.
fn is_kept(roster: &Roster, author: sotto_proto::AccountId, said: Option<&Content>) -> bool {
    match said {
        Some(Content::Title(_) | Content::Picture(_)) => roster.may_rename(author),
        Some(Content::HistoryKeys(_) | Content::VaultKeys(_)) => false,
        Some(Content::Profile(_) | Content::System(_)) => true,
        _ => roster.may_post(author),
    }
}

pub(super) fn header(conversation: ConversationId, position: GroupPosition, kind: Kind) -> Header {
    Header { conversation, generation: position.generation.get(), epoch: position.epoch.get(), kind }
}

pub(super) fn hash_of(entry: &LogEntry) -> EntryHash {
    let content = match &entry.body {
        EntryBody::Commit(body) => Entry::Commit(body),
        EntryBody::Proposal(body) => Entry::Proposal(body),
        EntryBody::Event { id, sealed } => Entry::Event(*id, sealed.as_bytes()),
        EntryBody::Generation(body) => Entry::Generation(body),
    };
    EntryHash::of(entry.position.generation.get(), entry.position.epoch.get(), &content)
}
