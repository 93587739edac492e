//! What the cryptography and the client cost: each task beside a baseline that is measured in the same run, since a ratio is comparable between
//! machines and a time is not. The same code is measured natively and in WebAssembly.
//!
//! `script/bench crypto` prints the two worlds side by side, `script/bench criterion` measures with statistics.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a measurement that cannot go on has failed")]

pub mod client;
mod clock;
mod directory;
mod events;
mod files;
mod groups;
mod pair;

pub use pair::{Pair, Row, Work};

/// Sizes of groups that are measured.
pub const SIZES: [usize; 4] = [2, 10, 100, 1_000];

/// Shows every pair to `visit`, one after the other: the large groups need not be in memory at once.
pub fn for_each_pair(sizes: &[usize], mut visit: impl FnMut(Pair)) {
    events::pairs().into_iter().chain(files::pairs()).chain(directory::pairs()).for_each(&mut visit);
    for size in sizes {
        groups::pairs(*size).into_iter().for_each(&mut visit);
    }
}

/// Measures every pair for a moment and reports as JSON: a list of rows.
pub fn report(sizes: &[usize]) -> String {
    let mut rows = Vec::new();
    for_each_pair(sizes, |mut pair| rows.push(pair.measure()));
    serde_json::to_string(&rows).expect("texts and numbers can be written")
}

/// The same for a host of WebAssembly.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = report)]
pub fn report_all() -> String {
    report(&SIZES)
}
