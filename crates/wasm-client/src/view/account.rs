use serde::{Deserialize, Serialize};
use sotto_client::engine::{self, Engine, EngineError};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::{RecoveryCode, RecoveryCodeError};
use sotto_proto::UserName;
use tsify::Tsify;

use super::hex;
use crate::failure::{Failure, FailureCode};

/// Who is here.
#[derive(Serialize, Tsify)]
#[allow(clippy::struct_excessive_bools, reason = "five answers to five questions")]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The account; none where nobody ever signed in.
    account: Option<String>,
    user_name: Option<String>,
    /// Whether this device may do everything. An account without it has to sign in again.
    signed_in: bool,
    /// Whether recovery words wait to be written down.
    has_recovery_words: bool,
    /// Whether a device has come to the account of which the person has not said that it is theirs.
    has_new_device: bool,
    /// How the keys of the account's vault stand.
    vault: VaultStand,
    /// Whether the server can be reached.
    online: bool,
    /// Whether everything here goes with the worker, because the browser keeps nothing.
    in_memory: bool,
}

impl Session {
    pub(crate) fn of(engine: &Engine, online: bool, in_memory: bool) -> Result<Self, EngineError> {
        Ok(Self {
            account: engine.own_account().map(hex),
            user_name: engine.user_name().map(str::to_owned),
            signed_in: engine.is_signed_in(),
            has_recovery_words: engine.expose_recovery_words().is_some(),
            has_new_device: engine.has_new_device()?,
            vault: engine.vault_stand()?.into(),
            online,
            in_memory,
        })
    }
}

/// How the keys of the account's vault stand, which every device has.
#[derive(Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum VaultStand {
    /// No device that was revoked has them.
    Good,
    /// New ones are taking over, and so many chats are still to come.
    Renewing { left: u32 },
    /// A revoked device may have them: new ones begin with the next password.
    Due,
    /// Another device has begun new ones that are not here. They come by themselves, or with the next password.
    Behind,
}

impl From<engine::VaultStand> for VaultStand {
    fn from(stand: engine::VaultStand) -> Self {
        match stand {
            engine::VaultStand::Good => Self::Good,
            engine::VaultStand::Renewing(left) => Self::Renewing { left },
            engine::VaultStand::Due => Self::Due,
            engine::VaultStand::Behind => Self::Behind,
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

/// What keeps a text from being recovery words.
#[derive(Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum WordsVerdict {
    /// Nothing does: they can be tried.
    Good,
    /// There are more words than these, or fewer.
    Count {
        count: usize,
    },
    /// The word at this place, counted from 1, is none that recovery codes use.
    Unknown {
        place: usize,
    },
    /// Each word could be right, all of them together are not.
    Mixed,
    TooLong,
}

impl WordsVerdict {
    pub(crate) fn of(words: String) -> Self {
        let parsed = RecoveryCode::parse(&words);
        wipe(words);
        match parsed {
            Ok(_) => Self::Good,
            Err(RecoveryCodeError::WordCount(count)) => Self::Count { count },
            Err(RecoveryCodeError::UnknownWord(place)) => Self::Unknown { place },
            Err(RecoveryCodeError::Checksum) => Self::Mixed,
            Err(RecoveryCodeError::TooLong) => Self::TooLong,
        }
    }
}

/// The own account as the server keeps it.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct OwnAccount {
    /// Empty if it has none.
    email: String,
    has_factor: bool,
    backup_codes_left: u32,
    /// Bytes on the server.
    storage_used: u64,
    storage_quota: u64,
}

impl From<&engine::OwnAccount> for OwnAccount {
    fn from(own: &engine::OwnAccount) -> Self {
        let engine::OwnAccount { email, has_factor, backup_codes_left, storage_used, storage_quota } = own;
        Self {
            email: email.clone(),
            has_factor: *has_factor,
            backup_codes_left: *backup_codes_left,
            storage_used: *storage_used,
            storage_quota: *storage_quota,
        }
    }
}

/// How the person wants to be called; empty as long as they have not said.
#[derive(Serialize, Tsify)]
pub struct Profile {
    name: String,
    about: String,
}

impl From<(String, String)> for Profile {
    fn from((name, about): (String, String)) -> Self {
        Self { name, about }
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
