//! Where the browser keeps the key of the store: as a `WebCrypto` key that no script can export, in `IndexedDB`.
//!
//! The key of the store is an HMAC under that key, and the key of the files that lie beside it another one, so no bytes of it lie beside the ciphertext, and none can be read out of
//! `IndexedDB`. It is no wall against code that runs in this origin: such a script can ask for the same HMAC (ADR 0017).

use indexed_db_futures::database::Database;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{TransactionDurability, TransactionMode, TransactionOptions};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use sotto_client::store::StoreKey;
use sotto_crypto::kept::KeptKey;
use sotto_crypto::labels;
use sotto_crypto::secret::Secret;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use zeroize::Zeroize as _;

use crate::failure::{Failure, FailureCode};

const DATABASE: &str = "sotto";
const TABLE: &str = "keys";
const NAME: &str = "store";

/// The key of the store that this browser already has, if it has one.
pub(crate) async fn load() -> Result<Option<StoreKey>, Failure> {
    let database = open().await?;
    let transaction = database.transaction(TABLE).build()?;
    let kept: Option<JsValue> = transaction.object_store(TABLE)?.get(NAME).await?;
    match kept {
        Some(handle) => Ok(Some(store_key(&handle.unchecked_into()).await?)),
        None => Ok(None),
    }
}

/// The key of the files beside the store. There is one once the store has been opened.
pub(crate) async fn load_for_files() -> Result<KeptKey, Failure> {
    let database = open().await?;
    let transaction = database.transaction(TABLE).build()?;
    let kept: Option<JsValue> = transaction.object_store(TABLE)?.get(NAME).await?;
    let handle = kept.ok_or_else(|| Failure::new(FailureCode::KeyLost, "the key was here a moment ago"))?;
    let mut bytes = derive(&handle.unchecked_into(), labels::BROWSER_FILES_KEY).await?;
    let key = KeptKey::from_secret(Secret::fill(|key| key.copy_from_slice(&bytes)));
    bytes.zeroize();
    Ok(key)
}

/// Makes a key and keeps it durably before anything is written under it.
pub(crate) async fn create() -> Result<StoreKey, Failure> {
    let handle = generate().await?;
    let database = open().await?;
    let mut options = TransactionOptions::new();
    options.set_durability(TransactionDurability::Strict);
    let transaction =
        database.transaction(TABLE).with_mode(TransactionMode::Readwrite).with_options(options).build()?;
    let kept: &JsValue = handle.as_ref();
    transaction.object_store(TABLE)?.add(kept.clone()).with_key(NAME).await?;
    transaction.commit().await?;
    store_key(&handle).await
}

async fn store_key(handle: &CryptoKey) -> Result<StoreKey, Failure> {
    Ok(StoreKey::take(&mut derive(handle, labels::BROWSER_STORE_KEY).await?))
}

async fn open() -> Result<Database, Failure> {
    let database = Database::open(DATABASE)
        .with_version(1_u8)
        .with_on_upgrade_needed(|_, database| {
            database.create_object_store(TABLE).build()?;
            Ok(())
        })
        .await?;
    Ok(database)
}

async fn generate() -> Result<CryptoKey, Failure> {
    let algorithm = hmac();
    set(&algorithm, "hash", &"SHA-256".into());
    set(&algorithm, "length", &256.into());
    let usages = Array::of1(&"sign".into());
    let extractable = false;
    let promise = subtle()?
        .generate_key_with_object(&algorithm, extractable, &usages)
        .map_err(|thrown| Failure::from_js("making the key", &thrown))?;
    let key = JsFuture::from(promise).await.map_err(|thrown| Failure::from_js("making the key", &thrown))?;
    Ok(key.unchecked_into())
}

async fn derive(handle: &CryptoKey, label: &str) -> Result<[u8; StoreKey::LENGTH], Failure> {
    let promise = subtle()?
        .sign_with_object_and_u8_array(&hmac(), handle, label.as_bytes())
        .map_err(|thrown| Failure::from_js("deriving the key", &thrown))?;
    let answer = JsFuture::from(promise).await.map_err(|thrown| Failure::from_js("deriving the key", &thrown))?;
    let view = Uint8Array::new(answer.unchecked_ref::<ArrayBuffer>());
    let mut bytes = [0; StoreKey::LENGTH];
    if view.length() as usize != bytes.len() {
        return Err(Failure::new(FailureCode::Failed, "deriving the key: HMAC-SHA-256 is not 32 bytes long"));
    }
    view.copy_to(&mut bytes);
    view.fill(0, 0, view.length());
    Ok(bytes)
}

fn subtle() -> Result<SubtleCrypto, Failure> {
    scope().crypto().map(|crypto| crypto.subtle()).map_err(|thrown| Failure::from_js("finding WebCrypto", &thrown))
}

/// The global object of the worker that this runs in.
pub(crate) fn scope() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn hmac() -> Object {
    let algorithm = Object::new();
    set(&algorithm, "name", &"HMAC".into());
    algorithm
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("a fresh plain object takes every property");
}
