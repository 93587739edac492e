//! The bytes of files, in parts (`docs/adr/0024`).
//!
//! [`Blobs`] is the port; [`open`] gives one over a folder or an object store. Which files exist, who may read them and which parts
//! are there is in the [`Store`](crate::store::Store); here is only what is too large for it.

mod error;
mod folder;
mod http;
mod objects;
mod place;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sotto_proto::FileId;

pub use error::{BlobError, Cause};

use objects::Objects;

/// Parts of files by number. A part is small enough to be held in memory.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Stores a part, durably when it returns. A part is written once: the same bytes again are no error, others are refused.
    async fn put(&self, file: FileId, part: u32, bytes: Bytes) -> Result<(), BlobError>;

    /// Reads a range of a part; all of it or nothing.
    async fn get(&self, file: FileId, part: u32, range: Range<u32>) -> Result<Bytes, BlobError>;

    /// Removes all parts of a file. None is no error.
    async fn remove(&self, file: FileId) -> Result<(), BlobError>;

    /// Files of which there are parts, and whose ids begin with a byte.
    async fn files(&self, first_byte: u8) -> Result<Vec<FileId>, BlobError>;

    /// Answers whether the object store does.
    async fn check(&self) -> Result<(), BlobError>;
}

/// Opens what a setting names: a folder, or `s3://bucket/prefix`, `gs://…`, `az://…`; without one the folder `blobs` in `data`.
///
/// What else an object store needs is in the environment (`AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, …) or behind a question
/// mark in the URL (`s3://files?endpoint=http://127.0.0.1:9000&region=eu&allow_http=true`). Secrets belong into the environment: a URL
/// is seen in lists of processes.
pub fn open(place: Option<&str>, data: &Path) -> Result<Arc<dyn Blobs>, BlobError> {
    let objects = match folder_of(place, data) {
        Some(folder) => folder::open(&folder)?,
        None => Objects::new(place::open(place.unwrap_or_default())?, None),
    };
    Ok(Arc::new(objects))
}

/// The folder that a setting names; none if it is an object store.
pub fn folder_of(place: Option<&str>, data: &Path) -> Option<PathBuf> {
    match place.filter(|place| !place.is_empty()) {
        Some(url) if url.contains("://") => None,
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(data.join("blobs")),
    }
}
