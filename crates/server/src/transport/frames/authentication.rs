//! Who the connection belongs to (12.3).

use std::time::{Duration, Instant};

use sotto_proto::SessionId;

use super::violation::Violation;
use crate::services::AccessToken;

/// For how long streams go on after the last token has expired.
const STREAMS_OUTLIVE: Duration = Duration::from_secs(30);

/// How often the session is asked after. With what others believe of it for a while, an ended one is closed within 5 s.
const CHECK_INTERVAL: Duration = Duration::from_millis(2_500);

/// How often it is asked after when there was no answer.
const CHECK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Authentication {
    /// What new calls are made under. None before the first token, and after one that was refused.
    token: Option<AccessToken>,
    last_accepted: Option<Accepted>,
}

struct Accepted {
    token: AccessToken,
    streams_end: Instant,
    check: Check,
}

enum Check {
    Due(Instant),
    UnderWay,
}

impl Authentication {
    pub(super) fn token(&self) -> Option<AccessToken> {
        self.token
    }

    /// A token was verified. A connection stays with its first session for good.
    pub(super) fn accept(&mut self, now: Instant, token: AccessToken, valid_for: Duration) -> Result<(), Violation> {
        if self.session().is_some_and(|session| session != token.session) {
            return Err(Violation::OtherSession);
        }
        self.token = Some(token);
        let check = Check::Due(now);
        self.last_accepted = Some(Accepted { token, streams_end: now + valid_for + STREAMS_OUTLIVE, check });
        Ok(())
    }

    pub(super) fn refuse(&mut self) {
        self.token = None;
    }

    /// When streams end unless another token comes. None when there never was a token.
    pub(super) fn streams_end(&self) -> Option<Instant> {
        self.last_accepted.as_ref().map(|accepted| accepted.streams_end)
    }

    /// The token whose session is to be asked after now.
    pub(super) fn start_check(&mut self, now: Instant) -> Option<AccessToken> {
        let accepted = self.last_accepted.as_mut()?;
        let due = matches!(accepted.check, Check::Due(at) if at <= now);
        due.then(|| {
            accepted.check = Check::UnderWay;
            accepted.token
        })
    }

    pub(super) fn checked(&mut self, now: Instant, answered: bool) {
        if let Some(accepted) = &mut self.last_accepted {
            accepted.check = Check::Due(now + if answered { CHECK_INTERVAL } else { CHECK_AGAIN });
        }
    }

    pub(super) fn check_due(&self) -> Option<Instant> {
        match self.last_accepted.as_ref()?.check {
            Check::Due(at) => Some(at),
            Check::UnderWay => None,
        }
    }

    fn session(&self) -> Option<SessionId> {
        self.last_accepted.as_ref().map(|accepted| accepted.token.session)
    }
}
