//! Handshakes that the log brings.

use mls_rs::group::proposal::Proposal;
use mls_rs::group::{CommitEffect, ReceivedMessage, Roster};
use mls_rs::mls_rules::{ProposalBundle, ProposalInfo};
use mls_rs::time::MlsTime;

use super::{Group, GroupError};
use crate::mls::context::standing_of;
use crate::mls::effect::{Commit, Withdrawal};
use crate::mls::handshake::{HandshakeError, committer_of, conclude, judge_proposal, parse};
use crate::mls::policing::changes;
use crate::mls::rules::{Committer, judge_commit};
use crate::mls::standing::{Leaf, Standing};
use crate::time::Time;

/// What a handshake did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A commit began a new epoch.
    Commit(Commit),
    /// A removal was proposed. A commit must follow at once; whoever sees the proposal first makes it.
    Proposal(Withdrawal),
    /// A commit removed this device. The group stays in the epoch before it, for reading.
    Removed(Commit),
}

impl Group {
    /// Processes a handshake from the log, an own one that comes back among them. `at` is the time that the log gives for the
    /// entry: lifetimes are judged by when a handshake was accepted, not by when this device got to see it.
    ///
    /// After an error the group is as it was.
    pub fn process(&mut self, handshake: &[u8], at: Time) -> Result<Received, GroupError> {
        self.ensure_member()?;
        let message = parse(handshake)?;
        let committer = committer_of(&message, &self.mls.roster())?;
        let (before, pending) = (self.standing()?, self.pending_removals()?);

        let mut next = self.mls.clone();
        let received = next.process_incoming_message_with_time(message, MlsTime::from(at.unix_seconds()))?;
        let received = match (received, committer) {
            (ReceivedMessage::Proposal(proposal), None) => {
                let withdrawal = judge_proposal(&before, &pending, &self.mls.roster(), &proposal)?;
                Received::Proposal(withdrawal)
            }
            (ReceivedMessage::Commit(commit), Some(committer)) => match commit.effect {
                CommitEffect::NewEpoch(_) => {
                    let after = standing_of(next.context(), &next.roster())?;
                    Received::Commit(conclude(&before, &pending, committer, &after)?)
                }
                CommitEffect::Removed { new_epoch, .. } => {
                    let applied = new_epoch.applied_proposals();
                    let after = standing_after(&before, &committer, applied, &self.mls.roster())?;
                    Received::Removed(conclude(&before, &pending, committer, &after)?)
                }
                CommitEffect::ReInit(_) => return Err(HandshakeError::UnusedProposal.into()),
            },
            _ => return Err(HandshakeError::NotAPublicHandshake.into()),
        };
        self.removed = matches!(received, Received::Removed(_));
        self.mls = next;
        Ok(received)
    }
}

impl Group {
    /// Whose commit a handshake of this epoch says it is, also when the commit itself is bad. Nothing of it was checked here.
    pub fn claimed_committer(&self, handshake: &[u8]) -> Option<Leaf> {
        match committer_of(&parse(handshake).ok()?, &self.mls.roster()).ok()?? {
            Committer::Member(leaf) | Committer::Joiner(leaf) => Some(leaf),
        }
    }
}

/// The standing that a commit leads to, for a member that the commit removes and that therefore never gets there.
fn standing_after(
    before: &Standing,
    committer: &Committer,
    applied: &[ProposalInfo<Proposal>],
    roster: &Roster<'_>,
) -> Result<Standing, HandshakeError> {
    let mut bundle = ProposalBundle::default();
    for applied in applied {
        bundle.add(applied.proposal.clone(), applied.sender, applied.source.clone());
    }
    Ok(judge_commit(before, committer, &changes(&bundle, committer, roster)?)?)
}
