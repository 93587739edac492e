//! What is not the file that it should be is neither sent nor kept.

use super::*;

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
