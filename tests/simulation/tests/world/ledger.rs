//! What was said, and whether everybody sees it: the invariants of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use sotto_client::engine::{Change, Line, Stand};
use sotto_client::history::{Item, What};
use sotto_client::timeline::{Message, State};
use sotto_proto::wire::{self, EntryKind};
use sotto_proto::{AccountId, ConversationId, EventId};

use crate::world::{World, short};

/// Everything that was ever said.
#[derive(Default)]
pub(crate) struct Ledger {
    said: BTreeMap<EventId, Said>,
}

struct Said {
    chat: ConversationId,
    by: AccountId,
    text: String,
}

/// Something as a device shows it.
type Shown = (u64, EventId, AccountId, String);

impl Ledger {
    pub(crate) fn said(&mut self, event: EventId, chat: ConversationId, by: AccountId, text: &str) {
        self.said.insert(event, Said { chat, by, text: text.to_owned() });
    }
}

impl World {
    /// Checks all invariants, once everything has come to rest.
    pub(crate) fn check(&self) {
        self.check_logs();
        self.check_agreement();
        for device in 0..self.devices.len() {
            self.check_device(device);
        }
    }

    /// I4: one commit an epoch. I6: no salt twice, and so no key with its nonce.
    fn check_logs(&self) {
        let (mut epochs, mut salts) = (BTreeSet::new(), BTreeSet::new());
        for chat in self.network.server.honest.conversations() {
            for entry in self.network.server.honest.log(chat) {
                let fresh = match entry.kind() {
                    EntryKind::Commit => epochs.insert((chat, entry.generation, entry.epoch)),
                    EntryKind::Event => salts.insert(entry.body.slice(..16)),
                    _ => true,
                };
                if !fresh {
                    self.fail(&format!("I4 or I6 is broken by entry {} of {}", entry.seq, short(chat)));
                }
            }
        }
    }

    /// I5: devices that are in one epoch of a group hold the same keys.
    fn check_agreement(&self) {
        let mut authenticators = BTreeMap::new();
        for (index, device) in self.devices.iter().enumerate() {
            for chat in self.chats(index) {
                let held = self.engine(index).epoch_authenticator(chat.id).unwrap();
                let Some((generation, epoch, authenticator)) = held else { continue };
                let authenticator = authenticator.expose_secret().to_vec();
                let first = authenticators.entry((chat.id, generation, epoch)).or_insert_with(|| authenticator.clone());
                if *first != authenticator {
                    self.fail(&format!("I5 is broken: {} holds other keys in {}", device.name, short(chat.id)));
                }
            }
        }
    }

    /// I1, I2, I3, I7: a device shows what its account may read, each event once, in the order of the log, and nothing else.
    fn check_device(&self, device: usize) {
        self.check_list(device);
        let account = self.account(device);
        if !self.engine(device).is_signed_in() {
            // One that was revoked keeps what it had.
            let chats = self.chats(device).into_iter();
            return chats.for_each(|chat| self.check_genuine(device, chat.id, &self.shown(device, chat.id)));
        }
        let name = &self.devices[device].name;
        for chat in self.network.server.honest.conversations() {
            let Some(head) = self.network.server.honest.head(account, chat) else { continue };
            if head.standing() == wire::Standing::Requested || self.came_too_late(device, chat, &head) {
                continue;
            }
            let (expected, shown) = (self.expected(chat, &head), self.shown(device, chat));
            // Whoever was here before, and came back, may keep what was read then.
            let (earlier, shown): (Vec<_>, Vec<_>) = shown.into_iter().partition(|(seq, ..)| *seq < head.first_seq);
            self.check_genuine(device, chat, &earlier);
            if expected != shown {
                let (log, view) = (self.outline(chat), self.engine(device).chat(chat).unwrap());
                let lines = self.engine(device).lines(chat, 0).unwrap();
                self.fail(&format!(
                    "{name} shows in {}:\n{shown:?}\ninstead of\n{expected:?}\nof {log}\nas {head:?}\nviews {view:?}\n{lines:?}",
                    short(chat)
                ));
            }
        }
        self.check_nothing_is_left(device);
        self.check_no_trouble(device);
    }

    /// What an account was in is closed to devices that only come after its end, unless the vault device was woken in it before: the
    /// server keeps no Welcome and no tree for those who are out.
    fn came_too_late(&self, device: usize, chat: ConversationId, head: &wire::ConversationHead) -> bool {
        let is_over = [wire::Standing::Left, wire::Standing::Removed].contains(&head.standing());
        is_over && self.shown(device, chat).iter().all(|(seq, ..)| *seq < head.first_seq)
    }

    /// I3 for what a device has kept from an earlier time.
    fn check_genuine(&self, device: usize, chat: ConversationId, kept: &[Shown]) {
        for (seq, event, by, text) in kept {
            let said = self.ledger.said.get(event);
            if said.is_none_or(|said| (said.chat, said.by, &said.text) != (chat, *by, text)) {
                let name = &self.devices[device].name;
                self.fail(&format!("{name} shows in {} at {seq} what nobody said: {text}", short(chat)));
            }
        }
    }

    /// What was said in a conversation is in its log, once its device could say it.
    fn check_nothing_is_left(&self, device: usize) {
        for chat in self.open_chats(device) {
            let left = self.engine(device).queued(chat.id).unwrap();
            if !left.is_empty() {
                self.fail(&format!("{} has not sent in {}: {left:?}", self.devices[device].name, short(chat.id)));
            }
        }
    }

    /// A row of the list says what its conversation says.
    fn check_list(&self, device: usize) {
        for row in self.chats(device) {
            let alone = self.engine(device).chat(row.id).unwrap();
            if alone.as_ref() != Some(&row) {
                self.fail(&format!("{} lists {row:?}, which is {alone:?}", self.devices[device].name));
            }
        }
    }

    /// An honest server gives nobody a reason to complain.
    fn check_no_trouble(&self, device: usize) {
        let name = &self.devices[device].name;
        for chat in self.chats(device) {
            let lines = self.engine(device).lines(chat.id, 0).unwrap();
            let bad = lines.iter().find(|placed| matches!(placed.line, Line::Unreadable | Line::Trouble(_)));
            if chat.trouble.is_some() || bad.is_some() {
                self.fail(&format!("{name} has trouble in {}: {:?} {bad:?}", short(chat.id), chat.trouble));
            }
            if chat.stand == Stand::Member && !chat.ready {
                self.fail(&format!("{name} never came into {}", short(chat.id)));
            }
        }
        let blames = |change: &&Change| matches!(change, Change::ServerMisbehaves(_));
        if let Some(blame) = self.devices[device].failures.iter().find(blames) {
            self.fail(&format!("{name} blames the server: {blame:?}"));
        }
    }

    /// A log in one line: kind, generation and epoch of each entry.
    fn outline(&self, chat: ConversationId) -> String {
        let log = self.network.server.honest.log(chat).into_iter();
        let entry = |entry: wire::LogEntry| {
            let kind = &entry.kind().as_str_name()["ENTRY_KIND_".len()..];
            format!("{} {kind} {}.{}", entry.seq, entry.generation, entry.epoch)
        };
        log.map(entry).collect::<Vec<_>>().join(", ")
    }

    /// Everything that was said where an account may read.
    fn expected(&self, chat: ConversationId, head: &wire::ConversationHead) -> Vec<Shown> {
        let log = self.network.server.honest.log(chat).into_iter();
        let readable = log.filter(|entry| (head.first_seq..=head.last_seq).contains(&entry.seq));
        let said = readable.filter_map(|entry| {
            let event = EventId::parse("event_id", &entry.event_id).ok()?;
            let said = self.ledger.said.get(&event)?;
            assert_eq!(said.chat, chat, "what was said here is there");
            Some((entry.seq, event, said.by, said.text.clone()))
        });
        said.collect()
    }

    pub(crate) fn shown(&self, device: usize, chat: ConversationId) -> Vec<Shown> {
        let items = self.engine(device).page(chat, None, 100_000).unwrap();
        items.into_iter().map(|item| (item.seq, item.id, item.author, text_of(&item))).collect()
    }

    pub(crate) fn texts(&self, device: usize, chat: ConversationId) -> Vec<String> {
        self.shown(device, chat).into_iter().map(|(.., text)| text).collect()
    }
}

fn text_of(item: &Item) -> String {
    match &item.what {
        What::Message(Message { state: State::Standing { text, .. }, .. }) => text.body.as_str().to_owned(),
        other => format!("{other:?}"),
    }
}
