//! One person writes, and a whole group hears it: one durable write, and a delivery to each member that is there. Then all of
//! them lose their connection at once and come back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use sotto_proto::ConversationId;
use sotto_server_tests::people::{Device, Town};
use sotto_server_tests::process::Process;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::feed::Feed;
use crate::figures::{Report, Stretch};
use crate::writer::{Run, Share, Writer, sealed_once};

/// A group of which all but the writer listen.
struct Crowd {
    writer: Device,
    chat: ConversationId,
    listeners: Vec<Device>,
}

pub(crate) async fn measure(report: &Report, server: &Process, town: &Town) -> Result<()> {
    let people = newcomers(report, town, MOST).await?;
    let mut crowd = Crowd::found(town).await?;
    let mut waiting = people.into_iter();
    for size in [100, MOST] {
        let more = size - crowd.listeners.len();
        crowd.welcome(waiting.by_ref().take(more).collect()).await?;
        crowd.fan_out(report, server).await?;
    }
    Ok(())
}

async fn newcomers(report: &Report, town: &Town, count: usize) -> Result<Vec<Device>> {
    let begin = Instant::now();
    let people = arrive(town, "member", count).await?;
    #[allow(clippy::cast_precision_loss, reason = "a thousand")]
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    report.row("registrations, each stretching its password here", rate, "/s", "");
    Ok(people)
}

/// People arrive as fast as the server lets them in.
pub(crate) async fn arrive(town: &Town, name: &'static str, count: usize) -> Result<Vec<Device>> {
    let arriving = iter(0..count).map(|_| {
        let town = town.clone();
        // Each on a task of its own: whoever stretches a password holds up nobody's connection.
        async move { tokio::spawn(async move { town.register(name).await }).await? }
    });
    arriving.buffer_unordered(ARRIVING).try_collect().await
}

impl Crowd {
    async fn found(town: &Town) -> Result<Self> {
        let mut writer = town.register("speaker").await?;
        let chat = writer.start_group(&[]).await?;
        Ok(Self { writer, chat, listeners: Vec::new() })
    }

    /// A few at a time: the key packages of many do not fit one commit.
    async fn welcome(&mut self, people: Vec<Device>) -> Result<()> {
        for few in people.chunks(AT_ONCE) {
            self.writer.add(self.chat, &few.iter().collect::<Vec<_>>()).await?;
        }
        try_join_all(people.iter().map(|device| device.accepts(self.chat))).await?;
        self.listeners.extend(people);
        Ok(())
    }

    /// One writes as fast as the server acknowledges.
    async fn fan_out(&mut self, report: &Report, server: &Process) -> Result<()> {
        let members = self.listeners.len();
        let event = sealed_once(&mut self.writer, self.chat)?;
        let feeds = try_join_all(self.listeners.iter().map(Feed::open)).await?;
        let (run, before) = (Run::since(Instant::now()), server.cpu_seconds()?);
        let (mut told, mut hearing) = (Vec::new(), Vec::new());
        for mut feed in feeds {
            let (tell, sent) = oneshot::channel();
            told.push(tell);
            let begin = run.begin;
            hearing.push(tokio::spawn(async move { feed.listen(begin, sent).await }));
        }
        let writer = Writer::new(self.writer.link.clone(), event, run.clone());
        let (written, ()) = tokio::join!(writer.write(Share::InFlight(IN_FLIGHT)), run.end_after(MEASURED));
        let sent = written?;
        for tell in told {
            // Whoever has failed says so below.
            let _ = tell.send(sent);
        }
        let heard = timeout(PATIENCE, try_join_all(hearing)).await.context("messages were sent and not heard")??;
        let latencies = heard.into_iter().collect::<Result<Vec<_>>>()?.concat();
        let stretch = Stretch::new(latencies, run.begin.elapsed());
        let aim = "> 150000";
        report.row(&format!("deliveries in a group of {members}, one writer"), stretch.per_second(), "/s", aim);
        report.latencies(&stretch, "  at that", "");
        let used = server.cpu_seconds()? - before;
        report.row("  CPU of the server for 1000 deliveries", used / stretch.count() * 1e6, "ms", "");
        Ok(())
    }
}

const MOST: usize = 1_000;
const ARRIVING: usize = 32;
const AT_ONCE: usize = 20;
const IN_FLIGHT: usize = 8;
const MEASURED: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);
