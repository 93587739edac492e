//! Development tasks that have logic. The scripts in `script/` are the way in; `cargo xtask --help` lists the rest.

mod assurance;
mod bench;
mod budget;
mod contract;
mod fuzz;
mod process;
mod suite;
mod vectors;
mod wasm;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(about = "Development tasks that have logic")]
enum Task {
    /// Builds the WebAssembly module and its bindings into web/src/wasm
    Wasm,
    /// Builds the web app into web/dist, compresses it and holds it against the size budget
    Web,
    /// Feeds hostile bytes to every decoder, or to one
    Fuzz {
        /// Seconds a target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// One target alone
        target: Option<String>,
    },
    /// Writes docs/ASSURANCE.md: which tests show which cases of the threat model
    Assurance,
    /// Measures everything, or one area, or parts of it, and writes up what whole areas came to
    Bench {
        /// What to measure; all of it if nothing is named
        area: Option<bench::Area>,
        /// Parts of it alone, which are printed and not kept
        parts: Vec<String>,
        /// How often: three runs tell noise from change
        #[arg(long, default_value_t = 1)]
        runs: usize,
    },
    /// Tells noise from change between two files of results
    BenchCompare {
        /// The older one
        before: PathBuf,
        /// The newer one
        after: PathBuf,
    },
    /// Runs the inner loop: format, lints, unit tests
    Check,
    /// Runs everything that is checked, or the named parts of it
    Test {
        /// Parts to run; `cargo xtask test --list` names them
        parts: Vec<String>,
        /// Names the parts and ends
        #[arg(long)]
        list: bool,
    },
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = root();
    match task {
        Task::Wasm => wasm::build(&root),
        Task::Web => web::build(&root),
        Task::Fuzz { seconds, target } => fuzz::run(&root, seconds, target.as_deref()),
        Task::Assurance => assurance::write(&root),
        Task::Bench { area, parts, runs } => bench::run(&root, area, &parts, runs),
        Task::BenchCompare { before, after } => bench::compare(&before, &after),
        Task::Check => suite::check(&root),
        Task::Test { list: true, .. } => {
            suite::list();
            Ok(())
        }
        Task::Test { parts, .. } => suite::test(&root, &parts),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root of the checkout").to_owned()
}
