//! Copies of the server that say something else, consistent in themselves.

use bytes::Bytes;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_proto::wire::{self, EntryKind};
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

use super::account::Device;
use super::conversation::{Conversation, Logged};
use super::{DAY, Model};
use crate::mischief::Trick;

impl Model {
    /// Makes this copy lie.
    pub(crate) fn doctor(&mut self, trick: &Trick, rng: &mut StdRng) {
        match trick {
            Trick::GhostDevice(account) => self.add_ghost(*account, rng),
            Trick::ReplacedIdentity(account) | Trick::SplitDirectory(account) => self.replace_identity(*account),
            Trick::HiddenKey(account) => self.publish_other_key(*account),
            Trick::NoDirectory => self.forget_directory(),
            Trick::MovedDevice { from, to } => self.move_devices(*from, *to),
            Trick::ForeignCommit { from, to } => self.insert_from(*from, *to, EntryKind::Commit),
            Trick::MovedEvent { from, to } => self.insert_from(*from, *to, EntryKind::Event),
            Trick::OldCommit(id) => self.edit(*id, |log| {
                let old = log.iter().find(|entry| entry.kind() == EntryKind::Commit).cloned();
                log.extend(old);
            }),
            Trick::Replay(id, times) => self.edit(*id, |log| {
                let last = last_event(log).map(|index| log[index].clone());
                log.extend(last.into_iter().flat_map(|last| std::iter::repeat_n(last, *times)));
            }),
            Trick::Reorder(id) => self.edit(*id, |log| {
                if let Some((earlier, later)) = last_two_events(log) {
                    log.swap(earlier, later);
                }
            }),
            Trick::Drop(id) => self.edit(*id, |log| {
                if let Some((earlier, _)) = last_two_events(log) {
                    log.remove(earlier);
                }
            }),
            Trick::Reflect(id) => self.edit(*id, |log| {
                let last = last_event(log).map(|index| log[index].clone());
                let event_id = EventId::from_bytes([0xee; 16]).to_wire();
                log.extend(last.map(|last| wire::LogEntry { event_id, ..last }));
            }),
            Trick::Truncated(id) => self.truncate(*id),
            Trick::WrongTimes => self.shift_times(),
            Trick::StaleKeyPackage => self.revive_key_packages(),
            Trick::WeakerVersion => self.protocol = 0,
            // These are servers of other times, not edited ones.
            Trick::Fork | Trick::WithheldCommits | Trick::RolledBack | Trick::OldDirectory => {}
        }
    }

    /// Lets those in who are signed in to another server.
    pub(crate) fn adopt_sessions(&mut self, other: &Self) {
        self.sessions.clone_from(&other.sessions);
        self.access_tokens.clone_from(&other.access_tokens);
    }

    /// This server, with each log cut before the first commit that came after another time.
    pub(crate) fn without_commits_after(&self, then: &Self) -> Self {
        let mut cut = self.clone();
        let first_withheld = |conversation: &Conversation| {
            let seen = then.conversations.get(&conversation.id).map_or(0, Conversation::last_seq);
            let later = conversation.log.range(seen + 1..).map(|(_, logged)| &logged.entry);
            later.into_iter().find(|entry| entry.kind() == EntryKind::Commit).cloned()
        };
        for conversation in cut.conversations.values_mut() {
            if let Some(commit) = first_withheld(conversation) {
                conversation.cut_before(&commit);
            }
        }
        cut
    }

    fn add_ghost(&mut self, account: AccountId, rng: &mut StdRng) {
        let (identity, key) = (IdentityKey::generate(rng), DeviceKey::generate(rng));
        let id = DeviceId::from_bytes(rng.random());
        if let (Some(certificate), Some(state)) =
            (certify(&identity, account, id, &key), self.accounts.get_mut(&account))
        {
            state.devices.push(Device::new(id, false, *key.public().as_bytes(), certificate, 0));
        }
        self.keys_changed(account);
    }

    /// Always the same other key, so that the victim sees one lie and not many.
    fn replace_identity(&mut self, account: AccountId) {
        let mut rng = <StdRng as rand::SeedableRng>::seed_from_u64(666);
        let identity = IdentityKey::generate(&mut rng);
        let Some(state) = self.accounts.get_mut(&account) else { return };
        state.identity_key = identity.public().as_bytes().to_vec();
        for device in &mut state.devices {
            let key = DeviceKey::generate(&mut rng);
            if let Some(certificate) = certify(&identity, account, device.id, &key) {
                (device.certificate, device.key) = (certificate, *key.public().as_bytes());
            }
        }
        self.keys_changed(account);
    }

    /// The account's own devices go on as they are, and do not notice.
    fn publish_other_key(&mut self, account: AccountId) {
        let mut rng = <StdRng as rand::SeedableRng>::seed_from_u64(666);
        if let Some(state) = self.accounts.get_mut(&account) {
            state.identity_key = IdentityKey::generate(&mut rng).public().as_bytes().to_vec();
        }
        self.keys_changed(account);
    }

    fn move_devices(&mut self, from: AccountId, to: AccountId) {
        let devices = self.accounts.get(&from).map(|account| account.devices.clone()).unwrap_or_default();
        if let Some(state) = self.accounts.get_mut(&to) {
            state.devices = devices;
        }
        self.keys_changed(to);
    }

    fn revive_key_packages(&mut self) {
        let devices = self.accounts.values_mut().flat_map(|account| &mut account.devices);
        for package in devices.flat_map(|device| &mut device.packages) {
            package.revive();
        }
    }

    /// Puts the last entry of a kind from one conversation at the end of another.
    fn insert_from(&mut self, from: ConversationId, to: ConversationId, kind: EntryKind) {
        let logged = self.conversations.get(&from).map(|conversation| conversation.log.values());
        let foreign = logged.and_then(|mut log| log.rfind(|logged| logged.entry.kind() == kind));
        let foreign = foreign.map(|logged| logged.entry.clone());
        self.edit(to, |log| {
            let place = log.last().map(|last| (last.generation, last.epoch));
            let fitted = foreign.zip(place);
            log.extend(fitted.map(|(entry, (generation, epoch))| wire::LogEntry { generation, epoch, ..entry }));
        });
    }

    fn truncate(&mut self, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let keep_from = conversation.last_seq();
        conversation.pruned_seq = keep_from.saturating_sub(1);
        conversation.log.retain(|seq, _| *seq >= keep_from);
    }

    fn shift_times(&mut self) {
        for conversation in self.conversations.values_mut() {
            conversation.last_at += 365 * DAY;
            for logged in conversation.log.values_mut() {
                logged.entry.received_at_ms += 365 * DAY;
            }
        }
    }

    /// Edits a log, and numbers it again.
    fn edit(&mut self, id: ConversationId, edit: impl FnOnce(&mut Vec<wire::LogEntry>)) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            let mut log = conversation.log.values().map(|logged| logged.entry.clone()).collect();
            edit(&mut log);
            conversation.write(log);
        }
        self.grown(id);
    }
}

impl Conversation {
    fn write(&mut self, entries: Vec<wire::LogEntry>) {
        self.log.clear();
        self.chain = ChainHead::start(self.id);
        for mut entry in entries {
            let chain_before = *self.chain.hash();
            let Some(next) = hash_of(&entry).and_then(|hash| self.chain.extended_by(&hash)) else { return };
            self.chain = next;
            entry.seq = next.seq();
            if entry.kind() != EntryKind::Event {
                self.last_handshake_seq = entry.seq;
            }
            self.log.insert(entry.seq, Logged { entry, chain_before });
        }
    }

    /// The log and the group as they were before a commit.
    fn cut_before(&mut self, commit: &wire::LogEntry) {
        let Some(cut) = self.log.get(&commit.seq) else { return };
        self.chain = ChainHead::from_parts(commit.seq - 1, cut.chain_before);
        self.log.retain(|seq, _| *seq < commit.seq);
        let handshakes = self.log.values().rev().find(|logged| logged.entry.kind() != EntryKind::Event);
        self.last_handshake_seq = handshakes.map_or(0, |logged| logged.entry.seq);
        if let Some(epoch) = sotto_proto::Epoch::new(commit.epoch) {
            self.position.epoch = epoch;
        }
    }
}

fn certify(identity: &IdentityKey, account: AccountId, device: DeviceId, key: &DeviceKey) -> Option<Bytes> {
    let issued = super::time(0);
    let device_key = key.public();
    let claims = DeviceClaims { account, device, device_key, purpose: Purpose::Device, issued, expires: None };
    DeviceCertificate::issue(identity, claims).ok().map(|certificate| Bytes::copy_from_slice(&certificate.encode()))
}

fn last_event(log: &[wire::LogEntry]) -> Option<usize> {
    log.iter().rposition(|entry| entry.kind() == EntryKind::Event)
}

fn last_two_events(log: &[wire::LogEntry]) -> Option<(usize, usize)> {
    let later = last_event(log)?;
    Some((last_event(&log[..later])?, later))
}

fn hash_of(entry: &wire::LogEntry) -> Option<EntryHash> {
    let content = match entry.kind() {
        EntryKind::Commit => Entry::Commit(&entry.body),
        EntryKind::Proposal => Entry::Proposal(&entry.body),
        EntryKind::Generation => Entry::Generation(&entry.body),
        EntryKind::Event => Entry::Event(EventId::parse("event_id", &entry.event_id).ok()?, &entry.body),
        EntryKind::Unspecified => return None,
    };
    Some(EntryHash::of(entry.generation, entry.epoch, &content))
}
