//! Where an account is in the tree: the output of a verifiable random function, ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381 §5.5).
//!
//! Only the server can compute it, so that the tree lists nobody; everybody can check it, so that the server has no choice.

use sotto_proto::AccountId;
use vrf_rfc9381::ec::edwards25519::EdVrfProof;
use vrf_rfc9381::ec::edwards25519::tai::{EdVrfEdwards25519TaiPublicKey, EdVrfEdwards25519TaiSecretKey};
use vrf_rfc9381::{Ciphersuite, Proof as _, Prover as _, Verifier as _};

use super::DirectoryError;
use crate::labels;
use crate::primitives::VerifyingKey;
use crate::secret::Secret;

/// Length of a proof (RFC 9381 §5.5: 32 + 16 + 32).
pub const PROOF_LEN: usize = 80;

/// A place in the tree: the first 32 bytes of the function's output. A path goes by its bits, the highest of the first byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub [u8; 32]);

impl Position {
    /// How many bits a path can have.
    pub const BITS: usize = 256;

    /// Whether the path turns right at `depth`, which is less than [`Self::BITS`].
    pub fn turns_right(&self, depth: usize) -> bool {
        (self.0[depth / 8] >> (7 - depth % 8)) & 1 == 1
    }
}

/// The server's half of the function.
pub struct PositionKey(EdVrfEdwards25519TaiSecretKey);

impl PositionKey {
    /// The key of this seed.
    pub fn from_seed(seed: &Secret<32>) -> Self {
        let key = EdVrfEdwards25519TaiSecretKey::from_slice(seed.expose_secret());
        Self(key.expect("32 bytes are a private key (RFC 8032 §5.1.5)"))
    }

    /// The public key that belongs to the seed, which is an Ed25519 key.
    pub fn public(seed: &Secret<32>) -> [u8; 32] {
        *crate::primitives::SigningKey::from_seed(seed).verifying_key().as_bytes()
    }

    /// The place of an account, and the proof that this is it.
    pub fn place(&self, account: AccountId) -> (Position, [u8; PROOF_LEN]) {
        let proof = self.0.prove(&input(account)).expect("one in 2^256 accounts has no place");
        let position = output(&proof).expect("the suite is one that the library knows");
        (position, proof.encode_to_pi().try_into().expect("the suite's proofs have this length"))
    }
}

impl std::fmt::Debug for PositionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PositionKey([redacted])")
    }
}

/// Checks a proof, and says which place it proves.
pub fn verify(key: &[u8; 32], account: AccountId, proof: &[u8]) -> Result<Position, DirectoryError> {
    // RFC 9381 §5.4.5: a key of small order would let the server choose. §5.4.4: `s` is a reduced scalar.
    VerifyingKey::from_bytes(key).map_err(|_| DirectoryError::BadKey)?;
    if !proof.get(48..).is_some_and(is_reduced) {
        return Err(DirectoryError::BadPosition);
    }
    truncated(&verify_input(key, &input(account), proof)?)
}

fn verify_input(key: &[u8; 32], input: &[u8], proof: &[u8]) -> Result<[u8; 64], DirectoryError> {
    let key = EdVrfEdwards25519TaiPublicKey::from_slice(key).map_err(|_| DirectoryError::BadKey)?;
    let proof = EdVrfProof::decode_pi(proof).map_err(|_| DirectoryError::BadPosition)?;
    Ok(key.verify(input, proof).map_err(|_| DirectoryError::BadPosition)?.into())
}

fn input(account: AccountId) -> Vec<u8> {
    [labels::DIRECTORY_POSITION.as_bytes(), account.as_bytes()].concat()
}

fn output(proof: &EdVrfProof) -> Result<Position, DirectoryError> {
    let suite = Ciphersuite::ECVRF_EDWARDS25519_SHA512_TAI;
    truncated(&proof.proof_to_hash(suite).map_err(|_| DirectoryError::BadPosition)?)
}

fn truncated(output: &[u8]) -> Result<Position, DirectoryError> {
    output.first_chunk().map(|bytes| Position(*bytes)).ok_or(DirectoryError::BadPosition)
}

/// Whether a little-endian number is below the order of the group (RFC 8032 §5.1).
fn is_reduced(scalar: &[u8]) -> bool {
    scalar.len() == ORDER.len() && scalar.iter().rev().lt(ORDER.iter().rev())
}

/// 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    /// RFC 9381, appendix B.3, examples 16 and 17.
    #[test]
    fn the_function_is_that_of_rfc_9381() {
        let examples = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97\
                 27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
                "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af02679\
                 8e8f81cd2e333de5cdf4f3e140fdd8ae",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465\
                 301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
                "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848\
                 a0bef4553a41befc57663b56373a5031",
            ),
        ];
        for (seed, public, input, proof, output) in examples {
            let seed = Secret::copy_from(&hex::<32>(seed)).unwrap();
            let (input, proof) = (HEXLOWER.decode(input.as_bytes()).unwrap(), hex::<80>(proof));
            assert_eq!(PositionKey::public(&seed), hex::<32>(public));
            assert_eq!(PositionKey::from_seed(&seed).0.prove(&input).unwrap().encode_to_pi(), proof);
            assert_eq!(verify_input(&hex(public), &input, &proof), Ok(hex(output)));
        }
    }

    #[test]
    fn a_place_is_proved_for_one_account_under_one_key() {
        let (seed, other) = (Secret::copy_from(&[7; 32]).unwrap(), Secret::copy_from(&[8; 32]).unwrap());
        let (alice, bob) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let key = PositionKey::public(&seed);
        let (place, proof) = PositionKey::from_seed(&seed).place(alice);
        assert_eq!(verify(&key, alice, &proof), Ok(place));
        assert_eq!(verify(&key, bob, &proof), Err(DirectoryError::BadPosition));
        assert_eq!(verify(&PositionKey::public(&other), alice, &proof), Err(DirectoryError::BadPosition));
        for at in 0..PROOF_LEN {
            let mut damaged = proof;
            damaged[at] ^= 1;
            assert_eq!(verify(&key, alice, &damaged), Err(DirectoryError::BadPosition), "byte {at}");
        }
        assert_eq!(verify(&key, alice, &proof[..79]), Err(DirectoryError::BadPosition));
        assert_eq!(verify(&key, alice, &[]), Err(DirectoryError::BadPosition));
    }

    #[test]
    fn keys_of_small_order_and_scalars_that_are_not_reduced_are_refused_s29() {
        let seed = Secret::copy_from(&[7; 32]).unwrap();
        let alice = AccountId::from_bytes([1; 16]);
        let (_, proof) = PositionKey::from_seed(&seed).place(alice);
        let mut neutral = [0; 32];
        neutral[0] = 1;
        for weak in [[0; 32], neutral] {
            assert_eq!(verify(&weak, alice, &proof), Err(DirectoryError::BadKey));
        }
        let mut unreduced = proof;
        let mut carry = 0_u16;
        for (byte, order) in unreduced[48..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        assert_eq!(verify(&PositionKey::public(&seed), alice, &unreduced), Err(DirectoryError::BadPosition));
    }
}
