//! What a device keeps of the vault: the keys of its store, and those of the device that sleeps in it, by their generations.
//!
//! Keys of a new generation follow the revocation of a device (docs/PROTOCOL.md, 6.3). Nothing is sealed under the ones before any more;
//! what was sealed under them still opens. The vault device before goes on being woken until its successor has taken all of its places.

use rusqlite::{Connection, OptionalExtension as _, params};
use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityPublicKey};
use sotto_crypto::mls::Participant;
use sotto_crypto::secret::{Secret, SecretVec};
use sotto_crypto::time::Time;
use sotto_crypto::vault::{Generation, RootSecret, SlotKey, VaultError, Version};
use sotto_crypto::vault_store::{Item, StoreKey};
use sotto_proto::{AccountId, DeviceId, ID_LEN};

use crate::store::StoreError;

/// What a device keeps of the vault.
pub(super) struct Vault {
    pub(super) device: DeviceId,
    pub(super) key: DeviceKey,
    /// Known once the server has told.
    pub(super) certificate: Option<DeviceCertificate>,
    pub(super) store: StoreKey,
    pub(super) slots: SlotKey,
    /// The store keys of the generations before, the first one first.
    pub(super) older: Vec<StoreKey>,
    /// The vault device before, as long as it has places.
    pub(super) former: Option<Sleeper>,
}

/// A vault device with all that it takes to wake it.
pub(super) struct Sleeper {
    pub(super) device: DeviceId,
    pub(super) key: DeviceKey,
    pub(super) certificate: DeviceCertificate,
}

impl Vault {
    /// Of an account that is being made.
    pub(super) fn first(root: &RootSecret, device: DeviceId) -> Self {
        Self::of_generation(root, Generation::FIRST, device)
    }

    /// As far as the generations of an account have come, by the certificates of its devices: nobody but the account itself can have
    /// made these.
    pub(super) fn found_in(
        root: &RootSecret,
        account: AccountId,
        certificates: &[DeviceCertificate],
        now: Time,
    ) -> Self {
        let identity = root.derive_identity_key().public();
        let mut known: Vec<_> = vault_certificates(certificates, account, &identity, now)
            .filter_map(|certificate| Some((root.find_generation(certificate.claimed_key())?, certificate)))
            .collect();
        known.sort_by_key(|(generation, _)| *generation);
        let Some((generation, certificate)) = known.pop() else {
            return Self::first(root, DeviceId::from_bytes([0; ID_LEN]));
        };
        let former = known.pop().map(|(generation, certificate)| Sleeper {
            device: certificate.claimed_device(),
            key: root.derive_vault_device_key(generation),
            certificate,
        });
        let certificate_of_it = Some(certificate);
        let device = certificate.claimed_device();
        Self { certificate: certificate_of_it, former, ..Self::of_generation(root, generation, device) }
    }

    fn of_generation(root: &RootSecret, generation: Generation, device: DeviceId) -> Self {
        let before = generation.up_to_this().filter(|earlier| *earlier < generation);
        Self {
            device,
            key: root.derive_vault_device_key(generation),
            certificate: None,
            store: root.derive_store_key(generation),
            slots: root.derive_slot_key(),
            older: before.map(|earlier| root.derive_store_key(earlier)).collect(),
            former: None,
        }
    }

    pub(super) fn generation(&self) -> Generation {
        self.store.generation()
    }

    /// Opens something that was sealed under the keys of this generation or of one before.
    pub(super) fn open(
        &self,
        account: AccountId,
        item: &Item,
        seen: Version,
        sealed: &[u8],
    ) -> Result<(SecretVec, Version), VaultError> {
        match self.store.open(account, item, seen, sealed) {
            Err(VaultError::OtherGeneration(generation)) => {
                let older = self.older.iter().find(|older| older.generation() == generation);
                let older = older.ok_or(VaultError::OtherGeneration(generation))?;
                older.open(account, item, seen, sealed)
            }
            opened => opened,
        }
    }

    /// The vault devices that have places in conversations, the present one first.
    pub(super) fn devices(&self) -> impl Iterator<Item = DeviceId> {
        [self.device].into_iter().chain(self.former.as_ref().map(|former| former.device))
    }

    /// One of the vault devices, ready to act.
    pub(super) fn participant_of(&self, device: DeviceId, now: Time) -> Option<Participant> {
        if device == self.device {
            return self.participant(now);
        }
        let former = self.former.as_ref().filter(|former| former.device == device)?;
        Participant::new(&former.certificate, &former.key, now).ok()
    }

    pub(super) fn participant(&self, now: Time) -> Option<Participant> {
        Participant::new(self.certificate.as_ref()?, &self.key, now).ok()
    }

    /// Reads what of it is not in the row of the account.
    pub(super) fn load_past(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.older = db
            .prepare_cached("SELECT generation, key FROM older_store_keys WHERE generation < ?1 ORDER BY generation")?
            .query_map([self.generation().0], |row| {
                let key = Secret::copy_from(&row.get::<_, Vec<u8>>(1)?);
                Ok(key.map(|key| (row.get(0).map(Generation), key)))
            })?
            .filter_map(Result::transpose)
            .map(|row| row.and_then(|(generation, key)| Ok(StoreKey::new(key, generation?))))
            .collect::<Result<_, _>>()?;
        let row = db
            .prepare_cached("SELECT seed, certificate FROM former_vault")?
            .query_row([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        self.former = row.and_then(|(seed, certificate)| {
            let certificate = DeviceCertificate::decode(&certificate).ok()?;
            let key = DeviceKey::from_seed(&Secret::copy_from(&seed)?);
            Some(Sleeper { device: certificate.claimed_device(), key, certificate })
        });
        Ok(())
    }

    /// Keeps what of it is not in the row of the account.
    pub(super) fn save_past(&self, db: &Connection) -> Result<(), StoreError> {
        for older in &self.older {
            db.prepare_cached("INSERT OR REPLACE INTO older_store_keys (generation, key) VALUES (?1, ?2)")?
                .execute(params![older.generation().0, older.expose_secret()])?;
        }
        db.execute("DELETE FROM former_vault", [])?;
        if let Some(former) = &self.former {
            db.prepare_cached("INSERT INTO former_vault (only_row, seed, certificate) VALUES (1, ?1, ?2)")?
                .execute(params![former.key.expose_seed().expose_secret(), former.certificate.encode()])?;
        }
        Ok(())
    }
}

/// The certificates among them that make a device the vault device of an account.
pub(super) fn vault_certificates<'c>(
    certificates: &'c [DeviceCertificate],
    account: AccountId,
    identity: &'c IdentityPublicKey,
    now: Time,
) -> impl Iterator<Item = DeviceCertificate> + 'c {
    certificates.iter().copied().filter(move |certificate| {
        certificate.verify(account, identity, now).is_ok_and(|device| device.claims().purpose == Purpose::Vault)
    })
}
