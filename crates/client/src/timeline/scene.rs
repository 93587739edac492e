//! What a conversation is called, how its people want to be seen, what is pinned, and the rules that only clients can enforce.

use std::collections::{BTreeMap, VecDeque};

use sotto_proto::{AccountId, EventId};

use super::{Change, Content, Entry, MemberClass, PolicyChange, Profile, Standing, Title};

/// A conversation apart from its messages.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scene {
    /// What it is called. Whether its sender may rename is the group's agreement, which the engine checks at each place.
    pub title: Title,
    /// How each account wants to be seen.
    pub profiles: BTreeMap<AccountId, Profile>,
    /// Pinned messages, oldest pin first.
    pub pins: VecDeque<EventId>,
    /// Rules that hold.
    pub policy: ClientPolicy,
}

/// Rules that only clients can enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPolicy {
    /// Who may pin.
    pub may_pin: MemberClass,
    /// Who may mention everyone.
    pub may_mention_everyone: MemberClass,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self { may_pin: MemberClass::Admins, may_mention_everyone: MemberClass::Admins }
    }
}

/// What the entries, in the order of the log, make of a conversation.
pub fn fold_scene<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Scene {
    let mut scene = Scene::default();
    for entry in entries {
        scene.take(entry);
    }
    scene
}

impl Scene {
    fn take(&mut self, entry: &Entry) {
        match &entry.content {
            Content::Title(title) => self.title = title.clone(),
            Content::Profile(profile) => {
                self.profiles.insert(entry.author, profile.clone());
            }
            Content::Policy(change) if entry.standing >= Standing::Admin => self.policy.take(*change),
            Content::Pin(target, change) if self.policy.may_pin.allows(entry.standing) => self.pin(*target, *change),
            // Who may delete is decided where the message is known; a pin on what is gone shows nothing.
            _ => {}
        }
    }

    fn pin(&mut self, target: EventId, change: Change) {
        self.pins.retain(|pinned| *pinned != target);
        if change == Change::Add {
            self.pins.push_back(target);
        }
        if self.pins.len() > PINS_MAX {
            self.pins.pop_front();
        }
    }
}

impl ClientPolicy {
    fn take(&mut self, change: PolicyChange) {
        self.may_pin = change.may_pin.unwrap_or(self.may_pin);
        self.may_mention_everyone = change.may_mention_everyone.unwrap_or(self.may_mention_everyone);
    }
}

/// Pinned messages of a conversation.
const PINS_MAX: usize = 100;
