//! What a member changes: commits, which wait for the server's word, and proposals, which others commit.

use std::collections::{BTreeMap, BTreeSet};

use mls_rs::time::MlsTime;
use rand_core::CryptoRng;
use sotto_proto::{AccountId, DeviceId};

use super::{Group, GroupError};
use crate::certificate::Purpose;
use crate::mls::context::extensions_for;
use crate::mls::effect::Commit;
use crate::mls::governance::{Governance, Policy, Role, VaultPolicy};
use crate::mls::handshake::{HandshakeError, conclude};
use crate::mls::key_package::KeyPackage;
use crate::mls::participant::Participant;
use crate::mls::rules::{Committer, Petitioner, Refusal, judge_withdrawal};
use crate::mls::standing::{Leaf, Standing};
use crate::revocation::DeviceRevocation;
use crate::time::Time;

/// What a commit shall change, beside renewing the committer's keys and carrying out the pending removals.
#[derive(Debug, Default)]
pub struct Changes {
    pub(super) add: Vec<KeyPackage>,
    remove_accounts: BTreeSet<AccountId>,
    remove_own: BTreeSet<DeviceId>,
    policy: Option<Policy>,
    roles: BTreeMap<AccountId, Role>,
}

impl Changes {
    /// No changes: the commit renews keys, which heals the group after a compromise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a device. To add an account, add all its devices and its vault device.
    #[must_use]
    pub fn add_device(mut self, key_package: KeyPackage) -> Self {
        self.add.push(key_package);
        self
    }

    /// Removes an account with all its devices.
    #[must_use]
    pub fn remove_account(mut self, account: AccountId) -> Self {
        self.remove_accounts.insert(account);
        self
    }

    /// Removes another device of the own account.
    #[must_use]
    pub fn remove_own_device(mut self, device: DeviceId) -> Self {
        self.remove_own.insert(device);
        self
    }

    /// Replaces the policy. When it forbids vault devices, they are removed.
    #[must_use]
    pub fn set_policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Gives an account a role.
    #[must_use]
    pub fn set_role(mut self, account: AccountId, role: Role) -> Self {
        self.roles.insert(account, role);
        self
    }
}

/// A commit that waits for the server's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCommit {
    /// The commit, for the log.
    pub commit: Vec<u8>,
    /// One Welcome for all added devices, if there are any. It goes out only after the commit was accepted.
    pub welcome: Option<Vec<u8>>,
}

impl Group {
    /// Makes a commit. The group stays in its epoch until [`apply_pending`](Self::apply_pending).
    pub fn commit(
        &mut self,
        changes: Changes,
        now: Time,
        rng: &mut impl CryptoRng,
    ) -> Result<PendingCommit, GroupError> {
        self.ensure_free()?;
        let standing = self.standing()?;
        let removals = self.removals(&standing, &changes)?;
        let governance = self.governance_after(&standing, &changes, &removals)?;
        let randomness = self.workshop.randomness.clone();

        let mut builder = self.mls.commit_builder().commit_time(MlsTime::from(now.unix_seconds()));
        for (number, _) in removals {
            builder = builder.remove_member(number)?;
        }
        for key_package in changes.add {
            builder = builder.add_member(key_package.message)?;
        }
        if let Some(governance) = governance {
            let extensions = extensions_for(&governance).map_err(HandshakeError::from)?;
            builder = builder.set_group_context_ext(extensions)?;
        }
        let output = randomness.lend(rng, || builder.build())?;
        let welcome = output.welcome_messages.first().map(mls_rs::MlsMessage::to_bytes).transpose()?;
        Ok(PendingCommit { commit: output.commit_message.to_bytes()?, welcome })
    }

    /// Renews this device's keys, and shows a new certificate, as after the old one expired.
    pub fn renew_certificate(
        &mut self,
        participant: &Participant,
        now: Time,
        rng: &mut impl CryptoRng,
    ) -> Result<PendingCommit, GroupError> {
        self.ensure_free()?;
        let randomness = self.workshop.randomness.clone();
        let builder = self
            .mls
            .commit_builder()
            .set_new_signing_identity(participant.signer.clone(), participant.identity.clone())
            .commit_time(MlsTime::from(now.unix_seconds()));
        let output = randomness.lend(rng, || builder.build())?;
        Ok(PendingCommit { commit: output.commit_message.to_bytes()?, welcome: None })
    }

    /// Whether a commit waits for the server's word.
    pub fn has_pending_commit(&self) -> bool {
        self.mls.has_pending_commit()
    }

    /// The server accepted the pending commit: moves to its epoch.
    pub fn apply_pending(&mut self) -> Result<Commit, GroupError> {
        if !self.has_pending_commit() {
            return Err(GroupError::NoCommitPending);
        }
        let (before, pending) = (self.standing()?, self.pending_removals()?);
        let mut next = self.mls.clone();
        next.apply_pending_commit()?;
        let after = super::standing_of(next.context(), &next.roster())?;
        let commit = conclude(&before, &pending, Committer::Member(self.own), &after)?;
        self.mls = next;
        Ok(commit)
    }

    /// The server refused the pending commit: forgets it, so that the group can catch up.
    pub fn discard_pending(&mut self) {
        self.mls.clear_pending_commit();
    }

    /// Proposals to remove all leaves of this account, for the log. Another member commits them.
    pub fn leave(&self) -> Result<Vec<Vec<u8>>, GroupError> {
        self.ensure_member()?;
        let (standing, mut pending) = (self.standing()?, self.pending_removals()?);
        let mut proposals = Vec::new();
        for (number, leaf) in self.leaf_numbers()?.into_iter().filter(|(_, leaf)| leaf.account == self.own.account) {
            if pending.contains(&leaf) {
                continue;
            }
            let petitioner = Petitioner::Member(self.own);
            judge_withdrawal(&standing, &pending, &leaf, &petitioner)?;
            proposals.push(self.propose_removal(number, Vec::new())?);
            pending.push(leaf);
        }
        Ok(proposals)
    }

    /// A proposal to remove a device whose signed revocation is at hand, for the log.
    pub fn propose_revoked(&self, revocation: &DeviceRevocation) -> Result<Vec<u8>, GroupError> {
        self.ensure_member()?;
        let is_revoked = |leaf: &Leaf| (leaf.account, leaf.device) == revocation.claimed_device();
        let leaves = self.leaf_numbers()?;
        let (number, _) = leaves.into_iter().find(|(_, leaf)| is_revoked(leaf)).ok_or(Refusal::NoSuchLeaf)?;
        self.propose_removal(number, revocation.encode().to_vec())
    }

    /// The standing that the pending commit leads to.
    pub(super) fn standing_after_pending(&self) -> Result<Standing, GroupError> {
        let mut next = self.mls.clone();
        next.apply_pending_commit()?;
        Ok(super::standing_of(next.context(), &next.roster())?)
    }

    fn ensure_free(&self) -> Result<(), GroupError> {
        self.ensure_member()?;
        if self.has_pending_commit() {
            return Err(GroupError::CommitPending);
        }
        if self.pending_removals()?.contains(&self.own) { Err(Refusal::BeingRemoved.into()) } else { Ok(()) }
    }

    /// The leaves that the changes remove by the committer's own right.
    fn removals(&self, standing: &Standing, changes: &Changes) -> Result<Vec<(u32, Leaf)>, GroupError> {
        let pending = self.pending_removals()?;
        let vaults_end = changes.policy.is_some_and(|policy| policy.vault == VaultPolicy::Forbidden);
        let named = |leaf: &Leaf| {
            changes.remove_accounts.contains(&leaf.account)
                || (leaf.account == self.own.account && changes.remove_own.contains(&leaf.device))
                || (vaults_end && leaf.purpose == Purpose::Vault)
        };
        let all_known = changes.remove_accounts.iter().all(|account| standing.accounts.contains_key(account));
        let own_seat = standing.accounts.get(&self.own.account);
        let all_own = changes.remove_own.iter().all(|id| own_seat.is_some_and(|seat| seat.devices.contains_key(id)));
        if !all_known || !all_own {
            return Err(Refusal::NoSuchLeaf.into());
        }
        let leaves = self.leaf_numbers()?;
        Ok(leaves.into_iter().filter(|(_, leaf)| named(leaf) && !pending.contains(leaf)).collect())
    }

    /// The agreement after the changes, if it is a new one: the roles of accounts that go are dropped with them.
    fn governance_after(
        &self,
        standing: &Standing,
        changes: &Changes,
        removals: &[(u32, Leaf)],
    ) -> Result<Option<Governance>, GroupError> {
        let mut gone = self.pending_removals()?;
        gone.extend(removals.iter().map(|(_, leaf)| *leaf));
        let staying = standing.leaves().filter(|leaf| !gone.contains(leaf));
        let leaves = staying.chain(changes.add.iter().map(|package| *package.leaf()));
        let identities: BTreeMap<_, _> = leaves.map(|leaf| (leaf.account, leaf.identity)).collect();
        let keeps_role = |account: &AccountId| {
            let before = standing.accounts.get(account).map(|seat| seat.identity);
            let after = identities.get(account).copied();
            after.is_some() && (before.is_none() || before == after || changes.roles.contains_key(account))
        };

        let mut governance = standing.governance.clone();
        governance.policy = changes.policy.unwrap_or(governance.policy);
        governance.roles.extend(&changes.roles);
        let closed = governance.kind.is_closed();
        governance.roles.retain(|account, role| *role > Role::Member && (closed || keeps_role(account)));
        Ok((governance != standing.governance).then_some(governance))
    }

    /// Made on a copy: the proposal counts when it comes back in the log.
    fn propose_removal(&self, number: u32, authenticated_data: Vec<u8>) -> Result<Vec<u8>, GroupError> {
        let mut copy = self.mls.clone();
        Ok(copy.propose_remove(number, authenticated_data)?.to_bytes()?)
    }
}
