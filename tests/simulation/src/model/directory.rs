//! Who accounts are, to others and to themselves; their names, and whom they block.

use sotto_crypto::identity::IdentityPublicKey;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};
use sotto_proto::{AccountId, Email, Invalid, Reason, UserName, limits};

use super::account::{Account, Device};
use super::auth::check_reserved;
use super::conversation::Conversation;
use super::fields;
use super::gate::Session;
use super::reset::NAME_HELD;
use super::{Fault, Model, Moment};

const ACCOUNTS_AT_ONCE: usize = 100;
const REVOCATIONS_MAX: usize = 100;
const BLOCKED_A_PAGE: usize = 1_000;

impl Model {
    pub(super) fn look_up_user(
        &mut self,
        _: &Session,
        request: wire::LookUpUserRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::LookUpUserResponse, Fault> {
        let name = UserName::parse("user_name", &request.user_name)?;
        let account = self.names.find_user(name.as_str()).ok_or(ErrorCode::NotFound)?;
        Ok(wire::LookUpUserResponse { keys: self.keys_of(account) })
    }

    pub(super) fn get_account_keys(
        &mut self,
        _: &Session,
        request: wire::GetAccountKeysRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::GetAccountKeysResponse, Fault> {
        fields::counted("accounts", request.accounts.len(), 1, ACCOUNTS_AT_ONCE)?;
        let mut accounts = Vec::new();
        for known in request.accounts {
            let keys = self.keys_of(AccountId::parse("accounts.account_id", &known.account_id)?);
            accounts.extend(keys.filter(|keys| keys.version != known.known_version));
        }
        Ok(wire::GetAccountKeysResponse { accounts })
    }

    pub(super) fn get_own_account(
        &mut self,
        caller: &Session,
        _: wire::GetOwnAccountRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::GetOwnAccountResponse, Fault> {
        let account = self.account(caller.account)?;
        Ok(wire::GetOwnAccountResponse {
            keys: self.keys_of(caller.account),
            email: account.email.clone().unwrap_or_default(),
            totp_enabled: account.factor.is_on(),
            backup_codes_left: u32::try_from(account.factor.codes_left()).unwrap_or(u32::MAX),
            vault_version: account.vault.version,
            storage_used: 0,
            storage_quota: limits::NUMBER_MAX,
            created_at_ms: account.created_at,
            reset_ready_at_ms: account.reset.map_or(0, |reset| reset.ready_at),
            suspended: false,
            admin: false,
        })
    }

    pub(super) fn change_user_name(
        &mut self,
        caller: &Session,
        request: wire::ChangeUserNameRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ChangeUserNameResponse, Fault> {
        let name = UserName::parse("user_name", &request.user_name)?;
        check_reserved(&name)?;
        let former = self.account(caller.account)?.user_name.clone();
        if former == name.as_str() {
            return Ok(wire::ChangeUserNameResponse {});
        }
        self.names.hold(&former, at.now + NAME_HELD);
        if let Err(taken) = self.names.check(name.as_str(), &name.skeleton(), caller.account, at.now) {
            let skeleton = UserName::parse("user_name", &former)?.skeleton();
            self.names.take(&former, skeleton, caller.account, false);
            return Err(taken.into());
        }
        self.names.take(name.as_str(), name.skeleton(), caller.account, false);
        name.as_str().clone_into(&mut self.account_mut(caller.account)?.user_name);
        self.keys_changed(caller.account);
        Ok(wire::ChangeUserNameResponse {})
    }

    pub(super) fn change_email(
        &mut self,
        caller: &Session,
        request: wire::ChangeEmailRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ChangeEmailResponse, Fault> {
        let email = match request.email.as_str() {
            "" => None,
            text => Some(Email::parse("email", text)?.as_str().to_owned()),
        };
        let former = self.account(caller.account)?.email.clone();
        if former != email {
            if let Some(email) = &email {
                self.names.check(email, email, caller.account, at.now)?;
                self.names.take(email, email.clone(), caller.account, true);
            }
            if let Some(former) = former {
                self.names.free(&former);
            }
            self.account_mut(caller.account)?.email = email;
        }
        self.note_own(caller.account, AccountNoticeKind::Login);
        Ok(wire::ChangeEmailResponse {})
    }

    pub(super) fn block_account(
        &mut self,
        caller: &Session,
        request: wire::BlockAccountRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::BlockAccountResponse, Fault> {
        let blocked = AccountId::parse("account_id", &request.account_id)?;
        if blocked == caller.account {
            return Err(Invalid::new("account_id", Reason::Malformed("is the caller's own")).into());
        }
        let blocks = &mut self.account_mut(caller.account)?.blocks;
        if blocks.len() >= limits::BLOCKED_MAX && !blocks.contains(&blocked) {
            return Err(Fault::limit("BLOCKED_MAX", limits::BLOCKED_MAX));
        }
        blocks.insert(blocked);
        Ok(wire::BlockAccountResponse {})
    }

    pub(super) fn unblock_account(
        &mut self,
        caller: &Session,
        request: wire::UnblockAccountRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::UnblockAccountResponse, Fault> {
        let blocked = AccountId::parse("account_id", &request.account_id)?;
        self.account_mut(caller.account)?.blocks.remove(&blocked);
        Ok(wire::UnblockAccountResponse {})
    }

    pub(super) fn list_blocked(
        &mut self,
        caller: &Session,
        request: wire::ListBlockedRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ListBlockedResponse, Fault> {
        let after = fields::optional(&request.after_account_id, |bytes| AccountId::parse("after_account_id", bytes))?;
        let blocks = &self.account(caller.account)?.blocks;
        let mut rest = blocks.iter().filter(|blocked| after.is_none_or(|after| **blocked > after));
        let account_ids = rest.by_ref().take(BLOCKED_A_PAGE).map(|blocked| blocked.to_wire()).collect();
        Ok(wire::ListBlockedResponse { account_ids, more: rest.next().is_some() })
    }

    /// Of a deleted account only the version is left.
    pub(super) fn keys_of(&self, id: AccountId) -> Option<wire::AccountKeys> {
        self.accounts.get(&id).map(|account| wire::AccountKeys {
            account_id: id.to_wire(),
            user_name: account.user_name.clone(),
            identity_key: account.identity_key.clone().into(),
            version: account.keys_version,
            certificates: certificates(account),
            revocations: revocations(account),
        })
    }

    /// The key that the account's certificates verify under.
    pub(super) fn identity_of(&self, id: AccountId) -> Result<IdentityPublicKey, Fault> {
        let key = fields::fixed("identity_key", &self.account(id)?.identity_key)?;
        Ok(IdentityPublicKey::from_bytes(&key).map_err(|_| ErrorCode::Internal)?)
    }

    /// Moves the version of an account's keys, and tells its contacts and its own devices.
    pub(super) fn keys_changed(&mut self, id: AccountId) {
        let Ok(account) = self.account_mut(id) else { return };
        account.keys_version += 1;
        let version = account.keys_version;
        self.remember_keys(id);
        let shared = self.conversations.values().filter(|conversation| conversation.has_present(id));
        let contacts: std::collections::BTreeSet<_> = shared.flat_map(Conversation::present).chain([id]).collect();
        for contact in contacts {
            if let Ok(account) = self.account_mut(contact) {
                account.note(AccountNoticeKind::Keys, id, version);
            }
        }
    }

    /// Which of some accounts block another one.
    pub(super) fn blocked_by(&self, by: &[AccountId], account: AccountId) -> Vec<AccountId> {
        let blocks = |id: &&AccountId| self.accounts.get(id).is_some_and(|other| other.blocks.contains(&account));
        by.iter().filter(blocks).copied().collect()
    }

    /// Whether two accounts share a conversation that neither has yet to accept.
    pub(super) fn acquainted(&self, one: AccountId, other: AccountId) -> bool {
        self.conversations.values().any(|conversation| conversation.listens(one) && conversation.listens(other))
    }
}

fn certificates(account: &Account) -> Vec<bytes::Bytes> {
    let mut devices: Vec<&Device> = account.devices_in_force().collect();
    devices.sort_by_key(|device| (device.added_at, device.id));
    devices.into_iter().map(|device| device.certificate.clone()).collect()
}

fn revocations(account: &Account) -> Vec<bytes::Bytes> {
    let mut revoked: Vec<_> = account.devices.iter().filter_map(|device| device.revoked.clone()).collect();
    revoked.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    revoked.into_iter().map(|(_, revocation)| revocation).take(REVOCATIONS_MAX).collect()
}
