//! A device that was away comes back to ten thousand messages.

use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use rand::RngExt as _;
use sotto_proto::wire::Direction;
use sotto_proto::{EventId, wire};
use sotto_server_tests::people::{Town, randomness};

use crate::figures::Report;

pub(crate) async fn measure(report: &Report, town: &Town) -> Result<()> {
    let (mut alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_direct(&bob).await?;
    bob.accepts(chat).await?;
    let (_, cursor) = bob.sync(Bytes::new()).await?;
    let event = alice.seal(chat, EventId::from_bytes([0; 16]), &"x".repeat(256))?;
    let events = iter(0..STORED).map(|_| {
        let event_id = Bytes::copy_from_slice(&randomness().random::<[u8; 16]>());
        let (link, event) = (alice.link.clone(), wire::AppendRequest { event_id, ..event.clone() });
        async move { link.call(event).await }
    });
    events.buffer_unordered(60).try_for_each(|_| async { Ok(()) }).await?;

    let begin = Instant::now();
    let (changes, _) = bob.sync(cursor).await?;
    let head = changes.into_iter().next().and_then(|change| change.head).unwrap_or_default();
    let pages = (0..STORED / PAGE).map(|page| {
        bob.link.call(wire::ReadRangeRequest {
            conversation_id: chat.to_wire(),
            from_seq: head.last_seq.saturating_sub(STORED - page * PAGE) + 1,
            direction: Direction::Forward.into(),
            limit: PAGE_LIMIT,
            handshakes_only: false,
        })
    });
    let entries: usize = try_join_all(pages).await?.iter().map(|page| page.entries.len()).sum();
    let took = begin.elapsed();
    ensure!(entries as u64 == STORED, "only {entries} entries came");
    report.row("10000 stored messages to a returning device", took.as_secs_f64() * 1e3, "ms", "< 500");
    Ok(())
}

const STORED: u64 = 10_000;
const PAGE: u64 = PAGE_LIMIT as u64;
/// As much as one call gives.
const PAGE_LIMIT: u32 = 500;
