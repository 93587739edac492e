//! Who one is here: coming in, and what is known of it.

use serde::Serialize;
use sotto_client::engine::{Change, Engine, NewAccount};
use sotto_crypto::login::Password;
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::Email;

use super::arrival::{Arrival, Step, cost, device_name};
use super::{open, passphrase};
use crate::arguments::{Common, Login, NewPasswordSource, PasswordSource, Recover, Register};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::finding;
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
    require_email(&email)?;
    let password = password(&chosen.password, true, console)?;
    let device_name = device_name(chosen.device_name);
    let new = NewAccount { user_name, email, password, cost: cost(), device_name };
    let arrival = enter(common, chosen.server.as_deref(), "register", console)?;
    let entered = arrival.register(new).await;
    come_in(arrival, entered, Story::Registered, console).await
}

/// None is as good as one that is right.
pub(crate) fn require_email(email: &str) -> Result<(), Failure> {
    if email.is_empty() || Email::parse("email", email).is_ok() {
        return Ok(());
    }
    Err(Message::BadEmail { email: crate::safe::line(email) }.misused())
}

pub(super) async fn login(common: &Common, returning: Login, console: &mut Console) -> Result<(), Failure> {
    let password = password(&returning.password, false, console)?;
    let arrival = enter(common, returning.server.as_deref(), "login", console)?;
    let entered = match arrival.sign_in(returning.user, password, device_name(returning.device_name)).await {
        Ok(Step::In) => Ok(()),
        Ok(Step::CodeNeeded) => match code(returning.code, console) {
            Ok(code) => arrival.give_code(code).await,
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    come_in(arrival, entered, Story::SignedIn, console).await
}

/// The code of the second factor: the one that was given, or one that is asked for now.
pub(super) fn code(given: Option<String>, console: &Console) -> Result<String, Failure> {
    let ask = Ask {
        file: None,
        variable: "SOTTO_CODE",
        question: Message::AskCode,
        twice: false,
        otherwise: Message::SecondFactorNeeded,
        language: console.language,
    };
    match given {
        Some(code) => Ok(code),
        None => secrets::ask_text(&ask).map(|code| code.trim().to_owned()),
    }
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
    let code = recovery_code(&words)?;
    let password = new_password(&lost.password, console)?;
    let arrival = enter(common, lost.server.as_deref(), "recover", console)?;
    let entered = arrival.recover(lost.user, code, password, device_name(lost.device_name)).await;
    come_in(arrival, entered, Story::SignedIn, console).await
}

pub(crate) fn recovery_code(words: &str) -> Result<RecoveryCode, Failure> {
    RecoveryCode::parse(words).map_err(|error| Message::BadRecoveryWords { why: error.to_string() }.misused())
}

pub(super) async fn logout(common: &Common, console: &mut Console) -> Result<(), Failure> {
    let (profile, session) = open(common, "logout", console)?;
    let arrival = Arrival { profile, session };
    if arrival.session.look(|engine| Ok(engine.own_account().is_some())).await? {
        // A session that the server has ended needs no farewell; one that it cannot be asked about gets one.
        let _ = arrival.come_to_rest().await;
        let wiped = |change: &Change| (*change == Change::Wiped).then_some(Ok(()));
        arrival.session.outcome(Engine::log_out, wiped).await?;
    }
    drop(arrival.session);
    arrival.profile.remove()?;
    console.say(&Message::SignedOutNow)
}

pub(super) async fn whoami(session: &Session, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    let object = account_object(session, Story::SignedIn, false).await?;
    console.show(&object)
}

fn enter(common: &Common, server: Option<&str>, command: &str, console: &Console) -> Result<Arrival, Failure> {
    Arrival::begin(common, server, command, &passphrase(common), console)
}

/// What a new account has to keep is shown even if the server goes away just now.
async fn come_in(
    arrival: Arrival,
    entered: Result<(), Failure>,
    story: Story,
    console: &mut Console,
) -> Result<(), Failure> {
    if let Err(failure) = entered {
        arrival.turn_away().await?;
        return Err(failure);
    }
    let settled = arrival.settle().await;
    let object = account_object(&arrival.session, story, story == Story::Registered).await?;
    console.show(&object)?;
    arrival.session.with(Engine::recovery_words_are_kept).await?;
    settled
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

/// Words as people copy them: six a row.
pub(super) fn in_rows(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.chunks(6).map(|row| format!("    {}", row.join(" "))).collect::<Vec<_>>().join("\n")
}
