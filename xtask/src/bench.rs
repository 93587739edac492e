//! What the cryptography costs, natively and in WebAssembly side by side. Node.js is the host, and the module is compiled as the
//! browser's is.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process::captured;
use crate::wasm;

const PACKAGE: &str = "sotto-bench";

/// One task, as the measuring program reports it.
#[derive(Deserialize)]
struct Row {
    task: String,
    baseline: String,
    ours_us: f64,
    baseline_us: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours_us / self.baseline_us
    }
}

pub fn run(root: &Path) -> Result<()> {
    let native = natively(root)?;
    let wasm = in_wasm(root)?;
    print!("{}", table(&native, &wasm)?);
    Ok(())
}

fn natively(root: &Path) -> Result<Vec<Row>> {
    let mut command = Command::new("cargo");
    parse(&captured(command.current_dir(root).args(["run", "--quiet", "--locked", "--release", "--package", PACKAGE]))?)
}

fn in_wasm(root: &Path) -> Result<Vec<Row>> {
    let module = wasm::bind_for_node(root, PACKAGE)?;
    parse(&wasm::call_in_node(&module, "report")?)
}

fn parse(printed: &str) -> Result<Vec<Row>> {
    serde_json::from_str(printed).context("the measurement did not report in JSON")
}

fn table(native: &[Row], wasm: &[Row]) -> Result<String> {
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
    use super::{Row, table};

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
}
