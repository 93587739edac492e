//! Operating the server from its command line, also while it runs (`docs/adr/0020`).
//!
//! It works on the store, not through the server: what it changes is in force within seconds, without a restart. Passwords never
//! reach the server, so no account can be made here; one that registered itself can be made an admin.

mod page;
mod size;
mod strays;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use sotto_proto::{AccountId, Invalid, ReportId, UserName};
use thiserror::Error;

use crate::blobs::{self, BlobError, Blobs};
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::config::{Config, Secret};
use crate::store::{self, AccountFilter, AccountSummary, Done, Refusal, Store, StoreError};

use page::Page;
use size::Size;

/// What an operator can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum AdminCommand {
    /// Make an account an admin; it has to be registered in the app first
    Create {
        /// Its user name
        name: String,
    },
    /// Make an admin an ordinary account again
    Revoke {
        /// Its user name
        name: String,
    },
    /// List accounts by name
    List {
        /// Only names that begin so
        #[arg(long, default_value = "")]
        prefix: String,
        /// Only suspended accounts
        #[arg(long)]
        suspended: bool,
    },
    /// Show one account
    Show {
        /// Its user name
        name: String,
    },
    /// Suspend an account: it reads and exports, and writes nothing
    Suspend {
        /// Its user name
        name: String,
    },
    /// Take a suspension back
    Resume {
        /// Its user name
        name: String,
    },
    /// Set how much an account may store
    Quota {
        /// Its user name
        name: String,
        /// Bytes, or with a unit: 500M, 10G
        size: Size,
    },
    /// Count what the server holds
    Counts,
    /// List open reports, oldest first, with what was shown
    Reports,
    /// Close a report and delete what was shown
    Close {
        /// Its number, as the list of reports gives it
        report: ReportId,
    },
    /// Look for stored files that the database does not know, as they remain after an older one was restored
    Strays {
        /// Remove them; with the wrong database that would be all files
        #[arg(long)]
        remove: bool,
    },
}

impl AdminCommand {
    /// The command as one of the program's.
    pub fn command() -> clap::Command {
        Self::augment_subcommands(clap::Command::new("admin"))
            .about("Operates the server, also while it runs")
            .subcommand_required(true)
            .arg_required_else_help(true)
    }
}

/// Opens the store of the server that keeps its data in this folder, or in this PostgreSQL, whether the server runs or not.
pub async fn open(data: &Path, database: Option<&str>) -> Result<Arc<dyn Store>, AdminError> {
    let opened = match database {
        Some(url) => store::attach_postgres(url).await,
        None if data.join("sotto.db").exists() => store::attach_sqlite(data).await,
        None => return Err(AdminError::NoServer(data.to_owned())),
    };
    opened.map_err(|error| match error {
        StoreError::Broken(..) => AdminError::OtherVersion,
        other => other.into(),
    })
}

/// Carries a command out on the server that has these settings, whether it runs or not.
pub async fn operate(config: &Config, command: &AdminCommand, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let store = open(&config.data, config.database.as_ref().map(Secret::expose)).await?;
    let files = || blobs::open(config.blobs.as_ref().map(Secret::expose), &config.data);
    let done = run(command, &*store, files, SystemClock.now(), out).await;
    store.close().await;
    done
}

/// Carries a command out and says so. The place of files is opened by the commands that need it only.
pub async fn run(
    command: &AdminCommand,
    store: &dyn Store,
    files: impl FnOnce() -> Result<Arc<dyn Blobs>, BlobError>,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    match command {
        AdminCommand::Create { name } => make_admin(store, name, out).await,
        AdminCommand::Revoke { name } => unmake_admin(store, name, out).await,
        AdminCommand::List { prefix, suspended } => list(store, prefix, *suspended, out).await,
        AdminCommand::Show { name } => Ok(Page::new(out).account(&find(store, name).await?)?),
        AdminCommand::Suspend { name } => suspend(store, name, true, out).await,
        AdminCommand::Resume { name } => suspend(store, name, false, out).await,
        AdminCommand::Quota { name, size } => set_quota(store, name, *size, out).await,
        AdminCommand::Counts => counts(store, now, out).await,
        AdminCommand::Reports => reports(store, out).await,
        AdminCommand::Close { report } => close(store, *report, now, out).await,
        AdminCommand::Strays { remove } => strays::sweep(store, &*files()?, *remove, out).await,
    }
}

/// Why a command was not carried out; each says what to do.
#[derive(Debug, Error)]
pub enum AdminError {
    /// What was typed is no name.
    #[error("\"{0}\" is no user name: {1}")]
    NotAName(String, Invalid),
    /// There is nobody of that name.
    #[error(
        "there is no account with the user name {0}. Accounts are registered in the app, admins like everybody else."
    )]
    NoAccount(String),
    /// There is no such report.
    #[error("there is no report {0}. `sotto-server admin reports` lists them.")]
    NoReport(ReportId),
    /// The folder holds no database.
    #[error(
        "there is no database in the folder {}. Name the server's own folder with --data, or its PostgreSQL with --database; \
         a new server makes its database when it is first started.",
        .0.display()
    )]
    NoServer(PathBuf),
    /// The tables are not of this version.
    #[error(
        "the database is of another version of sotto-server, or of none. Use the program that the server runs; a new version \
         brings the database up to date when the server is started."
    )]
    OtherVersion,
    /// The database does not do it.
    #[error("{}", with_cause(.0))]
    Store(#[from] StoreError),
    /// The place of files does not do it.
    #[error("{}", with_cause(.0))]
    Files(#[from] BlobError),
    /// Nobody reads what is written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

async fn make_admin(store: &dyn Store, name: &str, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let account = find(store, name).await?;
    if account.admin {
        return Ok(writeln!(out, "{} is an admin already.", account.user_name)?);
    }
    store.set_admin(account.account, true).await?;
    Ok(writeln!(out, "{} is an admin now.", account.user_name)?)
}

async fn unmake_admin(store: &dyn Store, name: &str, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let account = find(store, name).await?;
    if !account.admin {
        return Ok(writeln!(out, "{} is no admin.", account.user_name)?);
    }
    store.set_admin(account.account, false).await?;
    Ok(writeln!(out, "{} is no admin any more.", account.user_name)?)
}

async fn suspend(
    store: &dyn Store,
    name: &str,
    suspended: bool,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    let account = find(store, name).await?;
    if account.suspended != suspended {
        store.set_suspended(account.account, suspended).await?;
    }
    let state = if suspended { "suspended: it can read and export, and write nothing" } else { "not suspended" };
    Ok(writeln!(out, "{} is {state}.", account.user_name)?)
}

async fn set_quota(store: &dyn Store, name: &str, size: Size, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let account = find(store, name).await?;
    store.set_quota(account.account, size.bytes()).await?;
    let used = Size::from_bytes(account.storage_used);
    Ok(writeln!(out, "{} may store {size}; it stores {used}.", account.user_name)?)
}

async fn list(
    store: &dyn Store,
    prefix: &str,
    suspended_only: bool,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    let mut filter = AccountFilter { after: String::new(), prefix: prefix.to_owned(), suspended_only };
    let mut page = Page::new(out);
    page.heading()?;
    loop {
        let (accounts, more) = store.list_accounts(&filter, AT_ONCE).await?;
        for account in &accounts {
            page.row(account)?;
        }
        match accounts.into_iter().next_back() {
            Some(last) if more => filter.after = last.user_name,
            _ => return Ok(()),
        }
    }
}

async fn counts(store: &dyn Store, now: Timestamp, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let counts = store.counts(now).await?;
    Ok(Page::new(out).counts(&counts)?)
}

async fn reports(store: &dyn Store, out: &mut (dyn Write + Send)) -> Result<(), AdminError> {
    let mut page = Page::new(out);
    let mut after = None;
    loop {
        let (reports, more) = store.open_reports(after, AT_ONCE).await?;
        for report in &reports {
            let who = name_of(store, report.reporter).await?;
            let whom = name_of(store, report.account).await?;
            page.report(report, &who, &whom)?;
        }
        after = reports.last().map(|report| report.id).or(after);
        if !more {
            break;
        }
    }
    if after.is_none() {
        page.line("No reports are open.")?;
    }
    Ok(())
}

async fn close(
    store: &dyn Store,
    report: ReportId,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    let done = match store.close_report(report, now).await {
        Err(StoreError::Refused(Refusal::NotFound)) => return Err(AdminError::NoReport(report)),
        other => other?,
    };
    let when = if done == Done::Now { "now" } else { "already" };
    Ok(writeln!(out, "Report {report} is closed {when}.")?)
}

async fn find(store: &dyn Store, typed: &str) -> Result<AccountSummary, AdminError> {
    let name = UserName::from_input(typed).map_err(|invalid| AdminError::NotAName(typed.to_owned(), invalid))?;
    let account = store.find_user(name.as_str()).await?;
    let account = account.ok_or_else(|| AdminError::NoAccount(name.to_string()))?;
    Ok(store.account_summary(account).await?)
}

/// For people to read; a deleted account has none.
async fn name_of(store: &dyn Store, account: AccountId) -> Result<String, AdminError> {
    match store.account_summary(account).await {
        Ok(summary) => Ok(summary.user_name),
        Err(StoreError::Refused(Refusal::NotFound)) => Ok("a deleted account".to_owned()),
        Err(error) => Err(error.into()),
    }
}

const AT_ONCE: u32 = 200;
