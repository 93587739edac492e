//! Pairs of people, of whom one writes and the other listens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use sotto_proto::{ConversationId, wire};
use sotto_server_tests::link::Link;
use sotto_server_tests::people::{Device, Town};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::feed::Feed;
use crate::figures::Stretch;
use crate::writer::{Run, Share, Writer, sealed_once};

/// How the writers write.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// Each pair has so many messages under way.
    AsMuchAsPossible { in_flight: usize },
    /// So many messages a second in all, whether answered or not.
    Steady { per_second: f64 },
}

pub(crate) struct Pairs {
    begin: Instant,
    pairs: Vec<Pair>,
}

struct Pair {
    writer: Link,
    event: wire::AppendRequest,
    feed: Arc<Mutex<Feed>>,
    /// They keep what the server has to do for them realistic, and their connections open.
    _people: (Device, Device),
}

impl Pairs {
    /// Has people register and meet: writers on one node, and listeners on the same or another one.
    pub(crate) async fn gather(writers: &Town, listeners: &Town, count: usize) -> Result<Self> {
        let meetings = (0..count).map(|_| tokio::spawn(Pair::meet(writers.clone(), listeners.clone())));
        let pairs = try_join_all(meetings).await?.into_iter().collect::<Result<_>>()?;
        Ok(Self { begin: Instant::now(), pairs })
    }

    /// Puts the server under load for a time. Every message that was sent must have been heard soon after it.
    pub(crate) async fn under(&self, load: Load, time: Duration) -> Result<Stretch> {
        let run = Run::since(self.begin);
        let since = Instant::now();
        let share = match load {
            Load::AsMuchAsPossible { in_flight } => Share::InFlight(in_flight),
            #[allow(clippy::cast_precision_loss, reason = "there are few pairs")]
            Load::Steady { per_second } => Share::Every(Duration::from_secs_f64(self.pairs.len() as f64 / per_second)),
        };
        let at_work = try_join_all(self.pairs.iter().map(|pair| pair.start(share, run.clone())));
        let (heard, ()) = tokio::join!(timeout(time + PATIENCE, at_work), run.end_after(time));
        let latencies = heard.context("messages were sent and not heard")??;
        Ok(Stretch::new(latencies.concat(), since.elapsed()))
    }
}

impl Pair {
    async fn meet(writers: Town, listeners: Town) -> Result<Self> {
        let (mut writer, listener) = (writers.register("writer").await?, listeners.register("listener").await?);
        let chat: ConversationId = writer.start_direct(&listener).await?;
        listener.accepts(chat).await?;
        let event = sealed_once(&mut writer, chat)?;
        let feed = Arc::new(Mutex::new(Feed::open(&listener).await?));
        Ok(Self { writer: writer.link.clone(), event, feed, _people: (writer, listener) })
    }

    /// Writes and listens until the run is over and everything has arrived.
    fn start(&self, share: Share, run: Arc<Run>) -> impl Future<Output = Result<Vec<Duration>>> + use<> {
        let (tell, sent) = oneshot::channel();
        let writer = Writer::new(self.writer.clone(), self.event.clone(), run.clone());
        let feed = self.feed.clone();
        let writing = tokio::spawn(async move {
            // Whoever listens has failed if nobody takes it.
            let _ = tell.send(writer.write(share).await?);
            anyhow::Ok(())
        });
        let listening = tokio::spawn(async move { feed.lock().await.listen(run.begin, sent).await });
        async move {
            let (written, heard) = tokio::try_join!(writing, listening)?;
            written?;
            heard
        }
    }
}

/// How long what is under way at the end may take.
const PATIENCE: Duration = Duration::from_secs(10);
