//! Writers at work, and a server that is killed again and again (O1): what was acknowledged is there, once, in its place.
//!
//! A few rounds here; `script/kill` plays 50 on each store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::RngExt as _;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, Direction, EntryKind, ErrorCode};
use sotto_proto::{ConversationId, EventId};
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::{Refused, Transport};
use sotto_server_tests::people::{Device, Town, randomness};
use tokio::sync::watch;

use crate::community::Community;

const WRITERS: usize = 4;
const IN_FLIGHT: usize = 8;
/// After so many batches of events a writer renews its keys.
const COMMIT_EACH: usize = 5;
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_sqlite_o1() {
    survive(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_and_double_nothing_on_postgres_o1() {
    survive(StoreKind::Postgres).await;
}

async fn survive(store: StoreKind) {
    let mut community = Community::start(store, BusKind::Local).await;
    let town = community.town(Transport::Frames).await.with_suite(Suite::Classical);
    let progress = Arc::new(watch::Sender::new(0));
    let mut writers = join_all((0..WRITERS).map(|_| Writer::begin(&town, &progress))).await;
    for round in 0..rounds() {
        let mut acknowledged = progress.subscribe();
        let at_work =
            writers.into_iter().map(|writer| tokio::spawn(writer.write_until_it_breaks())).collect::<Vec<_>>();
        // A round in which nothing is acknowledged proves nothing.
        tokio::time::timeout(PATIENCE, acknowledged.changed()).await.expect("somebody is answered").unwrap();
        let a_while = Duration::from_millis(randomness().random_range(0..700));
        tokio::time::sleep(a_while).await;
        community.program.kill().unwrap();
        writers = join_all(at_work).await.into_iter().map(Result::unwrap).collect();

        community.program.start_again().unwrap();
        let town = town.clone().moved_to(community.program.address());
        for writer in &mut writers {
            writer.come_back(&town).await;
            writer.check(round).await;
        }
    }
    drop(writers);
    community.end().await;
}

/// `SOTTO_KILL_ROUNDS` asks for more.
fn rounds() -> u32 {
    std::env::var("SOTTO_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

struct Writer {
    device: Device,
    chat: ConversationId,
    acknowledged: BTreeMap<EventId, u64>,
    commits: BTreeMap<u64, u64>,
    unanswered: Vec<wire::AppendRequest>,
    unanswered_commit: Option<wire::CommitRequest>,
    /// How much was acknowledged to all writers.
    progress: Arc<watch::Sender<usize>>,
}

impl Writer {
    async fn begin(town: &Town, progress: &Arc<watch::Sender<usize>>) -> Self {
        let mut device = town.register("wanda").await.unwrap();
        let chat = device.start_group(&[]).await.unwrap();
        Self {
            device,
            chat,
            acknowledged: BTreeMap::new(),
            commits: BTreeMap::new(),
            unanswered: Vec::new(),
            unanswered_commit: None,
            progress: progress.clone(),
        }
    }

    async fn write_until_it_breaks(mut self) -> Self {
        loop {
            for _ in 0..COMMIT_EACH {
                let events = (0..IN_FLIGHT).map(|_| self.event()).collect();
                self.send(events).await;
                if !self.unanswered.is_empty() {
                    return self;
                }
            }
            let commit = self.device.commit(self.chat, Changes::new()).unwrap();
            self.send_commit(commit).await;
            if self.unanswered_commit.is_some() || self.device.catch_up(self.chat).await.is_err() {
                return self;
            }
        }
    }

    fn event(&mut self) -> wire::AppendRequest {
        self.device.seal(self.chat, EventId::from_bytes(randomness().random()), "durable").unwrap()
    }

    /// Sends them all at once; those without an answer are kept as they are.
    async fn send(&mut self, events: Vec<wire::AppendRequest>) {
        let link = &self.device.link;
        let replies = join_all(events.iter().map(|event| link.call(event.clone()))).await;
        for (event, reply) in events.into_iter().zip(replies) {
            match reply {
                Ok(reply) => self.acknowledge(&event, reply.seq),
                Err(refused) if is_lost(&refused) => self.unanswered.push(event),
                // What was sealed before the writer's own commit and never got there is not taken after it.
                Err(refused) => assert_eq!(refused.code(), ErrorCode::EpochConflict, "{refused:?}"),
            }
        }
    }

    async fn send_commit(&mut self, commit: wire::CommitRequest) {
        match self.device.link.call(commit.clone()).await {
            Ok(reply) => drop(self.commits.insert(commit.epoch, reply.seq)),
            Err(refused) if is_lost(&refused) => self.unanswered_commit = Some(commit),
            Err(refused) => panic!("{refused:?}"),
        }
    }

    fn acknowledge(&mut self, event: &wire::AppendRequest, seq: u64) {
        let id = EventId::try_from(&event.event_id[..]).unwrap();
        let before = self.acknowledged.insert(id, seq);
        assert!(before.is_none_or(|before| before == seq), "{id:?} was {before:?} and is now {seq}");
        self.progress.send_modify(|count| *count += 1);
    }

    /// Everything without an answer is sent again, byte by byte.
    async fn come_back(&mut self, town: &Town) {
        self.device.reconnect(town).await.unwrap();
        if let Some(commit) = self.unanswered_commit.take() {
            self.send_commit(commit).await;
        }
        let events = std::mem::take(&mut self.unanswered);
        self.send(events).await;
        assert!(self.unanswered.is_empty() && self.unanswered_commit.is_none(), "the server answers again");
        self.device.catch_up(self.chat).await.unwrap();
    }

    /// Compares the whole log with what was acknowledged.
    async fn check(&self, round: u32) {
        let (mut events, mut commits, mut next) = (BTreeMap::new(), BTreeMap::new(), 1);
        loop {
            let request = wire::ReadRangeRequest {
                conversation_id: self.chat.to_wire(),
                from_seq: next,
                direction: Direction::Forward.into(),
                limit: 500,
                handshakes_only: false,
            };
            let page = self.device.link.call(request).await.unwrap();
            for entry in page.entries {
                // Beyond its end the log is read from its end.
                if entry.seq + 1 == next {
                    continue;
                }
                assert_eq!(entry.seq, next, "a hole, in round {round}");
                next += 1;
                if entry.kind == i32::from(EntryKind::Event) {
                    let id = EventId::try_from(&entry.event_id[..]).unwrap();
                    assert_eq!(events.insert(id, entry.seq), None, "{id:?} is there twice, in round {round}");
                } else if entry.kind == i32::from(EntryKind::Commit) {
                    assert_eq!(commits.insert(entry.epoch, entry.seq), None, "two commits for an epoch");
                }
            }
            if !page.more {
                break;
            }
        }
        for (id, seq) in &self.acknowledged {
            assert_eq!(events.get(id), Some(seq), "{id:?} was acknowledged, in round {round}");
        }
        for (epoch, seq) in &self.commits {
            assert_eq!(commits.get(epoch), Some(seq), "the commit of epoch {epoch} was acknowledged");
        }
    }
}

/// Whether the call may or may not have had its effect.
fn is_lost(refused: &Refused) -> bool {
    refused.code() == ErrorCode::Unavailable
}
