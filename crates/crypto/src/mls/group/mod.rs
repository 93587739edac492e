//! A conversation's group, as one member device holds it.
//!
//! A [`Group`] is made by founding a conversation, by a Welcome, by joining from outside, or from a snapshot. It changes in two
//! ways: a commit of its own, which waits until the server accepted it ([`Group::apply_pending`]) or refused it
//! ([`Group::discard_pending`]), and handshakes of others, which are processed on a copy that replaces the group only when all
//! is well ([`Group::process`]).

mod begin;
mod change;
mod receive;

use std::collections::BTreeMap;

use mls_rs::group::ExportedTree;
use sotto_proto::ConversationId;
use zeroize::Zeroizing;

use super::context::{StandingError, standing_of};
use super::credential::{CredentialError, read_certificate, read_key, read_leaf};
use super::handshake::{HandshakeError, pending_leaves};
use super::participant::{Config, Participant, Workshop};
use super::standing::{Leaf, Standing};
use super::suite::Suite;
use crate::certificate::DeviceCertificate;
use crate::event::Sender;
use crate::identity::DevicePublicKey;
use crate::labels;
use crate::secret::{EpochSecret, Secret, SecretVec};

pub use begin::{ExternalJoin, Opening};
pub use change::{Changes, PendingCommit};
pub use receive::Received;

const SNAPSHOT_VERSION: u8 = 1;

/// Why a group could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// This device was removed.
    #[error("this device is no longer a member")]
    NoLongerAMember,
    /// A commit of this device waits for its fate.
    #[error("a commit of this device is pending")]
    CommitPending,
    /// There is no commit to apply.
    #[error("no commit of this device is pending")]
    NoCommitPending,
    /// None of the key packages is the one that the Welcome is for.
    #[error("the Welcome is for none of these key packages")]
    NotInvited,
    /// The first epoch of a later generation is joined with the standing of the one before at hand.
    #[error("a new generation is judged by the one before")]
    PredecessorNeeded,
    /// The tree is not the one that the group signed.
    #[error("the tree is not the one that the group signed")]
    WrongTree,
    /// The snapshot is damaged, or from a newer version.
    #[error("the snapshot cannot be read")]
    BadSnapshot,
    /// The protocol or the rules say no.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

impl<E> From<E> for GroupError
where
    HandshakeError: From<E>,
    E: NotAGroupError,
{
    fn from(error: E) -> Self {
        Self::Handshake(error.into())
    }
}

/// Errors that reach a [`GroupError`] through [`HandshakeError`].
pub(super) trait NotAGroupError {}
impl NotAGroupError for mls_rs::error::MlsError {}
impl NotAGroupError for super::rules::Refusal {}
impl NotAGroupError for super::policing::PolicingError {}
impl NotAGroupError for CredentialError {}
impl NotAGroupError for StandingError {}

/// A group, from the point of view of one of its devices.
pub struct Group {
    mls: mls_rs::Group<Config>,
    workshop: Workshop,
    own: Leaf,
    removed: bool,
}

impl Group {
    /// The conversation that the group belongs to.
    pub fn conversation(&self) -> Result<ConversationId, StandingError> {
        Ok(self.standing()?.governance.conversation)
    }

    /// The cipher suite.
    pub fn suite(&self) -> Result<Suite, StandingError> {
        Ok(self.standing()?.governance.suite)
    }

    /// The current epoch.
    pub fn epoch(&self) -> u64 {
        self.mls.current_epoch()
    }

    /// This device.
    pub fn own_leaf(&self) -> &Leaf {
        &self.own
    }

    /// Whether this device is still a member.
    pub fn is_member(&self) -> bool {
        !self.removed
    }

    /// Who is a member, and what they agreed on.
    pub fn standing(&self) -> Result<Standing, StandingError> {
        standing_of(self.mls.context(), &self.mls.roster())
    }

    /// Which device signs by which key in this epoch. It is kept with the epoch's secret, for events that are opened later.
    pub fn member_keys(&self) -> Result<BTreeMap<Sender, DevicePublicKey>, CredentialError> {
        self.mls.roster().members_iter().map(|member| read_key(&member.signing_identity)).collect()
    }

    /// The certificates of all members.
    pub fn member_certificates(&self) -> Result<Vec<DeviceCertificate>, CredentialError> {
        self.mls.roster().members_iter().map(|member| read_certificate(&member.signing_identity)).collect()
    }

    /// The devices whose removal was proposed; whoever sees this first commits it.
    pub fn pending_removals(&self) -> Result<Vec<Leaf>, HandshakeError> {
        Ok(pending_leaves(&self.mls.get_cached_proposals(), &self.mls.roster())?)
    }

    /// What all members share during this epoch (RFC 9420 §8.5): events are sealed under it.
    pub fn epoch_secret(&self) -> Result<EpochSecret, GroupError> {
        let conversation = self.conversation()?;
        let exported = self.mls.export_secret(labels::EPOCH.as_bytes(), conversation.as_bytes(), EpochSecret::LEN)?;
        let secret = Secret::copy_from(exported.as_bytes()).expect("the exporter yields the length asked for");
        Ok(EpochSecret::from_secret(secret))
    }

    /// A value that is equal for all members of one epoch, and for nobody else (RFC 9420 §8.7).
    pub fn epoch_authenticator(&self) -> Result<SecretVec, GroupError> {
        Ok(SecretVec::new(self.mls.epoch_authenticator()?.as_bytes().to_vec()))
    }

    /// What another device of this account needs, beside the tree, to join by itself (RFC 9420 §12.4.3). Whoever has it can
    /// try to join, so it is given to own devices only.
    pub fn group_info(&self) -> Result<Vec<u8>, GroupError> {
        self.ensure_member()?;
        Ok(self.mls.group_info_message_allowing_ext_commit(false)?.to_bytes()?)
    }

    /// The ratchet tree (RFC 9420 §12.4.3.3), which joiners fetch from the server and check against [`Self::tree_hash`].
    pub fn tree(&self) -> Result<Vec<u8>, GroupError> {
        Ok(self.mls.export_tree().to_bytes()?)
    }

    /// The hash that every member confirmed for the tree.
    pub fn tree_hash(&self) -> &[u8] {
        &self.mls.context().tree_hash
    }

    /// The whole state, the device's signature key and a pending commit among it: to be stored sealed.
    pub fn snapshot(&mut self) -> Result<SecretVec, GroupError> {
        self.mls.write_to_storage()?;
        let state = self.workshop.memory.take_state().ok_or(GroupError::BadSnapshot)?;
        let mut bytes = Vec::with_capacity(state.len() + 2);
        bytes.extend([SNAPSHOT_VERSION, u8::from(self.removed)]);
        bytes.extend_from_slice(&state);
        Ok(SecretVec::new(bytes))
    }

    /// Restores a group from its snapshot.
    pub fn restore(snapshot: &SecretVec) -> Result<Self, GroupError> {
        let [SNAPSHOT_VERSION, removed @ (0 | 1), state @ ..] = snapshot.expose_secret() else {
            return Err(GroupError::BadSnapshot);
        };
        let workshop = Workshop::default();
        workshop.memory.put_state(Zeroizing::new(state.to_vec()));
        let mls = workshop.loader().load_group(&[]).map_err(|_| GroupError::BadSnapshot)?;
        workshop.memory.clear();
        let own = read_leaf(mls.current_member_signing_identity()?)?;
        Ok(Self { mls, workshop, own, removed: *removed == 1 })
    }

    fn new(mls: mls_rs::Group<Config>, workshop: Workshop, participant: &Participant) -> Result<Self, GroupError> {
        workshop.memory.clear();
        let group = Self { mls, workshop, own: participant.leaf, removed: false };
        super::rules::check_invariants(&group.standing()?)?;
        Ok(group)
    }

    fn ensure_member(&self) -> Result<(), GroupError> {
        if self.removed { Err(GroupError::NoLongerAMember) } else { Ok(()) }
    }

    /// The numbers of the leaves, as the library names them in removals.
    fn leaf_numbers(&self) -> Result<Vec<(u32, Leaf)>, GroupError> {
        numbered_leaves(&self.mls.export_tree())
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mls: _, workshop: _, own, removed } = self;
        f.debug_struct("Group").field("epoch", &self.epoch()).field("own", own).field("removed", removed).finish()
    }
}

fn numbered_leaves(tree: &ExportedTree<'_>) -> Result<Vec<(u32, Leaf)>, GroupError> {
    let members = tree.roster().members_iter();
    members.map(|member| Ok((member.index, read_leaf(&member.signing_identity)?))).collect()
}
