use serde::{Deserialize, Serialize};
use sotto_client::engine::{self, Engine, OwnDevice};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::UserName;
use tsify::Tsify;

use super::hex;
use crate::failure::{Failure, FailureCode};

/// Who is here.
#[derive(Serialize, Tsify)]
#[allow(clippy::struct_excessive_bools, reason = "four answers to four questions")]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The account; none where nobody ever signed in.
    account: Option<String>,
    user_name: Option<String>,
    /// Whether this device may do everything. An account without it has to sign in again.
    signed_in: bool,
    /// Whether recovery words wait to be written down.
    has_recovery_words: bool,
    /// Whether the server can be reached.
    online: bool,
    /// Whether everything here goes with the worker, because the browser keeps nothing.
    in_memory: bool,
}

impl Session {
    pub(crate) fn of(engine: &Engine, online: bool, in_memory: bool) -> Self {
        Self {
            account: engine.own_account().map(hex),
            user_name: engine.user_name().map(str::to_owned),
            signed_in: engine.is_signed_in(),
            has_recovery_words: engine.expose_recovery_words().is_some(),
            online,
            in_memory,
        }
    }
}

/// Somebody who is new here.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct NewPerson {
    user_name: String,
    /// May be empty.
    email: String,
    password: String,
    device_name: String,
}

impl NewPerson {
    pub(crate) fn parse(self) -> Result<engine::NewAccount, Failure> {
        Ok(engine::NewAccount {
            user_name: user_name(&self.user_name)?,
            email: self.email,
            password: password(self.password)?,
            cost: COST,
            device_name: self.device_name,
        })
    }
}

/// Somebody who comes back, or comes with another browser.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the contract calls it a login name")]
pub struct Login {
    /// User name or e-mail address.
    login_name: String,
    password: String,
    device_name: String,
}

impl Login {
    pub(crate) fn parse(self) -> Result<engine::Returning, Failure> {
        Ok(engine::Returning {
            login_name: self.login_name,
            password: password(self.password)?,
            device_name: self.device_name,
        })
    }
}

/// Somebody who lost the password and kept the words.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// User name or e-mail address.
    login_name: String,
    words: String,
    new_password: String,
    device_name: String,
}

impl Recovery {
    pub(crate) fn parse(self) -> Result<engine::Recovering, Failure> {
        let code =
            RecoveryCode::parse(&self.words).map_err(|error| Failure::new(FailureCode::WrongWords, error.to_string()));
        wipe(self.words);
        Ok(engine::Recovering {
            login_name: self.login_name,
            code: code?,
            password: password(self.new_password)?,
            cost: COST,
            device_name: self.device_name,
        })
    }
}

/// A code of the second factor.
#[derive(Deserialize, Tsify)]
#[serde(tag = "type", content = "code", rename_all = "kebab-case")]
pub enum FactorCode {
    /// The six digits of an authenticator.
    Totp(String),
    /// One of the codes on paper.
    Backup(String),
}

impl From<FactorCode> for engine::FactorCode {
    fn from(code: FactorCode) -> Self {
        match code {
            FactorCode::Totp(code) => Self::Totp(code),
            FactorCode::Backup(code) => Self::Backup(code),
        }
    }
}

/// A device of the own account.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    id: String,
    /// Empty if it has no name.
    name: String,
    added_at_ms: u64,
    /// To the hour.
    last_used_at_ms: u64,
    /// Whether it is this one.
    this: bool,
}

impl From<&OwnDevice> for Device {
    fn from(device: &OwnDevice) -> Self {
        let OwnDevice { id, name, added_at_ms, last_used_at_ms, this, .. } = device;
        Self {
            id: hex(id),
            name: name.clone(),
            added_at_ms: *added_at_ms,
            last_used_at_ms: *last_used_at_ms,
            this: *this,
        }
    }
}

/// Takes a password over, and wipes what it came in.
pub(crate) fn password(typed: String) -> Result<Password, Failure> {
    let password = Password::new(&typed);
    wipe(typed);
    password.map_err(|error| Failure::new(FailureCode::Unusable, error.to_string()))
}

pub(crate) fn user_name(typed: &str) -> Result<UserName, Failure> {
    UserName::from_input(typed).map_err(Failure::from)
}

fn wipe(mut text: String) {
    zeroize::Zeroize::zeroize(&mut text);
}

/// What trying a password costs: 64 MiB and two passes, about half a second in a browser.
pub(crate) const COST: StretchCost = match StretchCost::new(64 * 1024, 2) {
    Ok(cost) => cost,
    Err(_) => StretchCost::MINIMUM,
};
