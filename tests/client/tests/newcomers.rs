//! What newcomers read of what was said before they came.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use prost::Message as _;
use sotto_client::engine::Line;
use sotto_client_tests::{Handset, Town};
use sotto_crypto::mls::governance::{History, Kind, Policy, Role};
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, Method, wire};

/// Alice, who has a group with Bob, and knows Carol and Dan.
struct Club<'t> {
    alice: Handset<'t>,
    bob: Handset<'t>,
    carol: Handset<'t>,
    dan: Handset<'t>,
    chat: ConversationId,
}

fn id(handset: &Handset<'_>) -> AccountId {
    handset.engine.own_account().unwrap()
}

fn club(town: &Town, history: History) -> Club<'_> {
    let mut alice = town.register("alice", 1);
    let mut friend = |name: &str, seed| {
        let mut friend = town.register(name, seed);
        let direct = alice.start_direct(name, "Ciao");
        friend.accepts(direct);
        friend
    };
    let (mut bob, carol, dan) = (friend("bob", 2), friend("carol", 3), friend("dan", 4));
    let chat = alice.with(|engine, moment| engine.start_group("Chess club", &[id(&bob)], moment)).unwrap();
    alice.settle();
    let policy = Policy { history, ..Policy::default_for(Kind::Group) };
    alice.with(|engine, moment| engine.set_policy(chat, policy, moment)).unwrap();
    alice.settle();
    bob.accepts(chat);
    Club { alice, bob, carol, dan, chat }
}

fn add(adder: &mut Handset<'_>, chat: ConversationId, who: AccountId) {
    adder.with(|engine, moment| engine.add(chat, &[who], moment)).unwrap();
}

#[test]
fn newcomers_know_what_the_group_is_called_and_nobody_is_told_of_a_change() {
    let town = Town::new();
    let mut club = club(&town, History::FromJoining);
    add(&mut club.alice, club.chat, id(&club.carol));
    club.alice.settle();
    club.carol.accepts(club.chat);
    club.bob.catch_up();
    let title = |handset: &Handset<'_>| handset.engine.chat(club.chat).unwrap().unwrap().title;
    assert_eq!(title(&club.carol), "Chess club");
    let renamed = |handset: &Handset<'_>| {
        let lines = handset.engine.lines(club.chat, 0).unwrap();
        lines.iter().filter(|placed| matches!(placed.line, Line::Renamed { .. })).count()
    };
    assert_eq!((renamed(&club.alice), renamed(&club.bob), renamed(&club.carol)), (1, 1, 0));
}

/// Everything that can be read, as somebody who scrolls up as far as it goes.
fn reads_all(reader: &mut Handset<'_>, chat: ConversationId) -> Vec<String> {
    reader.catch_up();
    while reader.engine.has_more_history(chat).unwrap() {
        reader.with(|engine, moment| engine.want_history(chat, moment)).unwrap();
        reader.settle();
    }
    let lines = reader.engine.lines(chat, 0).unwrap();
    assert!(lines.iter().all(|placed| placed.line != Line::Unreadable), "{lines:?}");
    reader.texts(chat)
}

#[test]
fn where_the_policy_says_so_newcomers_read_everything() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, mut dan, chat } = club(&town, History::Everything);
    let mut all = Vec::new();
    for day in 0..3 {
        town.pass(Duration::from_hours(25));
        for (who, name) in [(&mut alice, "Alice"), (&mut bob, "Bob")] {
            who.catch_up();
            all.push(format!("{name} on day {day}"));
            who.says(chat, all.last().unwrap());
        }
    }
    // Whoever went before has said what was said.
    bob.with(|engine, moment| engine.leave(chat, moment)).unwrap();
    bob.settle();
    alice.catch_up();
    add(&mut alice, chat, id(&carol));
    alice.settle();
    carol.accepts(chat);
    assert_eq!(reads_all(&mut carol, chat), all);
    assert_eq!(carol.engine.page(chat, None, 100).unwrap()[1].author, id(&bob));

    // Her next device has it too; and so has whoever comes after her, though one of the keys was passed on before.
    all.push("Thanks".to_owned());
    carol.says(chat, "Thanks");
    let mut laptop = town.sign_in("carol", 13);
    assert_eq!(reads_all(&mut laptop, chat), all);
    alice.catch_up();
    add(&mut alice, chat, id(&dan));
    alice.settle();
    dan.accepts(chat);
    assert_eq!(reads_all(&mut dan, chat), all);
}

#[test]
fn where_it_does_not_they_read_from_their_joining_on() {
    let town = Town::new();
    let Club { mut alice, mut carol, chat, .. } = club(&town, History::FromJoining);
    alice.says(chat, "Before");
    add(&mut alice, chat, id(&carol));
    alice.settle();
    alice.says(chat, "After");
    carol.accepts(chat);
    assert_eq!(reads_all(&mut carol, chat), ["After"]);
}

#[test]
fn what_is_to_be_passed_on_survives_a_crash() {
    let town = Town::new();
    let Club { mut alice, mut carol, chat, .. } = club(&town, History::Everything);
    alice.says(chat, "Before");
    add(&mut alice, chat, id(&carol));
    alice.loses_the_answer_of(Method::ConversationCommit);
    let mut alice = alice.crash();
    carol.accepts(chat);
    assert_eq!(reads_all(&mut carol, chat), Vec::<String>::new());
    alice.catch_up();
    assert_eq!(reads_all(&mut carol, chat), ["Before"]);
}

/// Keys of the first epochs that are none, with everything that belongs to them.
fn lies(epochs: u64) -> Content {
    let keys = (0..epochs).map(|epoch| wire::EpochKey { generation: 1, epoch, secret: vec![7; 32].into() });
    let bundle = wire::HistoryBundle { keys: keys.collect(), ..Default::default() };
    let content = bundle.encode_to_vec().into();
    Content::HistoryKeys(wire::HistoryKeys { hand_over_id: vec![1; 16].into(), piece: 0, pieces: 1, content })
}

#[test]
fn a_lie_about_what_was_said_is_found_out_and_the_truth_still_counts() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat, .. } = club(&town, History::Everything);
    let bobs = id(&bob);
    alice.with(|engine, moment| engine.set_role(chat, bobs, Role::Admin, moment)).unwrap();
    alice.settle();
    alice.says(chat, "Before");
    add(&mut alice, chat, id(&carol));
    alice.loses_the_answer_of(Method::ConversationCommit);
    carol.accepts(chat);
    bob.catch_up();
    bob.with(|engine, moment| engine.send(chat, lies(4), moment)).unwrap();
    bob.settle();
    assert_eq!(reads_all(&mut carol, chat), Vec::<String>::new());
    alice.catch_up();
    assert_eq!(reads_all(&mut carol, chat), ["Before"]);
}

#[test]
fn who_may_not_add_passes_nothing_on_m4() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat, .. } = club(&town, History::Everything);
    alice.says(chat, "Before");
    add(&mut alice, chat, id(&carol));
    alice.loses_the_answer_of(Method::ConversationCommit);
    carol.accepts(chat);
    bob.catch_up();
    bob.with(|engine, moment| engine.send(chat, lies(4), moment)).unwrap();
    bob.settle();
    carol.catch_up();
    let low = carol.engine.has_more_history(chat).unwrap();
    assert!(low, "nothing made her look back");
    alice.catch_up();
    assert_eq!(reads_all(&mut carol, chat), ["Before"]);
}
