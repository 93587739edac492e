//! Whether the browser has room left for this site.

use sotto_client::engine::FileFailure;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::grasp::{Grasp, folder};
use super::sources::failure;

/// Whether as much as the store may need could be written now. SQLite here only learns that a write failed, and what a browser estimates
/// is rounded, so that nobody is recognised by it: it has to be tried.
pub(crate) async fn is_room_left() -> bool {
    tried().await.map_or_else(|thrown| failure(&thrown) != FileFailure::NoRoom, |()| true)
}

async fn tried() -> Result<(), JsValue> {
    let folder = folder().await?;
    let probe = Grasp::of(&folder, PROBE).await?;
    let written = probe.put(0, &vec![0; PROBE_LEN]);
    probe.cut(0);
    drop(probe);
    // An empty file that stays takes nothing.
    let _ = JsFuture::from(folder.remove_entry(PROBE)).await;
    written
}

/// No number, so that it is no file.
const PROBE: &str = "probe";
/// A new store with all its tables takes less.
const PROBE_LEN: usize = 1 << 20;
