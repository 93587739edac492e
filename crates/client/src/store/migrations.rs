//! The schema, one step a version. A step that has been released never changes.

use rusqlite::Connection;

use super::StoreError;

/// Runs the missing steps, each in a transaction with the version that it leads to.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    let known = u32::try_from(STEPS.len()).expect("the steps are counted by hand");
    if found > known {
        return Err(StoreError::FromTheFuture { found, known });
    }
    for (to, step) in (1..=known).zip(STEPS).skip_while(|(to, _)| *to <= found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", to)?;
        transaction.commit()?;
    }
    Ok(())
}

pub(super) fn version(connection: &Connection) -> Result<u32, StoreError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(StoreError::from_opening)
}

const STEPS: &[&str] = &[
    "
    CREATE TABLE openings (
        only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
        count       INTEGER NOT NULL CHECK (count > 0),
        first_at_ms INTEGER NOT NULL
    ) STRICT;
",
    include_str!("steps/0002_history.sql"),
    include_str!("steps/0003_engine.sql"),
    include_str!("steps/0004_transfers.sql"),
    include_str!("steps/0005_own_devices.sql"),
    include_str!("steps/0006_renewal.sql"),
    include_str!("steps/0007_directory.sql"),
];
