//! Conversations: groups that move by validated commits, and their logs.

mod admission;
mod append;
mod commit;
mod create;
mod fields;
mod generation;
mod judging;
mod leave;
mod read;
mod requests;
mod sync;

use std::sync::Arc;

use sotto_proto::wire;

use super::removals::Removals;
use super::{Context, Failure, Items};
use crate::store::Session;

pub(super) use append::may_post;
pub(super) use sync::OVERLAP;

pub(super) struct Conversations {
    context: Arc<Context>,
    removals: Arc<Removals>,
}

impl Conversations {
    pub(super) fn new(context: Arc<Context>, removals: Arc<Removals>) -> Self {
        Self { context, removals }
    }

    pub(super) async fn create_conversation(
        &self,
        caller: &Session,
        request: wire::CreateConversationRequest,
    ) -> Result<wire::CreateConversationResponse, Failure> {
        self.create(caller, request).await
    }

    pub(super) async fn commit(
        &self,
        caller: &Session,
        request: wire::CommitRequest,
    ) -> Result<wire::CommitResponse, Failure> {
        self.commit_handshake(caller, request).await
    }

    pub(super) async fn append(
        &self,
        caller: &Session,
        request: wire::AppendRequest,
    ) -> Result<wire::AppendResponse, Failure> {
        self.append_event(caller, request).await
    }

    pub(super) async fn read_range(
        &self,
        caller: &Session,
        request: wire::ReadRangeRequest,
    ) -> Result<wire::ReadRangeResponse, Failure> {
        self.read_log(caller, request).await
    }

    pub(super) async fn sync(
        &self,
        caller: &Session,
        request: wire::SyncRequest,
    ) -> Result<wire::SyncResponse, Failure> {
        self.changes(caller, request).await
    }

    pub(super) async fn get_tree(
        &self,
        caller: &Session,
        request: wire::GetTreeRequest,
    ) -> Result<Items<wire::GetTreeResponse>, Failure> {
        self.stream_tree(caller, request).await
    }

    pub(super) async fn list_welcomes(
        &self,
        caller: &Session,
        request: wire::ListWelcomesRequest,
    ) -> Result<wire::ListWelcomesResponse, Failure> {
        self.waiting_welcomes(caller, request).await
    }

    pub(super) async fn ack_welcomes(
        &self,
        caller: &Session,
        request: wire::AckWelcomesRequest,
    ) -> Result<wire::AckWelcomesResponse, Failure> {
        self.drop_welcomes(caller, request).await
    }

    pub(super) async fn put_read_marker(
        &self,
        caller: &Session,
        request: wire::PutReadMarkerRequest,
    ) -> Result<wire::PutReadMarkerResponse, Failure> {
        self.put_marker(caller, request).await
    }

    pub(super) async fn get_read_markers(
        &self,
        caller: &Session,
        request: wire::GetReadMarkersRequest,
    ) -> Result<wire::GetReadMarkersResponse, Failure> {
        self.markers(caller, request).await
    }

    pub(super) async fn leave(
        &self,
        caller: &Session,
        request: wire::LeaveRequest,
    ) -> Result<wire::LeaveResponse, Failure> {
        self.leave_conversation(caller, request).await
    }

    pub(super) async fn new_generation(
        &self,
        caller: &Session,
        request: wire::NewGenerationRequest,
    ) -> Result<wire::NewGenerationResponse, Failure> {
        self.open_generation(caller, request).await
    }

    pub(super) async fn accept_request(
        &self,
        caller: &Session,
        request: wire::AcceptRequestRequest,
    ) -> Result<wire::AcceptRequestResponse, Failure> {
        self.accept(caller, request).await
    }

    pub(super) async fn decline_request(
        &self,
        caller: &Session,
        request: wire::DeclineRequestRequest,
    ) -> Result<wire::DeclineRequestResponse, Failure> {
        self.decline(caller, request).await
    }

    pub(super) async fn report(
        &self,
        caller: &Session,
        request: wire::ReportRequest,
    ) -> Result<wire::ReportResponse, Failure> {
        self.file_report(caller, request).await
    }
}
