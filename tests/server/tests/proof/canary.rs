//! Secrets and content are followed to wherever they must not be (S28): the log, the database with its journal, the files.
//!
//! People live a little, and every method of the contract is called, with all connections recorded and the log as talkative as it gets.
//! Then everything that the server has written is searched: for what never leaves a client, and for every text and every bytes of every
//! request and reply. [`contract`] says which of these the database may have. The log may have none.

mod contract;
mod leaves;
mod life;
mod search;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use sotto_proto::Method;
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::{Message, Recording, Transport};

use self::leaves::leaves;
use self::search::{SHORTEST, Search, Secret};
use self::written::Places;
use crate::community::{Community, last_lines};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_written_on_sqlite_s28() {
    nothing_secret_is_written(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_written_on_postgres_s28() {
    nothing_secret_is_written(StoreKind::Postgres).await;
}

async fn nothing_secret_is_written(store: StoreKind) {
    let since = SystemTime::now();
    let mut community = Community::start_with(store, BusKind::Local, &["--log", "trace"]).await;
    let (recording, mut secrets) = (Recording::default(), Vec::new());
    for transport in Transport::ALL {
        let town = community.town(transport).await.recorded(&recording);
        let told = life::live_a_little(&community, &town).await;
        secrets.extend(told.unwrap_or_else(|error| panic!("{error:#}\n\n{}", last_lines(&community.program.log()))));
    }
    let said = recording.messages();
    assert_eq!(never_called(&said), [], "every method has to be called");
    secrets.extend(texts_and_bytes(&said));

    // As it is while the server runs, its journal among it, and again when it has ended.
    let mut places = written::in_folder(&community);
    community.program.stop().unwrap();
    places.extend(written::in_folder(&community));
    places.extend(written::in_postgres(&community, since).await);
    let log = community.program.log();
    assert!(log.contains("stopping"), "the log is there: {log}");
    let leaks = leaks(&Search::for_all(&secrets), &log, &places);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), secrets.len(), Vec::from_iter(leaks).join("\n"));
    community.end().await;
}

/// Where something is that must not be there.
fn leaks(search: &Search<'_>, log: &str, places: &Places) -> BTreeSet<String> {
    let in_log = search.find_in(log.as_bytes()).into_iter().map(|secret| format!("{} is in the log", secret.name));
    let in_places = places.iter().flat_map(|(place, content)| {
        let found = search.find_in(content).into_iter().filter(|secret| !secret.may_be_kept);
        found.map(move |secret| format!("{} is in {place}", secret.name))
    });
    in_log.chain(in_places).collect()
}

fn never_called(said: &[Message]) -> Vec<Method> {
    let mut never: Vec<_> = Method::ALL.into_iter().collect();
    for message in said {
        if let Message::Request(called, _) = message {
            never.retain(|method| method != called);
        }
    }
    never
}

/// What requests and replies were made of. What may be kept for one call may be kept.
fn texts_and_bytes(said: &[Message]) -> Vec<Secret> {
    let mut found: BTreeMap<Vec<u8>, Secret> = BTreeMap::new();
    for message in said {
        let (what, method, encoded) = match message {
            Message::Request(method, encoded) => ("request", *method, encoded),
            Message::Reply(method, encoded) => ("reply", *method, encoded),
        };
        let (of_request, of_reply) = contract::kept(method);
        let may = if what == "request" { of_request } else { of_reply };
        for leaf in leaves(encoded).into_iter().filter(|leaf| leaf.bytes.len() >= SHORTEST) {
            let name = || format!("field {:?} of a {what} of {method:?}", leaf.path);
            let new = || Secret { name: name(), bytes: leaf.bytes.to_vec(), may_be_kept: false };
            found.entry(leaf.bytes.to_vec()).or_insert_with(new).may_be_kept |= may.keep(&leaf.path);
        }
    }
    found.into_values().collect()
}

/// The search finds what is there: names lie in the database, by design, and only there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_kept_is_found_by_the_search() {
    for store in [StoreKind::Sqlite, StoreKind::Postgres] {
        let since = SystemTime::now();
        let community = Community::start(store, BusKind::Local).await;
        let alice = community.town(Transport::Frames).await.register("alice").await.unwrap();
        let kept = |bytes: &[u8]| Secret { name: "kept".to_owned(), bytes: bytes.to_vec(), may_be_kept: true };
        let secrets = [kept(alice.person.name.as_bytes()), kept(alice.account().as_bytes())];
        let search = Search::for_all(&secrets);
        let mut places = written::in_folder(&community);
        places.extend(written::in_postgres(&community, since).await);
        let found: Vec<_> = places.iter().map(|(_, content)| search.find_in(content).len()).collect();
        assert!(found.contains(&2), "{store:?}: {found:?}");
        community.end().await;
    }
}
