//! Pairs of people, of whom one writes and the other listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesUnordered;
use rand::RngExt as _;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::{ConversationId, EventId, wire};
use sotto_server_tests::link::{Items, Link};
use sotto_server_tests::people::{Device, Town, randomness};
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use crate::figures::Stretch;

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
    /// Sealed once, and sent under a new id each time: the server cannot tell, and the generator's time goes into load.
    event: wire::AppendRequest,
    live: Arc<Mutex<Items<wire::SubscribeResponse>>>,
    /// Keeps the connections of both.
    _people: (Device, Device),
}

impl Pairs {
    pub(crate) async fn gather(town: &Town, count: usize) -> Result<Self> {
        let pairs = try_join_all((0..count).map(|_| tokio::spawn(Pair::meet(town.clone())))).await?;
        Ok(Self { begin: Instant::now(), pairs: pairs.into_iter().collect::<Result<_>>()? })
    }

    /// Loads the server for a while; what is under way at the end is waited for.
    pub(crate) async fn under(&self, load: Load, time: Duration) -> Result<Stretch> {
        let run = Arc::new(Run { begin: self.begin, over: AtomicBool::new(false) });
        let since = Instant::now();
        let share = match load {
            Load::AsMuchAsPossible { in_flight } => Share::InFlight(in_flight),
            #[allow(clippy::cast_precision_loss, reason = "there are few pairs")]
            Load::Steady { per_second } => Share::Every(Duration::from_secs_f64(self.pairs.len() as f64 / per_second)),
        };
        let at_work: Vec<_> = self.pairs.iter().map(|pair| pair.start(share, run.clone())).collect();
        tokio::time::sleep(time).await;
        run.over.store(true, Ordering::Relaxed);
        let mut latencies = Vec::new();
        for heard in join_all(at_work).await {
            latencies.extend(heard?);
        }
        Ok(Stretch::new(latencies, since.elapsed()))
    }
}

struct Run {
    begin: Instant,
    over: AtomicBool,
}

#[derive(Clone, Copy)]
enum Share {
    InFlight(usize),
    Every(Duration),
}

impl Pair {
    async fn meet(town: Town) -> Result<Self> {
        let (mut writer, listener) = (town.register("writer").await?, town.register("listener").await?);
        let chat: ConversationId = writer.start_direct(&listener).await?;
        listener.accepts(chat).await?;
        let event = writer.seal(chat, EventId::from_bytes([0; 16]), &"x".repeat(BODY))?;
        let (_, cursor) = listener.sync(Bytes::new()).await?;
        let mut live = listener.link.stream(wire::SubscribeRequest { cursor }).await;
        while !matches!(live.next().await.context("the stream begins")??.item, Some(Item::Ready(_))) {}
        let people = (writer, listener);
        Ok(Self { writer: people.0.link.clone(), event, live: Arc::new(Mutex::new(live)), _people: people })
    }

    /// Writes and listens until the run is over and everything has arrived.
    fn start(&self, share: Share, run: Arc<Run>) -> impl Future<Output = Result<Vec<Duration>>> + use<> {
        let sent = Arc::new(AtomicUsize::new(0));
        let writing = tokio::spawn(write(self.writer.clone(), self.event.clone(), share, run.clone(), sent.clone()));
        let listening = tokio::spawn(listen(self.live.clone(), run, sent));
        async move {
            writing.await??;
            listening.await?
        }
    }
}

async fn write(
    link: Link,
    event: wire::AppendRequest,
    share: Share,
    run: Arc<Run>,
    sent: Arc<AtomicUsize>,
) -> Result<()> {
    let mut under_way = FuturesUnordered::new();
    let mut rng = randomness();
    let mut next = || {
        sent.fetch_add(1, Ordering::Relaxed);
        let event_id = stamped(&run, rng.random());
        let (link, event) = (link.clone(), wire::AppendRequest { event_id, ..event.clone() });
        async move { link.call(event).await }
    };
    match share {
        Share::InFlight(count) => {
            under_way.extend((0..count).map(|_| next()));
            while let Some(reply) = under_way.next().await {
                reply?;
                if !run.over.load(Ordering::Relaxed) {
                    under_way.push(next());
                }
            }
        }
        Share::Every(period) => {
            // Pairs do not write all at once.
            tokio::time::sleep(period.mul_f64(randomness().random())).await;
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while !run.over.load(Ordering::Relaxed) {
                tokio::select! {
                    _ = ticks.tick() => under_way.push(next()),
                    Some(reply) = under_way.next() => drop(reply?),
                }
            }
            while let Some(reply) = under_way.next().await {
                reply?;
            }
        }
    }
    Ok(())
}

/// An id that tells when it was drawn.
fn stamped(run: &Run, random: u64) -> Bytes {
    let now = u64::try_from(run.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&now.to_be_bytes());
    id[8..].copy_from_slice(&random.to_be_bytes());
    Bytes::copy_from_slice(&id)
}

async fn listen(
    live: Arc<Mutex<Items<wire::SubscribeResponse>>>,
    run: Arc<Run>,
    sent: Arc<AtomicUsize>,
) -> Result<Vec<Duration>> {
    let mut live = live.lock().await;
    let mut latencies = Vec::new();
    while !run.over.load(Ordering::Relaxed) || latencies.len() < sent.load(Ordering::Relaxed) {
        let Ok(item) = tokio::time::timeout(BETWEEN_LOOKS, live.next()).await else { continue };
        let Some(Item::Entry(entry)) = item.context("the stream goes on")??.item else { continue };
        let id = entry.entry.context("an entry is one")?.event_id;
        let stamp = id.first_chunk().map_or(0, |stamp| u64::from_be_bytes(*stamp));
        latencies.push(run.begin.elapsed().saturating_sub(Duration::from_nanos(stamp)));
    }
    Ok(latencies)
}

const BODY: usize = 256;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
