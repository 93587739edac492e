//! The devices that are connected to this node, and what waits for each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, ConversationId, SessionId};
use tokio::sync::Notify;

use super::roster::Roster;

/// Something for a device, encoded.
#[derive(Clone, Debug)]
pub(in crate::services) struct Queued {
    /// Which entry of which log it is, if it is one.
    pub(in crate::services) entry: Option<(ConversationId, u64)>,
    pub(in crate::services) bytes: Bytes,
}

/// What a device does next.
#[derive(Debug)]
pub(in crate::services) enum Next {
    /// Send this.
    Item(Queued),
    /// Look what changed.
    Look,
    /// End, because of this.
    End(ErrorCode),
}

/// A device that is connected.
pub(in crate::services) struct Subscriber {
    account: AccountId,
    session: SessionId,
    queue: Mutex<Queue>,
    woken: Notify,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Queued>,
    bytes: usize,
    /// The change number up to which everything is told.
    told: u64,
    /// Something changed beyond that.
    look: bool,
    end: Option<ErrorCode>,
}

impl Subscriber {
    pub(in crate::services) fn new(account: AccountId, session: SessionId) -> Arc<Self> {
        Arc::new(Self { account, session, queue: Mutex::default(), woken: Notify::new() })
    }

    /// Waits for what is next. What waits is sent before anything is looked up.
    pub(in crate::services) async fn next(&self) -> Next {
        loop {
            let woken = self.woken.notified();
            if let Some(next) = self.queue().take() {
                return next;
            }
            woken.await;
        }
    }

    /// Everything up to a change number is told.
    pub(in crate::services) fn told(&self, change: u64) {
        self.queue().told = change;
    }

    fn push(&self, item: Queued) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        queue.bytes += item.bytes.len();
        queue.items.push_back(item);
        if queue.items.len() > ITEMS_WAITING || queue.bytes > BYTES_WAITING {
            queue.end_with(ErrorCode::SlowConsumer);
        }
        drop(queue);
        self.woken.notify_one();
    }

    fn look(&self, change: u64) {
        let mut queue = self.queue();
        if change > queue.told && !queue.look {
            queue.look = true;
            drop(queue);
            self.woken.notify_one();
        }
    }

    fn end(&self, code: ErrorCode) {
        self.queue().end_with(code);
        self.woken.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn take(&mut self) -> Option<Next> {
        if let Some(code) = self.end {
            return Some(Next::End(code));
        }
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.bytes.len();
            if self.items.is_empty() {
                // A device that is quiet again costs no more than one that always was.
                self.items = VecDeque::new();
            }
            return Some(Next::Item(item));
        }
        std::mem::take(&mut self.look).then_some(Next::Look)
    }

    fn end_with(&mut self, code: ErrorCode) {
        *self = Self { end: Some(self.end.unwrap_or(code)), ..Self::default() };
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Hub(RwLock<HashMap<AccountId, Vec<Arc<Subscriber>>>>);

impl Hub {
    /// Takes a device in. A session has one stream: an earlier one ends.
    pub(super) fn enter(&self, subscriber: &Arc<Subscriber>) {
        let mut accounts = self.write();
        let devices = accounts.entry(subscriber.account).or_default();
        devices.retain(|other| {
            let stays = other.session != subscriber.session;
            if !stays {
                other.end(ErrorCode::SlowConsumer);
            }
            stays
        });
        devices.push(subscriber.clone());
    }

    pub(super) fn leave(&self, subscriber: &Arc<Subscriber>) {
        let mut accounts = self.write();
        let Some(devices) = accounts.get_mut(&subscriber.account) else { return };
        devices.retain(|other| !Arc::ptr_eq(other, subscriber));
        if devices.is_empty() {
            accounts.remove(&subscriber.account);
        }
    }

    /// Whether a member is connected here to whom the conversation is delivered.
    pub(super) fn serves(&self, roster: &Roster) -> bool {
        let accounts = self.read();
        !accounts.is_empty() && listeners(&accounts, roster).next().is_some()
    }

    /// Gives an entry to the members that may read it.
    pub(super) fn push_entry(&self, roster: &Roster, item: &Queued) {
        let seq = item.entry.map_or(u64::MAX, |(_, seq)| seq);
        let accounts = self.read();
        for (joined_seq, _, devices) in listeners(&accounts, roster) {
            if joined_seq <= seq {
                push_to_all(devices, item);
            }
        }
    }

    /// Gives something else to members.
    pub(super) fn push_to_members(&self, roster: &Roster, except: &[AccountId], bytes: &Bytes) {
        let accounts = self.read();
        for (_, account, devices) in listeners(&accounts, roster) {
            if !except.contains(&account) {
                push_to_all(devices, &Queued { entry: None, bytes: bytes.clone() });
            }
        }
    }

    pub(super) fn push_to_account(&self, account: AccountId, bytes: &Bytes) {
        if let Some(devices) = self.read().get(&account) {
            push_to_all(devices, &Queued { entry: None, bytes: bytes.clone() });
        }
    }

    /// Has the devices of an account look what changed.
    pub(super) fn look(&self, account: AccountId, change: u64) {
        self.read().get(&account).into_iter().flatten().for_each(|device| device.look(change));
    }

    pub(super) fn accounts(&self) -> Vec<AccountId> {
        self.read().keys().copied().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<AccountId, Vec<Arc<Subscriber>>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<AccountId, Vec<Arc<Subscriber>>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push_to_all(devices: &[Arc<Subscriber>], item: &Queued) {
    for device in devices {
        device.push(item.clone());
    }
}

type Listeners<'a> = Box<dyn Iterator<Item = (u64, AccountId, &'a [Arc<Subscriber>])> + 'a>;

/// Members that are connected, by the shorter of the two lists.
fn listeners<'a>(accounts: &'a HashMap<AccountId, Vec<Arc<Subscriber>>>, roster: &'a Roster) -> Listeners<'a> {
    if roster.members().len() <= accounts.len() {
        Box::new(roster.listeners().filter_map(|seat| {
            let devices = accounts.get(&seat.account)?;
            Some((seat.joined_seq, seat.account, &devices[..]))
        }))
    } else {
        Box::new(accounts.iter().filter_map(|(account, devices)| {
            let seat = roster.seat(*account).filter(|seat| seat.listens)?;
            Some((seat.joined_seq, *account, &devices[..]))
        }))
    }
}

/// Items that wait for a slow reader.
const ITEMS_WAITING: usize = 512;
/// Their bytes.
const BYTES_WAITING: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId::from_bytes([1; 16]);

    fn item(length: usize) -> Bytes {
        vec![0; length].into()
    }

    fn subscriber(hub: &Hub, session: u8) -> Arc<Subscriber> {
        let subscriber = Subscriber::new(ANN, SessionId::from_bytes([session; 16]));
        hub.enter(&subscriber);
        subscriber
    }

    #[tokio::test]
    async fn items_come_in_order_and_before_a_look() {
        let hub = Hub::default();
        let device = subscriber(&hub, 1);
        device.told(4);
        hub.look(ANN, 4);
        hub.look(ANN, 5);
        hub.push_to_account(ANN, &item(1));
        hub.push_to_account(ANN, &item(2));
        assert!(matches!(device.next().await, Next::Item(Queued { bytes, .. }) if bytes.len() == 1));
        assert!(matches!(device.next().await, Next::Item(Queued { bytes, .. }) if bytes.len() == 2));
        assert!(matches!(device.next().await, Next::Look));
        assert!(device.queue().take().is_none());
    }

    #[tokio::test]
    async fn a_slow_reader_loses_its_stream_and_holds_no_memory_a9() {
        let hub = Hub::default();
        let (many, large) = (subscriber(&hub, 1), subscriber(&hub, 2));
        (0..ITEMS_WAITING).for_each(|_| many.push(Queued { entry: None, bytes: item(1) }));
        assert!(many.queue().end.is_none());
        many.push(Queued { entry: None, bytes: item(1) });
        (0..5).for_each(|_| large.push(Queued { entry: None, bytes: item(1 << 20) }));
        for device in [many, large] {
            assert!(matches!(device.next().await, Next::End(ErrorCode::SlowConsumer)));
            let queue = device.queue();
            assert_eq!((queue.items.capacity(), queue.bytes), (0, 0));
        }
    }

    #[tokio::test]
    async fn a_session_has_one_stream_a18() {
        let hub = Hub::default();
        let (first, other) = (subscriber(&hub, 1), subscriber(&hub, 2));
        let second = subscriber(&hub, 1);
        assert!(matches!(first.next().await, Next::End(ErrorCode::SlowConsumer)));
        hub.leave(&first);
        hub.push_to_account(ANN, &item(1));
        for device in [&other, &second] {
            assert!(matches!(device.next().await, Next::Item(_)));
        }
        hub.leave(&other);
        hub.leave(&second);
        assert!(hub.accounts().is_empty());
    }
}
