use serde::Serialize;
use sotto_client::store::Store;
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};
use tsify::Tsify;
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

pub(crate) async fn check(now_ms: f64) -> Result<StoreReport, Failure> {
    let pool = file_system().await?;
    let key = match browser_key::load().await? {
        Some(key) => key,
        None if pool.exists(FILE)? => {
            return Err(Failure::new(FailureCode::KeyLost, "the store is here, and its key is not"));
        }
        None => browser_key::create().await?,
    };

    let mut store = Store::open(&format!("file:{FILE}?vfs=multipleciphers-{FILE_SYSTEM}"), &key)?;
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

async fn file_system() -> Result<OpfsSAHPoolUtil, Failure> {
    let options = OpfsSAHPoolCfgBuilder::new().vfs_name(FILE_SYSTEM).directory(DIRECTORY).build();
    Ok(install::<WasmOsCallback>(&options, false).await?)
}

/// Whether the browser has promised not to evict this origin's data when it runs short of room.
async fn persisted() -> Result<bool, Failure> {
    let doing = "asking whether storage is persistent";
    let promise = scope().navigator().storage().persisted().map_err(|thrown| Failure::from_js(doing, &thrown))?;
    let answer = JsFuture::from(promise).await.map_err(|thrown| Failure::from_js(doing, &thrown))?;
    Ok(answer.is_truthy())
}
