//! Pictures and what goes with them.

use super::*;

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
