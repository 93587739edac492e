//! What opens the events of an epoch, and who was a member in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use prost::Message as _;
use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::event::Sender;
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::mls::governance::{History, Role};
use sotto_crypto::mls::group::Group;
use sotto_crypto::primitives::sha256;
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_proto::{AccountId, Epoch, Generation, GroupPosition};

use super::chat::{Chat, position_of};
use super::step::{Mishap, Step};
use crate::store::StoreError;
use crate::timeline::Standing;

/// The members of an epoch: the keys by which they sign, and what they may do.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Roster {
    #[prost(message, repeated, tag = "1")]
    members: Vec<Member>,
    /// The lowest roles that may post and rename: 0 member, 1 admin, 2 owner.
    #[prost(uint32, tag = "2")]
    post: u32,
    #[prost(uint32, tag = "3")]
    rename: u32,
    /// After how many seconds events disappear; 0 for never.
    #[prost(uint32, tag = "4")]
    pub(super) retention: u32,
    /// Whether newcomers read everything, and the lowest role that may bring them in.
    #[prost(bool, tag = "5")]
    pub(super) open: bool,
    #[prost(uint32, tag = "6")]
    add: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Member {
    #[prost(bytes = "vec", tag = "1")]
    account: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
    #[prost(message, repeated, tag = "3")]
    devices: Vec<Device>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Device {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
}

/// An epoch that can be read.
pub(super) struct Readable {
    pub(super) secret: EpochSecret,
    pub(super) roster: Roster,
    /// Whether another member passed it on, whose word it is.
    pub(super) given: bool,
    /// The keys that were asked for: to decode one takes half as long as to verify a signature by it.
    keys: RefCell<BTreeMap<Sender, Option<DevicePublicKey>>>,
}

impl Readable {
    pub(super) fn key_of(&self, sender: Sender) -> Option<DevicePublicKey> {
        *self.keys.borrow_mut().entry(sender).or_insert_with(|| self.roster.key_of(sender))
    }
}

impl Roster {
    pub(super) fn of(group: &Group) -> Result<Self, Mishap> {
        let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        let keys = group.member_keys().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        let policy = standing.governance.policy;
        let mut roster = Self {
            members: Vec::new(),
            post: number_of(policy.post),
            rename: number_of(policy.rename),
            retention: policy.retention.map_or(0, NonZeroU32::get),
            open: policy.history == History::Everything,
            add: number_of(policy.add),
        };
        for (sender, key) in keys {
            roster.seat(sender, &key, number_of(standing.role(&sender.account).unwrap_or(Role::Member)));
        }
        Ok(roster)
    }

    /// One with nobody in it, of an epoch that somebody passes on: with it came everything that was passed on in that epoch.
    pub(super) fn with_rules(post: u32, rename: u32) -> Self {
        Self { post, rename, ..Self::default() }
    }

    /// Adds a device. They come in the order of their accounts.
    pub(super) fn seat(&mut self, sender: Sender, key: &DevicePublicKey, role: u32) {
        let Sender { account, device } = sender;
        let device = Device { id: device.as_bytes().to_vec(), key: key.as_bytes().to_vec() };
        match self.members.last_mut().filter(|member| member.account == account.as_bytes()) {
            Some(member) => member.devices.push(device),
            None => {
                self.members.push(Member { account: account.as_bytes().to_vec(), role, devices: vec![device] });
            }
        }
    }

    /// All devices with the roles of their accounts, by the keys with which they sign.
    pub(super) fn devices(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.members.iter().flat_map(|member| member.devices.iter().map(|device| (device.key.as_slice(), member.role)))
    }

    /// The lowest roles that may post and rename.
    pub(super) const fn rules(&self) -> (u32, u32) {
        (self.post, self.rename)
    }

    /// Whether an account may pass on to newcomers what was said before them.
    pub(super) fn may_hand_over(&self, account: AccountId) -> bool {
        self.open && self.member(account).is_some_and(|member| member.role >= self.add)
    }

    fn key_of(&self, sender: Sender) -> Option<DevicePublicKey> {
        let member = self.member(sender.account)?;
        let device = member.devices.iter().find(|device| device.id == sender.device.as_bytes())?;
        DevicePublicKey::from_bytes(device.key.as_slice().try_into().ok()?).ok()
    }

    /// What an account might do.
    pub(super) fn standing_of(&self, account: AccountId) -> Standing {
        match self.member(account).map_or(0, |member| member.role) {
            0 => Standing::Member,
            1 => Standing::Admin,
            _ => Standing::Owner,
        }
    }

    pub(super) fn may_post(&self, account: AccountId) -> bool {
        self.member(account).is_some_and(|member| member.role >= self.post)
    }

    pub(super) fn may_rename(&self, account: AccountId) -> bool {
        self.member(account).is_some_and(|member| member.role >= self.rename)
    }

    /// All accounts with their roles.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (AccountId, Standing)> + '_ {
        let ids = self.members.iter().filter_map(|member| member.account.as_slice().try_into().ok());
        ids.map(AccountId::from_bytes).map(|account| (account, self.standing_of(account)))
    }

    pub(super) fn has(&self, account: AccountId) -> bool {
        self.member(account).is_some()
    }

    fn member(&self, account: AccountId) -> Option<&Member> {
        self.members.iter().find(|member| member.account == account.as_bytes())
    }
}

impl Step<'_, '_> {
    /// Remembers what opens the epoch in which a group is.
    pub(super) fn keep_epoch(&mut self, chat: &Chat, group: &Group) -> Result<GroupPosition, Mishap> {
        let position = position_of(group)?;
        let is_new = self.keep_readable(chat, position, &group.epoch_secret()?, &Roster::of(group)?, false)?;
        if is_new {
            let certificates = group.member_certificates().map_err(|_| Mishap::Bad("the agreement on keys"))?;
            certificates.iter().try_for_each(|certificate| self.keep_certificate(certificate))?;
        }
        Ok(position)
    }

    /// Notes when the epochs before a commit ended, and whether nothing was said in them.
    pub(super) fn end_epochs(&mut self, chat: &Chat, at_ms: u64, quiet: bool) -> Result<(), Mishap> {
        self.db
            .prepare_cached("UPDATE epochs SET ended_ms = ?2, quiet = ?3 WHERE conversation = ?1 AND ended_ms = 0")?
            .execute(params![chat.number, at_ms, quiet])?;
        Ok(())
    }

    /// What was given is replaced by what this device finds out itself. Says whether the roster is one that was not met before.
    pub(super) fn keep_readable(
        &mut self,
        chat: &Chat,
        position: GroupPosition,
        secret: &EpochSecret,
        roster: &Roster,
        given: bool,
    ) -> Result<bool, Mishap> {
        let body = roster.encode_to_vec();
        let digest = sha256(&[&body]);
        let fresh = self
            .db
            .prepare_cached("INSERT INTO rosters (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING")?
            .execute(params![digest, body])?;
        self.db
            .prepare_cached(
                "INSERT INTO epochs (conversation, generation, epoch, secret, roster, given)
                 SELECT ?1, ?2, ?3, ?4, number, ?6 FROM rosters WHERE digest = ?5
                 ON CONFLICT (conversation, generation, epoch)
                 DO UPDATE SET secret = excluded.secret, roster = excluded.roster, given = 0
                 WHERE given = 1 AND excluded.given = 0",
            )?
            .execute(params![
                chat.number,
                position.generation.get(),
                position.epoch.get(),
                secret.expose_secret(),
                digest,
                given,
            ])?;
        Ok(fresh > 0)
    }

    /// Forgets an epoch that was given and proved to be a lie, so that somebody else can tell the truth.
    pub(super) fn forget_given(&mut self, chat: &Chat, position: GroupPosition) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "DELETE FROM epochs WHERE conversation = ?1 AND generation = ?2 AND epoch = ?3 AND given = 1",
            )?
            .execute(params![chat.number, position.generation.get(), position.epoch.get()])?;
        Ok(())
    }

    pub(super) fn keep_certificate(&mut self, certificate: &DeviceCertificate) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT OR IGNORE INTO certificates (device_key, certificate) VALUES (?1, ?2)")?
            .execute(params![certificate.claimed_key().as_bytes(), certificate.encode()])?;
        Ok(())
    }

    /// The certificate of a device that was a member once.
    pub(super) fn certificate_of(&self, device_key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .db
            .prepare_cached("SELECT certificate FROM certificates WHERE device_key = ?1")?
            .query_row([device_key], |row| row.get(0))
            .optional()?)
    }

    /// What opens an epoch, if this device is entitled to it.
    pub(super) fn readable(&self, chat: &Chat, position: GroupPosition) -> Result<Option<Readable>, Mishap> {
        let row: Option<([u8; 32], Vec<u8>, bool)> = self
            .db
            .prepare_cached(
                "SELECT secret, body, given FROM epochs JOIN rosters ON number = roster
                 WHERE conversation = ?1 AND generation = ?2 AND epoch = ?3",
            )?
            .query_row(params![chat.number, position.generation.get(), position.epoch.get()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((secret, body, given)) = row else { return Ok(None) };
        let secret = Secret::copy_from(&secret).ok_or(Mishap::Bad("a stored secret"))?;
        let roster = Roster::decode(body.as_slice()).map_err(|_| Mishap::Bad("a stored roster"))?;
        let keys = RefCell::default();
        Ok(Some(Readable { secret: EpochSecret::from_secret(secret), roster, given, keys }))
    }

    /// Whether a position is beyond all epochs that can be read.
    pub(super) fn is_ahead(&self, chat: &Chat, position: GroupPosition) -> Result<bool, StoreError> {
        let known = self
            .db
            .prepare_cached(
                "SELECT 1 FROM epochs WHERE conversation = ?1 AND (generation > ?2 OR (generation = ?2 AND epoch >= ?3))",
            )?
            .exists(params![chat.number, position.generation.get(), position.epoch.get()])?;
        Ok(!known)
    }

    /// All epochs that can be read, in their order.
    pub(super) fn all_readable(&self, chat: &Chat) -> Result<Vec<(GroupPosition, Readable)>, Mishap> {
        let mut all = Vec::new();
        for position in self.readable_positions(chat)? {
            all.extend(self.readable(chat, position)?.map(|readable| (position, readable)));
        }
        Ok(all)
    }

    pub(super) fn readable_positions(&self, chat: &Chat) -> Result<Vec<GroupPosition>, StoreError> {
        let rows = self
            .db
            .prepare_cached("SELECT generation, epoch FROM epochs WHERE conversation = ?1 ORDER BY generation, epoch")?
            .query_map([chat.number], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u64>(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let position = |(generation, epoch)| {
            Some(GroupPosition { generation: Generation::new(generation)?, epoch: Epoch::new(epoch)? })
        };
        Ok(rows.into_iter().filter_map(position).collect())
    }
}

pub(super) const fn number_of(role: Role) -> u32 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}
