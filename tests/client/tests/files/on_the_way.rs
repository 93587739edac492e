//! Files on their way: cut off, halted, short of room, and there in the end.

use super::*;

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

/// The shell's store could not note how a download goes, and the shell has given back the room that it took.
#[test]
fn a_download_that_leaves_no_room_stops_and_begins_again() {
    let town = Town::new();
    let (mut alice, mut bob, chat) = town.friends();
    let len = 12 << 20;
    let path = write(&town, "a.bin", &content(len));
    let event = posts(&mut alice, chat, &[&path], "");
    alice.settle();
    bob.catch_up();
    let folder = folder(&town, "bob");
    begins_to_fetch(&mut bob, chat, event, 0, &folder);
    while transfer(&bob).done < 9 << 20 {
        assert!(bob.one_move());
    }
    for name in names(&folder) {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    let id = transfer(&bob).id;
    assert!(bob.with(|engine, moment| engine.stop_for_room(id, moment)).unwrap());
    assert!(!bob.with(|engine, moment| engine.stop_for_room(id, moment)).unwrap(), "it does not go any more");
    bob.settle();
    assert_eq!((transfer(&bob).state, transfer(&bob).done), (TransferState::Stopped(Obstacle::NoRoom), 0));
    assert!(bob.with(|engine, moment| engine.resume_transfer(id, moment)).unwrap());
    bob.settle();
    assert_eq!(transfer(&bob).state, TransferState::Done);
    assert_eq!(std::fs::read(transfer(&bob).location).unwrap(), content(len));
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
