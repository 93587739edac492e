//! What the observer says of a handshake, what the server has on file about it, and what follows for a conversation.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rand::RngExt as _;
use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::effect;
use sotto_crypto::mls::governance::{History, Role as ListedRole};
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::mls::standing::{Leaf, Standing};
use sotto_crypto::mls::welcome::{KeyPackageReference, additions, reference_of};
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, ConversationId, GroupPosition, WelcomeId, limits};

use super::account::{Account, Welcome};
use super::conversation::{Conversation, Member, MemberStanding, Until};
use super::gate::Session;
use super::{Fault, Model, Moment};

/// A commit that the rules allow.
pub(super) struct Judged {
    pub(super) observer: Observer,
    pub(super) standing: Standing,
    pub(super) committer: Leaf,
    /// Whether the committer joins by it, from outside.
    pub(super) joined: bool,
    /// The leaves that are new, each with the key package that it came by.
    pub(super) added: Vec<(Leaf, KeyPackageReference)>,
}

/// A Welcome with the leaf that it is for.
pub(super) struct Addressed {
    leaf: Leaf,
    reference: KeyPackageReference,
    welcome: Bytes,
}

/// What a handshake does, once everything is checked.
pub(super) struct Outcome {
    pub(super) observer: Observer,
    pub(super) standing: Standing,
    pub(super) welcomes: Vec<Addressed>,
    /// Who did it.
    pub(super) by: AccountId,
    /// The newcomers who do not know whoever added them: they decide first.
    pub(super) strangers: BTreeSet<AccountId>,
}

pub(super) fn judge(observer: &Observer, commit: &[u8], now: u64) -> Result<Judged, Fault> {
    let (next, outcome) = observer.process(commit, super::time(now))?;
    let Observed::Commit(effects) = outcome else { return Err(ErrorCode::HandshakeInvalid.into()) };
    conclude(next, &effects, commit)
}

pub(super) fn conclude(observer: Observer, effects: &effect::Commit, message: &[u8]) -> Result<Judged, Fault> {
    let standing = observer.standing()?;
    if standing.leaves().count() > limits::LEAVES_MAX {
        return Err(Fault::limit("LEAVES_MAX", limits::LEAVES_MAX));
    }
    let added = additions(message)?;
    Ok(Judged { observer, standing, committer: effects.committer, joined: effects.joined, added })
}

/// The handshake's sender must be the very device that calls.
pub(super) fn check_sender(leaf: &Leaf, caller: &Session) -> Result<(), ErrorCode> {
    let is_caller = (leaf.account, leaf.device) == (caller.account, caller.device);
    if is_caller { Ok(()) } else { Err(ErrorCode::HandshakeForbidden) }
}

/// The Welcomes for the devices that were added: exactly one for each.
pub(super) fn addressed(added: &[(Leaf, KeyPackageReference)], welcomes: Vec<Bytes>) -> Result<Vec<Addressed>, Fault> {
    let mut waiting: BTreeMap<_, _> = added.iter().map(|(leaf, reference)| (*reference, *leaf)).collect();
    let mut addressed = Vec::with_capacity(welcomes.len());
    for welcome in welcomes {
        let reference = reference_of(&welcome)?;
        let leaf = waiting.remove(&reference).ok_or(ErrorCode::HandshakeInvalid)?;
        addressed.push(Addressed { leaf, reference, welcome });
    }
    if waiting.is_empty() { Ok(addressed) } else { Err(ErrorCode::HandshakeInvalid.into()) }
}

pub(super) fn newcomers(before: Option<&Standing>, after: &Standing) -> Vec<AccountId> {
    let is_new = |account: &&AccountId| !before.is_some_and(|before| before.accounts.contains_key(*account));
    after.accounts.keys().filter(is_new).copied().collect()
}

impl Model {
    /// Each leaf must be a device in force of an account that exists, under the identity key that the account has now.
    pub(super) fn check_leaves<'a>(&self, leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<(), ErrorCode> {
        let is_on_file = |leaf: &&Leaf| {
            self.account(leaf.account).is_ok_and(|account| {
                let is_vault = leaf.purpose == Purpose::Vault;
                let mut devices = account.devices_in_force();
                account.identity_key == leaf.identity
                    && devices.any(|device| (device.id, device.is_vault) == (leaf.device, is_vault))
            })
        };
        let all = leaves.into_iter().all(|leaf| is_on_file(&leaf));
        if all { Ok(()) } else { Err(ErrorCode::HandshakeForbidden) }
    }

    /// Which newcomers do not know the account that adds them. Nobody who blocks it is added.
    pub(super) fn strangers(
        &self,
        adder: AccountId,
        newcomers: &[AccountId],
    ) -> Result<BTreeSet<AccountId>, ErrorCode> {
        let others: Vec<_> = newcomers.iter().filter(|account| **account != adder).copied().collect();
        if !self.blocked_by(&others, adder).is_empty() {
            return Err(ErrorCode::HandshakeForbidden);
        }
        Ok(others.into_iter().filter(|other| !self.acquainted(adder, *other)).collect())
    }

    /// Projects what a handshake, which is in the log already, did to the group.
    pub(super) fn settle(&mut self, id: ConversationId, outcome: Outcome, at: &mut Moment<'_>) -> Result<(), Fault> {
        let Outcome { observer, standing, welcomes, by, strangers } = outcome;
        let tree = Bytes::from(observer.tree()?);
        let Some(conversation) = self.conversations.get_mut(&id) else { return Ok(()) };
        let first = conversation.members.is_empty();
        let concerned = concerned(conversation, &standing, &welcomes);
        let changes: BTreeMap<AccountId, u64> = concerned
            .into_iter()
            .filter_map(|id| {
                let account = self.accounts.get_mut(&id).filter(|account| !account.deleted)?;
                Some((id, account.next_change()))
            })
            .collect();
        conversation.remove_gone(&standing, &changes);
        let admission = Admission { by, strangers: &strangers, founder: first.then_some(by) };
        conversation.admit(&standing, &changes, &admission);
        (conversation.observer, conversation.standing) = (observer, standing);
        for welcome in welcomes {
            deliver(conversation, &mut self.accounts, welcome, &changes, at);
        }
        let gone = |account: &AccountId| !conversation.has_present(*account);
        let dropped: Vec<_> = changes.keys().copied().filter(gone).collect();
        let wire_id = id.to_wire();
        for account in dropped {
            if let Some(state) = self.accounts.get_mut(&account) {
                state.welcomes.retain(|waiting| waiting.message.conversation_id != wire_id);
            }
        }
        self.keep_tree(id, tree);
        self.grown(id);
        Ok(())
    }

    /// Keeps the trees that somebody may still join by: of this epoch, of Welcomes that wait, of checkpoints.
    fn keep_tree(&mut self, id: ConversationId, tree: Bytes) {
        let wire_id = id.to_wire();
        let wanted = |account: &Account, position: &GroupPosition| {
            let place = (position.generation.get(), position.epoch.get());
            let welcomes = account.welcomes.iter().map(|waiting| &waiting.message);
            let mut welcomes = welcomes.filter(|welcome| welcome.conversation_id == wire_id);
            let checkpoint = account.checkpoints.get(&id);
            welcomes.any(|welcome| (welcome.generation, welcome.epoch) == place)
                || checkpoint.is_some_and(|stored| (stored.generation, stored.epoch) == place)
        };
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let accounts = &self.accounts;
        conversation.trees.retain(|position, _| accounts.values().any(|account| wanted(account, position)));
        conversation.trees.insert(conversation.position, tree);
    }
}

/// How newcomers come in.
struct Admission<'a> {
    by: AccountId,
    strangers: &'a BTreeSet<AccountId>,
    /// Who makes the conversation was there from its first entry on.
    founder: Option<AccountId>,
}

impl Conversation {
    fn remove_gone(&mut self, after: &Standing, changes: &BTreeMap<AccountId, u64>) {
        let until = Until::now(self);
        let gone = self.members.iter_mut().filter(|(account, _)| !after.accounts.contains_key(account));
        for (account, member) in gone.filter(|(_, member)| member.until.is_none()) {
            if member.standing != MemberStanding::Declined {
                member.standing = MemberStanding::Removed;
                member.until = Some(until);
                member.change = changes.get(account).copied().unwrap_or(member.change);
            }
        }
    }

    fn admit(&mut self, after: &Standing, changes: &BTreeMap<AccountId, u64>, admission: &Admission<'_>) {
        let whole_history = after.governance.policy.history == History::Everything;
        let before = &self.standing;
        for (account, change) in changes {
            let Some(role) = after.role(account) else { continue };
            let is_new = !self.members.contains_key(account) || !before.accounts.contains_key(account);
            if is_new {
                let from_first = whole_history || admission.founder == Some(*account);
                let from_seq = if from_first { 1 } else { self.chain.seq() };
                let is_stranger = admission.strangers.contains(account);
                let standing = if is_stranger { MemberStanding::Requested } else { MemberStanding::Member };
                let requested_by = is_stranger.then_some(admission.by);
                let role = wire_role(role);
                let member = Member { standing, role, from_seq, until: None, requested_by, change: *change };
                self.members.insert(*account, member);
            } else if let Some(member) = self.members.get_mut(account) {
                member.role = wire_role(role);
                member.change = *change;
            }
        }
    }
}

/// Those for whom something changes.
fn concerned(conversation: &Conversation, after: &Standing, welcomes: &[Addressed]) -> BTreeSet<AccountId> {
    let before = &conversation.standing;
    let first = conversation.members.is_empty();
    let gone = conversation.members.keys().filter(|account| !after.accounts.contains_key(account));
    let here = after.accounts.keys().filter(|account| first || before.role(account) != after.role(account));
    gone.chain(here).copied().chain(welcomes.iter().map(|welcome| welcome.leaf.account)).collect()
}

fn deliver(
    conversation: &Conversation,
    accounts: &mut BTreeMap<AccountId, Account>,
    addressed: Addressed,
    changes: &BTreeMap<AccountId, u64>,
    at: &mut Moment<'_>,
) {
    let Addressed { leaf, reference, welcome } = addressed;
    let change = changes.get(&leaf.account).copied();
    let Some((account, change)) = accounts.get_mut(&leaf.account).zip(change) else { return };
    let Some(device) = account.devices_in_force().find(|device| device.id == leaf.device) else { return };
    let package = device.packages.iter().find(|package| package.reference == reference);
    let message = wire::WaitingWelcome {
        welcome_id: WelcomeId::from_bytes(at.rng.random()).to_wire(),
        device_id: leaf.device.to_wire(),
        conversation_id: conversation.id.to_wire(),
        generation: conversation.position.generation.get(),
        epoch: conversation.position.epoch.get(),
        commit_seq: conversation.last_seq(),
        welcome,
        sealed_private: package.map(|package| package.sealed_private.clone()).unwrap_or_default(),
    };
    account.welcomes.push(Welcome { change, message });
}

fn wire_role(role: ListedRole) -> wire::Role {
    match role {
        ListedRole::Member => wire::Role::Member,
        ListedRole::Admin => wire::Role::Admin,
        ListedRole::Owner => wire::Role::Owner,
    }
}
