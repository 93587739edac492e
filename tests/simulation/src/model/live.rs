//! The live stream of a device: what happened since a cursor, then `ready`, then what happens.
//!
//! Nothing is pushed but signals and the like: what waits for a device is found by looking at what changed, when it is asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use prost::Message as _;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, ConversationId, Cursor, DeviceId, Epoch, Generation, SealedSignal, SessionId};

use super::conversation::{Conversation, Member, MemberStanding};
use super::fields;
use super::gate::Session;
use super::sync::{Changes, OVERLAP, Place};
use super::{Fault, MINUTE, Model, Moment};

/// Most items that are caught up with before `ready`.
const CAUGHT_UP_MAX: usize = 1_000;
const PAGE: usize = 200;
const ENTRIES_EACH: u32 = 50;
const MARKERS_EACH: usize = 20;
/// How long it may take from when an entry is taken until it is told.
const UNDER_WAY: u64 = MINUTE;

/// One live stream.
#[derive(Clone)]
pub(super) struct Subscription {
    account: AccountId,
    device: DeviceId,
    /// Everything up to this change number is told.
    after: u64,
    /// When that was found.
    at: u64,
    settings_change: u64,
    /// The last entry that was told of each conversation.
    told: BTreeMap<ConversationId, u64>,
    /// Requests of strangers that were told: of what follows nothing is.
    requests: BTreeSet<ConversationId>,
    passing: VecDeque<Bytes>,
    is_ready: bool,
}

impl Model {
    /// What waits on the stream of a session, which is then delivered; or that the stream has ended. `session` is an access token
    /// that the stream was opened with, or a newer one.
    pub fn items(&mut self, now_ms: u64, session: &str) -> Result<Vec<Bytes>, Fault> {
        let id = self.access_tokens.get(session).ok_or(ErrorCode::Unauthenticated)?.session;
        let mut subscription = self.subscriptions.remove(&id).ok_or(ErrorCode::SessionEnded)?;
        let mut items = self.look(&mut subscription, now_ms)?;
        if !subscription.is_ready {
            subscription.is_ready = true;
            let low = self.running_low(subscription.account, subscription.device, now_ms);
            items.extend(low.into_iter().map(|count| item(Item::Refill(count))));
            let ready = item(Item::Ready(wire::StreamReady { time_ms: now_ms }));
            items.push(wire::SubscribeResponse { cursor: subscription.cursor(), ..ready });
        }
        let looked = items.iter().map(|item| item.encode_to_vec().into());
        let items = looked.chain(subscription.passing.drain(..)).collect();
        self.subscriptions.insert(id, subscription);
        Ok(items)
    }

    /// The connection of a session's stream is gone.
    pub fn hang_up(&mut self, session: &str) {
        if let Some(token) = self.access_tokens.get(session) {
            self.subscriptions.remove(&token.session);
        }
    }

    pub(super) fn subscribe(
        &mut self,
        caller: &Session,
        request: wire::SubscribeRequest,
        at: &mut Moment<'_>,
    ) -> Result<(), Fault> {
        let cursor = Cursor::parse("cursor", request.cursor)?;
        let Place::Changes { after, at: since } = Place::read(caller.account, cursor.as_bytes())? else {
            return Err(ErrorCode::CursorExpired.into());
        };
        let subscription = Subscription {
            account: caller.account,
            device: caller.device,
            after,
            at: since,
            settings_change: after,
            told: BTreeMap::new(),
            requests: BTreeSet::new(),
            passing: VecDeque::new(),
            is_ready: false,
        };
        if self.look(&mut subscription.clone(), at.now)?.len() > CAUGHT_UP_MAX {
            return Err(ErrorCode::CursorExpired.into());
        }
        self.subscriptions.insert(caller.id, subscription);
        Ok(())
    }

    pub(super) fn send_signal(
        &mut self,
        caller: &Session,
        request: wire::SendSignalRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::SendSignalResponse, Fault> {
        let signal = fields::required("signal", request.signal)?;
        let id = ConversationId::parse("signal.conversation_id", &signal.conversation_id)?;
        Generation::parse("signal.generation", signal.generation)?;
        Epoch::parse("signal.epoch", signal.epoch)?;
        SealedSignal::parse("signal.sealed", signal.sealed.clone())?;
        let conversation = self.posting(caller.account, id)?;
        let listeners: Vec<_> = conversation.present().filter(|account| conversation.listens(*account)).collect();
        let blocking = self.blocked_by(&listeners, caller.account);
        let audience: Vec<_> = listeners.iter().filter(|account| !blocking.contains(account)).collect();
        self.push_to(&audience, &Item::Signal(signal));
        Ok(wire::SendSignalResponse {})
    }

    /// Gives something that is not kept to those devices of accounts that are connected now.
    pub(super) fn push_to(&mut self, accounts: &[&AccountId], what: &Item) {
        let bytes = Bytes::from(item(what.clone()).encode_to_vec());
        for stream in self.subscriptions.values_mut().filter(|stream| accounts.contains(&&stream.account)) {
            stream.passing.push_back(bytes.clone());
        }
    }

    pub(super) fn end_subscription(&mut self, session: SessionId) {
        self.subscriptions.remove(&session);
    }

    /// What changed since the cursor and was not told; moves the cursor.
    fn look(&self, stream: &mut Subscription, now: u64) -> Result<Vec<wire::SubscribeResponse>, Fault> {
        let account = self.account(stream.account)?;
        let devices = account.devices_served(stream.device);
        let mut told = Vec::new();
        loop {
            let changes = self.changes(stream.account, &devices, stream.after, PAGE)?;
            let (up_to, more) = (changes.up_to, changes.more);
            let mut news = stream.news(changes, account.settings_change);
            let moved = up_to > stream.after;
            stream.after = up_to;
            if !more {
                stream.at = now;
            }
            if moved {
                let cursor = stream.cursor();
                match news.last_mut() {
                    Some(last) => last.cursor = cursor,
                    None => news.push(wire::SubscribeResponse { cursor, item: None }),
                }
            }
            told.append(&mut news);
            if !more {
                return Ok(told);
            }
        }
    }
}

impl Subscription {
    fn cursor(&self) -> Bytes {
        Place::Changes { after: self.after, at: self.at }.write(self.account)
    }

    fn news(&mut self, changes: Changes<'_>, settings_change: u64) -> Vec<wire::SubscribeResponse> {
        let mut news = Vec::new();
        let since = self.at.saturating_sub(OVERLAP);
        for (conversation, member) in &changes.conversations {
            self.tell_conversation(conversation, member, &mut news);
            let markers = conversation.markers_for(self.account, since, MARKERS_EACH);
            news.extend(markers.into_iter().map(Item::Marker));
        }
        news.extend(changes.welcomes.into_iter().map(Item::Welcome));
        news.extend(changes.notices.into_iter().map(Item::Account));
        if settings_change > self.settings_change {
            self.settings_change = settings_change;
            let kind = wire::AccountNoticeKind::Settings.into();
            let account_id = self.account.to_wire();
            news.push(Item::Account(wire::AccountNotice { kind, account_id, version: settings_change }));
        }
        news.into_iter().map(item).collect()
    }

    /// Entries that were not told, then where the conversation stands.
    fn tell_conversation(&mut self, conversation: &Conversation, member: &Member, news: &mut Vec<Item>) {
        let head = conversation.head(member);
        if member.standing == MemberStanding::Requested {
            if self.requests.insert(conversation.id) {
                news.push(Item::Conversation(head));
            }
            return;
        }
        self.requests.remove(&conversation.id);
        let told = self.told.get(&conversation.id).copied();
        // Without memory of the conversation, time must do: what was taken well before the cursor was told before it.
        let since = self.at.saturating_sub(UNDER_WAY);
        let is_news = |entry: &wire::LogEntry| told.map_or(entry.received_at_ms >= since, |told| entry.seq > told);
        for entry in conversation.newest(member, ENTRIES_EACH).into_iter().filter(is_news) {
            let conversation_id = conversation.id.to_wire();
            news.push(Item::Entry(wire::StreamEntry { conversation_id, entry: Some(entry) }));
        }
        self.told.insert(conversation.id, told.unwrap_or_default().max(head.last_seq));
        news.push(Item::Conversation(head));
    }
}

fn item(what: Item) -> wire::SubscribeResponse {
    wire::SubscribeResponse { cursor: Bytes::new(), item: Some(what) }
}
