//! Whether everything is in order.

use std::path::Path;

use serde::Serialize;
use sotto_client::engine::{DirectoryPresence, Engine};
use sotto_native_client::Reach;

use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::objects::trouble_of;
use crate::session::Session;
use crate::words::{Language, Message};

/// One thing that was looked at.
#[derive(Serialize)]
struct CheckObject {
    check: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip)]
    message: Message,
}

impl Shown for CheckObject {
    fn in_words(&self, language: Language) -> String {
        let mark = if self.ok { "✓" } else { "✗" };
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{mark} {}{detail}", self.message.say(language))
    }
}

pub(super) async fn look(session: &Session, console: &mut Console) -> Result<(), Failure> {
    let mut checks = vec![folder(&session.folder), cryptography(), store(session).await?, account(session).await?];
    checks.extend(server(session).await?);
    checks.push(directory(session).await?);
    let sick = checks.iter().any(|check| !check.ok);
    checks.iter().try_for_each(|check| console.show(check))?;
    if sick { Err(Message::NotInOrder.failed()) } else { Ok(()) }
}

/// Nobody else may look into the profile.
fn folder(folder: &Path) -> CheckObject {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(folder).map(|found| found.permissions().mode() & 0o777).unwrap_or_default();
    let detail = format!("{} ({mode:03o})", folder.display());
    CheckObject { check: "folder", ok: mode | 0o700 == 0o700, detail, message: Message::CheckFolder }
}

/// The primitives against their published answers.
fn cryptography() -> CheckObject {
    let wrong: Vec<_> = sotto_crypto::self_test::run().into_iter().filter(|check| !check.passed).collect();
    let detail = wrong.iter().map(|check| check.name).collect::<Vec<_>>().join(", ");
    CheckObject { check: "cryptography", ok: wrong.is_empty(), detail, message: Message::CheckCryptography }
}

/// Every page and every index of the store.
async fn store(session: &Session) -> Result<CheckObject, Failure> {
    let found = session.client.with(|engine, _| engine.check_store()).await?;
    let (ok, detail) = match found {
        Ok(()) => (true, String::new()),
        Err(error) => (false, error.to_string()),
    };
    Ok(CheckObject { check: "store", ok, detail, message: Message::CheckStore })
}

async fn account(session: &Session) -> Result<CheckObject, Failure> {
    let (ok, name) = session
        .look(|engine: &Engine| Ok((engine.is_signed_in(), engine.user_name().unwrap_or_default().to_owned())))
        .await?;
    Ok(CheckObject { check: "account", ok, detail: crate::safe::line(&name), message: Message::CheckAccount })
}

/// Whether the server answers, and how far its clock is from this machine's.
async fn server(session: &Session) -> Result<Vec<CheckObject>, Failure> {
    // That it does not answer in time is what is to be found out.
    let _ = session.in_time(session.at_rest()).await;
    let there = session.client.line().borrow().reach == Reach::There;
    let server = session.server.clone();
    let mut checks = vec![CheckObject { check: "server", ok: there, detail: server, message: Message::CheckServer }];
    if let Some(ahead_ms) = session.client.with(|engine, _| engine.server_clock_ahead_ms()).await? {
        let ok = ahead_ms.abs() < CLOCK_MAX_MS;
        let detail = format!("{ahead_ms:+} ms");
        checks.push(CheckObject { check: "clock", ok, detail, message: Message::CheckClock });
    }
    Ok(checks)
}

/// Whether the server's directory of keys adds up, as far as this device has looked into it.
async fn directory(session: &Session) -> Result<CheckObject, Failure> {
    let (faults, presence) = session.look(|engine: &Engine| Ok((engine.key_faults()?, engine.directory()?))).await?;
    let codes: Vec<_> = faults.iter().map(|fault| trouble_of(fault.trouble)).collect();
    let detail = match presence {
        _ if !codes.is_empty() => codes.join(", "),
        DirectoryPresence::Absent => "no-directory".to_owned(),
        DirectoryPresence::Present { .. } | DirectoryPresence::Unknown => String::new(),
    };
    Ok(CheckObject { check: "directory", ok: faults.is_empty(), detail, message: Message::CheckDirectory })
}

/// The engine goes by the server's clock; one that is further off than this shows wrong times elsewhere.
const CLOCK_MAX_MS: i64 = 60_000;
