//! What the server has of an account.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};
use sotto_proto::{AccountId, ConversationId, DeviceId, SlotId};

use super::factor::Factor;
use super::keys::Package;
use super::{Fault, Model};

/// An account. What was deleted leaves its id, and nothing else.
#[derive(Clone, Default)]
pub(super) struct Account {
    /// Digest of the registration: the same again is no error.
    pub(super) registration: [u8; 32],
    pub(super) created_at: u64,
    pub(super) deleted: bool,
    pub(super) user_name: String,
    pub(super) email: Option<String>,
    pub(super) identity_key: Vec<u8>,
    pub(super) keys_version: u64,
    pub(super) devices: Vec<Device>,
    pub(super) login: wire::LoginRecord,
    pub(super) factor: Factor,
    pub(super) reset: Option<Reset>,
    pub(super) vault: wire::Vault,
    pub(super) checkpoints: BTreeMap<ConversationId, wire::Checkpoint>,
    pub(super) settings: BTreeMap<SlotId, wire::Setting>,
    pub(super) settings_change: u64,
    pub(super) blocks: BTreeSet<AccountId>,
    pub(super) welcomes: Vec<Welcome>,
    pub(super) notices: BTreeMap<(i32, AccountId), Notice>,
    /// Number of the account's last change.
    pub(super) change: u64,
}

/// A device that was certified.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) is_vault: bool,
    pub(super) key: [u8; 32],
    pub(super) certificate: Bytes,
    pub(super) sealed_name: Bytes,
    pub(super) added_at: u64,
    pub(super) last_used_at: u64,
    /// When, and by which revocation.
    pub(super) revoked: Option<(u64, Bytes)>,
    pub(super) packages: Vec<Package>,
}

/// A reset that waits.
#[derive(Clone, Copy)]
pub(super) struct Reset {
    pub(super) device: DeviceId,
    pub(super) ready_at: u64,
}

/// A Welcome that waits.
#[derive(Clone)]
pub(super) struct Welcome {
    pub(super) change: u64,
    pub(super) message: wire::WaitingWelcome,
}

/// A change about accounts; a later one of the same kind takes its place.
#[derive(Clone, Copy)]
pub(super) struct Notice {
    version: u64,
    change: u64,
}

/// Who is found by which name.
#[derive(Clone, Default)]
pub(super) struct Names(BTreeMap<String, Held>);

#[derive(Clone)]
struct Held {
    skeleton: String,
    account: AccountId,
    is_email: bool,
    /// Until when nobody else gets it, once its account has given it up.
    until: Option<u64>,
}

impl Device {
    pub(super) fn new(id: DeviceId, is_vault: bool, key: [u8; 32], certificate: Bytes, now: u64) -> Self {
        Self {
            id,
            is_vault,
            key,
            certificate,
            sealed_name: Bytes::new(),
            added_at: now,
            last_used_at: 0,
            revoked: None,
            packages: Vec::new(),
        }
    }
}

impl Account {
    pub(super) fn next_change(&mut self) -> u64 {
        self.change += 1;
        self.change
    }

    /// Leaves a notice about an account for this one's devices.
    pub(super) fn note(&mut self, kind: AccountNoticeKind, subject: AccountId, version: u64) {
        let change = self.next_change();
        self.notices.insert((kind.into(), subject), Notice { version, change });
    }

    /// Notices after a change number, each with its own.
    pub(super) fn notices_after(&self, after: u64) -> Vec<(u64, wire::AccountNotice)> {
        let news = self.notices.iter().filter(|(_, notice)| notice.change > after);
        let news = news.map(|((kind, subject), notice)| {
            let account_id = subject.to_wire();
            (notice.change, wire::AccountNotice { kind: *kind, account_id, version: notice.version })
        });
        let mut news: Vec<_> = news.collect();
        news.sort_by_key(|(change, _)| *change);
        news
    }

    pub(super) fn devices_in_force(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.revoked.is_none())
    }

    pub(super) fn device_mut(&mut self, id: DeviceId) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.id == id && device.revoked.is_none())
    }

    /// None, one, or two while one takes the places of the other.
    pub(super) fn vault_devices(&self) -> Vec<DeviceId> {
        self.devices_in_force().filter(|device| device.is_vault).map(|device| device.id).collect()
    }

    /// The devices whose Welcomes concern a caller: its own, and the account's vault devices.
    pub(super) fn devices_served(&self, caller: DeviceId) -> Vec<DeviceId> {
        [caller].into_iter().chain(self.vault_devices()).collect()
    }
}

impl Model {
    pub(super) fn account(&self, id: AccountId) -> Result<&Account, Fault> {
        let account = self.accounts.get(&id).filter(|account| !account.deleted);
        account.ok_or_else(|| ErrorCode::NotFound.into())
    }

    pub(super) fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Fault> {
        let account = self.accounts.get_mut(&id).filter(|account| !account.deleted);
        account.ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Tells an account's own devices.
    pub(super) fn note_own(&mut self, account: AccountId, kind: AccountNoticeKind) {
        if let Ok(state) = self.account_mut(account) {
            state.note(kind, account, 0);
        }
    }
}

impl Names {
    /// Whether an account may have a name.
    pub(super) fn check(&self, name: &str, skeleton: &str, account: AccountId, now: u64) -> Result<(), ErrorCode> {
        let in_the_way = |held: &Held| held.until.is_none_or(|until| until > now && held.account != account);
        if self.0.get(name).is_some_and(in_the_way) {
            return Err(ErrorCode::NameTaken);
        }
        let alike = self.0.values().filter(|held| held.skeleton == skeleton).any(in_the_way);
        if alike { Err(ErrorCode::NameNotAllowed) } else { Ok(()) }
    }

    pub(super) fn take(&mut self, name: &str, skeleton: String, account: AccountId, is_email: bool) {
        self.0.insert(name.to_owned(), Held { skeleton, account, is_email, until: None });
    }

    /// Gives a name up; it stays held for its account for a while.
    pub(super) fn hold(&mut self, name: &str, until: u64) {
        if let Some(held) = self.0.get_mut(name) {
            held.until = Some(until);
        }
    }

    pub(super) fn free(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The account that logs in by a name.
    pub(super) fn find(&self, name: &str) -> Option<AccountId> {
        self.0.get(name).filter(|held| held.until.is_none()).map(|held| held.account)
    }

    /// The account that is found by a user name.
    pub(super) fn find_user(&self, name: &str) -> Option<AccountId> {
        self.0.get(name).filter(|held| held.until.is_none() && !held.is_email).map(|held| held.account)
    }
}
