//! Load on a real server, and what it costs: `script/bench server [sqlite|postgres] [PART…]`.
//!
//! Everything is measured over WebSocket frames, with the generator on the same machine. Beside the figures stand the targets of
//! the project, and what the bare database does in the same run: figures of different machines can be compared by the ratio. It
//! ends by itself, after about a minute for each database, whatever the server does.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod baseline;
mod cross;
mod figures;
mod idle;
mod pairs;
mod process;
mod returning;
mod throughput;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sotto_crypto::mls::Suite;
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::Town;
use sotto_server_tests::program::Program;

use figures::{row, title};
use process::Process;

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Throughput,
    Returning,
    Idle,
    Cross,
}

struct Wanted {
    stores: Vec<StoreKind>,
    parts: BTreeSet<Part>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    for store in &wanted.stores {
        tokio::time::timeout(PATIENCE, measure(*store, &wanted.parts)).await.context("the server hangs")??;
    }
    if wanted.parts.contains(&Part::Cross) {
        tokio::time::timeout(PATIENCE, cross::measure()).await.context("the servers hang")??;
    }
    Ok(())
}

impl Wanted {
    fn read(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut wanted = Self { stores: Vec::new(), parts: BTreeSet::new() };
        for word in words {
            match word.as_str() {
                "sqlite" => wanted.stores.push(StoreKind::Sqlite),
                "postgres" => wanted.stores.push(StoreKind::Postgres),
                "throughput" => drop(wanted.parts.insert(Part::Throughput)),
                "returning" => drop(wanted.parts.insert(Part::Returning)),
                "idle" => drop(wanted.parts.insert(Part::Idle)),
                "cross" => drop(wanted.parts.insert(Part::Cross)),
                other => {
                    bail!(
                        "'{other}' is no database (sqlite, postgres) and no part (throughput, returning, idle, cross)"
                    )
                }
            }
        }
        if wanted.parts.is_empty() {
            wanted.parts = BTreeSet::from([Part::Throughput, Part::Returning, Part::Idle, Part::Cross]);
        }
        // Two nodes need what only a cluster has.
        let one_node = wanted.parts.iter().any(|part| *part != Part::Cross);
        if wanted.stores.is_empty() && one_node {
            wanted.stores = vec![StoreKind::Sqlite, StoreKind::Postgres];
        }
        Ok(wanted)
    }
}

async fn measure(store: StoreKind, parts: &BTreeSet<Part>) -> Result<()> {
    let backing = Backing::new(store, BusKind::Local).await?;
    title(&format!("{store:?}"));
    let flags: Vec<_> = ["--rate-percent", "0"].into_iter().map(str::to_owned).chain(backing.flags()).collect();
    let mut program = Program::start(&flags)?;
    starting(&mut program).await?;

    let town = Town::at(program.address(), Transport::Frames).await?.with_suite(Suite::Classical);
    let server = Process::of(&program)?;
    if parts.contains(&Part::Throughput) {
        throughput::measure(store, backing.database_url(), &server, &town).await?;
    }
    if parts.contains(&Part::Returning) {
        returning::measure(&town).await?;
    }
    if parts.contains(&Part::Idle) {
        idle::measure(&server, &town).await?;
    }
    program.stop()?;
    backing.remove().await
}

/// On a data folder that exists: what an operator waits for after an update.
async fn starting(program: &mut Program) -> Result<()> {
    program.stop()?;
    let begin = Instant::now();
    program.start_again()?;
    row("ready after", begin.elapsed().as_secs_f64() * 1e3, "ms", "< 500");
    // What the start itself allocated has been given back by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    row("memory at rest", Process::of(program)?.resident_kib()? / 1024.0, "MiB", "< 40");
    Ok(())
}

/// For one database.
const PATIENCE: Duration = Duration::from_mins(4);
