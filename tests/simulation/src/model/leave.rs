//! An account leaves.

use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_proto::wire::{self, EntryKind, ErrorCode};
use sotto_proto::{AccountId, limits};

use super::conversation::{Conversation, MemberStanding, Until};
use super::fields;
use super::gate::Session;
use super::{Fault, Model, Moment};

impl Model {
    pub(super) fn leave(
        &mut self,
        caller: &Session,
        request: wire::LeaveRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::LeaveResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        fields::counted("proposals", request.proposals.len(), 1, limits::DEVICES_MAX)?;
        for proposal in &request.proposals {
            fields::sized("proposals", proposal, 1, limits::PROPOSAL_MAX)?;
        }
        let (conversation, member) = self.visible(caller.account, id)?;
        if member.standing == MemberStanding::Left {
            // The reply of then was lost.
            return Ok(wire::LeaveResponse { last_seq: conversation.readable(member).1 });
        }
        let conversation = self.joined(caller.account, id)?;
        if conversation.position != position {
            return Err(conversation.conflict());
        }
        let observer = farewell(conversation, caller.account, &request.proposals, at.now)?;

        let conversation = self.conversation_mut(id)?;
        for proposal in request.proposals {
            if !conversation.is_proposed(&proposal) {
                conversation.take_handshake(EntryKind::Proposal, proposal, at.now)?;
            }
        }
        conversation.observer = observer;
        let (last_seq, until) = (conversation.last_seq(), Until::now(conversation));
        let change = self.account_mut(caller.account)?.next_change();
        if let Some(member) = self.conversation_mut(id)?.members.get_mut(&caller.account) {
            member.standing = MemberStanding::Left;
            member.until = Some(until);
            member.change = change;
        }
        let wire_id = id.to_wire();
        let account = self.account_mut(caller.account)?;
        account.welcomes.retain(|waiting| waiting.message.conversation_id != wire_id);
        self.grown(id);
        Ok(wire::LeaveResponse { last_seq })
    }
}

impl Conversation {
    /// Whether a proposal is in the log of this epoch already.
    fn is_proposed(&self, proposal: &bytes::Bytes) -> bool {
        let place = (self.position.generation.get(), self.position.epoch.get());
        let entries = self.log.values().map(|logged| &logged.entry);
        let mut proposals = entries.filter(|entry| entry.kind == i32::from(EntryKind::Proposal));
        proposals.any(|entry| (entry.generation, entry.epoch) == place && entry.body == proposal)
    }
}

/// The validated view after proposals to remove all leaves of an account, by itself.
fn farewell(
    conversation: &Conversation,
    account: AccountId,
    proposals: &[bytes::Bytes],
    now: u64,
) -> Result<Observer, Fault> {
    let mut observer = conversation.observer.clone();
    for proposal in proposals {
        let (next, outcome) = observer.process(proposal, super::time(now))?;
        match outcome {
            Observed::Proposal(withdrawal) if withdrawal.by_own_account && withdrawal.leaf.account == account => {
                observer = next;
            }
            Observed::Proposal(_) | Observed::Commit(_) => return Err(ErrorCode::HandshakeInvalid.into()),
        }
    }
    let pending = observer.pending_removals()?;
    let mut own = conversation.standing.leaves().filter(|leaf| leaf.account == account);
    if own.all(|leaf| pending.contains(&leaf)) { Ok(observer) } else { Err(ErrorCode::HandshakeInvalid.into()) }
}
