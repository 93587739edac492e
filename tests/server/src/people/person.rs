//! An account, as its owner has it in mind.

use anyhow::Result;
use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::login::{ExportKey, Password};
use sotto_crypto::mls::Participant;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::vault::{Generation, RootSecret, SealedRoot, Unlock, Version};
use sotto_proto::{AccountId, DeviceId, wire};

use super::{now, unique_name};

/// Somebody with an account: a name, a password, and a recovery code on paper. A real client forgets the root between logins.
pub struct Person {
    /// The user name.
    pub name: String,
    /// The account.
    pub account: AccountId,
    pub(super) password: String,
    pub(super) root: RootSecret,
    pub(super) recovery: RecoveryCode,
    pub(super) vault_device: DeviceId,
    /// Issued once: it is the one on file.
    pub(super) vault_certificate: DeviceCertificate,
}

impl Person {
    pub(super) fn new(name: &str, rng: &mut StdRng) -> Result<Self> {
        let name = unique_name(name);
        let (account, root) = (AccountId::from_bytes(rng.random()), RootSecret::generate(rng));
        let vault_device = DeviceId::from_bytes(rng.random());
        let key = root.derive_vault_device_key(FIRST).public();
        Ok(Self {
            account,
            password: format!("{name} and a horse"),
            name,
            recovery: RecoveryCode::generate(rng),
            vault_device,
            vault_certificate: certify(&root, account, vault_device, key, Purpose::Vault)?,
            root,
        })
    }

    /// What they type to log in.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The root of the vault, which nobody else ever has.
    pub fn expose_root(&self) -> Vec<u8> {
        self.root.expose_secret().to_vec()
    }

    /// The recovery code, which is on paper only.
    pub fn expose_recovery_code(&self) -> Vec<u8> {
        self.recovery.expose_secret().to_vec()
    }

    /// Shows the server that the code is at hand.
    pub fn prove_recovery(&self, challenge: &[u8; 32]) -> bytes::Bytes {
        bytes::Bytes::copy_from_slice(&self.recovery.prove(self.account, challenge).to_bytes())
    }

    pub(super) fn typed_password(&self) -> Result<Password> {
        Ok(Password::new(&self.password)?)
    }

    pub(super) fn certify(&self, device: DeviceId, key: DevicePublicKey) -> Result<DeviceCertificate> {
        certify(&self.root, self.account, device, key, Purpose::Device)
    }

    pub(super) fn vault_participant(&self) -> Result<Participant> {
        let key = self.root.derive_vault_device_key(FIRST);
        Ok(Participant::new(&self.vault_certificate, &key, now())?)
    }

    pub(super) fn sealed_vault(&self, export_key: &ExportKey, version: u64, rng: &mut StdRng) -> wire::Vault {
        let version = Version::from_number(version);
        let mut seal = |unlock| {
            let sealed = SealedRoot::seal(&self.root, unlock, self.account, version, rng);
            bytes::Bytes::copy_from_slice(sealed.as_bytes())
        };
        wire::Vault {
            version: version.number(),
            root_by_password: seal(Unlock::Password(export_key)),
            root_by_recovery_code: seal(Unlock::RecoveryCode(&self.recovery)),
            recovery_key: bytes::Bytes::copy_from_slice(self.recovery.verifier().as_bytes()),
        }
    }
}

fn certify(
    root: &RootSecret,
    account: AccountId,
    device: DeviceId,
    device_key: DevicePublicKey,
    purpose: Purpose,
) -> Result<DeviceCertificate> {
    let claims = DeviceClaims { account, device, device_key, purpose, issued: now(), expires: None };
    Ok(DeviceCertificate::issue(&root.derive_identity_key(), claims)?)
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Person").field(&self.name).finish()
    }
}

/// The vault's keys before any device was revoked.
pub(super) const FIRST: Generation = Generation(1);
