//! May this actor make this change? Pure functions, asked by every client and by the server's observer alike.
//!
//! `docs/PROTOCOL.md` §7.4 numbers the rules; a comment here names the number where a rule is decided.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use sotto_proto::AccountId;

use super::governance::{FIRST_GENERATION, Governance, Policy, Role, VaultPolicy};
use super::standing::{Leaf, Seat, SeatError, Standing, seat, unseat};
use crate::certificate::Purpose;

/// Most accounts in a conversation.
pub const MAX_ACCOUNTS: usize = 1_000;

/// Most leaves of one account, the vault device included.
pub const MAX_LEAVES_PER_ACCOUNT: usize = 20;

/// Who commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committer {
    /// A device that is a member.
    Member(Leaf),
    /// A device that joins by this very commit (RFC 9420 §12.4.3.2).
    Joiner(Leaf),
}

/// Who asks for the removal of a device without committing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Petitioner {
    /// A member device, which brings nothing but its word.
    Member(Leaf),
    /// Anybody, the server included, who brings the device's signed revocation.
    Revocation,
}

/// One change in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a device.
    Add(Leaf),
    /// Removes a device, by the committer's own right.
    Remove(Leaf),
    /// Carries out a removal that was proposed and accepted before.
    Withdraw(Leaf),
    /// Replaces the agreement.
    Govern(Governance),
}

/// Why a change is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor's account is not a member.
    #[error("account {0} is not a member")]
    NotAMember(AccountId),
    /// The actor's certificate is by another identity key than the account's other devices'.
    #[error("another identity key vouches for the other devices of account {0}")]
    AnotherIdentity(AccountId),
    /// A vault device follows; it never commits, proposes or joins by itself.
    #[error("a vault device does not act")]
    VaultActs,
    /// The policy reserves adding accounts to a higher role.
    #[error("account {0} may not add accounts")]
    MayNotAdd(AccountId),
    /// Removing this account takes a role above its own.
    #[error("the actor may not remove account {0}")]
    MayNotRemove(AccountId),
    /// Others remove an account whole, or not at all.
    #[error("only some devices of account {0} would be removed")]
    PartialRemoval(AccountId),
    /// Only own devices, and devices with a signed revocation, may be proposed for removal.
    #[error("the removal of a device of account {0} may not be proposed by others")]
    MayNotPropose(AccountId),
    /// The only owner hands over before it leaves.
    #[error("the only owner may not leave")]
    OnlyOwnerLeaves,
    /// The device is not in the group.
    #[error("the device is not a member")]
    NoSuchLeaf,
    /// The removal is accepted already.
    #[error("the removal of this device waits for a commit already")]
    AlreadyPending,
    /// Every commit by a member carries out all accepted proposals.
    #[error("the commit leaves out an accepted removal")]
    PendingLeftOut,
    /// The device is about to be removed, and does not join again.
    #[error("the device is being removed")]
    BeingRemoved,
    /// A joiner removes at most its own former leaf, and changes nothing else.
    #[error("a joiner may not change anything but its own leaf")]
    JoinerChangesMore,
    /// The role of this account is not the actor's to change.
    #[error("the actor may not change the role of account {0}")]
    MayNotChangeRole(AccountId),
    /// The policy, or this part of it, is not the actor's to change.
    #[error("the actor may not change the policy so")]
    MayNotChangePolicy,
    /// Conversation, generation, kind, suite and server key never change within a group.
    #[error("a fixed part of the agreement would change")]
    FixedPartChanges,
    /// Two agreements in one commit.
    #[error("a commit has at most one new agreement")]
    TwoAgreements,
    /// The policy forbids vault devices.
    #[error("vault devices are forbidden here")]
    VaultForbidden,
    /// A role is listed for an account that is no member.
    #[error("account {0} has a role but no device in the group")]
    RoleWithoutSeat(AccountId),
    /// An account comes back under another identity key, and would keep a role that was given to the old one.
    #[error("the role of account {0} was given to another identity")]
    RoleOfAnotherIdentity(AccountId),
    /// A closed conversation has no other accounts than those listed.
    #[error("account {0} does not belong to this closed conversation")]
    AccountNotListed(AccountId),
    /// More accounts than [`MAX_ACCOUNTS`].
    #[error("the conversation has too many accounts")]
    TooManyAccounts,
    /// More leaves of one account than [`MAX_LEAVES_PER_ACCOUNT`].
    #[error("account {0} has too many devices in the group")]
    TooManyDevices(AccountId),
    /// The leaves do not go together.
    #[error(transparent)]
    Seat(#[from] SeatError),
    /// A conversation starts with its founder alone, in the role that its kind gives.
    #[error("a conversation does not start like this")]
    BadFounding,
    /// A generation continues the one before: same agreement, no new devices, no weaker suite.
    #[error("the new generation does not continue the one before")]
    BadSuccession,
}

/// Decides a commit, and says who is a member afterwards.
pub fn judge_commit(before: &Standing, committer: &Committer, changes: &[Change]) -> Result<Standing, Refusal> {
    let after = apply(before, committer, changes)?;
    match committer {
        Committer::Member(actor) => Judgement { before, after: &after, actor }.member_commits(changes)?,
        Committer::Joiner(actor) => Judgement { before, after: &after, actor }.joiner_commits(changes)?,
    }
    check_invariants(&after)?;
    Ok(after)
}

/// Decides whether the removal of `leaf` may be proposed, given the removals that are `pending` already (R11, R12).
pub fn judge_withdrawal(
    standing: &Standing,
    pending: &[Leaf],
    leaf: &Leaf,
    petitioner: &Petitioner,
) -> Result<(), Refusal> {
    if !standing.has(leaf) {
        return Err(Refusal::NoSuchLeaf);
    }
    if is_among(pending, leaf) {
        return Err(Refusal::AlreadyPending);
    }
    match petitioner {
        Petitioner::Member(actor) if actor.purpose == Purpose::Vault => Err(Refusal::VaultActs),
        Petitioner::Member(actor) if actor.account != leaf.account => Err(Refusal::MayNotPropose(leaf.account)),
        Petitioner::Member(_) if is_farewell_of_only_owner(standing, pending, leaf) => Err(Refusal::OnlyOwnerLeaves),
        Petitioner::Member(_) | Petitioner::Revocation => Ok(()),
    }
}

/// Decides whether a commit deals with the removals that were `pending` (R13).
pub fn judge_pending(after: &Standing, pending: &[Leaf], committer: &Committer) -> Result<(), Refusal> {
    match committer {
        Committer::Member(_) if pending.iter().any(|leaf| after.has(leaf)) => Err(Refusal::PendingLeftOut),
        Committer::Joiner(joiner) if after.has(joiner) && is_leaving(after, pending, joiner) => {
            Err(Refusal::BeingRemoved)
        }
        _ => Ok(()),
    }
}

/// Decides whether a conversation may start as `standing` (R1).
pub fn judge_founding(standing: &Standing) -> Result<(), Refusal> {
    let governance = &standing.governance;
    let mut leaves = standing.leaves();
    let (Some(founder), None) = (leaves.next(), leaves.next()) else { return Err(Refusal::BadFounding) };
    let alone_listed = governance.kind.is_closed() || governance.roles.len() == 1;
    let fits = standing.epoch == 0
        && governance.generation == FIRST_GENERATION
        && founder.purpose == Purpose::Device
        && alone_listed
        && governance.listed_role(&founder.account) == Role::Owner;
    if fits { Ok(()) } else { Err(Refusal::BadFounding) }
}

/// Decides whether `after`, opened by a device of `opener`, may follow `before` as the conversation's next generation (R14).
pub fn judge_generation(before: &Standing, opener: &Leaf, after: &Standing) -> Result<(), Refusal> {
    let role = before.role(&opener.account).ok_or(Refusal::NotAMember(opener.account))?;
    if opener.purpose == Purpose::Vault {
        return Err(Refusal::VaultActs);
    }
    if after.governance != succeeding(before, after) || after.leaves().any(|leaf| !is_seated_alike(before, &leaf)) {
        return Err(Refusal::BadSuccession);
    }
    let left_out = before.accounts.keys().filter(|account| !after.accounts.contains_key(account));
    for account in left_out {
        if before.governance.kind.is_closed() || Some(role) <= before.role(account) {
            return Err(Refusal::MayNotRemove(*account));
        }
    }
    check_invariants(after)
}

/// The commit under judgement.
struct Judgement<'a> {
    before: &'a Standing,
    after: &'a Standing,
    actor: &'a Leaf,
}

impl Judgement<'_> {
    fn member_commits(&self, changes: &[Change]) -> Result<(), Refusal> {
        if self.actor.purpose == Purpose::Vault {
            return Err(Refusal::VaultActs); // R2
        }
        let role = self.before.role(&self.actor.account).ok_or(Refusal::NotAMember(self.actor.account))?;
        for change in changes {
            match change {
                Change::Add(leaf) => self.adds(role, leaf)?,
                Change::Remove(leaf) => self.removes(role, leaf)?,
                Change::Withdraw(_) => {} // judged when it was proposed
                Change::Govern(new) => self.governs(role, new)?,
            }
        }
        self.replaces(role)
    }

    /// R3: a device of an account that is a member joins by itself, and replaces at most its own former leaf.
    fn joiner_commits(&self, changes: &[Change]) -> Result<(), Refusal> {
        let account = self.actor.account;
        if self.actor.purpose == Purpose::Vault {
            return Err(Refusal::VaultActs);
        }
        let seat = self.before.accounts.get(&account).ok_or(Refusal::NotAMember(account))?;
        if seat.identity != self.actor.identity {
            return Err(Refusal::AnotherIdentity(account));
        }
        let is_own = |change: &Change| matches!(change, Change::Remove(leaf) if leaf.account == account && leaf.device == self.actor.device);
        if changes.iter().all(is_own) { Ok(()) } else { Err(Refusal::JoinerChangesMore) }
    }

    /// R4 and R5: own devices always; others as the policy says, or when a generation is opened.
    fn adds(&self, role: Role, leaf: &Leaf) -> Result<(), Refusal> {
        let allowed = leaf.account == self.actor.account
            || role >= self.before.governance.policy.add
            || opens_generation(self.before);
        if allowed { Ok(()) } else { Err(Refusal::MayNotAdd(self.actor.account)) }
    }

    /// R6 to R8: own devices always; vault devices when they become forbidden; others whole, from a higher role.
    fn removes(&self, role: Role, leaf: &Leaf) -> Result<(), Refusal> {
        let vaults_end = self.after.governance.policy.vault == VaultPolicy::Forbidden;
        if leaf.account == self.actor.account || (vaults_end && leaf.purpose == Purpose::Vault) {
            return Ok(());
        }
        let replaced = self.after.accounts.get(&leaf.account).is_some_and(|seat| seat.identity != leaf.identity);
        let allowed = if self.before.governance.kind.is_closed() {
            replaced
        } else {
            Some(role) > self.before.role(&leaf.account)
        };
        if !allowed {
            return Err(Refusal::MayNotRemove(leaf.account));
        }
        let remains = self.after.accounts.get(&leaf.account).is_some_and(|seat| seat.identity == leaf.identity);
        if remains { Err(Refusal::PartialRemoval(leaf.account)) } else { Ok(()) }
    }

    /// R7: a role stays with the identity that it was given to, unless an owner says otherwise.
    fn replaces(&self, role: Role) -> Result<(), Refusal> {
        let governance = &self.after.governance;
        let keeps_role =
            |account: &&AccountId| governance.listed_role(account) > Role::Member && self.is_replaced(account);
        match self.after.accounts.keys().find(keeps_role) {
            Some(account) if role < Role::Owner => Err(Refusal::RoleOfAnotherIdentity(*account)),
            _ => Ok(()),
        }
    }

    fn is_replaced(&self, account: &AccountId) -> bool {
        let identity_in = |standing: &Standing| standing.accounts.get(account).map(|seat| seat.identity);
        let (old, new) = (identity_in(self.before), identity_in(self.after));
        old.is_some() && new.is_some() && old != new
    }

    fn governs(&self, role: Role, new: &Governance) -> Result<(), Refusal> {
        let old = &self.before.governance;
        let mutable_parts_of_old = Governance { policy: old.policy, roles: old.roles.clone(), ..new.clone() };
        if mutable_parts_of_old != *old {
            return Err(Refusal::FixedPartChanges);
        }
        if !may_change_policy(role, &old.policy, &new.policy) {
            return Err(Refusal::MayNotChangePolicy);
        }
        for account in old.roles.keys().chain(new.roles.keys()) {
            if !self.may_change_role(role, account, new.listed_role(account)) {
                return Err(Refusal::MayNotChangeRole(*account));
            }
        }
        Ok(())
    }

    /// R9: owners change the roles of those below them; everybody may step down; what is left of members who are gone goes.
    fn may_change_role(&self, role: Role, account: &AccountId, to: Role) -> bool {
        let change = to.cmp(&self.before.governance.listed_role(account));
        let gone = !self.after.accounts.contains_key(account);
        if change.is_ne() && (gone || (to == Role::Member && self.is_replaced(account))) {
            return to == Role::Member;
        }
        let own = *account == self.actor.account;
        let by_owner = role == Role::Owner && (own || self.before.role(account) < Some(Role::Owner));
        match change {
            Ordering::Equal => true,
            Ordering::Less => own || by_owner,
            Ordering::Greater => by_owner,
        }
    }
}

/// R10: a permission is changed by those who hold it before and after; the rest of the policy by admins.
fn may_change_policy(role: Role, old: &Policy, new: &Policy) -> bool {
    let permissions = [(old.add, new.add), (old.rename, new.rename), (old.post, new.post)];
    let permitted = permissions.iter().all(|(old, new)| old == new || role >= *old.max(new));
    old == new || (role >= Role::Admin && permitted)
}

/// The standing after the changes: removals first, as in RFC 9420 §12.3.
fn apply(before: &Standing, committer: &Committer, changes: &[Change]) -> Result<Standing, Refusal> {
    let mut accounts = before.accounts.clone();
    for change in changes {
        if let Change::Remove(leaf) | Change::Withdraw(leaf) = change
            && !unseat(&mut accounts, leaf)
        {
            return Err(Refusal::NoSuchLeaf);
        }
    }
    let added = changes.iter().filter_map(|change| if let Change::Add(leaf) = change { Some(leaf) } else { None });
    let joined = if let Committer::Joiner(leaf) = committer { Some(leaf) } else { None };
    added.chain(joined).try_for_each(|leaf| seat(&mut accounts, leaf))?;
    Ok(Standing { epoch: before.epoch + 1, governance: governance_after(before, changes)?, accounts })
}

fn governance_after(before: &Standing, changes: &[Change]) -> Result<Governance, Refusal> {
    let mut new = changes.iter().filter_map(|change| if let Change::Govern(new) = change { Some(new) } else { None });
    match (new.next(), new.next()) {
        (None, _) => Ok(before.governance.clone()),
        (Some(new), None) => Ok(new.clone()),
        (Some(_), Some(_)) => Err(Refusal::TwoAgreements),
    }
}

/// R15: what holds in every epoch that a commit begins.
pub(super) fn check_invariants(standing: &Standing) -> Result<(), Refusal> {
    let governance = &standing.governance;
    if standing.accounts.len() > MAX_ACCOUNTS {
        return Err(Refusal::TooManyAccounts);
    }
    for (account, seat) in &standing.accounts {
        if seat.devices.len() > MAX_LEAVES_PER_ACCOUNT {
            return Err(Refusal::TooManyDevices(*account));
        }
        if governance.policy.vault == VaultPolicy::Forbidden && has_vault(seat) {
            return Err(Refusal::VaultForbidden);
        }
        if governance.kind.is_closed() && !governance.roles.contains_key(account) {
            return Err(Refusal::AccountNotListed(*account));
        }
    }
    let absent = governance.roles.keys().find(|account| !standing.accounts.contains_key(account));
    match absent {
        Some(account) if !governance.kind.is_closed() => Err(Refusal::RoleWithoutSeat(*account)),
        _ => Ok(()),
    }
}

fn has_vault(seat: &Seat) -> bool {
    seat.devices.values().any(|purpose| *purpose == Purpose::Vault)
}

/// The first commit of a later generation re-adds the members of the one before, whoever opens it; [`judge_generation`]
/// decides over the result.
fn opens_generation(before: &Standing) -> bool {
    before.governance.generation > FIRST_GENERATION && before.epoch == 0
}

/// What the agreement of the generation after `before` must be, for the accounts and the suite that `after` has.
fn succeeding(before: &Standing, after: &Standing) -> Governance {
    let seated = |account: &AccountId| before.governance.kind.is_closed() || after.accounts.contains_key(account);
    let roles: BTreeMap<_, _> = before.governance.roles.iter().map(|(account, role)| (*account, *role)).collect();
    Governance {
        generation: before.governance.generation.saturating_add(1),
        suite: before.governance.suite.max(after.governance.suite),
        roles: roles.into_iter().filter(|(account, _)| seated(account)).collect(),
        ..before.governance.clone()
    }
}

fn is_seated_alike(standing: &Standing, leaf: &Leaf) -> bool {
    standing
        .accounts
        .get(&leaf.account)
        .is_some_and(|seat| seat.identity == leaf.identity && seat.devices.get(&leaf.device) == Some(&leaf.purpose))
}

/// Whether, with `leaf` gone, the only owner of a conversation with other members would be gone by its own wish.
fn is_farewell_of_only_owner(standing: &Standing, pending: &[Leaf], leaf: &Leaf) -> bool {
    let account = leaf.account;
    let stays = |other: Leaf| other.device != leaf.device && !is_among(pending, &other);
    let account_stays = standing.accounts[&account].leaves_of(account).any(stays);
    let owners = standing.accounts.keys().filter(|account| standing.governance.listed_role(account) == Role::Owner);
    let only_owner = owners.copied().eq([account]);
    only_owner && !account_stays && standing.accounts.len() > 1
}

/// Whether the joining device, or its whole account, was about to be removed.
fn is_leaving(after: &Standing, pending: &[Leaf], joiner: &Leaf) -> bool {
    let seat = &after.accounts[&joiner.account];
    let another_stays =
        seat.leaves_of(joiner.account).any(|leaf| leaf.device != joiner.device && !is_among(pending, &leaf));
    let account_loses_leaves = pending.iter().any(|leaf| leaf.account == joiner.account);
    is_among(pending, joiner) || (account_loses_leaves && !another_stays)
}

fn is_among(leaves: &[Leaf], leaf: &Leaf) -> bool {
    leaves.iter().any(|other| other.account == leaf.account && other.device == leaf.device)
}
