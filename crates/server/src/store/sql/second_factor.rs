//! The second factor: a secret in force, time steps used once, backup codes used up.

use async_trait::async_trait;
use sotto_proto::AccountId;

use super::account::{forget_second_factor, notice};
use super::connection::Connection;
use super::value::args;
use super::{SqlStore, next_change};
use crate::store::{FactorProof, Notice, Refusal, SecondFactor, SecondFactors, StoreError};

#[async_trait]
impl SecondFactors for SqlStore {
    async fn offer_second_factor(&self, account: AccountId, sealed_secret: &[u8]) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET totp_secret = $2, totp_step = 0 WHERE id = $1 AND totp_enabled = 0";
        self.change(account, sql, sealed_secret).await
    }

    async fn second_factor(&self, account: AccountId) -> Result<Option<SecondFactor>, StoreError> {
        let sql = "SELECT totp_secret, totp_step FROM accounts WHERE id = $1 AND deleted_at IS NULL";
        let row = self.database.read().await?.row(sql, args![&account]).await?;
        let last_step = row.number(1)?;
        Ok(row.maybe_bytes(0)?.map(|sealed_secret| SecondFactor { sealed_secret, last_step }))
    }

    async fn enable_second_factor(
        &self,
        account: AccountId,
        sealed_secret: &[u8],
        step: u64,
        codes: &[[u8; 32]],
    ) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Login).await?;
        let sql = "UPDATE accounts SET totp_enabled = 1, totp_step = $3
                   WHERE id = $1 AND totp_enabled = 0 AND totp_secret = $2";
        if tx.run(sql, args![&account, sealed_secret, step]).await? == 0 {
            return Err(Refusal::NotApplicable.into());
        }
        replace_codes(&mut tx, account, codes).await?;
        tx.commit().await?;
        Ok(change)
    }

    async fn renew_backup_codes(&self, account: AccountId, codes: &[[u8; 32]]) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Login).await?;
        expect_enabled(&mut tx, account, true).await?;
        replace_codes(&mut tx, account, codes).await?;
        tx.commit().await?;
        Ok(change)
    }

    async fn disable_second_factor(&self, account: AccountId) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Login).await?;
        expect_enabled(&mut tx, account, true).await?;
        forget_second_factor(&mut tx, account).await?;
        tx.commit().await?;
        Ok(change)
    }
}

impl SqlStore {
    async fn change(&self, account: AccountId, sql: &'static str, bytes: &[u8]) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        if tx.run(sql, args![&account, bytes]).await? == 0 {
            return Err(Refusal::NotApplicable.into());
        }
        tx.commit().await
    }
}

/// The account is locked.
async fn expect_enabled(tx: &mut Connection, account: AccountId, enabled: bool) -> Result<(), StoreError> {
    let sql = "SELECT totp_enabled FROM accounts WHERE id = $1";
    if tx.row(sql, args![&account]).await?.flag(0)? == enabled { Ok(()) } else { Err(Refusal::NotApplicable.into()) }
}

/// Uses up what proves the factor, in the transaction of the login that it is for. Without a proof the factor must be off.
pub(super) async fn use_factor(
    tx: &mut Connection,
    account: AccountId,
    proof: Option<FactorProof>,
) -> Result<(), StoreError> {
    let used = match &proof {
        None => return expect_enabled(tx, account, false).await,
        Some(FactorProof::TimeStep(step)) => {
            let sql = "UPDATE accounts SET totp_step = $2 WHERE id = $1 AND totp_enabled = 1 AND totp_step < $2";
            tx.run(sql, args![&account, *step]).await?
        }
        Some(FactorProof::BackupCode(hash)) => {
            let sql = "DELETE FROM backup_codes WHERE account = $1 AND hash = $2";
            tx.run(sql, args![&account, hash]).await?
        }
    };
    if used == 1 { Ok(()) } else { Err(Refusal::CodeRefused.into()) }
}

async fn replace_codes(tx: &mut Connection, account: AccountId, codes: &[[u8; 32]]) -> Result<(), StoreError> {
    tx.run("DELETE FROM backup_codes WHERE account = $1", args![&account]).await?;
    for code in codes {
        tx.run("INSERT INTO backup_codes (account, hash) VALUES ($1, $2)", args![&account, code]).await?;
    }
    Ok(())
}
