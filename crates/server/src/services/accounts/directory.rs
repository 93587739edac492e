//! Who accounts are, to others and to themselves.

use sotto_crypto::identity::IdentityPublicKey;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, UserName, limits};

use crate::services::fields::{check_count, check_range};
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{AccountKeys, Session};

/// Names asked for in vain count as well: there is no other way to find out who is here.
pub(super) const LOOK_UPS: Rate = Rate::per_hour("LookUpUser", 60);
const ACCOUNTS_READ: Rate = Rate::per_hour("GetAccountKeys", 10_000);
const ACCOUNTS_AT_ONCE: usize = 100;

/// Whether the account blocks the caller makes no difference.
pub(super) async fn look_up_user(
    context: &Context,
    caller: &Session,
    request: wire::LookUpUserRequest,
) -> Result<wire::LookUpUserResponse, Failure> {
    let name = UserName::parse("user_name", &request.user_name)?;
    context.rates.take(&LOOK_UPS, caller.account)?;
    let account = context.store.find_user(name.as_str()).await?.ok_or(ErrorCode::NotFound)?;
    let keys = keys_of(context, account).await?;
    Ok(wire::LookUpUserResponse { keys: Some(keys.into()) })
}

pub(super) async fn get_account_keys(
    context: &Context,
    caller: &Session,
    request: wire::GetAccountKeysRequest,
) -> Result<wire::GetAccountKeysResponse, Failure> {
    check_count("accounts", &request.accounts, 1..=ACCOUNTS_AT_ONCE)?;
    let known = request.accounts.iter().map(known).collect::<Result<Vec<_>, Failure>>()?;
    context.rates.take_many(&ACCOUNTS_READ, caller.account, u32::try_from(known.len()).unwrap_or(u32::MAX))?;
    let keys = context.store.account_keys(&known).await?;
    Ok(wire::GetAccountKeysResponse { accounts: keys.into_iter().map(Into::into).collect() })
}

pub(super) async fn get_own_account(
    context: &Context,
    caller: &Session,
) -> Result<wire::GetOwnAccountResponse, Failure> {
    let keys = keys_of(context, caller.account).await?;
    let summary = context.store.account_summary(caller.account).await?;
    Ok(wire::GetOwnAccountResponse {
        keys: Some(keys.into()),
        email: summary.email.unwrap_or_default(),
        totp_enabled: summary.second_factor,
        backup_codes_left: summary.backup_codes,
        vault_version: summary.vault_version,
        storage_used: summary.storage_used,
        storage_quota: summary.storage_quota,
        created_at_ms: summary.created_at.unix_millis(),
        reset_ready_at_ms: summary.reset.map_or(0, |reset| reset.ready_at.unix_millis()),
        suspended: summary.suspended,
        admin: summary.admin,
    })
}

/// The keys of one account.
pub(in crate::services) async fn keys_of(context: &Context, account: AccountId) -> Result<AccountKeys, Failure> {
    let keys = context.store.account_keys(&[(account, 0)]).await?.pop();
    Ok(keys.filter(|keys| !keys.identity_key.is_empty()).ok_or(ErrorCode::NotFound)?)
}

/// The key that the account's certificates are verified under.
pub(in crate::services) fn identity_of(keys: &AccountKeys) -> Result<IdentityPublicKey, Failure> {
    let stored: Option<[u8; 32]> = keys.identity_key.as_slice().try_into().ok();
    stored
        .and_then(|bytes| IdentityPublicKey::from_bytes(&bytes).ok())
        .ok_or_else(|| Failure::internal("an identity key in the store is none", None))
}

impl From<AccountKeys> for wire::AccountKeys {
    fn from(keys: AccountKeys) -> Self {
        Self {
            account_id: keys.account.to_wire(),
            user_name: keys.user_name,
            identity_key: keys.identity_key.into(),
            version: keys.version,
            certificates: keys.certificates.into_iter().map(Into::into).collect(),
            revocations: keys.revocations.into_iter().map(Into::into).collect(),
        }
    }
}

fn known(account: &wire::KnownAccount) -> Result<(AccountId, u64), Failure> {
    let id = AccountId::parse("accounts.account_id", &account.account_id)?;
    Ok((id, check_range("accounts.known_version", account.known_version, limits::NUMBER_MAX)?))
}
