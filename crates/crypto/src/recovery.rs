//! The recovery code: 24 words on paper that open the vault when the password is forgotten.
//!
//! The words are a BIP-39 mnemonic of 256 bits with its 8-bit checksum. Only the encoding is taken from BIP-39; its password
//! hashing is not needed, since the code is a full-strength key.

use rand_core::CryptoRng;
use sotto_proto::AccountId;
use zeroize::Zeroizing;

use crate::labels;
use crate::primitives::{PrimitiveError, Signature, SigningKey, VerifyingKey, hkdf, sha256};
use crate::secret::{Secret, secret_newtype};
use crate::wordlist::{index_of, put_word, to_words};

/// Words in a recovery code.
pub const WORD_COUNT: usize = 24;
/// Longest text that is taken for a recovery code; generous to numbering and line breaks.
pub const MAX_TEXT_LEN: usize = 1024;

/// The code and its checksum: 24 words of 11 bits.
const CHECKED_LEN: usize = 33;

secret_newtype! {
    /// The 256 bits that the words stand for.
    RecoveryCode, 32
}

/// Why a text is no recovery code. Nothing of the text is repeated, because it is a secret even when it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryCodeError {
    /// Not 24 words.
    #[error("a recovery code has {WORD_COUNT} words, not {0}")]
    WordCount(usize),
    /// The word at this place, counted from 1, is not in the list.
    #[error("word {0} is not one that recovery codes use")]
    UnknownWord(usize),
    /// Each word could be right, all of them together are not: one was confused with another, or two swapped.
    #[error("the words do not belong together")]
    Checksum,
    /// Far longer than any recovery code.
    #[error("the text is too long for a recovery code")]
    TooLong,
}

impl RecoveryCode {
    /// Draws a new code.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_secret(Secret::generate(rng))
    }

    /// Reads what a person typed or pasted: capitals, line breaks, numbering and punctuation do not matter, and four letters of
    /// each word suffice.
    pub fn parse(text: &str) -> Result<Self, RecoveryCodeError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(RecoveryCodeError::TooLong);
        }
        let words = || text.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty());
        let count = words().count();
        if count != WORD_COUNT {
            return Err(RecoveryCodeError::WordCount(count));
        }
        let mut bits = Zeroizing::new([0; CHECKED_LEN]);
        for (place, word) in words().enumerate() {
            let index = index_of(word).ok_or(RecoveryCodeError::UnknownWord(place + 1))?;
            put_word(bits.as_mut_slice(), place, index);
        }
        let (code, rest) = bits.split_first_chunk().expect("32 bytes and the checksum");
        if *rest != [checksum(code)] {
            return Err(RecoveryCodeError::Checksum);
        }
        Ok(Self::from_secret(Secret::fill(|bytes| *bytes = *code)))
    }

    /// The words, to be shown or printed once.
    pub fn expose_words(&self) -> [&'static str; WORD_COUNT] {
        let mut bits = Zeroizing::new([0; CHECKED_LEN]);
        bits[..32].copy_from_slice(self.expose_secret());
        bits[32] = checksum(self.expose_secret());
        to_words(bits.as_slice())
    }

    /// The public key that lets the server check [`prove`](Self::prove), and nothing else.
    pub fn verifier(&self) -> RecoveryVerifier {
        RecoveryVerifier(self.proof_key().verifying_key())
    }

    /// Proves to the server, which drew `challenge`, that one has the code of `account`.
    pub fn prove(&self, account: AccountId, challenge: &[u8; 32]) -> Signature {
        self.proof_key().sign_labelled(labels::RECOVERY_PROOF, &statement(account, challenge))
    }

    fn proof_key(&self) -> SigningKey {
        SigningKey::from_seed(&hkdf(&[], self.expose_secret(), &[labels::RECOVERY_KEY.as_bytes()]))
    }
}

/// What the server keeps to recognise the recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryVerifier(VerifyingKey);

impl RecoveryVerifier {
    /// Parses the 32-byte encoding.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PrimitiveError> {
        VerifyingKey::from_bytes(bytes).map(Self)
    }

    /// The 32-byte encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a proof for the challenge that the server drew, and which it must not accept again.
    pub fn verify(&self, account: AccountId, challenge: &[u8; 32], proof: &Signature) -> Result<(), PrimitiveError> {
        self.0.verify_labelled(labels::RECOVERY_PROOF, &statement(account, challenge), proof)
    }
}

fn statement(account: AccountId, challenge: &[u8; 32]) -> [u8; 48] {
    crate::codec::concat(&[account.as_bytes(), challenge])
}

fn checksum(code: &[u8; 32]) -> u8 {
    sha256(&[code])[0]
}
