//! Who one is here: coming in, and what is known of it.

use serde::Serialize;
use sotto_client::engine::{Attempt, Change, Engine, FactorCode, NewAccount, Recovering, Returning};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::Email;

use super::{open, passphrase, start};
use crate::arguments::{Common, Login, NewPasswordSource, PasswordSource, Recover, Register};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::finding;
use crate::profile::Profile;
use crate::secrets::{self, Ask};
use crate::session::Session;
use crate::words::{Language, Message};

/// The account that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct AccountObject {
    user: String,
    account: String,
    device: String,
    server: String,
    /// Only once, of a new account.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_words: Option<String>,
    #[serde(skip)]
    story: Story,
}

/// How it comes that the account is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    Registered,
    SignedIn,
}

impl Shown for AccountObject {
    fn in_words(&self, language: Language) -> String {
        let (name, server) = (crate::safe::line(&self.user), self.server.clone());
        let first = match self.story {
            Story::Registered => Message::Registered { name, server },
            Story::SignedIn => Message::SignedIn { name, server },
        };
        let mut words = first.say(language);
        if let Some(recovery) = &self.recovery_words {
            words += "\n";
            words += &Message::RecoveryWords { words: in_rows(recovery) }.say(language);
        }
        words
    }
}

pub(super) async fn register(common: &Common, chosen: Register, console: &mut Console) -> Result<(), Failure> {
    let user_name = finding::user(&chosen.user)?;
    let email = chosen.email.unwrap_or_default();
    if !email.is_empty() && Email::parse("email", &email).is_err() {
        return Err(Message::BadEmail { email: crate::safe::line(&email) }.misused());
    }
    let password = password(&chosen.password, true, console)?;
    let new = NewAccount { user_name, email, password, cost: cost(), device_name: device_name(chosen.device_name) };
    let (profile, session) = enter(common, chosen.server.as_deref(), "register", console)?;
    if let Some(name) = session.look(|engine| Ok(engine.user_name().map(str::to_owned))).await? {
        return Err(Message::SignedInAlready { name }.failed());
    }
    let entered = session.outcome(|engine, moment| engine.register(new, moment), |change| verdict(change, "")).await;
    come_in(profile, session, entered, Story::Registered, console).await
}

pub(super) async fn login(common: &Common, returning: Login, console: &mut Console) -> Result<(), Failure> {
    let password = password(&returning.password, false, console)?;
    let (profile, session) = enter(common, returning.server.as_deref(), "login", console)?;
    let login_name = login_name(&session, returning.user).await?;
    come_to_rest(&session).await?;
    let whom = login_name.clone();
    let back = Returning { login_name, password, device_name: device_name(returning.device_name) };
    let needs_code = session
        .outcome(
            |engine, moment| engine.sign_in(back, moment),
            |change| match change {
                Change::SecondFactorNeeded => Some(Ok(true)),
                change => verdict(change, &whom).map(|verdict| verdict.map(|()| false)),
            },
        )
        .await;
    let entered = match needs_code {
        Ok(true) => second_factor(&session, returning.code, &whom, console).await,
        Ok(false) => Ok(()),
        Err(failure) => Err(failure),
    };
    come_in(profile, session, entered, Story::SignedIn, console).await
}

async fn second_factor(session: &Session, code: Option<String>, whom: &str, console: &Console) -> Result<(), Failure> {
    let code = match code {
        Some(code) => code,
        None => secrets::ask_text(&Ask {
            file: None,
            variable: "SOTTO_CODE",
            question: Message::AskCode,
            twice: false,
            otherwise: Message::SecondFactorNeeded,
            language: console.language,
        })?
        .trim()
        .to_owned(),
    };
    let is_totp = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let code = if is_totp { FactorCode::Totp(code) } else { FactorCode::Backup(code) };
    session.outcome(|engine, moment| engine.second_factor(code, moment), |change| verdict(change, whom)).await
}

pub(super) async fn recover(common: &Common, lost: Recover, console: &mut Console) -> Result<(), Failure> {
    let words = secrets::ask_text(&Ask {
        file: lost.words_file.as_deref(),
        variable: "SOTTO_RECOVERY_WORDS",
        question: Message::AskRecoveryWords,
        twice: false,
        otherwise: Message::NoRecoveryWords,
        language: console.language,
    })?;
    let code =
        RecoveryCode::parse(&words).map_err(|error| Message::BadRecoveryWords { why: error.to_string() }.misused())?;
    let password = new_password(&lost.password, console)?;
    let (profile, session) = enter(common, lost.server.as_deref(), "recover", console)?;
    let login_name = login_name(&session, lost.user).await?;
    come_to_rest(&session).await?;
    let whom = login_name.clone();
    let lost = Recovering { login_name, code, password, cost: cost(), device_name: device_name(lost.device_name) };
    let entered = session.outcome(|engine, moment| engine.recover(lost, moment), |change| verdict(change, &whom)).await;
    come_in(profile, session, entered, Story::SignedIn, console).await
}

/// Where somebody is signed in already, what is under way with the old session comes to its end before a new one begins.
async fn come_to_rest(session: &Session) -> Result<(), Failure> {
    if session.look(|engine| Ok(engine.is_signed_in())).await? {
        session.in_time(session.at_rest()).await?;
    }
    Ok(())
}

/// The name to sign in by: the one that is given, or the one that was signed in here before.
async fn login_name(session: &Session, named: Option<String>) -> Result<String, Failure> {
    let known = session.look(|engine| Ok(engine.user_name().map(str::to_owned))).await?;
    let named = named.map(|name| name.trim().trim_start_matches('@').to_owned()).or(known);
    named.ok_or_else(|| Message::BadUserName { name: String::new() }.misused())
}

pub(super) async fn logout(common: &Common, console: &mut Console) -> Result<(), Failure> {
    let (profile, session) = open(common, "logout", console)?;
    if session.look(|engine| Ok(engine.own_account().is_some())).await? {
        // A session that the server has ended needs no farewell; one that it cannot be asked about gets one.
        let _ = come_to_rest(&session).await;
        let wiped = |change: &Change| (*change == Change::Wiped).then_some(Ok(()));
        session.outcome(Engine::log_out, wiped).await?;
    }
    drop(session);
    profile.remove()?;
    console.say(&Message::SignedOutNow)
}

pub(super) async fn whoami(session: &Session, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    let object = account_object(session, Story::SignedIn, false).await?;
    console.show(&object)
}

fn enter(
    common: &Common,
    server: Option<&str>,
    command: &str,
    console: &Console,
) -> Result<(Profile, Session), Failure> {
    if let Some(server) = server.filter(|server| !is_address(server)) {
        return Err(Message::BadServer { server: crate::safe::line(server) }.misused());
    }
    let folder = common.profile.clone().unwrap_or_else(Profile::usual_folder);
    let profile = Profile::open_or_make(&folder, server, command, &passphrase(common), console)?;
    start(profile, common, console)
}

/// Whether it can be the address of a server.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

/// Once the server has let the device in, the first things that others need of it go to the server before the command ends. A
/// profile in which nobody has signed in is not left behind.
async fn come_in(
    profile: Profile,
    session: Session,
    entered: Result<(), Failure>,
    story: Story,
    console: &mut Console,
) -> Result<(), Failure> {
    let outcome = match entered {
        Ok(()) => settle_in(&session, story, console).await,
        Err(failure) => Err(failure),
    };
    let is_nobodys = session.look(|engine| Ok(engine.own_account().is_none())).await?;
    drop(session);
    if is_nobodys {
        profile.remove()?;
    }
    outcome
}

async fn settle_in(session: &Session, story: Story, console: &mut Console) -> Result<(), Failure> {
    session.in_time(session.at_rest()).await?;
    let object = account_object(session, story, story == Story::Registered).await?;
    console.show(&object)?;
    session.with(Engine::recovery_words_are_kept).await
}

async fn account_object(session: &Session, story: Story, with_words: bool) -> Result<AccountObject, Failure> {
    let server = session.server.clone();
    let object = session.look(move |engine| {
        let (Some(account), Some(device)) = (engine.own_account(), engine.device()) else { return Ok(None) };
        Ok(Some(AccountObject {
            user: engine.user_name().unwrap_or_default().to_owned(),
            account: account.to_string(),
            device: device.to_string(),
            server,
            recovery_words: engine.expose_recovery_words().filter(|_| with_words).map(str::to_owned),
            story,
        }))
    });
    object.await?.ok_or_else(|| Message::NotSignedIn.signed_out())
}

fn verdict(change: &Change, whom: &str) -> Option<Result<(), Failure>> {
    match change {
        Change::SignedIn => Some(Ok(())),
        Change::Failed { what: Attempt::Register | Attempt::SignIn | Attempt::Recover, why } => {
            Some(Err(Failure::of(*why, whom)))
        }
        _ => None,
    }
}

pub(super) fn password(source: &PasswordSource, is_new: bool, console: &Console) -> Result<Password, Failure> {
    secrets::ask(&Ask {
        file: source.password_file.as_deref(),
        variable: "SOTTO_PASSWORD",
        question: if is_new { Message::AskNewPassword } else { Message::AskPassword },
        twice: is_new,
        otherwise: Message::NoPassword,
        language: console.language,
    })
}

pub(super) fn new_password(source: &NewPasswordSource, console: &Console) -> Result<Password, Failure> {
    secrets::ask(&Ask {
        file: source.new_password_file.as_deref(),
        variable: "SOTTO_NEW_PASSWORD",
        question: Message::AskNewPassword,
        twice: true,
        otherwise: Message::NoNewPassword,
        language: console.language,
    })
}

/// RFC 9106 §4, the second choice, in one lane: what a browser on a small machine can still do.
pub(super) fn cost() -> StretchCost {
    StretchCost::new(64 * 1024, 3).unwrap_or(StretchCost::MINIMUM)
}

fn device_name(chosen: Option<String>) -> String {
    let machine = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    chosen.or_else(machine).filter(|name| !name.is_empty()).unwrap_or_else(|| "terminal".to_owned())
}

/// Words as people copy them: six a row.
pub(super) fn in_rows(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.chunks(6).map(|row| format!("    {}", row.join(" "))).collect::<Vec<_>>().join("\n")
}
