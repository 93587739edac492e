//! What a connection costs on which nothing happens.

use std::time::Duration;

use anyhow::Result;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use sotto_server_tests::link::Link;
use sotto_server_tests::people::Town;
use sotto_server_tests::process::Process;

use crate::figures::Report;

/// Authenticated connections over WebSocket, of a few sessions, without a stream.
pub(crate) async fn measure(report: &Report, server: &Process, town: &Town) -> Result<()> {
    let alice = town.register("alice").await?;
    // The first ones warm up what all of them share.
    let first = connect(town, &alice.session.access_token, WARM_UP).await?;
    let before = server.resident_kib()?;
    let rest = connect(town, &alice.session.access_token, CONNECTIONS).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = server.resident_kib()?;
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    report.row("memory of an idle connection, of 5000", (after - before) / rest.len() as f64, "KiB", "< 20");
    drop((first, rest));
    Ok(())
}

async fn connect(town: &Town, token: &str, count: usize) -> Result<Vec<Link>> {
    let opening = iter(0..count).map(|_| async move {
        let link = town.link().await?;
        link.authenticate(token).await?;
        anyhow::Ok(link)
    });
    opening.buffer_unordered(32).try_collect().await
}

const WARM_UP: usize = 200;
const CONNECTIONS: usize = 5_000;
