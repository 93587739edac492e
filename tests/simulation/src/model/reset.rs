//! A new beginning by a device that is still signed in, and the end of an account.

use sotto_crypto::proof::Call;
use sotto_proto::AccountId;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};

use super::account::{Account, Reset};
use super::conversation::{MemberStanding, Until};
use super::factor::Factor;
use super::fields::{self, ClaimedDevice};
use super::gate::Session;
use super::{DAY, Fault, Model, Moment};

const WAIT: u64 = 3 * DAY;
/// How long after the wait the reset can be completed.
const OPEN: u64 = 7 * DAY;
/// How long the name of a deleted account stays reserved.
pub(super) const NAME_HELD: u64 = 90 * DAY;

impl Model {
    pub(super) fn request_reset(
        &mut self,
        caller: &Session,
        request: wire::RequestResetRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RequestResetResponse, Fault> {
        ClaimedDevice::parse(request.device)?.prove_caller(caller, Call::RequestReset, at.now)?;
        let account = self.account_mut(caller.account)?;
        if account.reset.is_some_and(|reset| at.now <= reset.ready_at + OPEN) {
            return Err(ErrorCode::NotApplicable.into());
        }
        let ready_at = at.now + WAIT;
        account.reset = Some(Reset { device: caller.device, ready_at });
        self.note_own(caller.account, AccountNoticeKind::Reset);
        Ok(wire::RequestResetResponse { ready_at_ms: ready_at })
    }

    pub(super) fn cancel_reset(
        &mut self,
        caller: &Session,
        _: wire::CancelResetRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::CancelResetResponse, Fault> {
        if self.clear_reset(caller.account) {
            Ok(wire::CancelResetResponse {})
        } else {
            Err(ErrorCode::NotFound.into())
        }
    }

    pub(super) fn reset_start(
        &mut self,
        caller: &Session,
        request: wire::ResetStartRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ResetStartResponse, Fault> {
        let blinded = fields::opaque_request(&request.opaque_request)?;
        expect_ready(self.account(caller.account)?, caller, at.now)?;
        Ok(wire::ResetStartResponse { opaque_response: self.evaluate(caller.account, blinded)? })
    }

    pub(super) fn reset_finish(
        &mut self,
        caller: &Session,
        request: wire::ResetFinishRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ResetFinishResponse, Fault> {
        let (login, vault) = (fields::login_record(request.record)?, fields::vault(request.vault)?);
        let identity_key: [u8; 32] = fields::fixed("identity_key", &request.identity_key)?;
        let asking = ClaimedDevice::of_session(caller);
        let devices = fields::first_devices(caller.account, identity_key, &request.certificates, &asking, at.now)?;
        let account = self.account_mut(caller.account)?;
        let complete = account.identity_key == identity_key && account.login == login && account.vault == vault;
        if complete {
            return Ok(wire::ResetFinishResponse {});
        }
        expect_ready(account, caller, at.now)?;
        account.replace_vault(vault)?;
        account.reset = None;
        account.login = login;
        account.factor = Factor::Off;
        account.identity_key = identity_key.to_vec();
        account.devices = devices;
        account.welcomes.clear();
        self.note_own(caller.account, AccountNoticeKind::Reset);
        self.end_sessions(caller.account, Some(caller.id));
        self.keys_changed(caller.account);
        Ok(wire::ResetFinishResponse {})
    }

    pub(super) fn delete_account(
        &mut self,
        caller: &Session,
        request: wire::DeleteAccountRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::DeleteAccountResponse, Fault> {
        ClaimedDevice::parse(request.device)?.prove_caller(caller, Call::DeleteAccount, at.now)?;
        let account = self.account(caller.account)?;
        let (user_name, email) = (account.user_name.clone(), account.email.clone());
        self.names.hold(&user_name, at.now + NAME_HELD);
        if let Some(email) = email {
            self.names.free(&email);
        }
        self.keys_changed(caller.account);
        self.leave_everything(caller.account);
        self.end_sessions(caller.account, None);
        let keys_version = self.account(caller.account)?.keys_version;
        let gone = Account { deleted: true, keys_version, ..Account::default() };
        self.accounts.insert(caller.account, gone);
        self.remember_keys(caller.account);
        Ok(wire::DeleteAccountResponse {})
    }

    /// Whether one was waiting.
    pub(super) fn clear_reset(&mut self, account: AccountId) -> bool {
        let Ok(state) = self.account_mut(account) else { return false };
        let waited = state.reset.take().is_some();
        if waited {
            self.note_own(account, AccountNoticeKind::Reset);
        }
        waited
    }

    fn leave_everything(&mut self, account: AccountId) {
        for conversation in self.conversations.values_mut() {
            let until = Until::now(conversation);
            conversation.markers.retain(|(by, _), _| *by != account);
            if let Some(member) = conversation.members.get_mut(&account).filter(|member| member.until.is_none()) {
                member.standing = MemberStanding::Left;
                member.until = Some(until);
            }
        }
    }
}

/// There is a reset that this device asked for, and its wait is over.
fn expect_ready(account: &Account, caller: &Session, now: u64) -> Result<(), ErrorCode> {
    let own = account.reset.filter(|reset| reset.device == caller.device && now < reset.ready_at + OPEN);
    match own {
        None => Err(ErrorCode::NotFound),
        Some(reset) if now < reset.ready_at => Err(ErrorCode::NotApplicable),
        Some(_) => Ok(()),
    }
}
