//! Entries in order to the devices of this node.
//!
//! Events that were appended here come from memory, as the store made them durable; everything else is read from the store, many
//! conversations at once. Both ways meet in [`Delivery::offer`], which lets the next entry of a log through and no other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::join_all;
use sotto_proto::{AccountId, ConversationId, GroupPosition, wire};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::hub::{Hub, Queued};
use super::roster::{Roster, Rosters};
use super::say;
use crate::bus::{Bus, Word};
use crate::services::groups::Groups;
use crate::services::items;
use crate::services::recent::Recent;
use crate::store::{Entry, EntryKind, NewEvent, Receipt, Store, StoreError, Witness};

/// Work that may need the store.
pub(super) enum Job {
    /// A log has grown up to a number.
    Grown { conversation: ConversationId, up_to: u64 },
    /// An item for members.
    ToMembers { conversation: ConversationId, except: Vec<AccountId>, item: Bytes },
}

/// Where the store tells what was appended.
pub(super) struct Outlet(mpsc::Sender<(NewEvent, Receipt)>);

impl Witness for Outlet {
    fn appended(&self, event: NewEvent, receipt: Receipt) {
        // What finds no room is delivered with the next entry of its log, or found by looking.
        let _ = self.0.try_send((event, receipt));
    }
}

pub(super) struct Delivery {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Arc<Hub>,
    rosters: Arc<Rosters>,
    groups: Arc<Groups>,
    /// The last entry that was delivered of each log somebody listens to. Held while an entry goes out, so that none overtakes it.
    delivered: Mutex<Recent<ConversationId, u64>>,
}

/// Where an entry comes from. What is missing between two that were read from the store has been pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Memory,
    Store,
}

/// Whether an entry went out.
#[derive(Debug, PartialEq, Eq)]
enum Offered {
    /// It did, or had before, or nobody listens.
    Done,
    /// Others come first.
    TooEarly,
}

impl Delivery {
    pub(super) fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        hub: Arc<Hub>,
        rosters: Arc<Rosters>,
        groups: Arc<Groups>,
    ) -> Self {
        Self { store, bus, hub, rosters, groups, delivered: Mutex::new(Recent::new(LOGS_FOLLOWED)) }
    }

    pub(super) fn start(self) -> (Arc<Outlet>, mpsc::Sender<Job>, [AbortHandle; 2]) {
        let this = Arc::new(self);
        let (outlet, appended) = mpsc::channel(APPENDED_WAITING);
        let (jobs, waiting) = mpsc::channel(JOBS_WAITING);
        let from_memory = tokio::spawn(this.clone().deliver_appended(appended, jobs.clone()));
        let from_store = tokio::spawn(this.work(waiting));
        (Arc::new(Outlet(outlet)), jobs, [from_memory.abort_handle(), from_store.abort_handle()])
    }

    async fn deliver_appended(
        self: Arc<Self>,
        mut appended: mpsc::Receiver<(NewEvent, Receipt)>,
        jobs: mpsc::Sender<Job>,
    ) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        while appended.recv_many(&mut batch, AT_ONCE).await > 0 {
            let mut grown = BTreeMap::new();
            for (event, receipt) in batch.drain(..) {
                let conversation = event.conversation;
                grown.insert(conversation, receipt.seq);
                if self.deliver_event(event, receipt) == Offered::TooEarly {
                    let _ = jobs.try_send(Job::Grown { conversation, up_to: receipt.seq });
                }
            }
            for (conversation, up_to) in grown {
                say(&*self.bus, Word::Grown { conversation, up_to }).await;
            }
        }
    }

    /// Delivers an event from memory, if nothing has to be read for it.
    fn deliver_event(&self, event: NewEvent, receipt: Receipt) -> Offered {
        let NewEvent { conversation, id, position, sealed, at: _ } = event;
        let Some(roster) = self.rosters.known_at(conversation, position) else { return Offered::TooEarly };
        self.offer(conversation, receipt.seq, Source::Memory, &roster, || wire::LogEntry {
            seq: receipt.seq,
            kind: wire::EntryKind::Event.into(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            event_id: id.to_wire(),
            body: sealed,
            received_at_ms: receipt.received_at.unix_millis(),
        })
    }

    /// Lets an entry through if it is the next one of its log, or the first that somebody here listens to.
    fn offer(
        &self,
        conversation: ConversationId,
        seq: u64,
        source: Source,
        roster: &Roster,
        entry: impl FnOnce() -> wire::LogEntry,
    ) -> Offered {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.hub.serves(roster) {
            delivered.remove(&conversation);
            return Offered::Done;
        }
        match delivered.get(&conversation) {
            Some(last) if seq <= last => return Offered::Done,
            Some(last) if seq > last + 1 && source == Source::Memory => return Offered::TooEarly,
            _ => {}
        }
        let bytes = items::encoded_entry(conversation, entry());
        self.hub.push_entry(roster, &Queued { entry: Some((conversation, seq)), bytes });
        delivered.put(conversation, seq, 1);
        Offered::Done
    }

    async fn work(self: Arc<Self>, mut waiting: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        while waiting.recv_many(&mut batch, AT_ONCE).await > 0 {
            let mut grown = BTreeMap::new();
            for job in batch.drain(..) {
                match job {
                    Job::Grown { conversation, up_to } => {
                        let last = grown.entry(conversation).or_insert(up_to);
                        *last = up_to.max(*last);
                    }
                    Job::ToMembers { conversation, except, item } => {
                        if let Ok(roster) = self.rosters.some(conversation).await {
                            self.hub.push_to_members(&roster, &except, &item);
                        }
                    }
                }
            }
            let grown: Vec<_> = grown.into_iter().collect();
            for part in grown.chunks(LOGS_AT_ONCE) {
                if let Err(error) = self.deliver_stored(part).await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "entries could not be read to be delivered"
                    );
                }
            }
        }
    }

    /// Reads and delivers what is new in some logs.
    async fn deliver_stored(&self, grown: &[(ConversationId, u64)]) -> Result<(), StoreError> {
        let wanted = join_all(grown.iter().map(|&(conversation, up_to)| self.missing(conversation, up_to))).await;
        let wanted: Vec<_> = wanted.into_iter().flatten().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for (conversation, entry) in self.store.entries(&wanted).await? {
            self.deliver_entry(conversation, entry).await;
        }
        Ok(())
    }

    /// What of a log has yet to be delivered here. What is too much to catch up with is left to the devices.
    async fn missing(&self, conversation: ConversationId, up_to: u64) -> Option<(ConversationId, u64, u64)> {
        let roster = self.rosters.some(conversation).await.ok()?;
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.hub.serves(&roster) {
            delivered.remove(&conversation);
            return None;
        }
        let from = delivered.get(&conversation).map_or(up_to, |last| last + 1);
        if from > up_to {
            return None;
        }
        let newest = (up_to + 1).saturating_sub(CAUGHT_UP);
        if from < newest {
            delivered.put(conversation, newest - 1, 1);
        }
        Some((conversation, from.max(newest), up_to))
    }

    async fn deliver_entry(&self, conversation: ConversationId, entry: Entry) {
        if let Ok(roster) = self.rosters.at(conversation, entry.position).await {
            let (seq, kind, position) = (entry.seq, entry.kind, entry.position);
            self.offer(conversation, seq, Source::Store, &roster, || items::entry(entry));
            self.note_handshake(conversation, kind, position, &roster);
        }
    }

    /// A handshake of another node makes what is known here out of date.
    fn note_handshake(&self, conversation: ConversationId, kind: EntryKind, position: GroupPosition, roster: &Roster) {
        let outdated = match kind {
            EntryKind::Event(_) => false,
            EntryKind::Proposal => true,
            EntryKind::Commit | EntryKind::Generation => roster.position <= position,
        };
        if outdated {
            self.rosters.forget(conversation);
            self.groups.forget(conversation);
        }
    }
}

/// Logs whose last delivered entry is remembered.
const LOGS_FOLLOWED: usize = 100_000;
/// Appended events that wait to be delivered.
const APPENDED_WAITING: usize = 16_384;
const JOBS_WAITING: usize = 16_384;
const AT_ONCE: usize = 1_024;
/// Logs that are read together.
const LOGS_AT_ONCE: usize = 64;
/// Most entries of one log that are caught up with.
const CAUGHT_UP: u64 = 64;
