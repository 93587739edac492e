//! The history of an account as a file: out of one device and into another.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead, Cursor};

use sotto_client::engine::{ArchiveError, Archived, Engine, Stand};
use sotto_client::history::Wanted;
use sotto_client_tests::{Handset, Town};

fn exported(handset: &mut Handset<'_>) -> (Vec<u8>, Archived) {
    let mut file = Vec::new();
    let archived = handset.with(|engine, moment| engine.export(&mut file, moment)).unwrap();
    (file, archived)
}

fn imports(handset: &mut Handset<'_>, file: &[u8]) -> Result<Archived, ArchiveError> {
    let open = || Ok(Box::new(Cursor::new(file.to_vec())) as Box<dyn BufRead>);
    handset.with(|engine, moment| engine.import(open, moment))
}

#[test]
fn what_was_left_behind_comes_back_from_a_file() {
    let town = Town::new();
    let (mut alice, mut bob, _chat) = town.friends();
    let bobs = bob.engine.own_account().unwrap();
    let group = alice.with(|engine, moment| engine.start_group("Chess club", &[bobs], moment)).unwrap();
    alice.settle();
    bob.accepts(group);
    bob.says(group, "Schachmatt in drei Zügen");
    alice.catch_up();
    let (file, written) = exported(&mut alice);
    assert_eq!(written.chats, 3, "saved messages, Bob, the club");

    // Readers need no program of ours.
    let text = String::from_utf8(file.clone()).unwrap();
    assert!(text.starts_with(r#"{"header":{"format":"sotto-history","version":1,"#), "{text}");
    assert!(text.contains(r#""text":"Schachmatt in drei Zügen""#), "{text}");

    // She leaves, and takes a new device. It has everything at once, without asking anybody.
    alice.with(|engine, moment| engine.leave(group, moment)).unwrap();
    alice.settle();
    let before = alice.texts(group);
    let mut laptop = town.handset(3);
    laptop.begins_to_sign_in("alice");
    assert!(laptop.texts(group).is_empty());
    for _ in 0..2 {
        assert_eq!(imports(&mut laptop, &file).unwrap(), written, "the second time changes nothing");
        assert_eq!(laptop.texts(group), before);
    }
    let chats = laptop.engine.chats().unwrap();
    let club = chats.iter().find(|chat| chat.id == group).unwrap();
    assert_eq!((club.title.as_str(), club.stand), ("Chess club", Stand::Left));
    assert_eq!(
        laptop.engine.search(&Wanted { query: "zugen".to_owned(), limit: 10, ..Wanted::default() }).unwrap().len(),
        1
    );
    assert!(laptop.with(|engine, moment| engine.send(group, sotto_client_tests::text("Hello?"), moment)).is_err());
    laptop.catch_up();
    assert_eq!(laptop.texts(group), before);
}

#[test]
fn a_chat_that_goes_on_is_not_held_up_by_its_past() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    bob.says(chat, "One");
    alice.catch_up();
    let (file, _) = exported(&mut alice);
    bob.says(chat, "Two");

    // The file comes before the new device has heard anything of the chat.
    let mut laptop = town.handset(3);
    laptop.begins_to_sign_in("alice");
    imports(&mut laptop, &file).unwrap();
    laptop.settle();
    assert_eq!(laptop.hears(chat), ["Ciao Bob", "One", "Two"]);
    laptop.says(chat, "Three");
    assert_eq!(bob.hears(chat), ["Ciao Bob", "One", "Two", "Three"]);
}

#[test]
fn a_file_that_was_changed_or_is_not_whole_changes_nothing() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    bob.says(chat, "I owe you 10");
    alice.catch_up();
    let (file, _) = exported(&mut alice);
    let mut laptop = town.sign_in("alice", 3);
    let events = |handset: &Handset<'_>| handset.engine.page(chat, None, 100).unwrap();
    let before = events(&laptop);

    let text = String::from_utf8(file.clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let without = |skipped: usize| {
        let kept = lines.iter().enumerate().filter(|(number, _)| *number != skipped).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().join("\n") + "\n"
    };
    let forged = text.replacen(r#""seq":"#, r#""seq":1"#, 1);
    let files =
        [without(3), without(lines.len() - 1), text[..text.len() / 2].to_owned(), forged, text.trim_end().to_owned()];
    for (number, file) in files.iter().enumerate() {
        let outcome = imports(&mut laptop, file.as_bytes());
        assert!(matches!(outcome, Err(ArchiveError::Damaged(_))), "{number}: {outcome:?}");
    }
    for file in ["", "\n", "{}", "[1,2]\n", &without(0), &text.replacen(r#""version":1"#, r#""version":2"#, 1)] {
        let outcome = imports(&mut laptop, file.as_bytes());
        assert!(matches!(outcome, Err(ArchiveError::OtherFormat)), "{outcome:?}");
    }
    assert_eq!(events(&laptop), before);

    let outcome = imports(&mut bob, &file);
    assert!(matches!(&outcome, Err(ArchiveError::OtherAccount(name)) if name == "alice"), "{outcome:?}");
    let mut stranger = town.handset(4);
    assert!(matches!(imports(&mut stranger, &file), Err(ArchiveError::SignedOut)));
    assert!(stranger.with(Engine::outgoing).unwrap().is_empty());
}
