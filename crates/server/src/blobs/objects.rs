//! Parts as objects: `files/<first byte of the id>/<id>/<part>`.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use sotto_proto::FileId;

use super::folder::Folder;
use super::{BlobError, Blobs};

pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: Option<Folder>,
}

impl Objects {
    /// Over a store; `folder` when that is one of this machine.
    pub(super) fn new(store: Arc<dyn ObjectStore>, folder: Option<Folder>) -> Self {
        Self { store, folder }
    }

    async fn put_as(&self, place: &Path, bytes: Bytes, mode: PutMode) -> Result<(), BlobError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        self.store.put_opts(place, PutPayload::from_bytes(bytes), options).await?;
        Ok(())
    }

    /// The same bytes again are written again: whoever wrote them first may have been interrupted before they were durable.
    async fn put_again(&self, place: &Path, bytes: Bytes) -> Result<(), BlobError> {
        if self.store.get(place).await?.bytes().await? != bytes {
            return Err(BlobError::Taken);
        }
        self.put_as(place, bytes, PutMode::Overwrite).await
    }
}

#[async_trait]
impl Blobs for Objects {
    async fn put(&self, file: FileId, part: u32, bytes: Bytes) -> Result<(), BlobError> {
        let place = place_of(file, part);
        match self.put_as(&place, bytes.clone(), PutMode::Create).await {
            Err(BlobError::Taken) => self.put_again(&place, bytes).await?,
            // A store that refuses before it has read everything looks as if it had gone away in the middle.
            Err(away @ BlobError::Away(_)) => match self.put_again(&place, bytes).await {
                Err(BlobError::Missing | BlobError::Away(_)) => return Err(away),
                done => done?,
            },
            done => done?,
        }
        match &self.folder {
            Some(folder) => folder.settle(file).await,
            None => Ok(()),
        }
    }

    async fn get(&self, file: FileId, part: u32, range: Range<u32>) -> Result<Bytes, BlobError> {
        let wanted = u64::from(range.start)..u64::from(range.end);
        let bytes = self.store.get_range(&place_of(file, part), wanted).await?;
        if bytes.len() == range.len() { Ok(bytes) } else { Err(BlobError::Broken(Arc::new(Short))) }
    }

    async fn remove(&self, file: FileId) -> Result<(), BlobError> {
        if let Some(folder) = &self.folder {
            return folder.remove(file).await;
        }
        let parts = self.store.list(Some(&folder_of(file).into())).map_ok(|part| part.location).boxed();
        let mut removed = self.store.delete_stream(parts);
        while let Some(part) = removed.next().await {
            match part {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn files(&self, first_byte: u8) -> Result<Vec<FileId>, BlobError> {
        let prefix = Path::from(format!("{FILES}/{first_byte:02x}"));
        let folders = self.store.list_with_delimiter(Some(&prefix)).await?.common_prefixes;
        let ids = folders.iter().filter_map(|folder| folder.filename()?.parse().ok());
        Ok(ids.collect())
    }

    async fn check(&self) -> Result<(), BlobError> {
        match self.store.head(&Path::from(FILES).join("check")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn place_of(file: FileId, part: u32) -> Path {
    Path::from(format!("{}/{part:06}", folder_of(file)))
}

pub(super) fn folder_of(file: FileId) -> String {
    format!("{FILES}/{:02x}/{file}", file.as_bytes()[0])
}

/// A part has fewer bytes than were stored.
#[derive(Debug, thiserror::Error)]
#[error("a part is shorter than it was")]
struct Short;

pub(super) const FILES: &str = "files";
