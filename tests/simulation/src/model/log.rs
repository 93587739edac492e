//! Events into a log, and strangers who are let in or not.

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Append, ConversationId};

use super::conversation::{Conversation, Logged, MemberStanding};
use super::fields;
use super::gate::Session;
use super::{Fault, Model, Moment};

impl Model {
    pub(super) fn append(
        &mut self,
        caller: &Session,
        request: wire::AppendRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::AppendResponse, Fault> {
        let Append { conversation: id, event, position, sealed } = Append::try_from(request)?;
        let conversation = self.posting(caller.account, id)?;
        let sealed = sealed.into_bytes();
        if let Some(Logged { entry, .. }) =
            conversation.log.values().find(|known| known.entry.event_id == event.to_wire())
        {
            let place = (position.generation.get(), position.epoch.get());
            let same = (entry.generation, entry.epoch) == place && entry.body == sealed;
            let receipt = wire::AppendResponse { seq: entry.seq, received_at_ms: entry.received_at_ms };
            return if same { Ok(receipt) } else { Err(ErrorCode::IdTaken.into()) };
        }
        if conversation.position != position {
            return Err(conversation.conflict());
        }
        let seq = self.conversation_mut(id)?.take_event(event, sealed, at.now)?;
        self.grown(id);
        Ok(wire::AppendResponse { seq, received_at_ms: at.now })
    }

    pub(super) fn accept_request(
        &mut self,
        caller: &Session,
        request: wire::AcceptRequestRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::AcceptRequestResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        self.joined(caller.account, id)?;
        self.answer(caller.account, id, MemberStanding::Member)?;
        let (conversation, member) = self.visible(caller.account, id)?;
        Ok(wire::AcceptRequestResponse { head: Some(conversation.head(member)) })
    }

    pub(super) fn decline_request(
        &mut self,
        caller: &Session,
        request: wire::DeclineRequestRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::DeclineRequestResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let (_, member) = self.visible(caller.account, id)?;
        if member.standing != MemberStanding::Requested {
            return Err(ErrorCode::NotFound.into());
        }
        let stranger = member.requested_by;
        self.answer(caller.account, id, MemberStanding::Declined)?;
        if let Some(stranger) = stranger.filter(|_| request.block) {
            self.account_mut(caller.account)?.blocks.insert(stranger);
        }
        Ok(wire::DeclineRequestResponse {})
    }

    /// A conversation in which an account's role may post.
    pub(super) fn posting(&self, account: AccountId, id: ConversationId) -> Result<&Conversation, Fault> {
        let conversation = self.joined(account, id)?;
        let posts = conversation.standing.may_post(&account) && conversation.listens(account);
        if posts { Ok(conversation) } else { Err(ErrorCode::Forbidden.into()) }
    }

    fn answer(&mut self, account: AccountId, id: ConversationId, standing: MemberStanding) -> Result<(), Fault> {
        let change = self.account_mut(account)?.next_change();
        let member = self.conversation_mut(id)?.members.get_mut(&account);
        if let Some(member) = member.filter(|member| member.standing == MemberStanding::Requested) {
            (member.standing, member.change) = (standing, change);
        }
        Ok(())
    }
}
