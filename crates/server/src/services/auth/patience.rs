//! Guessing passwords takes longer and longer: after a few logins without success, each next one has to wait twice as long.
//!
//! What waits is a name together with the network it is tried from, so that nobody can keep the owner out from elsewhere; and no wait
//! is longer than five minutes, so that nobody is locked out for good.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sotto_crypto::primitives::sha256;
use sotto_proto::wire::{ErrorCode, ErrorDetail};

use crate::clock::{Clock, Timestamp};
use crate::services::Failure;

/// Tries that cost nothing but what the rates say.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// After this long without a try, all is forgotten.
const FORGOTTEN: Duration = Duration::from_hours(1);
const GUESSERS_MAX: usize = 65_536;

/// A name as it is tried from a network.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Guesser([u8; 16]);

impl Guesser {
    pub(super) fn new(login_name: &str, network: IpAddr) -> Self {
        let digest = sha256(&[login_name.as_bytes(), &[0], network.to_string().as_bytes()]);
        Self(*digest.first_chunk().expect("a digest is longer than that"))
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Who tried how often, on this node.
pub(super) struct Patience {
    clock: Arc<dyn Clock>,
    enabled: bool,
    tries: Mutex<HashMap<Guesser, Tries>>,
}

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

impl Patience {
    pub(super) fn new(clock: Arc<dyn Clock>, enabled: bool) -> Self {
        Self { clock, enabled, tries: Mutex::default() }
    }

    /// Counts a try, or says how long to wait.
    pub(super) fn take(&self, guesser: Guesser) -> Result<(), Failure> {
        if !self.enabled {
            return Ok(());
        }
        let now = self.clock.now();
        let mut tries = self.tries();
        let before = tries.get(&guesser).filter(|tries| now < tries.last.plus(FORGOTTEN));
        if let Some(before) = before {
            // A clock that was set back must not make anybody wait for longer.
            let next = before.last.min(now).plus(wait_after(before.count));
            if now < next {
                return Err(wait(next.unix_millis() - now.unix_millis()));
            }
        }
        let count = before.map_or(0, |before| before.count) + 1;
        if tries.len() >= GUESSERS_MAX {
            make_room(&mut tries, now);
        }
        tries.insert(guesser, Tries { count: count.min(FREE + DOUBLINGS), last: now });
        Ok(())
    }

    /// The password was right.
    pub(super) fn succeeded(&self, guesser: Guesser) {
        self.tries().remove(&guesser);
    }

    fn tries(&self) -> MutexGuard<'_, HashMap<Guesser, Tries>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait_after(count: u32) -> Duration {
    match count.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(doublings) => (FIRST_WAIT * 2_u32.pow(doublings.min(DOUBLINGS))).min(LONGEST_WAIT),
    }
}

/// Forgets what is old, and if that is too little those who tried least.
fn make_room(tries: &mut HashMap<Guesser, Tries>, now: Timestamp) {
    tries.retain(|_, tries| now < tries.last.plus(FORGOTTEN));
    for least in 1..=FREE + DOUBLINGS {
        if tries.len() < GUESSERS_MAX {
            return;
        }
        tries.retain(|_, tries| tries.count > least);
    }
}

fn wait(millis: u64) -> Failure {
    let millis = u32::try_from(millis).unwrap_or(u32::MAX);
    ErrorDetail::retry_after(ErrorCode::RateLimited, millis).into()
}

/// Until the longest wait is reached.
const DOUBLINGS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn patience() -> (Arc<ManualClock>, Patience) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_millis(1_700_000_000_000)));
        (clock.clone(), Patience::new(clock, true))
    }

    fn guesser(name: &str, address: u8) -> Guesser {
        Guesser::new(name, [192, 0, 2, address].into())
    }

    fn waits(clock: &ManualClock, patience: &Patience, guesser: Guesser) -> u64 {
        let Err(refused) = patience.take(guesser) else { return 0 };
        let wait = Duration::from_millis(refused.detail().retry_after_ms.into());
        clock.advance(wait.saturating_sub(Duration::from_millis(1)));
        patience.take(guesser).unwrap_err();
        clock.advance(Duration::from_millis(1));
        patience.take(guesser).unwrap();
        wait.as_secs()
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_never_lock_for_good_a4() {
        let (clock, patience) = patience();
        let alice = guesser("alice", 1);
        let waited: Vec<u64> = (0..15).map(|_| waits(&clock, &patience, alice)).collect();
        assert_eq!(waited, [0, 0, 0, 0, 0, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300]);
    }

    #[test]
    fn the_owner_elsewhere_and_other_names_do_not_wait_a4() {
        let (_, patience) = patience();
        for _ in 0..FREE {
            patience.take(guesser("alice", 1)).unwrap();
        }
        patience.take(guesser("alice", 1)).unwrap_err();
        patience.take(guesser("alice", 2)).unwrap();
        patience.take(guesser("bob", 1)).unwrap();
    }

    #[test]
    fn a_success_and_an_hour_of_silence_are_forgiven() {
        let (clock, patience) = patience();
        let alice = guesser("alice", 1);
        for _ in 0..FREE {
            patience.take(alice).unwrap();
        }
        patience.take(alice).unwrap_err();
        patience.succeeded(alice);
        for _ in 0..FREE {
            patience.take(alice).unwrap();
        }
        clock.advance(FORGOTTEN);
        for _ in 0..FREE {
            patience.take(alice).unwrap();
        }
        patience.take(alice).unwrap_err();
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_for_longer() {
        let (clock, patience) = patience();
        let alice = guesser("alice", 1);
        for _ in 0..FREE {
            patience.take(alice).unwrap();
        }
        clock.set(Timestamp::from_unix_millis(1_000_000));
        let refused = patience.take(alice).unwrap_err();
        assert_eq!(refused.detail().retry_after_ms, 10_000);
    }

    #[test]
    fn memory_is_bounded_and_the_most_eager_are_remembered() {
        let (_, patience) = patience();
        let alice = guesser("alice", 1);
        for _ in 0..FREE {
            patience.take(alice).unwrap();
        }
        for stranger in 0..GUESSERS_MAX * 2 {
            patience.take(guesser(&stranger.to_string(), 1)).unwrap();
        }
        assert!(patience.tries().len() <= GUESSERS_MAX);
        patience.take(alice).unwrap_err();
    }
}
