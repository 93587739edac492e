//! Whether everything is in order, for a person who asks.

use super::{Engine, EngineError};

impl Engine {
    /// Reads every page of the store and compares every index with what it is of.
    pub fn check_store(&self) -> Result<(), EngineError> {
        Ok(self.store.check()?)
    }

    /// How far the server's clock is ahead of the device's; none before it was seen.
    pub fn server_clock_ahead_ms(&self) -> Option<i64> {
        self.memory.clock_is_set.then(|| self.memory.clock.ahead_ms())
    }
}
