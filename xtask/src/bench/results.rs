//! What was measured, on which machine, each figure once for each run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::process::answer;

/// One figure of one run.
#[derive(Debug, Deserialize)]
pub struct Measured {
    chapter: String,
    what: String,
    figure: f64,
    unit: String,
    #[serde(default)]
    aim: String,
}

impl Measured {
    pub fn new(chapter: &str, what: &str, unit: &str, figure: f64) -> Self {
        let (chapter, what, unit, aim) = (chapter.to_owned(), what.to_owned(), unit.to_owned(), String::new());
        Self { chapter, what, figure, unit, aim }
    }
}

/// One figure of all runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub chapter: String,
    pub what: String,
    pub unit: String,
    /// `< 5`, `> 30000`, or none.
    pub aim: String,
    pub runs: Vec<f64>,
}

impl Row {
    /// Whether both are runs of the same thing.
    pub fn is_of(&self, chapter: &str, what: &str, unit: &str) -> bool {
        (self.chapter.as_str(), self.what.as_str(), self.unit.as_str()) == (chapter, what, unit)
    }

    pub fn median(&self) -> f64 {
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub fn least(&self) -> f64 {
        self.runs.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self) -> f64 {
        self.runs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// What was aimed at: the bound, and whether the median keeps it.
    pub fn aim(&self) -> Option<(f64, bool)> {
        let (sense, bound) = self.aim.split_once(' ')?;
        let bound: f64 = bound.parse().ok()?;
        Some((bound, if sense == "<" { self.median() < bound } else { self.median() > bound }))
    }
}

/// A file of `bench/results/`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: String,
    pub rows: Vec<Row>,
}

impl Results {
    pub fn of_this_machine() -> Result<Self> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").context("this is measured on Linux")?;
        let model =
            cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, model)| model);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (rust, day) = (answer(Command::new("rustc").arg("--version"))?, answer(Command::new("date").arg("+%F"))?);
        let machine = format!("{}, {cores} processors, {rust}, {day}", model.unwrap_or("unknown processor"));
        Ok(Self { machine, rows: Vec::new() })
    }

    /// Adds what one more run came to.
    pub fn add(&mut self, measured: Vec<Measured>) {
        for Measured { chapter, what, figure, unit, aim } in measured {
            match self.rows.iter_mut().find(|row| row.is_of(&chapter, &what, &unit)) {
                Some(row) => row.runs.push(figure),
                None => self.rows.push(Row { chapter, what, unit, aim, runs: vec![figure] }),
            }
        }
    }

    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} holds no results", file.display()))
    }

    pub fn write(&self, file: &Path) -> Result<()> {
        std::fs::create_dir_all(file.parent().context("results lie in a folder")?)?;
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_the_same_thing_stand_together() {
        let mut results = Results { machine: String::new(), rows: Vec::new() };
        for figure in [3.0, 1.0, 2.0] {
            results.add(vec![
                Measured::new("Server", "latency", "ms", figure),
                Measured::new("Server", "latency", "×", 1.0),
            ]);
        }
        let row = &results.rows[0];
        assert_eq!((results.rows.len(), row.median(), row.least(), row.most()), (2, 2.0, 1.0, 3.0));
    }

    #[test]
    fn an_aim_is_kept_or_not() {
        let row = |aim: &str| Row {
            chapter: String::new(),
            what: String::new(),
            unit: String::new(),
            aim: aim.to_owned(),
            runs: vec![10.0],
        };
        assert_eq!(row("< 20").aim(), Some((20.0, true)));
        assert_eq!(row("> 20").aim(), Some((20.0, false)));
        assert_eq!(row("").aim(), None);
    }
}
