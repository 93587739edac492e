//! A message: its newest version, who reacted, whether it was taken back.

use std::collections::BTreeSet;

use sotto_proto::{AccountId, EventId};

use super::{Change, Content, Emoji, Entry, Quotation, Standing, Text};

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: EventId,
    /// Its place in the log, which is its place on the screen.
    pub seq: u64,
    /// Who wrote it.
    pub author: AccountId,
    /// When, by the author's clock.
    pub sent_at_ms: u64,
    /// What became of it.
    pub state: State,
    /// What others felt about it.
    pub reactions: Reactions,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It stands.
    Standing {
        /// Its newest version.
        text: Text,
        /// Number of the edit that made it; none when it is as it was.
        edited: Option<u64>,
    },
    /// It was taken back. Nothing brings it back.
    Deleted {
        /// By its author, or by whoever moderates.
        by: AccountId,
    },
}

/// Reactions to a message: each emoji once, by the time of its first use that still stands, with the accounts in the order of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reactions(Vec<(Emoji, Vec<AccountId>)>);

/// Whether a quotation says what the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotationCheck {
    /// The author wrote this, in one of the versions.
    Faithful,
    /// The author did not write this: it is marked.
    Unfaithful,
    /// The message was taken back, and so is what was quoted of it.
    Deleted,
}

/// The message that `original` is, after everything that acts on it. None when it is no message.
///
/// `acts` are events that may act on it, in the order of the log.
pub fn fold_message<'a>(original: &Entry, acts: impl IntoIterator<Item = &'a Entry>) -> Option<Message> {
    let Content::Text(text) = &original.content else { return None };
    let mut message = Message {
        id: original.id,
        seq: original.seq,
        author: original.author,
        sent_at_ms: original.sent_at_ms,
        state: State::Standing { text: text.clone(), edited: None },
        reactions: Reactions::default(),
    };
    for act in acts {
        message.take(act);
    }
    Some(message)
}

impl Message {
    fn take(&mut self, act: &Entry) {
        let State::Standing { text, edited } = &mut self.state else { return };
        match &act.content {
            Content::Edit(target, new) if *target == self.id && act.author == self.author => {
                // What a message answers does not change with what it says, and a text alone leaves the files as they are.
                let quotation = text.quotation.take();
                let files = if new.files.is_empty() { std::mem::take(&mut text.files) } else { new.files.clone() };
                *text = Text { files, quotation, ..new.clone() };
                *edited = Some(act.seq);
            }
            Content::Delete(targets) if targets.contains(&self.id) && may_delete(act, self.author) => {
                self.state = State::Deleted { by: act.author };
                self.reactions = Reactions::default();
            }
            Content::Reaction(target, emoji, change) if *target == self.id => {
                self.reactions.take(act.author, emoji, *change);
            }
            _ => {}
        }
    }

    /// Whether what an answer quotes of this message is what it says, or said. `versions` are the message's entry and its edits.
    pub fn check_quotation<'a>(
        &self,
        quotation: &Quotation,
        versions: impl IntoIterator<Item = &'a Entry>,
    ) -> QuotationCheck {
        if matches!(self.state, State::Deleted { .. }) {
            return QuotationCheck::Deleted;
        }
        let mut said =
            versions.into_iter().filter(|entry| entry.author == self.author).filter_map(|entry| match &entry.content {
                Content::Text(text) if entry.id == self.id => Some(text.body.as_str()),
                Content::Edit(target, text) if *target == self.id => Some(text.body.as_str()),
                _ => None,
            });
        let faithful = quotation.author == self.author && said.any(|text| text.contains(&quotation.quote));
        if faithful { QuotationCheck::Faithful } else { QuotationCheck::Unfaithful }
    }
}

/// Authors take back what is theirs; admins and owners moderate.
fn may_delete(act: &Entry, author: AccountId) -> bool {
    act.author == author || act.standing >= Standing::Admin
}

impl Reactions {
    /// Each emoji with the accounts that used it.
    pub fn iter(&self) -> impl Iterator<Item = (&Emoji, &[AccountId])> {
        self.0.iter().map(|(emoji, accounts)| (emoji, accounts.as_slice()))
    }

    fn take(&mut self, account: AccountId, emoji: &Emoji, change: Change) {
        match change {
            Change::Add => self.add(account, emoji),
            Change::Remove => self.remove(account, emoji),
        }
    }

    fn add(&mut self, account: AccountId, emoji: &Emoji) {
        let own: BTreeSet<&Emoji> =
            self.iter().filter(|(_, by)| by.contains(&account)).map(|(emoji, _)| emoji).collect();
        if own.contains(emoji) || own.len() >= REACTIONS_MAX {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| known == emoji) {
            Some((_, accounts)) => accounts.push(account),
            None => self.0.push((emoji.clone(), vec![account])),
        }
    }

    fn remove(&mut self, account: AccountId, emoji: &Emoji) {
        if let Some((_, accounts)) = self.0.iter_mut().find(|(known, _)| known == emoji) {
            accounts.retain(|by| *by != account);
        }
        self.0.retain(|(_, accounts)| !accounts.is_empty());
    }
}

/// Different reactions of one account to one message.
const REACTIONS_MAX: usize = 5;
