//! Figures, side by side with what is aimed at.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What one stretch of load came to.
pub(crate) struct Stretch {
    /// From sending to receipt at the other side, sorted.
    latencies: Vec<Duration>,
    seconds: f64,
}

impl Stretch {
    pub(crate) fn new(mut latencies: Vec<Duration>, took: Duration) -> Self {
        latencies.sort_unstable();
        Self { latencies, seconds: took.as_secs_f64() }
    }

    #[allow(clippy::cast_precision_loss, reason = "a count of messages is small")]
    pub(crate) fn count(&self) -> f64 {
        self.latencies.len() as f64
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count() / self.seconds
    }

    /// In milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// What was measured. Rows are printed as they come: if the server fails, what was measured before is known.
#[derive(Default)]
pub(crate) struct Report {
    rows: RefCell<Vec<Row>>,
    chapter: RefCell<String>,
}

/// A figure, its unit, and an aim such as `< 5`, or none.
#[derive(Serialize)]
struct Row {
    chapter: String,
    what: String,
    figure: f64,
    unit: &'static str,
    aim: String,
}

impl Report {
    /// Begins a table.
    pub(crate) fn title(&self, text: &str) {
        println!("\n{text}");
        text.clone_into(&mut self.chapter.borrow_mut());
    }

    /// Adds to it.
    pub(crate) fn row(&self, what: &str, figure: f64, unit: &'static str, aim: &str) {
        println!("  {what:52} {figure:>11.2} {unit:4} {aim:>8} {}", verdict(figure, aim));
        let (chapter, what, aim) = (self.chapter.borrow().clone(), what.trim().to_owned(), aim.to_owned());
        self.rows.borrow_mut().push(Row { chapter, what, figure, unit, aim });
    }

    /// How long what one stretch of load consists of took.
    pub(crate) fn latencies(&self, stretch: &Stretch, when: &str, aim: &str) {
        self.row(&format!("{when}, median"), stretch.percentile(50), "ms", "");
        self.row(&format!("{when}, 99 of 100"), stretch.percentile(99), "ms", aim);
    }

    /// Leaves everything as JSON, a list of rows.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let rows = serde_json::to_string_pretty(&*self.rows.borrow())?;
        std::fs::write(file, rows).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn verdict(figure: f64, aim: &str) -> &'static str {
    let Some((sense, bound)) = aim.split_once(' ') else { return "" };
    match (sense, bound.parse::<f64>()) {
        ("<", Ok(bound)) if figure < bound => "met",
        (">", Ok(bound)) if figure > bound => "met",
        _ => "MISSED",
    }
}
