//! Load on a real server, and what it costs: `script/bench server [sqlite|postgres]`.
//!
//! Everything is measured over WebSocket frames, with the generator on the same machine. Beside the figures stand the targets of
//! the project, and what the bare database does in the same run: figures of different machines can be compared by the ratio.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod baseline;
mod figures;
mod idle;
mod pairs;
mod process;
mod returning;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sotto_crypto::mls::Suite;
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::Town;
use sotto_server_tests::program::Program;

use figures::Table;
use pairs::{Load, Pairs};

const PAIRS: usize = 50;
const IN_FLIGHT: usize = 16;
const A_FEW: f64 = 100.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let stores = match std::env::args().nth(1).as_deref() {
        None => vec![StoreKind::Sqlite, StoreKind::Postgres],
        Some("sqlite") => vec![StoreKind::Sqlite],
        Some("postgres") => vec![StoreKind::Postgres],
        Some(other) => bail!("'{other}' is no store; 'sqlite' and 'postgres' are"),
    };
    for store in stores {
        measure(store).await?;
    }
    Ok(())
}

async fn measure(store: StoreKind) -> Result<()> {
    let backing = Backing::new(store, BusKind::Local).await?;
    let mut table = Table::new(&format!("{store:?}, {PAIRS} pairs, {IN_FLIGHT} in flight, bodies of 256 bytes"));
    let flags: Vec<_> = ["--rate-percent", "0"].into_iter().map(str::to_owned).chain(backing.flags()).collect();
    let mut program = Program::start(&flags)?;
    program.stop()?;
    let begin = Instant::now();
    program.start_again()?;
    table.row("ready after", begin.elapsed().as_secs_f64() * 1e3, "ms", "< 500");
    // What the start itself allocated has been given back by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    table.row("memory at rest", process::resident_kib(&program)? / 1024.0, "MiB", "< 40");

    let town = Town::at(program.address(), Transport::Frames).await?.with_suite(Suite::Classical);
    throughput(store, &backing, &program, &town, &mut table).await?;
    returning::measure(&town, &mut table).await?;
    idle::measure(&program, &town, &mut table).await?;
    table.print();
    program.stop()?;
    backing.remove().await
}

async fn throughput(
    store: StoreKind,
    backing: &Backing,
    program: &Program,
    town: &Town,
    table: &mut Table,
) -> Result<()> {
    let pairs = Pairs::gather(town, PAIRS).await?;
    let bare = baseline::inserts_per_second(backing.database_url()).await?;
    pairs.under(Load::AsMuchAsPossible { in_flight: IN_FLIGHT }, WARM_UP).await?;
    let before = process::cpu_seconds(program)?;
    let full = pairs.under(Load::AsMuchAsPossible { in_flight: IN_FLIGHT }, MEASURED).await?;
    let cpu = process::cpu_seconds(program)? - before;
    let target = if store == StoreKind::Sqlite { "> 30000" } else { "> 15000" };
    table.row("durable and delivered", full.per_second(), "/s", target);
    table.row("  against one plain insert for each transaction", full.per_second() / bare.alone, "×", "");
    table.row("  against a hundred inserts for each transaction", full.per_second() / bare.by_hundreds, "×", "");
    table.row("  latency, median", full.percentile(50), "ms", "");
    table.row("  latency, 99 of 100", full.percentile(99), "ms", "");
    table.row("CPU of the server for 1000", cpu / full.count() * 1e3, "s", "");

    let half = pairs.under(Load::Steady { per_second: full.per_second() / 2.0 }, MEASURED).await?;
    table.row("at half of that, median", half.percentile(50), "ms", "");
    table.row("at half of that, 99 of 100", half.percentile(99), "ms", "< 50");
    let few = pairs.under(Load::Steady { per_second: A_FEW }, MEASURED).await?;
    table.row("at 100 a second, median", few.percentile(50), "ms", "");
    table.row("at 100 a second, 99 of 100", few.percentile(99), "ms", "< 5");
    table.row("memory under load", process::resident_kib(program)? / 1024.0, "MiB", "");
    Ok(())
}

const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);
