use serde::Deserialize;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::revocation::{DeviceRevocation, RevokedBy};
use sotto_crypto::sealed_identity::SealedIdentity;
use sotto_crypto::time::Time;
use sotto_crypto::vault::{RootSecret, Version};
use sotto_proto::{AccountId, DeviceId};

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    root: Hex,
    identity_key: Hex,
    account: Hex,
    device: Hex,
    device_seed: Hex,
    purpose: u8,
    issued: u64,
    expires: Option<u64>,
    certificate: Hex,
    revoked_at: u64,
    revocation_by_account: Hex,
    revocation_by_device: Hex,
    recovery_code: Hex,
    salt: Hex,
    version: u64,
    sealed_identity: Hex,
}

pub(crate) fn check() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../sotto-identity.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        check_one(vector).map_err(|error| format!("vector {number}: {error}"))?;
    }
    Ok(vectors.len())
}

fn check_one(vector: &Vector) -> Checked {
    let identity = RootSecret::from_secret(vector.root.secret()?).derive_identity_key();
    ensure!(identity.public().as_bytes() == &vector.identity_key.array()?, "identity key");
    let key = DeviceKey::from_seed(&vector.device_seed.secret()?);
    let claims = DeviceClaims {
        account: AccountId::from_bytes(vector.account.array()?),
        device: DeviceId::from_bytes(vector.device.array()?),
        device_key: key.public(),
        purpose: if vector.purpose == 2 { Purpose::Vault } else { Purpose::Device },
        issued: Time::from_unix_seconds(vector.issued),
        expires: vector.expires.map(Time::from_unix_seconds),
    };
    ensure!(DeviceCertificate::issue(&identity, claims)?.encode().as_slice() == vector.certificate.0, "certificate");
    let certificate = DeviceCertificate::decode(&vector.certificate.0)?;
    let device = certificate.verify(claims.account, &identity.public(), claims.issued)?;
    ensure!(*device.claims() == claims, "claims");

    let at = Time::from_unix_seconds(vector.revoked_at);
    let by_account = DeviceRevocation::by_account(&identity, &device, at).ok_or("not the identity key")?;
    let by_device = DeviceRevocation::by_device(&key, &device, at).ok_or("not the device key")?;
    ensure!(by_account.encode().as_slice() == vector.revocation_by_account.0, "revocation by the account");
    ensure!(by_device.encode().as_slice() == vector.revocation_by_device.0, "revocation by the device");
    let revocation = DeviceRevocation::decode(&vector.revocation_by_account.0)?;
    ensure!(revocation.verify(&device)? == (RevokedBy::Account, at), "verifying the revocation");
    check_sealed(vector, &identity)
}

fn check_sealed(vector: &Vector, identity: &IdentityKey) -> Checked {
    let (account, version) = (AccountId::from_bytes(vector.account.array()?), Version::from_number(vector.version));
    let code = RecoveryCode::from_secret(vector.recovery_code.secret()?);
    let sealed = SealedIdentity::seal(identity, &code, account, version, &mut Replay::of(&[&vector.salt]));
    ensure!(sealed.as_bytes().as_slice() == vector.sealed_identity.0, "sealed identity");
    let sealed = SealedIdentity::decode(&vector.sealed_identity)?;
    let (opened, found) = sealed.open(&code, account, &identity.public(), version)?;
    ensure!((opened.public(), found) == (identity.public(), version), "opening the sealed identity");
    Ok(1)
}
