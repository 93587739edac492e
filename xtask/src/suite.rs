//! Everything that is checked, in parts: each says when it starts, and how it ended and after how long.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use sotto_test_services::{Nats, Postgres};
use tempfile::TempDir;

use crate::contract;
use crate::process::{answer, captured, cargo, interrupted, watch_for_interrupts};
use crate::wasm;
use crate::{fuzz, vectors, web};

/// One part of the suite. It returns what its tools printed, from which the number of passed tests is read.
struct Part {
    name: &'static str,
    run: fn(&Path) -> Result<String>,
}

/// Parts that come one after the other.
type Lane = &'static [Part];

/// The whole suite: stages, one after the other, each of lanes that run side by side. What only compiles and reads shares the
/// processors well, since the module for the browser is linked and shrunk on one of them; what runs servers has them to itself.
const STAGES: &[&[Lane]] = &[
    &[
        &[
            Part { name: "format", run: format },
            Part { name: "contract", run: wire_contract },
            Part { name: "licences", run: licences },
            Part { name: "advisories", run: advisories },
            Part { name: "lints", run: lints },
        ],
        &[
            Part { name: "web-build", run: web_build },
            Part { name: "web-checks", run: web_checks },
            Part { name: "vectors-in-wasm", run: vectors::run },
            Part { name: "oracle", run: oracle },
        ],
    ],
    &[&[
        Part { name: "rust", run: rust_tests },
        Part { name: "browser", run: browser },
        // The part that seldom finds anything new takes longest to say so.
        Part { name: "fuzz", run: hostile_bytes },
    ]],
];

/// The inner loop: what finds most mistakes in the least time.
const INNER_LOOP: Lane = &[
    Part { name: "format", run: format },
    Part { name: "lints", run: native_lints },
    Part { name: "unit", run: unit_tests },
];

pub fn list() {
    for part in all_parts() {
        println!("{}", part.name);
    }
}

pub fn check(root: &Path) -> Result<()> {
    run(root, &[&[INNER_LOOP]], &[])
}

/// Everything, or the named parts.
pub fn test(root: &Path, names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| all_parts().all(|part| part.name != **name)) {
        bail!("there is no part '{unknown}'; `cargo xtask test --list` names them");
    }
    run(root, STAGES, names)
}

fn all_parts() -> impl Iterator<Item = &'static Part> {
    STAGES.iter().flat_map(|lanes| lanes.iter()).flat_map(|lane| lane.iter())
}

/// How a part ended.
struct Outcome {
    name: &'static str,
    took: Duration,
    printed: Result<String>,
}

/// Runs all parts, also after one has failed, so that one run shows all that is wrong.
fn run(root: &Path, stages: &[&[Lane]], names: &[String]) -> Result<()> {
    watch_for_interrupts()?;
    let mut outcomes = Vec::new();
    for lanes in stages {
        thread::scope(|scope| {
            let running: Vec<_> = lanes.iter().map(|lane| scope.spawn(|| run_lane(root, lane, names))).collect();
            outcomes.extend(running.into_iter().flat_map(|lane| lane.join().expect("a part returns its failures")));
        });
        if interrupted() {
            bail!("stopped");
        }
    }
    summary(&outcomes)
}

fn run_lane(root: &Path, lane: Lane, names: &[String]) -> Vec<Outcome> {
    let wanted = lane.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name));
    wanted.map_while(|part| (!interrupted()).then(|| run_part(root, part))).collect()
}

fn run_part(root: &Path, part: &Part) -> Outcome {
    println!("{} …", part.name);
    let start = Instant::now();
    let printed = (part.run)(root);
    if let Err(error) = &printed
        && !interrupted()
    {
        println!("{}: {error:#}", part.name);
    }
    Outcome { name: part.name, took: start.elapsed(), printed }
}

fn summary(outcomes: &[Outcome]) -> Result<()> {
    println!();
    let (mut passed, mut failed) = (0, Vec::new());
    for Outcome { name, took, printed } in outcomes {
        let ending = if let Ok(printed) = printed {
            passed += passed_tests(printed);
            "ok"
        } else {
            failed.push(*name);
            "FAILED"
        };
        println!("{name:16} {ending:7} {:7.1} s", took.as_secs_f64());
    }
    println!("tests: {passed} passed, {} failed", failed.len());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Sums the closing lines of the test runners: `test result: ok. 5 passed`, `Tests  12 passed (12)`, `7 passed (3.2s)`.
fn passed_tests(printed: &str) -> u64 {
    printed.lines().filter_map(closing_count).sum()
}

fn closing_count(line: &str) -> Option<u64> {
    let line = line.trim();
    let is_closing =
        line.starts_with("test result:") || line.starts_with("Tests ") || line.starts_with(char::is_numeric);
    if !is_closing {
        return None;
    }
    let (before, _) = line.split_once(" passed")?;
    before.split_whitespace().last()?.parse().ok()
}

// --- The parts -------------------------------------------------------------------------------------------------------

fn format(root: &Path) -> Result<String> {
    captured(&mut cargo(root, &["fmt", "--all", "--", "--check", "-l"]))
        .context("unformatted; `cargo fmt --all` formats")
}

fn wire_contract(root: &Path) -> Result<String> {
    let lines = |found: Vec<String>| anyhow!("{}", found.join("\n"));
    contract::lint(root).map_err(lines)?;
    contract::breaking(root, &landed(root)).map_err(lines)?;
    Ok(String::new())
}

/// What others may already build on: main as it was last fetched, or the commit that is being worked on.
fn landed(root: &Path) -> String {
    let mut command = Command::new("git");
    command.current_dir(root).args(["rev-parse", "--verify", "--quiet", "origin/main"]);
    answer(&mut command).unwrap_or_else(|_| "HEAD".to_owned())
}

fn licences(root: &Path) -> Result<String> {
    let words = ["deny", "--log-level", "error", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    captured(&mut cargo(root, &words)).map_err(|error| anyhow!("{}", one_line_each(&error.to_string())))
}

/// A finding of cargo-deny is a drawing; its title and its place say it in one line.
fn one_line_each(report: &str) -> String {
    let mut findings = Vec::new();
    for line in report.lines() {
        if line.starts_with("error") {
            findings.push(line.to_owned());
        } else if let (Some(place), Some(finding)) = (line.trim_start().strip_prefix("┌─ "), findings.last_mut()) {
            *finding = format!("{finding}: {place}");
        }
    }
    if findings.is_empty() { report.to_owned() } else { findings.join("\n") }
}

/// The one check that needs a network beyond the package registries. Without it the rest still counts.
fn advisories(root: &Path) -> Result<String> {
    let outcome = captured(&mut cargo(root, &["deny", "--log-level", "error", "check", "advisories"]));
    match outcome {
        Err(error) if error.to_string().contains("failed to fetch advisory database") => {
            println!("advisories: NOT CHECKED, the advisory database cannot be reached from here");
            Ok(String::new())
        }
        outcome => outcome,
    }
}

fn lints(root: &Path) -> Result<String> {
    let native = native_lints(root)?;
    Ok(native + &wasm_lints(root)?)
}

fn native_lints(root: &Path) -> Result<String> {
    captured(&mut cargo(
        root,
        &["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ))
}

/// The crate of the browser is empty natively. Debian's compiler brings no linter, so there its lints wait for CI.
fn wasm_lints(root: &Path) -> Result<String> {
    if !wasm::has_rustup_target(root) {
        return Ok(String::new());
    }
    let mut command = cargo(root, &["clippy", "--quiet", "--locked", "--package", "sotto-wasm-client"]);
    wasm::as_it_is_built(&mut command)?.args(["--", "-D", "warnings"]);
    captured(&mut command)
}

fn web_build(root: &Path) -> Result<String> {
    web::build(root).map(|()| String::new())
}

fn web_checks(root: &Path) -> Result<String> {
    let checks = web::npm(root, &["run", "check"])?;
    Ok(checks + &web::npm(root, &["test"])?)
}

fn unit_tests(root: &Path) -> Result<String> {
    captured(&mut cargo(root, &["test", "--quiet", "--locked", "--workspace", "--lib", "--bins"]))
}

fn rust_tests(root: &Path) -> Result<String> {
    let (postgres, nats) = (Postgres::start()?, Nats::start()?);
    let mut command = cargo(root, &["test", "--quiet", "--locked", "--workspace", "--no-fail-fast"]);
    let scratch = scratch()?;
    command.env("SOTTO_TEST_POSTGRES", postgres.url()).env("SOTTO_TEST_NATS", nats.url());
    captured(command.env("TMPDIR", scratch.path()))
}

fn hostile_bytes(root: &Path) -> Result<String> {
    fuzz::run(root, FUZZ_SECONDS, None).map(|()| String::new())
}

/// Groups that we share with the other MLS implementation.
fn oracle(root: &Path) -> Result<String> {
    let mut command = cargo(&root.join("tests/oracle"), &["test", "--quiet", "--locked", "--target-dir"]);
    captured(command.arg(root.join("target/oracle")))
}

fn browser(root: &Path) -> Result<String> {
    // As the Rust tests have built them: without a test among what is built, dependencies get other features, and are built again.
    let programs = ["--workspace", "--bin", "sotto-server", "--bin", "sotto", "--test", "architecture"];
    captured(cargo(root, &["build", "--quiet", "--locked"]).args(programs))?;
    let mut command = Command::new("npm");
    command.current_dir(root.join("web")).args(["--silent", "run", "e2e"]);
    let scratch = scratch()?;
    command.env("SOTTO_SERVER_BIN", root.join("target/debug/sotto-server"));
    command.env("SOTTO_TERMINAL_BIN", root.join("target/debug/sotto"));
    captured(command.env("TMPDIR", scratch.path()))
}

/// Temporary files of a part, which go with it, also when it is stopped half-way. The database's user must get through.
fn scratch() -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("sotto-test-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .context("cannot make a temporary folder")?;
    Ok(folder)
}

/// For each target; `script/fuzz` goes on for longer.
const FUZZ_SECONDS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_each_runner_says_at_its_end() {
        let printed = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored\n      Tests  12 passed (12)\n  7 passed (3.2s)\n";
        assert_eq!(passed_tests(printed), 22);
    }

    #[test]
    fn a_finding_of_cargo_deny_is_one_line() {
        let report =
            "error[rejected]: failed to satisfy license requirements\n   ┌─ ring/Cargo.toml:160:27\n   │\nbans ok\n";
        assert_eq!(
            one_line_each(report),
            "error[rejected]: failed to satisfy license requirements: ring/Cargo.toml:160:27"
        );
        assert_eq!(one_line_each("cargo deny is missing"), "cargo deny is missing");
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(passed_tests("time passed\n3 tests\nall 4 passed\n Test Files  2 passed (2)\n"), 0);
    }
}
