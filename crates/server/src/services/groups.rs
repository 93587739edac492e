//! The validated views of groups, kept ready for the next handshake.
//!
//! A view never changes: a handshake yields the next one, which takes its place once the handshake is in the log. A view that is
//! too old does no harm, because the store takes a handshake only after all that it was judged after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sotto_crypto::mls::observer::Observer;
use sotto_crypto::mls::standing::Standing;
use sotto_proto::{ConversationId, GroupPosition};

use super::Failure;
use super::recent::Recent;
use crate::store::{ObserverRecord, Store};

/// A group at a position.
pub(super) struct Group {
    pub(super) position: GroupPosition,
    /// The last handshake that the view has seen.
    pub(super) last_handshake_seq: u64,
    pub(super) observer: Observer,
    pub(super) standing: Standing,
}

impl Group {
    pub(super) fn new(
        position: GroupPosition,
        last_handshake_seq: u64,
        observer: Observer,
        standing: Standing,
    ) -> Arc<Self> {
        Arc::new(Self { position, last_handshake_seq, observer, standing })
    }

    fn restore(record: &ObserverRecord) -> Result<Arc<Self>, Failure> {
        let observer = Observer::restore(&record.snapshot).map_err(|error| damaged(&error))?;
        let standing = observer.standing().map_err(|error| damaged(&error))?;
        Ok(Self::new(record.position, record.last_handshake_seq, observer, standing))
    }

    pub(super) fn leaves(&self) -> usize {
        self.standing.leaves().count()
    }

    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        (self.position, self.last_handshake_seq) > (other.position, other.last_handshake_seq)
    }
}

pub(super) struct Groups {
    store: Arc<dyn Store>,
    ready: Mutex<Recent<ConversationId, Arc<Group>>>,
}

impl Groups {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, ready: Mutex::new(Recent::new(LEAVES_READY)) }
    }

    /// The group, not before `position` as far as the store has got there.
    pub(super) async fn at(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Result<Arc<Group>, Failure> {
        match self.ready().get(&conversation) {
            Some(group) if group.position >= position => return Ok(group),
            _ => {}
        }
        self.reload(conversation).await
    }

    /// The group as the store has it.
    pub(super) async fn reload(&self, conversation: ConversationId) -> Result<Arc<Group>, Failure> {
        let record = self.store.observer(conversation).await?;
        let size = record.snapshot.len();
        let group = heavy(size, move || Group::restore(&record)).await?;
        self.put(conversation, group.clone());
        Ok(group)
    }

    /// Keeps a group ready, unless a newer one is.
    pub(super) fn put(&self, conversation: ConversationId, group: Arc<Group>) {
        let mut ready = self.ready();
        if ready.get(&conversation).is_none_or(|kept| group.is_newer_than(&kept)) {
            let weight = group.leaves();
            ready.put(conversation, group, weight);
        }
    }

    pub(super) fn forget(&self, conversation: ConversationId) {
        self.ready().remove(&conversation);
    }

    fn ready(&self) -> MutexGuard<'_, Recent<ConversationId, Arc<Group>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs work that grows with `size` bytes where it keeps nobody else waiting, if there is much of it.
pub(super) async fn heavy<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    if size < HEAVY {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::internal("work on a group did not end", Some(&error))),
    }
}

fn damaged(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::internal("a stored group cannot be read", Some(error))
}

/// Leaves of all groups that are kept ready; one takes about 5 kB.
const LEAVES_READY: usize = 4_096;
/// A post-quantum group of ten leaves: about a millisecond.
const HEAVY: usize = 32 << 10;
