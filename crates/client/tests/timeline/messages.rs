use sotto_client::timeline::{Content, Message, Quotation, QuotationCheck, Standing, State, fold_message};
use sotto_proto::wire::{self, edit, event};
use sotto_proto::{AccountId, EventId};

use super::{ALICE, BOB, Log, MALLORY, event_id, parse, target, text};

fn says(words: &str) -> event::Content {
    event::Content::Text(text(words))
}

fn edits(id: EventId, words: &str) -> event::Content {
    event::Content::Edit(wire::Edit { target: Some(target(id)), content: Some(edit::Content::Text(text(words))) })
}

fn deletes(id: EventId) -> event::Content {
    event::Content::Delete(wire::Delete { targets: vec![target(id)] })
}

fn reacts(id: EventId, emoji: &str) -> event::Content {
    event::Content::Reaction(wire::Reaction { target: Some(target(id)), emoji: emoji.to_owned(), remove: false })
}

fn takes_back(id: EventId, emoji: &str) -> event::Content {
    event::Content::Reaction(wire::Reaction { target: Some(target(id)), emoji: emoji.to_owned(), remove: true })
}

fn answers(id: EventId, author: AccountId, quote: &str, words: &str) -> event::Content {
    let quotation =
        wire::Quotation { target: Some(target(id)), author_account_id: author.to_wire(), quote: quote.to_owned() };
    event::Content::Text(wire::TextMessage { quotation: Some(quotation), ..text(words) })
}

fn shown(log: &Log, id: EventId) -> Message {
    fold_message(log.entry(id), &log.0).unwrap()
}

fn words(message: &Message) -> &str {
    match &message.state {
        State::Standing { text, .. } => text.body.as_str(),
        State::Deleted { .. } => "(deleted)",
    }
}

fn reactions(message: &Message) -> Vec<(&str, Vec<AccountId>)> {
    message.reactions.iter().map(|(emoji, by)| (emoji.as_str(), by.to_vec())).collect()
}

#[test]
fn the_last_edit_of_the_author_counts_and_others_cannot_edit_m17_m19() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Lunch at noon?"));
    log.write(ALICE, edits(id, "Lunch at one?"));
    log.write_as(MALLORY, Standing::Owner, edits(id, "No lunch."));
    let last = log.write(ALICE, edits(id, "Lunch at two?"));
    let message = shown(&log, id);
    assert_eq!(words(&message), "Lunch at two?");
    assert!(matches!(message.state, State::Standing { edited: Some(seq), .. } if seq == log.entry(last).seq));
}

#[test]
fn an_edit_that_came_before_its_original_waits_for_it_m20() {
    let mut log = Log::default();
    log.write(ALICE, edits(event_id(2), "Hello, Bob"));
    let id = log.write(ALICE, says("Hello, Bpb"));
    assert_eq!(words(&shown(&log, id)), "Hello, Bob");
}

#[test]
fn an_edit_keeps_what_the_message_answers() {
    let mut log = Log::default();
    let question = log.write(ALICE, says("Lunch?"));
    let id = log.write(BOB, answers(question, ALICE, "Lunch?", "Yse"));
    log.write(BOB, edits(id, "Yes"));
    let State::Standing { text, .. } = shown(&log, id).state else { panic!("it stands") };
    assert_eq!(text.quotation.unwrap().target, question);
}

#[test]
fn what_is_deleted_stays_deleted_m20() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Oops"));
    log.write(BOB, reacts(id, "😀"));
    log.write(ALICE, deletes(id));
    log.write(ALICE, edits(id, "Never mind"));
    log.write(BOB, reacts(id, "👍"));
    let message = shown(&log, id);
    assert_eq!(message.state, State::Deleted { by: ALICE });
    assert_eq!(reactions(&message), []);
}

#[test]
fn members_delete_their_own_and_admins_moderate_m17() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Hi"));
    log.write(MALLORY, deletes(id));
    assert_eq!(words(&shown(&log, id)), "Hi");
    log.write_as(BOB, Standing::Admin, deletes(id));
    assert_eq!(shown(&log, id).state, State::Deleted { by: BOB });
}

#[test]
fn reactions_count_accounts_once_and_can_be_taken_back_m18_m20() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Hi"));
    log.write(BOB, reacts(id, "👍"));
    log.write(BOB, reacts(id, "👍"));
    log.write(ALICE, reacts(id, "🇪🇺"));
    log.write(ALICE, reacts(id, "👍"));
    assert_eq!(reactions(&shown(&log, id)), [("👍", vec![BOB, ALICE]), ("🇪🇺", vec![ALICE])]);
    log.write(BOB, takes_back(id, "👍"));
    log.write(ALICE, takes_back(id, "👍"));
    log.write(MALLORY, takes_back(id, "🇪🇺"));
    assert_eq!(reactions(&shown(&log, id)), [("🇪🇺", vec![ALICE])]);
}

#[test]
fn one_account_has_at_most_five_reactions_m7() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Hi"));
    for emoji in ["😀", "😁", "😂", "🤣", "😃", "😄"] {
        log.write(MALLORY, reacts(id, emoji));
    }
    assert_eq!(reactions(&shown(&log, id)).len(), 5);
    log.write(MALLORY, takes_back(id, "😀"));
    log.write(MALLORY, reacts(id, "😄"));
    assert!(reactions(&shown(&log, id)).iter().any(|(emoji, _)| *emoji == "😄"));
}

#[test]
fn a_reaction_is_one_emoji_and_no_word() {
    let reaction = |emoji: &str| parse(reacts(event_id(1), emoji));
    for emoji in ["👍", "👩‍👩‍👧‍👦", "❤️", "1️⃣", "🇺🇦", "©", "👋🏽"] {
        assert!(reaction(emoji).is_ok(), "{emoji}");
    }
    let zalgo = format!("a{}", "\u{301}".repeat(40));
    for word in ["", "a", "7", "ok", "👍👍", " ", "\n", "é", "中", "ß", &zalgo] {
        assert!(reaction(word).is_err(), "{word:?}");
    }
}

#[test]
fn a_quotation_is_compared_with_what_was_said_m16() {
    let mut log = Log::default();
    let id = log.write(ALICE, says("Lunch at noon?"));
    log.write(ALICE, edits(id, "Dinner at eight?"));
    let check = |log: &Log, author, quote: &str| {
        let quotation = Quotation { target: id, author, quote: quote.to_owned() };
        shown(log, id).check_quotation(&quotation, &log.0)
    };
    assert_eq!(check(&log, ALICE, "Lunch"), QuotationCheck::Faithful, "what it said once");
    assert_eq!(check(&log, ALICE, "Dinner at eight?"), QuotationCheck::Faithful);
    assert_eq!(check(&log, BOB, "Lunch"), QuotationCheck::Unfaithful);
    assert_eq!(check(&log, ALICE, "I owe you money"), QuotationCheck::Unfaithful);
    log.write(ALICE, deletes(id));
    assert_eq!(check(&log, ALICE, "Lunch"), QuotationCheck::Deleted);
}

#[test]
fn a_text_that_breaks_a_rule_is_none() {
    for words in ["", "a\u{0}b", "bell\u{7}", "e\u{301}", &"x".repeat(16_385)] {
        assert!(parse(says(words)).is_err(), "{words:?}");
    }
    assert!(parse(event::Content::Text(wire::TextMessage::default())).is_err());
    assert!(parse(event::Content::Edit(wire::Edit::default())).is_err());
    assert!(parse(event::Content::Delete(wire::Delete::default())).is_err());
    let targets = vec![target(event_id(1)); 101];
    assert!(parse(event::Content::Delete(wire::Delete { targets })).is_err());
}

#[test]
fn what_this_version_does_not_know_is_left_for_later() {
    assert_eq!(Content::parse(event::Content::GameStart(wire::GameStart::default())), Ok(None));
}
