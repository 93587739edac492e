use serde::{Deserialize, Serialize};
use sotto_client::engine;
use sotto_crypto::safety::{ScanError, Verdict};
use tsify::Tsify;

use super::hex;
use crate::failure::Failure;
use crate::qr::QrCode;

/// What is known of another account.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "four answers to four questions")]
pub struct Contact {
    account: String,
    /// Empty while it is not known.
    user_name: String,
    /// Whether the person has compared its key.
    verified: bool,
    /// Whether it was seen with another key, on which the person has not decided.
    key_changed: bool,
    blocked: bool,
    /// Whether it has said lately that it is there.
    here: bool,
}

impl Contact {
    pub(crate) fn of(contact: engine::Contact, here: bool) -> Self {
        Self {
            account: hex(contact.account),
            user_name: contact.user_name,
            verified: contact.verified,
            key_changed: contact.new_identity.is_some(),
            blocked: contact.blocked,
            here,
        }
    }
}

/// Which of a contact's identity keys is meant.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum KeyChoice {
    /// The one that it was first seen with, or that was accepted since.
    Known,
    /// Another one, that it was seen with later.
    New,
}

impl From<KeyChoice> for engine::KeyChoice {
    fn from(choice: KeyChoice) -> Self {
        match choice {
            KeyChoice::Known => Self::Known,
            KeyChoice::New => Self::New,
        }
    }
}

/// What two people compare.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Safety {
    /// Sixty digits, the same for both.
    digits: String,
    /// The same, to be read aloud.
    words: Vec<String>,
    /// What the own screen shows for the other to scan.
    code: QrCode,
}

impl Safety {
    pub(crate) fn of(safety: &engine::Safety) -> Result<Self, Failure> {
        Ok(Self {
            digits: safety.number.digits(),
            words: safety.number.words().map(str::to_owned).into(),
            code: QrCode::of(&safety.qr_text)?,
        })
    }
}

/// What scanning a contact's code tells.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    /// Each side holds the other's true identity key.
    Verified,
    /// The code belongs to another pair of accounts.
    OtherPeople,
    /// The contact's identity key is not the one that is held for it.
    TheirKeyDiffers,
    /// The contact holds an identity key for this account that is not its own.
    OurKeyDiffers,
    /// It is no such code.
    OtherKind,
    /// It begins like one, but is damaged.
    Malformed,
}

impl Scan {
    pub(crate) fn is_of_another_kind(&self) -> bool {
        matches!(self, Self::OtherKind)
    }
}

impl From<Result<Verdict, ScanError>> for Scan {
    fn from(judged: Result<Verdict, ScanError>) -> Self {
        match judged {
            Ok(Verdict::Verified) => Self::Verified,
            Ok(Verdict::OtherPeople) => Self::OtherPeople,
            Ok(Verdict::TheirKeyDiffers) => Self::TheirKeyDiffers,
            Ok(Verdict::OurKeyDiffers) => Self::OurKeyDiffers,
            Err(ScanError::OtherKind) => Self::OtherKind,
            Err(ScanError::Malformed) => Self::Malformed,
        }
    }
}
