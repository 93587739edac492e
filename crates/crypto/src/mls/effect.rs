//! What a handshake changed.

use std::collections::BTreeSet;

use sotto_proto::AccountId;

use super::governance::{Policy, Role};
use super::standing::{Leaf, Standing};

/// One change that a commit made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// An account became a member.
    AccountAdded(AccountId),
    /// An account is no longer a member.
    AccountRemoved(AccountId),
    /// A device was added; after [`Effect::AccountAdded`] for the first one of an account.
    DeviceAdded(Leaf),
    /// A device was removed.
    DeviceRemoved(Leaf),
    /// The role that is written down for an account changed.
    RoleChanged {
        /// The account.
        account: AccountId,
        /// Its role before.
        from: Role,
        /// Its role from now on.
        to: Role,
    },
    /// The policy changed.
    PolicyChanged {
        /// The rules before.
        from: Policy,
        /// The rules from now on.
        to: Policy,
    },
}

/// A commit that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The epoch that it began.
    pub epoch: u64,
    /// The device that made it.
    pub committer: Leaf,
    /// Whether the committer joined by it.
    pub joined: bool,
    /// What it changed, in the order of accounts and devices. Empty when it only renewed keys.
    pub effects: Vec<Effect>,
}

/// A proposal that was accepted. The next commit must carry it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The device that goes.
    pub leaf: Leaf,
    /// The account asked for it itself; otherwise a signed revocation came with the proposal.
    pub by_own_account: bool,
}

/// What lies between two standings of one group.
pub fn effects_between(before: &Standing, after: &Standing) -> Vec<Effect> {
    let removed = before.leaves().filter(|leaf| !has_same(after, leaf)).map(Effect::DeviceRemoved);
    let added = after.leaves().filter(|leaf| !has_same(before, leaf)).map(Effect::DeviceAdded);
    let gone = before.accounts.keys().filter(|id| !after.accounts.contains_key(id)).copied();
    let new = after.accounts.keys().filter(|id| !before.accounts.contains_key(id)).copied();
    removed
        .chain(gone.map(Effect::AccountRemoved))
        .chain(new.map(Effect::AccountAdded))
        .chain(added)
        .chain(role_changes(before, after))
        .chain(policy_change(before, after))
        .collect()
}

fn has_same(standing: &Standing, leaf: &Leaf) -> bool {
    standing.has(leaf) && standing.accounts[&leaf.account].identity == leaf.identity
}

fn role_changes(before: &Standing, after: &Standing) -> Vec<Effect> {
    let listed: BTreeSet<_> = before.governance.roles.keys().chain(after.governance.roles.keys()).copied().collect();
    let change = |account| {
        let (from, to) = (before.governance.listed_role(&account), after.governance.listed_role(&account));
        (from != to).then_some(Effect::RoleChanged { account, from, to })
    };
    listed.into_iter().filter_map(change).collect()
}

fn policy_change(before: &Standing, after: &Standing) -> Option<Effect> {
    let (from, to) = (before.governance.policy, after.governance.policy);
    (from != to).then_some(Effect::PolicyChanged { from, to })
}
