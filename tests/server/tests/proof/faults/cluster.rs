//! Two nodes on one database and one bus, and what happens when these go away for a while.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::FutureExt as _;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::group::Changes;
use sotto_proto::ConversationId;
use sotto_proto::wire::ErrorCode;
use sotto_server_tests::backing::Backing;
use sotto_server_tests::cable::Cable;
use sotto_server_tests::link::{Transport, code_of};
use sotto_server_tests::people::{Device, Town, lost_the_race};
use sotto_server_tests::program::Program;
use sotto_test_services::{Nats, Postgres};

use crate::community::flags_of;

/// One community behind two addresses.
pub(super) struct Cluster {
    backing: Backing,
    pub(super) nodes: [Program; 2],
    /// From the second node to the database and to the bus.
    pub(super) cables: Vec<Cable>,
    _folder: tempfile::TempDir,
}

impl Cluster {
    /// The nodes share what makes them one server to their people: the key that everything else comes from.
    pub(super) async fn start() -> Self {
        let backing = Backing::own_cluster().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("server.key");
        let blobs = folder.path().join("blobs");
        let flags = flags_of(&backing, &["--server-key", key.to_str().unwrap(), "--blobs", blobs.to_str().unwrap()]);
        let (mut cables, mut through) = (Vec::new(), Vec::new());
        for flag in &flags {
            if flag.starts_with("postgres://") || flag.starts_with("nats://") {
                let (cable, url) = Cable::into_url(flag).await.unwrap();
                cables.push(cable);
                through.push(url);
            } else {
                through.push(flag.clone());
            }
        }
        let nodes = [Program::start(&flags).unwrap(), Program::start(&through).unwrap()];
        Self { backing, nodes, cables, _folder: folder }
    }

    pub(super) async fn town(&self, node: usize) -> Town {
        Town::at(self.nodes[node].address(), Transport::Frames).await.unwrap().with_suite(Suite::Classical)
    }

    /// Alice on one node and Bob on the other, in one group.
    pub(super) async fn pair(&self) -> (Device, Device, ConversationId) {
        let mut alice = self.town(0).await.register("alice").await.unwrap();
        let mut bob = self.town(1).await.register("bob").await.unwrap();
        let chat = alice.start_group(&[&bob]).await.unwrap();
        bob.hears(chat).await.unwrap();
        bob.accepts(chat).await.unwrap();
        (alice, bob, chat)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_one_server_i4() {
    let cluster = Cluster::start().await;
    let (mut alice, mut bob, chat) = cluster.pair().await;
    let mut live = bob.listen().await.unwrap();
    live.ready().await.unwrap();
    for number in 0..20 {
        alice.says(chat, &number.to_string()).await.unwrap();
        let entry = live.entry(chat).await.unwrap();
        bob.take(chat, entry).await.unwrap();
    }
    assert_eq!(bob.chat(chat).unwrap().heard.len(), 20);

    for round in 0..6 {
        let (alices, bobs) = tokio::join!(alice.change(chat, Changes::new()), bob.change(chat, Changes::new()));
        let lost = [&alices, &bobs].into_iter().filter_map(|outcome| outcome.as_ref().err()).collect::<Vec<_>>();
        assert!(lost.len() == 1 && lost_the_race(lost[0]), "round {round}: {lost:?}");
        alice.catch_up(chat).await.unwrap();
        bob.catch_up(chat).await.unwrap();
    }

    // A session of one node is one of the other, and ends on both.
    let town = cluster.town(1).await;
    alice.reconnect(&town).await.unwrap();
    alice.says(chat, "from the other node").await.unwrap();
    let laptop = alice.new_device().await.unwrap();
    alice.reconnect(&cluster.town(0).await).await.unwrap();
    alice.revoke(&laptop).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_mins(1), laptop.link.closed()).await.unwrap();
    assert_eq!(closed.map(|close| close.reason), Some(sotto_proto::wire::CloseReason::SessionEnded));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_loses_nothing_and_needs_no_help_o4() {
    let cluster = Cluster::start().await;
    let (mut alice, mut bob, chat) = cluster.pair().await;
    let postgres = cluster.backing.postgres().unwrap();
    let mut said = Vec::new();
    for round in 0..3 {
        let back = Cell::new(false);
        let talking = talk_through(&mut alice, chat, round, &back);
        let restart = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            postgres.run(Postgres::stop).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            postgres.run(Postgres::start_again).await??;
            back.set(true);
            anyhow::Ok(())
        };
        let (texts, restarted) = tokio::join!(talking, restart);
        restarted.unwrap();
        said.extend(texts.unwrap());
    }
    // The other node may still hold connections from before, and finds out by using them.
    let mut tries = 0;
    while let Err(error) = bob.hears(chat).await {
        assert!(code_of(&error) == Some(ErrorCode::Unavailable) && tries < TRIES_MAX, "{error:?}");
        tries += 1;
    }
    assert_eq!(bob.chat(chat).unwrap().texts(), said, "each once, in order");
    while let Err(error) = bob.says(chat, "on the other node as well").await {
        assert!(code_of(&error) == Some(ErrorCode::Unavailable) && tries < TRIES_MAX, "{error:?}");
        tries += 1;
    }
}

/// More than a node has connections to its database.
const TRIES_MAX: usize = 100;

/// Connects again if the connection has ended, as every client does; it may take several attempts.
async fn come_back(alice: &mut Device) {
    if alice.link.closed().now_or_never().is_some() {
        let town = alice.town().clone();
        // Without a database nobody is let in; the next failure comes here again.
        let _ = alice.reconnect(&town).await;
    }
}

/// Says a series of things, each again until it is acknowledged: while the database is there, while it is not, and when it is back.
async fn talk_through(alice: &mut Device, chat: ConversationId, round: u32, back: &Cell<bool>) -> Result<Vec<String>> {
    let (mut said, mut since) = (Vec::new(), 0);
    let deadline = tokio::time::Instant::now() + Duration::from_mins(2);
    while since < 20 {
        let text = format!("{round}.{}", said.len());
        let event = alice.seal(chat, new_event(), &text)?;
        while let Err(refused) = alice.link.call(event.clone()).await {
            let clear = [ErrorCode::Unavailable, ErrorCode::DeadlineExceeded].contains(&refused.code());
            ensure!(clear, "it says what is the matter: {refused:?}");
            ensure!(tokio::time::Instant::now() < deadline, "the server does not come back");
            tokio::time::sleep(Duration::from_millis(50)).await;
            come_back(alice).await;
        }
        said.push(text);
        since += u32::from(back.get());
    }
    Ok(said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bus_nothing_is_lost_and_with_it_all_is_live_again_o6() {
    let cluster = Cluster::start().await;
    let (mut alice, mut bob, chat) = cluster.pair().await;
    let nats = cluster.backing.nats().unwrap();
    let mut live = bob.listen().await.unwrap();
    live.ready().await.unwrap();

    nats.run(Nats::stop).await.unwrap();
    alice.says(chat, "while the bus is away").await.unwrap();
    assert_eq!(bob.hears(chat).await.unwrap(), ["while the bus is away"], "who asks is told");
    let known = bob.chat(chat).unwrap().last_seq();
    nats.run(Nats::start_again).await.unwrap().unwrap();

    // Hints go again once the nodes have found the bus again: Alice goes on talking until Bob hears her live.
    let talking = async {
        for number in 0.. {
            alice.says(chat, &number.to_string()).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    let hearing = async {
        // What was said while the bus was away may come as well.
        while live.entry(chat).await?.seq.get() <= known {}
        anyhow::Ok(())
    };
    tokio::select! {
        heard = hearing => heard.unwrap(),
        failed = talking => failed.unwrap(),
    }
    let heard = bob.hears(chat).await.unwrap();
    assert_eq!(heard[..2], ["while the bus is away", "0"]);
}

/// A node that is killed takes nobody's messages with it: its people go on at the other one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_node_costs_a_reconnection_o6() {
    let mut cluster = Cluster::start().await;
    let (mut alice, mut bob, chat) = cluster.pair().await;
    alice.says(chat, "before").await.unwrap();
    cluster.nodes[0].kill().unwrap();
    let broken = alice.says(chat, "into the void").await.unwrap_err();
    assert_eq!(code_of(&broken), Some(ErrorCode::Unavailable));
    alice.reconnect(&cluster.town(1).await).await.unwrap();
    alice.says(chat, "after").await.unwrap();
    assert_eq!(bob.hears(chat).await.unwrap(), ["before", "after"]);
}

fn new_event() -> sotto_proto::EventId {
    use rand::RngExt as _;
    sotto_proto::EventId::from_bytes(sotto_server_tests::people::randomness().random())
}
