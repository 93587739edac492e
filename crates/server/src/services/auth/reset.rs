//! A new beginning by a device that is still signed in, when password and recovery code are lost: after a wait, in which every other
//! device is told and can say no.

use std::time::Duration;

use sotto_crypto::proof::Call;
use sotto_proto::wire::{self, ErrorCode};

use super::Auth;
use super::fields::{ClaimedDevice, first_devices, fixed, login_record, malformed, opaque_request};
use crate::services::accounts::sealed::parse_vault;
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{CompletedReset, Refusal, Reset, Session, StoreError};

const REQUESTED: Rate = Rate::per_thirty_days("RequestReset", 3);
const STARTED: Rate = Rate::per_hour("ResetStart", 10);
const FINISHED: Rate = Rate::per_hour("ResetFinish", 10);

const WAIT: Duration = Duration::from_hours(72);
/// How long after the wait the reset can be completed.
const OPEN: Duration = Duration::from_hours(7 * 24);

pub(super) async fn request(
    auth: &Auth,
    caller: &Session,
    request: wire::RequestResetRequest,
) -> Result<wire::RequestResetResponse, Failure> {
    let context = &auth.context;
    let now = context.now();
    let device = ClaimedDevice::parse(request.device)?;
    device.prove_caller(caller, Call::RequestReset, now)?;
    context.rates.take(&REQUESTED, caller.account)?;
    let reset = Reset { device: caller.device, ready_at: now.plus(WAIT) };
    let change = context.store.request_reset(caller.account, reset, now.minus(OPEN)).await;
    if change.is_err() {
        context.rates.give_back(&REQUESTED, caller.account);
    }
    context.hint_account(caller.account, change?).await;
    Ok(wire::RequestResetResponse { ready_at_ms: reset.ready_at.unix_millis() })
}

pub(super) async fn cancel(auth: &Auth, caller: &Session) -> Result<wire::CancelResetResponse, Failure> {
    let change = auth.context.store.cancel_reset(caller.account).await?.ok_or(ErrorCode::NotFound)?;
    auth.context.hint_account(caller.account, change).await;
    Ok(wire::CancelResetResponse {})
}

pub(super) async fn start(
    auth: &Auth,
    caller: &Session,
    request: wire::ResetStartRequest,
) -> Result<wire::ResetStartResponse, Failure> {
    let blinded = opaque_request(&request.opaque_request)?;
    auth.context.rates.take(&STARTED, caller.account)?;
    expect_ready(&auth.context, caller).await?;
    let response = auth.context.secrets.login.start_registration(caller.account, blinded);
    Ok(wire::ResetStartResponse { opaque_response: response.map_err(|_| malformed("opaque_request"))?.into() })
}

pub(super) async fn finish(
    auth: &Auth,
    caller: &Session,
    request: wire::ResetFinishRequest,
) -> Result<wire::ResetFinishResponse, Failure> {
    let context = &auth.context;
    let at = context.now();
    let login = login_record(request.record)?;
    let vault = parse_vault(request.vault)?;
    let identity_key = fixed("identity_key", &request.identity_key)?;
    let own = (caller.device, caller.device_key);
    let devices = first_devices(caller.account, identity_key, &request.certificates, own, at)?;
    context.rates.take(&FINISHED, caller.account)?;
    let (account, device, session) = (caller.account, caller.device, caller.id);
    let lapsed_before = at.minus(OPEN);
    let reset = CompletedReset { account, device, session, identity_key, login, vault, devices, lapsed_before, at };
    let ended = match context.store.complete_reset(reset).await {
        Err(StoreError::Refused(Refusal::IdTaken)) => return Err(ErrorCode::CertificateInvalid.into()),
        ended => ended?,
    };
    auth.ended(account, &ended.sessions, ended.change).await;
    Ok(wire::ResetFinishResponse {})
}

/// There is a reset that this device asked for, and its wait is over.
async fn expect_ready(context: &Context, caller: &Session) -> Result<(), Failure> {
    let now = context.now();
    let reset = context.store.account_summary(caller.account).await?.reset;
    let own = reset.filter(|reset| reset.device == caller.device && now < reset.ready_at.plus(OPEN));
    match own {
        None => Err(ErrorCode::NotFound.into()),
        Some(reset) if now < reset.ready_at => Err(ErrorCode::NotApplicable.into()),
        Some(_) => Ok(()),
    }
}
