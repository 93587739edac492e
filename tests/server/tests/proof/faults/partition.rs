//! A node that reaches neither the database nor the bus decides nothing, and is whole again when it does (O8).

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use rand::RngExt as _;
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, Direction, EntryKind, ErrorCode};
use sotto_proto::{Call, ConversationId, EventId};
use sotto_server_tests::cable::State;
use sotto_server_tests::link::{Link, Refused};
use sotto_server_tests::people::{Device, lost_the_race, randomness};

use super::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_decides_nothing_i4_o8() {
    let cluster = Cluster::start().await;
    assert_eq!(cluster.cables.len(), 2, "to the database and to the bus");
    let (mut alice, mut bob, chat) = cluster.pair().await;
    for (round, state) in [State::Silent, State::Pulled, State::Slow(Duration::from_millis(30))].into_iter().enumerate()
    {
        bob.catch_up(chat).await.unwrap();
        cluster.cables.iter().for_each(|cable| cable.set(state));
        // Both want the same epoch; only one of them can have reached the database.
        let commit = bob.commit(chat, Changes::new()).unwrap();
        let (link, attempt) = (bob.link.clone(), commit.clone());
        let cut_off = tokio::spawn(async move { link.call(attempt).await });
        let free = async {
            alice.change(chat, Changes::new()).await.or_else(lost_only_the_race)?;
            alice.says(chat, &format!("{round}, while the other node is cut off")).await
        };
        tokio::time::timeout(PATIENCE, free).await.expect("the free node needs nobody").unwrap();

        cluster.cables.iter().for_each(|cable| cable.set(State::Passing));
        // Whatever became of the call: whoever got no answer asks again, with the same bytes.
        let unanswered = tokio::time::timeout(PATIENCE, cut_off).await.expect("a call ends").unwrap();
        bob.reconnect(&cluster.town(1).await).await.unwrap();
        if unanswered.is_err() {
            let _ = answer(&bob.link, commit.clone()).await;
            bob.submit(chat, commit).await.or_else(lost_only_the_race).unwrap();
        }
        bob.catch_up(chat).await.unwrap();
        let event = EventId::from_bytes(randomness().random());
        let again = bob.seal(chat, event, &format!("{round}, together again")).unwrap();
        answer(&bob.link, again).await.unwrap();
        bob.catch_up(chat).await.unwrap();
        alice.catch_up(chat).await.unwrap();
    }
    let (of_alice, of_bob) = (commits(&alice, chat).await, commits(&bob, chat).await);
    assert_eq!(of_alice, of_bob, "one log, whichever node is asked");
    let each_once: BTreeSet<_> = of_alice.iter().map(|(_, epoch)| *epoch).collect();
    assert_eq!(each_once.len(), of_alice.len(), "one commit for each epoch");
    assert_eq!(alice.chat(chat).unwrap().texts(), bob.chat(chat).unwrap().texts());
    assert_eq!(alice.chat(chat).unwrap().heard.len(), 6);
}

/// A node that was cut off holds connections to its database that are dead, and finds that out one by one.
async fn answer<R: Call + Clone>(link: &Link, request: R) -> Result<R::Response, Refused> {
    for _ in 0..TRIES_MAX {
        match link.call(request.clone()).await {
            Err(refused) if [ErrorCode::Unavailable, ErrorCode::DeadlineExceeded].contains(&refused.code()) => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
    panic!("the node does not find its database again")
}

fn lost_only_the_race(error: anyhow::Error) -> Result<()> {
    if lost_the_race(&error) { Ok(()) } else { Err(error) }
}

/// Places and epochs of all commits.
async fn commits(device: &Device, chat: ConversationId) -> Vec<(u64, u64)> {
    let request = wire::ReadRangeRequest {
        conversation_id: chat.to_wire(),
        from_seq: 1,
        direction: Direction::Forward.into(),
        limit: 500,
        handshakes_only: true,
    };
    let entries = device.link.call(request).await.unwrap().entries;
    let commits = entries.iter().filter(|entry| entry.kind() == EntryKind::Commit);
    commits.map(|entry| (entry.seq, entry.epoch)).collect()
}

const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(50);
const TRIES_MAX: usize = 200;
