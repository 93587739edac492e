//! Measurements: run, kept in `bench/results/`, compared, and written up in `docs/BENCHMARKS.md`.

mod compare;
mod page;
mod plot;
mod results;
mod side_by_side;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::de::DeserializeOwned;

use crate::process::{captured, cargo};
use crate::wasm;
use results::{Measured, Results};
use side_by_side::{Figure, Row};

pub use compare::compare;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// The cryptography, natively and in WebAssembly
    Crypto,
    /// The client, natively and in WebAssembly
    Client,
    /// A real server under load
    Server,
    /// The terminal, with a store that is well filled
    Terminal,
}

impl Area {
    const ALL: [Self; 4] = [Self::Crypto, Self::Client, Self::Server, Self::Terminal];

    fn name(self) -> &'static str {
        match self {
            Self::Crypto => "crypto",
            Self::Client => "client",
            Self::Server => "server",
            Self::Terminal => "terminal",
        }
    }

    fn measure(self, root: &Path, parts: &[String]) -> Result<Vec<Measured>> {
        match self {
            Self::Crypto => crypto(root, parts),
            Self::Client => client(root, parts),
            Self::Server => server(root, parts),
            Self::Terminal => terminal(root, parts),
        }
    }
}

/// Measures one area, or all of them, so many times, and prints. A whole area is kept and written up; a part of one is not.
pub fn run(root: &Path, area: Option<Area>, parts: &[String], runs: usize) -> Result<()> {
    ensure!(area.is_some() || parts.is_empty(), "name the area whose parts are wanted");
    for area in area.map_or(Area::ALL.to_vec(), |area| vec![area]) {
        let mut results = Results::of_this_machine()?;
        for _ in 0..runs {
            results.add(area.measure(root, parts)?);
        }
        if parts.is_empty() {
            results.write(&folder(root).join(format!("{}.json", area.name())))?;
        }
    }
    page::write(root)
}

fn folder(root: &Path) -> std::path::PathBuf {
    root.join("bench/results")
}

fn crypto(root: &Path, parts: &[String]) -> Result<Vec<Measured>> {
    ensure!(parts.is_empty(), "the cryptography is measured as a whole");
    let (native, wasm): (Vec<Row>, Vec<Row>) = (natively(root, &[])?, in_wasm(root, "report", None)?);
    print!("{}", side_by_side::table(&native, &wasm)?);
    let native = native.iter().flat_map(|row| row.measured("Cryptography, native"));
    Ok(native.chain(wasm.iter().flat_map(|row| row.measured("Cryptography, WebAssembly"))).collect())
}

fn client(root: &Path, parts: &[String]) -> Result<Vec<Measured>> {
    ensure!(parts.len() <= 1, "name one part of the client, or none for all");
    let part = parts.first().map(String::as_str);
    let arguments: Vec<_> = ["client"].into_iter().chain(part).collect();
    let native: Vec<Figure> = natively(root, &arguments)?;
    let wasm: Vec<Figure> = in_wasm(root, "reportClient", part)?;
    print!("{}", side_by_side::client_table(&native, &wasm));
    let native = native.iter().flat_map(|figure| figure.measured("Client, native"));
    Ok(native.chain(wasm.iter().flat_map(|figure| figure.measured("Client, WebAssembly"))).collect())
}

/// The generator prints its rows as they come.
fn server(root: &Path, parts: &[String]) -> Result<Vec<Measured>> {
    let build =
        ["build", "--release", "--locked", "--package", "sotto-server", "--package", "sotto-server-tests", "--bins"];
    captured(&mut cargo(root, &build))?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let report = folder.path().join("report.json");
    let mut load = Command::new(root.join("target/release/load"));
    let status = load.current_dir(root).args(parts).arg("--json").arg(&report).status();
    ensure!(status.context("cannot start the generator")?.success(), "the load broke off");
    parse(&std::fs::read_to_string(&report).context("the generator left no report")?)
}

/// The real program in a terminal of its own. The server lies beside it.
fn terminal(root: &Path, parts: &[String]) -> Result<Vec<Measured>> {
    ensure!(parts.is_empty(), "the terminal is measured as a whole");
    let build = ["build", "--release", "--locked", "--package", "sotto-server", "--bins"];
    captured(&mut cargo(root, &build))?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let report = folder.path().join("report.json");
    let words = ["bench", "--quiet", "--locked", "--package", "sotto-tui", "--bench", "terminal", "--", "--json"];
    let status = cargo(root, &words).arg(&report).status();
    ensure!(status.context("cannot start the measurement")?.success(), "the measurement broke off");
    parse(&std::fs::read_to_string(&report).context("the measurement left no report")?)
}

fn natively<T: DeserializeOwned>(root: &Path, arguments: &[&str]) -> Result<Vec<T>> {
    let words = ["run", "--quiet", "--locked", "--release", "--package", PACKAGE, "--"];
    parse(&captured(cargo(root, &words).args(arguments))?)
}

fn in_wasm<T: DeserializeOwned>(root: &Path, function: &str, argument: Option<&str>) -> Result<Vec<T>> {
    let module = wasm::bind_for_node(root, PACKAGE)?;
    parse(&wasm::call_in_node(&module, function, argument)?)
}

fn parse<T: DeserializeOwned>(printed: &str) -> Result<Vec<T>> {
    serde_json::from_str(printed).context("the measurement did not report in JSON")
}

const PACKAGE: &str = "sotto-bench";
