//! Somebody with an account, and what only its root can make.

use bytes::Bytes;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::login::ExportKey;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::time::Time;
use sotto_crypto::vault::{Generation, RootSecret, SealedRoot, Unlock, Version};
use sotto_proto::{AccountId, DeviceId, wire};

use crate::people::Town;

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) root: RootSecret,
    pub(crate) recovery: RecoveryCode,
    pub(crate) vault_device: DeviceId,
    pub(crate) vault_certificate: DeviceCertificate,
}

impl Person {
    pub(crate) fn new(name: &str, town: &mut Town) -> Self {
        let (account, root) = (AccountId::from_bytes(town.rng.random()), RootSecret::generate(&mut town.rng));
        let vault_device = DeviceId::from_bytes(town.rng.random());
        let key = root.derive_vault_device_key(FIRST).public();
        let vault_certificate = certify(&root, account, vault_device, key, Purpose::Vault, town.time());
        let recovery = RecoveryCode::generate(&mut town.rng);
        Self { name: name.to_owned(), account, root, recovery, vault_device, vault_certificate }
    }

    pub(crate) fn sealed_vault(&self, export_key: &ExportKey, version: u64, rng: &mut StdRng) -> wire::Vault {
        let version = Version::from_number(version);
        let mut seal = |unlock| {
            let sealed = SealedRoot::seal(&self.root, unlock, self.account, version, rng);
            Bytes::copy_from_slice(sealed.as_bytes())
        };
        wire::Vault {
            version: version.number(),
            root_by_password: seal(Unlock::Password(export_key)),
            root_by_recovery_code: seal(Unlock::RecoveryCode(&self.recovery)),
            recovery_key: Bytes::copy_from_slice(self.recovery.verifier().as_bytes()),
        }
    }
}

pub(crate) fn certify(
    root: &RootSecret,
    account: AccountId,
    device: DeviceId,
    device_key: DevicePublicKey,
    purpose: Purpose,
    issued: Time,
) -> DeviceCertificate {
    let claims = DeviceClaims { account, device, device_key, purpose, issued, expires: None };
    DeviceCertificate::issue(&root.derive_identity_key(), claims).unwrap()
}

pub(crate) fn encoded(certificate: &DeviceCertificate) -> Bytes {
    Bytes::copy_from_slice(&certificate.encode())
}

pub(crate) const FIRST: Generation = Generation(1);
