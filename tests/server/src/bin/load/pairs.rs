//! Pairs of people, of whom one writes and the other listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesUnordered;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::{ConversationId, EventId, wire};
use sotto_server_tests::link::{Items, Link};
use sotto_server_tests::people::{Device, Town, randomness};
use tokio::sync::{Mutex, oneshot};
use tokio::time::{MissedTickBehavior, interval_at, timeout};

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
        let run = Arc::new(Run { begin: self.begin, over: AtomicBool::new(false) });
        let since = Instant::now();
        let share = match load {
            Load::AsMuchAsPossible { in_flight } => Share::InFlight(in_flight),
            #[allow(clippy::cast_precision_loss, reason = "there are few pairs")]
            Load::Steady { per_second } => Share::Every(Duration::from_secs_f64(self.pairs.len() as f64 / per_second)),
        };
        let at_work = try_join_all(self.pairs.iter().map(|pair| pair.start(share, run.clone())));
        let stopping = async {
            tokio::time::sleep(time).await;
            run.over.store(true, Ordering::Relaxed);
        };
        let (heard, ()) = tokio::join!(timeout(time + PATIENCE, at_work), stopping);
        let latencies = heard.context("messages were sent and not heard")??;
        Ok(Stretch::new(latencies.concat(), since.elapsed()))
    }
}

struct Run {
    begin: Instant,
    over: AtomicBool,
}

impl Run {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Copy)]
enum Share {
    InFlight(usize),
    Every(Duration),
}

impl Pair {
    async fn meet(writers: Town, listeners: Town) -> Result<Self> {
        let (mut writer, listener) = (writers.register("writer").await?, listeners.register("listener").await?);
        let chat: ConversationId = writer.start_direct(&listener).await?;
        listener.accepts(chat).await?;
        let event = writer.seal(chat, EventId::from_bytes([0; 16]), &"x".repeat(BODY))?;
        let (_, cursor) = listener.sync(Bytes::new()).await?;
        let mut live = listener.link.stream(wire::SubscribeRequest { cursor }).await;
        while !matches!(live.next().await.context("the stream begins")??.item, Some(Item::Ready(_))) {}
        let feed = Arc::new(Mutex::new(Feed { live, last_seq: None }));
        Ok(Self { writer: writer.link.clone(), event, feed, _people: (writer, listener) })
    }

    /// Writes and listens until the run is over and everything has arrived.
    fn start(&self, share: Share, run: Arc<Run>) -> impl Future<Output = Result<Vec<Duration>>> + use<> {
        let (tell, sent) = oneshot::channel();
        let writer =
            Writer { link: self.writer.clone(), event: self.event.clone(), run: run.clone(), rng: randomness() };
        let feed = self.feed.clone();
        let writing = tokio::spawn(async move {
            // Whoever listens has failed if nobody takes it.
            let _ = tell.send(writer.write(share).await?);
            anyhow::Ok(())
        });
        let listening = tokio::spawn(async move { feed.lock().await.listen(&run, sent).await });
        async move {
            let (written, heard) = tokio::try_join!(writing, listening)?;
            written?;
            heard
        }
    }
}

struct Writer {
    link: Link,
    event: wire::AppendRequest,
    run: Arc<Run>,
    rng: StdRng,
}

impl Writer {
    /// Writes until the run is over and everything is answered. Gives how many there were.
    async fn write(self, share: Share) -> Result<usize> {
        match share {
            Share::InFlight(count) => self.write_in_turn(count).await,
            Share::Every(period) => self.write_steadily(period).await,
        }
    }

    async fn write_in_turn(mut self, count: usize) -> Result<usize> {
        let mut under_way: FuturesUnordered<_> = (0..count).map(|_| self.send(Instant::now())).collect();
        let mut sent = count;
        while let Some(reply) = under_way.next().await {
            reply?;
            if !self.run.is_over() {
                under_way.push(self.send(Instant::now()));
                sent += 1;
            }
        }
        Ok(sent)
    }

    /// A message counts from when it was due, so that one which the server holds up does not hide what it does to the next ones.
    async fn write_steadily(mut self, period: Duration) -> Result<usize> {
        // Pairs do not write all at once.
        let mut ticks = interval_at((Instant::now() + period.mul_f64(self.rng.random())).into(), period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut under_way = FuturesUnordered::new();
        let mut sent = 0;
        while !self.run.is_over() {
            tokio::select! {
                due = ticks.tick() => {
                    under_way.push(self.send(due.into()));
                    sent += 1;
                }
                Some(reply) = under_way.next() => drop(reply?),
            }
        }
        while let Some(reply) = under_way.next().await {
            reply?;
        }
        Ok(sent)
    }

    /// The message tells when it was sent, where the salt of its sealing is.
    fn send(&mut self, at: Instant) -> impl Future<Output = Result<()>> + use<> {
        let stamp = u64::try_from(at.saturating_duration_since(self.run.begin).as_nanos()).unwrap_or(u64::MAX);
        let mut sealed = BytesMut::from(&self.event.sealed[..]);
        sealed[..STAMP].copy_from_slice(&stamp.to_be_bytes());
        let event_id = Bytes::copy_from_slice(&self.rng.random::<[u8; 16]>());
        let request = wire::AppendRequest { event_id, sealed: sealed.freeze(), ..self.event.clone() };
        let link = self.link.clone();
        async move {
            link.call(request).await?;
            Ok(())
        }
    }
}

struct Feed {
    live: Items<wire::SubscribeResponse>,
    last_seq: Option<u64>,
}

impl Feed {
    /// Listens until as much was heard as was sent; gives how long each message took.
    async fn listen(&mut self, run: &Run, mut sent: oneshot::Receiver<usize>) -> Result<Vec<Duration>> {
        let (mut latencies, mut expected) = (Vec::new(), None);
        while expected.is_none_or(|expected| latencies.len() < expected) {
            tokio::select! {
                item = self.live.next() => {
                    if let Some(Item::Entry(entry)) = item.context("the stream goes on")??.item {
                        latencies.push(self.hear(run, &entry.entry.context("an entry is one")?)?);
                    }
                }
                told = &mut sent, if expected.is_none() => expected = Some(told.context("writing failed")?),
            }
        }
        Ok(latencies)
    }

    fn hear(&mut self, run: &Run, entry: &wire::LogEntry) -> Result<Duration> {
        let follows = self.last_seq.is_none_or(|last| entry.seq == last + 1);
        ensure!(follows, "entry {} came after {:?}", entry.seq, self.last_seq);
        self.last_seq = Some(entry.seq);
        let stamp = entry.body.first_chunk::<STAMP>().context("an entry has a body")?;
        Ok(run.begin.elapsed().saturating_sub(Duration::from_nanos(u64::from_be_bytes(*stamp))))
    }
}

const BODY: usize = 256;
const STAMP: usize = size_of::<u64>();
/// How long what is under way at the end may take.
const PATIENCE: Duration = Duration::from_secs(10);
