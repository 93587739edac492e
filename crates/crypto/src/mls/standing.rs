//! Who is in a group, as far as roles and effects are concerned.

use std::collections::BTreeMap;

use sotto_proto::{AccountId, DeviceId};

use super::governance::{Governance, Role};
use crate::certificate::Purpose;
use crate::event::Sender;

/// A leaf of the group: one device of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// The account that the device belongs to.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// What the device is for.
    pub purpose: Purpose,
    /// The identity key that vouches for the device.
    pub identity: [u8; 32],
}

impl From<&Leaf> for Sender {
    fn from(leaf: &Leaf) -> Self {
        Self { account: leaf.account, device: leaf.device }
    }
}

/// The leaves of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The identity key that vouches for all of them.
    pub identity: [u8; 32],
    /// The devices.
    pub devices: BTreeMap<DeviceId, Purpose>,
}

/// The members of a group in one epoch, and what they agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The epoch.
    pub epoch: u64,
    /// The agreement.
    pub governance: Governance,
    /// The accounts that have at least one leaf.
    pub accounts: BTreeMap<AccountId, Seat>,
}

impl Standing {
    /// The role that `account` acts in, if it is a member.
    ///
    /// When no owner is left, as after the revocation of all its devices, the highest role that is present acts as owner, so
    /// that a conversation can always be run.
    pub fn role(&self, account: &AccountId) -> Option<Role> {
        self.accounts.contains_key(account).then(|| {
            let listed = self.governance.listed_role(account);
            if listed == self.highest_listed_role() { Role::Owner } else { listed }
        })
    }

    /// Whether `account` may post events.
    pub fn may_post(&self, account: &AccountId) -> bool {
        self.role(account) >= Some(self.governance.policy.post)
    }

    /// Whether `account` may change title and picture.
    pub fn may_rename(&self, account: &AccountId) -> bool {
        self.role(account) >= Some(self.governance.policy.rename)
    }

    /// Whether this very device is a member.
    pub fn has(&self, leaf: &Leaf) -> bool {
        self.accounts.get(&leaf.account).is_some_and(|seat| seat.devices.contains_key(&leaf.device))
    }

    /// All leaves, by account and device.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf> + '_ {
        self.accounts.iter().flat_map(|(account, seat)| seat.leaves_of(*account))
    }

    fn highest_listed_role(&self) -> Role {
        self.accounts.keys().map(|account| self.governance.listed_role(account)).max().unwrap_or(Role::Member)
    }
}

impl Seat {
    pub(super) fn leaves_of(&self, account: AccountId) -> impl Iterator<Item = Leaf> + '_ {
        let identity = self.identity;
        self.devices.iter().map(move |(device, purpose)| Leaf { account, device: *device, purpose: *purpose, identity })
    }
}

/// Why leaves cannot be in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeatError {
    /// Another identity key vouches for the account's devices already.
    #[error("two identity keys vouch for devices of account {0}")]
    AnotherIdentityKey(AccountId),
    /// The device has a leaf already.
    #[error("device {0} has a leaf already")]
    DeviceTwice(DeviceId),
    /// An account has one vault device.
    #[error("account {0} has a vault device in the group already")]
    SecondVault(AccountId),
}

/// Seats `leaf`, beside the other leaves of its account.
pub(super) fn seat(accounts: &mut BTreeMap<AccountId, Seat>, leaf: &Leaf) -> Result<(), SeatError> {
    let seat =
        accounts.entry(leaf.account).or_insert_with(|| Seat { identity: leaf.identity, devices: BTreeMap::new() });
    if seat.identity != leaf.identity {
        return Err(SeatError::AnotherIdentityKey(leaf.account));
    }
    if leaf.purpose == Purpose::Vault && seat.devices.values().any(|purpose| *purpose == Purpose::Vault) {
        return Err(SeatError::SecondVault(leaf.account));
    }
    match seat.devices.insert(leaf.device, leaf.purpose) {
        None => Ok(()),
        Some(_) => Err(SeatError::DeviceTwice(leaf.device)),
    }
}

/// Takes `leaf` away, and its account's seat with the last one. Says whether it was there.
pub(super) fn unseat(accounts: &mut BTreeMap<AccountId, Seat>, leaf: &Leaf) -> bool {
    let Some(seat) = accounts.get_mut(&leaf.account) else { return false };
    let was_there = seat.devices.remove(&leaf.device).is_some();
    if seat.devices.is_empty() {
        accounts.remove(&leaf.account);
    }
    was_there
}
