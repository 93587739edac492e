//! Measures, in process and on a real disk, how many messages are made durable and delivered, and how long each takes from send to
//! receipt: `cargo run --release -p sotto-server --example live_bench -- [PAIRS] [IN_FLIGHT] [SECONDS]`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement may stop at the first surprise"
)]
#![allow(dead_code, reason = "the tests' people can do more than is measured")]

#[path = "../tests/conversations/chat.rs"]
mod chat;
#[path = "../tests/conversations/community.rs"]
mod community;
#[path = "../tests/conversations/feed.rs"]
mod feed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_proto::wire::{self, subscribe_response::Item};
use sotto_server::services::Services;

use crate::chat::Chat;
use crate::community::{Community, Device, Person};
use crate::feed::Feed;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let pairs = arguments.next().unwrap_or(50);
    let in_flight = arguments.next().unwrap_or(16);
    let seconds = arguments.next().unwrap_or(5);

    let mut community = Community::new().await;
    let node = community.node();
    let mut talks = Vec::new();
    for pair in 0..pairs {
        talks.push(prepare(&mut community, &node, pair).await);
    }
    let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for (talk, feed) in talks {
        let (node, stop) = (node.clone(), stop.clone());
        tasks.push(tokio::spawn(send(node, talk, in_flight, began, stop)));
        tasks.push(tokio::spawn(receive(feed, began)));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    println!(
        "{} messages in {:.2} s: {:.0} a second durable and delivered; send to receipt p50 {:.2} ms, p99 {:.2} ms",
        latencies.len(),
        elapsed.as_secs_f64(),
        f64::from(u32::try_from(latencies.len()).unwrap()) / elapsed.as_secs_f64(),
        millis(at(50)),
        millis(at(99)),
    );
}

/// Who sends what to where.
struct Talk {
    sender: Device,
    event: wire::AppendRequest,
}

async fn prepare(community: &mut Community, node: &Arc<Services>, pair: u64) -> (Talk, Feed) {
    let ann: Person = community.person(&format!("ann{pair}")).await;
    let ben: Person = community.person(&format!("ben{pair}")).await;
    let chat = Chat::group(community, node, &ann, &[&ben]).await;
    let accept = wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() };
    ben.device.call(node, accept).await.unwrap();
    let event = chat.event(community, &ann.device);
    (Talk { sender: ann.device, event }, Feed::open(node, &ben.device).await)
}

/// Keeps so many appends in flight. The moment of sending travels in the event's first bytes; 0 tells the receiver to stop.
async fn send(node: Arc<Services>, talk: Talk, in_flight: u64, began: Instant, stop: Arc<AtomicBool>) -> Vec<u64> {
    let seed = talk.sender.id.as_bytes().first_chunk().copied().map(u64::from_be_bytes);
    let mut rng = StdRng::seed_from_u64(seed.unwrap());
    let mut append = |stamp: u64| {
        let event_id = bytes::Bytes::copy_from_slice(&rng.random::<[u8; 16]>());
        let mut sealed = vec![0; 320];
        sealed[..8].copy_from_slice(&stamp.to_be_bytes());
        let event = wire::AppendRequest { event_id, sealed: sealed.into(), ..talk.event.clone() };
        talk.sender.call(&node, event)
    };
    let mut waiting: FuturesUnordered<_> = (0..in_flight).map(|_| append(since(began))).collect();
    while let Some(receipt) = waiting.next().await {
        receipt.unwrap();
        if !stop.load(Ordering::Relaxed) {
            waiting.push(append(since(began)));
        }
    }
    append(0).await.unwrap();
    Vec::new()
}

async fn receive(mut feed: Feed, began: Instant) -> Vec<u64> {
    let mut latencies = Vec::new();
    loop {
        let Some(Item::Entry(entry)) = feed.next().await.unwrap() else { continue };
        let body = entry.entry.unwrap().body;
        match u64::from_be_bytes(*body.first_chunk().unwrap()) {
            0 => return latencies,
            stamp => latencies.push(since(began) - stamp),
        }
    }
}

/// Microseconds, never 0.
fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap().max(1)
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}
