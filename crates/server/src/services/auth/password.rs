//! A new password.

use sotto_proto::wire;

use super::Auth;
use super::fields::{login_record, malformed, opaque_request};
use crate::services::Failure;
use crate::services::accounts::sealed::parse_vault;
use crate::services::rates::Rate;
use crate::store::Session;

const STARTED: Rate = Rate::per_hour("ChangePasswordStart", 10);
const FINISHED: Rate = Rate::per_hour("ChangePasswordFinish", 10);

pub(super) fn start(
    auth: &Auth,
    caller: &Session,
    request: &wire::ChangePasswordStartRequest,
) -> Result<wire::ChangePasswordStartResponse, Failure> {
    let blinded = opaque_request(&request.opaque_request)?;
    auth.context.rates.take(&STARTED, caller.account)?;
    let response = auth.context.secrets.login.start_registration(caller.account, blinded);
    Ok(wire::ChangePasswordStartResponse { opaque_response: response.map_err(|_| malformed("opaque_request"))?.into() })
}

pub(super) async fn finish(
    auth: &Auth,
    caller: &Session,
    request: wire::ChangePasswordFinishRequest,
) -> Result<wire::ChangePasswordFinishResponse, Failure> {
    let record = login_record(request.record)?;
    let vault = parse_vault(request.vault)?;
    auth.context.rates.take(&FINISHED, caller.account)?;
    let keep_only = request.end_other_sessions.then_some(caller.id);
    let ended = auth.context.store.change_password(caller.account, record, vault, keep_only).await?;
    auth.ended(caller.account, &ended.sessions, ended.change).await;
    Ok(wire::ChangePasswordFinishResponse {})
}
