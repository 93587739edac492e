//! Somebody who writes: as much as possible, or at a fixed rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_proto::{ConversationId, EventId, wire};
use sotto_server_tests::link::Link;
use sotto_server_tests::people::{Device, randomness};
use tokio::time::{MissedTickBehavior, interval_at};

use crate::feed;

/// One stretch of load.
pub(crate) struct Run {
    pub(crate) begin: Instant,
    over: AtomicBool,
}

impl Run {
    pub(crate) fn since(begin: Instant) -> Arc<Self> {
        Arc::new(Self { begin, over: AtomicBool::new(false) })
    }

    /// Lets the writers stop after a time.
    pub(crate) async fn end_after(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// How one person writes.
#[derive(Clone, Copy)]
pub(crate) enum Share {
    /// So many messages are under way.
    InFlight(usize),
    /// One each so often, whether answered or not.
    Every(Duration),
}

pub(crate) struct Writer {
    link: Link,
    /// Sealed once, and sent under a new id each time: the server cannot tell, and the generator's time goes into load.
    event: wire::AppendRequest,
    run: Arc<Run>,
    rng: StdRng,
}

/// What a writer says all the time.
pub(crate) fn sealed_once(writer: &mut Device, chat: ConversationId) -> Result<wire::AppendRequest> {
    writer.seal(chat, EventId::from_bytes([0; 16]), &"x".repeat(BODY))
}

impl Writer {
    pub(crate) fn new(link: Link, event: wire::AppendRequest, run: Arc<Run>) -> Self {
        Self { link, event, run, rng: randomness() }
    }

    /// Writes until the run is over and everything is answered. Gives how many there were.
    pub(crate) async fn write(self, share: Share) -> Result<usize> {
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
        // Writers do not write all at once.
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

    fn send(&mut self, at: Instant) -> impl Future<Output = Result<()>> + use<> {
        let mut sealed = BytesMut::from(&self.event.sealed[..]);
        feed::stamp(&mut sealed, self.run.begin, at);
        let event_id = Bytes::copy_from_slice(&self.rng.random::<[u8; 16]>());
        let request = wire::AppendRequest { event_id, sealed: sealed.freeze(), ..self.event.clone() };
        let link = self.link.clone();
        async move {
            link.call(request).await?;
            Ok(())
        }
    }
}

const BODY: usize = 256;
