//! What clients and the observer have in common when a handshake arrives.

use mls_rs::error::{AnyError, MlsError};
use mls_rs::group::proposal::Proposal;
use mls_rs::group::{
    CachedProposal, ContentType, ExportedTree, ProposalMessageDescription, ProposalSender, Roster, Sender,
};
use mls_rs::{MlsMessage, MlsMessageDescription};

use super::context::StandingError;
use super::credential::{CredentialError, read_leaf, verify_leaf};
use super::effect::{Commit, Withdrawal, effects_between};
use super::governance::GovernanceError;
use super::policing::{PolicingError, leaf_at};
use super::provider::ProviderError;
use super::rules::{Committer, Petitioner, Refusal, judge_pending, judge_withdrawal};
use super::standing::{Leaf, Standing};
use crate::revocation::{DeviceRevocation, RevocationError};

/// Longest handshake that is looked at: a commit that adds a thousand accounts under the post-quantum suite fits.
pub const MAX_HANDSHAKE_LEN: usize = 16 * 1024 * 1024;

/// Most proposals that wait for the next commit.
pub const MAX_PENDING: usize = 256;

/// Why a handshake was refused. The group is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// Longer than [`MAX_HANDSHAKE_LEN`].
    #[error("a handshake of {0} bytes is too long")]
    TooLong(usize),
    /// Not an MLS message.
    #[error("not an MLS message")]
    Malformed(#[source] MlsError),
    /// Not a commit or proposal as public message.
    #[error("not a public handshake message")]
    NotAPublicHandshake,
    /// Not a Welcome for one key package.
    #[error("not a Welcome for one key package")]
    NotAWelcome,
    /// Not a key package.
    #[error("not a key package")]
    NotAKeyPackage,
    /// A key package outside of its lifetime.
    #[error("the key package is not good at this time")]
    KeyPackageExpired,
    /// The private half of a key package is damaged.
    #[error("the private half of the key package is damaged")]
    BadKeyPackageSecret,
    /// A cipher suite that Sotto does not speak.
    #[error("unknown cipher suite")]
    UnknownSuite,
    /// For another group.
    #[error("the handshake is for another group")]
    WrongGroup,
    /// For another epoch than the current one.
    #[error("the handshake is for another epoch")]
    WrongEpoch,
    /// A commit that does not renew its committer's keys.
    #[error("the commit has no path")]
    NoPath,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A proposal that Sotto does not use, or not in this way.
    #[error("a proposal of a kind, or sent in a way, that is not used")]
    UnusedProposal,
    /// A certificate is not acceptable.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// An agreement cannot be written or read.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// Members or agreement cannot be read.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// The revocation that came with a proposal is not acceptable.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
    /// More than [`MAX_PENDING`] proposals wait.
    #[error("too many proposals wait for a commit")]
    TooManyPending,
    /// A signature, key or ciphertext is wrong.
    #[error(transparent)]
    Crypto(#[from] ProviderError),
    /// The confirmation tag is wrong: the committer holds other secrets than this member computed.
    #[error("the confirmation tag is wrong")]
    BadConfirmationTag,
    /// Anything else that RFC 9420 forbids.
    #[error("the handshake breaks the protocol")]
    Protocol(#[source] MlsError),
}

impl From<PolicingError> for HandshakeError {
    fn from(error: PolicingError) -> Self {
        match error {
            PolicingError::Refused(refusal) => Self::Refused(refusal),
            PolicingError::Standing(StandingError::Credential(error)) => Self::Credential(error),
            PolicingError::Standing(error) => Self::Standing(error),
            PolicingError::UnusedProposal => Self::UnusedProposal,
            PolicingError::NoLeaf(_) => Self::Refused(Refusal::NoSuchLeaf),
        }
    }
}

impl From<MlsError> for HandshakeError {
    fn from(error: MlsError) -> Self {
        let own = match &error {
            MlsError::MlsRulesError(inner) => own_error::<PolicingError>(inner).map(Self::from),
            MlsError::IdentityProviderError(inner) => own_error::<CredentialError>(inner).map(Self::from),
            MlsError::CryptoProviderError(inner) => own_error::<ProviderError>(inner).map(Self::from),
            MlsError::GroupIdMismatch => Some(Self::WrongGroup),
            MlsError::InvalidEpoch => Some(Self::WrongEpoch),
            MlsError::InvalidLifetime { .. } => Some(Self::KeyPackageExpired),
            MlsError::InvalidConfirmationTag => Some(Self::BadConfirmationTag),
            _ => None,
        };
        own.unwrap_or(Self::Protocol(error))
    }
}

/// Parses a handshake, before anything costly is done with it.
pub(super) fn parse(bytes: &[u8]) -> Result<MlsMessage, HandshakeError> {
    if bytes.len() > MAX_HANDSHAKE_LEN {
        return Err(HandshakeError::TooLong(bytes.len()));
    }
    let message = MlsMessage::from_bytes(bytes).map_err(HandshakeError::Malformed)?;
    match message.description() {
        MlsMessageDescription::PublicProtocolMessage { content_type: ContentType::Proposal, .. } => Ok(message),
        MlsMessageDescription::PublicProtocolMessage { content_type: ContentType::Commit, .. } => {
            if message.commit_path_leaf_node().is_some() { Ok(message) } else { Err(HandshakeError::NoPath) }
        }
        _ => Err(HandshakeError::NotAPublicHandshake),
    }
}

/// A ratchet tree that takes up all of `bytes`.
pub(super) fn parse_tree(bytes: &[u8]) -> Option<ExportedTree<'static>> {
    let tree = (bytes.len() <= MAX_HANDSHAKE_LEN).then(|| ExportedTree::from_bytes(bytes))?.ok()?;
    (tree.byte_size() == bytes.len()).then_some(tree)
}

/// The device that made a commit, by the tree before it. `None` when the message is no commit.
pub(super) fn committer_of(message: &MlsMessage, roster: &Roster<'_>) -> Result<Option<Committer>, HandshakeError> {
    match message.description() {
        MlsMessageDescription::PublicProtocolMessage { content_type: ContentType::Proposal, .. } => Ok(None),
        MlsMessageDescription::PublicProtocolMessage { sender: Sender::Member(index), .. } => {
            Ok(Some(Committer::Member(leaf_at(roster, index)?)))
        }
        _ => {
            let joiner = message.commit_path_leaf_node().ok_or(HandshakeError::NoPath)?;
            Ok(Some(Committer::Joiner(read_leaf(&joiner.signing_identity)?)))
        }
    }
}

/// The leaves whose removal was proposed and accepted in this epoch, by account and device: the library keeps no order.
pub(super) fn pending_leaves(cached: &[CachedProposal], roster: &Roster<'_>) -> Result<Vec<Leaf>, PolicingError> {
    let mut leaves =
        cached.iter().map(|cached| removed_leaf(cached.proposal(), roster)).collect::<Result<Vec<_>, _>>()?;
    leaves.sort_unstable_by_key(|leaf| (leaf.account, leaf.device));
    Ok(leaves)
}

/// Decides over a proposal whose signature was checked.
pub(super) fn judge_proposal(
    standing: &Standing,
    pending: &[Leaf],
    roster: &Roster<'_>,
    received: &ProposalMessageDescription,
) -> Result<Withdrawal, HandshakeError> {
    let leaf = removed_leaf(&received.proposal, roster)?;
    let petitioner = petitioner(roster, received)?;
    if pending.len() >= MAX_PENDING {
        return Err(HandshakeError::TooManyPending);
    }
    judge_withdrawal(standing, pending, &leaf, &petitioner)?;
    Ok(Withdrawal { leaf, by_own_account: matches!(petitioner, Petitioner::Member(_)) })
}

/// Decides over a commit that the library processed, and says what it changed.
pub(super) fn conclude(
    before: &Standing,
    pending: &[Leaf],
    committer: Committer,
    after: &Standing,
) -> Result<Commit, HandshakeError> {
    judge_pending(after, pending, &committer)?;
    let (leaf, joined) = match committer {
        Committer::Member(leaf) => (leaf, false),
        Committer::Joiner(leaf) => (leaf, true),
    };
    Ok(Commit { epoch: after.epoch, committer: leaf, joined, effects: effects_between(before, after) })
}

fn removed_leaf(proposal: &Proposal, roster: &Roster<'_>) -> Result<Leaf, PolicingError> {
    match proposal {
        Proposal::Remove(remove) => leaf_at(roster, remove.to_remove()),
        _ => Err(PolicingError::UnusedProposal),
    }
}

/// A signed revocation, in the proposal's authenticated data, speaks for itself; without one, the sender's word must do.
fn petitioner(roster: &Roster<'_>, received: &ProposalMessageDescription) -> Result<Petitioner, HandshakeError> {
    let Proposal::Remove(remove) = &received.proposal else { return Err(HandshakeError::UnusedProposal) };
    match received.sender {
        ProposalSender::NewMember => Err(HandshakeError::UnusedProposal),
        ProposalSender::Member(index) if received.authenticated_data.is_empty() => {
            Ok(Petitioner::Member(leaf_at(roster, index)?))
        }
        ProposalSender::Member(_) | ProposalSender::External(_) => {
            let revocation = DeviceRevocation::decode(&received.authenticated_data)?;
            let member = roster.member_with_index(remove.to_remove())?;
            revocation.verify(&verify_leaf(&member.signing_identity, None)?)?;
            Ok(Petitioner::Revocation)
        }
    }
}

fn own_error<E: std::error::Error + Copy + 'static>(error: &AnyError) -> Option<E> {
    error.inner_dyn_error().downcast_ref::<E>().copied()
}

#[cfg(test)]
mod tests {
    use mls_rs::error::IntoAnyError;

    use super::*;
    use crate::mls::context::ContextError;

    /// Whoever is refused, and whoever looks into a refusal, is told the reason and not only that there is one.
    #[test]
    fn errors_of_our_own_come_through_the_library() {
        let from = |error: MlsError| HandshakeError::from(error);
        let police = |error: PolicingError| from(MlsError::MlsRulesError(error.into_any_error()));
        assert!(matches!(police(Refusal::VaultActs.into()), HandshakeError::Refused(Refusal::VaultActs)));
        assert!(matches!(police(PolicingError::UnusedProposal), HandshakeError::UnusedProposal));
        assert!(matches!(police(PolicingError::NoLeaf(7)), HandshakeError::Refused(Refusal::NoSuchLeaf)));
        let standing = police(ContextError::NoAgreement.into());
        assert!(matches!(standing, HandshakeError::Standing(StandingError::Context(ContextError::NoAgreement))));
        assert!(matches!(police(CredentialError::WrongDeviceKey.into()), HandshakeError::Credential(_)));
        let identity = from(MlsError::IdentityProviderError(CredentialError::WrongDeviceKey.into_any_error()));
        assert!(matches!(identity, HandshakeError::Credential(CredentialError::WrongDeviceKey)));
        let crypto = from(MlsError::CryptoProviderError(ProviderError::LowOrderPublicKey.into_any_error()));
        assert!(matches!(crypto, HandshakeError::Crypto(ProviderError::LowOrderPublicKey)));
        assert!(matches!(from(MlsError::InvalidConfirmationTag), HandshakeError::BadConfirmationTag));
        assert!(matches!(from(MlsError::GroupIdMismatch), HandshakeError::WrongGroup));
        assert!(matches!(from(MlsError::InvalidEpoch), HandshakeError::WrongEpoch));
        assert!(matches!(from(MlsError::InvalidSignature), HandshakeError::Protocol(MlsError::InvalidSignature)));
    }

    #[test]
    fn m7_the_longest_handshake_is_looked_at_and_no_longer_one() {
        assert!(matches!(parse(&vec![0; MAX_HANDSHAKE_LEN]), Err(HandshakeError::Malformed(_))));
        assert!(matches!(parse(&vec![0; MAX_HANDSHAKE_LEN + 1]), Err(HandshakeError::TooLong(_))));
    }
}
