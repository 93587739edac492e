//! How many messages are made durable and delivered, and how long each takes.

use std::time::Duration;

use anyhow::Result;
use sotto_server_tests::backing::StoreKind;
use sotto_server_tests::people::Town;
use sotto_server_tests::process::Process;

use crate::baseline;
use crate::figures::{Report, Stretch};
use crate::pairs::{Load, Pairs};

pub(crate) async fn measure(
    report: &Report,
    store: StoreKind,
    database: Option<&str>,
    server: &Process,
    town: &Town,
) -> Result<()> {
    let pairs = Pairs::gather(town, town, PAIRS).await?;
    let bare = baseline::inserts_per_second(database).await?;
    baseline::flush(report)?;
    let full = at_full_speed(report, store, &pairs, server).await?;
    for (what, rate) in bare {
        report.row(&format!("  bare database, {what}"), rate, "/s", "");
        report.row("    against that", full.per_second() / rate, "×", "");
    }
    let half_full = pairs.under(Load::Steady { per_second: full.per_second() / 2.0 }, MEASURED).await?;
    report.latencies(&half_full, "at half of that", "");
    let half = wanted_per_second(store) / 2.0;
    let half_wanted = pairs.under(Load::Steady { per_second: half }, MEASURED).await?;
    report.latencies(&half_wanted, &format!("at {half} a second, half of the target"), "< 50");
    let few = pairs.under(Load::Steady { per_second: A_FEW }, MEASURED).await?;
    report.latencies(&few, "at 100 a second", "< 5");
    report.row("memory after all that", server.resident_kib()? / 1024.0, "MiB", "");
    Ok(())
}

async fn at_full_speed(report: &Report, store: StoreKind, pairs: &Pairs, server: &Process) -> Result<Stretch> {
    let load = Load::AsMuchAsPossible { in_flight: IN_FLIGHT };
    pairs.under(load, WARM_UP).await?;
    let generator = Process::own();
    let before = (server.cpu_seconds()?, generator.cpu_seconds()?);
    let full = pairs.under(load, MEASURED).await?;
    let (ours, theirs) = (server.cpu_seconds()? - before.0, generator.cpu_seconds()? - before.1);
    let target = format!("> {}", wanted_per_second(store));
    report.row(
        &format!("durable and delivered, {PAIRS} pairs, {IN_FLIGHT} in flight"),
        full.per_second(),
        "/s",
        &target,
    );
    report.latencies(&full, "  at that", "");
    report.row("  CPU of the server for 1000", ours / full.count() * 1e6, "ms", "");
    report.row("  CPU of the generator for 1000", theirs / full.count() * 1e6, "ms", "");
    Ok(full)
}

fn wanted_per_second(store: StoreKind) -> f64 {
    match store {
        StoreKind::Sqlite => 30_000.0,
        StoreKind::Postgres => 15_000.0,
    }
}

pub(crate) const PAIRS: usize = 50;
const IN_FLIGHT: usize = 16;
/// Messages a second, in all.
pub(crate) const A_FEW: f64 = 100.0;
const WARM_UP: Duration = Duration::from_secs(2);
pub(crate) const MEASURED: Duration = Duration::from_secs(8);
