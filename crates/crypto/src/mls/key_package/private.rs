//! The half of a key package that stays with its device.

use std::time::Duration;

use mls_rs::ExtensionList;
use mls_rs::extension::recommended::LastResortKeyPackageExt;
use mls_rs::mls_rs_codec::{MlsDecode, MlsEncode};
use mls_rs::time::MlsTime;
use mls_rs_core::key_package::KeyPackageData;
use rand_core::CryptoRng;
use zeroize::Zeroize;

use super::{CLOCK_TOLERANCE, REFERENCE_LEN, Usage};
use crate::codec::Reader;
use crate::mls::handshake::HandshakeError;
use crate::mls::participant::{Participant, Workshop};
use crate::mls::suite::Suite;
use crate::secret::SecretVec;
use crate::time::Time;

/// The private half of a key package, as bytes to be stored sealed until a Welcome for it comes.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyPackageSecret(SecretVec);

impl KeyPackageSecret {
    /// Takes over bytes from [`expose_secret`](Self::expose_secret).
    pub fn from_secret(bytes: SecretVec) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored sealed.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The reference by which a Welcome names the key package (RFC 9420 §5.2).
    pub fn reference(&self) -> Option<[u8; REFERENCE_LEN]> {
        self.0.expose_secret().first_chunk().copied()
    }

    pub(in crate::mls) fn unpack(&self) -> Result<(Vec<u8>, KeyPackageData), HandshakeError> {
        let mut reader = Reader::new(self.0.expose_secret());
        let reference = reader.array::<REFERENCE_LEN>().map_err(|_| HandshakeError::BadKeyPackageSecret)?;
        let mut rest = reader.rest();
        match KeyPackageData::mls_decode(&mut rest) {
            Ok(data) if rest.is_empty() => Ok((reference.to_vec(), data)),
            _ => Err(HandshakeError::BadKeyPackageSecret),
        }
    }

    fn pack(reference: &[u8], data: &KeyPackageData) -> Result<Self, HandshakeError> {
        let mut encoded = data.mls_encode_to_vec().map_err(|_| HandshakeError::BadKeyPackageSecret)?;
        let packed = [reference, &encoded].concat();
        encoded.zeroize();
        Ok(Self(SecretVec::new(packed)))
    }
}

/// Makes a key package that is good for `lifetime` from `from` on, and a little before: its public message and its private half.
pub fn generate(
    participant: &Participant,
    suite: Suite,
    usage: Usage,
    from: Time,
    lifetime: Duration,
    rng: &mut impl CryptoRng,
) -> Result<(Vec<u8>, KeyPackageSecret), HandshakeError> {
    let workshop = Workshop::default();
    let client = workshop.client(participant, suite, lifetime.saturating_add(CLOCK_TOLERANCE));
    let mut extensions = ExtensionList::new();
    if usage == Usage::LastResort {
        extensions.set_from(LastResortKeyPackageExt).expect("an empty extension can be encoded");
    }
    let from = MlsTime::from(from.unix_seconds().saturating_sub(CLOCK_TOLERANCE.as_secs()));
    let generate = || client.generate_key_package_message(extensions, ExtensionList::new(), Some(from));
    let message = workshop.randomness.lend(rng, generate)?;
    let (reference, data) = workshop.memory.take_key_package().ok_or(HandshakeError::BadKeyPackageSecret)?;
    Ok((message.to_bytes()?, KeyPackageSecret::pack(&reference, &data)?))
}
