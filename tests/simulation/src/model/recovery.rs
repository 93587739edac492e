//! The way back in with the recovery code, when the password is lost.

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::RngExt as _;
use sotto_crypto::primitives::Signature;
use sotto_crypto::proof::Call;
use sotto_crypto::recovery::RecoveryVerifier;
use sotto_proto::AccountId;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};

use super::auth::{OpenedBy, state_handle};
use super::fields::{self, ClaimedDevice};
use super::{Fault, MINUTE, Model, Moment};

const WAITS: u64 = 10 * MINUTE;
/// Proofs tried for one challenge.
const PROOFS_MAX: u32 = 3;

/// Recoveries between their steps.
#[derive(Clone, Default)]
pub(super) struct Recoveries {
    challenged: BTreeMap<Bytes, Challenged>,
    proved: BTreeMap<Bytes, Proved>,
}

#[derive(Clone)]
struct Challenged {
    expires_at: u64,
    account: AccountId,
    challenge: [u8; 32],
    tried: u32,
}

#[derive(Clone)]
struct Proved {
    expires_at: u64,
    account: AccountId,
    /// The record that it replaces.
    record: Bytes,
    opened: Option<OpenedBy>,
}

impl Model {
    pub(super) fn recover_start(
        &mut self,
        request: wire::RecoverStartRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RecoverStartResponse, Fault> {
        let name = fields::login_name(&request.login_name)?;
        let account = self.names.find(&name).unwrap_or_else(|| self.keys.login.decoy_account(&name));
        let state = Challenged { expires_at: at.now + WAITS, account, challenge: at.rng.random(), tried: 0 };
        let recovery_state = state_handle(at);
        let challenge = Bytes::copy_from_slice(&state.challenge);
        self.attempts.recoveries.challenged.insert(recovery_state.clone(), state);
        Ok(wire::RecoverStartResponse { recovery_state, challenge, account_id: account.to_wire() })
    }

    pub(super) fn recover_prove(
        &mut self,
        request: wire::RecoverProveRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RecoverProveResponse, Fault> {
        let signature = Signature::from_bytes(fields::fixed("signature", &request.signature)?);
        let blinded = fields::opaque_request(&request.opaque_request)?;
        let state = self.attempts.recoveries.challenged.get_mut(&request.recovery_state);
        let state = state.filter(|state| at.now < state.expires_at && state.tried < PROOFS_MAX);
        let state = state.ok_or(ErrorCode::LoginFailed)?;
        state.tried += 1;
        let (id, challenge) = (state.account, state.challenge);

        let account = self.account(id).map_err(|_| ErrorCode::LoginFailed)?;
        let key = fields::fixed("recovery_key", &account.vault.recovery_key).map_err(|_| ErrorCode::LoginFailed)?;
        let verifier = RecoveryVerifier::from_bytes(&key).map_err(|_| ErrorCode::LoginFailed)?;
        verifier.verify(id, &challenge, &signature).map_err(|_| ErrorCode::LoginFailed)?;

        let opaque_response = self.evaluate(id, blinded)?;
        let (user_name, vault) = (account.user_name.clone(), Some(account.vault.clone()));
        let record = account.login.opaque_record.clone();
        let recovery_state = state_handle(at);
        let proved = Proved { expires_at: at.now + WAITS, account: id, record, opened: None };
        self.attempts.recoveries.proved.insert(recovery_state.clone(), proved);
        Ok(wire::RecoverProveResponse { recovery_state, user_name, vault, opaque_response })
    }

    pub(super) fn recover_finish(
        &mut self,
        request: wire::RecoverFinishRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RecoverFinishResponse, Fault> {
        let (login, vault) = (fields::login_record(request.record)?, fields::vault(request.vault)?);
        let device = ClaimedDevice::parse(request.device)?;
        let state = self.attempts.recoveries.proved.get(&request.recovery_state).cloned();
        let state = state.filter(|state| at.now < state.expires_at).ok_or(ErrorCode::LoginFailed)?;
        device.prove(state.account, Call::Recover(&request.recovery_state), at.now)?;
        if let Some(opened) = &state.opened {
            let session = self.reopened(opened, &device, at)?;
            return Ok(wire::RecoverFinishResponse { session: Some(session) });
        }
        self.check_device_free(state.account, &device)?;
        let account = self.account_mut(state.account).map_err(|_| ErrorCode::LoginFailed)?;
        if account.login.opaque_record != state.record {
            return Err(ErrorCode::LoginFailed.into());
        }
        account.replace_vault(vault)?;
        account.login = login;
        self.note_own(state.account, AccountNoticeKind::Login);
        self.clear_reset(state.account);
        self.end_sessions(state.account, None);
        let (session, opened) = self.open_session(state.account, &device, at)?;
        if let Some(state) = self.attempts.recoveries.proved.get_mut(&request.recovery_state) {
            state.opened = Some(opened);
        }
        Ok(wire::RecoverFinishResponse { session: Some(session) })
    }
}
