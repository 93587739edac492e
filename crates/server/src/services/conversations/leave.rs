//! An account leaves.

use std::sync::Arc;

use bytes::Bytes;
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, ConversationId, GroupPosition, Seq, limits};

use super::commit::{LEAF_SIZE, is_refusal};
use super::{Conversations, fields, judging};
use crate::clock::Timestamp;
use crate::services::Failure;
use crate::services::groups::{Group, heavy};
use crate::store::{Head, NewProposals, Session, Standing};

const ATTEMPTS: usize = 5;

impl Conversations {
    pub(super) async fn leave_conversation(
        &self,
        caller: &Session,
        request: wire::LeaveRequest,
    ) -> Result<wire::LeaveResponse, Failure> {
        let id = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        fields::counted("proposals", request.proposals.len(), 1, limits::DEVICES_MAX)?;
        for proposal in &request.proposals {
            fields::sized("proposals", proposal, 1, limits::PROPOSAL_MAX)?;
        }
        let head = self.context.store.head(caller.account, id).await?;
        match head.standing {
            Standing::Member | Standing::Requested => {}
            // The reply of then was lost.
            Standing::Left => return Ok(wire::LeaveResponse { last_seq: head.last_seq }),
            Standing::Removed => return Err(ErrorCode::NotFound.into()),
        }
        let last_seq = self.take_leave(caller.account, &head, position, &request.proposals).await?;
        self.context.groups.forget(id);
        self.tell(id, last_seq, [caller.account]).await;
        Ok(wire::LeaveResponse { last_seq })
    }

    async fn take_leave(
        &self,
        account: AccountId,
        head: &Head,
        position: GroupPosition,
        proposals: &[Bytes],
    ) -> Result<u64, Failure> {
        let id = head.conversation;
        let mut group = self.context.groups.at(id, position).await?;
        for _ in 0..ATTEMPTS {
            if group.position != position {
                return Err(ErrorDetail::epoch_conflict(group.position, Seq::new(head.last_seq)).into());
            }
            match self.try_leave(account, id, &group, proposals).await {
                Err(failure) if is_refusal(&failure) => {
                    group = self.newer_than(&group, id).await?.ok_or(failure)?;
                }
                other => return other,
            }
        }
        Err(ErrorCode::Unavailable.into())
    }

    async fn try_leave(
        &self,
        account: AccountId,
        conversation: ConversationId,
        group: &Arc<Group>,
        proposals: &[Bytes],
    ) -> Result<u64, Failure> {
        let at = self.context.now();
        let (from, messages) = (group.clone(), proposals.to_vec());
        let size = group.leaves() * LEAF_SIZE;
        let observer = heavy(size, move || farewell(&from, account, &messages, at)).await?;
        let proposals = NewProposals {
            conversation,
            position: group.position,
            judged_after: Some(group.last_handshake_seq),
            proposals: proposals.iter().map(|proposal| proposal.to_vec()).collect(),
            observer,
            at,
        };
        Ok(self.context.store.leave(account, proposals).await?)
    }
}

/// The validated view after proposals to remove all leaves of an account, by itself.
fn farewell(group: &Group, account: AccountId, proposals: &[Bytes], at: Timestamp) -> Result<Vec<u8>, Failure> {
    let mut observer: Observer = group.observer.clone();
    for proposal in proposals {
        let (next, outcome) = observer.process(proposal, judging::time(at)).map_err(judging::refused)?;
        match outcome {
            Observed::Proposal(withdrawal) if withdrawal.by_own_account && withdrawal.leaf.account == account => {
                observer = next;
            }
            Observed::Proposal(_) | Observed::Commit(_) => return Err(ErrorCode::HandshakeInvalid.into()),
        }
    }
    let pending = observer.pending_removals().map_err(judging::refused)?;
    let stays = group.standing.leaves().any(|leaf| leaf.account == account && !pending.contains(&leaf));
    if stays {
        return Err(ErrorCode::HandshakeInvalid.into());
    }
    observer.snapshot().map_err(judging::refused_by_observer)
}
