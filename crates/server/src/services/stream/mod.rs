//! Live delivery to devices, and signals that are not kept.

mod subscription;

use std::sync::Arc;

use bytes::Bytes;
use sotto_proto::wire::{self, subscribe_response::Item};
use sotto_proto::{ConversationId, Cursor, Epoch, Generation, GroupPosition, Invalid, Reason, SealedSignal};

use self::subscription::Subscription;
use super::conversations::may_post;
use super::rates::Rate;
use super::{Context, Failure, Items, items};
use crate::store::Session;

const STREAMS: Rate = Rate::per_hour("subscribe", 120);
const SIGNALS: Rate = Rate::per_ten_seconds("send signal", 20);

pub(super) struct LiveStream {
    context: Arc<Context>,
}

impl LiveStream {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// The items are encoded already: what many devices get is encoded once.
    pub(super) async fn subscribe(
        &self,
        caller: &Session,
        request: wire::SubscribeRequest,
    ) -> Result<Items<Bytes>, Failure> {
        let cursor = Cursor::parse("cursor", request.cursor)?;
        self.context.rates.take(&STREAMS, caller.account)?;
        let place = self.context.cursors.open(caller.account, &cursor)?;
        Ok(Subscription::begin(self.context.clone(), caller, place).await?.into_items())
    }

    pub(super) async fn send_signal(
        &self,
        caller: &Session,
        request: wire::SendSignalRequest,
    ) -> Result<wire::SendSignalResponse, Failure> {
        let signal = request.signal.ok_or(Invalid::new("signal", Reason::Missing))?;
        let conversation = ConversationId::parse("signal.conversation_id", &signal.conversation_id)?;
        let position = GroupPosition {
            generation: Generation::parse("signal.generation", signal.generation)?,
            epoch: Epoch::parse("signal.epoch", signal.epoch)?,
        };
        let sealed = SealedSignal::parse("signal.sealed", signal.sealed)?.into_bytes();
        self.context.rates.take(&SIGNALS, (caller.account, conversation))?;
        let roster = may_post(&self.context, caller, conversation, position).await?;

        let members: Vec<_> = roster.members().iter().map(|seat| seat.account).collect();
        let except = self.context.store.blocked_by(caller.account, &members).await?;
        let signal = wire::StreamSignal {
            conversation_id: conversation.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            sealed,
        };
        self.context.live.to_members(conversation, except, items::encoded(Item::Signal(signal))).await;
        Ok(wire::SendSignalResponse {})
    }
}
