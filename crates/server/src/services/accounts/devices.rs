//! The devices of an account: certified, named, revoked by their owner.

use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose, VerifiedDevice};
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::time::Time;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{DeviceId, limits};

use super::directory::{identity_of, keys_of};
use crate::services::fields::{check_size, seconds};
use crate::services::rates::Rate;
use crate::services::{Context, Failure, Removals};
use crate::store::{AccountKeys, Device, NewDevice, Session};

const ADDED: Rate = Rate::per_day("AddDevice", 20);
const REVOKED: Rate = Rate::per_day("RevokeDevice", 60);
const NAMED: Rate = Rate::per_hour("NameDevice", 60);
const SEALED_NAME_MAX: usize = 256;

pub(super) async fn add_device(
    context: &Context,
    caller: &Session,
    request: wire::AddDeviceRequest,
) -> Result<wire::AddDeviceResponse, Failure> {
    check_size("certificate", &request.certificate, 0..=limits::CERTIFICATE_MAX)?;
    check_size("sealed_name", &request.sealed_name, 0..=SEALED_NAME_MAX)?;
    context.rates.take(&ADDED, caller.account)?;
    let certificate = DeviceCertificate::decode(&request.certificate).map_err(|_| ErrorCode::CertificateInvalid)?;
    let identity = identity_of(&keys_of(context, caller.account).await?)?;
    let now = context.now();
    let device =
        certificate.verify(caller.account, &identity, seconds(now)).map_err(|_| ErrorCode::CertificateInvalid)?;
    if !may_file(caller, device.claims()) {
        return Err(ErrorCode::CertificateInvalid.into());
    }
    let new = NewDevice {
        id: device.claims().device,
        is_vault: device.claims().purpose == Purpose::Vault,
        device_key: *device.claims().device_key.as_bytes(),
        certificate: request.certificate.into(),
        sealed_name: request.sealed_name.into(),
    };
    let keys_version = context.store.add_device(caller.account, new, now).await?;
    Ok(wire::AddDeviceResponse { keys_version })
}

pub(super) async fn revoke_device(
    context: &Context,
    removals: &Removals,
    caller: &Session,
    request: wire::RevokeDeviceRequest,
) -> Result<wire::RevokeDeviceResponse, Failure> {
    check_size("revocation", &request.revocation, 0..=limits::REVOCATION_MAX)?;
    context.rates.take(&REVOKED, caller.account)?;
    let revocation = DeviceRevocation::decode(&request.revocation).map_err(|_| ErrorCode::CertificateInvalid)?;
    let (account, device) = revocation.claimed_device();
    if account != caller.account {
        return Err(ErrorCode::CertificateInvalid.into());
    }
    let keys = keys_of(context, account).await?;
    let devices = context.store.devices(account).await?;
    let Some(filed) = devices.iter().find(|filed| filed.filed.id == device) else {
        return revoked_before(&keys, device);
    };
    let verified = verified(filed, &identity_of(&keys)?, BEFORE_ANY_EXPIRY)?;
    revocation.verify(&verified).map_err(|_| ErrorCode::CertificateInvalid)?;
    let (keys_version, _) = context.store.revoke_device(account, device, &request.revocation, context.now()).await?;
    removals.device_revoked();
    Ok(wire::RevokeDeviceResponse { keys_version })
}

pub(super) async fn list_devices(context: &Context, caller: &Session) -> Result<wire::ListDevicesResponse, Failure> {
    let devices = context.store.devices(caller.account).await?;
    Ok(wire::ListDevicesResponse { devices: devices.into_iter().map(Into::into).collect() })
}

pub(super) async fn name_device(
    context: &Context,
    caller: &Session,
    request: wire::NameDeviceRequest,
) -> Result<wire::NameDeviceResponse, Failure> {
    let device = DeviceId::parse("device_id", &request.device_id)?;
    check_size("sealed_name", &request.sealed_name, 0..=SEALED_NAME_MAX)?;
    context.rates.take(&NAMED, caller.account)?;
    context.store.name_device(caller.account, device, &request.sealed_name).await?;
    Ok(wire::NameDeviceResponse {})
}

/// What the certificate on file states, checked again: the identity key may have changed since.
pub(in crate::services) fn verified(
    device: &Device,
    identity: &IdentityPublicKey,
    now: Time,
) -> Result<VerifiedDevice, Failure> {
    let certificate =
        DeviceCertificate::decode(&device.filed.certificate).map_err(|_| ErrorCode::CertificateInvalid)?;
    Ok(certificate.verify(device.account, identity, now).map_err(|_| ErrorCode::CertificateInvalid)?)
}

/// The calling device, under the key that it proved at login; or the device that sleeps.
fn may_file(caller: &Session, claims: &DeviceClaims) -> bool {
    match claims.purpose {
        Purpose::Device => (claims.device, *claims.device_key.as_bytes()) == (caller.device, caller.device_key),
        Purpose::Vault => claims.device != caller.device,
    }
}

fn revoked_before(keys: &AccountKeys, device: DeviceId) -> Result<wire::RevokeDeviceResponse, Failure> {
    let ends = |stored: &Vec<u8>| {
        DeviceRevocation::decode(stored).is_ok_and(|revocation| revocation.claimed_device().1 == device)
    };
    if keys.revocations.iter().any(ends) {
        return Ok(wire::RevokeDeviceResponse { keys_version: keys.version });
    }
    Err(ErrorCode::NotFound.into())
}

impl From<Device> for wire::Device {
    fn from(device: Device) -> Self {
        Self {
            device_id: device.filed.id.to_wire(),
            certificate: device.filed.certificate.into(),
            sealed_name: device.filed.sealed_name.into(),
            added_at_ms: device.added_at.unix_millis(),
            last_used_at_ms: device.last_used_at.unix_millis(),
            key_packages_left: device.key_packages,
        }
    }
}

/// A device whose certificate has expired can still be revoked.
const BEFORE_ANY_EXPIRY: Time = Time::from_unix_seconds(0);
