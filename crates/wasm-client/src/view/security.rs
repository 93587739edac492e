use serde::Serialize;
use sotto_client::engine::{self, OwnDevice};
use tsify::Tsify;

use super::hex;
use crate::failure::Failure;
use crate::qr::QrCode;

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
    /// Whether it came while this one was there, and the person has not said yet that it is theirs.
    is_new: bool,
}

impl From<&OwnDevice> for Device {
    fn from(device: &OwnDevice) -> Self {
        let OwnDevice { id, name, added_at_ms, last_used_at_ms, this, is_new, .. } = device;
        Self {
            id: hex(id),
            name: name.clone(),
            added_at_ms: *added_at_ms,
            last_used_at_ms: *last_used_at_ms,
            this: *this,
            is_new: *is_new,
        }
    }
}

/// What has to go into an authenticator: it is shown, because a person has to carry it there.
#[derive(Serialize, Tsify)]
pub struct FactorSecret {
    /// In the letters that people type.
    secret: String,
    /// The same, to be scanned.
    code: QrCode,
}

impl FactorSecret {
    pub(crate) fn of(secret: &str, user_name: &str) -> Result<Self, Failure> {
        let uri = format!("otpauth://totp/Sotto:{user_name}?secret={secret}&issuer=Sotto");
        Ok(Self { secret: secret.to_owned(), code: QrCode::of(&uri)? })
    }
}

/// What a history file held.
#[derive(Serialize, Tsify)]
pub struct Archived {
    chats: u64,
    events: u64,
}

impl From<engine::Archived> for Archived {
    fn from(engine::Archived { chats, events }: engine::Archived) -> Self {
        Self { chats, events }
    }
}
