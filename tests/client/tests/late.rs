//! Replies that are older than what was told since.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use prost::Message as _;
use sotto_client::engine::{Engine, Outgoing, Stand};
use sotto_client_tests::{Handset, Town, text};
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::{ConversationId, Method, UserName, decode, limits, wire};

/// An entry of a log as the live stream tells it.
fn told_live(reader: &mut Handset<'_>, chat: ConversationId, seq: u64) -> bytes::Bytes {
    reader.with(Engine::connected).unwrap();
    let paper = reader.with(Engine::outgoing).unwrap().remove(0);
    let request = wire::ReadRangeRequest {
        conversation_id: chat.to_wire(),
        from_seq: seq,
        direction: wire::Direction::Forward.into(),
        limit: 1,
        handshakes_only: false,
    };
    let (method, body) = (Method::ConversationReadRange, request.encode_to_vec().into());
    let reply = reader.call(&Outgoing { method, body, ..paper.clone() }).unwrap().remove(0);
    let reply: wire::ReadRangeResponse = decode(reply, limits::MESSAGE_MAX).unwrap();
    let entry = reply.entries.into_iter().next();
    let item = Item::Entry(wire::StreamEntry { conversation_id: chat.to_wire(), entry });
    let answer = reader.call(&paper);
    reader.with(|engine, moment| engine.reply(paper.ticket, answer, moment)).unwrap();
    wire::SubscribeResponse { item: Some(item), ..Default::default() }.encode_to_vec().into()
}

/// The call for a range, once an entry was told that does not follow.
fn asks_for_what_is_between(bob: &mut Handset<'_>) -> Outgoing {
    let outgoing = bob.with(Engine::outgoing).unwrap();
    outgoing.into_iter().find(|call| call.method == Method::ConversationReadRange).unwrap()
}

/// Makes calls, one round after the other, until one is wanted, which is not made but given.
fn makes_calls_until(who: &mut Handset<'_>, is_wanted: impl Fn(&Outgoing) -> bool) -> Option<Outgoing> {
    loop {
        let outgoing = who.with(Engine::outgoing).unwrap();
        let (wanted, others): (Vec<_>, Vec<_>) = outgoing.into_iter().partition(&is_wanted);
        let is_over = others.is_empty();
        for call in others {
            let answer = who.call(&call);
            who.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
        if is_over || !wanted.is_empty() {
            return wanted.into_iter().next();
        }
    }
}

#[test]
fn a_request_that_was_there_before_its_first_words_has_them_a_moment_later() {
    let town = Town::new();
    let (mut alice, mut bob) = (town.register("alice", 1), town.register("bob", 2));
    let name = UserName::parse("user_name", "bob").unwrap();
    alice.with(|engine, moment| engine.start_direct(&name, Some(text("Ciao Bob")), moment)).unwrap();
    let is_there =
        |bob: &Handset<'_>| bob.engine.chats().unwrap().into_iter().find(|chat| chat.stand == Stand::Requested);
    let request = loop {
        let outgoing = alice.with(Engine::outgoing).unwrap();
        assert!(!outgoing.is_empty());
        // Her first words are held up.
        for call in outgoing.iter().filter(|call| call.method != Method::ConversationAppend) {
            let answer = alice.call(call);
            alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
        bob.catch_up();
        if let Some(request) = is_there(&bob) {
            break request;
        }
    };
    assert_eq!(request.last, None);
    alice.catch_up();
    // Nobody tells him.
    town.pass(Duration::from_secs(3));
    bob.settle();
    assert_eq!(bob.texts(request.id), ["Ciao Bob"]);
}

#[test]
fn a_reply_that_is_older_than_what_was_told_is_asked_for_once_more() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let hears_of = |bob: &mut Handset<'_>, item| bob.with(|engine, moment| engine.item(item, moment)).unwrap();
    bob.catch_up();
    alice.says(chat, "One");
    alice.says(chat, "Two");
    let newest = alice.chat(chat).last.unwrap().seq;
    // Bob is told of the second one and asks for what is between. The reply takes its time.
    let item = told_live(&mut alice, chat, newest);
    hears_of(&mut bob, item);
    let range = asks_for_what_is_between(&mut bob);
    let late = bob.call(&range);
    alice.says(chat, "Three");
    alice.says(chat, "Four");
    let item = told_live(&mut alice, chat, newest + 2);
    hears_of(&mut bob, item);
    bob.with(|engine, moment| engine.reply(range.ticket, late, moment)).unwrap();
    bob.settle();
    assert_eq!(bob.texts(chat), ["Ciao Bob", "One", "Two", "Three", "Four"]);
}

/// Bob is added, removed and added again while the tree of the first Welcome is on its way.
#[test]
fn the_tree_of_an_older_welcome_is_not_tried_on_a_newer_one() {
    let town = Town::new();
    let (mut alice, mut bob, _) = town.friends();
    let his = bob.engine.own_account().unwrap();
    let chat = alice.with(|engine, moment| engine.start_group("Chess club", &[his], moment)).unwrap();
    alice.settle();
    bob.with(Engine::connected).unwrap();
    let asked = makes_calls_until(&mut bob, |call| call.method == Method::ConversationGetTree).unwrap();
    let late = bob.call(&asked);
    alice.with(|engine, moment| engine.remove(chat, his, moment)).unwrap();
    alice.settle();
    alice.with(|engine, moment| engine.add(chat, &[his], moment)).unwrap();
    alice.settle();
    // He hears of the second Welcome first.
    bob.with(Engine::connected).unwrap();
    makes_calls_until(&mut bob, |call| call.ticket == asked.ticket);
    makes_calls_until(&mut bob, |call| call.ticket == asked.ticket);
    bob.with(|engine, moment| engine.reply(asked.ticket, late, moment)).unwrap();
    let way_round = makes_calls_until(&mut bob, |call| call.method == Method::AccountGetCheckpoints);
    assert!(way_round.is_none(), "he comes in by the second Welcome, and needs no vault");
    alice.says(chat, "Welcome back");
    assert_eq!(bob.hears(chat), ["Welcome back"]);
}
