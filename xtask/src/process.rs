//! Running other programs: quietly, with their output kept for when they fail, and ended with all their children when we are
//! asked to stop.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Set by Ctrl-C and by a polite kill.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub fn watch_for_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)).context("cannot watch for Ctrl-C")
}

pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Cargo, as a person would call it. The cargo that runs us tells us about our own package; build scripts that look at the same
/// names (`ring` does) would take that for a change, and all that rests on them would be built again.
pub fn cargo(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).args(words);
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    command
}

/// Runs a command and returns what it printed on both streams, in the order in which it came.
///
/// It gets a process group of its own: an interrupt goes to us, and from here to everything that the command has started.
pub fn captured(command: &mut Command) -> Result<String> {
    let name = name(command);
    let (mut reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let second = writer.try_clone().context("cannot make a pipe")?;
    let mut child = command
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(second)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    // The command holds our copies of the writing end; the pipe ends when the last copy is closed.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let reading = std::thread::spawn(move || {
        let mut printed = Vec::new();
        reader.read_to_end(&mut printed).map(|_| printed)
    });
    let status = wait(&mut child).with_context(|| format!("cannot wait for {name}"))?;
    let printed = reading.join().expect("reading does not panic").context("cannot read a pipe")?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    if !status.success() {
        bail!("{printed}\n{name} ended with {status}");
    }
    Ok(printed)
}

/// Asks a program one thing; the answer is what it prints on standard output, whatever else it has to say.
pub fn answer(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", name(command)))?;
    if !output.status.success() {
        bail!("{}\n{} ended with {}", String::from_utf8_lossy(&output.stderr), name(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    while !interrupted() {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(PAUSE);
    }
    signal(child, "INT")?;
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && child.try_wait()?.is_none() {
        std::thread::sleep(PAUSE);
    }
    // Also whatever outlived its parent.
    signal(child, "KILL")?;
    child.wait()
}

fn signal(child: &Child, name: &str) -> std::io::Result<()> {
    let group = format!("-{}", child.id());
    Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status().map(drop)
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

const PAUSE: Duration = Duration::from_millis(20);
/// How long a command may take to clean up after an interrupt.
const GRACE: Duration = Duration::from_secs(5);
