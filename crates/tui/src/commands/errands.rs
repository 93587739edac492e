//! What the owner of an account does with it: the password, the words on paper, devices, the second factor, the own name.

use std::io::BufRead as _;

use serde::Serialize;
use sotto_client::engine::{Attempt, Change, Engine, Errand, Moment, OwnDevice, VaultStand};
use sotto_crypto::login::Password;
use sotto_proto::DeviceId;

use super::account;
use crate::arguments::{DeviceCommand, NewPassword, PasswordSource, ProfileText, SecondFactor};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::objects::{time_for_people, time_for_programs};
use crate::safe;
use crate::session::Session;
use crate::words::{Language, Message};

pub(super) async fn password(session: &Session, new: NewPassword, console: &mut Console) -> Result<(), Failure> {
    session.require_server().await?;
    let old = account::password(&new.old, false, console)?;
    let password = account::new_password(&new.new, console)?;
    let errand = Errand::ChangePassword { password, cost: account::cost(), end_other_sessions: !new.keep_sessions };
    run(session, old, errand, Attempt::Password).await?;
    console.say(&Message::Done)
}

/// Runs an errand to its end.
async fn run(session: &Session, password: Password, errand: Errand, what: Attempt) -> Result<(), Failure> {
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.run(password, errand, moment);
    session.outcome(ask, |change| verdict(change, what)).await
}

pub(super) fn verdict(change: &Change, wanted: Attempt) -> Option<Result<(), Failure>> {
    match change {
        Change::Done(what) if *what == wanted => Some(Ok(())),
        Change::Failed { what, why } if *what == wanted || *what == Attempt::SignIn => Some(Err(Failure::of(*why, ""))),
        Change::SecondFactorNeeded => Some(Err(Message::SecondFactorNeeded.failed())),
        _ => None,
    }
}

/// Words that are shown once.
#[derive(Serialize)]
struct WordsObject {
    recovery_words: String,
}

impl Shown for WordsObject {
    fn in_words(&self, language: Language) -> String {
        Message::NewRecoveryWords { words: account::in_rows(&self.recovery_words) }.say(language)
    }
}

pub(super) async fn recovery_words(
    session: &Session,
    source: &PasswordSource,
    console: &mut Console,
) -> Result<(), Failure> {
    session.require_server().await?;
    let password = account::password(source, false, console)?;
    run(session, password, Errand::RenewRecoveryWords, Attempt::RecoveryWords).await?;
    let words = session.look(|engine| Ok(engine.expose_recovery_words().map(str::to_owned))).await?;
    console.show(&WordsObject { recovery_words: words.unwrap_or_default() })?;
    session.with(Engine::recovery_words_are_kept).await
}

/// A device of the account.
#[derive(Serialize)]
struct DeviceObject {
    id: String,
    name: String,
    added: String,
    last_used: String,
    /// Whether it is this one.
    this: bool,
    #[serde(skip)]
    last_used_at_ms: u64,
}

impl DeviceObject {
    fn of(device: &OwnDevice) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name.clone(),
            added: time_for_programs(device.added_at_ms),
            last_used: time_for_programs(device.last_used_at_ms),
            this: device.this,
            last_used_at_ms: device.last_used_at_ms,
        }
    }
}

impl Shown for DeviceObject {
    fn in_words(&self, language: Language) -> String {
        let this = if self.this { format!("  [{}]", Message::ThisDevice.say(language)) } else { String::new() };
        format!("{}  {}  {}{this}", self.id, time_for_people(self.last_used_at_ms), safe::line(&self.name))
    }
}

pub(super) async fn devices(
    session: &Session,
    what: Option<DeviceCommand>,
    console: &mut Console,
) -> Result<(), Failure> {
    session.require_server().await?;
    match what {
        None => {
            let devices = list_devices(session).await?;
            devices.iter().try_for_each(|device| console.show(&DeviceObject::of(device)))?;
            tell_of_keys(session, console).await
        }
        Some(DeviceCommand::Rename { device, name }) => {
            let device = find_device(session, &device).await?;
            session.with(move |engine, moment| engine.name_device(device, &name, moment)).await?;
            session.in_time(session.at_rest()).await?;
            console.say(&Message::Done)
        }
        Some(DeviceCommand::Revoke { device, password }) => {
            let device = find_device(session, &device).await?;
            let password = account::password(&password, false, console)?;
            run(session, password, Errand::RevokeDevice(device), Attempt::Devices).await?;
            keys_are_renewed(session, console).await
        }
        Some(DeviceCommand::Renew(password)) => {
            let password = account::password(&password, false, console)?;
            run(session, password, Errand::RenewVault, Attempt::Devices).await?;
            keys_are_renewed(session, console).await
        }
    }
}

/// Gives new keys the time to take over. What is left of it goes on whenever this program runs.
async fn keys_are_renewed(session: &Session, console: &mut Console) -> Result<(), Failure> {
    session.in_time(session.at_rest()).await?;
    tell_of_keys(session, console).await?;
    console.say(&Message::Done)
}

async fn tell_of_keys(session: &Session, console: &mut Console) -> Result<(), Failure> {
    match session.look(Engine::vault_stand).await? {
        VaultStand::Good => {}
        VaultStand::Renewing(left) => console.note(&Message::KeysRenewing { left: left.to_string() }),
        VaultStand::Due => console.note(&Message::KeysDue),
        VaultStand::Behind => console.note(&Message::KeysBehind),
    }
    Ok(())
}

pub(super) async fn list_devices(session: &Session) -> Result<Vec<OwnDevice>, Failure> {
    let came = |change: &Change| (*change == Change::Devices).then_some(Ok(()));
    session.outcome(Engine::ask_for_devices, came).await?;
    session.look(|engine| Ok(engine.devices().to_vec())).await
}

async fn find_device(session: &Session, named: &str) -> Result<DeviceId, Failure> {
    let devices = list_devices(session).await?;
    let mut fitting = devices.iter().filter(|device| device.id.to_string() == named || device.name == named);
    match (fitting.next(), fitting.next()) {
        (Some(device), None) => Ok(device.id),
        _ => Err(Message::NoSuchDevice { device: safe::line(named) }.misused()),
    }
}

/// A secret for an authenticator, to be shown once.
#[derive(Serialize)]
struct FactorObject {
    secret: String,
    uri: String,
}

impl Shown for FactorObject {
    fn in_words(&self, language: Language) -> String {
        Message::FactorSecret { secret: self.secret.clone(), uri: self.uri.clone() }.say(language)
    }
}

#[derive(Serialize)]
struct BackupCodesObject {
    backup_codes: Vec<String>,
}

impl Shown for BackupCodesObject {
    fn in_words(&self, language: Language) -> String {
        let codes: Vec<_> = self.backup_codes.iter().map(|code| format!("    {code}")).collect();
        Message::BackupCodes { codes: codes.join("\n") }.say(language)
    }
}

pub(super) async fn second_factor(
    session: &Session,
    factor: SecondFactor,
    console: &mut Console,
) -> Result<(), Failure> {
    session.require_server().await?;
    match factor {
        SecondFactor::Enable(source) => enable_factor(session, &source, console).await,
        SecondFactor::Disable(source) => {
            let password = account::password(&source, false, console)?;
            run(session, password, Errand::DisableFactor, Attempt::Factor).await?;
            console.say(&Message::Done)
        }
    }
}

async fn enable_factor(session: &Session, source: &PasswordSource, console: &mut Console) -> Result<(), Failure> {
    let password = account::password(source, false, console)?;
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.run(password, Errand::EnableFactor, moment);
    let drawn = |change: &Change| match change {
        Change::FactorDrawn => Some(Ok(())),
        change => verdict(change, Attempt::Factor),
    };
    session.outcome(ask, drawn).await?;
    let (secret, user) = session
        .look(|engine| {
            let secret = engine.expose_factor_secret().unwrap_or_default().to_owned();
            Ok((secret, engine.user_name().unwrap_or_default().to_owned()))
        })
        .await?;
    let uri = format!("otpauth://totp/Sotto:{user}?secret={secret}&issuer=Sotto");
    console.show(&FactorObject { secret, uri })?;
    let code = read_code().ok_or_else(|| Message::FactorIsOff.misused())?;
    let confirm = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.confirm_factor(&code, moment);
    session.outcome(confirm, |change| verdict(change, Attempt::Factor)).await?;
    let codes = session.with(|engine, _| Ok(engine.take_backup_codes())).await?;
    console.show(&BackupCodesObject { backup_codes: codes.iter().map(|code| code.to_string()).collect() })
}

/// A code is good for half a minute and may be seen, so it comes from standard input, where scripts can give it, too.
fn read_code() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|code| !code.is_empty())
}

/// How the owner wants to be called.
#[derive(Serialize)]
struct ProfileObject {
    name: String,
    about: String,
}

impl Shown for ProfileObject {
    fn in_words(&self, _: Language) -> String {
        format!("{}\n{}", self.name, self.about).trim().to_owned()
    }
}

pub(super) async fn profile(session: &Session, text: ProfileText, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let (name, about) = session.look(Engine::profile).await?;
    if text.name.is_none() && text.about.is_none() {
        return console.show(&ProfileObject { name, about });
    }
    let (name, about) = (text.name.unwrap_or(name), text.about.unwrap_or(about));
    session.with(move |engine, moment| engine.set_profile(&name, &about, moment)).await?;
    session.in_time(session.at_rest()).await?;
    console.say(&Message::Done)
}
