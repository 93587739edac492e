//! Feeds hostile bytes to every decoder. The targets are a workspace of their own in `fuzz/`, so that their instrumented
//! build shares nothing with the rest; it needs no other compiler than the pinned one.

#[cfg(test)]
mod decoders;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::process::{captured, cargo, interrupted};
use crate::wasm;

/// What each target may use: an input that takes more is a bug. Memory is bounded more closely, and exactly, by the targets
/// themselves (`fuzz/src/budget.rs`); the limit here covers libFuzzer's own tables too. 70,000 bytes are a frame, an event or
/// a chunk of a file with some to spare.
const LIMITS: &[&str] = &["-rss_limit_mb=512", "-timeout=10", "-max_len=70000", "-print_final_stats=1"];

/// Runs each target, or the named one, for so many seconds from its seeds, as many at once as there are processors; what it
/// finds interesting stays in `target/`. All are run also when one has found a fault.
pub fn run(root: &Path, seconds: u32, only: Option<&str>) -> Result<()> {
    let targets = targets(root)?;
    if let Some(unknown) = only.filter(|only| !targets.iter().any(|target| target == only)) {
        bail!("there is no fuzz target '{unknown}'; there are {}", targets.join(", "));
    }
    let wanted = targets.into_iter().filter(|target| only.is_none_or(|only| only == target)).collect();
    let programs = build(root)?;
    captured(Command::new(programs.join("seeds")).arg(made_seeds(root)))?;
    let faults = run_all(wanted, |target| {
        let runs = fuzz(root, &programs, target, seconds)?;
        println!("fuzz: {target} took {runs} inputs in {seconds} s");
        Ok(())
    });
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n\n")) }
}

/// Hands the targets out to one thread for each processor, and collects what was found.
fn run_all(targets: Vec<String>, fuzz: impl Fn(&str) -> Result<()> + Sync) -> Vec<String> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let (waiting, faults) = (Mutex::new(targets.into_iter()), Mutex::new(Vec::new()));
    let next = || waiting.lock().expect("handing out does not panic").next().filter(|_| !interrupted());
    let work = || {
        while let Some(target) = next() {
            if let Err(fault) = fuzz(&target) {
                faults.lock().expect("collecting does not panic").push(format!("{fault:#}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(work);
        }
    });
    faults.into_inner().expect("collecting does not panic")
}

fn build(root: &Path) -> Result<PathBuf> {
    let host = wasm::host(root)?;
    let target_dir = root.join("target/fuzz");
    let mut command = cargo(&root.join("fuzz"), &["build", "--quiet", "--locked", "--release", "--bins"]);
    // Naming the target keeps the instrumentation out of build scripts and macros.
    command.args(["--target", &host, "--target-dir"]).arg(&target_dir).env("RUSTFLAGS", INSTRUMENTATION);
    captured(&mut command)?;
    Ok(target_dir.join(host).join("release"))
}

fn fuzz(root: &Path, programs: &Path, target: &str, seconds: u32) -> Result<u64> {
    let corpus = root.join("target/fuzz-corpus").join(target);
    std::fs::create_dir_all(&corpus).context("cannot make the corpus folder")?;
    let mut command = Command::new(programs.join(target));
    command.arg(format!("-max_total_time={seconds}")).args(LIMITS);
    command.arg(format!("-artifact_prefix={}/", root.join("target/fuzz-corpus").display())).arg(&corpus);
    let seeds = [root.join("fuzz/seeds").join(target), made_seeds(root).join(target)];
    command.args(seeds.iter().filter(|folder| folder.is_dir()));
    let printed = captured(&mut command).with_context(|| format!("fuzz target {target} found a fault"))?;
    executed_units(&printed).with_context(|| format!("fuzz target {target} did not say how many inputs it took"))
}

fn executed_units(printed: &str) -> Option<u64> {
    let line = printed.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok()
}

/// Where the seeds lie that the crates themselves make, beside those in `fuzz/seeds`.
fn made_seeds(root: &Path) -> PathBuf {
    root.join("target/fuzz-seeds")
}

fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// LLVM's coverage for libFuzzer, with overflow and debug assertions on.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use anyhow::bail;

    #[test]
    fn reads_how_many_inputs_were_taken() {
        let printed = "Done 5 runs\nstat::number_of_executed_units: 4711\nstat::average_exec_per_sec: 9\n";
        assert_eq!(super::executed_units(printed), Some(4711));
        assert_eq!(super::executed_units("killed"), None);
    }

    #[test]
    fn a_fault_in_one_target_does_not_keep_the_others_from_running() {
        let ran = AtomicUsize::new(0);
        let targets = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let faults = super::run_all(targets, |target| {
            ran.fetch_add(1, Ordering::Relaxed);
            if target == "b" {
                bail!("b is at fault");
            }
            Ok(())
        });
        assert_eq!((ran.into_inner(), faults), (4, vec!["b is at fault".to_owned()]));
    }
}
