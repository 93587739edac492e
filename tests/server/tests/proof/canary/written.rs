//! What a server has written: its log, its folder, its database with what that writes beside its tables.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sotto_test_services::postgres_program;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use super::search::{Search, Secret};
use crate::community::Community;

/// Where something is that must not be there.
pub(super) async fn leaks(community: &Community, secrets: &[Secret], since: SystemTime) -> Vec<String> {
    let search = Search::for_all(secrets);
    let in_log = search.find_in(community.program.log().as_bytes());
    let mut leaks: Vec<_> = in_log.into_iter().map(|secret| format!("{} is in the log", secret.name)).collect();
    for (place, content) in kept(community, since).await {
        let found = search.find_in(&content).into_iter().filter(|secret| !secret.may_be_kept);
        leaks.extend(found.map(|secret| format!("{} is in {place}", secret.name)));
    }
    leaks
}

/// Everything but the log: the folder of the server, and that of PostgreSQL.
pub(super) async fn kept(community: &Community, since: SystemTime) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    read_all(community.program.data(), SystemTime::UNIX_EPOCH, &mut found);
    if let Some(url) = community.backing.database_url() {
        found.push(("the dump".to_owned(), dump(url)));
        for folder in folders_of_postgres(url).await {
            read_all(&folder, since, &mut found);
        }
    }
    found
}

/// What was written lately, with its name. What is gone before it is read was no place to stay.
fn read_all(folder: &Path, since: SystemTime, found: &mut Vec<(String, Vec<u8>)>) {
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
