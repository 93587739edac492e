//! A figure with its baseline.

use serde::Serialize;

/// What was measured, beside something of the same run that it can be held against.
#[derive(Debug, Serialize)]
pub struct Figure {
    what: String,
    unit: &'static str,
    ours: f64,
    baseline: String,
    floor: f64,
}

impl Figure {
    pub(super) fn new(what: &str, unit: &'static str, ours: f64, baseline: &str, floor: f64) -> Self {
        Self { what: what.to_owned(), unit, ours, baseline: baseline.to_owned(), floor }
    }
}
