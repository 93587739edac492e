//! Files between people, over the services of a real server and files on a real disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use sotto_client::engine::{Change, Course, Engine, EngineError, Obstacle, Source, TransferState, TransferView};
use sotto_client::history::What;
use sotto_client::timeline::{Look, Message, State, Text};
use sotto_client_tests::{Handset, Town, text};
use sotto_native_client::files::source;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::file_ref::Media;
use sotto_proto::{ConversationId, EventId, wire};

/// Bytes that no two pieces of have in common.
fn content(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).take(len).collect()
}

fn write(town: &Town, name: &str, content: &[u8]) -> PathBuf {
    let path = town.folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn caption(words: &str) -> wire::TextMessage {
    let Content::Text(caption) = text(words) else { unreachable!() };
    caption
}

fn posts(who: &mut Handset<'_>, chat: ConversationId, paths: &[&Path], words: &str) -> EventId {
    let sources = paths.iter().map(|path| source(path).unwrap()).collect();
    who.with(|engine, moment| engine.send_files(chat, sources, &caption(words), moment)).unwrap()
}

/// The last message of a conversation.
fn last(who: &Handset<'_>, chat: ConversationId) -> (EventId, Text) {
    let item = who.engine.page(chat, None, 1).unwrap().pop().unwrap();
    match item.what {
        What::Message(Message { state: State::Standing { text, .. }, .. }) => (item.id, text),
        other => panic!("no message: {other:?}"),
    }
}

/// A folder of somebody's own to put files in.
fn folder(town: &Town, name: &str) -> PathBuf {
    let folder = town.folder().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn begins_to_fetch(who: &mut Handset<'_>, chat: ConversationId, event: EventId, place: usize, to: &Path) {
    let to = to.to_str().unwrap();
    who.with(|engine, moment| engine.download(chat, event, place, to, moment)).unwrap();
}

fn fetches(who: &mut Handset<'_>, chat: ConversationId, event: EventId, place: usize, to: &Path) -> TransferView {
    begins_to_fetch(who, chat, event, place, to);
    who.settle();
    transfer(who)
}

/// The newest transfer.
fn transfer(who: &Handset<'_>) -> TransferView {
    who.engine.transfers(None).unwrap().pop().unwrap()
}

/// What there is in a folder, hidden things included.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_of_all_sizes_arrive_with_their_text() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let sizes = [0, 1, 65_536, (1 << 20) - 33, (1 << 20) + 1, (17 << 20) + 5];
    let paths: Vec<_> = sizes.iter().map(|len| write(&town, &format!("{len}.txt"), &content(*len))).collect();
    let event = posts(&mut alice, chat, &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), "Look at these");
    assert_eq!(alice.engine.waiting(chat).unwrap()[0].files.len(), sizes.len(), "they are seen at once");
    alice.settle();
    assert!(alice.engine.waiting(chat).unwrap().is_empty() && alice.engine.transfers(None).unwrap().is_empty());

    assert_eq!(bob.hears(chat).last().unwrap(), "Look at these");
    let (id, said) = last(&bob, chat);
    assert_eq!(id, event);
    let shown: Vec<_> = said.files.iter().map(|file| (file.size, file.media_type.as_str())).collect();
    assert_eq!(shown, sizes.map(|size| (size as u64, "text/plain")));
    let folder = folder(&town, "bob");
    for (place, size) in sizes.into_iter().enumerate() {
        let done = fetches(&mut bob, chat, event, place, &folder);
        assert_eq!((done.state, done.done, done.course), (TransferState::Done, size as u64, Course::Download));
        assert_eq!(std::fs::read(&done.location).unwrap(), content(size));
    }
    assert_eq!(names(&folder).len(), sizes.len(), "nothing else is left there");
    assert!(
        bob.engine
            .search(&sotto_client::history::Wanted { query: "65536.t".to_owned(), limit: 5, ..Default::default() })
            .unwrap()
            .len()
            == 1
    );
}

/// After every single call and every single job with a file the program ends, and begins again.
#[test]
fn an_upload_goes_on_wherever_it_was_cut_off() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.bin", &content((3 << 19) + 7));
    let folder = folder(&town, "bob");
    let mut cut_off_at = 0;
    loop {
        let event = posts(&mut alice, chat, &[&path], "");
        let was_cut_off = (0..cut_off_at).all(|_| alice.one_move());
        alice = alice.crash();
        alice.catch_up();
        assert!(alice.engine.waiting(chat).unwrap().is_empty(), "{cut_off_at}: {:?}", alice.engine.transfers(None));
        bob.catch_up();
        assert_eq!(last(&bob, chat).0, event, "{cut_off_at}");
        let done = fetches(&mut bob, chat, event, 0, &folder);
        assert_eq!(std::fs::read(done.location).unwrap(), content((3 << 19) + 7), "{cut_off_at}");
        if !was_cut_off {
            break;
        }
        cut_off_at += 1;
    }
    assert!(
        cut_off_at > 12,
        "a reservation, the source in two pieces, seven parts, the end, the message: {cut_off_at}"
    );
    assert_eq!(town.parts().len(), 7 * (cut_off_at + 1), "no file was stored twice");
}

#[test]
fn a_download_goes_on_wherever_it_was_cut_off() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let len = (18 << 20) + 3;
    let path = write(&town, "a.bin", &content(len));
    let event = posts(&mut alice, chat, &[&path], "");
    alice.settle();
    bob.catch_up();
    let folder = folder(&town, "bob");
    for cut_off_at in (0..60).step_by(7) {
        begins_to_fetch(&mut bob, chat, event, 0, &folder);
        for _ in 0..cut_off_at {
            bob.one_move();
        }
        let complete = names(&folder).iter().any(|name| !name.starts_with('.'));
        assert!(!complete || transfer(&bob).state == TransferState::Done, "{cut_off_at}");
        bob = bob.crash();
        bob.catch_up();
        let done = transfer(&bob);
        assert_eq!(done.state, TransferState::Done, "{cut_off_at}");
        assert_eq!(std::fs::read(&done.location).unwrap(), content(len), "{cut_off_at}");
        std::fs::remove_file(done.location).unwrap();
        assert_eq!(names(&folder), [""; 0], "{cut_off_at}");
    }
}

#[test]
fn what_came_before_does_not_come_again() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let len = 40 << 20;
    let path = write(&town, "a.bin", &content(len));
    let event = posts(&mut alice, chat, &[&path], "");
    alice.settle();
    bob.catch_up();
    let folder = folder(&town, "bob");
    begins_to_fetch(&mut bob, chat, event, 0, &folder);
    while transfer(&bob).done < 35 << 20 {
        assert!(bob.one_move());
    }
    let id = transfer(&bob).id;
    assert!(bob.with(|engine, moment| engine.pause_transfer(id, moment)).unwrap());
    bob.settle();
    assert_eq!(transfer(&bob).state, TransferState::Paused);
    bob = bob.crash();
    bob.catch_up();
    assert_eq!((transfer(&bob).state, transfer(&bob).done), (TransferState::Paused, 32 << 20), "what is on the disk");
    // The server has lost the parts that were fetched: they are not asked for.
    for part in town.parts().iter().take(32) {
        std::fs::write(part, "").unwrap();
    }
    assert!(bob.with(|engine, moment| engine.resume_transfer(id, moment)).unwrap());
    bob.settle();
    assert_eq!(transfer(&bob).state, TransferState::Done, "{:?}", transfer(&bob));
    assert_eq!(std::fs::read(transfer(&bob).location).unwrap(), content(len));
}

#[test]
fn a_source_that_changed_is_not_sent() {
    let town = Town::new();
    let (mut alice, _, chat) = town.friends();
    let path = write(&town, "a.bin", &content(3 << 20));
    posts(&mut alice, chat, &[&path], "");
    for _ in 0..6 {
        assert!(alice.one_move());
    }
    alice = alice.crash();
    let parts = town.parts().len();
    assert!(parts > 0, "some of it was sent");
    std::fs::write(&path, vec![7; 3 << 20]).unwrap();
    alice.catch_up();
    let stopped = transfer(&alice);
    assert_eq!(stopped.state, TransferState::Stopped(Obstacle::SourceChanged));
    assert!(alice.changes.contains(&Change::TransferStopped { transfer: stopped.id, why: Obstacle::SourceChanged }));
    assert_eq!(town.parts().len(), parts, "nothing of the other content was sent");

    std::fs::remove_file(&path).unwrap();
    alice.with(|engine, moment| engine.resume_transfer(stopped.id, moment)).unwrap();
    alice.settle();
    assert_eq!(transfer(&alice).state, TransferState::Stopped(Obstacle::SourceMissing));
    assert!(alice.with(|engine, moment| engine.cancel_files(stopped.event, moment)).unwrap());
    alice.settle();
    assert!(alice.engine.transfers(None).unwrap().is_empty() && alice.engine.waiting(chat).unwrap().is_empty());
}

/// The mark says that the file is the same, and its content is not: nothing of it leaves under the key that was used before.
#[test]
fn a_source_that_hides_its_change_is_not_sent_either() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.bin", &content(3 << 20));
    let changed_at = std::fs::metadata(&path).unwrap().modified().unwrap();
    posts(&mut alice, chat, &[&path], "");
    for _ in 0..6 {
        assert!(alice.one_move());
    }
    alice = alice.crash();
    let stored: Vec<_> = town.parts().iter().map(|part| std::fs::read(part).unwrap()).collect();
    let mut other = content(3 << 20);
    other[700_000] ^= 1;
    std::fs::write(&path, other).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(changed_at).unwrap();
    alice.catch_up();
    assert_eq!(transfer(&alice).state, TransferState::Stopped(Obstacle::SourceChanged));
    let now: Vec<_> = town.parts().iter().map(|part| std::fs::read(part).unwrap()).collect();
    assert!(now.starts_with(&stored) && now.len() <= stored.len() + 2, "at most what is before the change");
    bob.catch_up();
    assert_eq!(bob.texts(chat), ["Ciao Bob"]);
}

/// What the server keeps is exchanged, put in another order, cut off, lengthened or altered: none of it is taken for the file.
#[test]
fn stored_parts_that_were_tampered_with_are_refused_s22() {
    type Tampering = fn(&[PathBuf]);
    let tamperings: [(&str, Tampering); 6] = [
        ("swap", |parts| {
            let [one, two] = [&parts[0], &parts[1]].map(|part| std::fs::read(part).unwrap());
            std::fs::write(&parts[0], two).unwrap();
            std::fs::write(&parts[1], one).unwrap();
        }),
        ("repeat", |parts| assert!(std::fs::copy(&parts[1], &parts[2]).is_ok())),
        ("flip", |parts| {
            let mut part = std::fs::read(&parts[5]).unwrap();
            part[1_000] ^= 0x10;
            std::fs::write(&parts[5], part).unwrap();
        }),
        ("flip of the header", |parts| {
            let mut part = std::fs::read(&parts[0]).unwrap();
            part[5] ^= 1;
            std::fs::write(&parts[0], part).unwrap();
        }),
        ("truncate", |parts| {
            let part = std::fs::read(&parts[5]).unwrap();
            std::fs::write(&parts[5], &part[..part.len() - 1]).unwrap();
        }),
        ("lose", |parts| std::fs::remove_file(&parts[3]).unwrap()),
    ];
    for (seed, (what, tamper)) in tamperings.into_iter().enumerate() {
        let town = Town::new();
        let (mut alice, mut bob, chat) = town.friends();
        let path = write(&town, "a.bin", &content(11 << 17));
        let event = posts(&mut alice, chat, &[&path], "");
        alice.settle();
        bob.catch_up();
        let parts = town.parts();
        assert_eq!(parts.len(), 6);
        tamper(&parts);
        let folder = folder(&town, &format!("bob-{seed}"));
        begins_to_fetch(&mut bob, chat, event, 0, &folder);
        for _ in 0..40 {
            bob.settle();
            town.pass(Duration::from_mins(1));
        }
        let TransferState::Stopped(why) = transfer(&bob).state else { panic!("{what}: {:?}", transfer(&bob)) };
        assert!(matches!(why, Obstacle::Damaged | Obstacle::Refused(_) | Obstacle::NotThere), "{what}: {why:?}");
        assert!(names(&folder).iter().all(|name| name.starts_with('.')), "{what}");
    }
}

#[test]
fn a_file_beyond_the_quota_is_refused_and_goes_on_when_there_is_room() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    town.set_quota(&alice, 100_000);
    let path = write(&town, "a.bin", &content(200_000));
    let event = posts(&mut alice, chat, &[&path], "too large");
    alice.settle();
    let stopped = transfer(&alice);
    let TransferState::Stopped(Obstacle::QuotaExceeded { .. }) = stopped.state else { panic!("{stopped:?}") };
    alice.says(chat, "Words go on");
    assert_eq!(bob.hears(chat).last().unwrap(), "Words go on");

    town.set_quota(&alice, 1 << 20);
    alice.with(|engine, moment| engine.resume_transfer(stopped.id, moment)).unwrap();
    alice.settle();
    bob.catch_up();
    assert_eq!(last(&bob, chat).0, event);

    let huge = wire::TextMessage::default();
    let mut huge_source = source(&path).unwrap();
    huge_source.size = (15 << 30) + 1;
    let refused = alice.with(|engine, moment| engine.send_files(chat, vec![huge_source], &huge, moment));
    assert!(matches!(refused, Err(EngineError::FileTooLarge { .. })));
}

#[test]
fn a_reservation_that_ended_is_made_again() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let path = write(&town, "a.bin", &content(3 << 20));
    let event = posts(&mut alice, chat, &[&path], "late");
    for _ in 0..6 {
        assert!(alice.one_move());
    }
    alice = alice.crash();
    town.pass(Duration::from_hours(6 * 24));
    town.end_reservations();
    let before = town.parts().len();
    alice.with(Engine::connected).unwrap();
    while town.parts().len() == before {
        assert!(alice.one_move(), "it goes on after days");
    }
    alice = alice.crash();
    town.pass(Duration::from_hours(8 * 24));
    town.end_reservations();
    alice.catch_up();
    assert!(alice.engine.waiting(chat).unwrap().is_empty(), "{:?}", alice.engine.transfers(None));
    bob.catch_up();
    let done = fetches(&mut bob, chat, event, 0, &folder(&town, "bob"));
    assert_eq!(std::fs::read(done.location).unwrap(), content(3 << 20));
}

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

/// A picture of a size with a small one beside it, as a shell hands them in.
fn picture(town: &Town, large: usize, small: usize) -> Source {
    let shape = |width, height| Media::Picture(wire::PictureInfo { width, height, ..wire::PictureInfo::default() });
    let part = |name: &str, len, media| {
        let path = write(town, name, &content(len));
        Source { media: Some(media), ..source(&path).unwrap() }
    };
    let thumbnail = Some(Box::new(part("small.webp", small, shape(640, 480))));
    Source { thumbnail, ..part("sea.webp", large, shape(1600, 1200)) }
}

fn fetches_thumbnail(who: &mut Handset<'_>, chat: ConversationId, event: EventId, to: &Path) -> TransferView {
    let to = to.to_str().unwrap();
    who.with(|engine, moment| engine.download_thumbnail(chat, event, 0, to, moment)).unwrap();
    who.settle();
    transfer(who)
}

#[test]
fn a_picture_goes_with_its_thumbnail() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let sources = vec![picture(&town, 300_000, 20_000)];
    let event = EventId::from_bytes([8; 16]);
    for _ in 0..2 {
        let again = sources.clone();
        alice.with(|engine, moment| engine.send_files_as(event, chat, again, &caption("the sea"), moment)).unwrap();
    }
    let waiting = alice.engine.waiting(chat).unwrap();
    assert_eq!(waiting.iter().map(|one| one.files.len()).collect::<Vec<_>>(), [1], "said once, the small one unseen");
    alice.settle();
    bob.catch_up();

    let (id, said) = last(&bob, chat);
    let Look::Picture(preview) = &said.files[0].look else { panic!("no picture") };
    assert_eq!((id, preview.width, preview.height, preview.has_thumbnail), (event, 1600, 1200, true));
    let small = fetches_thumbnail(&mut bob, chat, event, &folder(&town, "small"));
    assert!(small.is_thumbnail && small.place == 0);
    assert_eq!(std::fs::read(small.location).unwrap(), content(20_000));
    let large = fetches(&mut bob, chat, event, 0, &folder(&town, "large"));
    assert_eq!(std::fs::read(large.location).unwrap(), content(300_000));
    assert_eq!(bob.engine.download_of(event, 0, true).unwrap().map(|one| one.id), Some(small.id));
}

#[test]
fn a_thumbnail_that_is_none_is_not_sent_m5() {
    let town = Town::new();
    let (mut alice, _bob, chat) = town.friends();
    for source in [picture(&town, 10, (1 << 20) + 1), picture(&town, 10, 10)].map(|source| match source.thumbnail {
        Some(small) if small.size == 10 => {
            Source { thumbnail: Some(Box::new(Source { media: None, ..*small })), ..source }
        }
        thumbnail => Source { thumbnail, ..source },
    }) {
        let refused = alice.with(|engine, moment| engine.send_files(chat, vec![source], &caption("the sea"), moment));
        assert!(matches!(refused, Err(EngineError::Unusable(_))), "{refused:?}");
    }
}

#[test]
fn a_picture_that_is_taken_back_takes_its_thumbnail_with_it() {
    let town = Town::new();
    let (mut alice, _bob, chat) = town.friends();
    town.set_quota(&alice, 700_000);
    let posted = |alice: &mut Handset<'_>| {
        let sources = vec![picture(&town, 200_000, 200_000)];
        let event = alice.with(|engine, moment| engine.send_files(chat, sources, &caption("the sea"), moment)).unwrap();
        alice.settle();
        event
    };
    let event = posted(&mut alice);
    let targets = vec![wire::EventRef { event_id: event.to_wire(), seq: 0 }];
    let delete = Content::Delete(wire::Delete { targets });
    alice.with(|engine, moment| engine.send(chat, delete, moment)).unwrap();
    alice.settle();
    let event = posted(&mut alice);
    assert_eq!(last(&alice, chat).0, event, "there is room again: {:?}", alice.engine.transfers(None));
}

#[test]
fn small_files_do_not_wait_for_large_ones() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let large = write(&town, "film.bin", &content(6 << 20));
    let small = write(&town, "a.txt", b"hello");
    let event = posts(&mut alice, chat, &[&large, &large, &small], "");
    alice.settle();
    bob.catch_up();
    for place in 0..3 {
        begins_to_fetch(&mut bob, chat, event, place, &folder(&town, "bob"));
    }
    while transfer(&bob).state != TransferState::Done {
        assert!(bob.one_move());
    }
    let states = bob.engine.transfers(None).unwrap();
    assert!(states[..2].iter().all(|one| one.state == TransferState::Going), "{states:?}");
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
