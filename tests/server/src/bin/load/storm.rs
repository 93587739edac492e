//! The server goes away and comes back, and everybody who was connected returns at once.

use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use sotto_server_tests::link::Link;
use sotto_server_tests::people::{Device, Town};
use sotto_server_tests::process::Process;
use sotto_server_tests::program::Program;

use crate::crowd::arrive;
use crate::figures::Report;

/// Ten thousand connections of a few hundred people, each of which authenticates and asks what is new.
pub(crate) async fn measure(report: &Report, program: &mut Program, town: &Town) -> Result<()> {
    let people = arrive(town, "guest", PEOPLE).await?;
    let links = everybody_connects(town, &people).await?;
    program.kill()?;
    drop(links);
    program.start_again()?;
    let town = town.clone().moved_to(program.address());
    let begin = Instant::now();
    let links = everybody_connects(&town, &people).await?;
    report.row("10000 connections are back and know what is new", begin.elapsed().as_secs_f64(), "s", "< 30");
    ensure!(links.len() == CONNECTIONS, "only {} came back", links.len());
    report.row("  memory after it", Process::of(program)?.resident_kib()? / 1024.0, "MiB", "");
    Ok(())
}

async fn everybody_connects(town: &Town, people: &[Device]) -> Result<Vec<Link>> {
    let connecting = iter(0..CONNECTIONS).map(|at| async move {
        let (link, device) = (town.link().await?, &people[at % people.len()]);
        link.authenticate(&device.session.access_token).await?;
        link.call(sotto_proto::wire::SyncRequest { cursor: Bytes::new(), limit: 500, entries_per_conversation: 20 })
            .await?;
        anyhow::Ok(link)
    });
    connecting.buffer_unordered(AT_ONCE).try_collect().await
}

const PEOPLE: usize = 200;
const CONNECTIONS: usize = 10_000;
/// As many as the system's queue of connections takes.
const AT_ONCE: usize = 1_000;
