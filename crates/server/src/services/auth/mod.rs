//! Who one is: registration, login, sessions, the second factor, and the ways back in.

mod codes;
mod delete;
mod factor;
mod fields;
mod info;
mod issue;
mod login;
mod password;
mod patience;
mod recover;
mod register;
mod reset;
mod sessions;
mod states;

use std::sync::Arc;

use sotto_proto::{AccountId, SessionId, wire};

use super::gate::Gate;
use super::{Context, Failure, Visitor};
use crate::store::Session;
use patience::Patience;

pub(super) struct Auth {
    context: Arc<Context>,
    gate: Arc<Gate>,
    patience: Patience,
}

impl Auth {
    pub(super) fn new(context: Arc<Context>, gate: Arc<Gate>) -> Self {
        let patience = Patience::new(context.clock.clone(), context.settings.rate_percent > 0);
        Self { context, gate, patience }
    }

    /// Sessions have ended, durably: this node forgets them, and the account's devices are told.
    async fn ended(&self, account: AccountId, sessions: &[SessionId], change: u64) {
        for session in sessions {
            self.gate.forget(*session);
        }
        self.context.hint_account(account, change).await;
    }

    #[expect(clippy::unused_async, reason = "one shape for all verbs")]
    pub(super) async fn get_server_info(
        &self,
        visitor: &Visitor,
        _: wire::GetServerInfoRequest,
    ) -> Result<wire::GetServerInfoResponse, Failure> {
        info::get(&self.context, visitor)
    }

    pub(super) async fn register_start(
        &self,
        visitor: &Visitor,
        request: wire::RegisterStartRequest,
    ) -> Result<wire::RegisterStartResponse, Failure> {
        register::start(self, visitor, request).await
    }

    pub(super) async fn register_finish(
        &self,
        visitor: &Visitor,
        request: wire::RegisterFinishRequest,
    ) -> Result<wire::RegisterFinishResponse, Failure> {
        register::finish(self, visitor, request).await
    }

    pub(super) async fn login_start(
        &self,
        visitor: &Visitor,
        request: wire::LoginStartRequest,
    ) -> Result<wire::LoginStartResponse, Failure> {
        login::start(self, visitor, request).await
    }

    pub(super) async fn login_finish(
        &self,
        visitor: &Visitor,
        request: wire::LoginFinishRequest,
    ) -> Result<wire::LoginFinishResponse, Failure> {
        login::finish(self, visitor, request).await
    }

    pub(super) async fn refresh(
        &self,
        visitor: &Visitor,
        request: wire::RefreshRequest,
    ) -> Result<wire::RefreshResponse, Failure> {
        sessions::refresh(self, visitor, request).await
    }

    pub(super) async fn logout(
        &self,
        caller: &Session,
        _: wire::LogoutRequest,
    ) -> Result<wire::LogoutResponse, Failure> {
        sessions::logout(self, caller).await
    }

    pub(super) async fn list_sessions(
        &self,
        caller: &Session,
        _: wire::ListSessionsRequest,
    ) -> Result<wire::ListSessionsResponse, Failure> {
        sessions::list(self, caller).await
    }

    pub(super) async fn revoke_session(
        &self,
        caller: &Session,
        request: wire::RevokeSessionRequest,
    ) -> Result<wire::RevokeSessionResponse, Failure> {
        sessions::revoke(self, caller, request).await
    }

    #[expect(clippy::unused_async, reason = "one shape for all verbs")]
    pub(super) async fn change_password_start(
        &self,
        caller: &Session,
        request: wire::ChangePasswordStartRequest,
    ) -> Result<wire::ChangePasswordStartResponse, Failure> {
        password::start(self, caller, &request)
    }

    pub(super) async fn change_password_finish(
        &self,
        caller: &Session,
        request: wire::ChangePasswordFinishRequest,
    ) -> Result<wire::ChangePasswordFinishResponse, Failure> {
        password::finish(self, caller, request).await
    }

    pub(super) async fn enable_totp_start(
        &self,
        caller: &Session,
        _: wire::EnableTotpStartRequest,
    ) -> Result<wire::EnableTotpStartResponse, Failure> {
        factor::enable_start(self, caller).await
    }

    pub(super) async fn enable_totp_finish(
        &self,
        caller: &Session,
        request: wire::EnableTotpFinishRequest,
    ) -> Result<wire::EnableTotpFinishResponse, Failure> {
        factor::enable_finish(self, caller, request).await
    }

    pub(super) async fn disable_totp(
        &self,
        caller: &Session,
        _: wire::DisableTotpRequest,
    ) -> Result<wire::DisableTotpResponse, Failure> {
        factor::disable(self, caller).await
    }

    pub(super) async fn renew_backup_codes(
        &self,
        caller: &Session,
        _: wire::RenewBackupCodesRequest,
    ) -> Result<wire::RenewBackupCodesResponse, Failure> {
        factor::renew_backup_codes(self, caller).await
    }

    pub(super) async fn recover_start(
        &self,
        visitor: &Visitor,
        request: wire::RecoverStartRequest,
    ) -> Result<wire::RecoverStartResponse, Failure> {
        recover::start(self, visitor, request).await
    }

    pub(super) async fn recover_prove(
        &self,
        visitor: &Visitor,
        request: wire::RecoverProveRequest,
    ) -> Result<wire::RecoverProveResponse, Failure> {
        recover::prove(self, visitor, request).await
    }

    pub(super) async fn recover_finish(
        &self,
        visitor: &Visitor,
        request: wire::RecoverFinishRequest,
    ) -> Result<wire::RecoverFinishResponse, Failure> {
        recover::finish(self, visitor, request).await
    }

    pub(super) async fn request_reset(
        &self,
        caller: &Session,
        request: wire::RequestResetRequest,
    ) -> Result<wire::RequestResetResponse, Failure> {
        reset::request(self, caller, request).await
    }

    pub(super) async fn cancel_reset(
        &self,
        caller: &Session,
        _: wire::CancelResetRequest,
    ) -> Result<wire::CancelResetResponse, Failure> {
        reset::cancel(self, caller).await
    }

    pub(super) async fn reset_start(
        &self,
        caller: &Session,
        request: wire::ResetStartRequest,
    ) -> Result<wire::ResetStartResponse, Failure> {
        reset::start(self, caller, request).await
    }

    pub(super) async fn reset_finish(
        &self,
        caller: &Session,
        request: wire::ResetFinishRequest,
    ) -> Result<wire::ResetFinishResponse, Failure> {
        reset::finish(self, caller, request).await
    }

    pub(super) async fn delete_account(
        &self,
        caller: &Session,
        request: wire::DeleteAccountRequest,
    ) -> Result<wire::DeleteAccountResponse, Failure> {
        delete::delete_account(self, caller, request).await
    }
}
