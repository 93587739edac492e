//! HPKE (RFC 9180) with HKDF-SHA256 and ChaCha20-Poly1305, over X25519 or X-Wing.
//!
//! X-Wing's `DeriveKeyPair` differs between drafts and crates. Ours expands the input with SHAKE256 to the 32-byte seed
//! (draft-ietf-hpke-pq-03 §4); a frozen test vector keeps it so.

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use mls_rs::crypto::{HpkeContextR, HpkeContextS, HpkePsk, HpkePublicKey, HpkeSecretKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::provider::ProviderError;
use super::suite::Suite;

/// An encryption context to one recipient.
pub enum Sealer {
    /// DHKEM(X25519, HKDF-SHA256).
    Classical(Box<AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>>),
    /// X-Wing.
    PostQuantum(Box<AeadCtxS<ChaCha20Poly1305, HkdfSha256, XWing>>),
}

/// The recipient's side of a [`Sealer`].
pub enum Opener {
    /// DHKEM(X25519, HKDF-SHA256).
    Classical(Box<AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>>),
    /// X-Wing.
    PostQuantum(Box<AeadCtxR<ChaCha20Poly1305, HkdfSha256, XWing>>),
}

type SealerContext<K> = AeadCtxS<ChaCha20Poly1305, HkdfSha256, K>;

/// Encapsulates to `recipient`; returns the KEM output and the context.
pub(super) fn setup_sealer(
    suite: Suite,
    recipient: &[u8],
    info: &[u8],
    psk: Option<&HpkePsk<'_>>,
    rng: &mut impl CryptoRng,
) -> Result<(Vec<u8>, Sealer), ProviderError> {
    check_curve_part(recipient)?;
    Ok(match suite {
        Suite::Classical => {
            let (output, context) = sealer::<X25519HkdfSha256>(recipient, info, psk, rng)?;
            (output, Sealer::Classical(Box::new(context)))
        }
        Suite::PostQuantum => {
            let (output, context) = sealer::<XWing>(recipient, info, psk, rng)?;
            (output, Sealer::PostQuantum(Box::new(context)))
        }
    })
}

/// Decapsulates `kem_output` with `secret`.
pub(super) fn setup_opener(
    suite: Suite,
    secret: &[u8],
    kem_output: &[u8],
    info: &[u8],
    psk: Option<&HpkePsk<'_>>,
) -> Result<Opener, ProviderError> {
    check_curve_part(kem_output)?;
    Ok(match suite {
        Suite::Classical => Opener::Classical(Box::new(opener::<X25519HkdfSha256>(secret, kem_output, info, psk)?)),
        Suite::PostQuantum => Opener::PostQuantum(Box::new(opener::<XWing>(secret, kem_output, info, psk)?)),
    })
}

/// `DeriveKeyPair` (RFC 9180 §4).
pub(super) fn derive_key_pair(suite: Suite, input: &[u8]) -> (HpkeSecretKey, HpkePublicKey) {
    match suite {
        Suite::Classical => key_pair::<X25519HkdfSha256>(input),
        Suite::PostQuantum => key_pair::<XWing>(input),
    }
}

/// Refuses what is not a public key of `suite`, and keys whose X25519 part is of low order.
pub(super) fn check_public_key(suite: Suite, key: &[u8]) -> Result<(), ProviderError> {
    match suite {
        Suite::Classical => <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(key).map(drop),
        Suite::PostQuantum => <XWing as Kem>::PublicKey::from_bytes(key).map(drop),
    }
    .map_err(|_| ProviderError::BadPublicKey)?;
    check_curve_part(key)
}

/// The X25519 part ends both kinds of public key and both kinds of KEM output. X-Wing itself accepts points of low order.
fn check_curve_part(bytes: &[u8]) -> Result<(), ProviderError> {
    let mut point = *bytes.last_chunk::<32>().ok_or(ProviderError::BadPublicKey)?;
    point[31] &= 0x7F; // RFC 7748 §5 ignores the highest bit
    if LOW_ORDER_POINTS.contains(&point) { Err(ProviderError::LowOrderPublicKey) } else { Ok(()) }
}

fn sealer<K: Kem>(
    recipient: &[u8],
    info: &[u8],
    psk: Option<&HpkePsk<'_>>,
    rng: &mut impl CryptoRng,
) -> Result<(Vec<u8>, SealerContext<K>), ProviderError> {
    let recipient = K::PublicKey::from_bytes(recipient).map_err(|_| ProviderError::BadPublicKey)?;
    let mode = bundle(psk)?.map_or(OpModeS::Base, OpModeS::Psk);
    let (output, context) = hpke::setup_sender_with_rng::<_, _, K>(&mode, &recipient, info, rng).map_err(refused)?;
    Ok((output.to_bytes().to_vec(), context))
}

fn opener<K: Kem>(
    secret: &[u8],
    kem_output: &[u8],
    info: &[u8],
    psk: Option<&HpkePsk<'_>>,
) -> Result<AeadCtxR<ChaCha20Poly1305, HkdfSha256, K>, ProviderError> {
    let secret = K::PrivateKey::from_bytes(secret).map_err(|_| ProviderError::BadSecretKey)?;
    let kem_output = K::EncappedKey::from_bytes(kem_output).map_err(|_| ProviderError::BadPublicKey)?;
    let mode = bundle(psk)?.map_or(OpModeR::Base, OpModeR::Psk);
    hpke::setup_receiver(&mode, &secret, &kem_output, info).map_err(refused)
}

fn key_pair<K: Kem>(input: &[u8]) -> (HpkeSecretKey, HpkePublicKey) {
    let (secret, public) = K::derive_keypair(input);
    let bytes = Zeroizing::new(secret.to_bytes());
    (bytes.to_vec().into(), public.to_bytes().to_vec().into())
}

fn bundle<'a>(psk: Option<&HpkePsk<'a>>) -> Result<Option<PskBundle<'a>>, ProviderError> {
    psk.map(|psk| PskBundle::new(psk.value, psk.id).map_err(refused)).transpose()
}

/// HPKE's errors say no more than that the other side's bytes do not fit.
fn refused(_: HpkeError) -> ProviderError {
    ProviderError::Hpke
}

impl Sealer {
    pub(super) fn seal_once(&mut self, associated_data: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, ProviderError> {
        match self {
            Self::Classical(context) => context.seal(plaintext, associated_data),
            Self::PostQuantum(context) => context.seal(plaintext, associated_data),
        }
        .map_err(refused)
    }
}

impl Opener {
    pub(super) fn open_once(
        &mut self,
        associated_data: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        match self {
            Self::Classical(context) => context.open(ciphertext, associated_data),
            Self::PostQuantum(context) => context.open(ciphertext, associated_data),
        }
        .map(Zeroizing::new)
        .map_err(refused)
    }
}

impl HpkeContextS for Sealer {
    type Error = ProviderError;

    fn seal(&mut self, aad: Option<&[u8]>, data: &[u8]) -> Result<Vec<u8>, Self::Error> {
        self.seal_once(aad.unwrap_or_default(), data)
    }

    fn export(&self, exporter_context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Self::Error> {
        let mut output = Zeroizing::new(vec![0; len]);
        match self {
            Self::Classical(context) => context.export(exporter_context, &mut output),
            Self::PostQuantum(context) => context.export(exporter_context, &mut output),
        }
        .map_err(refused)?;
        Ok(output)
    }
}

impl HpkeContextR for Opener {
    type Error = ProviderError;

    fn open(&mut self, aad: Option<&[u8]>, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Self::Error> {
        self.open_once(aad.unwrap_or_default(), ciphertext)
    }

    fn export(&self, exporter_context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, Self::Error> {
        let mut output = Zeroizing::new(vec![0; len]);
        match self {
            Self::Classical(context) => context.export(exporter_context, &mut output),
            Self::PostQuantum(context) => context.export(exporter_context, &mut output),
        }
        .map_err(refused)?;
        Ok(output)
    }
}

/// The u-coordinates of low order on the curve and its twist, highest bit clear: 0, 1, both of order eight, and p-1, p, p+1.
const LOW_ORDER_POINTS: [[u8; 32]; 7] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near_p(0xec),
    near_p(0xed),
    near_p(0xee),
];

/// The little-endian encoding of 2^255 - 256 + `lowest`.
const fn near_p(lowest: u8) -> [u8; 32] {
    let mut bytes = [0xFF; 32];
    bytes[0] = lowest;
    bytes[31] = 0x7F;
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::primitives::{PrimitiveError, X25519PublicKey};

    #[test]
    fn the_listed_points_are_of_low_order_and_no_neighbour_is_missing() {
        assert_eq!(HashSet::from(LOW_ORDER_POINTS).len(), 7, "seven points");
        for point in LOW_ORDER_POINTS {
            assert_eq!(X25519PublicKey::from_bytes(point), Err(PrimitiveError::LowOrderPublicKey), "{point:02x?}");
        }
        for lowest in 2..=u8::MAX {
            let mut small = [0; 32];
            small[0] = lowest;
            assert!(X25519PublicKey::from_bytes(small).is_ok());
            let listed = LOW_ORDER_POINTS.contains(&near_p(lowest));
            assert_eq!(X25519PublicKey::from_bytes(near_p(lowest)).is_err(), listed, "{lowest:02x}");
        }
    }
}
