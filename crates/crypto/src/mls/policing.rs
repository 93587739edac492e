//! Puts each commit before the [rules](super::rules), for clients and the observer alike.

use mls_rs::MlsRules;
use mls_rs::error::IntoAnyError;
use mls_rs::group::proposal::{AddProposal, RemoveProposal};
use mls_rs::group::{GroupContext, Roster, Sender};
use mls_rs::identity::SigningIdentity;
use mls_rs::mls_rules::{
    CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle, ProposalInfo, ProposalSource,
};

use super::context::{ContextError, StandingError, governance_of, standing_of};
use super::credential::{CredentialError, read_leaf};
use super::rules::{Change, Committer, Refusal, judge_commit};
use super::standing::Leaf;

/// Why a commit was refused before anything was computed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicingError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Members or agreement cannot be read.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// A kind of proposal that Sotto does not use, or not in this way.
    #[error("a proposal of a kind, or sent in a way, that is not used")]
    UnusedProposal,
    /// A proposal to remove a leaf that does not exist.
    #[error("there is no leaf {0}")]
    NoLeaf(u32),
}

impl From<ContextError> for PolicingError {
    fn from(error: ContextError) -> Self {
        Self::Standing(error.into())
    }
}

impl From<CredentialError> for PolicingError {
    fn from(error: CredentialError) -> Self {
        Self::Standing(error.into())
    }
}

impl IntoAnyError for PolicingError {
    fn into_dyn_error(self) -> Result<Box<dyn std::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

/// The rules as the group library calls them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Police;

impl MlsRules for Police {
    type Error = PolicingError;

    fn filter_proposals(
        &self,
        _direction: CommitDirection,
        source: CommitSource,
        current_roster: &Roster<'_>,
        current_context: &GroupContext,
        proposals: ProposalBundle,
    ) -> Result<ProposalBundle, PolicingError> {
        let standing = standing_of(current_context, current_roster)?;
        let committer = committer(&source)?;
        let changes = changes(&proposals, &committer, current_roster)?;
        judge_commit(&standing, &committer, &changes)?;
        Ok(proposals)
    }

    /// Every commit renews the committer's keys. The tree is fetched apart, so neither a Welcome nor a group info carries it.
    fn commit_options(
        &self,
        _: &Roster<'_>,
        _: &GroupContext,
        _: &ProposalBundle,
    ) -> Result<CommitOptions, PolicingError> {
        Ok(CommitOptions::new()
            .with_path_required(true)
            .with_ratchet_tree_extension(false)
            .with_allow_external_commit(false))
    }

    fn encryption_options(&self, _: &Roster<'_>, _: &GroupContext) -> Result<EncryptionOptions, PolicingError> {
        Ok(EncryptionOptions::default())
    }
}

fn committer(source: &CommitSource) -> Result<Committer, PolicingError> {
    Ok(match source {
        CommitSource::ExistingMember(member) => Committer::Member(read_leaf(&member.signing_identity)?),
        CommitSource::NewMember(identity) => Committer::Joiner(read_leaf(identity)?),
    })
}

/// What the proposals change, in the terms of the rules.
pub(super) fn changes(
    proposals: &ProposalBundle,
    committer: &Committer,
    roster: &Roster<'_>,
) -> Result<Vec<Change>, PolicingError> {
    check_kinds(proposals, committer)?;
    let removed = proposals.remove_proposals().iter().map(|proposal| removal(proposal, roster));
    let added = proposals.add_proposals().iter().map(addition);
    let governed = proposals.group_context_ext_proposals().iter().map(|proposal| match proposal.source {
        ProposalSource::ByValue => Ok(Change::Govern(governance_of(&proposal.proposal)?)),
        _ => Err(PolicingError::UnusedProposal),
    });
    removed.chain(added).chain(governed).collect()
}

/// Updates come as commits with a path; re-initialisation is a new generation; only joiners start from outside.
fn check_kinds(proposals: &ProposalBundle, committer: &Committer) -> Result<(), PolicingError> {
    let joins = usize::from(matches!(committer, Committer::Joiner(_)));
    let used = proposals.add_proposals().len() + proposals.remove_proposals().len();
    let used = used + proposals.group_context_ext_proposals().len() + joins;
    let unused = proposals.external_init_proposals().len() != joins || proposals.length() != used;
    if unused { Err(PolicingError::UnusedProposal) } else { Ok(()) }
}

fn addition(proposal: &ProposalInfo<AddProposal>) -> Result<Change, PolicingError> {
    let identity: &SigningIdentity = proposal.proposal.signing_identity();
    match proposal.source {
        ProposalSource::ByValue => Ok(Change::Add(read_leaf(identity)?)),
        _ => Err(PolicingError::UnusedProposal),
    }
}

fn removal(proposal: &ProposalInfo<RemoveProposal>, roster: &Roster<'_>) -> Result<Change, PolicingError> {
    let leaf = leaf_at(roster, proposal.proposal.to_remove())?;
    match (&proposal.source, proposal.sender) {
        (ProposalSource::ByValue, _) => Ok(Change::Remove(leaf)),
        (ProposalSource::ByReference(_), Sender::Member(_) | Sender::External(_)) => Ok(Change::Withdraw(leaf)),
        _ => Err(PolicingError::UnusedProposal),
    }
}

/// The leaf at `index`.
pub(super) fn leaf_at(roster: &Roster<'_>, index: u32) -> Result<Leaf, PolicingError> {
    let member = roster.member_with_index(index).map_err(|_| PolicingError::NoLeaf(index))?;
    Ok(read_leaf(&member.signing_identity)?)
}
