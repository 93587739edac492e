//! Sessions of the account, as the server knows them: who is signed in where.

use sotto_proto::{DeviceId, SessionId, wire};

use super::change::{Attempt, Change};
use super::step::Step;

/// A session of the own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Which.
    pub id: SessionId,
    /// The device that it is of.
    pub device: DeviceId,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at_ms: u64,
    /// When it was last used, to the hour.
    pub last_used_at_ms: u64,
    /// Whether it is this device's.
    pub this: bool,
}

impl Step<'_, '_> {
    pub(super) fn sessions_came(&mut self, reply: &wire::ListSessionsResponse) {
        self.memory.sessions = reply.sessions.iter().filter_map(OwnSession::parse).collect();
        self.tell(Change::Sessions);
    }

    pub(super) fn session_ended(&mut self) {
        self.tell(Change::Done(Attempt::Sessions));
    }
}

impl OwnSession {
    fn parse(session: &wire::SessionInfo) -> Option<Self> {
        Some(Self {
            id: SessionId::parse("session_id", &session.session_id).ok()?,
            device: DeviceId::parse("device_id", &session.device_id).ok()?,
            opened_at_ms: session.opened_at_ms,
            last_used_at_ms: session.last_used_at_ms,
            this: session.current,
        })
    }
}
