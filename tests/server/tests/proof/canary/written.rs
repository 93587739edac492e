//! What a server has written: its log, its folder, its database with what that writes beside its tables.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sotto_test_services::postgres_program;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use crate::community::Community;

/// What was written, with the name of its place.
pub(super) type Places = Vec<(String, Vec<u8>)>;

/// Everything in the server's folder: with the embedded store, its tables and its journal.
pub(super) fn in_folder(community: &Community) -> Places {
    let mut found = Places::new();
    read_all(community.program.data(), SystemTime::UNIX_EPOCH, &mut found);
    found
}

/// The rows of PostgreSQL, and all that it has written since then.
pub(super) async fn in_postgres(community: &Community, since: SystemTime) -> Places {
    let Some(url) = community.backing.database_url() else { return Places::new() };
    let mut found = vec![("the dump".to_owned(), dump(url))];
    for folder in folders_of_postgres(url).await {
        read_all(&folder, since, &mut found);
    }
    found
}

/// What was written lately, with its name. What is gone before it is read was no place to stay.
fn read_all(folder: &Path, since: SystemTime, found: &mut Places) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.map(Result::unwrap) {
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            read_all(&entry.path(), since, found);
        } else if about.modified().unwrap() >= since
            && let Ok(content) = std::fs::read(entry.path())
        {
            found.push((entry.path().display().to_string(), content));
        }
    }
}

fn dump(url: &str) -> Vec<u8> {
    let output = Command::new(postgres_program("pg_dump").unwrap()).args(["--data-only", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The database's own files, with rows that are deleted and not yet swept out, and the write-ahead log.
async fn folders_of_postgres(url: &str) -> [PathBuf; 2] {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute("CHECKPOINT").await.unwrap();
    let sql = "SELECT current_setting('data_directory'), oid::text FROM pg_database WHERE datname = current_database()";
    let row = connection.fetch_one(sql).await.unwrap();
    connection.close().await.unwrap();
    let (folder, database) = (PathBuf::from(row.get::<String, _>(0)), row.get::<String, _>(1));
    [folder.join("base").join(database), folder.join("pg_wal")]
}
