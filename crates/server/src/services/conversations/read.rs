//! What of a conversation can be read: its log, its trees, its Welcomes and its read markers.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{
    ConversationId, DeviceId, Epoch, Generation, GroupPosition, Invalid, Reason, SealedMarker, Seq, Version, WelcomeId,
    limits,
};

use super::{Conversations, fields};
use crate::services::rates::Rate;
use crate::services::{Failure, Items, items};
use crate::store::{Audience, Direction, Marker, Range, Session, Standing};

const TREES: Rate = Rate::per_hour("get tree", 600);
const MARKERS: Rate = Rate::per_minute("put read marker", 60);

/// Bytes of entries in one reply.
const RANGE_BYTES_MAX: usize = 4 << 20;
const TREE_PIECE: usize = 64 << 10;
const WELCOMES_A_PAGE: u32 = 100;
const MARKERS_MAX: u32 = 1_000;

impl Conversations {
    pub(super) async fn read_log(
        &self,
        caller: &Session,
        request: wire::ReadRangeRequest,
    ) -> Result<wire::ReadRangeResponse, Failure> {
        let conversation = fields::conversation(&request.conversation_id)?;
        let range = Range {
            from: Seq::parse("from_seq", request.from_seq)?.get(),
            direction: direction(request.direction)?,
            limit: fields::ranged("limit", request.limit, 1, limits::RANGE_ENTRIES_MAX)?,
            max_bytes: RANGE_BYTES_MAX,
            handshakes_only: request.handshakes_only,
        };
        let stretch = self.context.store.read_range(caller.account, conversation, range).await?;
        Ok(wire::ReadRangeResponse {
            entries: stretch.entries.into_iter().map(items::entry).collect(),
            more: stretch.more,
            head: Some(items::head(&stretch.head)),
            chain_before: stretch.chain_before.map_or_else(Bytes::new, |hash| hash.to_vec().into()),
        })
    }

    pub(super) async fn stream_tree(
        &self,
        caller: &Session,
        request: wire::GetTreeRequest,
    ) -> Result<Items<wire::GetTreeResponse>, Failure> {
        let conversation = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        self.context.rates.take(&TREES, caller.account)?;
        self.check_may_join(caller, conversation, position).await?;
        let tree = Bytes::from(self.context.store.tree(conversation, position).await?);
        let total_size = u32::try_from(tree.len())
            .map_err(|error| Failure::internal("a stored tree is larger than any can be", Some(&error)))?;
        let pieces = (0..tree.len()).step_by(TREE_PIECE).map(move |start| {
            let piece = tree.slice(start..tree.len().min(start + TREE_PIECE));
            Ok(wire::GetTreeResponse { total_size, piece })
        });
        Ok(stream::iter(pieces).boxed())
    }

    /// Who is out may still open what was said before, by a Welcome that was made then.
    async fn check_may_join(
        &self,
        caller: &Session,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Result<(), Failure> {
        if self.context.store.is_welcome_at(caller.account, conversation, position).await? {
            return Ok(());
        }
        self.check_present(caller, conversation).await
    }

    pub(super) async fn waiting_welcomes(
        &self,
        caller: &Session,
        request: wire::ListWelcomesRequest,
    ) -> Result<wire::ListWelcomesResponse, Failure> {
        let device = DeviceId::parse("device_id", &request.device_id)?;
        let conversation = optional(&request.conversation_id, |bytes| ConversationId::parse("conversation_id", bytes))?;
        let after = optional(&request.after_welcome_id, |bytes| WelcomeId::parse("after_welcome_id", bytes))?;
        if !self.context.devices_served(caller).await?.contains(&device) {
            return Err(ErrorCode::NotFound.into());
        }
        let (welcomes, more) = self.context.store.welcomes(device, conversation, after, WELCOMES_A_PAGE).await?;
        Ok(wire::ListWelcomesResponse { welcomes: welcomes.into_iter().map(items::welcome).collect(), more })
    }

    pub(super) async fn drop_welcomes(
        &self,
        caller: &Session,
        request: wire::AckWelcomesRequest,
    ) -> Result<wire::AckWelcomesResponse, Failure> {
        fields::counted("welcome_ids", request.welcome_ids.len(), 1, WELCOMES_A_PAGE as usize)?;
        let ids = request.welcome_ids.iter().map(|id| WelcomeId::parse("welcome_ids", id));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        self.context.store.drop_welcomes(caller.account, &ids).await?;
        Ok(wire::AckWelcomesResponse {})
    }

    pub(super) async fn put_marker(
        &self,
        caller: &Session,
        request: wire::PutReadMarkerRequest,
    ) -> Result<wire::PutReadMarkerResponse, Failure> {
        let marker = request.marker.ok_or(Invalid::new("marker", Reason::Missing))?;
        let marker = marker_of(caller, marker)?;
        let (conversation, audience) = (marker.conversation, marker.audience);
        self.context.rates.take(&MARKERS, (caller.account, conversation))?;
        let head = self.context.store.head(caller.account, conversation).await?;
        if head.standing != Standing::Member {
            return Err(ErrorCode::NotFound.into());
        }
        self.context.store.put_marker(marker.clone(), self.context.now()).await?;
        let item = items::encoded(wire::subscribe_response::Item::Marker(items::marker(marker)));
        match audience {
            Audience::Members => self.context.live.to_members(conversation, Vec::new(), item).await,
            Audience::OwnDevices => self.context.live.to_account(caller.account, item).await,
        }
        Ok(wire::PutReadMarkerResponse {})
    }

    pub(super) async fn markers(
        &self,
        caller: &Session,
        request: wire::GetReadMarkersRequest,
    ) -> Result<wire::GetReadMarkersResponse, Failure> {
        let conversation = fields::conversation(&request.conversation_id)?;
        let markers = self.context.store.markers(caller.account, conversation, MARKERS_MAX).await?;
        Ok(wire::GetReadMarkersResponse { markers: markers.into_iter().map(items::marker).collect() })
    }
}

fn direction(value: i32) -> Result<Direction, Invalid> {
    match wire::Direction::try_from(value).unwrap_or_default() {
        wire::Direction::Forward => Ok(Direction::Forward),
        wire::Direction::Backward => Ok(Direction::Backward),
        wire::Direction::Unspecified => Err(Invalid::new("direction", Reason::UnknownValue(value))),
    }
}

fn optional<T>(bytes: &[u8], parse: impl FnOnce(&[u8]) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    (!bytes.is_empty()).then(|| parse(bytes)).transpose()
}

fn marker_of(caller: &Session, marker: wire::ReadMarker) -> Result<Marker, Invalid> {
    let audience = match wire::MarkerAudience::try_from(marker.audience).unwrap_or_default() {
        wire::MarkerAudience::Members => Audience::Members,
        wire::MarkerAudience::OwnDevices => Audience::OwnDevices,
        wire::MarkerAudience::Unspecified => {
            return Err(Invalid::new("marker.audience", Reason::UnknownValue(marker.audience)));
        }
    };
    let (generation, epoch) = match audience {
        Audience::Members => (
            Generation::parse("marker.generation", marker.generation)?.get(),
            Epoch::parse("marker.epoch", marker.epoch)?.get(),
        ),
        Audience::OwnDevices => (0, 0),
    };
    Ok(Marker {
        conversation: ConversationId::parse("marker.conversation_id", &marker.conversation_id)?,
        account: caller.account,
        audience,
        version: Version::parse("marker.version", marker.version)?,
        generation,
        epoch,
        sealed: SealedMarker::parse("marker.sealed", marker.sealed)?.into_bytes().into(),
    })
}
