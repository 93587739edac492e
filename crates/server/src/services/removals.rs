//! Takes the leaves of revoked devices out of every group, by proposals of the server as an external sender (PROTOCOL 7.4, R12).
//!
//! The store notes which leaves have to go in the transaction that revokes their device. From there on this is work that can be
//! interrupted anywhere, and done twice: a proposal that is in the log already is not taken again, and one that a joiner's commit
//! swept away is due again.

use std::sync::Arc;

use sotto_crypto::mls::observer::{Observer, ObserverError};
use sotto_crypto::mls::standing::Leaf;
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::time::Time;
use sotto_proto::{ConversationId, DeviceId};
use tokio::sync::Notify;

use super::groups::{Group, heavy};
use super::{Context, Failure};
use crate::store::{NewProposals, Refusal, Removal, StoreError};

pub(super) struct Removals {
    context: Arc<Context>,
    due: Notify,
}

/// What is to be done about the leaves that have to go.
struct Plan {
    gone: Vec<DeviceId>,
    proposed: Vec<DeviceId>,
    proposals: Vec<Vec<u8>>,
    observer: Vec<u8>,
}

impl Removals {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context, due: Notify::new() }
    }

    /// A device was revoked, durably: its leaves have to go. Returns at once; what a crash interrupts goes on after the next start.
    pub(super) fn device_revoked(&self) {
        self.are_due();
    }

    /// Something may have become due.
    pub(super) fn are_due(&self) {
        self.due.notify_one();
    }

    /// Waits until something may have become due.
    pub(super) async fn wait(&self) {
        self.due.notified().await;
    }

    /// Proposes all that is due.
    pub(super) async fn propose_due(&self) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let due = self.context.store.due_removals(after, AT_ONCE).await?;
            for conversation in &due {
                // One group that cannot be read must not keep the devices of all others in.
                if let Err(failure) = self.propose_in(*conversation).await {
                    tracing::warn!(%conversation, code = ?failure.code(), "removals are left undone for now");
                }
            }
            let Some(last) = due.last() else { return Ok(()) };
            after = Some(*last);
        }
    }

    async fn propose_in(&self, conversation: ConversationId) -> Result<(), Failure> {
        let removals = self.context.store.removals(conversation).await?;
        for _ in 0..ATTEMPTS {
            let group = self.context.groups.reload(conversation).await?;
            let plan = self.plan(&group, removals.clone()).await?;
            match self.carry_out(conversation, &group, plan).await {
                Err(StoreError::Refused(Refusal::EpochConflict(_))) => {}
                other => return Ok(other?),
            }
        }
        // A group in which so much happens is looked at again in a moment.
        Ok(())
    }

    async fn plan(&self, group: &Arc<Group>, removals: Vec<Removal>) -> Result<Plan, Failure> {
        let (group, server) = (group.clone(), self.context.external_sender.clone());
        let now = Time::from_unix_seconds(self.context.now().unix_millis() / 1_000);
        let size = group.leaves() * LEAF_SIZE;
        heavy(size, move || plan(&group, &removals, &server, now)).await
    }

    async fn carry_out(&self, conversation: ConversationId, group: &Group, plan: Plan) -> Result<(), StoreError> {
        let store = &self.context.store;
        if !plan.proposals.is_empty() {
            let proposals = NewProposals {
                conversation,
                position: group.position,
                judged_after: Some(group.last_handshake_seq),
                proposals: plan.proposals,
                observer: plan.observer,
                at: self.context.now(),
            };
            let receipt = store.propose(proposals).await?;
            self.context.groups.forget(conversation);
            self.context.live.grown(conversation, receipt.seq).await;
        }
        store.settle_removals(conversation, &plan.gone, &plan.proposed, group.position).await
    }
}

/// Judges each removal on top of the ones before it.
fn plan(group: &Group, removals: &[Removal], server: &SigningKey, now: Time) -> Result<Plan, Failure> {
    let mut plan = Plan { gone: Vec::new(), proposed: Vec::new(), proposals: Vec::new(), observer: Vec::new() };
    let mut observer = group.observer.clone();
    for removal in removals {
        let is_it = |leaf: &Leaf| (leaf.account, leaf.device) == (removal.account, removal.device);
        let pending = observer.pending_removals().map_err(|error| Failure::internal(BROKEN, Some(&error)))?;
        if !group.standing.leaves().any(|leaf| is_it(&leaf)) {
            plan.gone.push(removal.device);
            continue;
        }
        if !pending.iter().any(is_it) {
            match propose(&observer, removal, server, now) {
                Ok((next, proposal)) => {
                    observer = next;
                    plan.proposals.push(proposal);
                }
                // The leaf shows another certificate than the one that was revoked, say: trying again changes nothing.
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a revoked device cannot be removed");
                }
            }
        }
        plan.proposed.push(removal.device);
    }
    if !plan.proposals.is_empty() {
        plan.observer = observer.snapshot().map_err(|error| Failure::internal(BROKEN, Some(&error)))?;
    }
    Ok(plan)
}

fn propose(
    observer: &Observer,
    removal: &Removal,
    server: &SigningKey,
    now: Time,
) -> Result<(Observer, Vec<u8>), ObserverError> {
    let revocation =
        DeviceRevocation::decode(&removal.revocation).map_err(|error| ObserverError::Handshake(error.into()))?;
    let proposal = observer.propose_revoked(&revocation, server)?;
    let (next, _) = observer.process(&proposal, now)?;
    Ok((next, proposal))
}

const BROKEN: &str = "a stored group cannot be read";
const AT_ONCE: u32 = 64;
const ATTEMPTS: usize = 5;
/// About what a leaf and its path take.
const LEAF_SIZE: usize = 3 << 10;
