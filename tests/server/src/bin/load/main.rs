//! Load on a real server, and what it costs: `script/bench server [sqlite|postgres] [PART…] [--json FILE]`.
//!
//! Everything is measured over WebSocket frames, with the generator on the same machine. Beside the figures stand the targets of
//! the project, and what the bare database does in the same run: figures of different machines can be compared by the ratio. It
//! ends by itself, after a few minutes for each database, whatever the server does.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod baseline;
mod cross;
mod crowd;
mod feed;
mod figures;
mod files;
mod idle;
mod pairs;
mod publishing;
mod returning;
mod storm;
mod throughput;
mod writer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sotto_crypto::mls::Suite;
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::Town;
use sotto_server_tests::process::Process;
use sotto_server_tests::program::Program;

use figures::Report;

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Throughput,
    Returning,
    Idle,
    Crowd,
    Files,
    Storm,
    Publishing,
    Cross,
}

impl Part {
    const ALL: [(&str, Self); 8] = [
        ("throughput", Self::Throughput),
        ("returning", Self::Returning),
        ("idle", Self::Idle),
        ("crowd", Self::Crowd),
        ("files", Self::Files),
        ("storm", Self::Storm),
        ("publishing", Self::Publishing),
        ("cross", Self::Cross),
    ];
}

struct Wanted {
    stores: Vec<StoreKind>,
    parts: BTreeSet<Part>,
    json: Option<PathBuf>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let report = Report::default();
    for store in &wanted.stores {
        let measured = measure(&report, *store, &wanted.parts);
        tokio::time::timeout(PATIENCE, measured).await.context("the server hangs")??;
    }
    if wanted.parts.contains(&Part::Cross) {
        tokio::time::timeout(PATIENCE, cross::measure(&report)).await.context("the servers hang")??;
    }
    wanted.json.map_or(Ok(()), |file| report.write(&file))
}

impl Wanted {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut wanted = Self { stores: Vec::new(), parts: BTreeSet::new(), json: None };
        while let Some(word) = words.next() {
            match (word.as_str(), Part::ALL.iter().find(|(name, _)| *name == word)) {
                (_, Some((_, part))) => drop(wanted.parts.insert(*part)),
                ("sqlite", _) => wanted.stores.push(StoreKind::Sqlite),
                ("postgres", _) => wanted.stores.push(StoreKind::Postgres),
                ("--json", _) => wanted.json = Some(words.next().context("--json names a file")?.into()),
                _ => {
                    let parts = Part::ALL.map(|(name, _)| name).join(", ");
                    bail!("'{word}' is no database (sqlite, postgres) and no part ({parts})")
                }
            }
        }
        if wanted.parts.is_empty() {
            wanted.parts = Part::ALL.iter().map(|(_, part)| *part).collect();
        }
        // Two nodes need what only a cluster has.
        let one_node = wanted.parts.iter().any(|part| *part != Part::Cross);
        if wanted.stores.is_empty() && one_node {
            wanted.stores = vec![StoreKind::Sqlite, StoreKind::Postgres];
        }
        Ok(wanted)
    }
}

async fn measure(report: &Report, store: StoreKind, parts: &BTreeSet<Part>) -> Result<()> {
    let backing = Backing::new(store, BusKind::Local).await?;
    report.title(&format!("{store:?}"));
    let flags: Vec<_> = ["--rate-percent", "0"].into_iter().map(str::to_owned).chain(backing.flags()).collect();
    let mut program = Program::start(&flags)?;
    starting(report, &mut program).await?;

    let town = Town::at(program.address(), Transport::Frames).await?.with_suite(Suite::Classical);
    let server = Process::of(&program)?;
    if parts.contains(&Part::Throughput) {
        throughput::measure(report, store, backing.database_url(), &server, &town).await?;
    }
    if parts.contains(&Part::Returning) {
        returning::measure(report, &town).await?;
    }
    if parts.contains(&Part::Idle) {
        idle::measure(report, &server, &town).await?;
    }
    if parts.contains(&Part::Crowd) {
        crowd::measure(report, &server, &town).await?;
    }
    if parts.contains(&Part::Files) {
        files::measure(report, &server, &town).await?;
    }
    if parts.contains(&Part::Storm) {
        storm::measure(report, &mut program, &town).await?;
    }
    // It leaves much behind that no other part should meet.
    if parts.contains(&Part::Publishing) {
        publishing::measure(report, backing.database_url(), program.data()).await?;
    }
    program.stop()?;
    backing.remove().await
}

/// On a data folder that exists: what an operator waits for after an update.
async fn starting(report: &Report, program: &mut Program) -> Result<()> {
    program.stop()?;
    let begin = Instant::now();
    program.start_again()?;
    report.row("ready after", begin.elapsed().as_secs_f64() * 1e3, "ms", "< 500");
    // What the start itself allocated has been given back by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.row("memory at rest", Process::of(program)?.resident_kib()? / 1024.0, "MiB", "< 40");
    Ok(())
}

/// For one database.
const PATIENCE: Duration = Duration::from_mins(8);
