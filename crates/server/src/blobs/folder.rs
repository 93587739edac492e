//! A folder of this machine: what is stored is on the disk, and so are the folders that lead to it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use sotto_proto::FileId;

use super::BlobError;
use super::objects::{FILES, Objects};

/// The folder below which the object store writes.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

pub(super) fn open(root: &Path) -> Result<Objects, BlobError> {
    // Made once, so that storing a file for the first time has one new folder to make durable.
    for first_byte in u8::MIN..=u8::MAX {
        fs::create_dir_all(root.join(FILES).join(format!("{first_byte:02x}")))?;
    }
    for folder in [Some(root.join(FILES)), Some(root.to_owned()), root.parent().map(Path::to_owned)] {
        folder.filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), |folder| sync(&folder))?;
    }
    let root = root.canonicalize()?;
    let objects = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
    Ok(Objects::new(Arc::new(objects), Some(Folder(root))))
}

impl Folder {
    /// Makes the folder of a file durable. The object store does so only if it has made it itself, and an attempt that was
    /// interrupted may have made it before.
    pub(super) async fn settle(&self, file: FileId) -> Result<(), BlobError> {
        let folder = self.of(file).parent().map(Path::to_owned);
        blocking(move || folder.map_or(Ok(()), |folder| sync(&folder))).await
    }

    /// Removes the folder of a file, with what an attempt that was interrupted has left in it.
    pub(super) async fn remove(&self, file: FileId) -> Result<(), BlobError> {
        let folder = self.of(file);
        blocking(move || match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
        .await
    }

    fn of(&self, file: FileId) -> PathBuf {
        self.0.join(super::objects::folder_of(file))
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), BlobError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| BlobError::Away(Arc::new(error)))?;
    Ok(done?)
}
