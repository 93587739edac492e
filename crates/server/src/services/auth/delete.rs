//! The end of an account.

use sotto_crypto::proof::Call;
use sotto_proto::wire;

use super::Auth;
use super::fields::ClaimedDevice;
use crate::services::Failure;
use crate::services::accounts::names::NAME_HELD;
use crate::store::Session;

pub(super) async fn delete_account(
    auth: &Auth,
    caller: &Session,
    request: wire::DeleteAccountRequest,
) -> Result<wire::DeleteAccountResponse, Failure> {
    let context = &auth.context;
    let now = context.now();
    ClaimedDevice::parse(request.device)?.prove_caller(caller, Call::DeleteAccount, now)?;
    let ended = context.store.delete_account(caller.account, now.plus(NAME_HELD), now).await?;
    for session in ended {
        auth.gate.forget(session);
    }
    Ok(wire::DeleteAccountResponse {})
}
