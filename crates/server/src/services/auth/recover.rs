//! A new password by the recovery code.

use sotto_crypto::primitives::{Signature, VerifyingKey};
use sotto_crypto::proof::Call;
use sotto_crypto::recovery::RecoveryVerifier;
use sotto_proto::AccountId;
use sotto_proto::wire::{self, ErrorCode};

use super::fields::{ClaimedDevice, fixed, login_name, login_record, malformed, opaque_request};
use super::states::{ChallengeState, RECOVERY_WAITS, RecoveryState, STATE_MAX, new_attempt, record_digest};
use super::{Auth, issue};
use crate::services::accounts::sealed::parse_vault;
use crate::services::fields::check_size;
use crate::services::rates::Rate;
use crate::services::{Context, Failure, Visitor, random};
use crate::store::{Done, Login, NewRecovery, Refusal, StoreError};

const STARTED_FOR_NAME: Rate = Rate::per_hour("RecoverStart by name", 10);
const STARTED_FROM: Rate = Rate::per_hour("RecoverStart", 10);
/// Proofs tried for one challenge.
const PROOFS_MAX: u32 = 3;

/// A name that does not exist costs the same work as one that does, and gets the same answer.
pub(super) async fn start(
    auth: &Auth,
    visitor: &Visitor,
    request: wire::RecoverStartRequest,
) -> Result<wire::RecoverStartResponse, Failure> {
    let context = &auth.context;
    let name = login_name(&request.login_name)?;
    context.rates.take(&STARTED_FROM, visitor.network())?;
    context.rates.take(&STARTED_FOR_NAME, &name)?;
    let known = context.store.find_login(&name).await?;
    let decoy = context.secrets.login.decoy_account(&name);
    let state = ChallengeState {
        attempt: new_attempt(),
        expires_at: context.now().plus(RECOVERY_WAITS),
        account: known.map_or(decoy, |login| login.account),
        challenge: random::bytes(),
    };
    Ok(wire::RecoverStartResponse {
        recovery_state: state.seal(&context.secrets.seal).into(),
        challenge: state.challenge.to_vec().into(),
        account_id: state.account.to_wire(),
    })
}

pub(super) async fn prove(
    auth: &Auth,
    _: &Visitor,
    request: wire::RecoverProveRequest,
) -> Result<wire::RecoverProveResponse, Failure> {
    let context = &auth.context;
    check_size("recovery_state", &request.recovery_state, 1..=STATE_MAX)?;
    let signature = Signature::from_bytes(fixed("signature", &request.signature)?);
    let blinded = opaque_request(&request.opaque_request)?;
    let state = ChallengeState::open(&context.secrets.seal, &request.recovery_state, context.now());
    let state = state.map_err(|_| ErrorCode::LoginFailed)?;
    context.store.count_try(state.attempt, PROOFS_MAX, state.expires_at).await?;

    let login = check_code(context, &state, &signature).await?;
    let response = context.secrets.login.start_registration(login.account, blinded);
    let response = response.map_err(|_| malformed("opaque_request"))?;
    let proved = RecoveryState {
        attempt: new_attempt(),
        expires_at: context.now().plus(RECOVERY_WAITS),
        account: login.account,
        record: record_digest(&login.record.opaque),
    };
    Ok(wire::RecoverProveResponse {
        recovery_state: proved.seal(&context.secrets.seal).into(),
        user_name: login.user_name,
        vault: Some(context.store.vault(login.account).await?.into()),
        opaque_response: response.into(),
    })
}

pub(super) async fn finish(
    auth: &Auth,
    _: &Visitor,
    request: wire::RecoverFinishRequest,
) -> Result<wire::RecoverFinishResponse, Failure> {
    let context = &auth.context;
    check_size("recovery_state", &request.recovery_state, 1..=STATE_MAX)?;
    let new_login = login_record(request.record)?;
    let vault = parse_vault(request.vault)?;
    let device = ClaimedDevice::parse(request.device)?;
    let state = RecoveryState::open(&context.secrets.seal, &request.recovery_state, context.now());
    let RecoveryState { attempt, expires_at, account, record } = state.map_err(|_| ErrorCode::LoginFailed)?;
    device.prove(account, Call::Recover(&request.recovery_state), context.now())?;

    let id = issue::session_of(context, attempt, &device);
    let replaced = match context.store.session_of_attempt(attempt).await? {
        None => record_in_force(context, account, record).await?,
        // A repetition: the record is replaced already.
        Some(opened) if opened == id => Vec::new(),
        Some(_) => return Err(ErrorCode::LoginFailed.into()),
    };
    let (session, refresh) = issue::new_session(context, id, account, &device);
    let recovery = NewRecovery { attempt, expires_at, session, replaced, login: new_login, vault };
    let opened = context.store.recover(recovery).await?;
    if opened.done == Done::Now {
        auth.ended(account, &opened.ended, opened.change).await;
    }
    Ok(wire::RecoverFinishResponse { session: Some(issue::reply_opened(context, id, refresh).await?) })
}

/// Checks the proof of the recovery code. Whether there is an account, or a code, does not show.
async fn check_code(context: &Context, state: &ChallengeState, signature: &Signature) -> Result<Login, Failure> {
    let login = match context.store.login_of(state.account).await {
        Ok(login) => Some(login),
        Err(StoreError::Refused(Refusal::NotFound)) => None,
        Err(error) => return Err(error.into()),
    };
    let key = login.as_ref().and_then(|login| login.recovery_key.as_slice().try_into().ok());
    let key = key.unwrap_or_else(|| nobodys_key(context));
    let verifier = RecoveryVerifier::from_bytes(&key).map_err(|_| ErrorCode::LoginFailed)?;
    let proved = verifier.verify(state.account, &state.challenge, signature).is_ok();
    login.filter(|_| proved).ok_or_else(|| ErrorCode::LoginFailed.into())
}

/// A key that verifies what nobody signs as a recovery: the one by which the server proposes removals.
fn nobodys_key(context: &Context) -> [u8; 32] {
    let key: VerifyingKey = context.external_sender.verifying_key();
    *key.as_bytes()
}

async fn record_in_force(context: &Context, account: AccountId, record: [u8; 32]) -> Result<Vec<u8>, Failure> {
    match context.store.login_of(account).await {
        Ok(login) if record_digest(&login.record.opaque) == record => Ok(login.record.opaque),
        Ok(_) | Err(StoreError::Refused(Refusal::NotFound)) => Err(ErrorCode::LoginFailed.into()),
        Err(error) => Err(error.into()),
    }
}
