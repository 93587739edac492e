//! Two results side by side: what changed, and what is only noise.

use std::path::Path;

use anyhow::{Result, bail};

use super::results::{Results, Row};

/// Prints what differs between two files of results by more than their runs differ among each other.
pub fn compare(before: &Path, after: &Path) -> Result<()> {
    let (before, after) = (Results::read(before)?, Results::read(after)?);
    if before.machine.split(", ").next() != after.machine.split(", ").next() {
        println!("Measured on different processors: only ratios (×) can be compared.");
    }
    let lines: Vec<_> = before.rows.iter().filter_map(|row| Some(line(row, same(row, &after)?))).collect();
    if lines.is_empty() {
        bail!("the two have nothing in common");
    }
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

fn same<'a>(row: &Row, other: &'a Results) -> Option<&'a Row> {
    other.rows.iter().find(|other| other.is_of(&row.chapter, &row.what, &row.unit))
}

fn line(before: &Row, after: &Row) -> String {
    let Row { chapter, what, unit, .. } = before;
    let (was, is) = (before.median(), after.median());
    format!(
        "{:8} {:+7.1} %  {chapter}: {what}: {was:.2} → {is:.2} {unit}",
        verdict(before, after),
        (is / was - 1.0) * 1e2
    )
}

/// One run says nothing about noise. Otherwise a change is real when no run of one side lies among those of the other.
fn verdict(before: &Row, after: &Row) -> &'static str {
    if before.runs.len() < RUNS_TO_TELL || after.runs.len() < RUNS_TO_TELL {
        return "unknown";
    }
    let is_apart = before.most() < after.least() || after.most() < before.least();
    if is_apart && (after.median() / before.median() - 1.0).abs() > SMALL { "changed" } else { "noise" }
}

/// With three runs on each side it takes luck of one in ten for all of one side to lie on one side of the other.
const RUNS_TO_TELL: usize = 3;
/// Differences below this are of no use to anybody.
const SMALL: f64 = 0.02;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(runs: &[f64]) -> Row {
        let (chapter, what, unit) = ("Server".to_owned(), "latency".to_owned(), "ms".to_owned());
        Row { chapter, what, unit, aim: String::new(), runs: runs.to_vec() }
    }

    #[test]
    fn runs_that_overlap_are_noise() {
        assert_eq!(verdict(&row(&[1.0, 1.2, 1.1]), &row(&[1.15, 1.3, 1.25])), "noise");
    }

    #[test]
    fn runs_that_lie_apart_are_a_change() {
        assert_eq!(verdict(&row(&[1.0, 1.2, 1.1]), &row(&[1.5, 1.3, 1.4])), "changed");
        assert_eq!(verdict(&row(&[1.5, 1.3, 1.4]), &row(&[1.0, 1.2, 1.1])), "changed");
    }

    #[test]
    fn too_few_runs_tell_nothing() {
        assert_eq!(verdict(&row(&[1.0]), &row(&[2.0, 2.0, 2.0])), "unknown");
    }

    #[test]
    fn a_line_says_how_much() {
        let line = line(&row(&[1.0, 1.0, 1.0]), &row(&[1.5, 1.5, 1.5]));
        assert_eq!(line, "changed    +50.0 %  Server: latency: 1.00 → 1.50 ms");
    }
}
