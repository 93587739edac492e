//! For the operator, and for tidiness.

use std::time::Duration;

use async_trait::async_trait;
use sotto_proto::{AccountId, ReportId};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::account::{SUMMARY, notice, summary};
use super::value::{Row, args};
use crate::clock::Timestamp;
use crate::store::{AccountFilter, AccountSummary, Admin, Counts, Done, Notice, Refusal, Report, StoreError};

#[async_trait]
impl Admin for SqlStore {
    async fn list_accounts(
        &self,
        filter: &AccountFilter,
        limit: u32,
    ) -> Result<(Vec<AccountSummary>, bool), StoreError> {
        let sql = format!(
            "SELECT {SUMMARY} FROM accounts a WHERE a.deleted_at IS NULL AND a.user_name > $1
               AND a.user_name >= $2 AND SUBSTR(a.user_name, 1, LENGTH($2)) = $2 AND a.suspended >= $3
             ORDER BY a.user_name LIMIT $4"
        );
        let args = args![&filter.after, &filter.prefix, filter.suspended_only, u64::from(limit) + 1];
        let rows = self.database.read().await?.rows(AssertSqlSafe(sql), args).await?;
        page(&rows, limit, summary)
    }

    async fn set_suspended(&self, account: AccountId, suspended: bool) -> Result<u64, StoreError> {
        self.administrate(account, "UPDATE accounts SET suspended = $2 WHERE id = $1", suspended.into()).await
    }

    async fn set_quota(&self, account: AccountId, bytes: u64) -> Result<u64, StoreError> {
        self.administrate(account, "UPDATE accounts SET storage_quota = $2 WHERE id = $1", bytes).await
    }

    async fn set_admin(&self, account: AccountId, admin: bool) -> Result<u64, StoreError> {
        self.administrate(account, "UPDATE accounts SET admin = $2 WHERE id = $1", admin.into()).await
    }

    async fn report_node(&self, node: [u8; 16], connections: u64, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "INSERT INTO nodes (id, connections, reported_at) VALUES ($1, $2, $3)
                   ON CONFLICT (id) DO UPDATE SET connections = excluded.connections, reported_at = excluded.reported_at";
        tx.run(sql, args![&node, connections, at]).await?;
        tx.commit().await
    }

    async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError> {
        let sql = "SELECT (SELECT COUNT(*) FROM accounts WHERE deleted_at IS NULL),
                     (SELECT COUNT(*) FROM accounts WHERE deleted_at IS NULL AND active_at >= $1),
                     (SELECT COUNT(*) FROM devices WHERE revoked_at IS NULL),
                     (SELECT COUNT(DISTINCT conversation) FROM memberships WHERE standing <= 2),
                     (SELECT COUNT(*) FROM log), (SELECT COUNT(*) FROM reports WHERE closed_at IS NULL),
                     (SELECT CAST(COALESCE(SUM(connections), 0) AS BIGINT) FROM nodes WHERE reported_at > $2),
                     (SELECT COUNT(*) FROM files WHERE state = 2),
                     (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files WHERE state = 2)";
        let row = self.database.read().await?.row(sql, args![now.minus(ACTIVE_WITHIN), now.minus(NODE_SILENT)]).await?;
        Ok(Counts {
            accounts: row.number(0)?,
            active_accounts: row.number(1)?,
            devices: row.number(2)?,
            conversations: row.number(3)?,
            entries: row.number(4)?,
            open_reports: row.number(5)?,
            connections: row.number(6)?,
            files: row.number(7)?,
            file_bytes: row.number(8)?,
        })
    }

    async fn report(&self, report: Report) -> Result<Done, StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "INSERT INTO reports (id, reporter, account, conversation, reason, comment, shown, reported_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let Report { id, reporter, account, conversation, reason, comment, shown, at } = &report;
        let args = args![id, reporter, account, conversation.as_ref(), *reason, comment, shown, *at];
        let inserted = tx.run(sql, args).await? == 1;
        if inserted {
            tx.commit().await?;
            return Ok(Done::Now);
        }
        let sql = "SELECT reporter, account, reason FROM reports WHERE id = $1";
        let row = tx.row(sql, args![id]).await?;
        let same = row.id::<AccountId>(0)? == *reporter && row.id::<AccountId>(1)? == *account;
        if same && row.count(2)? == *reason { Ok(Done::Before) } else { Err(Refusal::IdTaken.into()) }
    }

    async fn open_reports(&self, after: Option<ReportId>, limit: u32) -> Result<(Vec<Report>, bool), StoreError> {
        let mut tx = self.database.snapshot().await?;
        let (time, id) = match after {
            None => (0, Vec::new()),
            Some(after) => {
                let sql = "SELECT reported_at, id FROM reports WHERE id = $1";
                let row = tx.maybe_row(sql, args![&after]).await?.ok_or(Refusal::CursorUnknown)?;
                (row.number(0)?, row.bytes(1)?)
            }
        };
        let sql = "SELECT id, reporter, account, conversation, reason, comment, shown, reported_at FROM reports
                   WHERE closed_at IS NULL AND (reported_at > $1 OR (reported_at = $1 AND id > $2))
                   ORDER BY reported_at, id LIMIT $3";
        page(&tx.rows(sql, args![time, &id, u64::from(limit) + 1]).await?, limit, report)
    }

    async fn close_report(&self, report: ReportId, at: Timestamp) -> Result<Done, StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "UPDATE reports SET closed_at = $2, shown = $3 WHERE id = $1 AND closed_at IS NULL";
        if tx.run(sql, args![&report, at, ""]).await? == 0 {
            tx.row("SELECT 1 FROM reports WHERE id = $1", args![&report]).await?;
            return Ok(Done::Before);
        }
        tx.commit().await?;
        Ok(Done::Now)
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let steps = [
            ("DELETE FROM sessions WHERE expires_at <= $1", now),
            ("DELETE FROM attempts WHERE expires_at <= $1", now),
            ("DELETE FROM names WHERE held_until <= $1", now),
            ("DELETE FROM claims WHERE claimed_at <= $1", now.minus(CLAIMS_KEPT)),
            ("DELETE FROM key_packages WHERE expires_at <= $1 AND LENGTH(sealed_private) = 0", now),
            // What is left of a package that was handed out keeps it from being stored again.
            (EMPTY_CLAIMED, now.minus(CLAIMS_KEPT)),
            // The private half of a vault device's package: a Welcome made with it may come as late as the package lives.
            ("DELETE FROM key_packages WHERE claimed_at <= $1 AND LENGTH(package) > 0", now.minus(PRIVATE_KEPT)),
            ("DELETE FROM nodes WHERE reported_at <= $1", now.minus(NODES_KEPT)),
        ];
        let mut purged = 0;
        for (sql, before) in steps {
            let mut tx = self.database.write().await?;
            purged += tx.run(sql, args![before]).await?;
            tx.commit().await?;
        }
        Ok(purged)
    }
}

impl SqlStore {
    async fn administrate(&self, account: AccountId, sql: &'static str, value: u64) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = notice(&mut tx, account, Notice::Administration).await?;
        tx.run(sql, args![&account, value]).await?;
        tx.commit().await?;
        Ok(change)
    }
}

/// The rows asked for, and whether there is one more.
fn page<T>(rows: &[Row], limit: u32, read: fn(&Row) -> Result<T, StoreError>) -> Result<(Vec<T>, bool), StoreError> {
    let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((rows[..shown].iter().map(read).collect::<Result<_, _>>()?, rows.len() > shown))
}

fn report(row: &Row) -> Result<Report, StoreError> {
    Ok(Report {
        id: row.id(0)?,
        reporter: row.id(1)?,
        account: row.id(2)?,
        conversation: row.maybe_id(3)?,
        reason: row.count(4)?,
        comment: row.text(5)?,
        shown: row.text(6)?,
        at: row.time(7)?,
    })
}

const EMPTY_CLAIMED: &str = "UPDATE key_packages SET package = SUBSTR(package, 1, 0)
    WHERE claimed_at <= $1 AND LENGTH(package) > 0 AND LENGTH(sealed_private) = 0";
const ACTIVE_WITHIN: Duration = Duration::from_hours(30 * 24);
/// A node that has not said how many connections it has for this long is gone.
const NODE_SILENT: Duration = Duration::from_mins(2);
const CLAIMS_KEPT: Duration = Duration::from_mins(10);
const NODES_KEPT: Duration = Duration::from_hours(1);
const PRIVATE_KEPT: Duration = Duration::from_hours(24 * 90);
