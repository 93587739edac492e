//! The people of the scenarios.

use rand::{SeedableRng, rngs::StdRng};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose, VerifiedDevice};
use sotto_crypto::event::Sender;
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::safety::Party;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, DeviceId};

pub(crate) const NOW: Time = Time::from_unix_seconds(1_800_000_000);

pub(crate) fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A person with one device.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) identity: IdentityKey,
    pub(crate) key: DeviceKey,
}

pub(crate) fn alice() -> Person {
    Person::new(1)
}

pub(crate) fn bob() -> Person {
    Person::new(2)
}

pub(crate) fn mallory() -> Person {
    Person::new(13)
}

impl Person {
    fn new(number: u8) -> Self {
        let mut rng = rng(number.into());
        Self {
            account: AccountId::from_bytes([number; 16]),
            device: DeviceId::from_bytes([number + 100; 16]),
            identity: IdentityKey::generate(&mut rng),
            key: DeviceKey::generate(&mut rng),
        }
    }

    pub(crate) fn claims(&self) -> DeviceClaims {
        DeviceClaims {
            account: self.account,
            device: self.device,
            device_key: self.key.public(),
            purpose: Purpose::Device,
            issued: NOW,
            expires: None,
        }
    }

    pub(crate) fn certificate(&self) -> DeviceCertificate {
        DeviceCertificate::issue(&self.identity, self.claims()).unwrap()
    }

    pub(crate) fn verified(&self) -> VerifiedDevice {
        self.certificate().verify(self.account, &self.identity.public(), NOW).unwrap()
    }

    pub(crate) fn sender(&self) -> Sender {
        Sender { account: self.account, device: self.device }
    }

    pub(crate) fn party(&self) -> Party {
        Party { account: self.account, identity: self.identity.public() }
    }
}
