//! Groups: who comes and goes, who may do what, and what happens when two do something at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::num::NonZeroU32;
use std::time::Duration;

use sotto_client::engine::{Abilities, Attempt, Change, Engine, EngineError, Errand, Line, Stand, Trouble, Why};
use sotto_client::history::{Wanted, What};
use sotto_client::timeline::{Message, Standing, State, marked};
use sotto_client_tests::{Handset, Town, password_of};
use sotto_crypto::mls::governance::{Kind, Policy, Role};
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, EventId, wire};

struct Club<'t> {
    alice: Handset<'t>,
    bob: Handset<'t>,
    carol: Handset<'t>,
    chat: ConversationId,
}

fn id(handset: &Handset<'_>) -> AccountId {
    handset.engine.own_account().unwrap()
}

fn names(handset: &Handset<'_>, chat: ConversationId) -> Vec<String> {
    let mut names: Vec<_> = handset.engine.members(chat).unwrap().into_iter().map(|member| member.name).collect();
    names.sort();
    names
}

fn lines(handset: &Handset<'_>, chat: ConversationId) -> Vec<Line> {
    handset.engine.lines(chat, 0).unwrap().into_iter().map(|placed| placed.line).collect()
}

/// Three people who know each other.
fn club(town: &Town) -> Club<'_> {
    let (mut alice, mut bob, mut carol) =
        (town.register("alice", 1), town.register("bob", 2), town.register("carol", 3));
    for friend in [&mut bob, &mut carol] {
        let name = friend.engine.user_name().unwrap().to_owned();
        let direct = alice.start_direct(&name, "Ciao");
        friend.accepts(direct);
    }
    let members = [id(&bob), id(&carol)];
    let chat = alice.with(|engine, moment| engine.start_group("Chess club", &members, moment)).unwrap();
    alice.settle();
    Club { alice, bob, carol, chat }
}

#[test]
fn a_group_has_a_title_and_everybody_hears_everybody() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    alice.says(chat, "Welcome");
    assert_eq!(bob.hears(chat), ["Welcome"]);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
        assert_eq!(handset.chat(chat).title, "Chess club");
    }
    bob.says(chat, "Thanks");
    carol.says(chat, "E2 to e4");
    for handset in [&mut alice, &mut bob, &mut carol] {
        let texts = handset.hears(chat);
        assert_eq!(texts, ["Welcome", "Thanks", "E2 to e4"]);
        assert_eq!(names(handset, chat), ["alice", "bob", "carol"]);
    }
}

#[test]
fn roles_decide_and_carol_is_removed() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    let carols = id(&carol);
    bob.changes.clear();
    bob.with(|engine, moment| engine.remove(chat, carols, moment)).unwrap();
    bob.settle();
    assert!(bob.changes.iter().any(|change| matches!(change, Change::Failed { what: Attempt::Change(_), .. })));
    assert_eq!(names(&bob, chat), ["alice", "bob", "carol"]);

    let bobs = id(&bob);
    alice.with(|engine, moment| engine.set_role(chat, bobs, Role::Admin, moment)).unwrap();
    alice.settle();
    bob.catch_up();
    assert!(lines(&bob, chat).contains(&Line::Role { who: bobs, by: id(&alice), to: Standing::Admin }));
    bob.with(|engine, moment| engine.remove(chat, carols, moment)).unwrap();
    bob.settle();
    bob.says(chat, "Now it is quiet");
    carol.catch_up();
    assert_eq!(carol.chat(chat).stand, Stand::Removed);
    assert!(!carol.texts(chat).contains(&"Now it is quiet".to_owned()), "I7");
    assert_eq!(names(&alice, chat), ["alice", "bob", "carol"], "alice has not looked yet");
    assert_eq!(alice.hears(chat), ["Now it is quiet"]);
    assert_eq!(names(&alice, chat), ["alice", "bob"]);
    assert!(lines(&alice, chat).contains(&Line::Removed { who: carols, by: bobs }));
}

#[test]
fn a_new_device_reads_what_its_account_was_in_until_it_went() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.catch_up();
        let _ = handset.with(|engine, moment| engine.accept(chat, moment));
        handset.settle();
    }
    alice.says(chat, "Welcome");
    bob.says(chat, "Thanks");
    for handset in [&mut alice, &mut carol] {
        handset.catch_up();
    }
    bob.with(|engine, moment| engine.leave(chat, moment)).unwrap();
    bob.settle();
    alice.catch_up();
    let carols = id(&carol);
    alice.with(|engine, moment| engine.remove(chat, carols, moment)).unwrap();
    alice.settle();
    alice.says(chat, "Now I am alone");

    // The second one begins with what the first has stored.
    for (name, seed, stand) in [("bob", 12, Stand::Left), ("carol", 13, Stand::Removed)] {
        for seed in [seed, seed + 10] {
            let mut laptop = town.sign_in(name, seed);
            laptop.catch_up();
            assert_eq!(laptop.texts(chat), ["Welcome", "Thanks"], "{name}: {:?}", laptop.changes);
            assert_eq!(laptop.chat(chat).stand, stand);
        }
    }
}

#[test]
fn a_device_that_was_away_reads_what_was_said_while_its_account_was_in() {
    let town = Town::new();
    let Club { mut alice, mut bob, chat, .. } = club(&town);
    let bobs = id(&bob);
    alice.says(chat, "Where is Bob?");
    alice.with(|engine, moment| engine.remove(chat, bobs, moment)).unwrap();
    alice.settle();
    alice.says(chat, "He never came");
    bob.catch_up();
    assert_eq!(bob.texts(chat), ["Where is Bob?"]);
    assert_eq!(bob.chat(chat).stand, Stand::Removed);
}

#[test]
fn two_change_the_group_at_once_and_both_changes_happen() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    let _dave = town.register("dave", 4);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    let (bobs, carols) = (id(&bob), id(&carol));
    alice.with(|engine, moment| engine.set_role(chat, bobs, Role::Owner, moment)).unwrap();
    alice.settle();
    bob.catch_up();
    // Both decide before either's commit is known to the other.
    bob.with(|engine, moment| engine.set_role(chat, carols, Role::Admin, moment)).unwrap();
    let name = sotto_proto::UserName::parse("user_name", "dave").unwrap();
    alice.with(|engine, moment| engine.invite(chat, &name, moment)).unwrap();
    alice.settle();
    bob.settle();
    alice.catch_up();
    for handset in [&mut alice, &mut bob, &mut carol] {
        handset.catch_up();
        assert_eq!(names(handset, chat), ["alice", "bob", "carol", "dave"]);
        let members = handset.engine.members(chat).unwrap();
        assert_eq!(members.iter().find(|member| member.account == carols).unwrap().standing, Standing::Admin);
    }
}

#[test]
fn m2_a_bad_commit_leads_to_a_new_generation_without_its_maker() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    carol.says(chat, "Before");
    alice.catch_up();
    let (alices, bobs) = (id(&alice), id(&bob));
    alice.with(|engine, moment| engine.set_role(chat, bobs, Role::Admin, moment)).unwrap();
    alice.settle();
    // Bob's client is not what it says it is: the server can take his commit, and nobody else.
    bob.catch_up();
    bob.spoils_a_commit = true;
    let hour = Policy { retention: NonZeroU32::new(3_600), ..Policy::default_for(Kind::Group) };
    bob.with(|engine, moment| engine.set_policy(chat, hour, moment)).unwrap();
    bob.settle();
    carol.catch_up();
    assert_eq!(carol.chat(chat).trouble, Some(Trouble::BadCommit), "visible, and she may not repair it");
    alice.catch_up();
    assert_eq!(names(&alice, chat), ["alice", "carol"]);
    alice.says(chat, "We go on");
    carol.catch_up();
    carol.says(chat, "Without Bob");
    for handset in [&mut alice, &mut carol] {
        assert_eq!(handset.hears(chat), ["Before", "We go on", "Without Bob"]);
        assert_eq!(handset.chat(chat).trouble, None);
        assert!(lines(handset, chat).contains(&Line::Trouble(Trouble::BadCommit)), "the notice stays");
    }
    // A device that is newer than all this reads across the break.
    let mut laptop = town.sign_in("alice", 11);
    assert_eq!(laptop.engine.own_account(), Some(alices));
    assert_eq!(laptop.hears(chat), ["Before", "We go on", "Without Bob"]);
    bob.catch_up();
    assert_eq!(bob.chat(chat).stand, Stand::Removed);
    assert!(!bob.texts(chat).contains(&"We go on".to_owned()), "I7");
    drop(laptop);
    let mut tablet = town.sign_in("alice", 12);
    assert_eq!(tablet.hears(chat).len(), 3, "from the checkpoint of the new generation");
}

#[test]
fn m25_what_has_disappeared_is_found_by_nobody() {
    let town = Town::new();
    let Club { mut alice, mut bob, carol: _, chat } = club(&town);
    bob.accepts(chat);
    let hour = Policy { retention: NonZeroU32::new(3_600), ..Policy::default_for(Kind::Group) };
    alice.with(|engine, moment| engine.set_policy(chat, hour, moment)).unwrap();
    alice.settle();
    alice.says(chat, "Meet me at noon");
    assert_eq!(bob.hears(chat), ["Meet me at noon"]);
    let wanted = Wanted { query: "noon".to_owned(), limit: 10, ..Wanted::default() };
    assert_eq!(bob.engine.search(&wanted).unwrap().len(), 1);

    town.pass(Duration::from_mins(61));
    for handset in [&mut alice, &mut bob] {
        handset.with(Engine::wake).unwrap();
        assert!(handset.texts(chat).is_empty());
        assert!(handset.engine.search(&wanted).unwrap().is_empty());
        assert_eq!(handset.chat(chat).title, "Chess club", "the conversation itself stays");
    }
    bob.says(chat, "Where were you?");
    assert_eq!(alice.hears(chat), ["Where were you?"]);
}

#[test]
fn bob_deletes_his_account_and_the_group_lets_him_go() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    bob.says(chat, "Farewell");
    alice.catch_up();
    let bobs = id(&bob);
    bob.with(|engine, moment| engine.run(password_of("bob"), Errand::DeleteAccount, moment)).unwrap();
    bob.settle();
    assert!(bob.changes.contains(&Change::Wiped), "{:?}", bob.changes);
    assert!(bob.engine.own_account().is_none());
    town.tell();
    for _ in 0..2 {
        alice.catch_up();
        carol.catch_up();
    }
    assert!(!alice.engine.members(chat).unwrap().iter().any(|member| member.account == bobs), "{:?}", alice.changes);
    assert_eq!(carol.hears(chat), ["Farewell"]);
    assert!(lines(&carol, chat).contains(&Line::Removed { who: bobs, by: id(&alice) }));
}

#[test]
fn bob_leaves_and_the_others_go_on() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    bob.with(|engine, moment| engine.leave(chat, moment)).unwrap();
    bob.settle();
    assert_eq!(bob.chat(chat).stand, Stand::Left);
    alice.catch_up();
    carol.catch_up();
    alice.says(chat, "He is gone");
    assert_eq!(carol.hears(chat), ["He is gone"]);
    assert_eq!(names(&carol, chat), ["alice", "carol"]);
    assert_eq!(lines(&carol, chat).iter().filter(|line| **line == Line::Left(id(&bob))).count(), 1);
    bob.catch_up();
    assert!(bob.texts(chat).is_empty());
}

#[test]
fn a_title_is_a_line_with_its_author_and_the_list_says_who_spoke_last() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    let title = Content::Title(wire::Title { title: "Chess".to_owned(), description: String::new(), again: false });
    bob.with(|engine, moment| engine.send(chat, title, moment)).unwrap();
    bob.settle();
    bob.says(chat, "Your move");
    for handset in [&mut alice, &mut carol] {
        handset.catch_up();
        assert!(lines(handset, chat).contains(&Line::Renamed { by: id(&bob) }));
        assert_eq!(handset.chat(chat).last_by.as_deref(), Some("bob"));
        let listed = handset.engine.chats().unwrap().into_iter().find(|listed| listed.id == chat).unwrap();
        assert_eq!(listed.last_by.as_deref(), Some("bob"));
    }
    assert_eq!(bob.chat(chat).last_by, None, "one knows what one has said");
}

#[test]
fn the_only_owner_leaves_once_somebody_else_owns_the_group() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
    }
    let leave = |alice: &mut Handset<'_>| {
        alice.changes.clear();
        alice.with(|engine, moment| engine.leave(chat, moment)).unwrap();
        alice.settle();
        alice.catch_up();
    };
    leave(&mut alice);
    let stays = Change::Failed { what: Attempt::Leave(chat), why: Why::OnlyOwner };
    assert!(alice.changes.contains(&stays), "{:?}", alice.changes);
    assert_eq!(alice.chat(chat).stand, Stand::Member);
    assert!(alice.engine.abilities(chat).unwrap().give_roles, "nothing of it happened");
    bob.catch_up();
    assert_eq!(names(&bob, chat), ["alice", "bob", "carol"]);

    alice.with(|engine, moment| engine.set_role(chat, id(&bob), Role::Owner, moment)).unwrap();
    alice.settle();
    leave(&mut alice);
    for handset in [&mut bob, &mut carol, &mut alice] {
        handset.catch_up();
    }
    assert_eq!(alice.chat(chat).stand, Stand::Left, "{:?}", alice.changes);
    assert_eq!(alice.engine.abilities(chat).unwrap(), Abilities::default());
    assert_eq!(names(&carol, chat), ["bob", "carol"]);
    assert!(bob.engine.abilities(chat).unwrap().give_roles);
}

#[test]
fn each_role_is_told_what_it_may_do_and_pins_hold_only_from_those_who_may() {
    let town = Town::new();
    let Club { mut alice, mut bob, mut carol, chat } = club(&town);
    alice.says(chat, "Welcome");
    for handset in [&mut bob, &mut carol] {
        handset.accepts(chat);
        handset.hears(chat);
    }
    let everything =
        Abilities { post: true, pin: true, moderate: true, add: true, remove: true, rename: true, give_roles: true };
    assert_eq!(alice.engine.abilities(chat).unwrap(), everything);
    let of_a_member = Abilities { post: true, rename: true, ..Abilities::default() };
    assert_eq!(bob.engine.abilities(chat).unwrap(), of_a_member);
    alice.with(|engine, moment| engine.set_role(chat, id(&bob), Role::Admin, moment)).unwrap();
    alice.settle();
    bob.catch_up();
    assert_eq!(bob.engine.abilities(chat).unwrap(), Abilities { give_roles: false, ..everything });

    let welcome = bob.engine.page(chat, None, 1).unwrap().remove(0);
    let pin = |handset: &mut Handset<'_>, remove| {
        let target = Some(wire::EventRef { event_id: welcome.id.to_wire(), seq: welcome.seq });
        let pin = Content::Pin(wire::Pin { target, remove });
        handset.with(|engine, moment| engine.send(chat, pin, moment)).unwrap();
        handset.settle();
    };
    carol.catch_up();
    pin(&mut carol, false);
    alice.catch_up();
    assert_eq!(alice.engine.pinned(chat).unwrap(), [], "a member may not pin");
    pin(&mut bob, false);
    alice.catch_up();
    let pinned: Vec<_> = alice.engine.pinned(chat).unwrap().into_iter().map(|item| item.id).collect();
    assert_eq!(pinned, [welcome.id]);

    let target = vec![wire::EventRef { event_id: welcome.id.to_wire(), seq: welcome.seq }];
    let delete = Content::Delete(wire::Delete { targets: target });
    bob.with(|engine, moment| engine.send(chat, delete, moment)).unwrap();
    bob.settle();
    alice.catch_up();
    assert_eq!(alice.engine.pinned(chat).unwrap(), [], "what was taken back is pinned no longer");
    carol.with(|engine, moment| engine.leave(chat, moment)).unwrap();
    carol.settle();
    assert_eq!(carol.engine.abilities(chat).unwrap(), Abilities::default());
}

#[test]
fn what_is_forwarded_says_so_and_calls_nobody() {
    let town = Town::new();
    let Club { mut alice, mut bob, chat, .. } = club(&town);
    let called = [("bob".to_owned(), id(&bob))];
    let body = Some(marked("**Move**, @bob", &called));
    let said = Content::Text(wire::TextMessage { body, ..wire::TextMessage::default() });
    let event = alice.with(|engine, moment| engine.send(chat, said, moment)).unwrap();
    alice.settle();
    let direct = alice.start_direct("bob", "Look");
    bob.catch_up();
    let new = EventId::from_bytes([9; 16]);
    for _ in 0..2 {
        alice.with(|engine, moment| engine.forward(new, (chat, event), direct, moment)).unwrap();
    }
    alice.settle();
    bob.catch_up();
    let items = bob.engine.page(direct, None, 2).unwrap();
    assert_eq!(items.iter().filter(|item| item.id == new).count(), 1, "asked for twice, it is said once");
    let Some(What::Message(Message { state: State::Standing { text, .. }, .. })) = items.last().map(|item| &item.what)
    else {
        panic!("it is a message")
    };
    assert!(text.forwarded);
    assert_eq!(text.body.as_str(), "Move, @bob");
    assert_eq!(text.body.mentions().count(), 0);
    assert_eq!(text.body.tree().len(), 2, "the style is kept");
    let nothing = EventId::from_bytes([8; 16]);
    let refused = alice.with(|engine, moment| engine.forward(new, (chat, nothing), direct, moment));
    assert_eq!(refused.unwrap_err().to_string(), EngineError::Unusable("what cannot be forwarded").to_string());
}
