//! The verbs, written once in SQL that both databases understand.
//!
//! Order of locks, on every node: conversations by id, then accounts by id, then everything else. Whoever holds a lock waits only
//! for later ones.

mod account;
mod admin;
pub(crate) mod append;
pub(crate) mod connection;
mod conversation;
mod device;
mod directory;
pub(crate) mod failure;
mod file;
mod group;
mod key_package;
pub(crate) mod log;
mod login;
pub(crate) mod migrations;
mod relation;
mod removal;
mod sealed;
mod second_factor;
mod session;
mod sync;
mod tell;
pub(crate) mod value;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sotto_proto::AccountId;
use tokio::task::JoinHandle;

use self::connection::{Connection, Database};
use self::value::args;
use super::appender::Appender;
use super::{Lifecycle, StoreError};

/// The store over either database.
pub(super) struct SqlStore {
    database: Arc<Database>,
    appender: Appender,
    teller: Mutex<Option<JoinHandle<()>>>,
}

impl SqlStore {
    pub(super) fn start(database: Database) -> Self {
        let database = Arc::new(database);
        let teller = tokio::spawn(tell_for_ever(Arc::clone(&database)));
        Self { appender: Appender::start(&database), database, teller: Mutex::new(Some(teller)) }
    }

    /// Over a database that another process may be in charge of: what is to be told is told by that one.
    pub(super) async fn attach(database: Database) -> Result<Self, StoreError> {
        migrations::check(&database).await?;
        let database = Arc::new(database);
        Ok(Self { appender: Appender::start(&database), database, teller: Mutex::new(None) })
    }
}

impl Drop for SqlStore {
    fn drop(&mut self) {
        if let Some(teller) = self.teller.lock().ok().and_then(|mut teller| teller.take()) {
            teller.abort();
        }
    }
}

#[async_trait]
impl Lifecycle for SqlStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.database.read().await?.rows("SELECT 1", &[]).await.map(drop)
    }

    async fn close(&self) {
        self.appender.close().await;
        let teller = self.teller.lock().expect("no holder of this lock panics").take();
        if let Some(teller) = teller {
            teller.abort();
            let _ = teller.await;
        }
        self.database.close().await;
    }
}

/// Keeps short what a sync has to look through. A failure passes or shows elsewhere; nothing depends on this task.
async fn tell_for_ever(database: Arc<Database>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        // On only while more waited than are told at once: what has grown meanwhile is told next time, once for many appends.
        while tell::tell_grown(&database, TOLD_AT_ONCE).await.is_ok_and(|told| told >= u64::from(TOLD_AT_ONCE)) {
            tokio::task::yield_now().await;
        }
        while tell::tell_contacts(&database).await.unwrap_or(false) {
            tokio::task::yield_now().await;
        }
    }
}

/// Gives an account its next change number, and locks it until the transaction ends.
async fn next_change(tx: &mut Connection, account: &AccountId) -> Result<u64, StoreError> {
    let sql = "UPDATE accounts SET change = change + 1 WHERE id = $1 AND deleted_at IS NULL RETURNING change";
    tx.row(sql, args![account]).await?.number(0)
}

/// How long the members' change numbers may lag behind the log. Within this time a busy conversation is told once.
const PAUSE: Duration = Duration::from_millis(500);
const TOLD_AT_ONCE: u32 = 64;
