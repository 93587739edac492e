//! Files that a person chose, as the browser hands them out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use js_sys::{ArrayBuffer, Uint8Array};
use sotto_client::engine::{FileFailure, SecretVec};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DomException, File};

use super::secret;

/// What pages have handed in, by the words that they have drawn for it.
#[derive(Default)]
pub(super) struct Sources(RefCell<BTreeMap<String, Blob>>);

impl Sources {
    pub(super) fn hold(&self, location: String, content: Blob) {
        self.0.borrow_mut().insert(location, content);
    }

    pub(super) fn keep(&self, wanted: &BTreeSet<String>) {
        self.0.borrow_mut().retain(|location, _| wanted.contains(location));
    }

    /// None if nothing is held there.
    pub(super) async fn read(
        &self,
        location: &str,
        mark: &[u8],
        offset: u64,
        length: usize,
    ) -> Option<Result<SecretVec, FileFailure>> {
        let content = self.0.borrow().get(location)?.clone();
        if mark_of(&content) != mark {
            return Some(Err(FileFailure::Changed));
        }
        Some(read_blob(&content, offset, length).await)
    }
}

/// A source is the same as long as its size and the time of its last change are.
pub(crate) fn mark_of(content: &Blob) -> Vec<u8> {
    let changed = content.dyn_ref::<File>().map_or(0.0, File::last_modified);
    [content.size().to_be_bytes(), changed.to_be_bytes()].concat()
}

/// As much as there is.
#[expect(clippy::cast_precision_loss, reason = "files are shorter than 2^53 bytes")]
pub(super) async fn read_blob(content: &Blob, offset: u64, length: usize) -> Result<SecretVec, FileFailure> {
    let (from, to) = (offset as f64, offset as f64 + length as f64);
    let stretch = content.slice_with_f64_and_f64(from, to).map_err(|thrown| failure(&thrown))?;
    let bytes = JsFuture::from(stretch.array_buffer()).await.map_err(|thrown| failure(&thrown))?;
    let view = Uint8Array::new(bytes.unchecked_ref::<ArrayBuffer>());
    Ok(secret(view.to_vec()))
}

/// What the browser threw, in the words of the engine.
pub(super) fn failure(thrown: &JsValue) -> FileFailure {
    match thrown.dyn_ref::<DomException>().map(DomException::name).as_deref() {
        Some("NotFoundError") => FileFailure::Missing,
        // What was changed after it was chosen cannot be read any more.
        Some("NotReadableError") => FileFailure::Changed,
        Some("QuotaExceededError") => FileFailure::NoRoom,
        _ => FileFailure::Failed,
    }
}
