//! What every place for files must do, in a folder and on an S3 server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sotto_proto::FileId;
use sotto_server::blobs::{BlobError, Blobs, open};
use sotto_test_services::S3;
use tempfile::TempDir;

const FILE: FileId = FileId::from_bytes([0xf1; 16]);
const OTHER: FileId = FileId::from_bytes([0xf2; 16]);
const PART: usize = 1 << 20;

fn part(byte: u8) -> Bytes {
    vec![byte; PART].into()
}

/// Runs a scenario in a folder and on an S3 server.
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $scenario() {
                let folder = tempfile::tempdir().unwrap();
                super::$scenario(&*super::open(None, folder.path()).unwrap()).await;
            })*
        }

        mod s3 {
            $(#[tokio::test]
            async fn $scenario() {
                let server = super::S3::start().unwrap();
                super::$scenario(&*super::on_s3(&server)).await;
            })*
        }
    };
}

on_both!(parts_are_read_in_ranges, a_part_is_written_once, removing_takes_all_parts_of_one_file, files_are_listed);

fn on_s3(server: &S3) -> Arc<dyn Blobs> {
    open(Some(&server.url()), Path::new("/nowhere")).unwrap()
}

async fn parts_are_read_in_ranges(blobs: &dyn Blobs) {
    blobs.check().await.unwrap();
    let bytes: Bytes = (0..PART).map(|index| u8::try_from(index % 251).unwrap()).collect();
    blobs.put(FILE, 3, bytes.clone()).await.unwrap();
    let whole = u32::try_from(PART).unwrap();
    for range in [0..whole, 0..1, 65_536..131_072, whole - 1..whole] {
        let wanted = bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        assert!(blobs.get(FILE, 3, range.clone()).await.unwrap() == wanted, "{range:?}");
    }
    assert!(matches!(blobs.get(FILE, 2, 0..1).await, Err(BlobError::Missing)));
    assert!(matches!(blobs.get(OTHER, 3, 0..1).await, Err(BlobError::Missing)));
    assert!(blobs.get(FILE, 3, whole - 1..whole + 1).await.is_err(), "all of a range or nothing");
}

async fn a_part_is_written_once(blobs: &dyn Blobs) {
    for _ in 0..2 {
        blobs.put(FILE, 0, part(1)).await.unwrap();
    }
    assert!(matches!(blobs.put(FILE, 0, part(2)).await, Err(BlobError::Taken)));
    assert!(matches!(blobs.put(FILE, 0, part(1).slice(1..)).await, Err(BlobError::Taken)));
    assert!(blobs.get(FILE, 0, 0..9).await.unwrap().iter().all(|byte| *byte == 1));
}

async fn removing_takes_all_parts_of_one_file(blobs: &dyn Blobs) {
    for index in 0..5 {
        blobs.put(FILE, index, part(1)).await.unwrap();
    }
    blobs.put(OTHER, 0, part(2)).await.unwrap();
    for _ in 0..2 {
        blobs.remove(FILE).await.unwrap();
    }
    for index in 0..5 {
        assert!(matches!(blobs.get(FILE, index, 0..1).await, Err(BlobError::Missing)));
    }
    blobs.get(OTHER, 0, 0..1).await.unwrap();
    blobs.put(FILE, 0, part(3)).await.unwrap();
}

async fn files_are_listed(blobs: &dyn Blobs) {
    let near = FileId::from_bytes({
        let mut bytes = *FILE.as_bytes();
        bytes[15] = 0;
        bytes
    });
    for file in [FILE, near, OTHER] {
        blobs.put(file, 0, part(1)).await.unwrap();
    }
    let mut found = blobs.files(0xf1).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [near, FILE]);
    assert_eq!(blobs.files(0).await.unwrap(), []);
    blobs.remove(FILE).await.unwrap();
    assert_eq!(blobs.files(0xf1).await.unwrap(), [near]);
}

/// What an attempt that was killed has left beside a part is in nobody's way, and goes with the file.
#[tokio::test]
async fn a_folder_survives_attempts_that_were_killed_o1() {
    let home = TempDir::new().unwrap();
    let blobs = open(None, home.path()).unwrap();
    let folder = home.path().join("blobs/files/f1").join(FILE.to_string());
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("000000#1"), b"half of a part").unwrap();
    blobs.put(FILE, 0, part(1)).await.unwrap();
    assert!(blobs.get(FILE, 0, 0..9).await.unwrap().iter().all(|byte| *byte == 1));
    blobs.remove(FILE).await.unwrap();
    assert!(!folder.exists());
}

#[tokio::test]
async fn an_s3_server_that_was_away_is_used_again_o6() {
    let server = S3::start().unwrap();
    let blobs = on_s3(&server);
    blobs.put(FILE, 0, part(1)).await.unwrap();
    server.set_away(true);
    assert!(matches!(blobs.put(FILE, 1, part(2)).await, Err(BlobError::Away(_))));
    assert!(matches!(blobs.get(FILE, 0, 0..1).await, Err(BlobError::Away(_))));
    assert!(matches!(blobs.check().await, Err(BlobError::Away(_))));
    server.set_away(false);
    blobs.put(FILE, 1, part(2)).await.unwrap();
    blobs.get(FILE, 0, 0..1).await.unwrap();
}

#[tokio::test]
async fn a_bucket_is_shared_by_prefix() {
    let server = S3::start().unwrap();
    let url = server.url().replace('?', "/one/of/many?");
    let (ours, theirs) = (open(Some(&url), Path::new("/nowhere")).unwrap(), on_s3(&server));
    ours.put(FILE, 0, part(1)).await.unwrap();
    assert!(matches!(theirs.get(FILE, 0, 0..1).await, Err(BlobError::Missing)));
    assert_eq!(ours.files(0xf1).await.unwrap(), [FILE]);
    ours.remove(FILE).await.unwrap();
    assert!(matches!(ours.get(FILE, 0, 0..1).await, Err(BlobError::Missing)));
}

#[tokio::test]
async fn a_wrong_key_is_no_reason_to_wait() {
    let server = S3::start().unwrap();
    let url = server.url().replace("secret_access_key=", "secret_access_key=x");
    let blobs = open(Some(&url), Path::new("/nowhere")).unwrap();
    assert!(matches!(blobs.put(FILE, 0, part(1)).await, Err(BlobError::Broken(_))));
}

#[test]
fn settings_that_cannot_work_are_named() {
    for wrong in ["ftp://host/files", "s3://", "s3://bucket?colour=red", "s3://bucket?region=x&unknown", "://"] {
        let refused = open(Some(wrong), Path::new("/nowhere"));
        assert!(matches!(refused, Err(BlobError::Setting(..))), "{wrong}");
    }
}
