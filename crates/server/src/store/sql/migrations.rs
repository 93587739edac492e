//! The steps that bring the tables up to date. Each is one transaction together with the note that it was done.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::connection::Database;
use crate::store::StoreError;

macro_rules! steps {
    ($database:literal) => {
        [
            (1, "accounts", include_str!(concat!("../../../../../migrations/", $database, "/0001_accounts.sql"))),
            (2, "devices", include_str!(concat!("../../../../../migrations/", $database, "/0002_devices.sql"))),
            (
                3,
                "conversations",
                include_str!(concat!("../../../../../migrations/", $database, "/0003_conversations.sql")),
            ),
            (4, "log", include_str!(concat!("../../../../../migrations/", $database, "/0004_log.sql"))),
            (5, "reports", include_str!(concat!("../../../../../migrations/", $database, "/0005_reports.sql"))),
            (6, "files", include_str!(concat!("../../../../../migrations/", $database, "/0006_files.sql"))),
            (7, "logins", include_str!(concat!("../../../../../migrations/", $database, "/0007_logins.sql"))),
            (8, "live", include_str!(concat!("../../../../../migrations/", $database, "/0008_live.sql"))),
            (9, "claims", include_str!(concat!("../../../../../migrations/", $database, "/0009_claims.sql"))),
            (10, "proofs", include_str!(concat!("../../../../../migrations/", $database, "/0010_proofs.sql"))),
            (11, "directory", include_str!(concat!("../../../../../migrations/", $database, "/0011_directory.sql"))),
        ]
    };
}

/// Refuses tables of any other version than this one's.
pub(crate) async fn check(database: &Database) -> Result<(), StoreError> {
    let sql = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
    // Without this table nobody has made any.
    let rows = database.read().await?.rows(sql, &[]).await.map_err(|_| other_version())?;
    let done = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    let known: Vec<i64> = steps!("sqlite").iter().map(|(version, ..)| *version).collect();
    if done == known { Ok(()) } else { Err(other_version()) }
}

fn other_version() -> StoreError {
    StoreError::Broken("the tables are of another version", None)
}

pub(crate) fn for_sqlite() -> Migrator {
    migrator(&steps!("sqlite"))
}

pub(crate) fn for_postgres() -> Migrator {
    migrator(&steps!("postgres"))
}

fn migrator(steps: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = steps.iter().map(|&(version, name, sql)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, SqlStr::from_static(sql), false)
    });
    Migrator::with_migrations(migrations.collect())
}
