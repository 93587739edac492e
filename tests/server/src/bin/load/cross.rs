//! Live delivery from one node to another, over one PostgreSQL and NATS.

use anyhow::{Context as _, Result};
use sotto_crypto::mls::Suite;
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::Town;
use sotto_server_tests::program::Program;
use tempfile::TempDir;

use crate::baseline;
use crate::figures::Report;
use crate::pairs::{Load, Pairs};
use crate::throughput::{A_FEW, MEASURED, PAIRS};

/// Writers are on one node, listeners on the other.
pub(crate) async fn measure(report: &Report) -> Result<()> {
    let backing = Backing::new(StoreKind::Postgres, BusKind::Nats).await?;
    report.title("Across two nodes");
    let folder = TempDir::with_prefix("sotto-cross-")?;
    let place = |name: &str| Ok::<_, anyhow::Error>(folder.path().join(name).to_str().context("a path")?.to_owned());
    let own = ["--rate-percent", "0", "--server-key", &place("server.key")?, "--blobs", &place("blobs")?];
    let flags: Vec<_> = own.into_iter().map(str::to_owned).chain(backing.flags()).collect();
    let nodes = [Program::start(&flags)?, Program::start(&flags)?];
    let pairs = Pairs::gather(&town(&nodes[0]).await?, &town(&nodes[1]).await?, PAIRS).await?;
    baseline::flush(report)?;
    for (per_second, when) in [(A_FEW, "at 100 a second"), (MANY, "at 2000 a second")] {
        let stretch = pairs.under(Load::Steady { per_second }, MEASURED).await?;
        report.latencies(&stretch, when, "< 50");
    }
    drop(pairs);
    for mut node in nodes {
        node.stop()?;
    }
    backing.remove().await
}

async fn town(node: &Program) -> Result<Town> {
    Ok(Town::at(node.address(), Transport::Frames).await?.with_suite(Suite::Classical))
}

/// Messages a second, in all.
const MANY: f64 = 2_000.0;
