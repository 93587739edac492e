//! What people want to change in a conversation. An intent stands until the log shows that it is fulfilled or the rules say that it
//! cannot be: a commit that lost its race is simply made again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use bytes::Bytes;
use prost::Message as _;
use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::governance::{History, Policy, Role, VaultPolicy};
use sotto_crypto::mls::group::{Changes, Group, PendingCommit};
use sotto_crypto::mls::key_package::KeyPackage;
use sotto_crypto::mls::standing::Standing;
use sotto_crypto::mls::welcome;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, DeviceId, RequestId, wire};

use super::change::{Attempt, Change, Why};
use super::chat::{Chat, Membership, position_of};
use super::epochs::number_of;
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use super::verifying::known_key;
use crate::store::StoreError;

/// Something to be changed, as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Intent {
    #[prost(oneof = "Aim", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9")]
    pub(super) aim: Option<Aim>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Aim {
    #[prost(message, tag = "1")]
    Found(Accounts),
    #[prost(message, tag = "2")]
    Add(Accounts),
    #[prost(bytes = "vec", tag = "3")]
    Remove(Vec<u8>),
    #[prost(message, tag = "4")]
    Role(RoleAim),
    #[prost(message, tag = "5")]
    Policy(PolicyAim),
    #[prost(bool, tag = "6")]
    Leave(bool),
    /// Fulfilled by any epoch after this one.
    #[prost(uint64, tag = "7")]
    Renew(u64),
    #[prost(bytes = "vec", tag = "8")]
    RemoveDevice(Vec<u8>),
    #[prost(message, tag = "9")]
    Reopen(ReopenAim),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Accounts {
    #[prost(bytes = "vec", repeated, tag = "1")]
    ids: Vec<Vec<u8>>,
}

/// A group that a bad commit has broken goes on as the next generation.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReopenAim {
    #[prost(uint32, tag = "1")]
    pub(super) generation: u32,
    #[prost(uint64, tag = "2")]
    pub(super) refused_seq: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) offender: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RoleAim {
    #[prost(bytes = "vec", tag = "1")]
    account: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PolicyAim {
    #[prost(uint32, tag = "1")]
    add: u32,
    #[prost(uint32, tag = "2")]
    rename: u32,
    #[prost(uint32, tag = "3")]
    post: u32,
    #[prost(bool, tag = "4")]
    everything: bool,
    #[prost(bool, tag = "5")]
    no_vault: bool,
    #[prost(uint32, tag = "6")]
    retention: u32,
}

impl Accounts {
    fn of(accounts: &[AccountId]) -> Self {
        Self { ids: accounts.iter().map(|account| account.as_bytes().to_vec()).collect() }
    }

    fn iter(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.ids.iter().filter_map(|id| account(id))
    }
}

impl Intent {
    pub(super) fn found(accounts: &[AccountId]) -> Self {
        Self { aim: Some(Aim::Found(Accounts::of(accounts))) }
    }

    pub(super) fn add(accounts: &[AccountId]) -> Self {
        Self { aim: Some(Aim::Add(Accounts::of(accounts))) }
    }

    pub(super) fn remove(account: AccountId) -> Self {
        Self { aim: Some(Aim::Remove(account.as_bytes().to_vec())) }
    }

    pub(super) fn remove_device(device: DeviceId) -> Self {
        Self { aim: Some(Aim::RemoveDevice(device.as_bytes().to_vec())) }
    }

    pub(super) fn role(account: AccountId, role: Role) -> Self {
        Self { aim: Some(Aim::Role(RoleAim { account: account.as_bytes().to_vec(), role: number_of(role) })) }
    }

    pub(super) fn policy(policy: Policy) -> Self {
        Self {
            aim: Some(Aim::Policy(PolicyAim {
                add: number_of(policy.add),
                rename: number_of(policy.rename),
                post: number_of(policy.post),
                everything: policy.history == History::Everything,
                no_vault: policy.vault == VaultPolicy::Forbidden,
                retention: policy.retention.map_or(0, NonZeroU32::get),
            })),
        }
    }

    pub(super) fn leave() -> Self {
        Self { aim: Some(Aim::Leave(true)) }
    }

    pub(super) fn renew(epoch: u64) -> Self {
        Self { aim: Some(Aim::Renew(epoch)) }
    }

    pub(super) fn reopen(generation: u32, refused_seq: u64, offender: AccountId) -> Self {
        let offender = offender.as_bytes().to_vec();
        Self { aim: Some(Aim::Reopen(ReopenAim { generation, refused_seq, offender })) }
    }

    /// The accounts that it brings in.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        let accounts = match &self.aim {
            Some(Aim::Found(accounts) | Aim::Add(accounts)) => Some(accounts),
            _ => None,
        };
        accounts.into_iter().flat_map(Accounts::iter)
    }

    /// Whether the agreement is as it wants it to be.
    fn is_fulfilled(&self, standing: &Standing) -> bool {
        let is_member = |id: &[u8]| account(id).is_some_and(|account| standing.accounts.contains_key(&account));
        match &self.aim {
            Some(Aim::Found(_)) | None => true,
            Some(Aim::Add(accounts)) => accounts.ids.iter().all(|id| is_member(id)),
            Some(Aim::Remove(id)) => !is_member(id),
            Some(Aim::Role(aim)) => match account(&aim.account) {
                Some(account) => {
                    !is_member(&aim.account) || number_of(standing.governance.listed_role(&account)) == aim.role
                }
                None => true,
            },
            Some(Aim::Policy(aim)) => aim.policy() == standing.governance.policy,
            Some(Aim::Leave(_)) => false,
            Some(Aim::Renew(epoch)) => standing.epoch > *epoch,
            Some(Aim::Reopen(aim)) => standing.governance.generation > aim.generation,
            Some(Aim::RemoveDevice(id)) => {
                !standing.leaves().any(|leaf| leaf.device.as_bytes().as_slice() == id.as_slice())
            }
        }
    }

    /// What a commit has to change, where nobody has to be asked for key packages.
    fn changes(&self) -> Option<Changes> {
        Some(match self.aim.as_ref()? {
            Aim::Remove(id) => Changes::new().remove_account(account(id)?),
            Aim::Role(aim) => Changes::new().set_role(account(&aim.account)?, role_of(aim.role)),
            Aim::Policy(aim) => Changes::new().set_policy(aim.policy()),
            Aim::Renew(_) => Changes::new(),
            Aim::RemoveDevice(id) => Changes::new().remove_own_device(DeviceId::from_bytes(id[..].try_into().ok()?)),
            Aim::Found(_) | Aim::Add(_) | Aim::Leave(_) | Aim::Reopen(_) => return None,
        })
    }
}

impl PolicyAim {
    fn policy(&self) -> Policy {
        Policy {
            add: role_of(self.add),
            rename: role_of(self.rename),
            post: role_of(self.post),
            history: if self.everything { History::Everything } else { History::FromJoining },
            vault: if self.no_vault { VaultPolicy::Forbidden } else { VaultPolicy::Allowed },
            retention: NonZeroU32::new(self.retention),
        }
    }
}

impl Step<'_, '_> {
    pub(super) fn intend(&mut self, chat: &Chat, intent: &Intent) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT INTO intents (conversation, body) VALUES (?1, ?2)")?
            .execute(params![chat.number, intent.encode_to_vec()])?;
        self.revisit(chat.id);
        Ok(())
    }

    /// Before everything else that is wanted.
    pub(super) fn intend_first(&mut self, chat: &Chat, intent: &Intent) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO intents (number, conversation, body) SELECT coalesce(min(number), 1) - 1, ?1, ?2 FROM intents",
            )?
            .execute(params![chat.number, intent.encode_to_vec()])?;
        self.revisit(chat.id);
        Ok(())
    }

    pub(super) fn first_intent(&self, chat: &Chat) -> Result<Option<(i64, Intent)>, Mishap> {
        let row: Option<(i64, Vec<u8>)> = self
            .db
            .prepare_cached("SELECT number, body FROM intents WHERE conversation = ?1 ORDER BY number LIMIT 1")?
            .query_row([chat.number], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, body)) = row else { return Ok(None) };
        let intent = Intent::decode(body.as_slice()).map_err(|_| Mishap::Bad("a stored intent"))?;
        Ok(Some((number, intent)))
    }

    pub(super) fn drop_intent(&mut self, number: i64) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM intents WHERE number = ?1")?.execute([number])?;
        Ok(())
    }

    /// Works on the first intent that is not fulfilled. Says whether a call was decided on.
    pub(super) fn pursue(&mut self, chat: &mut Chat, group: &mut Group) -> Result<bool, Mishap> {
        while let Some((number, intent)) = self.first_intent(chat)? {
            let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
            if intent.is_fulfilled(&standing) {
                self.drop_intent(number)?;
                continue;
            }
            let done = match &intent.aim {
                Some(Aim::Leave(_)) => self.propose_leaving(chat, group)?,
                Some(Aim::Reopen(aim)) => {
                    let suite = group.suite().map_err(|_| Mishap::Bad("the suite"))?.number();
                    self.claim(chat, &aim.remaining(&standing), suite)?;
                    true
                }
                Some(Aim::Add(_)) => {
                    let missing: Vec<_> =
                        intent.accounts().filter(|account| !standing.accounts.contains_key(account)).collect();
                    self.claim(chat, &missing, group.suite().map_err(|_| Mishap::Bad("the suite"))?.number())?;
                    true
                }
                _ => match intent.changes() {
                    Some(changes) => self.commit(chat, group, changes)?,
                    None => false,
                },
            };
            if done {
                return Ok(true);
            }
            self.drop_intent(number)?;
            match intent.aim {
                Some(Aim::Leave(_)) => self.fail(Attempt::Leave(chat.id), self.why_it_stays(&standing)?),
                _ => self.fail(Attempt::Change(chat.id), Why::NotAllowed),
            }
        }
        Ok(false)
    }

    /// Why the rules keep an account in a group (docs/PROTOCOL.md, 7.4, R11).
    fn why_it_stays(&self, standing: &Standing) -> Result<Why, Mishap> {
        let own = self.account()?.id;
        let owners = standing.accounts.keys().filter(|account| standing.governance.listed_role(account) == Role::Owner);
        let is_only_owner = standing.accounts.len() > 1 && owners.eq([&own]);
        Ok(if is_only_owner { Why::OnlyOwner } else { Why::NotAllowed })
    }

    /// Makes a commit and decides to send it. False if the rules do not allow it.
    pub(super) fn commit(&mut self, chat: &mut Chat, group: &mut Group, changes: Changes) -> Result<bool, Mishap> {
        Ok(self.commit_with(chat, group, changes)?.is_some())
    }

    /// As [`Step::commit`]; gives the Welcomes of those who are added.
    pub(super) fn commit_with(
        &mut self,
        chat: &mut Chat,
        group: &mut Group,
        changes: Changes,
    ) -> Result<Option<Vec<Bytes>>, Mishap> {
        let position = position_of(group)?;
        let Ok(pending) = group.commit(changes, self.now(), &mut self.moment.rng) else { return Ok(None) };
        let welcomes = welcomes_of(&pending)?;
        let request = wire::CommitRequest {
            conversation_id: chat.id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            welcomes: welcomes.clone(),
            commit: pending.commit.into(),
        };
        self.call(Lane::Log(chat.id), &request)?;
        Ok(Some(welcomes))
    }

    pub(super) fn claim(&mut self, chat: &Chat, accounts: &[AccountId], suite: u16) -> Result<(), StoreError> {
        let request = wire::ClaimKeyPackagesRequest {
            request_id: RequestId::from_bytes(self.moment.random()).to_wire(),
            account_ids: accounts.iter().map(|account| account.to_wire()).collect(),
            cipher_suite: suite.into(),
        };
        self.call(Lane::Log(chat.id), &request)
    }

    /// The key packages that were claimed, each checked against what is known of its account.
    pub(super) fn checked(
        &mut self,
        reply: wire::ClaimKeyPackagesResponse,
    ) -> Result<Result<Vec<KeyPackage>, Why>, Mishap> {
        let now = self.now();
        let mut packages: Vec<KeyPackage> = Vec::new();
        for claimed in reply.accounts {
            let keys = claimed.keys.ok_or(Mishap::Bad("keys"))?;
            let account = self.take_keys(&keys)?;
            let known = known_key(self.db, account)?;
            for package in claimed.key_packages {
                // A package that does not keep the rules is as good as none: a device that nobody vouches for, or that was revoked, is not
                // added.
                let Ok(package) = KeyPackage::parse(&package.key_package, now) else { continue };
                if package.leaf().account != account || is_revoked(&package, &keys.revocations) {
                    continue;
                }
                if Some(package.leaf().identity) != known {
                    return Ok(Err(Why::KeyChanged(account)));
                }
                packages.push(package);
            }
        }
        keep_newest_vaults(&mut packages);
        Ok(Ok(packages))
    }

    /// Adds those whose key packages came.
    pub(super) fn add_claimed(
        &mut self,
        chat: &mut Chat,
        asked: &wire::ClaimKeyPackagesRequest,
        reply: wire::ClaimKeyPackagesResponse,
    ) -> Result<(), Mishap> {
        let Some((number, intent)) = self.first_intent(chat)? else { return Ok(()) };
        let packages = match self.checked(reply)? {
            Ok(packages) => packages,
            Err(why) => {
                self.drop_intent(number)?;
                self.fail(Attempt::Change(chat.id), why);
                return Ok(());
            }
        };
        let reached = |id: &Bytes| packages.iter().any(|package| package.leaf().account.to_wire() == *id);
        if !matches!(intent.aim, Some(Aim::Reopen(_))) && !asked.account_ids.iter().all(reached) {
            self.drop_intent(number)?;
            self.fail(Attempt::Change(chat.id), Why::NobodyThere);
            return Ok(());
        }
        if let Some(Aim::Reopen(aim)) = &intent.aim {
            return self.reopen(chat, aim, packages);
        }
        let Some(mut group) = self.take_group(chat)? else { return Ok(()) };
        let changes = packages.into_iter().fold(Changes::new(), Changes::add_device);
        if self.commit(chat, &mut group, changes)? {
            return self.put_group(chat, group);
        }
        self.return_group(chat, group);
        self.drop_intent(number)?;
        self.fail(Attempt::Change(chat.id), Why::NotAllowed);
        Ok(())
    }

    /// The server did not take a commit. Whoever lost a race decides again; who broke a rule gives up.
    pub(super) fn commit_refused(&mut self, chat: &mut Chat, failure: &Failure) -> Result<(), Mishap> {
        if let Some(mut group) = self.take_group(chat)? {
            group.discard_pending();
            self.put_group(chat, group)?;
        }
        let Failure::Refused(detail) = failure else { return Ok(()) };
        let code = ErrorCode::of(detail);
        let was_succession = self.vault_commit_failed(chat, code != ErrorCode::EpochConflict)?;
        if code == ErrorCode::EpochConflict {
            let last = detail.position.as_ref().map_or(0, |position| position.last_seq);
            chat.server_seq = chat.server_seq.max(last);
            chat.server_epoch = detail.position.as_ref().map_or(chat.server_epoch, |position| position.epoch);
            return Ok(());
        }
        let wanted = self.first_intent(chat)?.filter(|_| !was_succession);
        if let Some((number, _)) = wanted {
            self.drop_intent(number)?;
        }
        if code == ErrorCode::NotFound {
            chat.membership = Membership::Former;
        }
        self.fail(Attempt::Change(chat.id), Why::Refused(code));
        self.tell(Change::Members(chat.id));
        Ok(())
    }

    fn propose_leaving(&mut self, chat: &Chat, group: &Group) -> Result<bool, Mishap> {
        let position = position_of(group)?;
        let Ok(proposals) = group.leave() else { return Ok(false) };
        let request = wire::LeaveRequest {
            conversation_id: chat.id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            proposals: proposals.into_iter().map(Bytes::from).collect(),
        };
        self.call(Lane::Log(chat.id), &request)?;
        Ok(true)
    }
}

/// While one vault device takes the places of another, an account has two; in a group there is room for one.
fn keep_newest_vaults(packages: &mut Vec<KeyPackage>) {
    let mut newest = BTreeMap::new();
    for claims in packages.iter().map(|package| package.device().claims()) {
        if claims.purpose == Purpose::Vault {
            let latest = newest.entry(claims.account).or_insert((claims.issued, claims.device));
            *latest = (*latest).max((claims.issued, claims.device));
        }
    }
    packages.retain(|package| {
        let claims = package.device().claims();
        claims.purpose != Purpose::Vault || newest.get(&claims.account) == Some(&(claims.issued, claims.device))
    });
}

fn is_revoked(package: &KeyPackage, revocations: &[Bytes]) -> bool {
    let revocations = revocations.iter().filter_map(|bytes| DeviceRevocation::decode(bytes).ok());
    revocations.into_iter().any(|revocation| revocation.verify(package.device()).is_ok())
}

pub(super) fn welcomes_of(pending: &PendingCommit) -> Result<Vec<Bytes>, Mishap> {
    let split = pending.welcome.as_deref().map(welcome::split).transpose();
    let split = split.map_err(|_| Mishap::Bad("a Welcome of our own"))?.unwrap_or_default();
    Ok(split.into_iter().map(Bytes::from).collect())
}

fn account(id: &[u8]) -> Option<AccountId> {
    id.try_into().ok().map(AccountId::from_bytes)
}

fn role_of(number: u32) -> Role {
    match number {
        0 => Role::Member,
        1 => Role::Admin,
        _ => Role::Owner,
    }
}
