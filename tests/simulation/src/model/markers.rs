//! Sealed read markers, each replaced only by the next version of itself.

use sotto_proto::wire::{self, ErrorCode, MarkerAudience};
use sotto_proto::{AccountId, ConversationId, Epoch, Generation, Invalid, Reason, SealedMarker, Version};

use super::conversation::{Conversation, MemberStanding, PlacedMarker};
use super::fields;
use super::gate::Session;
use super::sealed::follow;
use super::{Fault, Model, Moment};

const MARKERS_MAX: usize = 1_000;

impl Model {
    pub(super) fn put_read_marker(
        &mut self,
        caller: &Session,
        request: wire::PutReadMarkerRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::PutReadMarkerResponse, Fault> {
        let (id, marker) = parse(caller.account, fields::required("marker", request.marker)?)?;
        let (conversation, member) = self.visible(caller.account, id)?;
        if member.standing != MemberStanding::Member {
            return Err(ErrorCode::NotFound.into());
        }
        let key = (caller.account, marker.audience);
        let stored = conversation.markers.get(&key).map(|placed| &placed.marker);
        if stored == Some(&marker) {
            return Ok(wire::PutReadMarkerResponse {});
        }
        follow(marker.version, stored.map_or(0, |stored| stored.version))?;
        self.conversation_mut(id)?.markers.insert(key, PlacedMarker { marker, put_at: at.now });
        self.grown(id);
        Ok(wire::PutReadMarkerResponse {})
    }

    pub(super) fn get_read_markers(
        &mut self,
        caller: &Session,
        request: wire::GetReadMarkersRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::GetReadMarkersResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let conversation = self.joined(caller.account, id)?;
        Ok(wire::GetReadMarkersResponse { markers: conversation.markers_for(caller.account, 0, MARKERS_MAX) })
    }
}

impl Conversation {
    /// Markers that an account may see and that were put at or after a time, the most recent first.
    pub(super) fn markers_for(&self, account: AccountId, since: u64, most: usize) -> Vec<wire::ReadMarker> {
        if !self.has_present(account) {
            return Vec::new();
        }
        let is_shown = |(key, placed): &(&(AccountId, i32), &PlacedMarker)| {
            let for_members = key.1 == i32::from(MarkerAudience::Members);
            placed.put_at >= since && (for_members || key.0 == account) && self.listens(key.0)
        };
        let mut shown: Vec<_> = self.markers.iter().filter(is_shown).collect();
        shown.sort_by_key(|(_, placed)| std::cmp::Reverse(placed.put_at));
        shown.into_iter().take(most).map(|(_, placed)| placed.marker.clone()).collect()
    }
}

fn parse(account: AccountId, marker: wire::ReadMarker) -> Result<(ConversationId, wire::ReadMarker), Invalid> {
    let id = ConversationId::parse("marker.conversation_id", &marker.conversation_id)?;
    let (generation, epoch) = match MarkerAudience::try_from(marker.audience).unwrap_or_default() {
        MarkerAudience::Members => (
            Generation::parse("marker.generation", marker.generation)?.get(),
            Epoch::parse("marker.epoch", marker.epoch)?.get(),
        ),
        MarkerAudience::OwnDevices => (0, 0),
        MarkerAudience::Unspecified => {
            return Err(Invalid::new("marker.audience", Reason::UnknownValue(marker.audience)));
        }
    };
    Version::parse("marker.version", marker.version)?;
    let sealed = SealedMarker::parse("marker.sealed", marker.sealed)?.into_bytes();
    Ok((id, wire::ReadMarker { account_id: account.to_wire(), generation, epoch, sealed, ..marker }))
}
