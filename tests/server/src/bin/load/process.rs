//! What the server's process uses, by `/proc`.

use anyhow::{Context as _, Result};
use sotto_server_tests::program::Program;

pub(crate) fn resident_kib(program: &Program) -> Result<f64> {
    let status = read(program, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has resident memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// In user mode and in the kernel.
pub(crate) fn cpu_seconds(program: &Program) -> Result<f64> {
    let stat = read(program, "stat")?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(") ").context("a process has a state")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(USER) + ticks(KERNEL)) / TICKS_PER_SECOND)
}

fn read(program: &Program, file: &str) -> Result<String> {
    let id = program.process_id().context("the server runs")?;
    Ok(std::fs::read_to_string(format!("/proc/{id}/{file}"))?)
}

/// Places in `/proc/…/stat` after the name: proc(5), fields 14 and 15.
const USER: usize = 11;
const KERNEL: usize = 12;
/// `USER_HZ`, which is 100 on all architectures that Linux has it for.
const TICKS_PER_SECOND: f64 = 100.0;
