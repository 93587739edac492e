//! Publishing: what was queued goes into the next head.

use std::collections::BTreeMap;
use std::time::Duration;

use sotto_crypto::directory::audit::{self, Growth};
use sotto_crypto::directory::{Chain, Head, Position, State, log};
use sotto_proto::{AccountId, limits};

use super::{Directory, Known, broken};
use crate::services::Failure;
use crate::store::{DirectoryEntry, NewHead, Refusal, StoreError};

impl Directory {
    /// Never ends. A round that fails is tried again.
    pub(in crate::services) async fn keep_publishing(&self) {
        loop {
            if let Err(failure) = self.publish_due().await {
                tracing::warn!(code = ?failure.code(), "publishing was interrupted");
            }
            tokio::time::sleep(BETWEEN_HEADS).await;
        }
    }

    /// Publishes everything that is due. Any number of nodes may.
    pub(in crate::services) async fn publish_due(&self) -> Result<(), Failure> {
        // Accounts of before there was a directory; after the first start there are none.
        while self.context.store.queue_unlisted(UNLISTED_AT_ONCE, self.context.now()).await? > 0 {}
        while self.publish_next().await? {}
        Ok(())
    }

    /// Publishes one head, if anything is due, and says whether more may be.
    async fn publish_next(&self) -> Result<bool, Failure> {
        let mut queued = self.context.store.queued_entries(AT_ONCE + 1).await?;
        if queued.is_empty() {
            return Ok(false);
        }
        let mut known = self.known.lock().await;
        self.follow(&mut known).await?;
        let rest = queued.split_off(queued.len().min(limits::DIRECTORY_CHANGES_MAX));
        // A head that leaves something for the next one speaks for the time before that.
        let until = rest.first().map_or(self.context.now(), |entry| entry.queued_at).unix_millis();
        let growths = self.growths(&known, &queued)?;
        if growths.is_empty() {
            return Ok(false);
        }
        let (new, next) = self.next_head(&known, &growths, &queued, until).await?;
        match self.context.store.publish_head(new).await {
            Ok(()) => *known = next,
            // Another node was first.
            Err(StoreError::Refused(Refusal::VersionConflict { .. })) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// What is added to which chain. What another node published meanwhile, or what would leave a hole, is left out.
    fn growths(&self, known: &Known, queued: &[DirectoryEntry]) -> Result<BTreeMap<Position, Growth>, Failure> {
        let mut by_account: BTreeMap<AccountId, BTreeMap<u64, &DirectoryEntry>> = BTreeMap::new();
        for entry in queued {
            by_account.entry(entry.account).or_default().insert(entry.revision, entry);
        }
        let mut growths = BTreeMap::new();
        for (account, entries) in by_account {
            let (position, _) = self.signer.place(account);
            let first = entries.keys().next().copied().unwrap_or_default();
            let before = known.tree.get(&position).map_err(|error| broken(&error))?;
            let mut revision = before.map_or(first.saturating_sub(1), |state| state.revision);
            let mut digests = Vec::new();
            while let Some(entry) = entries.get(&(revision + 1)) {
                digests.push(entry.digest);
                revision += 1;
            }
            if !digests.is_empty() {
                growths.insert(position, Growth { revision, digests });
            }
        }
        Ok(growths)
    }

    async fn next_head(
        &self,
        known: &Known,
        growths: &BTreeMap<Position, Growth>,
        queued: &[DirectoryEntry],
        until: u64,
    ) -> Result<(NewHead, Known), Failure> {
        let tree = audit::grow(&known.tree, growths).map_err(|error| broken(&error))?;
        let before = self.context.store.log_nodes(&log::cover(0, known.epoch())).await?;
        let last_time = known.head.map_or(0, |signed| signed.head.time_ms);
        let head = Head {
            epoch: known.epoch() + 1,
            time_ms: until.max(last_time),
            tree_root: tree.root(),
            log_root: log::fold(&before),
        };
        let mut leaves = Vec::new();
        for position in growths.keys() {
            let state = tree.get(position).map_err(|error| broken(&error))?;
            leaves.extend(state.map(|state| (*position, state)));
        }
        let new = NewHead {
            head: self.signer.sign_head(head),
            audit: audit::encode(&known.tree, growths),
            leaves,
            taken: self.taken(known, growths, queued)?,
            nodes: log::grow(known.epoch(), head.hash(), &before),
        };
        let next = Known { head: Some(new.head), tree };
        Ok((new, next))
    }

    /// The entries that a head takes in, each with the chain up to it.
    fn taken(
        &self,
        known: &Known,
        growths: &BTreeMap<Position, Growth>,
        queued: &[DirectoryEntry],
    ) -> Result<Vec<(AccountId, u64, Chain)>, Failure> {
        let accounts: BTreeMap<Position, AccountId> =
            queued.iter().map(|entry| (self.signer.place(entry.account).0, entry.account)).collect();
        let mut taken = Vec::new();
        for (position, growth) in growths {
            let Some(account) = accounts.get(position) else { continue };
            let first = growth.revision + 1 - u64::try_from(growth.digests.len()).unwrap_or_default();
            let before = known.tree.get(position).map_err(|error| broken(&error))?;
            let mut state = before.unwrap_or(State::before(first));
            for digest in &growth.digests {
                state = state.extended_by(digest);
                taken.push((*account, state.revision, state.chain));
            }
        }
        Ok(taken)
    }
}

/// How long a change waits at most, as long as the queue is shorter than a head. What is promised is longer, for the sake of restarts.
const BETWEEN_HEADS: Duration = Duration::from_secs(2);
const AT_ONCE: u32 = 2_000;
const UNLISTED_AT_ONCE: u32 = 500;
