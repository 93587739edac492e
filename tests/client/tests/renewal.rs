//! A device is lost, and the account gets new keys: on the services of the real server, cut short at any call.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use sotto_client::engine::{Attempt, Change, Engine, Errand, VaultStand};
use sotto_client_tests::{Handset, Town, password_of};
use sotto_proto::{ConversationId, DeviceId, Method};

fn stand(handset: &Handset<'_>) -> VaultStand {
    handset.engine.vault_stand().unwrap()
}

fn revokes(handset: &mut Handset<'_>, lost: DeviceId) {
    handset.changes.clear();
    handset.with(|engine, moment| engine.run(password_of("alice"), Errand::RevokeDevice(lost), moment)).unwrap();
}

/// Alice with a phone, a laptop and a tablet, of which she will lose the laptop, and Bob, with whom she talks in two chats.
fn alice_and_her_devices(town: &Town) -> (Handset<'_>, Handset<'_>, Handset<'_>, Handset<'_>, [ConversationId; 2]) {
    let (mut alice, mut bob, chat) = town.friends();
    let account = bob.engine.own_account().unwrap();
    let group = alice.with(|engine, moment| engine.start_group("us", &[account], moment)).unwrap();
    alice.settle();
    bob.accepts(group);
    let (mut lost, mut tablet) = (town.sign_in("alice", 3), town.sign_in("alice", 4));
    for handset in [&mut lost, &mut tablet, &mut alice, &mut bob] {
        handset.catch_up();
    }
    (alice, lost, tablet, bob, [chat, group])
}

#[test]
fn s19_new_keys_take_over_everywhere_and_the_other_devices_inherit_them() {
    let town = Town::new();
    let (mut alice, lost, mut tablet, mut bob, chats) = alice_and_her_devices(&town);
    let identity = alice.engine.identity();
    let device = lost.engine.device().unwrap();
    revokes(&mut alice, device);
    alice.settle();
    assert!(alice.changes.contains(&Change::Done(Attempt::Devices)), "{:?}", alice.changes);
    for _ in 0..3 {
        town.tell();
        for handset in [&mut bob, &mut tablet, &mut alice] {
            handset.catch_up();
        }
    }
    assert_eq!((stand(&alice), stand(&tablet)), (VaultStand::Good, VaultStand::Good));
    assert_eq!(alice.engine.identity(), identity);
    for chat in chats {
        bob.says(chat, "after");
        tablet.hears(chat);
        tablet.says(chat, "from the tablet");
        assert_eq!(alice.hears(chat).last().unwrap(), "from the tablet");
    }
    // The next device comes in by the new vault device, and has everything.
    let mut next = town.sign_in("alice", 5);
    for chat in chats {
        assert_eq!(next.hears(chat), alice.hears(chat));
    }
    assert_eq!(stand(&next), VaultStand::Good);
    // And once more: a generation follows the other.
    let device = tablet.engine.device().unwrap();
    revokes(&mut next, device);
    next.settle();
    for _ in 0..3 {
        town.tell();
        for handset in [&mut bob, &mut alice, &mut next] {
            handset.catch_up();
        }
    }
    assert_eq!((stand(&alice), stand(&next)), (VaultStand::Good, VaultStand::Good));
    let mut last = town.sign_in("alice", 6);
    for chat in chats {
        bob.says(chat, "still here");
        assert_eq!(last.hears(chat), alice.hears(chat));
    }
}

#[test]
fn a_renewal_that_is_cut_short_at_any_call_goes_on_without_the_password() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    for seed in 3..6 {
        let lost = town.sign_in("alice", seed);
        alice.catch_up();
        revokes(&mut alice, lost.engine.device().unwrap());
        // From the moment on at which the wish is kept, every second answer is lost, and the program dies after it.
        while stand(&alice) == VaultStand::Good {
            assert!(alice.one_call(0, false), "{:?}", alice.changes);
        }
        for call in 0..60 {
            alice.one_call(call, call % 2 == 0);
            alice = alice.crash();
            alice.with(Engine::connected).unwrap();
        }
        alice.catch_up();
        alice.catch_up();
        assert_eq!(stand(&alice), VaultStand::Good, "{:?}", alice.changes);
        bob.says(chat, "after");
        let mut next = town.sign_in("alice", seed + 10);
        assert_eq!(next.hears(chat), alice.hears(chat));
        next.with(Engine::log_out).unwrap();
        next.settle();
    }
}

/// Makes the calls that are due. Commits stay on their way.
fn calls_all_but_commits(alice: &mut Handset<'_>) {
    for _ in 0..100 {
        for call in alice.with(Engine::outgoing).unwrap() {
            if call.method != Method::ConversationCommit {
                let answer = alice.call(&call);
                alice.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
            }
        }
    }
}

#[test]
fn a_second_loss_during_a_renewal_is_renewed_with_the_next_password() {
    let town = Town::new();
    let (mut alice, lost, tablet, mut bob, chats) = alice_and_her_devices(&town);
    for device in [&lost, &tablet] {
        revokes(&mut alice, device.engine.device().unwrap());
        calls_all_but_commits(&mut alice);
        assert!(alice.changes.contains(&Change::Done(Attempt::Devices)), "{:?}", alice.changes);
        assert!(matches!(stand(&alice), VaultStand::Renewing(1..)), "{:?}", stand(&alice));
    }
    let mut alice = alice.crash();
    alice.catch_up();
    alice.catch_up();
    assert_eq!(stand(&alice), VaultStand::Due, "{:?}", alice.changes);
    let mut alice = alice.crash();
    assert_eq!(stand(&alice), VaultStand::Due, "it stays due");
    alice.with(|engine, moment| engine.run(password_of("alice"), Errand::RenewVault, moment)).unwrap();
    alice.settle();
    alice.catch_up();
    assert_eq!(stand(&alice), VaultStand::Good, "{:?}", alice.changes);
    for chat in chats {
        bob.says(chat, "after");
    }
    let mut next = town.sign_in("alice", 5);
    for chat in chats {
        assert_eq!(next.hears(chat), alice.hears(chat));
    }
}

#[test]
fn what_is_set_survives_new_keys_on_all_devices() {
    let town = Town::new();
    let (mut alice, lost, mut tablet, mut bob, chats) = alice_and_her_devices(&town);
    alice.with(|engine, moment| engine.set_profile("Alice L.", "", moment)).unwrap();
    alice.settle();
    let archived = sotto_client::engine::Preferences { archived: true, ..Default::default() };
    tablet.catch_up();
    revokes(&mut alice, lost.engine.device().unwrap());
    alice.settle();
    // The tablet does not know of the new keys yet when it sets something.
    tablet.with(|engine, moment| engine.set_preferences(chats[1], &archived, moment)).unwrap();
    tablet.settle();
    for _ in 0..4 {
        town.tell();
        for handset in [&mut bob, &mut tablet, &mut alice] {
            handset.catch_up();
        }
    }
    let next = town.sign_in("alice", 5);
    for handset in [&alice, &tablet, &next] {
        assert!(handset.chat(chats[1]).preferences.archived);
        assert_eq!(handset.engine.profile().unwrap().0, "Alice L.");
    }
}
