use js_sys::Reflect;
use serde::Serialize;
use sotto_client::store::{Store, StoreKey};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};
use tsify::Tsify;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::browser_key::{self, scope};
use crate::failure::{Failure, FailureCode};

/// The store as the worker has just seen it.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct StoreReport {
    openings: u32,
    first_opened_at_ms: f64,
    encrypted: bool,
    persisted: bool,
}

const DIRECTORY: &str = "sotto";
const FILE_SYSTEM: &str = "sotto-opfs";
const FILE: &str = "sotto.db";
/// Every encrypted SQLite database begins otherwise.
const PLAINTEXT_HEADER: &[u8] = b"SQLite format 3\0";

/// Opens the store of this browser, or makes one.
pub(crate) async fn open() -> Result<Store, Failure> {
    open_in(&file_system().await?).await
}

/// Opens a store that goes with the worker, under a key that goes with it too.
pub(crate) fn open_in_memory() -> Result<Store, Failure> {
    let mut key = [0; StoreKey::LENGTH];
    getrandom::fill(&mut key).map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))?;
    Ok(Store::open(FILE, &StoreKey::take(&mut key))?)
}

/// Opens the store, counts the opening, and closes it again.
pub(crate) async fn check(now_ms: f64) -> Result<StoreReport, Failure> {
    let pool = file_system().await?;
    let mut store = open_in(&pool).await?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285,000 years")]
    let openings = store.record_opening(now_ms as i64)?;
    drop(store);

    #[expect(clippy::cast_precision_loss, reason = "JavaScript has no other number; exact for 285,000 years")]
    Ok(StoreReport {
        openings: openings.count,
        first_opened_at_ms: openings.first_at_ms as f64,
        encrypted: !pool.export_db(FILE)?.starts_with(PLAINTEXT_HEADER),
        persisted: persisted().await?,
    })
}

async fn open_in(pool: &OpfsSAHPoolUtil) -> Result<Store, Failure> {
    let key = match browser_key::load().await? {
        Some(key) => key,
        None if pool.exists(FILE)? => {
            return Err(Failure::new(FailureCode::KeyLost, "the store is here, and its key is not"));
        }
        None => browser_key::create().await?,
    };
    Ok(Store::open(&format!("file:{FILE}?vfs=multipleciphers-{FILE_SYSTEM}"), &key)?)
}

async fn file_system() -> Result<OpfsSAHPoolUtil, Failure> {
    if !has_sync_handles() {
        return Err(Failure::new(FailureCode::NoOpfs, "files have no synchronous handles"));
    }
    let options = OpfsSAHPoolCfgBuilder::new().vfs_name(FILE_SYSTEM).directory(DIRECTORY).build();
    Ok(install::<WasmOsCallback>(&options, false).await?)
}

/// Browsers had the private file system before they had handles that SQLite can work with.
fn has_sync_handles() -> bool {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    let prototype = get(&get(&js_sys::global(), "FileSystemFileHandle"), "prototype");
    get(&prototype, "createSyncAccessHandle").is_function()
}

/// Whether the browser has promised not to evict this origin's data when it runs short of room.
async fn persisted() -> Result<bool, Failure> {
    let doing = "asking whether storage is persistent";
    let promise = scope().navigator().storage().persisted().map_err(|thrown| Failure::from_js(doing, &thrown))?;
    let answer = JsFuture::from(promise).await.map_err(|thrown| Failure::from_js(doing, &thrown))?;
    Ok(answer.is_truthy())
}
