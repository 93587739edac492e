//! What people reported, and chose to show.

use sotto_proto::{ConversationId, Invalid, Reason, ReportId, wire};

use crate::services::{Context, Failure};
use crate::store::{Refusal, Report, StoreError};

const PAGE: u32 = 100;

pub(super) async fn list_reports(
    context: &Context,
    request: wire::ListReportsRequest,
) -> Result<wire::ListReportsResponse, Failure> {
    let after = match &request.after_report_id[..] {
        [] => None,
        id => Some(ReportId::parse("after_report_id", id)?),
    };
    match context.store.open_reports(after, PAGE).await {
        Ok((reports, more)) => {
            Ok(wire::ListReportsResponse { reports: reports.into_iter().map(Into::into).collect(), more })
        }
        Err(StoreError::Refused(Refusal::CursorUnknown)) => {
            Err(Invalid::new("after_report_id", Reason::Malformed("is no report")).into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn close_report(
    context: &Context,
    request: wire::CloseReportRequest,
) -> Result<wire::CloseReportResponse, Failure> {
    let report = ReportId::parse("report_id", &request.report_id)?;
    context.store.close_report(report, context.now()).await?;
    Ok(wire::CloseReportResponse {})
}

impl From<Report> for wire::ReportSummary {
    fn from(report: Report) -> Self {
        Self {
            report_id: report.id.to_wire(),
            reported_at_ms: report.at.unix_millis(),
            reporter_account_id: report.reporter.to_wire(),
            account_id: report.account.to_wire(),
            conversation_id: report.conversation.map(ConversationId::to_wire).unwrap_or_default(),
            reason: i32::try_from(report.reason).unwrap_or_default(),
            comment: report.comment,
            shown: report.shown,
        }
    }
}
