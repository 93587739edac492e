use std::collections::BTreeSet;

use sotto_client::timeline::{fold_poll, fold_task};
use sotto_proto::EventId;
use sotto_proto::wire::{self, event, task_update};

use super::{ALICE, BOB, Log, MALLORY, parse, target};

fn poll(choices_max: u32, closes_at_ms: u64) -> wire::Poll {
    let options = ["Soup", "Salad", "Pizza"].map(str::to_owned).to_vec();
    wire::Poll { question: "Lunch?".to_owned(), options, choices_max, closes_at_ms }
}

fn votes(poll: EventId, options: &[u32]) -> event::Content {
    event::Content::PollVote(wire::PollVote { poll: Some(target(poll)), options: options.to_vec() })
}

fn closes(poll: EventId) -> event::Content {
    event::Content::PollClose(wire::PollClose { poll: Some(target(poll)) })
}

fn task(title: &str) -> wire::Task {
    wire::Task { title: title.to_owned(), ..wire::Task::default() }
}

fn changes(task: EventId, change: task_update::Change) -> event::Content {
    event::Content::TaskUpdate(wire::TaskUpdate { task: Some(target(task)), change: Some(change) })
}

#[test]
fn the_last_vote_of_each_account_counts_until_the_author_closes_m18_m23() {
    let mut log = Log::default();
    let id = log.write(ALICE, event::Content::Poll(poll(1, 0)));
    log.write(BOB, votes(id, &[0]));
    log.write(BOB, votes(id, &[2]));
    log.write(MALLORY, votes(id, &[1]));
    log.write(MALLORY, votes(id, &[]));
    log.write(MALLORY, closes(id));
    log.write(ALICE, votes(id, &[0, 1]));
    log.write(ALICE, votes(id, &[3]));
    let view = fold_poll(log.entry(id), &log.0).unwrap();
    assert_eq!((view.counts(), view.closed), (vec![0, 0, 1], false));
    log.write(ALICE, closes(id));
    log.write(MALLORY, votes(id, &[1]));
    let view = fold_poll(log.entry(id), &log.0).unwrap();
    assert_eq!((view.counts(), view.closed), (vec![0, 0, 1], true));
}

#[test]
fn a_vote_after_the_time_does_not_count_m23() {
    let mut log = Log::default();
    let id = log.write(ALICE, event::Content::Poll(poll(2, 3_000)));
    log.write(BOB, votes(id, &[0, 1]));
    log.write(MALLORY, votes(id, &[2]));
    let view = fold_poll(log.entry(id), &log.0).unwrap();
    assert_eq!(view.counts(), [1, 1, 0]);
    assert_eq!(view.votes[&BOB], BTreeSet::from([0, 1]));
}

#[test]
fn a_poll_keeps_its_rules() {
    let broken = |change: fn(&mut wire::Poll)| {
        let mut poll = poll(1, 0);
        change(&mut poll);
        parse(event::Content::Poll(poll)).unwrap_err().field
    };
    assert_eq!(broken(|poll| poll.question.clear()), "question");
    assert_eq!(broken(|poll| poll.options.truncate(1)), "options");
    assert_eq!(broken(|poll| poll.options[0] = " ".to_owned()), "options");
    assert_eq!(broken(|poll| poll.choices_max = 0), "choices_max");
    assert_eq!(broken(|poll| poll.choices_max = 4), "choices_max");
    assert!(parse(votes(EventId::from_bytes([1; 16]), &[1, 1])).is_err());
    assert!(parse(votes(EventId::from_bytes([1; 16]), &[2, 1])).is_err());
}

#[test]
fn a_task_is_what_the_last_changes_say() {
    let mut log = Log::default();
    let id = log.write(ALICE, event::Content::Task(task("Water the plants")));
    log.write(BOB, changes(id, task_update::Change::Done(true)));
    let view = fold_task(log.entry(id), &log.0).unwrap();
    assert_eq!((view.task.title.as_str(), view.done_by), ("Water the plants", Some(BOB)));
    log.write(ALICE, changes(id, task_update::Change::Replacement(task("Water all plants"))));
    log.write(ALICE, changes(id, task_update::Change::Done(false)));
    let view = fold_task(log.entry(id), &log.0).unwrap();
    assert_eq!((view.task.title.as_str(), view.done_by), ("Water all plants", None));
}
