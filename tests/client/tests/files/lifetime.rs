//! Who gets a file, and when it is gone from the server.

use super::*;

#[test]
fn a_forwarded_file_is_not_uploaded_again_and_only_members_get_it() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let mut carol = town.register("carol", 3);
    let path = write(&town, "plan.pdf", &content(300_000));
    let event = posts(&mut alice, chat, &[&path], "the plan");
    alice.settle();
    bob.catch_up();
    let stored = town.parts();

    let other = bob.start_direct("carol", "Ciao Carol");
    carol.accepts(other);
    bob.catch_up();
    let forwarded = EventId::from_bytes([9; 16]);
    for _ in 0..2 {
        bob.with(|engine, moment| engine.forward(forwarded, (chat, event), other, moment)).unwrap();
    }
    bob.settle();
    assert_eq!(town.parts(), stored, "no bytes went anywhere");
    carol.catch_up();
    let (id, said) = last(&carol, other);
    assert!(id == forwarded && said.forwarded && said.body.as_str() == "the plan");
    assert_eq!(said.files[0].name.as_str(), "plan.pdf");
    let done = fetches(&mut carol, other, forwarded, 0, &folder(&town, "carol"));
    assert_eq!(std::fs::read(done.location).unwrap(), content(300_000));
}

#[test]
fn who_was_removed_gets_no_more_files() {
    let town = Town::new();
    let (mut alice, mut bob, _) = town.friends();
    let bobs = bob.engine.own_account().unwrap();
    let group = alice.with(|engine, moment| engine.start_group("Trip", &[bobs], moment)).unwrap();
    alice.settle();
    bob.accepts(group);
    let path = write(&town, "a.bin", &content(9_000_000));
    let event = posts(&mut alice, group, &[&path], "");
    alice.settle();
    bob.catch_up();
    begins_to_fetch(&mut bob, group, event, 0, &folder(&town, "bob"));
    for _ in 0..6 {
        assert!(bob.one_move(), "it begins to come");
    }
    alice.with(|engine, moment| engine.remove(group, bobs, moment)).unwrap();
    alice.settle();
    town.pass(Duration::from_secs(5));
    bob = bob.crash();
    bob.catch_up();
    assert_eq!(transfer(&bob).state, TransferState::Stopped(Obstacle::NotThere));
    assert!(names(&folder(&town, "bob")).iter().all(|name| name.starts_with('.')));
    let id = transfer(&bob).id;
    assert!(bob.with(|engine, moment| engine.cancel_download(id, moment)).unwrap());
    bob.settle();
    assert_eq!(names(&folder(&town, "bob")), [""; 0]);
}

#[test]
fn what_is_given_up_is_gone_from_the_server() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.bin", &content(3 << 20));
    town.set_quota(&alice, 4 << 20);
    let event = posts(&mut alice, chat, &[&path], "no");
    for _ in 0..6 {
        assert!(alice.one_move());
    }
    assert!(alice.with(|engine, moment| engine.cancel_files(event, moment)).unwrap());
    alice.catch_up();
    assert!(!alice.with(|engine, moment| engine.cancel_files(event, moment)).unwrap());
    let event = posts(&mut alice, chat, &[&path], "yes");
    alice.settle();
    bob.catch_up();
    assert_eq!(last(&bob, chat).0, event, "there is room again: {:?}", alice.engine.transfers(None));
}

#[test]
fn an_edit_leaves_the_files_and_a_deletion_takes_them() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.txt", b"hello");
    let event = posts(&mut alice, chat, &[&path], "firts");
    alice.settle();
    let target = Some(wire::EventRef { event_id: event.to_wire(), seq: 0 });
    let edited = wire::Edit { target: target.clone(), content: Some(wire::edit::Content::Text(caption("first"))) };
    alice.with(|engine, moment| engine.send(chat, Content::Edit(edited), moment)).unwrap();
    alice.settle();
    bob.catch_up();
    let (_, said) = last(&bob, chat);
    assert_eq!((said.body.as_str(), said.files.len()), ("first", 1));
    let done = fetches(&mut bob, chat, event, 0, &folder(&town, "bob"));
    assert_eq!(std::fs::read(done.location).unwrap(), b"hello");

    let delete = wire::Delete { targets: target.into_iter().collect() };
    alice.with(|engine, moment| engine.send(chat, Content::Delete(delete), moment)).unwrap();
    alice.settle();
    bob.catch_up();
    let to = folder(&town, "bob").to_str().unwrap().to_owned();
    assert!(bob.with(|engine, moment| engine.download(chat, event, 0, &to, moment)).is_err());
}

#[test]
fn what_was_taken_back_frees_its_room_unless_another_message_speaks_of_it() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.bin", &content(300_000));
    town.set_quota(&alice, 500_000);
    let event = posts(&mut alice, chat, &[&path], "one");
    alice.settle();
    let again = EventId::from_bytes([9; 16]);
    alice.with(|engine, moment| engine.forward(again, (chat, event), chat, moment)).unwrap();
    alice.settle();
    let deletes = |alice: &mut Handset<'_>, event: EventId| {
        let targets = vec![wire::EventRef { event_id: event.to_wire(), seq: 0 }];
        let delete = Content::Delete(wire::Delete { targets });
        alice.with(|engine, moment| engine.send(chat, delete, moment)).unwrap();
        alice.settle();
    };
    deletes(&mut alice, event);
    bob.catch_up();
    let done = fetches(&mut bob, chat, again, 0, &folder(&town, "bob"));
    assert_eq!(done.state, TransferState::Done, "the other message still has it");

    deletes(&mut alice, again);
    let event = posts(&mut alice, chat, &[&path], "two");
    alice.settle();
    bob.catch_up();
    assert_eq!(last(&bob, chat).0, event, "there is room again: {:?}", alice.engine.transfers(None));
}
