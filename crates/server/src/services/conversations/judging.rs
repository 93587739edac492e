//! What the observer says of a handshake, and what that means for a conversation.

use std::collections::BTreeMap;

use bytes::Bytes;
use sotto_crypto::mls::effect;
use sotto_crypto::mls::governance::{History, Role as ListedRole};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::observer::{Observed, Observer, ObserverError};
use sotto_crypto::mls::rules::Refusal;
use sotto_crypto::mls::standing::{Leaf, Standing};
use sotto_crypto::mls::welcome::{KeyPackageReference, additions, reference_of};
use sotto_crypto::time::Time;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, DeviceId, WelcomeId, limits};

use crate::clock::Timestamp;
use crate::services::{Failure, random};
use crate::store::{GroupState, MemberChange, NewWelcome, Role, Session};

/// A commit that the rules allow.
pub(super) struct Judged {
    pub(super) observer: Observer,
    pub(super) standing: Standing,
    pub(super) commit: effect::Commit,
    /// The leaves that are new, each with the key package that it came by.
    pub(super) added: Vec<(Leaf, KeyPackageReference)>,
    pub(super) state: GroupState,
}

/// Judges a commit on a group. Takes time with the size of the group.
pub(super) fn judge(observer: &Observer, commit: &[u8], at: Timestamp) -> Result<Judged, Failure> {
    let (next, outcome) = observer.process(commit, time(at)).map_err(refused)?;
    let Observed::Commit(effects) = outcome else { return Err(ErrorCode::HandshakeInvalid.into()) };
    conclude(next, effects, commit)
}

/// Puts together what a judged commit leads to.
pub(super) fn conclude(observer: Observer, commit: effect::Commit, message: &[u8]) -> Result<Judged, Failure> {
    let standing = observer.standing().map_err(|error| refused(error.into()))?;
    check_leaf_count(&standing)?;
    let added = additions(message).map_err(refused)?;
    let joiner = commit.joined.then_some(commit.committer.device);
    let devices = added.iter().map(|(leaf, _)| leaf.device).chain(joiner).collect();
    let state = state(&observer, &standing, devices)?;
    Ok(Judged { observer, standing, commit, added, state })
}

/// What is kept of a group.
pub(super) fn state(observer: &Observer, standing: &Standing, added: Vec<DeviceId>) -> Result<GroupState, Failure> {
    Ok(GroupState {
        observer: observer.snapshot().map_err(refused_by_observer)?,
        tree: observer.tree().map_err(refused_by_observer)?,
        retention: standing.governance.policy.retention.map_or(0, std::num::NonZeroU32::get),
        added,
    })
}

/// The handshake's sender must be the very device that calls.
pub(super) fn check_sender(leaf: &Leaf, caller: &Session) -> Result<(), Failure> {
    if (leaf.account, leaf.device) == (caller.account, caller.device) {
        Ok(())
    } else {
        Err(ErrorCode::HandshakeForbidden.into())
    }
}

/// Who is in, who is out, and who may do what, from one standing to the next.
pub(super) fn member_changes(
    before: Option<&Standing>,
    after: &Standing,
    requested_by: impl Fn(AccountId) -> Option<AccountId>,
) -> Vec<MemberChange> {
    let whole_history = after.governance.policy.history == History::Everything;
    let role_before = |account: &AccountId| before.and_then(|before| before.role(account));
    let gone = before.into_iter().flat_map(|before| before.accounts.keys());
    let gone = gone.filter(|account| !after.accounts.contains_key(account));
    let gone = gone.map(|account| MemberChange::Gone { account: *account });
    let here = after.accounts.keys().filter_map(|account| {
        let (account, role) = (*account, after.role(account)?);
        match role_before(&account) {
            None => {
                let requested_by = requested_by(account);
                Some(MemberChange::Joined { account, role: stored_role(role), whole_history, requested_by })
            }
            Some(former) if former != role => Some(MemberChange::Role { account, role: stored_role(role) }),
            Some(_) => None,
        }
    });
    gone.chain(here).collect()
}

pub(super) fn newcomers(before: Option<&Standing>, after: &Standing) -> Vec<AccountId> {
    let is_new = |account: &&AccountId| !before.is_some_and(|before| before.accounts.contains_key(*account));
    after.accounts.keys().filter(is_new).copied().collect()
}

/// The Welcomes for the devices that were added: exactly one for each.
pub(super) fn welcomes_for(
    added: &[(Leaf, KeyPackageReference)],
    welcomes: Vec<Bytes>,
) -> Result<Vec<NewWelcome>, Failure> {
    let mut waiting: BTreeMap<KeyPackageReference, Leaf> =
        added.iter().map(|(leaf, reference)| (*reference, *leaf)).collect();
    let mut addressed = Vec::with_capacity(welcomes.len());
    for welcome in welcomes {
        let reference = reference_of(&welcome).map_err(refused)?;
        let leaf = waiting.remove(&reference).ok_or(ErrorCode::HandshakeInvalid)?;
        addressed.push(NewWelcome {
            id: WelcomeId::from_bytes(random::bytes()),
            account: leaf.account,
            device: leaf.device,
            reference: reference.to_vec(),
            welcome: welcome.into(),
        });
    }
    if waiting.is_empty() { Ok(addressed) } else { Err(ErrorCode::HandshakeInvalid.into()) }
}

pub(super) fn time(at: Timestamp) -> Time {
    Time::from_unix_seconds(at.unix_millis() / 1_000)
}

pub(super) fn refused_by_observer(error: ObserverError) -> Failure {
    match error {
        ObserverError::Handshake(error) => refused(error),
        ObserverError::NotABeginning | ObserverError::AnotherServer => ErrorCode::HandshakeInvalid.into(),
        ObserverError::BadSnapshot => Failure::internal("a stored group cannot be read", Some(&error)),
    }
}

/// What a member, or its program, is told about a handshake that was refused.
#[allow(clippy::needless_pass_by_value, reason = "the end of errors: it stands in every map_err")]
pub(super) fn refused(error: HandshakeError) -> Failure {
    match error {
        HandshakeError::Refused(refusal) => forbidden(&refusal),
        HandshakeError::UnknownSuite => ErrorCode::SuiteNotAllowed.into(),
        HandshakeError::TooManyPending => ErrorCode::LimitReached.into(),
        HandshakeError::TooLong(_)
        | HandshakeError::Malformed(_)
        | HandshakeError::NotAPublicHandshake
        | HandshakeError::NotAWelcome
        | HandshakeError::NotAKeyPackage
        | HandshakeError::KeyPackageExpired
        | HandshakeError::BadKeyPackageSecret
        | HandshakeError::WrongGroup
        | HandshakeError::WrongEpoch
        | HandshakeError::NoPath
        | HandshakeError::UnusedProposal
        | HandshakeError::Credential(_)
        | HandshakeError::Governance(_)
        | HandshakeError::Standing(_)
        | HandshakeError::Revocation(_)
        | HandshakeError::Crypto(_)
        | HandshakeError::BadConfirmationTag
        | HandshakeError::Protocol(_) => ErrorCode::HandshakeInvalid.into(),
    }
}

fn forbidden(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::TooManyAccounts => limit("MEMBERS_MAX", limits::MEMBERS_MAX),
        Refusal::TooManyDevices(_) => limit("DEVICES_MAX", limits::DEVICES_MAX),
        Refusal::Seat(_) | Refusal::BadFounding | Refusal::TwoAgreements | Refusal::NoSuchLeaf => {
            ErrorCode::HandshakeInvalid.into()
        }
        _ => ErrorCode::HandshakeForbidden.into(),
    }
}

fn check_leaf_count(standing: &Standing) -> Result<(), Failure> {
    if standing.leaves().count() <= limits::LEAVES_MAX { Ok(()) } else { Err(limit("LEAVES_MAX", limits::LEAVES_MAX)) }
}

pub(super) fn limit(name: &str, max: usize) -> Failure {
    Failure::limit(ErrorCode::LimitReached, name, u64::try_from(max).unwrap_or(u64::MAX), 0)
}

fn stored_role(role: ListedRole) -> Role {
    match role {
        ListedRole::Member => Role::Member,
        ListedRole::Admin => Role::Admin,
        ListedRole::Owner => Role::Owner,
    }
}
