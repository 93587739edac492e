//! Registration, login, and sessions that go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use rand::RngExt as _;
use sotto_crypto::login::server::{LoginAttempt, PasswordRecord};
use sotto_crypto::login::{KE1_LEN, KE3_LEN, StretchCost};
use sotto_crypto::proof::Call;
use sotto_crypto::secret::SecretVec;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};
use sotto_proto::{AccountId, DeviceId, RequestId, SessionId, UserName};

use super::fields::{self, ClaimedDevice};
use super::gate::{AccessToken, Session};
use super::recovery::Recoveries;
use super::registration::{check_repetition, registered};
use super::{DAY, Fault, HOUR, MINUTE, Model, Moment};

const SESSIONS_MAX: usize = 64;
const LOGIN_WAITS: u64 = 2 * MINUTE;
const ACCESS_GOOD_FOR: u64 = 15 * MINUTE;
const REFRESH_GOOD_FOR: u64 = 30 * DAY;

/// Logins and recoveries between their halves.
#[derive(Clone, Default)]
pub(super) struct Attempts {
    logins: BTreeMap<Bytes, LoginState>,
    pub(super) recoveries: Recoveries,
}

#[derive(Clone)]
struct LoginState {
    expires_at: u64,
    /// The record that was in force.
    record: Bytes,
    exchange: Arc<SecretVec>,
    codes_tried: u32,
    opened: Option<OpenedBy>,
}

/// What an attempt ended in: its reply can be given again, to the same device.
#[derive(Clone)]
pub(super) struct OpenedBy {
    device: (DeviceId, [u8; 32]),
    session: SessionId,
    refresh: String,
}

#[derive(Clone)]
pub(super) struct RefreshToken {
    session: SessionId,
    /// The request that traded it, and for what.
    traded: Option<(RequestId, String)>,
}

impl Model {
    pub(super) fn get_server_info(
        &mut self,
        _: wire::GetServerInfoRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::GetServerInfoResponse, Fault> {
        Ok(wire::GetServerInfoResponse {
            server: "sotto-model/1".to_owned(),
            protocol_min: self.protocol,
            protocol_max: self.protocol,
            registration_open: true,
            external_sender_key: self.external_sender().as_bytes().to_vec().into(),
            opaque_public_key: self.keys.login.public_key().into(),
            time_ms: at.now,
            limits: Vec::new(),
        })
    }

    pub(super) fn register_start(
        &mut self,
        request: wire::RegisterStartRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RegisterStartResponse, Fault> {
        let account = AccountId::parse("account_id", &request.account_id)?;
        let name = UserName::parse("user_name", &request.user_name)?;
        let blinded = fields::opaque_request(&request.opaque_request)?;
        check_reserved(&name)?;
        if self.accounts.contains_key(&account) {
            return Err(ErrorCode::IdTaken.into());
        }
        self.names.check(name.as_str(), &name.skeleton(), account, at.now)?;
        let opaque_response = self.evaluate(account, blinded)?;
        Ok(wire::RegisterStartResponse { opaque_response })
    }

    pub(super) fn register_finish(
        &mut self,
        request: wire::RegisterFinishRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RegisterFinishResponse, Fault> {
        let device = ClaimedDevice::parse(request.device.clone())?;
        let id = AccountId::parse("account_id", &request.account_id)?;
        let name = UserName::parse("user_name", &request.user_name)?;
        let account = registered(id, &request, &device, at.now)?;
        device.prove(id, Call::Register(&account.login.opaque_record), at.now)?;
        if let Some(stored) = self.accounts.get(&id) {
            check_repetition(stored, &account, &device, at.now)?;
        } else {
            self.take_names(id, &name, account.email.as_deref(), at.now)?;
            self.accounts.insert(id, account);
            self.remember_keys(id);
        }
        let (session, _) = self.open_session(id, &device, at)?;
        Ok(wire::RegisterFinishResponse { session: Some(session) })
    }

    pub(super) fn login_start(
        &mut self,
        request: wire::LoginStartRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::LoginStartResponse, Fault> {
        let name = fields::login_name(&request.login_name)?;
        fields::fixed::<KE1_LEN>("ke1", &request.ke1)?;
        let known = self.names.find(&name).and_then(|id| Some((id, self.account(id).ok()?.login.clone())));
        let record = known.as_ref().and_then(|(_, login)| PasswordRecord::decode(&login.opaque_record).ok());
        let id = known.as_ref().map_or_else(|| self.keys.login.decoy_account(&name), |(id, _)| *id);
        let (exchange, ke2) = self
            .keys
            .login
            .start_login(id, record, &request.ke1, &mut *at.rng)
            .map_err(|_| fields::malformed("ke1"))?;
        let login = known.map(|(_, login)| login).unwrap_or_default();
        let state = LoginState {
            expires_at: at.now + LOGIN_WAITS,
            record: login.opaque_record,
            exchange: Arc::new(exchange.expose_secret()),
            codes_tried: 0,
            opened: None,
        };
        let login_state = state_handle(at);
        self.attempts.logins.insert(login_state.clone(), state);
        let hardening = login.hardening.unwrap_or_else(least_hardening);
        Ok(wire::LoginStartResponse {
            login_state,
            ke2: ke2.into(),
            hardening: Some(hardening),
            account_id: id.to_wire(),
        })
    }

    pub(super) fn login_finish(
        &mut self,
        request: wire::LoginFinishRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::LoginFinishResponse, Fault> {
        fields::fixed::<KE3_LEN>("ke3", &request.ke3)?;
        let device = ClaimedDevice::parse(request.device)?;
        let state = self.attempts.logins.get(&request.login_state).cloned();
        let state = state.filter(|state| at.now < state.expires_at).ok_or(ErrorCode::LoginFailed)?;
        let exchange = LoginAttempt::decode(state.exchange.expose_secret()).map_err(|_| ErrorCode::LoginFailed)?;
        let (id, _) = exchange.finish(&request.ke3).map_err(|_| ErrorCode::LoginFailed)?;
        device.prove(id, Call::Login(&request.ke3), at.now)?;
        let in_force = self.accounts.get(&id).filter(|account| account.login.opaque_record == state.record);
        let account = in_force.filter(|account| !account.deleted).ok_or(ErrorCode::LoginFailed)?;
        let (user_name, vault) = (account.user_name.clone(), account.vault.clone());

        let session = if let Some(opened) = &state.opened {
            self.reopened(opened, &device, at)?
        } else {
            self.check_device_free(id, &device)?;
            self.use_factor(id, request.second_factor, &request.login_state, at)?;
            self.clear_reset(id);
            let (session, opened) = self.open_session(id, &device, at)?;
            self.attempt_mut(&request.login_state)?.opened = Some(opened);
            session
        };
        Ok(wire::LoginFinishResponse {
            session: Some(session),
            account_id: id.to_wire(),
            user_name,
            vault: Some(vault),
        })
    }

    pub(super) fn refresh(
        &mut self,
        request: wire::RefreshRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RefreshResponse, Fault> {
        let by = RequestId::parse("request_id", &request.request_id)?;
        let device = ClaimedDevice::parse(request.device)?;
        let token = self.refresh_tokens.get(&request.refresh_token).ok_or(ErrorCode::SessionEnded)?.clone();
        let session = self.live_session(token.session, at.now)?.clone();
        let proof = Call::Refresh { request: by, token: request.refresh_token.as_bytes() };
        device.prove_caller(&session, proof, at.now)?;

        let next = match &token.traded {
            None => self.trade(&request.refresh_token, by, at),
            Some((former, next)) if *former == by && !self.is_used(next) => next.clone(),
            Some((former, _)) if *former == by && device.signed_at <= session.proved_at => {
                return Err(ErrorCode::DeviceProofInvalid.into());
            }
            Some(_) => {
                self.end_session(session.id);
                self.note_own(session.account, AccountNoticeKind::RefreshReused);
                return Err(ErrorCode::RefreshReused.into());
            }
        };
        if let Some(session) = self.sessions.get_mut(&session.id) {
            session.expires_at = at.now + REFRESH_GOOD_FOR;
            session.last_used_at = at.now;
            session.proved_at = session.proved_at.max(device.signed_at);
        }
        let session = self.issue(session.id, next, at)?;
        Ok(wire::RefreshResponse { session: Some(session) })
    }

    pub(super) fn logout(
        &mut self,
        caller: &Session,
        _: wire::LogoutRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::LogoutResponse, Fault> {
        self.end_session(caller.id);
        self.note_own(caller.account, AccountNoticeKind::Sessions);
        Ok(wire::LogoutResponse {})
    }

    pub(super) fn list_sessions(
        &mut self,
        caller: &Session,
        _: wire::ListSessionsRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ListSessionsResponse, Fault> {
        let own = self.sessions.values().filter(|session| session.account == caller.account);
        let mut own: Vec<_> = own.filter(|session| at.now < session.expires_at).collect();
        own.sort_by_key(|session| std::cmp::Reverse(session.opened_at));
        let info = |session: &&Session| wire::SessionInfo {
            session_id: session.id.to_wire(),
            device_id: session.device.to_wire(),
            opened_at_ms: session.opened_at,
            last_used_at_ms: session.last_used_at / HOUR * HOUR,
            current: session.id == caller.id,
        };
        Ok(wire::ListSessionsResponse { sessions: own.iter().map(info).collect() })
    }

    pub(super) fn revoke_session(
        &mut self,
        caller: &Session,
        request: wire::RevokeSessionRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::RevokeSessionResponse, Fault> {
        let id = SessionId::parse("session_id", &request.session_id)?;
        let own = self.sessions.get(&id).filter(|session| session.account == caller.account);
        own.ok_or(ErrorCode::NotFound)?;
        self.end_session(id);
        self.note_own(caller.account, AccountNoticeKind::Sessions);
        Ok(wire::RevokeSessionResponse {})
    }

    pub(super) fn change_password_start(
        &mut self,
        caller: &Session,
        request: wire::ChangePasswordStartRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ChangePasswordStartResponse, Fault> {
        let blinded = fields::opaque_request(&request.opaque_request)?;
        Ok(wire::ChangePasswordStartResponse { opaque_response: self.evaluate(caller.account, blinded)? })
    }

    pub(super) fn change_password_finish(
        &mut self,
        caller: &Session,
        request: wire::ChangePasswordFinishRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ChangePasswordFinishResponse, Fault> {
        let (login, vault) = (fields::login_record(request.record)?, fields::vault(request.vault)?);
        let account = self.account_mut(caller.account)?;
        if (&account.login, &account.vault) != (&login, &vault) {
            account.replace_vault(vault)?;
            account.login = login;
        }
        self.note_own(caller.account, AccountNoticeKind::Login);
        if request.end_other_sessions && self.end_sessions(caller.account, Some(caller.id)) {
            self.note_own(caller.account, AccountNoticeKind::Sessions);
        }
        Ok(wire::ChangePasswordFinishResponse {})
    }

    /// The server's half of choosing a password.
    pub(super) fn evaluate(&self, account: AccountId, blinded: &[u8]) -> Result<Bytes, Fault> {
        let reply = self.keys.login.start_registration(account, blinded);
        Ok(reply.map_err(|_| fields::malformed("opaque_request"))?.into())
    }

    /// Opens a session for a device that has proved itself.
    pub(super) fn open_session(
        &mut self,
        account: AccountId,
        device: &ClaimedDevice,
        at: &mut Moment<'_>,
    ) -> Result<(wire::Session, OpenedBy), Fault> {
        self.make_room(account);
        let id = SessionId::from_bytes(at.rng.random());
        let session = Session {
            id,
            account,
            device: device.id,
            device_key: device.key,
            opened_at: at.now,
            last_used_at: at.now,
            proved_at: 0,
            expires_at: at.now + REFRESH_GOOD_FOR,
        };
        self.sessions.insert(id, session);
        self.note_own(account, AccountNoticeKind::Sessions);
        let refresh = secret_text(at);
        self.refresh_tokens.insert(refresh.clone(), RefreshToken { session: id, traded: None });
        let opened = OpenedBy { device: (device.id, device.key), session: id, refresh: refresh.clone() };
        Ok((self.issue(id, refresh, at)?, opened))
    }

    /// The session that an attempt ended in, for its device, while its first token is unused.
    pub(super) fn reopened(
        &mut self,
        opened: &OpenedBy,
        device: &ClaimedDevice,
        at: &mut Moment<'_>,
    ) -> Result<wire::Session, Fault> {
        if opened.device != (device.id, device.key) || self.is_used(&opened.refresh) {
            return Err(ErrorCode::LoginFailed.into());
        }
        self.issue(opened.session, opened.refresh.clone(), at)
    }

    /// A device id belongs to one account and key, for ever.
    pub(super) fn check_device_free(&self, account: AccountId, device: &ClaimedDevice) -> Result<(), ErrorCode> {
        let filed = self.filed(device.id);
        let is_it = |(owner, filed): (AccountId, &super::account::Device)| {
            owner == account && filed.key == device.key && filed.revoked.is_none()
        };
        if filed.is_none_or(is_it) { Ok(()) } else { Err(ErrorCode::IdTaken) }
    }

    /// Ends an account's sessions but one. Whether there were any.
    pub(super) fn end_sessions(&mut self, account: AccountId, keep: Option<SessionId>) -> bool {
        let own = self.sessions.values().filter(|session| session.account == account && Some(session.id) != keep);
        let ended: Vec<_> = own.map(|session| session.id).collect();
        for session in &ended {
            self.end_session(*session);
        }
        !ended.is_empty()
    }

    pub(super) fn end_session(&mut self, id: SessionId) {
        self.sessions.remove(&id);
        self.refresh_tokens.retain(|_, token| token.session != id);
        self.end_subscription(id);
    }

    /// Counts a code of the second factor against a login.
    pub(super) fn count_code(&mut self, login_state: &Bytes, max: u32) -> Result<(), Fault> {
        let attempt = self.attempt_mut(login_state)?;
        if attempt.codes_tried >= max {
            return Err(ErrorCode::LoginFailed.into());
        }
        attempt.codes_tried += 1;
        Ok(())
    }

    fn attempt_mut(&mut self, login_state: &Bytes) -> Result<&mut LoginState, Fault> {
        self.attempts.logins.get_mut(login_state).ok_or_else(|| ErrorCode::LoginFailed.into())
    }

    /// Ends the session that was opened first when there are as many as there may be.
    fn make_room(&mut self, account: AccountId) {
        let own = || self.sessions.values().filter(|session| session.account == account);
        if own().count() >= SESSIONS_MAX {
            let oldest = own().min_by_key(|session| session.opened_at).map(|session| session.id);
            if let Some(session) = oldest {
                self.end_session(session);
            }
        }
    }

    fn trade(&mut self, token: &str, by: RequestId, at: &mut Moment<'_>) -> String {
        let next = secret_text(at);
        if let Some(traded) = self.refresh_tokens.get_mut(token) {
            traded.traded = Some((by, next.clone()));
            let successor = RefreshToken { session: traded.session, traded: None };
            self.refresh_tokens.insert(next.clone(), successor);
        }
        next
    }

    fn is_used(&self, token: &str) -> bool {
        self.refresh_tokens.get(token).is_none_or(|token| token.traded.is_some())
    }

    /// What the caller gets of a session, with a new access token.
    fn issue(&mut self, id: SessionId, refresh: String, at: &mut Moment<'_>) -> Result<wire::Session, Fault> {
        let session = self.live_session(id, at.now)?;
        let certified = self.is_certified(session);
        let refresh_expires_in_ms = session.expires_at - at.now;
        let access = secret_text(at);
        let expires_at = at.now + ACCESS_GOOD_FOR;
        self.access_tokens.insert(access.clone(), AccessToken { session: id, expires_at });
        Ok(wire::Session {
            session_id: id.to_wire(),
            access_token: access,
            access_expires_in_ms: u32::try_from(ACCESS_GOOD_FOR).unwrap_or(u32::MAX),
            refresh_token: refresh,
            refresh_expires_in_ms,
            certified,
        })
    }

    fn take_names(&mut self, id: AccountId, name: &UserName, email: Option<&str>, now: u64) -> Result<(), Fault> {
        self.names.check(name.as_str(), &name.skeleton(), id, now)?;
        if let Some(email) = email {
            self.names.check(email, email, id, now)?;
            self.names.take(email, email.to_owned(), id, true);
        }
        self.names.take(name.as_str(), name.skeleton(), id, false);
        Ok(())
    }
}

pub(super) fn check_reserved(name: &UserName) -> Result<(), ErrorCode> {
    if name.is_reserved() { Err(ErrorCode::NameNotAllowed) } else { Ok(()) }
}

/// By which the server finds what it keeps between two halves of something.
pub(super) fn state_handle(at: &mut Moment<'_>) -> Bytes {
    Bytes::copy_from_slice(&at.rng.random::<[u8; 32]>())
}

fn secret_text(at: &mut Moment<'_>) -> String {
    BASE64URL_NOPAD.encode(&at.rng.random::<[u8; 24]>())
}

fn least_hardening() -> wire::PasswordHardening {
    let least = StretchCost::MINIMUM;
    wire::PasswordHardening { memory_kib: least.memory_kib(), passes: least.passes(), lanes: 1 }
}
