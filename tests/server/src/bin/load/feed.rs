//! What a listener hears on a live stream, and how long each message was under way.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sotto_proto::wire;
use sotto_proto::wire::subscribe_response::Item;
use sotto_server_tests::link::Items;
use sotto_server_tests::people::Device;
use tokio::sync::oneshot;

/// One listener's stream.
pub(crate) struct Feed {
    live: Items<wire::SubscribeResponse>,
    last_seq: Option<u64>,
}

impl Feed {
    /// Listens from now on.
    pub(crate) async fn open(listener: &Device) -> Result<Self> {
        let (_, cursor) = listener.sync(Bytes::new()).await?;
        let mut live = listener.link.stream(wire::SubscribeRequest { cursor }).await;
        while !matches!(live.next().await.context("the stream begins")??.item, Some(Item::Ready(_))) {}
        Ok(Self { live, last_seq: None })
    }

    /// Listens until as much was heard as was sent; gives how long each message took.
    pub(crate) async fn listen(&mut self, begin: Instant, mut sent: oneshot::Receiver<usize>) -> Result<Vec<Duration>> {
        let (mut latencies, mut expected) = (Vec::new(), None);
        while expected.is_none_or(|expected| latencies.len() < expected) {
            tokio::select! {
                item = self.live.next() => {
                    if let Some(Item::Entry(entry)) = item.context("the stream goes on")??.item {
                        latencies.push(self.hear(begin, &entry.entry.context("an entry is one")?)?);
                    }
                }
                told = &mut sent, if expected.is_none() => expected = Some(told.context("writing failed")?),
            }
        }
        Ok(latencies)
    }

    fn hear(&mut self, begin: Instant, entry: &wire::LogEntry) -> Result<Duration> {
        let follows = self.last_seq.is_none_or(|last| entry.seq == last + 1);
        ensure!(follows, "entry {} came after {:?}", entry.seq, self.last_seq);
        self.last_seq = Some(entry.seq);
        let stamp = entry.body.first_chunk::<STAMP>().context("an entry has a body")?;
        Ok(begin.elapsed().saturating_sub(Duration::from_nanos(u64::from_be_bytes(*stamp))))
    }
}

/// The message tells when it was sent, where the salt of its sealing is.
pub(crate) fn stamp(sealed: &mut [u8], begin: Instant, at: Instant) {
    let nanoseconds = u64::try_from(at.saturating_duration_since(begin).as_nanos()).unwrap_or(u64::MAX);
    sealed[..STAMP].copy_from_slice(&nanoseconds.to_be_bytes());
}

const STAMP: usize = size_of::<u64>();
