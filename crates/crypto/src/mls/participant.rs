//! A device that takes part in groups, and the configuration of the group library for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mls_rs::client_builder::{
    BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithKeyPackageRepo, WithMlsRules,
};
use mls_rs::crypto::SignatureSecretKey;
use mls_rs::identity::SigningIdentity;
use mls_rs::{Client, GroupStateStorage, KeyPackageStorage};
use mls_rs_core::group::{EpochRecord, GroupState};
use mls_rs_core::key_package::KeyPackageData;
use zeroize::Zeroizing;

use super::context::GOVERNANCE_EXTENSION;
use super::credential::{Certificates, CredentialError, leaf_of, signing_identity};
use super::policing::Police;
use super::provider::{MlsCrypto, Randomness};
use super::standing::Leaf;
use super::suite::Suite;
use crate::certificate::DeviceCertificate;
use crate::identity::DeviceKey;
use crate::time::Time;

/// A device with what it needs to act in groups: its certificate and its key.
#[derive(Debug)]
pub struct Participant {
    pub(super) leaf: Leaf,
    pub(super) identity: SigningIdentity,
    pub(super) signer: SignatureSecretKey,
}

impl Participant {
    /// Puts certificate and key together. Refuses a certificate that does not hold at `now` or is not for this key.
    pub fn new(certificate: &DeviceCertificate, key: &DeviceKey, now: Time) -> Result<Self, CredentialError> {
        let device = certificate.verify_on_first_use(now)?;
        if !device.is_held_by(key) {
            return Err(CredentialError::WrongDeviceKey);
        }
        Ok(Self {
            leaf: leaf_of(&device),
            identity: signing_identity(certificate, &device),
            signer: SignatureSecretKey::new_slice(key.expose_seed().expose_secret()),
        })
    }

    /// Who the device is.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }
}

/// The group library, configured.
pub(super) type Config = WithMlsRules<
    Police,
    WithIdentityProvider<
        Certificates,
        WithCryptoProvider<MlsCrypto, WithGroupStateStorage<Memory, WithKeyPackageRepo<Memory, BaseConfig>>>,
    >,
>;

/// Everything that the library needs around one group or key package.
#[derive(Clone, Debug, Default)]
pub(super) struct Workshop {
    pub(super) randomness: Randomness,
    pub(super) memory: Memory,
}

impl Workshop {
    /// A client that acts as `participant`, and makes leaves that are good for `lifetime`.
    pub(super) fn client(&self, participant: &Participant, suite: Suite, lifetime: Duration) -> Client<Config> {
        let (identity, signer) = (participant.identity.clone(), participant.signer.clone());
        Client::builder()
            .key_package_repo(self.memory.clone())
            .group_state_storage(self.memory.clone())
            .crypto_provider(MlsCrypto::new(self.randomness.clone()))
            .identity_provider(Certificates)
            .mls_rules(Police)
            .extension_type(GOVERNANCE_EXTENSION.into())
            .key_package_lifetime(lifetime)
            .signing_identity(identity, signer, suite.into())
            .build()
    }

    /// A client that only loads a group, which brings its signer.
    pub(super) fn loader(&self) -> Client<Config> {
        Client::builder()
            .key_package_repo(self.memory.clone())
            .group_state_storage(self.memory.clone())
            .crypto_provider(MlsCrypto::new(self.randomness.clone()))
            .identity_provider(Certificates)
            .mls_rules(Police)
            .extension_type(GOVERNANCE_EXTENSION.into())
            .build()
    }
}

/// Where the library puts what it wants stored, for the moment until we fetch it.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    state: Option<Zeroizing<Vec<u8>>>,
    key_packages: Vec<(Vec<u8>, KeyPackageData)>,
}

impl Memory {
    pub(super) fn put_state(&self, state: Zeroizing<Vec<u8>>) {
        self.lock().state = Some(state);
    }

    pub(super) fn take_state(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.lock().state.take()
    }

    pub(super) fn put_key_package(&self, id: Vec<u8>, data: KeyPackageData) {
        self.lock().key_packages.push((id, data));
    }

    pub(super) fn take_key_package(&self) -> Option<(Vec<u8>, KeyPackageData)> {
        self.lock().key_packages.pop()
    }

    pub(super) fn clear(&self) {
        *self.lock() = Contents::default();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory([redacted])")
    }
}

impl GroupStateStorage for Memory {
    type Error = std::convert::Infallible;

    fn state(&self, _group_id: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Self::Error> {
        Ok(self.lock().state.clone())
    }

    fn epoch(&self, _group_id: &[u8], _epoch_id: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Self::Error> {
        Ok(None)
    }

    /// Earlier epochs are not kept: handshakes are for the current one, and events are not the library's business.
    fn write(&mut self, state: GroupState, _: Vec<EpochRecord>, _: Vec<EpochRecord>) -> Result<(), Self::Error> {
        self.put_state(state.data);
        Ok(())
    }

    fn max_epoch_id(&self, _group_id: &[u8]) -> Result<Option<u64>, Self::Error> {
        Ok(None)
    }
}

impl KeyPackageStorage for Memory {
    type Error = std::convert::Infallible;

    fn delete(&mut self, id: &[u8]) -> Result<(), Self::Error> {
        self.lock().key_packages.retain(|(stored, _)| stored != id);
        Ok(())
    }

    fn insert(&mut self, id: Vec<u8>, pkg: KeyPackageData) -> Result<(), Self::Error> {
        self.put_key_package(id, pkg);
        Ok(())
    }

    fn get(&self, id: &[u8]) -> Result<Option<KeyPackageData>, Self::Error> {
        Ok(self.lock().key_packages.iter().find(|(stored, _)| stored == id).map(|(_, data)| data.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_package(byte: u8) -> KeyPackageData {
        KeyPackageData::new(vec![byte], vec![byte].into(), vec![byte].into(), 1)
    }

    #[test]
    fn what_was_put_by_is_gone_when_cleared() {
        let memory = Memory::default();
        memory.put_state(Zeroizing::new(vec![1]));
        memory.put_key_package(vec![1], key_package(1));
        memory.clear();
        assert_eq!(memory.take_state(), None);
        assert!(memory.take_key_package().is_none());
        assert_eq!(format!("{memory:?}"), "Memory([redacted])");
    }

    #[test]
    fn a_key_package_that_was_used_up_is_deleted_and_no_other() {
        let mut memory = Memory::default();
        memory.insert(vec![1], key_package(1)).unwrap();
        memory.insert(vec![2], key_package(2)).unwrap();
        memory.delete(&[1]).unwrap();
        assert_eq!(memory.get(&[1]).unwrap(), None);
        assert_eq!(memory.get(&[2]).unwrap(), Some(key_package(2)));
    }

    #[test]
    fn earlier_epochs_are_not_kept() {
        let mut memory = Memory::default();
        let record = || vec![EpochRecord::new(0, vec![9].into())];
        memory.write(GroupState { id: vec![1], data: vec![7].into() }, record(), record()).unwrap();
        assert_eq!(memory.epoch(&[1], 0).unwrap(), None);
        assert_eq!(memory.max_epoch_id(&[1]).unwrap(), None);
        assert_eq!(memory.state(&[1]).unwrap().as_deref(), Some(&vec![7]));
    }
}
