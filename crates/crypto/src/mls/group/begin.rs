//! How a device comes to hold a group.

use mls_rs::MlsMessage;
use mls_rs::error::MlsError;
use mls_rs::group::external_commit::ExternalCommitBuilder;
use mls_rs::time::MlsTime;
use rand_core::CryptoRng;

use super::change::{Changes, PendingCommit};
use super::{Group, GroupError, numbered_leaves};
use crate::mls::context::extensions_for;
use crate::mls::credential::read_leaf;
use crate::mls::governance::{FIRST_GENERATION, Governance};
use crate::mls::handshake::{HandshakeError, MAX_HANDSHAKE_LEN, parse_tree};
use crate::mls::key_package::{CLOCK_TOLERANCE, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret};
use crate::mls::participant::{Participant, Workshop};
use crate::mls::rules::{Refusal, judge_founding, judge_generation};
use crate::mls::standing::{Leaf, Standing};
use crate::mls::suite::Suite;
use crate::time::Time;

/// A device that joined by itself. The group is one epoch ahead of the others until they process the commit.
#[derive(Debug)]
pub struct ExternalJoin {
    /// The group in its new epoch. Dropped when the server refuses the commit.
    pub group: Group,
    /// The commit, for the log.
    pub commit: Vec<u8>,
}

/// A new generation, of which its opener is the only member until the commit is accepted.
#[derive(Debug)]
pub struct Opening {
    /// The group, with the commit pending.
    pub group: Group,
    /// The group info of epoch 0, for the server.
    pub group_info: Vec<u8>,
    /// The tree of epoch 0, for the server.
    pub tree: Vec<u8>,
    /// The commit that adds the members of the generation before, and their Welcome.
    pub pending: PendingCommit,
}

impl Group {
    /// Founds a conversation, with this device as its only leaf.
    pub fn found(
        participant: &Participant,
        governance: &Governance,
        now: Time,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, GroupError> {
        let group = Self::create(participant, governance, now, rng)?;
        judge_founding(&group.standing()?)?;
        Ok(group)
    }

    /// Joins by a Welcome (RFC 9420 §12.4.3.1), with the tree that the server keeps.
    ///
    /// `predecessor` is the standing that this device knows from the generation before, if it was a member of it: without it
    /// the first epoch of a later generation cannot be judged. Says who added this device. The lifetime of leaves and
    /// certificates was judged when each was added.
    pub fn join(
        participant: &Participant,
        welcome: &[u8],
        tree: &[u8],
        key_packages: &[&KeyPackageSecret],
        predecessor: Option<&Standing>,
    ) -> Result<(Self, Leaf), GroupError> {
        let welcome = parse(welcome)?;
        let suite = suite_of(welcome.cipher_suite())?;
        let workshop = Workshop::default();
        let (reference, data) = invited(&welcome, key_packages)?.unpack()?;
        workshop.memory.put_key_package(reference, data);
        let client = workshop.client(participant, suite, DEVICE_LIFETIME);
        let (mls, info) = client
            .join_group(Some(parse_tree(tree).ok_or(GroupError::WrongTree)?), &welcome, None)
            .map_err(wrong_tree)?;
        let adder = mls.roster().member_with_index(info.sender)?;
        let adder = read_leaf(&adder.signing_identity)?;
        let group = Self::new(mls, workshop, participant)?;
        group.judge_beginning(&adder, predecessor)?;
        Ok((group, adder))
    }

    /// Joins from outside (RFC 9420 §12.4.3.2), with the group info that another device of the account, or its vault device,
    /// made. A former leaf of this very device is replaced.
    pub fn join_externally(
        participant: &Participant,
        group_info: &[u8],
        tree: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<ExternalJoin, GroupError> {
        let group_info = parse(group_info)?;
        let context = group_info.as_group_info().ok_or(HandshakeError::NotAPublicHandshake)?.group_context();
        let suite = suite_of(Some(context.cipher_suite()))?;
        let tree = parse_tree(tree).ok_or(GroupError::WrongTree)?;
        let is_own = |leaf: &Leaf| (leaf.account, leaf.device) == (participant.leaf.account, participant.leaf.device);
        let former = numbered_leaves(&tree)?.into_iter().find(|(_, leaf)| is_own(leaf)).map(|(number, _)| number);

        let workshop = Workshop::default();
        let client = workshop.client(participant, suite, DEVICE_LIFETIME);
        let builder = client.external_commit_builder()?.with_tree_data(tree);
        let builder = former.into_iter().fold(builder, ExternalCommitBuilder::with_removal);
        let build = || builder.build(group_info);
        let (mls, commit) = workshop.randomness.lend(rng, build).map_err(wrong_tree)?;
        let group = Self::new(mls, workshop, participant)?;
        Ok(ExternalJoin { group, commit: commit.to_bytes()? })
    }

    /// Opens the next generation of a conversation whose group is broken, with the accounts whose devices are in
    /// `key_packages`. Leaving an account out takes a role above its own.
    pub fn open_generation(
        participant: &Participant,
        before: &Standing,
        key_packages: Vec<KeyPackage>,
        now: Time,
        rng: &mut impl CryptoRng,
    ) -> Result<Opening, GroupError> {
        let is_kept = |account| {
            before.governance.kind.is_closed()
                || participant.leaf.account == account
                || key_packages.iter().any(|package| package.leaf().account == account)
        };
        let mut governance = before.governance.clone();
        governance.generation = governance.generation.checked_add(1).ok_or(Refusal::BadSuccession)?;
        governance.roles.retain(|account, _| is_kept(*account));

        let mut group = Self::create(participant, &governance, now, rng)?;
        let (group_info, tree) = (group.group_info()?, group.tree()?);
        let mut changes = Changes::new();
        changes.add.extend(key_packages);
        let pending = group.commit(changes, now, rng)?;
        judge_generation(before, &participant.leaf, &group.standing_after_pending()?)?;
        Ok(Opening { group, group_info, tree, pending })
    }

    fn create(
        participant: &Participant,
        governance: &Governance,
        now: Time,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, GroupError> {
        let workshop = Workshop::default();
        let lifetime = DEVICE_LIFETIME.saturating_add(CLOCK_TOLERANCE);
        let client = workshop.client(participant, governance.suite, lifetime);
        let extensions = extensions_for(governance).map_err(HandshakeError::from)?;
        let builder = client
            .group_builder()?
            .with_group_id(governance.group_id())
            .with_group_context_extensions(extensions)
            .with_now_time(MlsTime::from(now.unix_seconds().saturating_sub(CLOCK_TOLERANCE.as_secs())));
        let mls = workshop.randomness.lend(rng, || builder.build())?;
        workshop.memory.clear();
        Ok(Self { mls, workshop, own: participant.leaf, removed: false })
    }

    fn judge_beginning(&self, adder: &Leaf, predecessor: Option<&Standing>) -> Result<(), GroupError> {
        let standing = self.standing()?;
        match predecessor {
            _ if standing.governance.generation == FIRST_GENERATION || standing.epoch > 1 => Ok(()),
            Some(before) => Ok(judge_generation(before, adder, &standing)?),
            None => Err(GroupError::PredecessorNeeded),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<MlsMessage, HandshakeError> {
    if bytes.len() > MAX_HANDSHAKE_LEN {
        return Err(HandshakeError::TooLong(bytes.len()));
    }
    MlsMessage::from_bytes(bytes).map_err(HandshakeError::Malformed)
}

fn suite_of(suite: Option<mls_rs::CipherSuite>) -> Result<Suite, HandshakeError> {
    suite.and_then(|suite| Suite::from_number(suite.into())).ok_or(HandshakeError::UnknownSuite)
}

fn invited<'a>(welcome: &MlsMessage, secrets: &[&'a KeyPackageSecret]) -> Result<&'a KeyPackageSecret, GroupError> {
    let references = welcome.welcome_key_package_references();
    let is_named = |secret: &KeyPackageSecret| {
        secret.reference().is_some_and(|own| references.iter().any(|named| ***named == own))
    };
    secrets.iter().copied().find(|secret| is_named(secret)).ok_or(GroupError::NotInvited)
}

fn wrong_tree(error: MlsError) -> GroupError {
    match error {
        MlsError::TreeHashMismatch => GroupError::WrongTree,
        other => other.into(),
    }
}
