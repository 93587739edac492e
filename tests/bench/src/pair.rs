//! A task and its baseline, measured turn by turn.

use std::fmt;

use serde::Serialize;

use crate::clock::now_ms;

/// Something whose time is taken.
pub trait Work {
    /// Gets ready; this is not measured.
    fn prepare(&mut self) {}

    /// Does what is measured.
    fn run(&mut self);
}

impl<F: FnMut()> Work for F {
    fn run(&mut self) {
        self();
    }
}

/// A task of ours, and what it is compared with.
pub struct Pair {
    /// What is measured.
    pub task: String,
    /// What it is held against.
    pub baseline: String,
    /// The task.
    pub ours: Box<dyn Work>,
    /// The baseline.
    pub floor: Box<dyn Work>,
}

/// How long each took at its fastest: whatever else the machine does can only slow a run down.
#[derive(Debug, Serialize)]
pub struct Row {
    task: String,
    baseline: String,
    ours_us: f64,
    baseline_us: f64,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, baseline, ours_us, baseline_us } = self;
        let ratio = ours_us / baseline_us;
        write!(f, "{task} / {baseline}: {ours_us:.1} µs / {baseline_us:.1} µs = {ratio:.2}")
    }
}

impl Pair {
    pub(crate) fn new(task: &str, baseline: &str, ours: impl Work + 'static, floor: impl Work + 'static) -> Self {
        Self { task: task.into(), baseline: baseline.into(), ours: Box::new(ours), floor: Box::new(floor) }
    }

    /// Runs both in turn, so that whatever else the machine does meets both alike.
    pub fn measure(&mut self) -> Row {
        self.warm_up();
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        let start = now_ms();
        while ours.len() < MIN_ROUNDS || (ours.len() < MAX_ROUNDS && now_ms() - start < BUDGET_MS) {
            ours.push(time(&mut *self.ours));
            floor.push(time(&mut *self.floor));
        }
        let (task, baseline) = (self.task.clone(), self.baseline.clone());
        Row { task, baseline, ours_us: fastest_us(&ours), baseline_us: fastest_us(&floor) }
    }

    /// A host of WebAssembly compiles again what runs often.
    fn warm_up(&mut self) {
        let start = now_ms();
        while now_ms() - start < WARM_UP_MS {
            time(&mut *self.ours);
            time(&mut *self.floor);
        }
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({} / {})", self.task, self.baseline)
    }
}

fn time(work: &mut dyn Work) -> f64 {
    work.prepare();
    let start = now_ms();
    work.run();
    now_ms() - start
}

fn fastest_us(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min) * 1e3
}

const MIN_ROUNDS: usize = 9;
const MAX_ROUNDS: usize = 5_001;
const WARM_UP_MS: f64 = 500.0;
const BUDGET_MS: f64 = 1_000.0;
