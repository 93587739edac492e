//! Figures, side by side with what is aimed at.

use std::time::Duration;

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

/// Begins a table. Rows are printed as they come: if the server fails, what was measured before is known.
pub(crate) fn title(text: &str) {
    println!("\n{text}");
}

/// A figure, its unit, and a target such as `< 5`, or none.
pub(crate) fn row(what: &str, figure: f64, unit: &str, target: &str) {
    let met = match target.split_once(' ') {
        Some(("<", bound)) => verdict(figure, bound, |figure, bound| figure < bound),
        Some((">", bound)) => verdict(figure, bound, |figure, bound| figure > bound),
        _ => "",
    };
    println!("  {what:52} {figure:>11.2} {unit:4} {target:>8} {met}");
}

fn verdict(figure: f64, bound: &str, holds: fn(f64, f64) -> bool) -> &'static str {
    match bound.parse() {
        Ok(bound) if holds(figure, bound) => "met",
        _ => "MISSED",
    }
}
