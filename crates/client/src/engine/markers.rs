//! How far everybody has read, and signals that last for seconds.

use prost::Message as _;
use rusqlite::params;
use sotto_crypto::event::{self, Kind};
use sotto_crypto::mls::group::Group;
use sotto_proto::wire::{ConversationKind, Marker, MarkerAudience, Presence, Signal};
use sotto_proto::{AccountId, ConversationId, decode, limits, wire};

use super::change::Change;
use super::chat::{Chat, Stand, position_of};
use super::reading::header;
use super::requests::Lane;
use super::sending::position;
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    /// Tells the others how far this account has received and read. A stranger whose request was not accepted is told nothing.
    pub(super) fn mark_next(&mut self, chat: &mut Chat, group: &Group) -> Result<(), Mishap> {
        let (read, delivered) = (chat.read_seq.min(chat.high_seq()), chat.high_seq());
        if delivered > chat.marked_delivered && !self.others_spoke(chat)? {
            // What needs no receipt is not looked through again.
            chat.marked_delivered = delivered;
        }
        let news = read > chat.marked_read || delivered > chat.marked_delivered;
        if chat.stand != Stand::Member || !news || self.is_busy(Lane::Marker(chat.id))? {
            return Ok(());
        }
        let (position, version) = (position_of(group)?, chat.marker_version + 1);
        let body = Marker { read_seq: read.max(chat.marked_read), delivered_seq: delivered }.encode_to_vec();
        let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
        let Some(window) = chat.window else { return Ok(()) };
        let sealed = event::seal(
            &group.epoch_secret()?,
            &header(chat.id, position, Kind::Marker(version)),
            account.sender(),
            &account.key,
            &window.high,
            &body,
            &mut self.moment.rng,
        );
        let marker = wire::ReadMarker {
            conversation_id: chat.id.to_wire(),
            account_id: account.id.to_wire(),
            audience: MarkerAudience::Members.into(),
            version,
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            sealed: sealed.map_err(|_| Mishap::Bad("a marker of our own"))?.into(),
        };
        Ok(self.call(Lane::Marker(chat.id), &wire::PutReadMarkerRequest { marker: Some(marker) })?)
    }

    /// Whether anything of others came since the last marker. Own words need no receipt.
    fn others_spoke(&self, chat: &Chat) -> Result<bool, Mishap> {
        let own = self.account()?.id;
        Ok(self
            .db
            .prepare_cached(
                "SELECT 1 FROM entries WHERE conversation = ?1 AND seq > ?2 AND author <> ?3 AND shown = 1",
            )?
            .exists(params![chat.number, chat.marked_delivered, own.as_bytes()])?)
    }

    pub(super) fn marked(&mut self, chat: &mut Chat, asked: &wire::PutReadMarkerRequest) -> Result<(), Mishap> {
        let Some(marker) = &asked.marker else { return Ok(()) };
        self.take_marker(chat, marker)
    }

    pub(super) fn marker_came(&mut self, marker: &wire::ReadMarker) -> Result<(), Mishap> {
        let id = ConversationId::parse("conversation_id", &marker.conversation_id)?;
        let Some(mut chat) = self.chat(id)? else { return Ok(()) };
        self.take_marker(&mut chat, marker)?;
        Ok(chat.save(self.db)?)
    }

    /// A marker counts for the account whose device signed it, whatever the server says whose it is, and never goes back.
    pub(super) fn take_marker(&mut self, chat: &mut Chat, marker: &wire::ReadMarker) -> Result<(), Mishap> {
        if marker.audience() != MarkerAudience::Members {
            return Ok(());
        }
        let position = position(marker.generation, marker.epoch)?;
        let Some(epoch) = self.readable(chat, position)? else { return Ok(()) };
        let header = header(chat.id, position, Kind::Marker(marker.version));
        let opened = event::open(&epoch.secret, &header, &marker.sealed, |sender| epoch.key_of(sender));
        let Ok(opened) = opened else { return Ok(()) };
        let body = opened.expose_body().to_vec();
        let Ok(Marker { read_seq, delivered_seq }) = decode(body.into(), limits::EVENT_MAX) else { return Ok(()) };
        let who = opened.sender().account;
        self.db
            .prepare_cached(
                "INSERT INTO markers (conversation, account_id, version, read_seq, delivered_seq) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (conversation, account_id) DO UPDATE SET version = max(version, ?3),
                   read_seq = max(read_seq, ?4), delivered_seq = max(delivered_seq, ?5)",
            )?
            .execute(params![chat.number, who.as_bytes(), marker.version, read_seq, delivered_seq])?;
        if who == self.account()?.id {
            chat.marker_version = chat.marker_version.max(marker.version);
            chat.marked_read = chat.marked_read.max(read_seq);
            chat.marked_delivered = chat.marked_delivered.max(delivered_seq);
            chat.read_seq = chat.read_seq.max(read_seq);
        }
        self.tell(Change::Markers(chat.id));
        Ok(())
    }

    /// Tells something to those who are there. Lost without notice.
    pub(super) fn signal(&mut self, chat: &Chat, content: wire::signal::Content) -> Result<(), Mishap> {
        let (Some(window), true) = (chat.window, chat.stand == Stand::Member) else { return Ok(()) };
        let Some(group) = self.take_group(chat)? else { return Ok(()) };
        let (position, secret) = (position_of(&group)?, group.epoch_secret()?);
        self.return_group(chat, group);
        let sent_at_ms = self.memory.clock.now_ms(self.moment);
        let body = Signal { sent_at_ms, content: Some(content) }.encode_to_vec();
        let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
        let header = header(chat.id, position, Kind::Signal);
        let sealed =
            event::seal(&secret, &header, account.sender(), &account.key, &window.high, &body, &mut self.moment.rng);
        let signal = wire::StreamSignal {
            conversation_id: chat.id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            sealed: sealed.map_err(|_| Mishap::Bad("a signal of our own"))?.into(),
        };
        self.memory.traffic.call(&wire::SendSignalRequest { signal: Some(signal) });
        Ok(())
    }
}

impl Step<'_, '_> {
    /// Tells those with whom the person talks alone that it is there, or goes.
    pub(super) fn appear(&mut self, online: bool) -> Result<(), Mishap> {
        let since_ms = self.memory.clock.now_ms(self.moment).saturating_sub(ACQUAINTED_MS);
        let is_near = |chat: &Chat| chat.kind == ConversationKind::Direct && chat.server_at_ms >= since_ms;
        for chat in Chat::all(self.db)?.into_iter().filter(is_near).take(ACQUAINTANCES_MAX) {
            self.signal(&chat, wire::signal::Content::Presence(Presence { online }))?;
        }
        Ok(())
    }
}

/// Who was not heard of for a month is not told whether the person is there, and never more than so many are.
const ACQUAINTED_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
const ACQUAINTANCES_MAX: usize = 50;

/// How far an account has received and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Everything up to here is read.
    pub read_seq: u64,
    /// Everything up to here has arrived.
    pub delivered_seq: u64,
}

pub(super) fn readings(
    db: &rusqlite::Connection,
    chat: &Chat,
) -> Result<Vec<(AccountId, Reading)>, crate::store::StoreError> {
    Ok(db
        .prepare_cached("SELECT account_id, read_seq, delivered_seq FROM markers WHERE conversation = ?1")?
        .query_map([chat.number], |row| {
            let reading = Reading { read_seq: row.get(1)?, delivered_seq: row.get(2)? };
            Ok((AccountId::from_bytes(row.get(0)?), reading))
        })?
        .collect::<Result<_, _>>()?)
}
