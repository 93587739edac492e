//! From what was written to the devices that are connected, on this node and on the others (`docs/adr/0021`).
//!
//! Entries reach the devices of this node from memory; other nodes hear that there is something and read it. Whatever gets lost on
//! the way is found by [`relay`]'s look at the change numbers. Nothing here is more than a saving of time.

mod delivery;
mod hub;
mod relay;
mod roster;

use std::sync::Arc;

use bytes::Bytes;
use sotto_proto::{AccountId, ConversationId};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use self::delivery::{Delivery, Job, Outlet};
use self::hub::Hub;
use super::groups::Groups;
use crate::bus::{Bus, Word};
use crate::store::{Store, Witness};

pub(super) use hub::{Next, Subscriber};
pub(super) use roster::{Roster, Rosters};

pub(super) struct Live {
    hub: Arc<Hub>,
    rosters: Arc<Rosters>,
    outlet: Arc<Outlet>,
    jobs: mpsc::Sender<Job>,
    bus: Arc<dyn Bus>,
    /// Whether other nodes are heard.
    hears: watch::Receiver<bool>,
    tasks: Vec<AbortHandle>,
}

impl Live {
    /// Starts the tasks that deliver; they end with it.
    pub(super) fn start(store: &Arc<dyn Store>, bus: &Arc<dyn Bus>, groups: &Arc<Groups>) -> Self {
        let hub = Arc::new(Hub::default());
        let rosters = Arc::new(Rosters::new(store.clone(), groups.clone()));
        let delivery = Delivery::new(store.clone(), bus.clone(), hub.clone(), rosters.clone(), groups.clone());
        let (outlet, jobs, deliverers) = delivery.start();
        let relay = relay::Relay::new(store.clone(), bus.clone(), hub.clone(), rosters.clone(), jobs.clone());
        let (hears, relays) = relay.start();
        let tasks = deliverers.into_iter().chain(relays).collect();
        Self { hub, rosters, outlet, jobs, bus: bus.clone(), hears, tasks }
    }

    pub(super) fn rosters(&self) -> &Rosters {
        &self.rosters
    }

    /// Hears of appended events.
    pub(super) fn witness(&self) -> Arc<dyn Witness> {
        self.outlet.clone()
    }

    /// Handshakes came into a log, up to this number.
    pub(super) async fn grown(&self, conversation: ConversationId, up_to: u64) {
        self.rosters.forget(conversation);
        self.hand_on(Job::Grown { conversation, up_to });
        self.say(Word::Grown { conversation, up_to }).await;
    }

    /// Who is in a conversation has changed without a commit.
    pub(super) async fn members_changed(&self, conversation: ConversationId) {
        self.rosters.forget(conversation);
        self.say(Word::Members(conversation)).await;
    }

    /// Something about an account has changed.
    pub(super) async fn account_changed(&self, account: AccountId, change: u64) {
        self.hub.look(account, change);
        self.say(Word::Account { account, change }).await;
    }

    /// Passes an item of the stream on to those members who are connected now.
    pub(super) async fn to_members(&self, conversation: ConversationId, except: Vec<AccountId>, item: Bytes) {
        self.hand_on(Job::ToMembers { conversation, except: except.clone(), item: item.clone() });
        self.say(Word::ToMembers { conversation, except, item }).await;
    }

    /// Passes an item of the stream on to those devices of an account that are connected now.
    pub(super) async fn to_account(&self, account: AccountId, item: Bytes) {
        self.hub.push_to_account(account, &item);
        self.say(Word::ToAccount { account, item }).await;
    }

    /// Takes a device in: from now on everything that happens waits for it.
    pub(super) async fn enter(&self, subscriber: &Arc<Subscriber>) {
        // A broker that is away keeps nobody out: what other nodes have to say is found by looking.
        let _ = tokio::time::timeout(PATIENCE, self.hears.clone().wait_for(|hears| *hears)).await;
        self.hub.enter(subscriber);
    }

    pub(super) fn leave(&self, subscriber: &Arc<Subscriber>) {
        self.hub.leave(subscriber);
    }

    /// What finds no room is found by looking.
    fn hand_on(&self, job: Job) {
        let _ = self.jobs.try_send(job);
    }

    async fn say(&self, word: Word) {
        say(&*self.bus, word).await;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// A word that does not get through costs time and nothing else.
async fn say(bus: &dyn Bus, word: Word) {
    if let Err(error) = bus.publish(word).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a word to other nodes was lost");
    }
}

/// How long a device waits for the bus.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
