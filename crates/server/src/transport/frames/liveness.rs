//! Whether the other side is still there (12.7).

use std::time::{Duration, Instant};

use super::violation::Violation;

/// After so long without a frame a side asks; after twice as long it gives up.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(25);

const PINGS_MAX: u32 = 10;

pub(super) struct Liveness {
    heard_at: Instant,
    asked: bool,
    pings: u32,
    pings_since: Instant,
}

pub(super) enum Silence {
    /// Nothing to do before then.
    Short(Instant),
    /// Ask.
    Long,
    /// Give up.
    Dead,
}

impl Liveness {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard_at: now, asked: false, pings: 0, pings_since: now }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.asked = false;
    }

    pub(super) fn pinged(&mut self, now: Instant) -> Result<(), Violation> {
        if now.duration_since(self.pings_since) >= PING_INTERVAL {
            self.pings = 0;
            self.pings_since = now;
        }
        self.pings += 1;
        if self.pings > PINGS_MAX { Err(Violation::PingFlood) } else { Ok(()) }
    }

    pub(super) fn judge(&mut self, now: Instant) -> Silence {
        let ask_at = self.heard_at + PING_INTERVAL;
        let dead_at = ask_at + PING_INTERVAL;
        if now >= dead_at {
            Silence::Dead
        } else if now < ask_at {
            Silence::Short(ask_at)
        } else if self.asked {
            Silence::Short(dead_at)
        } else {
            self.asked = true;
            Silence::Long
        }
    }
}
