//! What the owner of an account does with it: the password, the words on paper, devices, the second factor, the own name.

use std::io::BufRead as _;

use serde::Serialize;
use sotto_client::engine::{Attempt, Change, Engine, Errand, Moment, OwnDevice, VaultStand};
use sotto_crypto::login::Password;
use sotto_proto::DeviceId;

use super::account;
use super::arrival::{Step, cost, factor_code};
use crate::arguments::{DeviceCommand, NewPassword, ProfileText, Proof, SecondFactor};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::objects::{time_for_people, time_for_programs};
use crate::safe;
use crate::session::Session;
use crate::words::{Language, Message};

pub(super) async fn password(session: &Session, new: NewPassword, console: &mut Console) -> Result<(), Failure> {
    session.require_server().await?;
    let old = account::password(&new.old.password, false, console)?;
    let password = account::new_password(&new.new, console)?;
    let errand = Errand::ChangePassword { password, cost: cost(), end_other_sessions: !new.keep_sessions };
    run(session, (old, new.old.code), errand, Attempt::Password, console).await?;
    console.say(&Message::Done)
}

/// Runs an errand to its end.
async fn run(
    session: &Session,
    proof: (Password, Option<String>),
    errand: Errand,
    what: Attempt,
    console: &Console,
) -> Result<(), Failure> {
    run_until(session, proof, errand, |change| verdict(change, what), console).await
}

/// Runs an errand until a change says what came of it. The code of the second factor is given when it is asked for.
async fn run_until(
    session: &Session,
    (password, code): (Password, Option<String>),
    errand: Errand,
    judge: impl Fn(&Change) -> Option<Result<(), Failure>>,
    console: &Console,
) -> Result<(), Failure> {
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.run(password, errand, moment);
    let step = |change: &Change| match change {
        Change::SecondFactorNeeded => Some(Ok(Step::CodeNeeded)),
        change => judge(change).map(|verdict| verdict.map(|()| Step::In)),
    };
    if session.outcome(ask, step).await? == Step::In {
        return Ok(());
    }
    let code = factor_code(account::code(code, console)?);
    session.outcome(|engine, moment| engine.second_factor(code, moment), &judge).await
}

pub(super) fn verdict(change: &Change, wanted: Attempt) -> Option<Result<(), Failure>> {
    match change {
        Change::Done(what) if *what == wanted => Some(Ok(())),
        Change::Failed { what, why } if *what == wanted || *what == Attempt::SignIn => Some(Err(Failure::of(*why, ""))),
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

pub(super) async fn recovery_words(session: &Session, proof: Proof, console: &mut Console) -> Result<(), Failure> {
    session.require_server().await?;
    let password = account::password(&proof.password, false, console)?;
    run(session, (password, proof.code), Errand::RenewRecoveryWords, Attempt::RecoveryWords, console).await?;
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
        Some(DeviceCommand::Revoke { device, proof }) => {
            let device = find_device(session, &device).await?;
            revoke_or_renew(session, &proof, Errand::RevokeDevice(device), console).await
        }
        Some(DeviceCommand::Renew(proof)) => revoke_or_renew(session, &proof, Errand::RenewVault, console).await,
    }
}

async fn revoke_or_renew(
    session: &Session,
    proof: &Proof,
    errand: Errand,
    console: &mut Console,
) -> Result<(), Failure> {
    let password = account::password(&proof.password, false, console)?;
    run(session, (password, proof.code.clone()), errand, Attempt::Devices, console).await?;
    keys_are_renewed(session, console).await
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
        SecondFactor::Enable(proof) => enable_factor(session, proof, console).await,
        SecondFactor::Disable(proof) => {
            let password = account::password(&proof.password, false, console)?;
            run(session, (password, proof.code), Errand::DisableFactor, Attempt::Factor, console).await?;
            console.say(&Message::Done)
        }
    }
}

async fn enable_factor(session: &Session, proof: Proof, console: &mut Console) -> Result<(), Failure> {
    let password = account::password(&proof.password, false, console)?;
    let drawn = |change: &Change| match change {
        Change::FactorDrawn => Some(Ok(())),
        change => verdict(change, Attempt::Factor),
    };
    run_until(session, (password, proof.code), Errand::EnableFactor, drawn, console).await?;
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
