//! How often something may be done: each key earns calls at a steady rate and can save up a burst.
//!
//! The generic cell rate algorithm keeps one number for each key, the time at which its bucket is full again. Keys whose
//! buckets are full are forgotten, so that memory follows what is going on, within a bound.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sotto_proto::wire::{ErrorCode, ErrorDetail};

use super::Failure;
use crate::clock::Clock;

/// So many calls in so much time, all of which may come at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Sets its keys apart from those of others.
    name: &'static str,
    calls: u32,
    per: Duration,
}

impl Rate {
    pub(super) const fn per_ten_seconds(name: &'static str, calls: u32) -> Self {
        Self { name, calls, per: Duration::from_secs(10) }
    }

    pub(super) const fn per_minute(name: &'static str, calls: u32) -> Self {
        Self { name, calls, per: Duration::from_mins(1) }
    }

    pub(super) const fn per_hour(name: &'static str, calls: u32) -> Self {
        Self { name, calls, per: Duration::from_hours(1) }
    }

    pub(super) const fn per_day(name: &'static str, calls: u32) -> Self {
        Self { name, calls, per: Duration::from_hours(24) }
    }

    pub(super) const fn per_thirty_days(name: &'static str, calls: u32) -> Self {
        Self { name, calls, per: Duration::from_hours(30 * 24) }
    }
}

/// What has been done lately, on this node.
pub(super) struct Rates {
    clock: Arc<dyn Clock>,
    /// Of the rates as written; 0 switches them off.
    percent: u32,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// When the bucket of each key is full again, in microseconds since 1970.
type Shard = HashMap<u64, u64>;

const SHARDS: usize = 16;
const KEYS_IN_SHARD_MAX: usize = 16_384;

impl Rates {
    pub(super) fn new(clock: Arc<dyn Clock>, percent: u32) -> Self {
        Self { clock, percent, hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Takes one call of a key's, or says how long to wait.
    pub(super) fn take(&self, rate: &Rate, key: impl Hash) -> Result<(), Failure> {
        self.take_many(rate, key, 1)
    }

    /// Takes several calls of a key's at once, or none.
    pub(super) fn take_many(&self, rate: &Rate, key: impl Hash, count: u32) -> Result<(), Failure> {
        if self.percent == 0 {
            return Ok(());
        }
        let window = micros(rate.per);
        // What costs more than there ever is takes all of it.
        let cost = self.cost(rate).saturating_mul(u64::from(count)).min(window);
        let now = self.clock.now().unix_millis() * 1_000;
        let (hash, mut shard) = self.bucket(rate, key);

        // A clock that was set back must not make anybody wait for longer than the window.
        let full_at = shard.get(&hash).copied().unwrap_or_default().clamp(now, now + window);
        if full_at + cost > now + window {
            shard.entry(hash).and_modify(|known| *known = full_at);
            return Err(wait(full_at + cost - now - window));
        }
        if shard.len() >= KEYS_IN_SHARD_MAX {
            make_room(&mut shard, now);
        }
        shard.insert(hash, full_at + cost);
        Ok(())
    }

    /// Gives one call of a key's back: it came to nothing, and only what comes to something is to count.
    pub(super) fn give_back(&self, rate: &Rate, key: impl Hash) {
        let (hash, mut shard) = self.bucket(rate, key);
        if let Some(full_at) = shard.get_mut(&hash) {
            *full_at = full_at.saturating_sub(self.cost(rate));
        }
    }

    /// Microseconds in which one call is earned.
    fn cost(&self, rate: &Rate) -> u64 {
        let calls = (u64::from(rate.calls) * u64::from(self.percent) / 100).max(1);
        micros(rate.per) / calls
    }

    fn bucket(&self, rate: &Rate, key: impl Hash) -> (u64, MutexGuard<'_, Shard>) {
        let hash = self.hasher.hash_one((rate.name, key));
        let shard = &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()];
        (hash, shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Forgets full buckets, and if there are too few of them those that are full soonest: they know least.
fn make_room(shard: &mut Shard, now: u64) {
    shard.retain(|_, full_at| *full_at > now);
    if shard.len() < KEYS_IN_SHARD_MAX {
        return;
    }
    let mut times: Vec<u64> = shard.values().copied().collect();
    let (_, median, _) = times.select_nth_unstable(KEYS_IN_SHARD_MAX / 2);
    let median = *median;
    shard.retain(|_, full_at| *full_at > median);
}

fn wait(micros: u64) -> Failure {
    let millis = u32::try_from(micros.div_ceil(1_000)).unwrap_or(u32::MAX);
    Failure::from(ErrorDetail::retry_after(ErrorCode::RateLimited, millis))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    const TEN_A_MINUTE: Rate = Rate::per_minute("ten a minute", 10);

    fn rates(percent: u32) -> (Arc<ManualClock>, Rates) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_millis(1_700_000_000_000)));
        (clock.clone(), Rates::new(clock, percent))
    }

    fn allowed(rates: &Rates, key: &str) -> usize {
        (0..1_000).take_while(|_| rates.take(&TEN_A_MINUTE, key).is_ok()).count()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let (clock, rates) = rates(100);
        assert_eq!(allowed(&rates, "mallory"), 10);
        assert_eq!(allowed(&rates, "bob"), 10, "keys do not disturb each other");
        let refused = rates.take(&TEN_A_MINUTE, "mallory").unwrap_err();
        assert_eq!((refused.code(), refused.detail().retry_after_ms), (ErrorCode::RateLimited, 6_000));
        clock.advance(Duration::from_secs(12));
        assert_eq!(allowed(&rates, "mallory"), 2);
        clock.advance(Duration::from_hours(1));
        assert_eq!(allowed(&rates, "mallory"), 10);
    }

    #[test]
    fn what_came_to_nothing_is_given_back() {
        let (_, rates) = rates(100);
        assert_eq!(allowed(&rates, "alice"), 10);
        rates.give_back(&TEN_A_MINUTE, "alice");
        rates.give_back(&TEN_A_MINUTE, "nobody");
        assert_eq!((allowed(&rates, "alice"), allowed(&rates, "nobody")), (1, 10));
    }

    #[test]
    fn what_costs_more_than_there_ever_is_takes_all_of_it() {
        let (_, rates) = rates(100);
        rates.take_many(&TEN_A_MINUTE, "alice", 1_000).unwrap();
        assert_eq!(allowed(&rates, "alice"), 0);
    }

    #[test]
    fn an_operator_scales_all_rates() {
        assert_eq!(allowed(&rates(50).1, "alice"), 5);
        assert_eq!(allowed(&rates(0).1, "alice"), 1_000);
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_longer_than_the_window() {
        let (clock, rates) = rates(100);
        assert_eq!(allowed(&rates, "alice"), 10);
        clock.set(Timestamp::from_unix_millis(0));
        clock.advance(Duration::from_mins(1));
        rates.take(&TEN_A_MINUTE, "alice").unwrap_err();
        clock.advance(Duration::from_mins(1));
        assert_eq!(allowed(&rates, "alice"), 10);
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_are_remembered() {
        let (_, rates) = rates(100);
        assert_eq!(allowed(&rates, "mallory"), 10);
        for stranger in 0..(SHARDS * KEYS_IN_SHARD_MAX * 2) {
            rates.take(&TEN_A_MINUTE, stranger).unwrap();
        }
        let kept: usize = rates.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * KEYS_IN_SHARD_MAX);
        rates.take(&TEN_A_MINUTE, "mallory").unwrap_err();
    }
}
