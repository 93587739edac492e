//! What people do, from their first day on.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::time::Duration;

use sotto_client::engine::{Engine, Moment, Preferences, Stand};
use sotto_client::history::Item;
use sotto_client_tests::{Handset, Town, text};
use sotto_proto::wire::event::Content;
use sotto_proto::{EventId, Method, wire};
use sotto_simulation::life::{self, Stage};

#[test]
fn alice_registers_and_has_saved_messages() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    assert_eq!(alice.engine.user_name(), Some("alice"));
    assert_eq!(alice.engine.expose_recovery_words().unwrap().split(' ').count(), 24);
    let [saved] = &alice.engine.chats().unwrap()[..] else { panic!("one chat: {:?}", alice.engine.chats()) };
    let saved = saved.id;
    alice.says(saved, "Buy milk");
    assert_eq!(alice.texts(saved), ["Buy milk"]);
    assert!(alice.engine.queued(saved).unwrap().is_empty());
}

#[test]
fn a_stranger_asks_and_bob_accepts() {
    let town = Town::new();
    let (mut alice, mut bob) = (town.register("alice", 1), town.register("bob", 2));
    let chat = alice.start_direct("bob", "Ciao Bob");
    assert_eq!(alice.texts(chat), ["Ciao Bob"]);
    assert_eq!(bob.hears(chat), ["Ciao Bob"]);
    assert_eq!(bob.chat(chat).stand, Stand::Requested);
    assert_eq!((bob.chat(chat).title.as_str(), alice.chat(chat).title.as_str()), ("alice", "bob"));

    bob.with(|engine, moment| engine.accept(chat, moment)).unwrap();
    bob.settle();
    assert_eq!(bob.chat(chat).stand, Stand::Member);
    bob.says(chat, "Ciao Alice");
    assert_eq!(alice.hears(chat), ["Ciao Bob", "Ciao Alice"]);
    assert_eq!(alice.chat(chat).unread.messages, 1);
}

/// As a page does whose worker died before it could answer.
#[test]
fn what_is_asked_for_again_under_its_id_is_said_once() {
    let town = Town::new();
    let mut alice = town.register("alice", 1);
    let saved = alice.engine.chats().unwrap()[0].id;
    let id = EventId::from_bytes([7; 16]);
    let say = |alice: &mut Handset<'_>| alice.with(|engine, moment| engine.send_as(id, saved, text("Once"), moment));
    say(&mut alice).unwrap();
    say(&mut alice).unwrap();
    assert_eq!(alice.engine.queued(saved).unwrap().len(), 1);
    alice.settle();
    say(&mut alice).unwrap();
    alice.settle();
    assert_eq!(alice.texts(saved), ["Once"]);
    assert!(alice.engine.queued(saved).unwrap().is_empty());
}

#[test]
fn a_conversation_goes_on_across_days() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    for day in 0..3 {
        town.pass(Duration::from_hours(25));
        alice.says(chat, &format!("Day {day}"));
        assert_eq!(bob.hears(chat).len(), 2 * day + 2);
        bob.says(chat, &format!("Good day {day}"));
        alice.catch_up();
    }
    assert_eq!(alice.texts(chat), bob.texts(chat));
    assert_eq!(alice.texts(chat).len(), 7);
}

#[test]
fn a_new_device_has_everything_with_nobody_else_online() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    bob.says(chat, "One");
    alice.says(chat, "Two");
    drop(alice);

    let mut laptop = town.sign_in("alice", 11);
    assert!(laptop.engine.is_signed_in(), "{:?}", laptop.changes);
    assert_eq!(laptop.texts(chat), ["Ciao Bob", "One", "Two"]);
    laptop.says(chat, "Three, from the laptop");
    assert_eq!(bob.hears(chat), ["Ciao Bob", "One", "Two", "Three, from the laptop"]);

    // The next one begins where the last one left its checkpoint.
    let mut tablet = town.sign_in("alice", 12);
    assert_eq!(tablet.texts(chat).last().unwrap(), "Three, from the laptop");
    tablet.says(chat, "Four");
    assert_eq!(laptop.hears(chat).len(), 5);
    assert_eq!(bob.hears(chat).len(), 5);
}

#[test]
fn what_was_written_offline_is_sent_once_after_a_crash() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    alice.with(|engine, moment| engine.send(chat, text("First"), moment)).unwrap();
    alice.with(|engine, moment| engine.send(chat, text("Second"), moment)).unwrap();
    // The server has it, and the answer is lost with the program.
    assert!(alice.one_call(0, true));
    let mut alice = alice.crash();
    assert_eq!(alice.hears(chat), ["Ciao Bob", "First", "Second"]);
    assert_eq!(bob.hears(chat), ["Ciao Bob", "First", "Second"]);
}

#[test]
fn a_lost_answer_with_new_tokens_signs_nobody_out_n7() {
    let town = Town::new();
    let (mut alice, _bob, chat) = town.friends();
    for _ in 0..3 {
        town.pass(Duration::from_mins(20));
        // The server has given new tokens, and the answer is lost with the program.
        alice.loses_the_answer_of(Method::AuthRefresh);
        alice = alice.crash();
        // By the time the device is opened again, what it signed is too old.
        town.pass(Duration::from_hours(3));
        alice.catch_up();
        alice.says(chat, "Still here");
    }
    assert_eq!(alice.texts(chat).len(), 4);
}

#[test]
fn who_is_blocked_is_not_heard_and_not_told() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    bob.says(chat, "Before");
    let bobs = bob.engine.own_account().unwrap();
    alice.catch_up();
    alice.with(|engine, moment| engine.set_blocked(bobs, true, moment)).unwrap();
    alice.settle();
    bob.says(chat, "After");
    assert!(bob.engine.queued(chat).unwrap().is_empty(), "bob is not told");
    assert_eq!(alice.hears(chat), ["Ciao Bob"]);
    assert_eq!(alice.chat(chat).unread.messages, 0);
    let blocked = |handset: &Handset<'_>| -> Vec<_> {
        handset.engine.blocked().unwrap().into_iter().map(|contact| (contact.account, contact.user_name)).collect()
    };
    assert_eq!(blocked(&alice), [(bobs, "bob".to_owned())]);
    // A new device knows it too, and a block that is taken back brings everything back.
    let mut laptop = town.sign_in("alice", 11);
    assert_eq!(laptop.hears(chat), ["Ciao Bob"]);
    laptop.with(|engine, moment| engine.set_blocked(bobs, false, moment)).unwrap();
    laptop.settle();
    assert_eq!(laptop.texts(chat), ["Ciao Bob", "Before", "After"]);
    assert_eq!(blocked(&laptop), []);
}

#[test]
fn who_is_blocked_while_declining_is_listed_and_can_be_let_in_again() {
    let town = Town::new();
    let (mut mallory, mut bob) = (town.register("mallory", 1), town.register("bob", 2));
    let chat = mallory.start_direct("bob", "Ciao Bob");
    bob.catch_up();
    bob.with(|engine, moment| engine.decline(chat, true, moment)).unwrap();
    bob.settle();
    let blocked: Vec<_> = bob.engine.blocked().unwrap().into_iter().map(|contact| contact.account).collect();
    assert_eq!(blocked, [mallory.engine.own_account().unwrap()]);
    bob.with(|engine, moment| engine.set_blocked(blocked[0], false, moment)).unwrap();
    bob.settle();
    assert_eq!(bob.engine.blocked().unwrap(), []);
}

#[test]
fn in_a_chat_of_two_nobody_takes_back_the_words_of_the_other_m17() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    bob.says(chat, "Mine");
    alice.catch_up();
    let takes_back = |who: &mut Handset<'_>, item: &Item| {
        let target = wire::EventRef { event_id: item.id.to_wire(), seq: item.seq };
        let content = Content::Delete(wire::Delete { targets: vec![target] });
        who.with(|engine, moment| engine.send(chat, content, moment)).unwrap();
        who.settle();
    };
    let said = alice.engine.page(chat, None, 10).unwrap();
    takes_back(&mut alice, &said[1]);
    assert_eq!(bob.hears(chat), ["Ciao Bob", "Mine"]);
    assert_eq!(alice.texts(chat), ["Ciao Bob", "Mine"]);
    takes_back(&mut alice, &said[0]);
    assert_eq!(bob.hears(chat), ["Mine"]);
}

#[test]
fn what_is_set_for_a_chat_holds_on_all_devices() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let set = |handset: &mut Handset<'_>, pinned, folder: &str| {
        let wanted = Preferences { pinned, archived: false, folders: vec![folder.to_owned()], muted_until_ms: 0 };
        handset.with(|engine, moment| engine.set_preferences(chat, &wanted, moment)).unwrap();
    };
    set(&mut alice, 1, "Friends");
    alice.settle();
    let mut laptop = town.sign_in("alice", 11);
    laptop.catch_up();
    assert_eq!(laptop.chat(chat).preferences.folders, ["Friends"]);
    // Both choose while they do not know of each other: the one that comes last counts, on both.
    set(&mut laptop, 2, "Work");
    set(&mut alice, 3, "Family");
    laptop.settle();
    alice.settle();
    laptop.catch_up();
    alice.catch_up();
    assert_eq!(laptop.chat(chat).preferences, alice.chat(chat).preferences);
    assert_eq!(alice.chat(chat).preferences.folders, ["Family"]);
    bob.catch_up();
    assert_eq!(bob.chat(chat).preferences, Preferences::default());
}

/// The same life as in the simulator.
#[test]
fn a_whole_life() {
    let town = Town::new();
    life::a_whole_life(&mut Everybody { town: &town, handsets: Vec::new(), off: BTreeSet::new() });
}

/// Devices by their numbers.
struct Everybody<'t> {
    town: &'t Town,
    handsets: Vec<Handset<'t>>,
    off: BTreeSet<usize>,
}

impl Stage for Everybody<'_> {
    fn unpack(&mut self, _person: &str) -> usize {
        let number = self.handsets.len();
        self.handsets.push(self.town.handset(number.try_into().unwrap()));
        number
    }

    fn engine(&self, device: usize) -> &Engine {
        &self.handsets[device].engine
    }

    fn act<T>(&mut self, device: usize, work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let value = self.handsets[device].with(work);
        self.handsets[device].settle();
        value
    }

    fn pass(&mut self, time: Duration) {
        self.town.pass(time);
        // What one of them does next may be something for the others to hear.
        for _ in 0..3 {
            let on = self.handsets.iter_mut().enumerate().filter(|(device, _)| !self.off.contains(device));
            on.for_each(|(_, handset)| handset.catch_up());
        }
    }

    fn switch(&mut self, device: usize, on: bool) {
        if on {
            self.off.remove(&device)
        } else {
            self.off.insert(device)
        };
    }
}
