//! What strangers want, and what people want the operator to know.

use sotto_proto::wire::{self, ErrorCode, ReportReason};
use sotto_proto::{AccountId, ConversationId, Invalid, Reason, ReportId, limits};

use super::{Conversations, fields};
use crate::services::rates::Rate;
use crate::services::{Failure, items};
use crate::store::{Report, Session};

const ANSWERS: Rate = Rate::per_hour("answer request", 600);
const REPORTS: Rate = Rate::per_day("report", 20);

const COMMENT_MAX: usize = 2_000;
const SHOWN_MAX: usize = 16 << 10;

impl Conversations {
    pub(super) async fn accept(
        &self,
        caller: &Session,
        request: wire::AcceptRequestRequest,
    ) -> Result<wire::AcceptRequestResponse, Failure> {
        let conversation = fields::conversation(&request.conversation_id)?;
        self.context.rates.take(&ANSWERS, caller.account)?;
        let head = self.context.store.accept_request(caller.account, conversation).await?;
        self.tell_of_answer(caller, conversation).await;
        Ok(wire::AcceptRequestResponse { head: Some(items::head(&head)) })
    }

    pub(super) async fn decline(
        &self,
        caller: &Session,
        request: wire::DeclineRequestRequest,
    ) -> Result<wire::DeclineRequestResponse, Failure> {
        let conversation = fields::conversation(&request.conversation_id)?;
        self.context.rates.take(&ANSWERS, caller.account)?;
        self.context.store.decline_request(caller.account, conversation, request.block).await?;
        self.tell_of_answer(caller, conversation).await;
        Ok(wire::DeclineRequestResponse {})
    }

    /// The stranger is not told; the account's other devices are.
    async fn tell_of_answer(&self, caller: &Session, conversation: ConversationId) {
        self.context.live.members_changed(conversation).await;
        self.context.hint_account(caller.account, limits::NUMBER_MAX).await;
    }

    pub(super) async fn file_report(
        &self,
        caller: &Session,
        request: wire::ReportRequest,
    ) -> Result<wire::ReportResponse, Failure> {
        let report = self.report_of(caller, request)?;
        self.context.rates.take(&REPORTS, caller.account)?;
        if let Some(conversation) = report.conversation {
            self.context.store.head(caller.account, conversation).await?;
        }
        if self.context.store.account_keys(&[(report.account, 0)]).await?.is_empty() {
            return Err(ErrorCode::NotFound.into());
        }
        self.context.store.report(report).await?;
        Ok(wire::ReportResponse {})
    }

    fn report_of(&self, caller: &Session, request: wire::ReportRequest) -> Result<Report, Invalid> {
        fields::sized("comment", request.comment.as_bytes(), 0, COMMENT_MAX)?;
        fields::sized("shown", request.shown.as_bytes(), 0, SHOWN_MAX)?;
        let reason = ReportReason::try_from(request.reason).unwrap_or_default();
        if reason == ReportReason::Unspecified {
            return Err(Invalid::new("reason", Reason::UnknownValue(request.reason)));
        }
        let conversation =
            (!request.conversation_id.is_empty()).then(|| fields::conversation(&request.conversation_id));
        Ok(Report {
            id: ReportId::parse("report_id", &request.report_id)?,
            reporter: caller.account,
            account: AccountId::parse("account_id", &request.account_id)?,
            conversation: conversation.transpose()?,
            reason: request.reason.unsigned_abs(),
            comment: request.comment,
            shown: request.shown,
            at: self.context.now(),
        })
    }
}
