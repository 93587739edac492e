//! For the operator: what can be known and done without reading anything; and what keeps the store small.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, ReportId};

use super::{AccountSummary, Done};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// Which accounts are listed.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only names after this one.
    pub after: String,
    /// Only names that begin so.
    pub prefix: String,
    /// Only suspended ones.
    pub suspended_only: bool,
}

/// What the server holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that exist.
    pub accounts: u64,
    /// Of these, those with a connection in the last 30 days.
    pub active_accounts: u64,
    /// Devices that are not revoked.
    pub devices: u64,
    /// Conversations with at least one member.
    pub conversations: u64,
    /// Log entries kept.
    pub entries: u64,
    /// Complete files.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Connections, as the nodes reported them in the last two minutes.
    pub connections: u64,
    /// Reports that are open.
    pub open_reports: u64,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Drawn by the reporter: the same again is no error.
    pub id: ReportId,
    /// Who reports.
    pub reporter: AccountId,
    /// Who is reported.
    pub account: AccountId,
    /// About which conversation.
    pub conversation: Option<ConversationId>,
    /// The reason's number on the wire.
    pub reason: u32,
    /// In the reporter's words.
    pub comment: String,
    /// What the reporter chose to show.
    pub shown: String,
    /// When.
    pub at: Timestamp,
}

/// Operating the server.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Accounts in byte order of their names; and whether there are more.
    async fn list_accounts(
        &self,
        filter: &AccountFilter,
        limit: u32,
    ) -> Result<(Vec<AccountSummary>, bool), StoreError>;

    /// Suspends or resumes. Returns the account's change number.
    async fn set_suspended(&self, account: AccountId, suspended: bool) -> Result<u64, StoreError>;

    /// Sets the bytes that an account may store. Returns the account's change number.
    async fn set_quota(&self, account: AccountId, bytes: u64) -> Result<u64, StoreError>;

    /// Makes an admin, or an ordinary account again. Returns the account's change number.
    async fn set_admin(&self, account: AccountId, admin: bool) -> Result<u64, StoreError>;

    /// Notes how many connections a node has. A node is named anew at each start.
    async fn report_node(&self, node: [u8; 16], connections: u64, at: Timestamp) -> Result<(), StoreError>;

    /// Counts; reads much.
    async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError>;

    /// Files a report.
    async fn report(&self, report: Report) -> Result<Done, StoreError>;

    /// Open reports, oldest first; and whether there are more.
    async fn open_reports(&self, after: Option<ReportId>, limit: u32) -> Result<(Vec<Report>, bool), StoreError>;

    /// Closes a report and deletes what was shown.
    async fn close_report(&self, report: ReportId, at: Timestamp) -> Result<Done, StoreError>;

    /// Deletes what has expired: sessions, reserved names, key packages, claims and nodes that are gone. Returns how many rows.
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
}
