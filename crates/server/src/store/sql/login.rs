//! Logins and recoveries, each attempt once.

use async_trait::async_trait;
use sotto_proto::{AccountId, SessionId};

use super::account::{clear_reset, notice, set_login};
use super::connection::Connection;
use super::sealed::replace_vault;
use super::second_factor::use_factor;
use super::session::{end_sessions, insert_session, make_room};
use super::value::args;
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{AttemptId, Done, Logins, NewLogin, NewRecovery, NewSession, Notice, Opened, Refusal, StoreError};

#[async_trait]
impl Logins for SqlStore {
    async fn count_try(&self, attempt: AttemptId, max: u32, expires_at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "INSERT INTO attempts (id, tries, expires_at) VALUES ($1, 1, $2)
                   ON CONFLICT (id) DO UPDATE SET tries = attempts.tries + 1 WHERE attempts.tries < $3";
        if tx.run(sql, args![&attempt.0, expires_at, max]).await? == 0 {
            return Err(Refusal::AttemptOver.into());
        }
        tx.commit().await
    }

    async fn session_of_attempt(&self, attempt: AttemptId) -> Result<Option<SessionId>, StoreError> {
        let sql = "SELECT session FROM attempts WHERE id = $1";
        let row = self.database.read().await?.maybe_row(sql, args![&attempt.0]).await?;
        row.map_or(Ok(None), |row| row.maybe_id(0))
    }

    async fn log_in(&self, login: NewLogin) -> Result<Opened, StoreError> {
        let NewLogin { attempt, expires_at, session, proved, factor } = login;
        let mut tx = self.database.write().await?;
        let change = next_change(&mut tx, &session.account).await?;
        if !begin(&mut tx, attempt, &session, expires_at).await? {
            return Ok(Opened { done: Done::Before, ended: Vec::new(), change });
        }
        expect_record(&mut tx, session.account, &proved).await?;
        use_factor(&mut tx, session.account, factor).await?;
        if clear_reset(&mut tx, session.account).await? {
            notice(&mut tx, session.account, Notice::Reset).await?;
        }
        let ended = make_room(&mut tx, session.account).await?.into_iter().collect();
        let change = open(&mut tx, &session).await?;
        tx.commit().await?;
        Ok(Opened { done: Done::Now, ended, change })
    }

    async fn recover(&self, recovery: NewRecovery) -> Result<Opened, StoreError> {
        let NewRecovery { attempt, expires_at, session, replaced, login, vault } = recovery;
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, session.account, Notice::Login).await?;
        if !begin(&mut tx, attempt, &session, expires_at).await? {
            return Ok(Opened { done: Done::Before, ended: Vec::new(), change });
        }
        expect_record(&mut tx, session.account, &replaced).await?;
        replace_vault(&mut tx, session.account, &vault).await?;
        set_login(&mut tx, session.account, &login).await?;
        if clear_reset(&mut tx, session.account).await? {
            notice(&mut tx, session.account, Notice::Reset).await?;
        }
        let ended = end_sessions(&mut tx, session.account, None).await?;
        let change = open(&mut tx, &session).await?;
        tx.commit().await?;
        Ok(Opened { done: Done::Now, ended, change })
    }

    async fn cost_near(&self, account: AccountId) -> Result<Option<(u32, u32)>, StoreError> {
        let next = "SELECT hardening_memory, hardening_passes FROM accounts
                    WHERE id >= $1 AND deleted_at IS NULL ORDER BY id LIMIT 1";
        let mut read = self.database.read().await?;
        let row = match read.maybe_row(next, args![&account]).await? {
            None => read.maybe_row(next, args![&AccountId::from_bytes([0; 16])]).await?,
            found => found,
        };
        row.map(|row| Ok((row.count(0)?, row.count(1)?))).transpose()
    }

    async fn belong_to(&self, fingerprint: &[u8; 32]) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "INSERT INTO server_secret (id, fingerprint) VALUES (1, $1) ON CONFLICT DO NOTHING";
        if tx.run(sql, args![fingerprint]).await? == 1 {
            return tx.commit().await;
        }
        let noted: [u8; 32] = tx.row("SELECT fingerprint FROM server_secret", &[]).await?.array(0)?;
        if noted == *fingerprint { Ok(()) } else { Err(Refusal::NotApplicable.into()) }
    }
}

/// Lets the attempt end in this session. False if it did so before, by the same request, and its reply may be given again.
async fn begin(
    tx: &mut Connection,
    attempt: AttemptId,
    session: &NewSession,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO attempts (id, tries, session, expires_at) VALUES ($1, 0, $2, $3)
               ON CONFLICT (id) DO UPDATE SET session = excluded.session WHERE attempts.session IS NULL";
    if tx.run(sql, args![&attempt.0, &session.id, expires_at]).await? == 1 {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM attempts a JOIN refresh_tokens t ON t.session = a.session
               WHERE a.id = $1 AND a.session = $2 AND t.hash = $3 AND t.used_by IS NULL";
    let unused = tx.maybe_row(sql, args![&attempt.0, &session.id, &session.token.0]).await?.is_some();
    if unused { Ok(false) } else { Err(Refusal::AttemptOver.into()) }
}

/// The password that was proved, or given up, must be the one in force.
async fn expect_record(tx: &mut Connection, account: AccountId, record: &[u8]) -> Result<(), StoreError> {
    let stored = tx.row("SELECT login_record FROM accounts WHERE id = $1", args![&account]).await?.bytes(0)?;
    if stored == record { Ok(()) } else { Err(Refusal::AttemptOver.into()) }
}

/// Returns the account's change number.
async fn open(tx: &mut Connection, session: &NewSession) -> Result<u64, StoreError> {
    let sql = "SELECT account, device_key, revoked_at FROM devices WHERE id = $1";
    if let Some(filed) = tx.maybe_row(sql, args![&session.device]).await? {
        let same = filed.id::<AccountId>(0)? == session.account && filed.array(1)? == session.device_key;
        if !same || filed.maybe_int(2)?.is_some() {
            return Err(Refusal::IdTaken.into());
        }
    }
    insert_session(tx, session).await?;
    notice(tx, session.account, Notice::Sessions).await
}
