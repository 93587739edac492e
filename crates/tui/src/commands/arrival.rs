//! Coming in: a profile that is opened or made, and somebody who signs in there.

use std::path::PathBuf;

use sotto_client::engine::{Attempt, Change, FactorCode, NewAccount, Recovering, Returning};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::RecoveryCode;
use zeroize::Zeroizing;

use super::start;
use crate::arguments::Common;
use crate::console::Console;
use crate::failure::Failure;
use crate::profile::{Passphrase, Profile};
use crate::session::Session;
use crate::words::Message;

/// Somebody at the door: the profile is open, and its client runs.
pub(crate) struct Arrival {
    pub(crate) profile: Profile,
    pub(crate) session: Session,
}

/// How far somebody has come who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    In,
    /// A code of the second factor is asked for.
    CodeNeeded,
}

impl Arrival {
    /// Opens the profile, or makes one for an account on that server.
    pub(crate) fn begin(
        common: &Common,
        server: Option<&str>,
        command: &str,
        passphrase: &Passphrase,
        console: &Console,
    ) -> Result<Self, Failure> {
        if let Some(server) = server.filter(|server| !is_address(server)) {
            return Err(Message::BadServer { server: crate::safe::line(server) }.misused());
        }
        let folder = folder(common);
        let mut profile = Profile::open_or_make(&folder, server, command, passphrase, console)?;
        let session = start(&mut profile, common, passphrase, console)?;
        Ok(Self { profile, session })
    }

    pub(crate) async fn register(&self, new: NewAccount) -> Result<(), Failure> {
        if let Some(name) = self.session.look(|engine| Ok(engine.user_name().map(str::to_owned))).await? {
            return Err(Message::SignedInAlready { name }.failed());
        }
        self.session.outcome(|engine, moment| engine.register(new, moment), verdict).await
    }

    /// Signs in by a name, or as the account that was signed in here before.
    pub(crate) async fn sign_in(
        &self,
        named: Option<String>,
        password: Password,
        device_name: String,
    ) -> Result<Step, Failure> {
        let login_name = self.login_name(named).await?;
        self.come_to_rest().await?;
        let back = Returning { login_name, password, device_name };
        let judge = |change: &Change| match change {
            Change::SecondFactorNeeded => Some(Ok(Step::CodeNeeded)),
            change => verdict(change).map(|verdict| verdict.map(|()| Step::In)),
        };
        self.session.outcome(|engine, moment| engine.sign_in(back, moment), judge).await
    }

    /// Goes on with signing in.
    pub(crate) async fn give_code(&self, code: String) -> Result<(), Failure> {
        let code = factor_code(code);
        self.session.outcome(|engine, moment| engine.second_factor(code, moment), verdict).await
    }

    /// Comes back by the recovery words, with a new password.
    pub(crate) async fn recover(
        &self,
        named: Option<String>,
        code: RecoveryCode,
        password: Password,
        device_name: String,
    ) -> Result<(), Failure> {
        let login_name = self.login_name(named).await?;
        self.come_to_rest().await?;
        let lost = Recovering { login_name, code, password, cost: cost(), device_name };
        self.session.outcome(|engine, moment| engine.recover(lost, moment), verdict).await
    }

    /// The first things that others need of a device that is in go to the server.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        self.session.in_time(self.session.at_rest()).await
    }

    /// A profile in which nobody has signed in is not left behind.
    pub(crate) async fn turn_away(self) -> Result<(), Failure> {
        let is_nobodys = self.session.look(|engine| Ok(engine.own_account().is_none())).await?;
        drop(self.session);
        if is_nobodys { self.profile.remove() } else { Ok(()) }
    }

    /// Where somebody is signed in already, what is under way with the old session comes to its end before a new one begins.
    pub(crate) async fn come_to_rest(&self) -> Result<(), Failure> {
        if self.session.look(|engine| Ok(engine.is_signed_in())).await? {
            self.settle().await?;
        }
        Ok(())
    }

    /// The recovery words that nobody has said to have kept.
    pub(crate) async fn words(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        self.session
            .look(|engine| Ok(engine.expose_recovery_words().map(|words| Zeroizing::new(words.to_owned()))))
            .await
    }

    async fn login_name(&self, named: Option<String>) -> Result<String, Failure> {
        let known = self.session.look(|engine| Ok(engine.user_name().map(str::to_owned))).await?;
        let named = named.map(|name| name.trim().trim_start_matches('@').to_owned()).or(known);
        named.ok_or_else(|| Message::BadUserName { name: String::new() }.misused())
    }
}

/// Six digits are of the authenticator, anything else is from the paper.
pub(super) fn factor_code(code: String) -> FactorCode {
    let is_totp = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_totp { FactorCode::Totp(code) } else { FactorCode::Backup(code) }
}

/// Where the profile is.
pub(crate) fn folder(common: &Common) -> PathBuf {
    common.profile.clone().unwrap_or_else(Profile::usual_folder)
}

fn verdict(change: &Change) -> Option<Result<(), Failure>> {
    match change {
        Change::SignedIn => Some(Ok(())),
        Change::Failed { what: Attempt::Register | Attempt::SignIn | Attempt::Recover, why } => {
            Some(Err(Failure::of(*why, "")))
        }
        _ => None,
    }
}

/// Whether it can be the address of a server.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

/// RFC 9106 §4, the second choice, in one lane: what a browser on a small machine can still do.
pub(crate) fn cost() -> StretchCost {
    StretchCost::new(64 * 1024, 3).unwrap_or(StretchCost::MINIMUM)
}

/// What to call this device if nobody says otherwise.
pub(crate) fn device_name(chosen: Option<String>) -> String {
    let machine = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    chosen.or_else(machine).filter(|name| !name.is_empty()).unwrap_or_else(|| "terminal".to_owned())
}
