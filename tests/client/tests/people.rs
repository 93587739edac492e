//! How people are seen: by name, by whether they are there, and by their keys.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use prost::Message as _;
use sotto_client::engine::{Attempt, Change, Engine, KeyChoice, Line, Safety, Trouble};
use sotto_client_tests::{Handset, Town};
use sotto_crypto::safety::{ScanError, Verdict};
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::{AccountId, Method, UserName, decode, limits, wire};

/// Hands the signals that somebody sends to somebody who listens, as a live stream would.
fn overhears(listener: &mut Handset<'_>, speaker: &mut Handset<'_>) {
    for call in speaker.with(Engine::outgoing).unwrap() {
        if call.method == Method::StreamSendSignal {
            let request: wire::SendSignalRequest = decode(call.body.clone(), limits::MESSAGE_MAX).unwrap();
            let item = wire::SubscribeResponse { item: request.signal.map(Item::Signal), ..Default::default() };
            listener.with(|engine, moment| engine.item(item.encode_to_vec().into(), moment)).unwrap();
        }
        let answer = speaker.call(&call);
        speaker.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
    }
}

#[test]
fn who_speaks_has_said_how_to_be_called() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    assert_eq!(bob.chat(chat).title, "alice");
    alice.with(|engine, moment| engine.set_profile("Alice Liddell", "Curious", moment)).unwrap();
    alice.settle();
    assert_eq!(bob.hears(chat), ["Ciao Bob"]);
    assert_eq!(bob.chat(chat).title, "alice", "nobody is told before something is said");
    alice.says(chat, "It is me");
    alice.says(chat, "And again");
    assert_eq!(bob.hears(chat), ["Ciao Bob", "It is me", "And again"]);
    assert_eq!(bob.chat(chat).title, "Alice Liddell");

    // Her other device has the name as well, and does not say it once more.
    let mut laptop = town.sign_in("alice", 3);
    laptop.catch_up();
    assert_eq!(laptop.engine.profile().unwrap(), ("Alice Liddell".to_owned(), "Curious".to_owned()));
    let before = laptop.chat(chat).last.unwrap().seq;
    laptop.says(chat, "From the laptop");
    assert_eq!(laptop.chat(chat).last.unwrap().seq, before + 2, "its commit to come in, and the words");
}

#[test]
fn a_name_that_breaks_the_rules_is_refused() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let long = "x".repeat(65);
    for name in ["", "  ", "a\u{202e}b", &long] {
        assert!(alice.with(|engine, moment| engine.set_profile(name, "", moment)).is_err(), "{name:?}");
    }
}

#[test]
fn friends_see_who_is_there() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let alices = alice.engine.own_account().unwrap();
    let is_there = |bob: &mut Handset<'_>| bob.with(|engine, moment| engine.is_there(alices, moment.now_ms));
    alice.with(|engine, moment| engine.appear(true, moment)).unwrap();
    overhears(&mut bob, &mut alice);
    assert!(bob.changes.contains(&Change::Presence(alices)));
    assert!(is_there(&mut bob));
    town.pass(Duration::from_secs(91));
    assert!(!is_there(&mut bob), "nobody is there for ever");
    for online in [true, false] {
        alice.with(|engine, moment| engine.appear(online, moment)).unwrap();
        overhears(&mut bob, &mut alice);
        assert_eq!(is_there(&mut bob), online);
    }
    alice.with(|engine, moment| engine.typing(chat, false, moment)).unwrap();
    overhears(&mut bob, &mut alice);
    assert!(bob.changes.contains(&Change::Typing { chat, who: alices, stopped: false }));
}

#[test]
fn a_draft_goes_on_elsewhere() {
    let town = Town::new();
    let (mut alice, _bob, chat) = town.friends();
    alice.with(|engine, moment| engine.keep_draft(chat, "Dear Bob,", moment)).unwrap();
    alice.settle();
    let mut laptop = town.sign_in("alice", 3);
    laptop.catch_up();
    assert_eq!(laptop.chat(chat).draft, "Dear Bob,");
    laptop.with(|engine, moment| engine.keep_draft(chat, "", moment)).unwrap();
    laptop.settle();
    alice.catch_up();
    assert_eq!(alice.chat(chat).draft, "");
    let long = "x".repeat(60_000);
    assert!(alice.with(|engine, moment| engine.keep_draft(chat, &long, moment)).is_err());
}

#[test]
fn devices_have_the_names_that_people_give_them() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let laptop = town.sign_in("alice", 2);
    alice.with(Engine::ask_for_devices).unwrap();
    alice.settle();
    let device = laptop.engine.device().unwrap();
    for name in ["Old laptop", "Very old laptop"] {
        alice.with(|engine, moment| engine.name_device(device, name, moment)).unwrap();
        alice.settle();
        assert!(alice.changes.contains(&Change::Done(Attempt::Devices)));
        let named = alice.engine.devices().iter().find(|listed| listed.id == device).unwrap();
        assert_eq!(named.name, name);
    }
}

#[test]
fn a_new_device_says_how_far_it_has_come() {
    let town = Town::new();
    let (_alice, _bob, _chat) = town.friends();
    let laptop = town.sign_in("alice", 3);
    let progress = laptop.engine.progress().unwrap();
    assert_eq!((progress.ready, progress.all), (2, 2));
    assert_eq!(town.handset(4).engine.progress().unwrap().all, 0);
}

#[test]
fn a_new_device_comes_into_the_last_active_chats_first() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let mut groups = Vec::new();
    for number in 0..25 {
        town.pass(Duration::from_secs(1));
        let title = format!("Group {number}");
        groups.push(alice.with(|engine, moment| engine.start_group(&title, &[], moment)).unwrap());
        alice.settle();
    }
    let mut laptop = town.handset(3);
    laptop.begins_to_sign_in("alice");
    let mut came_in = Vec::new();
    loop {
        let outgoing = laptop.with(Engine::outgoing).unwrap();
        if outgoing.is_empty() {
            break;
        }
        for call in outgoing {
            let answer = laptop.call(&call);
            laptop.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
            let ready = laptop.engine.chats().unwrap().into_iter().filter(|chat| chat.ready).map(|chat| chat.id);
            let fresh: Vec<_> = ready.filter(|chat| !came_in.contains(chat)).collect();
            if came_in.is_empty() && !fresh.is_empty() {
                // Whatever a person opens goes before everything that nobody looks at.
                laptop.with(|engine, moment| engine.want_history(groups[1], moment)).unwrap();
            }
            came_in.extend(fresh);
        }
    }
    let turn = |group: usize| came_in.iter().position(|chat| *chat == groups[group]).unwrap();
    assert!((5..25).all(|recent| turn(recent) < turn(0) && turn(recent) < turn(4)), "{came_in:?}");
    assert!(turn(1) < turn(0) && turn(1) < turn(2) && turn(1) < turn(4), "{came_in:?}");
}

/// Looks Bob up, on a server that gives out the identity key of somebody else as his.
fn is_told_another_key(alice: &mut Handset<'_>, mallory: &Handset<'_>) {
    let name = UserName::parse("user_name", "bob").unwrap();
    alice.with(|engine, moment| engine.start_direct(&name, None, moment)).unwrap();
    for call in alice.with(Engine::outgoing).unwrap() {
        let mut pieces = alice.call(&call).unwrap();
        if call.method == Method::AccountLookUpUser {
            let mut reply: wire::LookUpUserResponse = decode(pieces[0].clone(), limits::MESSAGE_MAX).unwrap();
            let keys = reply.keys.as_mut().unwrap();
            keys.identity_key = mallory.engine.identity().unwrap().as_bytes().to_vec().into();
            keys.version += 1;
            pieces = vec![reply.encode_to_vec().into()];
        }
        alice.with(|engine, moment| engine.reply(call.ticket, Ok(pieces), moment)).unwrap();
    }
}

#[test]
fn s2_another_key_of_a_known_contact_is_a_line_in_the_chat() {
    let town = Town::new();
    let (mut alice, bob, chat) = town.friends();
    let mallory = town.register("mallory", 3);
    let bobs = bob.engine.own_account().unwrap();
    is_told_another_key(&mut alice, &mallory);
    is_told_another_key(&mut alice, &mallory);
    assert!(alice.engine.contact(bobs).unwrap().unwrap().new_identity.is_some());
    let lines: Vec<_> = alice.engine.lines(chat, 0).unwrap().into_iter().map(|placed| placed.line).collect();
    assert_eq!(lines.iter().filter(|line| **line == Line::KeyChanged(bobs)).count(), 1, "{lines:?}");
    assert!(alice.changes.contains(&Change::Contact(bobs)));
    // The directory knows nothing of that key, so what is said waits until somebody has compared the number.
    alice.says(chat, "Is that you?");
    assert_eq!(alice.engine.queued(chat).unwrap().len(), 1, "it waits, and is not lost");
    assert!(
        alice.engine.lines(chat, 0).unwrap().iter().any(|at| at.line == Line::Trouble(Trouble::KeysNotInDirectory))
    );
}

fn account(handset: &Handset<'_>) -> AccountId {
    handset.engine.own_account().unwrap()
}

fn safety(handset: &Handset<'_>, contact: AccountId) -> Safety {
    handset.engine.safety(contact, KeyChoice::Known).unwrap().unwrap()
}

fn is_verified(handset: &Handset<'_>, contact: AccountId) -> bool {
    handset.engine.contact(contact).unwrap().unwrap().verified
}

#[test]
fn two_people_at_a_table_verify_each_other() {
    let town = Town::new();
    let (mut alice, bob, chat) = town.friends();
    let carol = town.register("carol", 4);
    let (alices, bobs) = (account(&alice), account(&bob));
    let (hers, his) = (safety(&alice, bobs), safety(&bob, alices));
    assert_eq!((hers.number.digits(), hers.number.words()), (his.number.digits(), his.number.words()));
    assert!(hers.number.matches_digits(&his.number.digits()));

    let scan = |text: &str| alice.engine.judge_scan(bobs, KeyChoice::Known, text).unwrap().unwrap();
    assert_eq!(scan(&his.qr_text), Ok(Verdict::Verified));
    assert_eq!(scan(&hers.qr_text), Ok(Verdict::OtherPeople), "the own screen");
    assert_eq!(scan("https://example.org"), Err(ScanError::OtherKind));
    assert_eq!(scan(&his.qr_text[..40]), Err(ScanError::Malformed));
    assert!(alice.engine.safety(account(&carol), KeyChoice::Known).unwrap().is_none(), "she was never met");

    assert!(!is_verified(&alice, bobs));
    alice.with(|engine, moment| engine.set_verified(bobs, true, moment)).unwrap();
    alice.settle();
    assert!(is_verified(&alice, bobs));
    let mut laptop = town.sign_in("alice", 3);
    laptop.catch_up();
    assert!(is_verified(&laptop, bobs), "it is the account's, not the device's");
    let members = laptop.engine.members(chat).unwrap();
    assert!(members.iter().all(|member| member.verified == (member.account == bobs)));
    assert!(!is_verified(&bob, alices), "he has to say so himself");
    assert!(laptop.chat(chat).verified && !bob.chat(chat).verified);
    laptop.with(|engine, moment| engine.set_verified(bobs, false, moment)).unwrap();
    laptop.settle();
    alice.catch_up();
    assert!(!is_verified(&alice, bobs));
}

#[test]
fn s2_nothing_is_said_to_a_verified_contact_with_another_key_before_somebody_decides() {
    let town = Town::new();
    let mallory = town.register("mallory", 9);
    for choice in [KeyChoice::Known, KeyChoice::New] {
        let town = Town::new();
        let (mut alice, mut bob, chat) = town.friends();
        let bobs = account(&bob);
        let known = alice.engine.contact(bobs).unwrap().unwrap().identity;
        alice.with(|engine, moment| engine.set_verified(bobs, true, moment)).unwrap();
        assert!(alice.chat(chat).verified);
        is_told_another_key(&mut alice, &mallory);
        assert_eq!(alice.chat(chat).undecided, Some(bobs));
        assert!(!alice.chat(chat).verified, "nobody is sure of anything before it is decided");
        alice.says(chat, "A secret");
        assert_eq!(alice.engine.queued(chat).unwrap().len(), 1, "it waits, and is not lost");
        assert_eq!(bob.hears(chat), ["Ciao Bob"]);
        let new = alice.engine.safety(bobs, KeyChoice::New).unwrap().unwrap();
        assert_ne!(new.number, safety(&alice, bobs).number);

        alice.with(|engine, moment| engine.decide_on_key(bobs, choice, moment)).unwrap();
        alice.settle();
        if choice == KeyChoice::New {
            assert_eq!(bob.hears(chat), ["Ciao Bob"], "the directory knows nothing of that key");
            alice.with(|engine, moment| engine.set_verified(bobs, true, moment)).unwrap();
            alice.settle();
        }
        assert_eq!(bob.hears(chat), ["Ciao Bob", "A secret"]);
        let contact = alice.engine.contact(bobs).unwrap().unwrap();
        assert!(contact.verified);
        assert_eq!((contact.identity == known, contact.new_identity), (choice == KeyChoice::Known, None));
        assert_eq!(alice.chat(chat).undecided, None);
    }
}

#[test]
fn a_new_chat_begins_without_lines_about_devices() {
    let town = Town::new();
    let (alice, bob, chat) = town.friends();
    let own = account(&alice);
    let lines = |handset: &Handset<'_>| -> Vec<Line> {
        handset.engine.lines(chat, 0).unwrap().into_iter().map(|placed| placed.line).collect()
    };
    assert_eq!(lines(&alice), [Line::Added { who: account(&bob), by: own }]);
    let laptop = town.sign_in("alice", 3);
    let mut bob = bob;
    bob.catch_up();
    assert!(lines(&bob).contains(&Line::DeviceAdded(own)), "{:?}", lines(&bob));
    drop(laptop);
}
