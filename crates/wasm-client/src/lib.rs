//! The client engine of Sotto for the browser. It runs in a dedicated worker; the page asks for operations, never for keys.
//!
//! This crate only binds: it installs the platform (OPFS, `WebCrypto`), calls the engine, and translates the outcome.
#![cfg(target_arch = "wasm32")]

mod agent;
mod browser_key;
pub mod client;
mod failure;
mod files;
mod link;
pub mod qr;
mod store;
mod time;
pub mod view;

use serde::Serialize;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

pub use failure::{Failure, FailureCode};
pub use store::StoreReport;

/// The version of the core that is loaded, which is the version of the whole product.
#[wasm_bindgen(js_name = coreVersion)]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// One primitive against its published answer.
#[derive(Serialize, Tsify)]
pub struct PrimitiveCheck {
    name: &'static str,
    passed: bool,
}

/// What was checked, in the order in which it was.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct PrimitiveChecks(Vec<PrimitiveCheck>);

/// Runs the primitives on this machine against known answers.
#[wasm_bindgen(js_name = checkPrimitives)]
pub fn check_primitives() -> Result<Ts<PrimitiveChecks>, Failure> {
    let checks = sotto_crypto::self_test::run();
    let checks = checks.into_iter().map(|check| PrimitiveCheck { name: check.name, passed: check.passed });
    Ok(PrimitiveChecks(checks.collect()).into_ts()?)
}

/// Opens the encrypted store of this browser, counts the opening and reports what it finds.
#[wasm_bindgen(js_name = checkStore)]
pub async fn check_store(now_ms: f64) -> Result<Ts<StoreReport>, Failure> {
    match store::check(now_ms).await {
        Ok(report) => Ok(report.into_ts()?),
        Err(failure) => Err(failure.explained().await),
    }
}
