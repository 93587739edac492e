//! Sessions, and the families of refresh tokens that they are.

use std::time::Duration;

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, RequestId, SessionId};
use sqlx::AssertSqlSafe;

use super::account::notice;
use super::connection::Connection;
use super::value::{Row, args};
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{Ended, NewSession, Notice, Refusal, Session, Sessions, StoreError, TokenHash, Trade};

#[async_trait]
impl Sessions for SqlStore {
    async fn open_session(&self, new: NewSession) -> Result<Option<SessionId>, StoreError> {
        let mut tx = self.database.write().await?;
        notice(&mut tx, new.account, Notice::Sessions).await?;
        let ended = make_room(&mut tx, new.account).await?;
        insert_session(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn session_of_token(&self, token: TokenHash, at: Timestamp) -> Result<Session, StoreError> {
        let sql = format!(
            "SELECT {SESSION} JOIN refresh_tokens t ON t.session = s.id WHERE t.hash = $1 AND s.expires_at > $2"
        );
        let row = self.database.read().await?.maybe_row(AssertSqlSafe(sql), args![&token.0, at]).await?;
        session(&row.ok_or(Refusal::SessionEnded)?)
    }

    async fn trade_token(&self, trade: Trade) -> Result<Session, StoreError> {
        let mut tx = self.database.write().await?;
        let family = lock_family(&mut tx, trade.presented, trade.at).await?;
        let sql = "SELECT t.used_by, n.hash, n.used_by, s.proved_at FROM refresh_tokens t
                   JOIN sessions s ON s.id = t.session LEFT JOIN refresh_tokens n ON n.hash = t.successor WHERE t.hash = $1";
        let token = tx.maybe_row(sql, args![&trade.presented.0]).await?.ok_or(Refusal::SessionEnded)?;
        match token.maybe_id::<RequestId>(0)? {
            None => {}
            Some(request) if request == trade.request && token.maybe_bytes(2)?.is_none() => {
                // The reply was lost. Were the successor another one now, nobody has used the former.
                if let Some(former) = token.maybe_bytes(1)? {
                    tx.run("DELETE FROM refresh_tokens WHERE hash = $1", args![&former]).await?;
                }
            }
            // Nobody signs a request again after using its answer: this one was on its way since then.
            Some(request) if request == trade.request && trade.signed_at <= token.time(3)? => {
                return Err(Refusal::LateCopy.into());
            }
            Some(_) => return end_family(tx, family).await,
        }
        insert_token(&mut tx, family.1, trade.successor).await?;
        let sql = "UPDATE refresh_tokens SET used_by = $2, successor = $3 WHERE hash = $1";
        tx.run(sql, args![&trade.presented.0, &trade.request, &trade.successor.0]).await?;
        let sql = "UPDATE sessions SET expires_at = $2, last_used_at = $3,
                     proved_at = CASE WHEN proved_at < $4 THEN $4 ELSE proved_at END WHERE id = $1";
        let args = args![&family.1, trade.expires_at, trade.at.rounded_down(HOUR), trade.signed_at];
        tx.run(sql, args).await?;
        let session = live_session(&mut tx, family.1, trade.at).await?;
        note_use(&mut tx, session.account, session.device, trade.at).await?;
        tx.commit().await?;
        Ok(session)
    }

    async fn session(&self, session: SessionId, at: Timestamp) -> Result<Session, StoreError> {
        live_session(&mut self.database.read().await?, session, at).await
    }

    async fn sessions(&self, account: AccountId, at: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sql =
            format!("SELECT {SESSION} WHERE s.account = $1 AND s.expires_at > $2 ORDER BY s.opened_at DESC, s.id");
        let rows = self.database.read().await?.rows(AssertSqlSafe(sql), args![&account, at]).await?;
        rows.iter().map(session).collect()
    }

    async fn touch_session(&self, session: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "UPDATE sessions SET last_used_at = $2 WHERE id = $1 RETURNING account, device";
        let row = tx.maybe_row(sql, args![&session, at.rounded_down(HOUR)]).await?.ok_or(Refusal::SessionEnded)?;
        note_use(&mut tx, row.id(0)?, row.id(1)?, at).await?;
        tx.commit().await
    }

    async fn end_session(&self, account: AccountId, session: SessionId) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Sessions).await?;
        if tx.run("DELETE FROM sessions WHERE id = $1 AND account = $2", args![&session, &account]).await? == 0 {
            return Err(Refusal::NotFound.into());
        }
        tx.commit().await?;
        Ok(change)
    }

    async fn end_other_sessions(&self, account: AccountId, keep: Option<SessionId>) -> Result<Ended, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Sessions).await?;
        let sessions = end_sessions(&mut tx, account, keep).await?;
        tx.commit().await?;
        Ok(Ended { sessions, change })
    }
}

/// A session with its first token.
pub(super) async fn insert_session(tx: &mut Connection, new: &NewSession) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (id, account, device, device_key, opened_at, last_used_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let used = new.at.rounded_down(HOUR);
    let args = args![&new.id, &new.account, &new.device, &new.device_key, new.at, used, new.expires_at];
    if tx.run(sql, args).await? == 0 {
        return Err(Refusal::IdTaken.into());
    }
    insert_token(tx, new.id, new.token).await?;
    note_use(tx, new.account, new.device, new.at).await
}

/// Ends all sessions of an account but one.
pub(super) async fn end_sessions(
    tx: &mut Connection,
    account: AccountId,
    keep: Option<SessionId>,
) -> Result<Vec<SessionId>, StoreError> {
    let keep = keep.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    let sql = "DELETE FROM sessions WHERE account = $1 AND id <> $2 RETURNING id";
    tx.rows(sql, args![&account, &keep]).await?.iter().map(|row| row.id(0)).collect()
}

async fn note_use(tx: &mut Connection, account: AccountId, device: DeviceId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET active_at = $2 WHERE id = $1 AND active_at < $2";
    tx.run(sql, args![&account, at.rounded_down(DAY)]).await?;
    let sql = "UPDATE devices SET last_used_at = $2 WHERE id = $1 AND account = $3 AND last_used_at < $2";
    tx.run(sql, args![&device, at.rounded_down(HOUR), &account]).await.map(drop)
}

/// Ends the session that was opened first when there are as many as there may be.
pub(super) async fn make_room(tx: &mut Connection, account: AccountId) -> Result<Option<SessionId>, StoreError> {
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account = $1
                 ORDER BY opened_at DESC, id LIMIT 1 OFFSET $2) RETURNING id";
    let row = tx.maybe_row(sql, args![&account, SESSIONS_MAX - 1]).await?;
    row.map(|row| row.id(0)).transpose()
}

async fn insert_token(tx: &mut Connection, session: SessionId, token: TokenHash) -> Result<(), StoreError> {
    let sql = "INSERT INTO refresh_tokens (hash, session) VALUES ($1, $2)";
    tx.run(sql, args![&token.0, &session]).await.map(drop)
}

/// Of two trades of one token at once, the second sees what the first did. The account comes before its session, as everywhere.
async fn lock_family(
    tx: &mut Connection,
    token: TokenHash,
    at: Timestamp,
) -> Result<(AccountId, SessionId), StoreError> {
    let sql = "SELECT s.account, s.id FROM refresh_tokens t JOIN sessions s ON s.id = t.session
               WHERE t.hash = $1 AND s.expires_at > $2";
    let row = tx.maybe_row(sql, args![&token.0, at]).await?.ok_or(Refusal::SessionEnded)?;
    let family = (row.id(0)?, row.id(1)?);
    next_change(tx, &family.0).await.map_err(|error| match error {
        StoreError::Refused(_) => Refusal::SessionEnded.into(),
        other => other,
    })?;
    Ok(family)
}

/// Somebody holds a copy of the token: nobody goes on with it, and the owner is told.
async fn end_family(mut tx: Connection, (account, session): (AccountId, SessionId)) -> Result<Session, StoreError> {
    tx.run("DELETE FROM sessions WHERE id = $1", args![&session]).await?;
    notice(&mut tx, account, Notice::RefreshReused).await?;
    tx.commit().await?;
    Err(Refusal::RefreshReused.into())
}

async fn live_session(tx: &mut Connection, id: SessionId, at: Timestamp) -> Result<Session, StoreError> {
    let sql = format!("SELECT {SESSION} WHERE s.id = $1 AND s.expires_at > $2");
    session(&tx.maybe_row(AssertSqlSafe(sql), args![&id, at]).await?.ok_or(Refusal::SessionEnded)?)
}

const SESSION: &str = "s.id, s.account, s.device, s.device_key, s.opened_at, s.last_used_at, s.expires_at, \
    CAST(CASE WHEN d.id IS NULL THEN 0 ELSE 1 END AS BIGINT), a.suspended, a.admin \
    FROM sessions s JOIN accounts a ON a.id = s.account \
    LEFT JOIN devices d ON d.id = s.device AND d.account = s.account AND d.device_key = s.device_key \
      AND d.revoked_at IS NULL";

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.id(0)?,
        account: row.id(1)?,
        device: row.id(2)?,
        device_key: row.array(3)?,
        opened_at: row.time(4)?,
        last_used_at: row.time(5)?,
        expires_at: row.time(6)?,
        certified: row.flag(7)?,
        suspended: row.flag(8)?,
        admin: row.flag(9)?,
    })
}

const SESSIONS_MAX: u64 = 64;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
