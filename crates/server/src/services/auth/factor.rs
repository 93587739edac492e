//! Turning the second factor on and off.

use std::time::Duration;

use sotto_crypto::primitives::sha256;
use sotto_proto::wire::{self, ErrorCode};

use super::Auth;
use super::codes::{BackupCodes, Offer, TotpCode};
use crate::clock::Timestamp;
use crate::services::Failure;
use crate::services::rates::Rate;
use crate::store::{AttemptId, Refusal, SecondFactor, Session, StoreError};

const STARTED: Rate = Rate::per_hour("EnableTotpStart", 10);
const DISABLED: Rate = Rate::per_hour("DisableTotp", 10);
const RENEWED: Rate = Rate::per_hour("RenewBackupCodes", 10);

/// How long a person may take to bring the secret into an authenticator.
const OFFER_WAITS: Duration = Duration::from_mins(10);
const CODES_MAX: u32 = 5;

pub(super) async fn enable_start(auth: &Auth, caller: &Session) -> Result<wire::EnableTotpStartResponse, Failure> {
    let context = &auth.context;
    context.rates.take(&STARTED, caller.account)?;
    let offer = Offer::new(context.now());
    context.store.offer_second_factor(caller.account, &offer.seal(context, caller.account)).await?;
    Ok(wire::EnableTotpStartResponse { secret: offer.secret.expose_secret().to_vec().into() })
}

pub(super) async fn enable_finish(
    auth: &Auth,
    caller: &Session,
    request: wire::EnableTotpFinishRequest,
) -> Result<wire::EnableTotpFinishResponse, Failure> {
    let context = &auth.context;
    let code = TotpCode::parse(request.totp_code)?;
    let kept = context.store.second_factor(caller.account).await?.ok_or(ErrorCode::NotApplicable)?;
    let SecondFactor { sealed_secret, last_step } = kept;
    let offer = Offer::open(context, caller.account, &sealed_secret)?;
    let ends = offer.offered_at.plus(OFFER_WAITS);
    if ends <= context.now() {
        return Err(ErrorCode::NotApplicable.into());
    }
    count_code(auth, &sealed_secret, ends).await?;
    let step = code.step(&offer.secret, context.now()).ok_or(ErrorCode::SecondFactorWrong)?;

    let codes = BackupCodes::with_secret(context, caller.account, &sealed_secret);
    let store = &context.store;
    match store.enable_second_factor(caller.account, &sealed_secret, step, &codes.hashes).await {
        Ok(change) => context.hint_account(caller.account, change).await,
        // The very code that turned it on, once more: the reply was lost, and with it the codes.
        Err(StoreError::Refused(Refusal::NotApplicable)) if step == last_step => {}
        Err(error) => return Err(error.into()),
    }
    Ok(wire::EnableTotpFinishResponse { backup_codes: codes.shown })
}

pub(super) async fn disable(auth: &Auth, caller: &Session) -> Result<wire::DisableTotpResponse, Failure> {
    auth.context.rates.take(&DISABLED, caller.account)?;
    let change = auth.context.store.disable_second_factor(caller.account).await?;
    auth.context.hint_account(caller.account, change).await;
    Ok(wire::DisableTotpResponse {})
}

pub(super) async fn renew_backup_codes(
    auth: &Auth,
    caller: &Session,
) -> Result<wire::RenewBackupCodesResponse, Failure> {
    let context = &auth.context;
    context.rates.take(&RENEWED, caller.account)?;
    let codes = BackupCodes::draw(context, caller.account);
    let change = context.store.renew_backup_codes(caller.account, &codes.hashes).await?;
    context.hint_account(caller.account, change).await;
    Ok(wire::RenewBackupCodesResponse { backup_codes: codes.shown })
}

/// After the last one only a new secret helps.
async fn count_code(auth: &Auth, sealed_secret: &[u8], ends: Timestamp) -> Result<(), Failure> {
    let digest = sha256(&[sealed_secret]);
    let attempt = AttemptId(*digest.first_chunk().expect("a digest is longer than an id"));
    match auth.context.store.count_try(attempt, CODES_MAX, ends).await {
        Err(StoreError::Refused(Refusal::AttemptOver)) => Err(ErrorCode::NotApplicable.into()),
        counted => Ok(counted?),
    }
}
