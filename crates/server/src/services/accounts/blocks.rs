//! Whom an account blocks. They are not told.

use sotto_proto::{AccountId, Invalid, Reason, wire};

use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::Session;

const BLOCKED: Rate = Rate::per_hour("BlockAccount", 600);
const UNBLOCKED: Rate = Rate::per_hour("UnblockAccount", 600);
const PAGE: u32 = 1_000;

pub(super) async fn block_account(
    context: &Context,
    caller: &Session,
    request: wire::BlockAccountRequest,
) -> Result<wire::BlockAccountResponse, Failure> {
    let blocked = AccountId::parse("account_id", &request.account_id)?;
    if blocked == caller.account {
        return Err(Invalid::new("account_id", Reason::Malformed("is the caller's own")).into());
    }
    context.rates.take(&BLOCKED, caller.account)?;
    context.store.block(caller.account, blocked).await?;
    Ok(wire::BlockAccountResponse {})
}

pub(super) async fn unblock_account(
    context: &Context,
    caller: &Session,
    request: wire::UnblockAccountRequest,
) -> Result<wire::UnblockAccountResponse, Failure> {
    let blocked = AccountId::parse("account_id", &request.account_id)?;
    context.rates.take(&UNBLOCKED, caller.account)?;
    context.store.unblock(caller.account, blocked).await?;
    Ok(wire::UnblockAccountResponse {})
}

pub(super) async fn list_blocked(
    context: &Context,
    caller: &Session,
    request: wire::ListBlockedRequest,
) -> Result<wire::ListBlockedResponse, Failure> {
    let after = match &request.after_account_id[..] {
        [] => None,
        id => Some(AccountId::parse("after_account_id", id)?),
    };
    let (blocked, more) = context.store.blocked(caller.account, after, PAGE).await?;
    Ok(wire::ListBlockedResponse { account_ids: blocked.into_iter().map(AccountId::to_wire).collect(), more })
}
