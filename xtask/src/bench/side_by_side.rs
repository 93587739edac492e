//! Native code and WebAssembly side by side, as tables.

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::results::Measured;

/// One task, as the measuring program reports it.
#[derive(Deserialize)]
pub struct Row {
    task: String,
    baseline: String,
    ours_us: f64,
    baseline_us: f64,
}

impl Row {
    /// What is kept of it: the time, and how it stands to its baseline.
    pub fn measured(&self, chapter: &str) -> [Measured; 2] {
        let what = format!("{}, against: {}", self.task, self.baseline);
        [Measured::new(chapter, &what, "µs", self.ours_us), Measured::new(chapter, &what, "×", self.ratio())]
    }

    fn ratio(&self) -> f64 {
        self.ours_us / self.baseline_us
    }
}

/// One figure of the client.
#[derive(Deserialize)]
pub struct Figure {
    what: String,
    unit: String,
    ours: f64,
    baseline: String,
    floor: f64,
}

impl Figure {
    /// What is kept of it: the figure, and how it stands to its baseline.
    pub fn measured(&self, chapter: &str) -> [Measured; 2] {
        let what = format!("{}, against: {}", self.what, self.baseline);
        [
            Measured::new(chapter, &what, &self.unit, self.ours),
            Measured::new(chapter, &what, "×", self.ours / self.floor),
        ]
    }

    /// The figure and its ratio, as two cells.
    fn cells(&self) -> String {
        format!("{} | {:.2}", rounded(self.ours), self.ours / self.floor)
    }
}

/// What WebAssembly does not measure is left out there.
pub fn client_table(native: &[Figure], wasm: &[Figure]) -> String {
    let head = "| what | unit | against | native | ratio | WASM | ratio | WASM / native |\n\
                |---|---|---|--:|--:|--:|--:|--:|\n";
    let lines = native.iter().map(|figure| {
        let Figure { what, unit, baseline, .. } = figure;
        let hosted = wasm.iter().find(|other| (&other.what, &other.baseline) == (what, baseline));
        let hosted = hosted.map_or_else(
            || " |  | ".to_owned(),
            |hosted| format!("{} | {:.2}", hosted.cells(), hosted.ours / figure.ours),
        );
        format!("| {what} | {unit} | {baseline} | {} | {hosted} |\n", figure.cells())
    });
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// Three digits are all that a measurement knows.
fn rounded(value: f64) -> String {
    match value {
        10.0..100.0 => format!("{value:.1}"),
        0.0..10.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

pub fn table(native: &[Row], wasm: &[Row]) -> Result<String> {
    let alike =
        native.iter().map(|row| (&row.task, &row.baseline)).eq(wasm.iter().map(|row| (&row.task, &row.baseline)));
    ensure!(alike, "the two worlds measured different tasks");
    let head =
        "| task | against | native µs | ratio | WASM µs | ratio | WASM / native |\n|---|---|--:|--:|--:|--:|--:|\n";
    let lines = native.iter().zip(wasm).map(|(native, wasm)| {
        format!(
            "| {} | {} | {:.1} | {:.2} | {:.1} | {:.2} | {:.1} |\n",
            native.task,
            native.baseline,
            native.ours_us,
            native.ratio(),
            wasm.ours_us,
            wasm.ratio(),
            wasm.ours_us / native.ours_us
        )
    });
    Ok(std::iter::once(head.to_owned()).chain(lines).collect())
}

#[cfg(test)]
mod tests {
    use super::{Figure, Row, client_table, table};

    fn row(task: &str, ours_us: f64) -> Row {
        Row { task: task.into(), baseline: "sign".into(), ours_us, baseline_us: 10.0 }
    }

    #[test]
    fn native_and_wasm_stand_side_by_side() {
        let table = table(&[row("seal", 12.5)], &[row("seal", 50.0)]).unwrap();
        assert!(table.ends_with("| seal | sign | 12.5 | 1.25 | 50.0 | 5.00 | 4.0 |\n"), "{table}");
    }

    #[test]
    fn different_tasks_are_not_compared() {
        assert!(table(&[row("seal", 1.0)], &[row("open", 1.0)]).is_err());
        assert!(table(&[row("seal", 1.0)], &[]).is_err());
    }

    #[test]
    fn a_figure_that_only_one_world_has_stands_alone() {
        let figure = |what: &str, ours| {
            let (unit, baseline) = ("ms".to_owned(), "read".to_owned());
            Figure { what: what.to_owned(), unit, ours, baseline, floor: 2.0 }
        };
        let table = client_table(&[figure("list", 30.0), figure("size", 250.0)], &[figure("list", 90.0)]);
        assert!(table.contains("| list | ms | read | 30.0 | 15.00 | 90.0 | 45.00 | 3.00 |\n"), "{table}");
        assert!(table.ends_with("| size | ms | read | 250 | 125.00 |  |  |  |\n"), "{table}");
    }
}
