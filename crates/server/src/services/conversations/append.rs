//! One message: one durable write, and no read.

use std::sync::Arc;

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{Append, ConversationId, GroupPosition};

use super::Conversations;
use crate::services::live::Roster;
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{NewEvent, Refusal, Session, StoreError};

const BURST: Rate = Rate::per_ten_seconds("append", 60);
const SUSTAINED: Rate = Rate::per_hour("append in an hour", 3_000);

impl Conversations {
    pub(super) async fn append_event(
        &self,
        caller: &Session,
        request: wire::AppendRequest,
    ) -> Result<wire::AppendResponse, Failure> {
        let Append { conversation, event, position, sealed } = Append::try_from(request)?;
        let key = (caller.account, conversation);
        self.context.rates.take(&BURST, key)?;
        self.context.rates.take(&SUSTAINED, key)?;
        may_post(&self.context, caller, conversation, position).await?;
        let sealed = sealed.into_bytes();
        let event = NewEvent { conversation, id: event, position, sealed, at: self.context.now() };
        match self.context.store.append(event, Some(self.context.live.witness())).await {
            Ok(receipt) => {
                let received_at_ms = receipt.received_at.unix_millis();
                Ok(wire::AppendResponse { seq: receipt.seq, received_at_ms })
            }
            Err(error) => {
                if matches!(error, StoreError::Refused(Refusal::EpochConflict(_))) {
                    self.context.groups.forget(conversation);
                }
                Err(error.into())
            }
        }
    }
}

/// The roster of a conversation in which the caller's role may post.
pub(in crate::services) async fn may_post(
    context: &Context,
    caller: &Session,
    conversation: ConversationId,
    position: GroupPosition,
) -> Result<Arc<Roster>, Failure> {
    let roster = roster_for(context, caller, conversation, position).await?;
    match roster.seat(caller.account) {
        Some(seat) if seat.posts && seat.listens => Ok(roster),
        Some(_) => {
            // It is in the group; whether it is in the conversation is another question, after it declined.
            context.store.head(caller.account, conversation).await?;
            Err(ErrorCode::Forbidden.into())
        }
        None => Err(ErrorCode::NotFound.into()),
    }
}

/// The roster of a conversation that the caller is in. Strangers have nothing read for them, and get one answer for all.
async fn roster_for(
    context: &Context,
    caller: &Session,
    conversation: ConversationId,
    position: GroupPosition,
) -> Result<Arc<Roster>, Failure> {
    let rosters = context.live.rosters();
    match rosters.known_at(conversation, position) {
        Some(roster) if roster.seat(caller.account).is_some() => Ok(roster),
        _ => {
            context.store.head(caller.account, conversation).await?;
            rosters.at(conversation, position).await
        }
    }
}
