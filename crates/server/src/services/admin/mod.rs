//! Operating the server without reading anything.

mod people;
mod reports;
mod totals;

use std::sync::Arc;

use sotto_proto::wire;

use super::{Context, Failure};
use crate::store::Session;
use totals::Totals;

pub(super) struct Admin {
    context: Arc<Context>,
    totals: Totals,
}

impl Admin {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context, totals: Totals::default() }
    }

    pub(super) async fn list_accounts(
        &self,
        _: &Session,
        request: wire::ListAccountsRequest,
    ) -> Result<wire::ListAccountsResponse, Failure> {
        people::list_accounts(&self.context, request).await
    }

    pub(super) async fn get_account(
        &self,
        _: &Session,
        request: wire::GetAccountRequest,
    ) -> Result<wire::GetAccountResponse, Failure> {
        people::get_account(&self.context, request).await
    }

    pub(super) async fn set_suspended(
        &self,
        caller: &Session,
        request: wire::SetSuspendedRequest,
    ) -> Result<wire::SetSuspendedResponse, Failure> {
        people::set_suspended(&self.context, caller, request).await
    }

    pub(super) async fn set_quota(
        &self,
        _: &Session,
        request: wire::SetQuotaRequest,
    ) -> Result<wire::SetQuotaResponse, Failure> {
        people::set_quota(&self.context, request).await
    }

    pub(super) async fn get_counts(
        &self,
        _: &Session,
        _: wire::GetCountsRequest,
    ) -> Result<wire::GetCountsResponse, Failure> {
        self.totals.get(&self.context).await
    }

    pub(super) async fn list_reports(
        &self,
        _: &Session,
        request: wire::ListReportsRequest,
    ) -> Result<wire::ListReportsResponse, Failure> {
        reports::list_reports(&self.context, request).await
    }

    pub(super) async fn close_report(
        &self,
        _: &Session,
        request: wire::CloseReportRequest,
    ) -> Result<wire::CloseReportResponse, Failure> {
        reports::close_report(&self.context, request).await
    }
}
