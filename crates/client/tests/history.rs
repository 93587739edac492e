//! Alice's device keeps what was said, shows it in pages, and finds it by word.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::ops::Range;

use prost::Message as _;
use sotto_client::history::{Found, Item, Opened, Unread, Wanted, What};
use sotto_client::store::{Store, StoreKey};
use sotto_client::timeline::{Standing, State};
use sotto_proto::wire::{self, edit, event, markup_range};
use sotto_proto::{AccountId, ConversationId, EventId};

const ALICE: AccountId = AccountId::from_bytes([1; 16]);
const BOB: AccountId = AccountId::from_bytes([2; 16]);
const CHESS: ConversationId = ConversationId::from_bytes([7; 16]);
const KITCHEN: ConversationId = ConversationId::from_bytes([8; 16]);
const DAY_MS: u64 = 86_400_000;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    let store = Store::open(path.to_str().unwrap(), &StoreKey::take(&mut [1; StoreKey::LENGTH])).unwrap();
    (folder, store)
}

fn event_id(conversation: ConversationId, seq: u64) -> EventId {
    let mut bytes = *conversation.as_bytes();
    bytes[..8].copy_from_slice(&seq.to_be_bytes());
    EventId::from_bytes(bytes)
}

/// Taken by the server on day `seq`.
fn opened(conversation: ConversationId, seq: u64, author: AccountId, content: event::Content) -> Opened {
    let body = wire::Event { content: Some(content), ..wire::Event::default() }.encode_to_vec();
    let id = event_id(conversation, seq);
    let received_at_ms = 1_700_000_000_000 + seq * DAY_MS;
    Opened { conversation, seq, id, author, standing: Standing::Member, received_at_ms, body }
}

fn text(words: &str) -> wire::TextMessage {
    let body = wire::RichText { text: words.to_owned(), ranges: Vec::new() };
    wire::TextMessage { body: Some(body), ..wire::TextMessage::default() }
}

fn says(conversation: ConversationId, seq: u64, author: AccountId, words: &str) -> Opened {
    opened(conversation, seq, author, event::Content::Text(text(words)))
}

fn edits(seq: u64, target: u64, words: &str) -> Opened {
    let target = wire::EventRef { event_id: event_id(CHESS, target).to_wire(), seq: target };
    let edit = wire::Edit { target: Some(target), content: Some(edit::Content::Text(text(words))) };
    opened(CHESS, seq, ALICE, event::Content::Edit(edit))
}

fn deletes(seq: u64, target: u64) -> Opened {
    let target = wire::EventRef { event_id: event_id(CHESS, target).to_wire(), seq: target };
    opened(CHESS, seq, ALICE, event::Content::Delete(wire::Delete { targets: vec![target] }))
}

fn words(item: &Item) -> String {
    match &item.what {
        What::Message(message) => match &message.state {
            State::Standing { text, .. } => text.body.as_str().to_owned(),
            State::Deleted { .. } => "(deleted)".to_owned(),
        },
        What::Poll(poll) => poll.poll.question.clone(),
        What::Task(task) => task.task.title.clone(),
        What::Unknown(line) => line.clone(),
    }
}

fn page(store: &Store, before: Option<u64>, limit: u32) -> Vec<String> {
    store.page(CHESS, before, limit).unwrap().iter().map(words).collect()
}

fn search(store: &Store, query: &str) -> Vec<Found> {
    store.search(&Wanted { query: query.to_owned(), limit: 50, ..Wanted::default() }).unwrap()
}

fn finds(store: &Store, query: &str) -> Vec<String> {
    search(store, query).iter().map(|found| words(&found.item)).collect()
}

#[test]
fn pages_go_back_through_the_log_also_when_it_came_backwards() {
    let (_folder, mut store) = store();
    let messages: Vec<_> = (1..=10).map(|seq| says(CHESS, seq, BOB, &format!("move {seq}"))).collect();
    store.record(&messages[5..]).unwrap();
    store.record(&messages[..5]).unwrap();
    store.record(&messages).unwrap();
    assert_eq!(page(&store, None, 3), ["move 8", "move 9", "move 10"]);
    assert_eq!(page(&store, Some(8), 3), ["move 5", "move 6", "move 7"]);
    assert_eq!(page(&store, Some(2), 3), ["move 1"]);
    assert_eq!(page(&store, Some(1), 3), [""; 0]);
    assert_eq!(store.page(KITCHEN, None, 3).unwrap(), []);
}

#[test]
fn one_goes_about_in_the_log_by_place_by_message_and_by_time() {
    let (_folder, mut store) = store();
    assert_eq!(store.extent(CHESS).unwrap(), None);
    let messages: Vec<_> = (1..=10).map(|seq| says(CHESS, seq, ALICE, &format!("move {seq}"))).collect();
    store.record(&messages).unwrap();
    store.record(&[says(KITCHEN, 1, BOB, "salt"), edits(11, 3, "better move 3")]).unwrap();
    let after = |seq, limit| -> Vec<_> { store.page_after(CHESS, seq, limit).unwrap().iter().map(words).collect() };
    assert_eq!(after(0, 2), ["move 1", "move 2"]);
    assert_eq!(after(8, 9), ["move 9", "move 10"]);
    assert_eq!(after(10, 9), [""; 0], "what acts takes no place");
    assert_eq!(store.extent(CHESS).unwrap(), Some((1, 10)));
    let third = store.item(CHESS, event_id(CHESS, 3)).unwrap().unwrap();
    assert_eq!((third.seq, words(&third).as_str()), (3, "better move 3"));
    assert_eq!(store.item(KITCHEN, event_id(CHESS, 3)).unwrap(), None, "it is another conversation's");
    assert_eq!(store.item(CHESS, event_id(CHESS, 11)).unwrap(), None, "an edit is no message");
    let taken_at = |day: u64| 1_700_000_000_000 + day * DAY_MS;
    assert_eq!(store.place_at(CHESS, 0).unwrap(), Some(1));
    assert_eq!(store.place_at(CHESS, taken_at(4) + 1).unwrap(), Some(5));
    assert_eq!(store.place_at(CHESS, taken_at(11)).unwrap(), None);
}

#[test]
fn edits_and_deletions_show_also_before_their_originals_m20() {
    let (_folder, mut store) = store();
    store.record(&[edits(3, 1, "e4"), deletes(4, 2)]).unwrap();
    assert_eq!(page(&store, None, 9), [""; 0], "what acts takes no place");
    store.record(&[says(CHESS, 1, ALICE, "d4"), says(CHESS, 2, ALICE, "resign")]).unwrap();
    assert_eq!(page(&store, None, 9), ["e4", "(deleted)"]);
    assert_eq!(finds(&store, "e4"), ["e4"]);
    assert_eq!(finds(&store, "resign"), [""; 0], "what was taken back is not found");
    assert_eq!(finds(&store, "d4"), [""; 0], "nor what was edited away");
    store.record(&[edits(5, 1, "Nf3")]).unwrap();
    assert_eq!(finds(&store, "nf3"), ["Nf3"]);
    assert_eq!(finds(&store, "e4"), [""; 0]);
}

#[test]
fn what_this_version_does_not_know_is_one_line_and_hides_nothing() {
    let (_folder, mut store) = store();
    let mut game = opened(CHESS, 1, BOB, event::Content::GameStart(wire::GameStart::default()));
    let event = wire::Event { fallback: "A game of chess".to_owned(), ..wire::Event::decode(&game.body[..]).unwrap() };
    game.body = event.encode_to_vec();
    let garbage = Opened { body: vec![0xff; 40], ..says(CHESS, 2, BOB, "") };
    store.record(&[game, garbage, says(CHESS, 3, BOB, "hi")]).unwrap();
    assert_eq!(page(&store, None, 9), ["A game of chess", "hi"]);
}

#[test]
fn unread_are_the_messages_of_others_that_still_stand() {
    let (_folder, mut store) = store();
    let mut mention = text("@alice, your move");
    let style = Some(markup_range::Style::MentionAccountId(ALICE.to_wire()));
    mention.body.as_mut().unwrap().ranges.push(wire::MarkupRange { start: 0, length: 6, style });
    store
        .record(&[
            says(CHESS, 1, BOB, "read already"),
            says(CHESS, 2, BOB, "hello"),
            opened(CHESS, 3, BOB, event::Content::Text(mention)),
            says(CHESS, 4, ALICE, "my own"),
        ])
        .unwrap();
    assert_eq!(store.unread(CHESS, 1, ALICE).unwrap(), Unread { messages: 2, mentions: 1 });
    assert_eq!(store.unread(CHESS, 3, ALICE).unwrap(), Unread { messages: 0, mentions: 0 });
    assert_eq!(store.unread(CHESS, 0, BOB).unwrap(), Unread { messages: 1, mentions: 0 });
}

#[test]
fn what_consists_of_parts_that_are_everywhere_is_found_too() {
    let (_folder, mut store) = store();
    store.record(&[says(CHESS, 1, BOB, "endgame")]).unwrap();
    let others: Vec<_> = (2..2_500).map(|seq| says(CHESS, seq, BOB, "game over, not the end: amend it")).collect();
    store.record(&others).unwrap();
    assert_eq!(finds(&store, "endgame"), ["endgame"]);
}

#[test]
fn search_finds_parts_of_words_in_any_script_newest_first() {
    let (_folder, mut store) = store();
    let lines = [
        "The knights move in an L",
        "Конь ходит буквой «Г», Ёлкин",
        "馬は最も面白い駒です",
        "Knightmare! 100% sure",
        "le garçon déjà vu",
    ];
    for (seq, line) in (1..).zip(lines) {
        store.record(&[says(CHESS, seq, BOB, line)]).unwrap();
    }
    assert_eq!(finds(&store, "KNIGHT"), [lines[3], lines[0]]);
    assert_eq!(finds(&store, "knights move"), [lines[0]], "every word has to be there");
    assert_eq!(finds(&store, "елкин"), [lines[1]]);
    assert_eq!(finds(&store, "ко"), [lines[1]], "two letters are enough");
    assert_eq!(finds(&store, "Г"), [lines[1]], "and so is one");
    assert_eq!(finds(&store, "面白い"), [lines[2]]);
    assert_eq!(finds(&store, "駒"), [lines[2]]);
    assert_eq!(finds(&store, "です"), [lines[2]], "at the end of the text");
    assert_eq!(finds(&store, "garcon deja"), [lines[4]]);
    assert_eq!(finds(&store, "100%"), [lines[3]]);
    assert_eq!(finds(&store, "\" OR knights*"), [""; 0], "a query is words and no expression");
    assert_eq!(finds(&store, "  "), [""; 0]);
}

#[test]
fn search_forgives_an_error_and_another_ending() {
    let (_folder, mut store) = store();
    let lines = ["Bring the umbrella tomorrow", "Купи молоко и хлеб", "Кошка спит", "Umbra"];
    for (seq, line) in (1..).zip(lines) {
        store.record(&[says(KITCHEN, seq, ALICE, line)]).unwrap();
    }
    assert_eq!(finds(&store, "umbrela"), [lines[0]], "a letter is missing");
    assert_eq!(finds(&store, "umbrlela"), [lines[0]], "letters changed places");
    assert_eq!(finds(&store, "tommorow umbrella"), [lines[0]]);
    assert_eq!(finds(&store, "молока"), [lines[1]]);
    assert_eq!(finds(&store, "кошки"), [lines[2]]);
    assert_eq!(finds(&store, "elephant"), [""; 0]);
    let exact_first = [says(KITCHEN, 5, ALICE, "хлеба"), says(KITCHEN, 6, ALICE, "хлебы")];
    store.record(&exact_first).unwrap();
    assert_eq!(finds(&store, "хлеба"), ["хлеба", "хлебы", lines[1]]);
}

#[test]
fn search_says_where_and_can_be_narrowed() {
    let (_folder, mut store) = store();
    store
        .record(&[
            says(CHESS, 1, BOB, "Ещё раз: ferry, FERRY"),
            says(CHESS, 3, ALICE, "ferry"),
            says(KITCHEN, 2, BOB, "ferry"),
        ])
        .unwrap();
    let found = search(&store, "ferry");
    assert_eq!(
        found.iter().map(|found| (found.conversation, found.item.seq)).collect::<Vec<_>>(),
        [(CHESS, 3), (KITCHEN, 2), (CHESS, 1)]
    );
    let shown = words(&found[2].item);
    assert_eq!(found[2].highlights.iter().map(|place| &shown[place.clone()]).collect::<Vec<_>>(), ["ferry", "FERRY"]);

    let count = |narrow: fn(&mut Wanted)| {
        let mut wanted = Wanted { query: "ferry".to_owned(), limit: 50, ..Wanted::default() };
        narrow(&mut wanted);
        store.search(&wanted).unwrap().len()
    };
    assert_eq!(count(|wanted| wanted.conversation = Some(CHESS)), 2);
    assert_eq!(count(|wanted| wanted.author = Some(BOB)), 2);
    assert_eq!(count(|wanted| wanted.received_at_ms = Some(days(2..3))), 1);
    assert_eq!(count(|wanted| wanted.limit = 1), 1);
    assert_eq!(count(|wanted| wanted.limit = 0), 0);
}

fn days(days: Range<u64>) -> Range<u64> {
    1_700_000_000_000 + days.start * DAY_MS..1_700_000_000_000 + days.end * DAY_MS
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let (_folder, mut store) = store();
    let broken = Opened { seq: 0, ..says(CHESS, 2, BOB, "no such number") };
    store.record(&[says(CHESS, 1, BOB, "first"), broken]).unwrap_err();
    assert_eq!(page(&store, None, 9), [""; 0]);
    assert_eq!(finds(&store, "first"), [""; 0]);
}
