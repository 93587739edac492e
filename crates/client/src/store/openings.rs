use super::{Store, StoreError};

/// How often this device has opened the store, and since when: the plainest proof that it keeps what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Openings {
    /// This opening included.
    pub count: u32,
    /// When the store was made, in milliseconds since 1970 by the clock of the device.
    pub first_at_ms: i64,
}

impl Store {
    /// Counts an opening at `now_ms` and reads back what is now durable.
    pub fn record_opening(&mut self, now_ms: i64) -> Result<Openings, StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO openings (only_row, count, first_at_ms) VALUES (1, 1, ?1)
             ON CONFLICT (only_row) DO UPDATE SET count = count + 1",
            [now_ms],
        )?;
        transaction.commit()?;
        let openings = self.connection.query_row("SELECT count, first_at_ms FROM openings", [], |row| {
            Ok(Openings { count: row.get(0)?, first_at_ms: row.get(1)? })
        })?;
        Ok(openings)
    }
}
