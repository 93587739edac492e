//! A conversation as one device knows it.

use std::collections::BTreeMap;

use sotto_crypto::chain::{ChainHead, Comparison, Entry, EntryHash};
use sotto_crypto::event::{self, Header, Kind as Sealed, Sender};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::mls::group::{Group, Received};
use sotto_crypto::secret::EpochSecret;
use sotto_crypto::time::Time;
use sotto_proto::{ConversationId, EntryBody, EventId, Generation, LogEntry};

/// A conversation as a device has it.
pub(crate) struct Chat {
    pub(crate) group: Group,
    pub(crate) heard: Vec<String>,
    pub(crate) head: Option<ChainHead>,
    pub(crate) joined_by: u64,
    pub(crate) reads_from: u64,
    pub(crate) secrets: BTreeMap<(u32, u64), EpochSecret>,
}

impl Chat {
    pub(crate) fn joined(group: Group, joined_by: u64, reads_from: u64) -> Self {
        let mut chat = Self {
            group,
            heard: Vec::new(),
            head: None,
            joined_by,
            reads_from: reads_from.max(1),
            secrets: BTreeMap::new(),
        };
        chat.keep_secret();
        chat
    }

    pub(crate) fn place(&self) -> (u32, u64) {
        (self.group.standing().unwrap().governance.generation, self.group.epoch())
    }

    pub(crate) fn keep_secret(&mut self) {
        let secret = self.group.epoch_secret().unwrap();
        self.secrets.insert(self.place(), secret);
    }

    pub(crate) fn process(&mut self, id: ConversationId, entry: &LogEntry) {
        assert_eq!(entry.seq.get(), self.head.unwrap().seq() + 1);
        if let EntryBody::Event { id: event, sealed } = &entry.body {
            self.event(id, *event, sealed.as_bytes(), entry);
        } else if entry.seq.get() > self.joined_by {
            self.handshake(entry);
        }
        self.head = self.head.unwrap().extended_by(&hash_of(entry));
    }

    pub(crate) fn handshake(&mut self, entry: &LogEntry) {
        let (EntryBody::Commit(handshake) | EntryBody::Proposal(handshake)) = &entry.body else { return };
        let generation = Generation::new(self.place().0).unwrap();
        if entry.position.generation != generation || !self.group.is_member() {
            return;
        }
        let at = Time::from_unix_seconds(entry.received_at_ms / 1_000);
        if let Received::Commit(_) = self.group.process(handshake, at).unwrap() {
            self.keep_secret();
        }
    }

    pub(crate) fn event(&mut self, id: ConversationId, event: EventId, sealed: &[u8], entry: &LogEntry) {
        let (generation, epoch) = (entry.position.generation.get(), entry.position.epoch.get());
        let Some(secret) = self.secrets.get(&(generation, epoch)) else { return };
        let header = Header { conversation: id, generation, epoch, kind: Sealed::Event(event) };
        let keys: BTreeMap<Sender, DevicePublicKey> = self.group.member_keys().unwrap();
        let opened = event::open(secret, &header, sealed, |sender| keys.get(&sender).copied()).unwrap();
        assert_ne!(self.head.unwrap().compare(opened.seen()), Comparison::Contradiction);
        self.heard.push(String::from_utf8_lossy(opened.expose_body()).into_owned());
    }
}

fn hash_of(entry: &LogEntry) -> EntryHash {
    let content = match &entry.body {
        EntryBody::Commit(body) => Entry::Commit(body),
        EntryBody::Proposal(body) => Entry::Proposal(body),
        EntryBody::Event { id, sealed } => Entry::Event(*id, sealed.as_bytes()),
        EntryBody::Generation(body) => Entry::Generation(body),
    };
    EntryHash::of(entry.position.generation.get(), entry.position.epoch.get(), &content)
}
