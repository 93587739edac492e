//! The encrypted database of one account on one device.
//!
//! Every step of the engine is one transaction here: after a crash there is the old state or the new one. The file is
//! encrypted as a whole, and SQLite keeps its temporary data in memory, so no plaintext reaches the disk by the side door.

mod error;
mod migrations;
mod openings;
mod platform;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use error::StoreError;
pub use openings::Openings;

/// The key of the whole database. The shell keeps it where the platform keeps keys; the store only uses it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; StoreKey::LENGTH]);

impl StoreKey {
    /// 256 bits.
    pub const LENGTH: usize = 32;

    /// Takes the key over from the place where the shell keeps it, and wipes it there.
    pub fn take(bytes: &mut [u8; Self::LENGTH]) -> Self {
        let key = Self(*bytes);
        bytes.zeroize();
        key
    }

    fn hex(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = Zeroizing::new(String::with_capacity(2 * Self::LENGTH));
        for byte in self.0 {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        hex
    }
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreKey(…)")
    }
}

/// An open, migrated, encrypted database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the database at `location`, or creates it, and brings its schema up to date.
    ///
    /// `location` is a path natively, and in the browser a URI that names the file system which the shell has installed.
    pub fn open(location: &str, key: &StoreKey) -> Result<Self, StoreError> {
        platform::set_up();
        let mut connection = Connection::open(location).map_err(StoreError::from_opening)?;
        unlock(&connection, key)?;
        connection.execute_batch(platform::DURABILITY).map_err(StoreError::from_opening)?;
        connection.execute_batch(EVERYWHERE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        migrations::run(&mut connection)?;
        Ok(Self { connection })
    }

    /// One step: everything that `work` does, or nothing of it.
    pub(crate) fn transact<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = transaction.map_err(StoreError::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }

    /// Reads every page and compares every index with what it is of.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let found: String = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        let stray = self.connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
        match (found.as_str(), stray) {
            ("ok", false) => Ok(()),
            ("ok", true) => Err(StoreError::Contradiction("a row belongs to one that is not there")),
            _ => Err(StoreError::Contradiction("a page or an index is damaged")),
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// The key comes first, then a read, which is when SQLite finds out whether the key fits.
fn unlock(connection: &Connection, key: &StoreKey) -> Result<(), StoreError> {
    let pragma = platform::key_pragma(&key.hex());
    connection.execute_batch(&pragma).map_err(StoreError::from_opening)?;
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(StoreError::from_opening)?;
    Ok(())
}

/// More than the engine has, so that each is parsed and planned once.
const STATEMENTS_KEPT: usize = 512;

/// `temp_store`: what SQLite spills while it sorts is plaintext, and stays in memory.
const EVERYWHERE: &str = "
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
";
