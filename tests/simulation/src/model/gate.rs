//! Who may make a call: the levels of access of `docs/PROTOCOL.md` 11.3.

use sotto_proto::wire::ErrorCode;
use sotto_proto::{Access, AccountId, DeviceId, Method, SessionId};

use super::{Fault, MINUTE, Model};

/// How long a login counts as fresh.
const FRESH: u64 = 10 * MINUTE;

/// A session of a device.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) device_key: [u8; 32],
    pub(super) opened_at: u64,
    pub(super) last_used_at: u64,
    /// When the newest proof was signed that it went on with.
    pub(super) proved_at: u64,
    pub(super) expires_at: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AccessToken {
    pub(super) session: SessionId,
    pub(super) expires_at: u64,
}

impl Model {
    /// The caller's live session, if it may call the method.
    pub(super) fn admit(&self, method: Method, token: Option<&str>, now: u64) -> Result<Session, Fault> {
        let token = token.and_then(|token| self.access_tokens.get(token)).ok_or(ErrorCode::Unauthenticated)?;
        if token.expires_at <= now {
            return Err(ErrorCode::TokenExpired.into());
        }
        let session = self.live_session(token.session, now)?;
        self.check_level(method, session, now)?;
        Ok(session.clone())
    }

    pub(super) fn live_session(&self, id: SessionId, now: u64) -> Result<&Session, ErrorCode> {
        self.sessions.get(&id).filter(|session| now < session.expires_at).ok_or(ErrorCode::SessionEnded)
    }

    /// Whether the session's device is on file, under the key that it proved.
    pub(super) fn is_certified(&self, session: &Session) -> bool {
        self.accounts.get(&session.account).is_some_and(|account| {
            account.devices_in_force().any(|filed| (filed.id, filed.key) == (session.device, session.device_key))
        })
    }

    fn check_level(&self, method: Method, session: &Session, now: u64) -> Result<(), ErrorCode> {
        let access = method.access();
        // The vault is what a device needs before it can be certified.
        if access >= Access::Device && method != Method::AccountGetVault && !self.is_certified(session) {
            return Err(ErrorCode::DeviceNotCertified);
        }
        if access == Access::Fresh && now >= session.opened_at + FRESH {
            return Err(ErrorCode::FreshLoginRequired);
        }
        if access == Access::Admin { Err(ErrorCode::Forbidden) } else { Ok(()) }
    }
}
