//! The folder of files in the browser's private file system, and a file of it that is being written.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use crate::browser_key::scope;

/// The folder, made if it is not there.
pub(super) async fn folder() -> Result<FileSystemDirectoryHandle, JsValue> {
    let root = JsFuture::from(scope().navigator().storage().get_directory()).await?;
    let root: FileSystemDirectoryHandle = root.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    Ok(JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await?.unchecked_into())
}

/// A file that is being written, let go at the end.
pub(super) struct Grasp(FileSystemSyncAccessHandle);

impl Grasp {
    /// The file, made if it is not there. Nobody else can write it meanwhile.
    pub(super) async fn of(folder: &FileSystemDirectoryHandle, name: &str) -> Result<Self, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = JsFuture::from(folder.get_file_handle_with_options(name, &options)).await?;
        let handle: FileSystemFileHandle = handle.unchecked_into();
        Ok(Self(JsFuture::from(handle.create_sync_access_handle()).await?.unchecked_into()))
    }

    #[expect(clippy::cast_precision_loss, reason = "files are shorter than 2^53 bytes")]
    pub(super) fn put(&self, at: u64, bytes: &[u8]) -> Result<(), JsValue> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(at as f64);
        let written = self.0.write_with_u8_array_and_options(bytes, &options)?;
        // Where there is no room, Chromium may also say that it has written some four billions.
        let is_whole = written.total_cmp(&(bytes.len() as f64)).is_eq();
        if is_whole { Ok(()) } else { Err(full()) }
    }

    pub(super) fn settle(&self) -> Result<(), JsValue> {
        self.0.flush()
    }

    /// Nothing is left from here on. Where that fails, it is written over later.
    #[expect(clippy::cast_precision_loss, reason = "files are shorter than 2^53 bytes")]
    pub(super) fn cut(&self, at: u64) {
        let _ = self.0.truncate_with_f64(at as f64);
    }
}

impl Drop for Grasp {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A disk that takes less than it was given says nothing else.
fn full() -> JsValue {
    web_sys::DomException::new_with_message_and_name("written in part", "QuotaExceededError")
        .map_or_else(|thrown| thrown, JsValue::from)
}

const FOLDER: &str = "sotto-files";
