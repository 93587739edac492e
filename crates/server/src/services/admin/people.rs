//! The accounts, as their operator sees them.

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, limits};

use crate::services::fields::{check_range, check_size};
use crate::services::{Context, Failure};
use crate::store::{AccountFilter, AccountSummary, Session};

const PAGE: u32 = 200;

pub(super) async fn list_accounts(
    context: &Context,
    request: wire::ListAccountsRequest,
) -> Result<wire::ListAccountsResponse, Failure> {
    check_size("after_user_name", request.after_user_name.as_bytes(), 0..=limits::USER_NAME_MAX)?;
    check_size("prefix", request.prefix.as_bytes(), 0..=limits::USER_NAME_MAX)?;
    let filter = AccountFilter {
        after: request.after_user_name,
        prefix: request.prefix,
        suspended_only: request.suspended_only,
    };
    let (accounts, more) = context.store.list_accounts(&filter, PAGE).await?;
    Ok(wire::ListAccountsResponse { accounts: accounts.into_iter().map(Into::into).collect(), more })
}

pub(super) async fn get_account(
    context: &Context,
    request: wire::GetAccountRequest,
) -> Result<wire::GetAccountResponse, Failure> {
    let account = AccountId::parse("account_id", &request.account_id)?;
    let summary = context.store.account_summary(account).await?;
    Ok(wire::GetAccountResponse { account: Some(summary.into()) })
}

pub(super) async fn set_suspended(
    context: &Context,
    caller: &Session,
    request: wire::SetSuspendedRequest,
) -> Result<wire::SetSuspendedResponse, Failure> {
    let account = AccountId::parse("account_id", &request.account_id)?;
    if account == caller.account && request.suspended {
        return Err(ErrorCode::NotApplicable.into());
    }
    let change = context.store.set_suspended(account, request.suspended).await?;
    context.hint_account(account, change).await;
    Ok(wire::SetSuspendedResponse {})
}

pub(super) async fn set_quota(
    context: &Context,
    request: wire::SetQuotaRequest,
) -> Result<wire::SetQuotaResponse, Failure> {
    let account = AccountId::parse("account_id", &request.account_id)?;
    let quota = check_range("storage_quota", request.storage_quota, limits::NUMBER_MAX)?;
    let change = context.store.set_quota(account, quota).await?;
    context.hint_account(account, change).await;
    Ok(wire::SetQuotaResponse {})
}

impl From<AccountSummary> for wire::AccountSummary {
    fn from(summary: AccountSummary) -> Self {
        Self {
            account_id: summary.account.to_wire(),
            user_name: summary.user_name,
            created_at_ms: summary.created_at.unix_millis(),
            last_active_at_ms: summary.active_at.unix_millis(),
            device_count: summary.devices,
            conversation_count: summary.conversations,
            storage_used: summary.storage_used,
            storage_quota: summary.storage_quota,
            suspended: summary.suspended,
            admin: summary.admin,
        }
    }
}
