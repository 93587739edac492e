//! The directory of keys on the real services: what is looked up, when, and what it costs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use sotto_client::engine::{DirectoryPresence, Engine, Outgoing, Trouble};
use sotto_client_tests::{Handset, Town};
use sotto_proto::{Method, UserName, wire};

/// Makes calls until there is nothing left to say, and lets `meddle` change the answers on the way. Gives the methods that were called.
fn settles(handset: &mut Handset<'_>, meddle: impl Fn(Method, Bytes) -> Bytes) -> Vec<Method> {
    let mut called = Vec::new();
    handset.with(Engine::connected).unwrap();
    for _ in 0..100 {
        let outgoing = handset.with(Engine::outgoing).unwrap();
        if outgoing.is_empty() {
            return called;
        }
        for call in outgoing {
            called.push(call.method);
            let answer = handset.call(&call);
            let answer = answer.map(|pieces| pieces.into_iter().map(|piece| meddle(call.method, piece)).collect());
            handset.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
    }
    panic!("never at rest: {called:?}");
}

fn troubles(handset: &Handset<'_>) -> Vec<Trouble> {
    handset.engine.key_faults().unwrap().into_iter().map(|fault| fault.trouble).collect()
}

/// Changes a look-up on its way.
fn altered(method: Method, answer: Bytes, change: impl Fn(&mut wire::LookUpResponse)) -> Bytes {
    if method != Method::DirectoryLookUp {
        return answer;
    }
    let mut reply = wire::LookUpResponse::decode(answer).unwrap();
    change(&mut reply);
    reply.encode_to_vec().into()
}

#[test]
fn new_keys_are_used_on_a_promise_which_is_kept() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    assert_eq!(bob.hears(chat), ["Ciao Bob"], "although nothing was published yet");
    town.pass(Duration::from_mins(11));
    town.publish();
    alice.says(chat, "Still there?");
    for friend in [&mut alice, &mut bob] {
        friend.catch_up();
        assert_eq!(friend.engine.directory().unwrap(), DirectoryPresence::Present { epoch: 1 });
        assert_eq!(troubles(friend), []);
    }
}

#[test]
fn friends_tell_each_other_which_head_they_have_seen() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    for round in 0..5 {
        let _stranger = town.register(&format!("stranger{round}"), 10 + round);
        town.publish();
        alice.catch_up();
        alice.says(chat, &format!("round {round}"));
    }
    // Bob has seen none of the heads that Alice speaks of.
    let called = settles(&mut bob, |_, answer| answer);
    assert!(called.contains(&Method::DirectoryGetHead), "{called:?}");
    assert_eq!(troubles(&bob), []);
    assert_eq!(bob.texts(chat).len(), 6);
}

/// Alice looks for Bob while he signs in on a laptop, and the answer, in which there is no laptop yet, comes last.
#[test]
fn an_old_answer_about_keys_that_comes_late_holds_nothing_up() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    town.publish();
    alice.catch_up();
    let bobs_name = UserName::parse("user_name", "bob").unwrap();
    alice.with(|engine, moment| engine.start_direct(&bobs_name, None, moment)).unwrap();
    let is_late = |call: &Outgoing| call.method == Method::AccountLookUpUser;
    let asked = alice.with(Engine::outgoing).unwrap().into_iter().find(is_late).unwrap();
    let answer = alice.call(&asked);
    let mut laptop = town.sign_in("bob", 3);
    town.publish();
    town.tell();
    alice.with(Engine::connected).unwrap();
    loop {
        let mut due = alice.with(Engine::outgoing).unwrap();
        due.retain(|call| !is_late(call));
        if due.is_empty() {
            break;
        }
        for call in due {
            let answer = alice.call(&call);
            alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
    }
    alice.with(|engine, moment| engine.reply(asked.ticket, answer, moment)).unwrap();
    alice.settle();
    alice.says(chat, "to both of you");
    assert_eq!(alice.engine.queued(chat).unwrap(), []);
    for device in [&mut bob, &mut laptop] {
        assert!(device.hears(chat).contains(&"to both of you".to_owned()));
    }
}

#[test]
fn who_has_checked_everybody_pays_for_changes_only() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let chats: Vec<_> = (0..6)
        .map(|number| {
            let name = format!("friend{number}");
            let _friend = town.register(&name, 10 + number);
            alice.start_direct(&name, "Ciao")
        })
        .collect();
    town.publish();
    alice.catch_up();
    let called = settles(&mut alice, |_, answer| answer);
    let look_ups = called.iter().filter(|method| **method == Method::DirectoryLookUp).count();
    assert_eq!(look_ups, 1, "her own entry: {called:?}");
    assert_eq!((troubles(&alice), chats.len()), (Vec::new(), 6));
}

/// The server takes back what it has promised to publish and has not published yet.
fn withhold(town: &Town) {
    let database = rusqlite::Connection::open(town.folder().join("sotto.db")).unwrap();
    let withheld = database.execute("DELETE FROM directory_entries WHERE epoch IS NULL", []).unwrap();
    assert!(withheld > 0);
}

#[test]
fn a_promise_that_is_not_kept_is_noticed_and_nothing_more_is_sent() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    town.publish();
    alice.catch_up();
    let mut laptop = town.sign_in("bob", 3);
    town.tell();
    alice.catch_up();
    assert_eq!(troubles(&alice), [], "the server's word is enough for now");
    withhold(&town);
    town.pass(Duration::from_mins(11));
    let _stranger = town.register("stranger", 4);
    town.publish();
    alice.catch_up();
    assert_eq!(troubles(&alice), [Trouble::PromiseBroken]);
    alice.says(chat, "for you alone");
    assert_eq!(alice.engine.queued(chat).unwrap().len(), 1, "it waits");
    for device in [&mut bob, &mut laptop] {
        assert!(!device.hears(chat).contains(&"for you alone".to_owned()));
    }
}

#[test]
fn keys_that_are_not_what_was_published_before_are_missed() {
    let town = Town::new();
    let (mut alice, _bob, _) = town.friends();
    town.publish();
    alice.catch_up();
    assert_eq!(troubles(&alice), []);
    let other_past: Change = |reply| reply.accounts.iter_mut().for_each(|came| came.base_chain = vec![7; 32].into());
    settles(&mut alice, |method, answer| altered(method, answer, other_past));
    assert_eq!(troubles(&alice), [Trouble::KeysTakenBack]);
}

type Change = fn(&mut wire::LookUpResponse);

#[test]
fn what_is_not_proved_is_not_believed_and_nothing_is_sent() {
    let changes: [(&str, Change, Trouble); 4] = [
        (
            "the tree",
            |reply| {
                let mut tree = reply.tree.to_vec();
                *tree.last_mut().unwrap() ^= 1;
                reply.tree = tree.into();
            },
            Trouble::DirectoryBadProof,
        ),
        (
            "the head",
            |reply| {
                if let Some(head) = reply.head.as_mut().and_then(|head| head.head.as_mut()) {
                    head.time_ms += 1;
                }
            },
            Trouble::DirectoryBadProof,
        ),
        (
            "the place",
            |reply| reply.accounts.iter_mut().for_each(|came| came.position_proof = vec![1; 80].into()),
            Trouble::DirectoryBadProof,
        ),
        (
            "the chain",
            |reply| reply.accounts.iter_mut().for_each(|came| came.entries = vec![Bytes::from_static(&[7; 32])]),
            Trouble::DirectoryBadProof,
        ),
    ];
    for (seed, (what, change, expected)) in (20..).zip(changes) {
        let town = Town::new();
        let _bob = town.register("bob", 2);
        town.publish();
        let mut alice = town.register("alice", seed);
        town.publish();
        let name = UserName::parse("user_name", "bob").unwrap();
        alice.with(|engine, moment| engine.start_direct(&name, None, moment)).unwrap();
        settles(&mut alice, |method, answer| altered(method, answer, change));
        assert!(troubles(&alice).contains(&expected), "{what}: {:?}", troubles(&alice));
    }
}

#[test]
fn a_server_without_a_directory_works_and_one_that_had_it_is_found_out_s25() {
    let town = Town::new();
    let (mut alice, _bob, _) = town.friends();
    town.publish();
    alice.catch_up();
    alice.with(Engine::connected).unwrap();
    for call in alice.with(Engine::outgoing).unwrap() {
        let is_about_keys = call.method.path().starts_with("sotto.v1.DirectoryService/");
        let unknown = sotto_client::engine::Failure::Refused(wire::ErrorCode::UnknownMethod.detail());
        let answer = if is_about_keys { Err(unknown) } else { alice.call(&call) };
        alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
    }
    assert_eq!(troubles(&alice), [Trouble::DirectoryWithdrawn]);
}
