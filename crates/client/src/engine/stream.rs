//! What reaches the device by itself, and what it asks for when it was away.

use sotto_crypto::event::{self, Kind};
use sotto_proto::wire::signal::Content;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::wire::{AccountNoticeKind, Signal};
use sotto_proto::{AccountId, ConversationHead, ConversationId, LogEntry, decode, limits, wire};

use super::account::Wants;
use super::change::Change;
use super::chat::Membership;
use super::reading::header;
use super::requests::Lane;
use super::sending::position;
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    pub(super) fn ask_what_changed(&mut self) -> Result<(), Mishap> {
        let cursor = self.account()?.cursor.clone().into();
        let request =
            wire::SyncRequest { cursor, limit: CONVERSATIONS_A_PAGE, entries_per_conversation: ENTRIES_A_CONVERSATION };
        Ok(self.call(Lane::Sync, &request)?)
    }

    pub(super) fn synced(&mut self, reply: wire::SyncResponse) -> Result<(), Mishap> {
        for waiting in &reply.welcomes {
            self.take_welcome(waiting)?;
        }
        for change in reply.conversations {
            let head = ConversationHead::try_from(change.head.ok_or(Mishap::Bad("head"))?)?;
            self.take_conversation(&head, change.entries)?;
            for marker in &change.markers {
                self.marker_came(marker)?;
            }
        }
        self.settings_stand_at(reply.settings_change)?;
        for account in &reply.accounts_changed {
            self.keys_changed(AccountId::parse("accounts_changed", account)?)?;
        }
        self.update(|account| {
            account.cursor = reply.next_cursor.to_vec();
            if !reply.more {
                account.wants.remove(Wants::SYNC);
            }
        })?;
        self.forget(Lane::Sync)?;
        if !reply.more {
            self.tell(Change::CaughtUp);
        }
        self.tell(Change::Chats);
        Ok(())
    }

    fn take_conversation(&mut self, head: &ConversationHead, entries: Vec<wire::LogEntry>) -> Result<(), Mishap> {
        let mut chat = self.chat_or_new(head.id, head.kind)?;
        if chat.membership == Membership::Founding {
            // The reply that says the same is on its way.
            return Ok(());
        }
        chat.take_head(head);
        let mut parsed = Vec::with_capacity(entries.len());
        for entry in entries {
            parsed.push(LogEntry::try_from(entry)?);
        }
        chat.save(self.db)?;
        self.read_on(&mut chat, &parsed)?;
        chat.save(self.db)?;
        self.revisit(head.id);
        Ok(())
    }

    /// One item of the live stream.
    pub(super) fn take_item(&mut self, item: wire::SubscribeResponse) -> Result<(), Mishap> {
        match item.item {
            Some(Item::Ready(ready)) => {
                self.memory.clock.set(ready.time_ms, self.moment.now_ms);
                self.memory.clock_is_set = true;
            }
            Some(Item::Entry(entry)) => self.take_entry(entry)?,
            Some(Item::Welcome(waiting)) => self.take_welcome(&waiting)?,
            Some(Item::Conversation(head)) => {
                self.take_conversation(&ConversationHead::try_from(head)?, Vec::new())?;
                self.tell(Change::Chats);
            }
            Some(Item::Marker(marker)) => self.marker_came(&marker)?,
            Some(Item::Account(notice)) => self.take_notice(&notice)?,
            Some(Item::Signal(signal)) => self.take_signal(&signal)?,
            Some(Item::Refill(count)) => self.refill(&count)?,
            None => {}
        }
        if !item.cursor.is_empty() {
            self.update(|account| account.cursor = item.cursor.to_vec())?;
        }
        Ok(())
    }

    fn take_entry(&mut self, entry: wire::StreamEntry) -> Result<(), Mishap> {
        let id = ConversationId::parse("conversation_id", &entry.conversation_id)?;
        let entry = LogEntry::try_from(entry.entry.ok_or(Mishap::Bad("entry"))?)?;
        let Some(mut chat) = self.chat(id)? else { return Ok(()) };
        chat.server_seq = chat.server_seq.max(entry.seq.get());
        chat.server_at_ms = chat.server_at_ms.max(entry.received_at_ms);
        if !matches!(entry.body, sotto_proto::EntryBody::Event { .. }) {
            chat.server_handshake = chat.server_handshake.max(entry.seq.get());
        }
        // While a commit of this device is on its way, its reply and this entry may tell the same; whichever comes first is taken.
        self.read_on(&mut chat, &[entry])?;
        chat.save(self.db)?;
        self.revisit(id);
        Ok(())
    }

    fn take_notice(&mut self, notice: &wire::AccountNotice) -> Result<(), Mishap> {
        match notice.kind() {
            AccountNoticeKind::Keys => self.keys_changed(AccountId::parse("account_id", &notice.account_id)?)?,
            AccountNoticeKind::Settings => self.settings_stand_at(notice.version)?,
            AccountNoticeKind::Unspecified => {}
            _ => self.update(|account| account.wants.add(Wants::OWN_ACCOUNT))?,
        }
        self.tell(Change::Account);
        Ok(())
    }

    /// Something that is shown for seconds and kept nowhere. What does not open is nothing.
    fn take_signal(&mut self, signal: &wire::StreamSignal) -> Result<(), Mishap> {
        let id = ConversationId::parse("conversation_id", &signal.conversation_id)?;
        let Some(chat) = self.chat(id)? else { return Ok(()) };
        let position = position(signal.generation, signal.epoch)?;
        let Some(epoch) = self.readable(&chat, position)? else { return Ok(()) };
        let header = header(id, position, Kind::Signal);
        let opened = event::open(&epoch.secret, &header, &signal.sealed, |sender| epoch.key_of(sender));
        let Ok(opened) = opened else { return Ok(()) };
        let own = self.account()?.id;
        let body = opened.expose_body().to_vec();
        let Ok(Signal { content: Some(content), .. }) = decode(body.into(), limits::EVENT_MAX) else {
            return Ok(());
        };
        let who = opened.sender().account;
        match content {
            _ if who == own => {}
            Content::Typing(typing) => self.changes.push(Change::Typing { chat: id, who, stopped: typing.stopped }),
            Content::Presence(presence) => {
                let until_ms = if presence.online { self.moment.now_ms + PRESENCE_MS } else { 0 };
                self.memory.presence.insert(who, until_ms);
                self.tell(Change::Presence(who));
            }
            Content::Call(_) => {}
        }
        Ok(())
    }
}

/// How long somebody counts as being there after having said so (event.proto).
const PRESENCE_MS: u64 = 90_000;
const CONVERSATIONS_A_PAGE: u32 = 200;
const ENTRIES_A_CONVERSATION: u32 = 20;
