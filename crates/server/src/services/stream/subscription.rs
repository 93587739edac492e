//! One live stream: what happened since a cursor, then `ready`, then what happens.
//!
//! The device is taken in by the hub before anything is read, so that nothing falls between what is read and what is heard; what
//! comes both ways is told once. A cursor moves only when the changes have been read: an entry that came live is told again
//! after a break, until a look at the changes has passed it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, ConversationId, DeviceId};

use crate::clock::Timestamp;
use crate::services::conversations::OVERLAP;
use crate::services::cursor::Place;
use crate::services::live::{Next, Subscriber};
use crate::services::{Context, Failure, Items, items, keys};
use crate::store::{Changes, ChangesWanted, Entry, Head, Marker, Session, Standing};

/// Most items that are caught up with before `ready`.
const CAUGHT_UP_MAX: usize = 1_000;
/// Changes that are read at once.
const PAGE: u32 = 200;
const WELCOMES_A_PAGE: u32 = 50;
/// Most entries of a conversation that are told without being asked for.
const ENTRIES_EACH: u32 = 50;
const PAGE_BYTES: usize = 1 << 20;
const MARKERS_EACH: u32 = 20;
/// How long it may take from when an entry is taken until it is durable.
const UNDER_WAY: Duration = Duration::from_mins(1);

pub(super) struct Subscription {
    context: Arc<Context>,
    account: AccountId,
    devices: Vec<DeviceId>,
    subscriber: Arc<Subscriber>,
    /// Everything up to this change number is told.
    after: u64,
    /// When that was found.
    at: Timestamp,
    settings_change: u64,
    /// The last entry that was told of each conversation since then.
    told: HashMap<ConversationId, u64>,
    /// Requests of strangers that were told: of what follows nothing is.
    requests: HashSet<ConversationId>,
    outgoing: VecDeque<Bytes>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    CatchingUp,
    Live,
    Ended,
}

impl Subscription {
    pub(super) async fn begin(context: Arc<Context>, caller: &Session, place: Place) -> Result<Self, Failure> {
        let Place::Changes { after, at } = place else { return Err(ErrorCode::CursorExpired.into()) };
        let devices = context.devices_served(caller).await?;
        let subscriber = Subscriber::new(caller.account, caller.id);
        context.live.enter(&subscriber).await;
        Ok(Self {
            context,
            account: caller.account,
            devices,
            subscriber,
            after,
            at,
            settings_change: after,
            told: HashMap::new(),
            requests: HashSet::new(),
            outgoing: VecDeque::new(),
            state: State::CatchingUp,
        })
    }

    pub(super) fn into_items(self) -> Items<Bytes> {
        stream::unfold(self, |mut subscription| async move {
            let item = subscription.next().await?;
            Some((item, subscription))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        loop {
            if let Some(item) = self.outgoing.pop_front() {
                return Some(Ok(item));
            }
            let step = match self.state {
                State::CatchingUp => self.catch_up().await,
                State::Live => self.hear().await,
                State::Ended => return None,
            };
            if let Err(failure) = step {
                self.state = State::Ended;
                return Some(Err(failure));
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), Failure> {
        self.look(CAUGHT_UP_MAX).await?;
        let low = keys::running_low(&self.context, &self.devices).await?;
        self.outgoing.extend(low.into_iter().map(|count| items::encoded(Item::Refill(count))));
        let ready = wire::StreamReady { time_ms: self.context.now().unix_millis() };
        let ready = wire::SubscribeResponse { cursor: self.cursor(), item: Some(Item::Ready(ready)) };
        self.outgoing.push_back(ready.encode_to_vec().into());
        self.state = State::Live;
        Ok(())
    }

    async fn hear(&mut self) -> Result<(), Failure> {
        match self.subscriber.next().await {
            Next::Item(item) => {
                if item.entry.is_none_or(|(conversation, seq)| self.is_news(conversation, seq)) {
                    self.outgoing.push_back(item.bytes);
                }
                Ok(())
            }
            Next::Look => self.look(usize::MAX).await,
            Next::End(code) => Err(code.into()),
        }
    }

    /// Whether an entry was not told before. It is from now on.
    fn is_news(&mut self, conversation: ConversationId, seq: u64) -> bool {
        let last = self.told.entry(conversation).or_default();
        let is_news = seq > *last;
        *last = seq.max(*last);
        is_news
    }

    /// Reads what changed since the cursor, tells what was not told, and moves the cursor.
    async fn look(&mut self, most: usize) -> Result<(), Failure> {
        let begun = self.context.now();
        let mut passed = HashMap::new();
        let mut count = 0;
        loop {
            let wanted = ChangesWanted {
                after: self.after,
                limit: PAGE,
                welcomes: WELCOMES_A_PAGE,
                entries: ENTRIES_EACH,
                max_bytes: PAGE_BYTES,
            };
            let changes = self.context.store.changes(self.account, &self.devices, wanted).await?;
            let (up_to, more) = (changes.up_to, changes.more);
            passed.extend(changes.conversations.iter().map(|(head, _)| (head.conversation, head.last_seq)));
            let news = self.news(changes).await?;
            count += news.len();
            if count > most {
                return Err(ErrorCode::CursorExpired.into());
            }
            let moved = up_to > self.after;
            self.after = up_to;
            if !more {
                self.at = begun;
            }
            self.send(news, moved);
            if !more {
                break;
            }
        }
        // What lies before the cursor now needs no remembering, but for what may still be on its way here.
        for (conversation, seq) in &mut passed {
            *seq = self.told.get(conversation).copied().unwrap_or_default().max(*seq);
        }
        self.told = passed;
        self.subscriber.told(self.after);
        Ok(())
    }

    /// Queues items, the last of them with the cursor that they lead to.
    fn send(&mut self, mut news: Vec<wire::SubscribeResponse>, moved: bool) {
        if moved {
            let cursor = self.cursor();
            match news.last_mut() {
                Some(last) => last.cursor = cursor,
                None => news.push(wire::SubscribeResponse { cursor, item: None }),
            }
        }
        self.outgoing.extend(news.iter().map(|item| Bytes::from(item.encode_to_vec())));
    }

    async fn news(&mut self, changes: Changes) -> Result<Vec<wire::SubscribeResponse>, Failure> {
        let Changes { conversations, declined, welcomes, notices, settings_change, vault_version: _, .. } = changes;
        let markers = self.markers(&conversations).await?;
        let mut news = Vec::new();
        for (head, entries) in conversations {
            self.tell_conversation(&head, entries, &mut news);
        }
        news.extend(declined.iter().map(|head| Item::Conversation(items::declined_head(head))));
        news.extend(markers.into_iter().map(|marker| Item::Marker(items::marker(marker))));
        news.extend(welcomes.into_iter().map(|welcome| Item::Welcome(items::welcome(welcome))));
        news.extend(notices.into_iter().map(|notice| Item::Account(items::notice(notice))));
        if settings_change > self.settings_change {
            self.settings_change = settings_change;
            let kind = wire::AccountNoticeKind::Settings.into();
            let account_id = self.account.to_wire();
            news.push(Item::Account(wire::AccountNotice { kind, account_id, version: settings_change }));
        }
        Ok(news.into_iter().map(items::item).collect())
    }

    /// Entries that were not told, then where the conversation stands.
    fn tell_conversation(&mut self, head: &Head, entries: Vec<Entry>, news: &mut Vec<Item>) {
        if head.standing == Standing::Requested {
            if self.requests.insert(head.conversation) {
                news.push(Item::Conversation(items::head(head)));
            }
            return;
        }
        self.requests.remove(&head.conversation);
        let told = self.told.get(&head.conversation).copied();
        // Without memory of the conversation, time must do: what was taken well before the cursor was told before it.
        let since = self.at.minus(UNDER_WAY);
        let is_news = |entry: &Entry| told.map_or(entry.received_at >= since, |told| entry.seq > told);
        for entry in entries.into_iter().filter(is_news) {
            let conversation_id = head.conversation.to_wire();
            news.push(Item::Entry(wire::StreamEntry { conversation_id, entry: Some(items::entry(entry)) }));
        }
        news.push(Item::Conversation(items::head(head)));
        self.is_news(head.conversation, head.last_seq);
    }

    async fn markers(&self, conversations: &[(Head, Vec<Entry>)]) -> Result<Vec<Marker>, Failure> {
        let ids: Vec<_> = conversations.iter().map(|(head, _)| head.conversation).collect();
        Ok(self.context.store.markers_since(self.account, &ids, self.at.minus(OVERLAP), MARKERS_EACH).await?)
    }

    fn cursor(&self) -> Bytes {
        self.context.cursors.seal(self.account, Place::Changes { after: self.after, at: self.at })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.context.live.leave(&self.subscriber);
    }
}
