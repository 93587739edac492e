//! What a registration has to be, and when the same one may be asked for again.

use prost::Message as _;
use sotto_crypto::primitives::sha256;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Email, Invalid, Reason, UserName, Version};

use super::account::Account;
use super::auth::check_reserved;
use super::fields::{self, ClaimedDevice};
use super::{Fault, HOUR};

pub(super) fn registered(
    id: AccountId,
    request: &wire::RegisterFinishRequest,
    device: &ClaimedDevice,
    now: u64,
) -> Result<Account, Fault> {
    let name = UserName::parse("user_name", &request.user_name)?;
    check_reserved(&name)?;
    let email = match request.email.as_str() {
        "" => None,
        text => Some(Email::parse("email", text)?.as_str().to_owned()),
    };
    fields::sized("sealed_device_name", &request.sealed_device_name, 0, SEALED_NAME_MAX)?;
    let vault = fields::vault(request.vault.clone())?;
    if vault.version != Version::FIRST.get() {
        let reason = Reason::Range { min: 1, max: 1, actual: vault.version };
        return Err(Invalid::new("vault.version", reason).into());
    }
    let identity_key = fields::fixed("identity_key", &request.identity_key)?;
    let mut devices = fields::first_devices(id, identity_key, &request.certificates, device, now)?;
    for own in devices.iter_mut().filter(|own| !own.is_vault) {
        own.sealed_name = request.sealed_device_name.clone();
    }
    Ok(Account {
        registration: digest(request),
        created_at: now,
        user_name: name.as_str().to_owned(),
        email,
        identity_key: identity_key.to_vec(),
        keys_version: 1,
        devices,
        login: fields::login_record(request.record.clone())?,
        vault,
        ..Account::default()
    })
}

/// Of everything that is asked for, without the proof, which is made anew when too much time has passed.
fn digest(request: &wire::RegisterFinishRequest) -> [u8; 32] {
    let mut request = request.clone();
    if let Some(device) = &mut request.device {
        device.signed_at_ms = 0;
        device.signature.clear();
    }
    sha256(&[&request.encode_to_vec()])
}

/// Nobody gets in for ever by repeating how the account began.
pub(super) fn check_repetition(
    stored: &Account,
    again: &Account,
    device: &ClaimedDevice,
    now: u64,
) -> Result<(), ErrorCode> {
    let same = !stored.deleted && stored.registration == again.registration;
    let in_force = stored.devices_in_force().any(|filed| (filed.id, filed.key) == (device.id, device.key));
    let recent = now < stored.created_at + REGISTRATION_REPEATED;
    if same && in_force && recent && !stored.factor.is_on() { Ok(()) } else { Err(ErrorCode::IdTaken) }
}

const SEALED_NAME_MAX: usize = 256;
/// For how long the reply of a registration may be asked for again.
const REGISTRATION_REPEATED: u64 = HOUR;
