//! Time as a port: services ask a [`Clock`], so that tests own time.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment as milliseconds since the Unix epoch (UTC, leap seconds not counted).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch, which also stands for "never" where a time is the last of something.
    pub const ZERO: Self = Self(0);

    /// A moment from milliseconds since the Unix epoch; those beyond the year 287,000 become that year.
    pub const fn from_unix_millis(millis: u64) -> Self {
        if millis > MILLIS_MAX { Self(MILLIS_MAX) } else { Self(millis) }
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_unix_millis(self.0.saturating_add(millis(duration)))
    }

    /// The moment `duration` earlier, not before the Unix epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The moment rounded down to a whole `unit`, for what should not say too much.
    #[must_use]
    pub fn rounded_down(self, unit: Duration) -> Self {
        Self(self.0 - self.0 % millis(unit).max(1))
    }
}

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now. It may jump, also backwards: order never depends on it.
    fn now(&self) -> Timestamp;
}

/// The time of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A machine that believes to be before 1970 has no useful time at all.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_millis(millis(since))
    }
}

/// A time that stands still until its owner moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `start`.
    pub const fn new(start: Timestamp) -> Self {
        Self(AtomicU64::new(start.0))
    }

    /// Moves the time forwards.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }

    /// Sets the time, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::Release);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a number on the wire can hold.
const MILLIS_MAX: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn time_saturates_instead_of_wrapping_o11() {
        let last = Timestamp::from_unix_millis(u64::MAX);
        assert_eq!(last.unix_millis(), MILLIS_MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Timestamp::ZERO.minus(HOUR), Timestamp::ZERO);
    }

    #[test]
    fn rounding_down_hides_what_is_finer() {
        let moment = Timestamp::from_unix_millis(7_200_000 + 1234);
        assert_eq!(moment.rounded_down(HOUR), Timestamp::from_unix_millis(7_200_000));
        assert_eq!(moment.rounded_down(Duration::ZERO), moment);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(Timestamp::from_unix_millis(5));
        assert_eq!(clock.now(), clock.now());
        clock.advance(HOUR);
        assert_eq!(clock.now(), Timestamp::from_unix_millis(3_600_005));
        clock.set(Timestamp::ZERO);
        assert_eq!(clock.now(), Timestamp::ZERO);
    }

    #[test]
    fn the_system_clock_is_past_2020() {
        assert!(SystemClock.now() > Timestamp::from_unix_millis(1_577_836_800_000));
    }
}
