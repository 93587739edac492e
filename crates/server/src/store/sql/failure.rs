//! What a database's errors mean to those who asked.

use std::sync::Arc;

use crate::store::StoreError;

/// Sorts an error by who has to act: wait and try again, free the disk, or look for a bug.
pub(crate) fn failure(error: sqlx::Error) -> StoreError {
    use sqlx::Error;
    let class = match &error {
        Error::Database(refused) => {
            let code = refused.code().unwrap_or_default();
            if refused.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
                postgres_class(&code)
            } else {
                sqlite_class(&code)
            }
        }
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::BeginFailed
        | Error::Protocol(_) => Class::Away,
        _ => Class::Broken,
    };
    let cause = Arc::new(error);
    match class {
        Class::Away => StoreError::Unavailable(cause),
        Class::NoSpace => StoreError::ReadOnly(cause),
        Class::Broken => StoreError::Broken("the database refused a statement", Some(cause)),
    }
}

/// For what is stored but cannot have been written by this version.
pub(crate) fn broken(what: &'static str) -> StoreError {
    StoreError::Broken(what, None)
}

/// A step of a migration that failed was rolled back; the next start tries it again.
pub(crate) fn migration_failure(error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failure(error),
        other => StoreError::Broken("the tables are of another version", Some(Arc::new(other))),
    }
}

enum Class {
    Away,
    NoSpace,
    Broken,
}

/// SQLSTATE (PostgreSQL manual, appendix A): connections, rollbacks, resources and shutdowns pass.
fn postgres_class(code: &str) -> Class {
    match code {
        "53100" | "25006" | "58030" => Class::NoSpace,
        _ if ["08", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class)) => Class::Away,
        _ => Class::Broken,
    }
}

/// Result codes; the low byte of an extended code is the primary one.
fn sqlite_class(code: &str) -> Class {
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_NOMEM | SQLITE_INTERRUPT) => Class::Away,
        Ok(SQLITE_READONLY | SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN) => Class::NoSpace,
        _ => Class::Broken,
    }
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_NOMEM: u32 = 7;
const SQLITE_READONLY: u32 = 8;
const SQLITE_INTERRUPT: u32 = 9;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
