//! Taking key packages in: only good ones of the caller's own devices.

use sotto_crypto::certificate::{Purpose, VerifiedDevice};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::key_package::{
    CLOCK_TOLERANCE, DEVICE_LIFETIME, KeyPackage, MAX_KEY_PACKAGE_LEN, Usage, VAULT_LIFETIME,
};
use sotto_crypto::mls::observer::check_key_package;
use sotto_crypto::time::Time;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{DeviceId, Invalid};

use super::supply;
use crate::clock::Timestamp;
use crate::services::accounts::{devices, directory};
use crate::services::fields::{check_count, check_size, seconds};
use crate::services::groups::heavy;
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{NewKeyPackage, Session};

const PUBLISHED: Rate = Rate::per_hour("PublishKeyPackages", 60);
const PACKAGES_AT_ONCE: usize = 100;
const SEALED_PRIVATE_MAX: usize = 8 << 10;

pub(super) async fn publish_key_packages(
    context: &Context,
    caller: &Session,
    request: wire::PublishKeyPackagesRequest,
) -> Result<wire::PublishKeyPackagesResponse, Failure> {
    let device = DeviceId::parse("device_id", &request.device_id)?;
    check_count("key_packages", &request.key_packages, 1..=PACKAGES_AT_ONCE)?;
    context.rates.take(&PUBLISHED, caller.account)?;
    let now = context.now();
    let owner = owner(context, caller, device, seconds(now)).await?;
    let size = request.key_packages.iter().map(|upload| upload.key_package.len()).sum();
    let packages = heavy(size, move || check_all(request.key_packages, &owner, seconds(now))).await?;
    context.store.publish_key_packages(caller.account, device, &packages, now).await?;
    let count = supply::count(context, device).await?;
    Ok(wire::PublishKeyPackagesResponse { count: Some(count) })
}

/// The device whose packages these are: the calling one or the one that sleeps.
async fn owner(context: &Context, caller: &Session, device: DeviceId, now: Time) -> Result<VerifiedDevice, Failure> {
    let filed = context.store.devices(caller.account).await?;
    let filed = filed.into_iter().find(|filed| filed.filed.id == device);
    let filed = filed.filter(|filed| filed.filed.is_vault || device == caller.device).ok_or(ErrorCode::NotFound)?;
    let keys = directory::keys_of(context, caller.account).await?;
    devices::verified(&filed, &directory::identity_of(&keys)?, now)
}

fn check_all(
    uploads: Vec<wire::KeyPackageUpload>,
    owner: &VerifiedDevice,
    now: Time,
) -> Result<Vec<NewKeyPackage>, Failure> {
    uploads.into_iter().map(|upload| check(upload, owner, now)).collect()
}

fn check(upload: wire::KeyPackageUpload, owner: &VerifiedDevice, now: Time) -> Result<NewKeyPackage, Failure> {
    check_size("key_packages.key_package", &upload.key_package, 1..=MAX_KEY_PACKAGE_LEN)?;
    check_private_half(&upload, owner.claims().purpose)?;
    let package = check_key_package(&upload.key_package, now).map_err(|error| refusal(&error))?;
    let announced = if upload.last_resort { Usage::LastResort } else { Usage::Once };
    if package.device() != owner || package.usage() != announced || lasts_too_long(&package, now) {
        return Err(ErrorCode::KeyPackageInvalid.into());
    }
    Ok(NewKeyPackage {
        reference: package.reference().map_err(|error| refusal(&error))?.to_vec(),
        suite: package.suite().number(),
        package: upload.key_package.into(),
        last_resort: upload.last_resort,
        sealed_private: upload.sealed_private.into(),
        expires_at: Timestamp::from_unix_millis(package.not_after().unix_seconds().saturating_mul(1_000)),
    })
}

/// The vault device keeps its private halves here and nowhere else; other devices never let them go.
fn check_private_half(upload: &wire::KeyPackageUpload, purpose: Purpose) -> Result<(), Invalid> {
    let allowed = match purpose {
        Purpose::Device => 0..=0,
        Purpose::Vault => 1..=SEALED_PRIVATE_MAX,
    };
    check_size("key_packages.sealed_private", &upload.sealed_private, allowed)
}

/// By a clock that is as far ahead as it may be.
fn lasts_too_long(package: &KeyPackage, now: Time) -> bool {
    let lifetime = match package.leaf().purpose {
        Purpose::Device => DEVICE_LIFETIME,
        Purpose::Vault => VAULT_LIFETIME,
    };
    package.not_after() > now.saturating_add(lifetime).saturating_add(CLOCK_TOLERANCE)
}

fn refusal(error: &HandshakeError) -> Failure {
    match error {
        HandshakeError::UnknownSuite => ErrorCode::SuiteNotAllowed.into(),
        _ => ErrorCode::KeyPackageInvalid.into(),
    }
}
