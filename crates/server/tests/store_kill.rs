//! A writer is killed at random moments: what it had acknowledged is there, once, in its place.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sotto_proto::{AccountId, ConversationId, EventId};
use sotto_server::store::{Direction, EntryKind, Range, Store, open_sqlite};

const ANN: AccountId = AccountId::from_bytes([1; 16]);
const ROUNDS: u32 = 20;

#[tokio::test]
async fn twenty_kills_lose_and_double_nothing_o1() {
    let folder = tempfile::TempDir::with_prefix("sotto-kill-").unwrap();
    let mut acknowledged = BTreeMap::new();
    let writer = built_writer();
    for round in 0..ROUNDS {
        let before = acknowledged.len();
        acknowledged.extend(write_until_killed(&writer, folder.path(), round));
        assert!(acknowledged.len() > before, "round {round} has to acknowledge something to prove anything");
    }
    let store = open_sqlite(folder.path()).await.unwrap();
    let mut stored = BTreeMap::new();
    for number in 0..4 {
        stored.extend(read_all(&*store, ConversationId::from_bytes([number; 16])).await);
    }
    for (event, seq) in &acknowledged {
        assert_eq!(stored.get(event), Some(seq), "{event:?} was acknowledged");
    }
    store.close().await;
}

/// What the writer acknowledged before it was killed. Each round gives it another while.
fn write_until_killed(writer: &Path, folder: &Path, round: u32) -> Vec<(EventId, u64)> {
    let mut writer = Command::new(writer).arg(folder).arg(round.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged: Vec<_> = lines.by_ref().take(1).collect();
    let reader = std::thread::spawn(move || lines.collect::<Vec<_>>());
    std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 120)));
    writer.kill().unwrap();
    writer.wait().unwrap();
    acknowledged.extend(reader.join().unwrap());
    acknowledged.iter().map(|line| parse(line)).collect()
}

fn parse(line: &str) -> (EventId, u64) {
    let (event, seq) = line.split_once(' ').unwrap();
    (event.parse().unwrap(), seq.parse().unwrap())
}

/// Every event with its number. Fails where a number is missing, doubled or out of order.
async fn read_all(store: &dyn Store, conversation: ConversationId) -> BTreeMap<EventId, u64> {
    let mut events = BTreeMap::new();
    let mut next = 1;
    loop {
        let range =
            Range { from: next, direction: Direction::Forward, limit: 500, max_bytes: 4 << 20, handshakes_only: false };
        let page = store.read_range(ANN, conversation, range).await.unwrap();
        for entry in page.entries {
            assert_eq!(entry.seq, next, "a hole");
            next += 1;
            if let EntryKind::Event(id) = entry.kind {
                assert_eq!(entry.body, id.as_bytes().repeat(16), "a torn body");
                assert_eq!(events.insert(id, entry.seq), None, "{id:?} is there twice");
            }
        }
        if !page.more {
            return events;
        }
    }
}

/// Cargo builds the examples before it runs all tests of the package.
fn built_writer() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let writer = here.ancestors().nth(2).unwrap().join("examples/durable_writer");
    assert!(writer.exists(), "cargo build -p sotto-server --example durable_writer");
    writer
}
