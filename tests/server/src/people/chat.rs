//! One conversation on one device: its group, its place in the log, and what was heard.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use sotto_crypto::chain::{ChainHead, Comparison, Entry, EntryHash};
use sotto_crypto::event::{self, Header, Kind, Sender};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::mls::group::{Group, Received};
use sotto_crypto::secret::EpochSecret;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, ConversationId, EntryBody, Epoch, Generation, GroupPosition, LogEntry};

/// A conversation as a device has it.
#[derive(Debug)]
pub struct Chat {
    /// The conversation.
    pub id: ConversationId,
    /// The group that agrees on the keys.
    pub group: Group,
    /// Everything that could be read, in order.
    pub heard: Vec<Heard>,
    pub(super) generation: Generation,
    /// The log as far as it was processed; nothing before the first entry was read.
    pub(super) head: Option<ChainHead>,
    /// The entry by which this device came to be a member: handshakes up to it are in the group already.
    pub(super) joined_by: u64,
    /// The first entry that it reads.
    pub(super) reads_from: u64,
    secrets: BTreeMap<GroupPosition, EpochSecret>,
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its place in the log.
    pub seq: u64,
    /// Who said it.
    pub by: AccountId,
    /// What.
    pub text: String,
}

impl Chat {
    /// A conversation that the device comes to by an entry, with the group as it is after it.
    pub(super) fn joined(id: ConversationId, group: Group, joined_by: u64) -> Result<Self> {
        let generation = Generation::new(group.standing()?.governance.generation).context("generations begin at 1")?;
        let (heard, secrets) = (Vec::new(), BTreeMap::new());
        let reads_from = joined_by.max(1);
        let mut chat = Self { id, group, heard, generation, head: None, joined_by, reads_from, secrets };
        chat.keep_secret()?;
        Ok(chat)
    }

    /// Where the group stands.
    pub fn position(&self) -> GroupPosition {
        let epoch = Epoch::new(self.group.epoch()).expect("a group has fewer epochs than numbers");
        GroupPosition { generation: self.generation, epoch }
    }

    /// The last entry that was processed.
    pub fn last_seq(&self) -> u64 {
        self.head.map_or(0, |head| head.seq())
    }

    /// What was heard, without who and when.
    pub fn texts(&self) -> Vec<&str> {
        self.heard.iter().map(|heard| heard.text.as_str()).collect()
    }

    pub(super) fn secret(&self) -> Result<&EpochSecret> {
        self.secrets.get(&self.position()).context("the secret of the present epoch is kept")
    }

    /// Reads what was there before the device joined, too.
    pub(super) fn begin_reading_at(&mut self, seq: u64) {
        self.reads_from = seq;
    }

    /// Secrets of epochs that another device of the account had.
    pub(super) fn inherit(&mut self, secrets: BTreeMap<GroupPosition, EpochSecret>) {
        self.secrets.extend(secrets);
    }

    /// Processes the next entry of the log.
    pub(super) fn process(&mut self, entry: &LogEntry, keys: impl Fn(Sender) -> Option<DevicePublicKey>) -> Result<()> {
        let seq = entry.seq.get();
        ensure!(seq == self.last_seq() + 1 || self.head.is_none(), "entry {seq} after {}", self.last_seq());
        let at = Time::from_unix_seconds(entry.received_at_ms / 1_000);
        match &entry.body {
            EntryBody::Commit(handshake) | EntryBody::Proposal(handshake) if self.concerns(entry) => {
                self.handshake(handshake, at).with_context(|| format!("entry {seq}"))?;
            }
            EntryBody::Event { id, sealed } => self.event(entry, Kind::Event(*id), sealed.as_bytes(), keys)?,
            EntryBody::Commit(_) | EntryBody::Proposal(_) | EntryBody::Generation(_) => {}
        }
        self.head = self.head.and_then(|head| head.extended_by(&hash_of(entry)));
        Ok(())
    }

    /// Goes on with another group. It stays in the epoch before until the generation's first commit comes from the log.
    pub(super) fn begin_generation(&mut self, group: Group) -> Result<()> {
        let generation = group.standing()?.governance.generation;
        self.generation = Generation::new(generation).context("generations begin at 1")?;
        self.group = group;
        Ok(())
    }

    fn handshake(&mut self, handshake: &[u8], at: Time) -> Result<()> {
        // Who was removed goes on reading, up to the end of its membership.
        if !self.group.is_member() {
            return Ok(());
        }
        match self.group.process(handshake, at)? {
            Received::Commit(_) => self.keep_secret(),
            Received::Proposal(_) | Received::Removed(_) => Ok(()),
        }
    }

    /// Handshakes of a group that was given up, and those by which the device joined, change nothing any more.
    fn concerns(&self, entry: &LogEntry) -> bool {
        entry.seq.get() > self.joined_by && entry.position.generation == self.generation
    }

    /// An event of an epoch whose secret the device does not have is for others.
    fn event(
        &mut self,
        entry: &LogEntry,
        kind: Kind,
        sealed: &[u8],
        keys: impl Fn(Sender) -> Option<DevicePublicKey>,
    ) -> Result<()> {
        let Some(secret) = self.secrets.get(&entry.position) else { return Ok(()) };
        let opened = event::open(secret, &self.header(entry.position, kind), sealed, keys)?;
        if let Some(head) = &self.head {
            ensure!(head.compare(opened.seen()) != Comparison::Contradiction, "the sender was shown another log");
        }
        let text = String::from_utf8_lossy(opened.expose_body()).into_owned();
        self.heard.push(Heard { seq: entry.seq.get(), by: opened.sender().account, text });
        Ok(())
    }

    pub(super) fn header(&self, position: GroupPosition, kind: Kind) -> Header {
        let (generation, epoch) = (position.generation.get(), position.epoch.get());
        Header { conversation: self.id, generation, epoch, kind }
    }

    fn keep_secret(&mut self) -> Result<()> {
        let secret = self.group.epoch_secret()?;
        self.secrets.insert(self.position(), secret);
        Ok(())
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
