//! What changed for an account since a cursor. Each account numbers its changes, so that asking costs what changed.

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId};

use super::{Entry, Head, Welcome};
use crate::store::StoreError;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Keys of a contact, or of the account itself.
    Keys,
    /// Sessions of the account.
    Sessions,
    /// Password, second factor or e-mail address.
    Login,
    /// The vault.
    Vault,
    /// A reset.
    Reset,
    /// A refresh token came twice.
    RefreshReused,
    /// Suspension or quota.
    Administration,
}

/// A change about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountNotice {
    /// What changed.
    pub notice: Notice,
    /// Whose.
    pub subject: AccountId,
    /// Version of what changed, or 0.
    pub version: u64,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct ChangesWanted {
    /// Only what changed after this number, in ascending order.
    pub after: u64,
    /// Most conversations, and most notices.
    pub limit: u32,
    /// About how many Welcomes.
    pub welcomes: u32,
    /// Most entries with each conversation.
    pub entries: u32,
    /// About how many bytes of entries in all.
    pub max_bytes: usize,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Conversations in the order of their change, each with its newest entries, ascending.
    pub conversations: Vec<(Head, Vec<Entry>)>,
    /// Conversations that are gone for the account, as they were.
    pub declined: Vec<Head>,
    /// Welcomes that arrived for the devices asked for.
    pub welcomes: Vec<Welcome>,
    /// Changes about accounts.
    pub notices: Vec<AccountNotice>,
    /// Highest change number of the settings.
    pub settings_change: u64,
    /// Version of the vault.
    pub vault_version: u64,
    /// Everything up to this number is told.
    pub up_to: u64,
    /// Whether there is more.
    pub more: bool,
}

/// Conversations of an account that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The most recently changed first, each with its newest entries, ascending.
    pub conversations: Vec<(Head, Vec<Entry>)>,
    /// The account's highest change number when this page was read.
    pub change: u64,
    /// Highest change number of the settings.
    pub settings_change: u64,
    /// Version of the vault.
    pub vault_version: u64,
    /// Whether there are older ones.
    pub more: bool,
}

/// Telling what changed.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// What changed after a number. Exact: everything acknowledged before the call is in it or in its next pages.
    async fn changes(
        &self,
        account: AccountId,
        devices: &[DeviceId],
        wanted: ChangesWanted,
    ) -> Result<Changes, StoreError>;

    /// The conversations of an account, newest first: those whose change number is below `before`.
    async fn overview(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: u32,
        entries: u32,
        max_bytes: usize,
    ) -> Result<Overview, StoreError>;

    /// The highest change numbers of accounts; those that do not exist are left out.
    async fn change_numbers(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, u64)>, StoreError>;

    /// Leaves a notice for an account.
    async fn notify(&self, account: AccountId, notice: AccountNotice) -> Result<u64, StoreError>;

    /// Moves the change numbers of the members of conversations that grew, and of the contacts of accounts whose keys changed: of up
    /// to `limit` of each. Returns how many it moved. The store does it by itself; [`ChangeFeed::changes`] never waits for it.
    async fn tell_members(&self, limit: u32) -> Result<u64, StoreError>;
}
