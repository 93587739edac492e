//! A lost device whose thief works together with the server: it has all that the device had, and all that the server ever stored.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use bytes::Bytes;
use prost::Message as _;
use sotto_client::engine::{Preferences, VaultStand};
use sotto_crypto::event::{self, Header, Kind, OpenError};
use sotto_crypto::mls::governance::{Kind as GroupKind, Policy};
use sotto_crypto::mls::group::Group;
use sotto_crypto::secret::{EpochSecret, Secret, SecretVec};
use sotto_crypto::time::Time;
use sotto_crypto::vault::{Generation, Version};
use sotto_crypto::vault_store::{Item, StoreKey};
use sotto_proto::wire::{EntryKind, LogEntry, Setting};
use sotto_proto::{AccountId, ConversationId, EventId, SlotId};
use sotto_simulation::network::Weather;
use tempfile::TempDir;

use crate::world::{MINUTE, World};

/// The part of a checkpoint that a thief is after (docs/PROTOCOL.md, 6.7).
#[derive(Clone, PartialEq, prost::Message)]
struct Checkpoint {
    #[prost(bytes = "vec", tag = "1")]
    group: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    epochs: Vec<KnownEpoch>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KnownEpoch {
    #[prost(uint32, tag = "1")]
    generation: u32,
    #[prost(uint64, tag = "2")]
    epoch: u64,
    #[prost(bytes = "vec", tag = "3")]
    secret: Vec<u8>,
}

struct Thief {
    account: AccountId,
    store_key: StoreKey,
    /// States of groups, of the device and of the vault device.
    groups: Vec<(ConversationId, Vec<u8>)>,
    secrets: BTreeMap<(ConversationId, u32, u64), [u8; 32]>,
}

impl Thief {
    /// Takes a device apart, and has the server's help with what it keeps for the account.
    fn of(backup: &[u8], account: AccountId, kept: &[(ConversationId, Bytes)]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("stolen.db");
        std::fs::write(&path, backup).unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "07".repeat(32))).unwrap();
        let key: Vec<u8> = db.query_row("SELECT store_key FROM account", [], |row| row.get(0)).unwrap();
        let store_key = StoreKey::new(Secret::copy_from(&key).unwrap(), Generation::FIRST);
        let mut thief = Self { account, store_key, groups: Vec::new(), secrets: BTreeMap::new() };
        thief.take_store(&db);
        for (chat, sealed) in kept {
            thief.take_checkpoint(*chat, sealed);
        }
        thief
    }

    fn take_store(&mut self, db: &rusqlite::Connection) {
        let mut groups =
            db.prepare("SELECT id, state FROM groups JOIN conversations ON number = conversation").unwrap();
        let rows = groups.query_map([], |row| Ok((ConversationId::from_bytes(row.get(0)?), row.get(1)?))).unwrap();
        self.groups.extend(rows.map(Result::unwrap));
        let sql = "SELECT id, generation, epoch, secret FROM epochs JOIN conversations ON number = conversation";
        let mut epochs = db.prepare(sql).unwrap();
        let rows = epochs.query_map([], |row| {
            Ok(((ConversationId::from_bytes(row.get(0)?), row.get(1)?, row.get(2)?), row.get(3)?))
        });
        self.secrets.extend(rows.unwrap().map(Result::unwrap));
    }

    fn take_checkpoint(&mut self, chat: ConversationId, sealed: &[u8]) {
        let (content, _) = self.open(&Item::Checkpoint(chat), sealed).unwrap();
        let checkpoint = Checkpoint::decode(content.expose_secret()).unwrap();
        self.groups.push((chat, checkpoint.group));
        let known = checkpoint.epochs.into_iter();
        let known = known.map(|known| ((chat, known.generation, known.epoch), known.secret.try_into().unwrap()));
        self.secrets.extend(known);
    }

    fn open(&self, item: &Item, sealed: &[u8]) -> Option<(SecretVec, Version)> {
        self.store_key.open(self.account, item, Version::NONE, sealed).ok()
    }

    /// Follows every conversation as far as the stolen states lead. Gives how many epochs further that was.
    fn follow(&mut self, world: &World) -> usize {
        let before = self.secrets.len();
        for (chat, state) in self.groups.clone() {
            let mut group = Group::restore(&SecretVec::new(state)).unwrap();
            for entry in world.network.server.honest.log(chat) {
                if !matches!(entry.kind(), EntryKind::Commit | EntryKind::Proposal) {
                    continue;
                }
                let _ = group.process(&entry.body, Time::from_unix_seconds(entry.received_at_ms / 1_000));
                if let (true, Ok(standing)) = (group.is_member(), group.standing()) {
                    let place = (chat, standing.governance.generation, group.epoch());
                    self.secrets.insert(place, *group.epoch_secret().unwrap().expose_secret());
                }
            }
        }
        self.secrets.len() - before
    }

    /// How many events of a conversation open, from a place of the log on.
    fn reads(&self, world: &World, chat: ConversationId, from: u64) -> usize {
        let log = world.network.server.honest.log(chat);
        log.iter().filter(|entry| entry.seq >= from && self.opens(chat, entry)).count()
    }

    fn opens(&self, chat: ConversationId, entry: &LogEntry) -> bool {
        let mut secrets = self.secrets.iter().filter(|((of, ..), _)| *of == chat);
        entry.kind() == EntryKind::Event && secrets.any(|(_, secret)| opens(chat, entry, secret))
    }
}

/// Whether a secret opens an event, whoever may have said it.
fn opens(chat: ConversationId, entry: &LogEntry, secret: &[u8; 32]) -> bool {
    let secret = EpochSecret::from_secret(Secret::copy_from(secret).unwrap());
    let id = EventId::from_bytes(entry.event_id[..].try_into().unwrap());
    let header = Header { conversation: chat, generation: entry.generation, epoch: entry.epoch, kind: Kind::Event(id) };
    matches!(event::open(&secret, &header, &entry.body, |_| None), Err(OpenError::UnknownSender(_)))
}

impl World {
    fn kept_for(&self, account: AccountId) -> Vec<(ConversationId, Bytes)> {
        self.network.server.honest.checkpoints_of(account)
    }

    fn ends_of_logs(&self) -> BTreeMap<ConversationId, u64> {
        let honest = &self.network.server.honest;
        honest.conversations().into_iter().map(|chat| (chat, honest.log(chat).len() as u64)).collect()
    }

    fn stand(&self, device: usize) -> VaultStand {
        self.engine(device).vault_stand().unwrap()
    }
}

#[test]
fn s19_a_thief_and_the_server_together_read_nothing_that_comes_after_the_revocation() {
    for (seed, weather, crashes) in [(60, Weather::FAIR, 0), (61, Weather::FOUL, 20)] {
        let mut world = World::on_disk(seed, Weather::FAIR);
        let (ann, ben) = (world.register("ann"), world.register("ben"));
        let chat = world.befriend(ann, ben);
        let group = world.found(ann, &[ben]);
        let (lost, tablet) = (world.sign_in("ben"), world.sign_in("ben"));
        world.run_for(5 * MINUTE);
        for place in [chat, group] {
            world.say(ann, place, "before");
        }
        world.run_for(MINUTE);
        let account = world.account(ben);
        let kept = world.kept_for(account);
        let backup = world.back_up(lost);
        let mut thief = Thief::of(&backup, account, &kept);
        assert_eq!(
            (thief.reads(&world, chat, 1), thief.reads(&world, group, 1)),
            (1, 2),
            "what it had, a title too, it has"
        );
        let identity = world.engine(ben).identity();

        (world.network.weather, world.crashes) = (weather, crashes);
        world.revoke(ben, lost);
        world.calm_down();
        for device in [ben, tablet] {
            assert_eq!(world.stand(device), VaultStand::Good, "seed {seed}, {}", world.devices[device].name);
        }

        let ends = world.ends_of_logs();
        for place in [chat, group] {
            world.say(ann, place, "after");
            world.run_for(MINUTE);
            world.say(tablet, place, "from a tablet");
        }
        let archived = Preferences { archived: true, ..Default::default() };
        world.act(ben, "archives", |engine, moment| engine.set_preferences(chat, &archived, moment)).unwrap();
        world.calm_down();
        assert!(thief.follow(&world) > 0, "up to the revocation it can follow");
        for (place, end) in ends {
            assert_eq!(thief.reads(&world, place, end + 1), 0, "seed {seed}");
        }
        let now = world.kept_for(account);
        assert!(now.len() >= 3, "the two chats and the conversation with himself");
        assert!(now.iter().all(|(place, sealed)| thief.open(&Item::Checkpoint(*place), sealed).is_none()));
        let settings = world.network.server.honest.settings_of(account);
        assert!(!settings.is_empty());
        let slot = |setting: &Setting| Item::Setting(SlotId::from_bytes(setting.slot_id[..].try_into().unwrap()));
        assert!(settings.iter().all(|setting| thief.open(&slot(setting), &setting.sealed).is_none()));

        // For everybody else nothing has changed: the same identity, and the next device has everything.
        assert_eq!(world.engine(ben).identity(), identity);
        assert!(world.engine(ann).contact(account).unwrap().unwrap().new_identity.is_none());
        let next = world.sign_in("ben");
        world.calm_down();
        assert_eq!(world.texts(next, chat), ["before", "after", "from a tablet"], "seed {seed}");
        assert_eq!(world.texts(next, group), ["before", "after", "from a tablet"], "seed {seed}");
        assert!(world.engine(next).chat(chat).unwrap().unwrap().preferences.archived);
        world.check();
    }
}

#[test]
fn a_device_that_is_not_in_all_conversations_yet_renews_nothing_away() {
    let mut world = World::new(62, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    world.befriend(ann, ben);
    let groups: Vec<_> = (0..30).map(|_| world.found(ann, &[ben])).collect();
    for group in &groups {
        world.say(ann, *group, "before");
    }
    world.run_for(MINUTE);
    // The only device that was in them is lost, and the next one has hardly begun.
    let next = world.sign_in("ben");
    world.go_away(ben);
    world.revoke(next, ben);
    world.calm_down();
    assert_eq!(world.stand(next), VaultStand::Good);
    for group in &groups {
        world.say(ann, *group, "after");
    }
    world.calm_down();
    let last = world.sign_in("ben");
    world.calm_down();
    for group in groups {
        assert_eq!(world.texts(last, group), ["before", "after"]);
    }
}

#[test]
fn what_one_device_began_another_one_ends() {
    let mut world = World::new(63, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    let groups: Vec<_> = (0..30).map(|_| world.found(ann, &[ben])).collect();
    let lost = world.sign_in("ben");
    world.run_for(5 * MINUTE);
    world.revoke(ben, lost);
    while world.stand(ben) == VaultStand::Good {
        world.run_for(10);
    }
    while matches!(world.stand(ben), VaultStand::Renewing(left) if left > 20) {
        world.run_for(10);
    }
    world.go_away(ben);
    let next = world.sign_in("ben");
    world.run_for(20 * MINUTE);
    assert_eq!(world.stand(next), VaultStand::Good);
    let account = world.account(next);
    let honest = &world.network.server.honest;
    let vaults = honest.devices_of(account).len();
    assert_eq!(vaults, 3, "two devices and one vault device");
    for group in groups {
        let devices = honest.devices_in(group).into_iter().filter(|(of, _)| *of == account);
        assert!(devices.clone().all(|(_, device)| honest.devices_of(account).contains(&device)));
        assert_eq!(devices.count(), 3);
    }
    world.say(ann, chat, "welcome back");
    world.run_for(MINUTE);
    assert_eq!(world.texts(next, chat), ["welcome back"]);
}

#[test]
fn m25_what_has_expired_opens_with_no_key_that_still_exists() {
    let mut world = World::on_disk(64, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    world.befriend(ann, ben);
    let group = world.found(ann, &[ben]);
    let policy = Policy { retention: NonZeroU32::new(3_600), ..Policy::default_for(GroupKind::Group) };
    world.act(ann, "sets a time", |engine, moment| engine.set_policy(group, policy, moment)).unwrap();
    world.run_for(MINUTE);
    let tablet = world.sign_in("ben");
    world.run_for(MINUTE);
    world.say(ann, group, "for an hour");
    world.run_for(MINUTE);
    let account = world.account(ben);
    let recorded = world.network.server.honest.log(group);
    let of_now = |world: &mut World| {
        let (backup, kept) = (world.back_up(tablet), world.kept_for(account));
        let mut thief = Thief::of(&backup, account, &kept);
        thief.follow(world);
        recorded.iter().filter(|entry| thief.opens(group, entry)).count()
    };
    assert!(of_now(&mut world) > 0, "while it lasts, it can be read");

    for _ in 0..3 {
        world.run_for(25 * 60 * MINUTE);
        world.say(ann, group, "another day");
        for device in [ann, ben, tablet] {
            world.crash(device);
        }
        world.run_for(MINUTE);
        let now = world.network.now_ms();
        world.network.server.honest.prune(now);
    }
    assert_eq!(of_now(&mut world), 0);
    let next = world.sign_in("ben");
    world.run_for(MINUTE);
    assert_eq!(world.texts(next, group), ["another day"]);
    let ends = world.network.server.honest.log(group).len();
    world.run_for(10 * 24 * 60 * MINUTE);
    world.crash(ben);
    world.run_for(MINUTE);
    let commits = world.network.server.honest.log(group).len() - ends;
    assert!(commits <= 6, "a conversation in which nothing is said comes to rest: {commits}");
}
