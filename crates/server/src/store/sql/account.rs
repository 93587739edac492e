//! Accounts, their names and their logins.

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, SessionId, limits};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, padded, placeholders};
use super::device::{insert_device, keys_changed};
use super::directory::{forget_entries, queue_entry};
use super::file::let_all_go;
use super::group::LEFT;
use super::sealed::{read_vault, replace_vault};
use super::session::end_sessions;
use super::sync::leave_notice;
use super::value::{Row, args};
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{
    AccountKeys, AccountNotice, AccountSummary, Accounts, CompletedReset, Done, Ended, Login, LoginRecord, Name,
    NewAccount, Notice, Refusal, Reset, SecondFactor, StoreError, VaultRecord,
};

#[async_trait]
impl Accounts for SqlStore {
    async fn create_account(&self, new: NewAccount) -> Result<Done, StoreError> {
        let mut tx = self.database.write().await?;
        if !insert_account(&mut tx, &new).await? {
            let sql = "SELECT registration FROM accounts WHERE id = $1 AND deleted_at IS NULL";
            let before = tx.maybe_row(sql, args![&new.id]).await?.map(|row| row.array::<32>(0)).transpose()?;
            return if before == Some(new.registration) { Ok(Done::Before) } else { Err(Refusal::IdTaken.into()) };
        }
        take_name(&mut tx, new.id, &new.user_name, USER_NAME, new.at).await?;
        if let Some(email) = &new.email {
            take_name(&mut tx, new.id, email, EMAIL, new.at).await?;
        }
        for device in &new.devices {
            insert_device(&mut tx, new.id, device, new.at).await?;
        }
        queue_entry(&mut tx, new.id, new.at).await?;
        tx.commit().await?;
        Ok(Done::Now)
    }

    async fn check_new_account(&self, account: AccountId, name: &Name, at: Timestamp) -> Result<(), StoreError> {
        let mut read = self.database.read().await?;
        if read.maybe_row("SELECT 1 FROM accounts WHERE id = $1", args![&account]).await?.is_some() {
            return Err(Refusal::IdTaken.into());
        }
        let sql = "SELECT CAST(MAX(CASE WHEN name = $1 THEN 1 ELSE 0 END) AS BIGINT) FROM names
                   WHERE (name = $1 OR skeleton = $2) AND (held_until IS NULL OR held_until > $3)";
        match read.row(sql, args![&name.text, &name.skeleton, at]).await?.maybe_int(0)? {
            None => Ok(()),
            Some(0) => Err(Refusal::NameLooksAlike.into()),
            Some(_) => Err(Refusal::NameTaken.into()),
        }
    }

    async fn find_login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        let sql = format!(
            "SELECT {LOGIN} FROM names n JOIN accounts a ON a.id = n.account WHERE n.name = $1 AND n.held_until IS NULL"
        );
        let row = self.database.read().await?.maybe_row(AssertSqlSafe(sql), args![name]).await?;
        row.as_ref().map(login).transpose()
    }

    async fn find_user(&self, user_name: &str) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT account FROM names WHERE name = $1 AND kind = 1 AND held_until IS NULL";
        let row = self.database.read().await?.maybe_row(sql, args![user_name]).await?;
        row.map(|row| row.id(0)).transpose()
    }

    async fn login_of(&self, account: AccountId) -> Result<Login, StoreError> {
        let sql = format!("SELECT {LOGIN} FROM accounts a WHERE a.id = $1 AND a.deleted_at IS NULL");
        login(&self.database.read().await?.row(AssertSqlSafe(sql), args![&account]).await?)
    }

    async fn account_keys(&self, known: &[(AccountId, u64)]) -> Result<Vec<AccountKeys>, StoreError> {
        let ids: Vec<AccountId> = known.iter().map(|(account, _)| *account).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = read_keys(&mut self.database.snapshot().await?, &ids).await?;
        let news = |(account, version): &(AccountId, u64)| {
            keys.iter().find(|keys| keys.account == *account && keys.version != *version).cloned()
        };
        Ok(known.iter().filter_map(news).collect())
    }

    async fn account_summary(&self, account: AccountId) -> Result<AccountSummary, StoreError> {
        let sql = format!("SELECT {SUMMARY} FROM accounts a WHERE a.id = $1 AND a.deleted_at IS NULL");
        summary(&self.database.read().await?.row(AssertSqlSafe(sql), args![&account]).await?)
    }

    async fn change_user_name(
        &self,
        account: AccountId,
        name: Name,
        held_until: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        let sql = "UPDATE names SET held_until = $2 WHERE account = $1 AND kind = 1 AND held_until IS NULL";
        tx.run(sql, args![&account, held_until]).await?;
        take_name(&mut tx, account, &name, USER_NAME, at).await?;
        tx.run("UPDATE accounts SET user_name = $2 WHERE id = $1", args![&account, &name.text]).await?;
        keys_changed(&mut tx, account).await?;
        queue_entry(&mut tx, account, at).await?;
        tx.commit().await
    }

    async fn change_email(&self, account: AccountId, email: Option<Name>, at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Login).await?;
        tx.run("DELETE FROM names WHERE account = $1 AND kind = 2", args![&account]).await?;
        if let Some(email) = &email {
            take_name(&mut tx, account, email, EMAIL, at).await?;
        }
        let text = email.as_ref().map(|email| email.text.as_str());
        tx.run("UPDATE accounts SET email = $2 WHERE id = $1", args![&account, text]).await?;
        tx.commit().await?;
        Ok(change)
    }

    async fn change_password(
        &self,
        account: AccountId,
        login: LoginRecord,
        vault: VaultRecord,
        keep_only: Option<SessionId>,
    ) -> Result<Ended, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Login).await?;
        if !holds(&mut tx, account, &login, &vault).await? {
            replace_vault(&mut tx, account, &vault).await?;
            set_login(&mut tx, account, &login).await?;
        }
        let sessions = match keep_only {
            None => Vec::new(),
            keep => end_sessions(&mut tx, account, keep).await?,
        };
        let change = if sessions.is_empty() { change } else { notice(&mut tx, account, Notice::Sessions).await? };
        tx.commit().await?;
        Ok(Ended { sessions, change })
    }

    async fn request_reset(
        &self,
        account: AccountId,
        reset: Reset,
        lapsed_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Reset).await?;
        let sql = "UPDATE accounts SET reset_device = $2, reset_ready_at = $3
                   WHERE id = $1 AND (reset_device IS NULL OR reset_ready_at < $4)";
        if tx.run(sql, args![&account, &reset.device, reset.ready_at, lapsed_before]).await? == 0 {
            return Err(Refusal::NotApplicable.into());
        }
        tx.commit().await?;
        Ok(change)
    }

    async fn cancel_reset(&self, account: AccountId) -> Result<Option<u64>, StoreError> {
        let mut tx = self.database.write().await?;
        if !clear_reset(&mut tx, account).await? {
            return Ok(None);
        }
        let change = notice(&mut tx, account, Notice::Reset).await?;
        tx.commit().await?;
        Ok(Some(change))
    }

    async fn complete_reset(&self, reset: CompletedReset) -> Result<Ended, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, reset.account, Notice::Reset).await?;
        if is_complete(&mut tx, &reset).await? {
            return Ok(Ended { sessions: Vec::new(), change });
        }
        check_reset(&mut tx, &reset).await?;
        clear_reset(&mut tx, reset.account).await?;
        replace_vault(&mut tx, reset.account, &reset.vault).await?;
        set_login(&mut tx, reset.account, &reset.login).await?;
        forget_second_factor(&mut tx, reset.account).await?;
        forget_devices(&mut tx, reset.account).await?;
        let sessions = end_sessions(&mut tx, reset.account, Some(reset.session)).await?;
        for device in &reset.devices {
            insert_device(&mut tx, reset.account, device, reset.at).await?;
        }
        let sql = "UPDATE accounts SET identity_key = $2 WHERE id = $1";
        tx.run(sql, args![&reset.account, &reset.identity_key]).await?;
        keys_changed(&mut tx, reset.account).await?;
        queue_entry(&mut tx, reset.account, reset.at).await?;
        tx.commit().await?;
        Ok(Ended { sessions, change })
    }

    async fn delete_account(
        &self,
        account: AccountId,
        held_until: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        clear_reset(&mut tx, account).await?;
        forget_second_factor(&mut tx, account).await?;
        forget_devices(&mut tx, account).await?;
        let sessions = end_sessions(&mut tx, account, None).await?;
        // Where a log ends at this moment need not be exact for somebody who reads no more.
        let sql = "UPDATE memberships SET standing = $2, until_at = $3,
                     until_seq = (SELECT last_seq FROM conversations WHERE id = memberships.conversation),
                     until_generation = (SELECT generation FROM conversations WHERE id = memberships.conversation),
                     until_epoch = (SELECT epoch FROM conversations WHERE id = memberships.conversation)
                   WHERE account = $1 AND until_seq IS NULL";
        tx.run(sql, args![&account, LEFT, at]).await?;
        tx.run("DELETE FROM names WHERE account = $1 AND kind = 2", args![&account]).await?;
        tx.run("UPDATE names SET held_until = $2 WHERE account = $1", args![&account, held_until]).await?;
        for table in ["checkpoints", "settings", "notices", "blocks", "markers", "welcomes"] {
            let sql = format!("DELETE FROM {table} WHERE account = $1");
            tx.run(AssertSqlSafe(sql), args![&account]).await?;
        }
        let_all_go(&mut tx, account, at).await?;
        keys_changed(&mut tx, account).await?;
        let (none, empty): (&str, &[u8]) = ("", &[]);
        let sql =
            "UPDATE accounts SET deleted_at = $2, user_name = $3, email = NULL, identity_key = $4, login_record = $4,
                     root_by_password = $4, root_by_recovery = $4, recovery_key = $4, storage_used = 0 WHERE id = $1";
        tx.run(sql, args![&account, at, none, empty]).await?;
        forget_entries(&mut tx, account).await?;
        queue_entry(&mut tx, account, at).await?;
        tx.commit().await?;
        Ok(sessions)
    }
}

/// The keys of those accounts that exist; there must be at least one.
pub(super) async fn read_keys(tx: &mut Connection, ids: &[AccountId]) -> Result<Vec<AccountKeys>, StoreError> {
    let list = placeholders(1, ids.len());
    let sql = format!("SELECT id, user_name, identity_key, keys_version FROM accounts WHERE id IN {list}");
    let accounts = tx.rows(AssertSqlSafe(sql), &padded(ids).collect::<Vec<_>>()).await?;
    let sql = format!(
        "SELECT account, certificate, revocation FROM devices WHERE account IN {list}
         ORDER BY COALESCE(-revoked_at, added_at), id"
    );
    let devices = tx.rows(AssertSqlSafe(sql), &padded(ids).collect::<Vec<_>>()).await?;
    let mut keys = accounts.iter().map(keys).collect::<Result<Vec<_>, _>>()?;
    for device in &devices {
        let account = device.id(0)?;
        let Some(keys) = keys.iter_mut().find(|keys| keys.account == account) else { continue };
        match device.maybe_bytes(2)? {
            None => keys.certificates.push(device.bytes(1)?),
            Some(revocation) if keys.revocations.len() < limits::REVOCATIONS_MAX => keys.revocations.push(revocation),
            Some(_) => {}
        }
    }
    Ok(keys)
}

async fn insert_account(tx: &mut Connection, new: &NewAccount) -> Result<bool, StoreError> {
    let sql = "INSERT INTO accounts (id, registration, user_name, email, identity_key, keys_version, login_record,
                 hardening_memory, hardening_passes, vault_version, root_by_password, root_by_recovery, recovery_key,
                 storage_quota, created_at)
               VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
    let email = new.email.as_ref().map(|email| email.text.as_str());
    let (login, vault) = (&new.login, &new.vault);
    let args = args![
        &new.id,
        &new.registration,
        &new.user_name.text,
        email,
        &new.identity_key,
        &login.opaque,
        login.memory_kib,
        login.passes,
        vault.version,
        &vault.root_by_password,
        &vault.root_by_recovery,
        &vault.recovery_key,
        new.storage_quota,
        new.at
    ];
    Ok(tx.run(sql, args).await? == 1)
}

/// Takes a name that is free, or held for this very account, or whose time of being held is over.
async fn take_name(
    tx: &mut Connection,
    account: AccountId,
    name: &Name,
    kind: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM names WHERE (name = $1 OR skeleton = $2) AND held_until IS NOT NULL
               AND (held_until <= $3 OR account = $4)";
    tx.run(sql, args![&name.text, &name.skeleton, at, &account]).await?;
    let sql = "INSERT INTO names (name, skeleton, account, kind) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    if tx.run(sql, args![&name.text, &name.skeleton, &account, kind]).await? == 1 {
        return Ok(());
    }
    let taken = tx.maybe_row("SELECT 1 FROM names WHERE name = $1", args![&name.text]).await?.is_some();
    Err(if taken { Refusal::NameTaken } else { Refusal::NameLooksAlike }.into())
}

/// Whether the account has this login and this vault already.
async fn holds(
    tx: &mut Connection,
    account: AccountId,
    login: &LoginRecord,
    vault: &VaultRecord,
) -> Result<bool, StoreError> {
    let sql = "SELECT login_record, hardening_memory, hardening_passes FROM accounts WHERE id = $1";
    let row = tx.row(sql, args![&account]).await?;
    let stored = LoginRecord { opaque: row.bytes(0)?, memory_kib: row.count(1)?, passes: row.count(2)? };
    Ok(stored == *login && read_vault(tx, account).await? == *vault)
}

pub(super) async fn set_login(tx: &mut Connection, account: AccountId, login: &LoginRecord) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET login_record = $2, hardening_memory = $3, hardening_passes = $4 WHERE id = $1";
    tx.run(sql, args![&account, &login.opaque, login.memory_kib, login.passes]).await.map(drop)
}

pub(super) async fn clear_reset(tx: &mut Connection, account: AccountId) -> Result<bool, StoreError> {
    let sql = "UPDATE accounts SET reset_device = NULL, reset_ready_at = NULL
               WHERE id = $1 AND reset_device IS NOT NULL";
    Ok(tx.run(sql, args![&account]).await? == 1)
}

/// Whether the very same reset took place already.
async fn is_complete(tx: &mut Connection, reset: &CompletedReset) -> Result<bool, StoreError> {
    let sql = "SELECT identity_key FROM accounts WHERE id = $1";
    let identity: Vec<u8> = tx.row(sql, args![&reset.account]).await?.bytes(0)?;
    Ok(identity == reset.identity_key && holds(tx, reset.account, &reset.login, &reset.vault).await?)
}

async fn check_reset(tx: &mut Connection, reset: &CompletedReset) -> Result<(), StoreError> {
    let sql = "SELECT reset_device, reset_ready_at FROM accounts WHERE id = $1 AND reset_device IS NOT NULL";
    let row = tx.row(sql, args![&reset.account]).await?;
    if row.id::<DeviceId>(0)? != reset.device || row.time(1)? < reset.lapsed_before {
        return Err(Refusal::NotFound.into());
    }
    if row.time(1)? > reset.at { Err(Refusal::NotApplicable.into()) } else { Ok(()) }
}

pub(super) async fn forget_second_factor(tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
    tx.run("DELETE FROM backup_codes WHERE account = $1", args![&account]).await?;
    let sql = "UPDATE accounts SET totp_secret = NULL, totp_enabled = 0 WHERE id = $1";
    tx.run(sql, args![&account]).await.map(drop)
}

/// Takes the devices off file with all that hangs on them but their sessions.
async fn forget_devices(tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
    let sql = "DELETE FROM key_packages WHERE device IN (SELECT id FROM devices WHERE account = $1)";
    tx.run(sql, args![&account]).await?;
    tx.run("DELETE FROM welcomes WHERE account = $1", args![&account]).await?;
    tx.run("DELETE FROM devices WHERE account = $1", args![&account]).await.map(drop)
}

/// Tells the account's own devices.
pub(super) async fn notice(tx: &mut Connection, account: AccountId, notice: Notice) -> Result<u64, StoreError> {
    leave_notice(tx, account, AccountNotice { notice, subject: account, version: 0 }).await
}

const LOGIN: &str = "a.id, a.user_name, a.login_record, a.hardening_memory, a.hardening_passes, a.recovery_key, \
    CASE WHEN a.totp_enabled = 1 THEN a.totp_secret END, a.totp_step";

fn login(row: &Row) -> Result<Login, StoreError> {
    let last_step = row.number(7)?;
    Ok(Login {
        account: row.id(0)?,
        user_name: row.text(1)?,
        record: LoginRecord { opaque: row.bytes(2)?, memory_kib: row.count(3)?, passes: row.count(4)? },
        recovery_key: row.bytes(5)?,
        second_factor: row.maybe_bytes(6)?.map(|sealed_secret| SecondFactor { sealed_secret, last_step }),
    })
}

fn keys(row: &Row) -> Result<AccountKeys, StoreError> {
    Ok(AccountKeys {
        account: row.id(0)?,
        user_name: row.text(1)?,
        identity_key: row.bytes(2)?,
        version: row.number(3)?,
        certificates: Vec::new(),
        revocations: Vec::new(),
    })
}

pub(super) const SUMMARY: &str = "a.id, a.user_name, a.email, a.keys_version, a.totp_enabled, \
    (SELECT COUNT(*) FROM backup_codes b WHERE b.account = a.id), a.vault_version, a.storage_used, a.storage_quota, \
    a.created_at, a.active_at, a.reset_device, a.reset_ready_at, a.suspended, a.admin, \
    (SELECT COUNT(*) FROM devices d WHERE d.account = a.id AND d.revoked_at IS NULL), \
    (SELECT COUNT(*) FROM memberships m WHERE m.account = a.id AND m.standing <= 2)";

pub(super) fn summary(row: &Row) -> Result<AccountSummary, StoreError> {
    let ready_at = row.maybe_number(12)?.map(Timestamp::from_unix_millis);
    Ok(AccountSummary {
        account: row.id(0)?,
        user_name: row.text(1)?,
        email: row.maybe_text(2)?,
        keys_version: row.number(3)?,
        second_factor: row.flag(4)?,
        backup_codes: row.count(5)?,
        vault_version: row.number(6)?,
        storage_used: row.number(7)?,
        storage_quota: row.number(8)?,
        created_at: row.time(9)?,
        active_at: row.time(10)?,
        reset: row.maybe_id(11)?.zip(ready_at).map(|(device, ready_at)| Reset { device, ready_at }),
        suspended: row.flag(13)?,
        admin: row.flag(14)?,
        devices: row.count(15)?,
        conversations: row.count(16)?,
    })
}

const USER_NAME: i64 = 1;
const EMAIL: i64 = 2;
