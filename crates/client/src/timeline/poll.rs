//! A poll: what everybody votes for, until it closes.

use std::collections::{BTreeMap, BTreeSet};

use sotto_proto::{AccountId, EventId};

use super::{Content, Entry, Poll};

/// A poll as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollView {
    /// The question and its options.
    pub poll: Poll,
    /// What each account chose last. Accounts that took their vote back are not in it.
    pub votes: BTreeMap<AccountId, BTreeSet<u32>>,
    /// Whether its author closed it. One with a time closes by itself, which the clock of whoever looks decides.
    pub closed: bool,
}

/// The poll that `original` is, after the votes in `acts`, which are in the order of the log. None when it is no poll.
pub fn fold_poll<'a>(original: &Entry, acts: impl IntoIterator<Item = &'a Entry>) -> Option<PollView> {
    let Content::Poll(poll) = &original.content else { return None };
    let mut view = PollView { poll: poll.clone(), votes: BTreeMap::new(), closed: false };
    for act in acts {
        if view.closed {
            break;
        }
        view.take(original.id, original.author, act);
    }
    Some(view)
}

impl PollView {
    /// How many chose each option.
    pub fn counts(&self) -> Vec<usize> {
        let chose = |option: usize| {
            self.votes.values().filter(|chosen| chosen.iter().any(|one| *one as usize == option)).count()
        };
        (0..self.poll.options.len()).map(chose).collect()
    }

    fn take(&mut self, poll: EventId, author: AccountId, act: &Entry) {
        match &act.content {
            Content::ClosePoll(target) if *target == poll && act.author == author => self.closed = true,
            Content::Vote(target, chosen) if *target == poll && self.counts_vote(chosen, act.received_at_ms) => {
                if chosen.is_empty() {
                    self.votes.remove(&act.author);
                } else {
                    self.votes.insert(act.author, chosen.clone());
                }
            }
            _ => {}
        }
    }

    fn counts_vote(&self, chosen: &BTreeSet<u32>, at_ms: u64) -> bool {
        let in_time = self.poll.closes_at_ms.is_none_or(|closes| at_ms < closes);
        let exist = chosen.last().is_none_or(|option| (*option as usize) < self.poll.options.len());
        in_time && exist && chosen.len() <= self.poll.choices_max
    }
}
