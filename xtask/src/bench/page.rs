//! `docs/BENCHMARKS.md`: all that lies in `bench/results/`, as tables, with a drawing of what has an aim.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::results::{Results, Row};
use super::{Area, folder, plot};

pub fn write(root: &Path) -> Result<()> {
    let mut page = INTRODUCTION.to_owned();
    for area in Area::ALL {
        let file = folder(root).join(format!("{}.json", area.name()));
        if !file.exists() {
            continue;
        }
        let results = Results::read(&file)?;
        page += &section(area, &results);
        if let Some(drawing) = plot::draw(&results.rows) {
            let name = format!("images/bench-{}.svg", area.name());
            std::fs::write(root.join("docs").join(&name), drawing).context("cannot write the drawing")?;
            let _ = write!(page, "\n![Each figure beside its aim]({name})\n");
        }
    }
    std::fs::write(root.join("docs/BENCHMARKS.md"), page).context("cannot write docs/BENCHMARKS.md")
}

fn section(area: Area, results: &Results) -> String {
    let mut text = format!("\n## `script/bench {}`\n\n{}.\n", area.name(), results.machine);
    let mut chapter = "";
    for row in &results.rows {
        if row.chapter != chapter {
            chapter = &row.chapter;
            let _ = write!(text, "\n### {chapter}\n\n| | aim | median | least to most | |\n|---|--:|--:|--:|---|\n");
        }
        text += &line(row);
    }
    text
}

fn line(row: &Row) -> String {
    let range =
        if row.runs.len() > 1 { format!("{} to {}", rounded(row.least()), rounded(row.most())) } else { String::new() };
    let met = match row.aim() {
        Some((_, true)) => "met",
        Some((_, false)) => "**missed**",
        None => "",
    };
    format!("| {} | {} | {} {} | {range} | {met} |\n", row.what, row.aim, rounded(row.median()), row.unit)
}

/// Three digits are all that a measurement knows.
pub fn rounded(value: f64) -> String {
    match value.abs() {
        10.0..100.0 => format!("{value:.1}"),
        0.0..10.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

const INTRODUCTION: &str = "\
# Benchmarks

Made by `script/bench` from `bench/results/`; the tables are what the programs printed. What the figures mean, what they
were before and what was changed: [PERFORMANCE](PERFORMANCE.md). A time holds for one machine; a ratio (×) to a baseline of the
same run holds for most. `script/bench compare BEFORE.json AFTER.json` tells noise from change.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_aim_and_the_verdict() {
        let row = Row {
            chapter: "Server".into(),
            what: "latency".into(),
            unit: "ms".into(),
            aim: "< 5".into(),
            runs: vec![7.0, 4.0, 12.5],
        };
        assert_eq!(line(&row), "| latency | < 5 | 7.00 ms | 4.00 to 12.5 | **missed** |\n");
    }
}
