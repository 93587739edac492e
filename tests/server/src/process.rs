//! What a process uses, by `/proc`.

use crate::program::Program;
use anyhow::{Context as _, Result};

/// One that runs.
#[derive(Debug)]
pub struct Process {
    /// Its number, or `self`.
    name: String,
}

impl Process {
    /// A server.
    pub fn of(program: &Program) -> Result<Self> {
        Ok(Self { name: program.process_id().context("the server runs")?.to_string() })
    }

    /// The generator.
    pub fn own() -> Self {
        Self { name: "self".to_owned() }
    }

    /// Its memory.
    pub fn resident_kib(&self) -> Result<f64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let line = line.context("a process has resident memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// In user mode and in the kernel.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.read("stat")?;
        // The name of the program, in parentheses, may hold spaces.
        let (_, fields) = stat.rsplit_once(") ").context("a process has a state")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |place: usize| anyhow::Ok(fields.get(place).context("a process has used time")?.parse::<f64>()?);
        Ok((ticks(USER)? + ticks(KERNEL)?) / TICKS_PER_SECOND)
    }

    fn read(&self, file: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{file}", self.name))?)
    }
}

/// Places in `/proc/…/stat` after the name: proc(5), fields 14 and 15.
const USER: usize = 11;
const KERNEL: usize = 12;
/// `USER_HZ`, which is 100 on all architectures that Linux has it for.
const TICKS_PER_SECOND: f64 = 100.0;
