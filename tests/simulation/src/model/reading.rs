//! What of a conversation can be read: its log, its trees, its Welcomes.

use sotto_proto::wire::{self, Direction, EntryKind, ErrorCode};
use sotto_proto::{ConversationId, DeviceId, Invalid, Reason, Seq, WelcomeId, limits};

use super::conversation::{Conversation, Logged, Member};
use super::fields;
use super::gate::Session;
use super::{Fault, Model, Moment};

const RANGE_BYTES_MAX: usize = 4 << 20;
const TREE_PIECE: usize = 64 << 10;
const WELCOMES_A_PAGE: usize = 100;

impl Model {
    pub(super) fn read_range(
        &mut self,
        caller: &Session,
        request: wire::ReadRangeRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ReadRangeResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        Seq::parse("from_seq", request.from_seq)?;
        let backward = is_backward(request.direction)?;
        let limit = fields::ranged("limit", request.limit, 1, limits::RANGE_ENTRIES_MAX)?;
        let (conversation, member) = self.visible(caller.account, id)?;
        let wanted = wanted(conversation, member, &request, backward);
        let fitting = fitting(&wanted, limit as usize);
        let lowest = wanted[..fitting].iter().min_by_key(|logged| logged.entry.seq);
        Ok(wire::ReadRangeResponse {
            entries: wanted[..fitting].iter().map(|logged| logged.entry.clone()).collect(),
            more: fitting < wanted.len(),
            head: Some(conversation.head(member)),
            chain_before: lowest.map(|logged| logged.chain_before.to_vec()).unwrap_or_default().into(),
        })
    }

    pub(super) fn get_tree(
        &self,
        caller: &Session,
        request: wire::GetTreeRequest,
    ) -> Result<Vec<wire::GetTreeResponse>, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        let tree = self.joined(caller.account, id)?.trees.get(&position).ok_or(ErrorCode::TreeGone)?;
        let total_size = u32::try_from(tree.len()).map_err(|_| ErrorCode::Internal)?;
        let pieces = (0..tree.len()).step_by(TREE_PIECE).map(|start| {
            let piece = tree.slice(start..tree.len().min(start + TREE_PIECE));
            wire::GetTreeResponse { total_size, piece }
        });
        Ok(pieces.collect())
    }

    pub(super) fn list_welcomes(
        &mut self,
        caller: &Session,
        request: wire::ListWelcomesRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ListWelcomesResponse, Fault> {
        let device = DeviceId::parse("device_id", &request.device_id)?;
        fields::optional(&request.conversation_id, |bytes| ConversationId::parse("conversation_id", bytes))?;
        fields::optional(&request.after_welcome_id, |bytes| WelcomeId::parse("after_welcome_id", bytes))?;
        let account = self.account(caller.account)?;
        if !account.devices_served(caller.device).contains(&device) {
            return Err(ErrorCode::NotFound.into());
        }
        let of_device = account.welcomes.iter().map(|waiting| &waiting.message);
        let of_device: Vec<_> = of_device.filter(|welcome| welcome.device_id == request.device_id).collect();
        // One that was dropped meanwhile leaves no place to go on from.
        let after = of_device.iter().position(|welcome| welcome.welcome_id == request.after_welcome_id);
        let rest = of_device[after.map_or(0, |index| index + 1)..].iter();
        let anywhere = request.conversation_id.is_empty();
        let mut rest = rest.filter(|welcome| anywhere || welcome.conversation_id == request.conversation_id);
        let welcomes = rest.by_ref().take(WELCOMES_A_PAGE).map(|welcome| (*welcome).clone()).collect();
        Ok(wire::ListWelcomesResponse { welcomes, more: rest.next().is_some() })
    }

    pub(super) fn ack_welcomes(
        &mut self,
        caller: &Session,
        request: wire::AckWelcomesRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::AckWelcomesResponse, Fault> {
        fields::counted("welcome_ids", request.welcome_ids.len(), 1, WELCOMES_A_PAGE)?;
        for id in &request.welcome_ids {
            WelcomeId::parse("welcome_ids", id)?;
        }
        let welcomes = &mut self.account_mut(caller.account)?.welcomes;
        welcomes.retain(|waiting| !request.welcome_ids.contains(&waiting.message.welcome_id));
        Ok(wire::AckWelcomesResponse {})
    }
}

fn is_backward(direction: i32) -> Result<bool, Invalid> {
    match Direction::try_from(direction).unwrap_or_default() {
        Direction::Forward => Ok(false),
        Direction::Backward => Ok(true),
        Direction::Unspecified => Err(Invalid::new("direction", Reason::UnknownValue(direction))),
    }
}

/// All that may be read from a number on, in the order of the direction. Handshakes outlive pruning: the front that it moved is
/// not theirs. Beyond either end reads from that end.
fn wanted<'a>(
    conversation: &'a Conversation,
    member: &Member,
    request: &wire::ReadRangeRequest,
    backward: bool,
) -> Vec<&'a Logged> {
    let (first, last) = conversation.readable(member);
    let first = if request.handshakes_only { member.from_seq } else { first };
    let from = request.from_seq.clamp(first, last.max(first));
    let (low, high) = if backward { (first, from.min(last)) } else { (from, last) };
    let is_wanted = |logged: &&Logged| {
        let seq = logged.entry.seq;
        let kind = !request.handshakes_only || logged.entry.kind != i32::from(EntryKind::Event);
        (low..=high).contains(&seq) && kind
    };
    let mut wanted: Vec<_> = conversation.log.values().filter(is_wanted).collect();
    if backward {
        wanted.reverse();
    }
    wanted
}

/// How many fit, and at least one.
fn fitting(wanted: &[&Logged], limit: usize) -> usize {
    let mut size = 0;
    let fits = wanted.iter().take(limit).enumerate().take_while(|(index, logged)| {
        size += logged.entry.body.len();
        *index == 0 || size <= RANGE_BYTES_MAX
    });
    fits.count()
}
