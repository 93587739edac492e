//! Randomness that the caller lends for one operation.
//!
//! The group library asks its provider for random bytes in places where no argument can reach. The provider therefore holds a
//! generator only while [`Randomness::lend`] runs: it is seeded from the caller's, and is gone afterwards. An operation that
//! was not lent any cannot draw, so nothing in this crate depends on a hidden source.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chacha20::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};
use zeroize::Zeroizing;

/// Random bytes were asked for when none were lent: a bug in this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness was lent to this operation")]
pub struct NoRandomness;

/// A slot for a generator, shared by everything that serves one group.
#[derive(Clone, Default)]
pub struct Randomness(Arc<Mutex<Option<ChaCha20Rng>>>);

impl Randomness {
    /// Runs `work` with a generator that is seeded from `rng` and forgotten at the end.
    pub fn lend<T>(&self, rng: &mut impl CryptoRng, work: impl FnOnce() -> T) -> T {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        *self.lock() = Some(ChaCha20Rng::from_seed(*seed));
        let _forget = Forget(self);
        work()
    }

    /// Fills `output` with random bytes.
    pub(super) fn fill(&self, output: &mut [u8]) -> Result<(), NoRandomness> {
        self.with(|rng| rng.fill_bytes(output))
    }

    /// Hands the generator to `draw`.
    pub(super) fn with<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> Result<T, NoRandomness> {
        self.lock().as_mut().map(draw).ok_or(NoRandomness)
    }

    fn lock(&self) -> MutexGuard<'_, Option<ChaCha20Rng>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness([redacted])")
    }
}

/// Takes the generator away when the loan ends, also when the work panics.
struct Forget<'a>(&'a Randomness);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_without_a_loan() {
        let randomness = Randomness::default();
        assert_eq!(randomness.fill(&mut [0; 4]), Err(NoRandomness));
        randomness.lend(&mut ChaCha20Rng::from_seed([1; 32]), || randomness.fill(&mut [0; 4])).unwrap();
        assert_eq!(randomness.fill(&mut [0; 4]), Err(NoRandomness));
    }

    #[test]
    fn a_loan_is_determined_by_the_lender() {
        let draw = |seed| {
            let randomness = Randomness::default();
            let mut bytes = [0; 32];
            randomness.lend(&mut ChaCha20Rng::from_seed([seed; 32]), || randomness.fill(&mut bytes)).unwrap();
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn debug_prints_no_state() {
        let randomness = Randomness::default();
        let text = randomness.lend(&mut ChaCha20Rng::from_seed([1; 32]), || format!("{randomness:?}"));
        assert_eq!(text, "Randomness([redacted])");
    }
}
