//! Alice's device keeps its store: across restarts, against a thief with the file, and when a version is too old.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use sotto_client::store::{Openings, Store, StoreError, StoreKey};

fn key(byte: u8) -> StoreKey {
    StoreKey::take(&mut [byte; StoreKey::LENGTH])
}

fn open(path: &Path, key: &StoreKey) -> Result<Store, StoreError> {
    Store::open(path.to_str().unwrap(), key)
}

#[test]
fn alice_restarts_and_finds_what_she_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");

    let first = open(&path, &key(1)).unwrap().record_opening(1_000).unwrap();
    let second = open(&path, &key(1)).unwrap().record_opening(2_000).unwrap();

    assert_eq!(first, Openings { count: 1, first_at_ms: 1_000 });
    assert_eq!(second, Openings { count: 2, first_at_ms: 1_000 });
}

#[test]
fn mallory_steals_the_file_and_reads_nothing_c9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    open(&path, &key(1)).unwrap().record_opening(1_000).unwrap();

    assert!(matches!(open(&path, &key(2)).unwrap_err(), StoreError::WrongKeyOrDamaged));

    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for plain in [&b"SQLite format 3"[..], b"openings", b"CREATE TABLE"] {
            assert!(!bytes.windows(plain.len()).any(|window| window == plain), "plaintext on disk");
        }
    }
}

#[test]
fn a_flipped_bit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    open(&path, &key(1)).unwrap().record_opening(1_000).unwrap();

    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    assert!(matches!(open(&path, &key(1)).unwrap_err(), StoreError::WrongKeyOrDamaged | StoreError::Damaged(_)));
}

#[test]
fn an_old_program_leaves_a_newer_store_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    drop(open(&path, &key(1)).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch(&format!("PRAGMA key = \"x'{}'\"; PRAGMA user_version = 4000", "01".repeat(32))).unwrap();
    drop(newer);

    let refused = open(&path, &key(1)).unwrap_err();

    assert!(matches!(refused, StoreError::FromTheFuture { found: 4000, .. }));
}

#[test]
fn the_key_is_wiped_where_it_came_from_and_never_printed() {
    let mut bytes = [7; StoreKey::LENGTH];
    let key = StoreKey::take(&mut bytes);

    assert_eq!(bytes, [0; StoreKey::LENGTH]);
    assert_eq!(format!("{key:?}"), "StoreKey(…)");
}
