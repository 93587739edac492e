//! The key of a device's store under a passphrase, for machines that have no place of their own to keep keys.
//!
//! ```text
//! stretched = Argon2id(passphrase, salt)
//! sealed    = format ‖ memory ‖ passes ‖ salt ‖ sealed(stretched, key)
//! ```

use rand_core::CryptoRng;

use crate::codec::{Reader, Truncated, concat};
use crate::labels;
use crate::login::{LoginError, Password, StretchCost};
use crate::sealing::{OVERHEAD, Sealing, SealingError};
use crate::secret::Secret;

/// Why the key of a store did not come out of its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Not laid out like a sealed key, changed after sealing, or with a cost that no version has chosen.
    #[error("this is no key sealed under a passphrase, or it was altered")]
    Malformed,
    /// Sealed under another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Argon2id could not have its memory.
    #[error("there is not enough memory to stretch the passphrase")]
    Memory,
}

/// Length of a sealed key.
pub const SEALED_LEN: usize = HEADER_LEN + OVERHEAD + KEY_LEN;

/// Seals a key under a passphrase whose trying costs so much.
pub fn seal(
    key: &Secret<KEY_LEN>,
    passphrase: &Password,
    cost: StretchCost,
    rng: &mut impl CryptoRng,
) -> Result<[u8; SEALED_LEN], PassphraseError> {
    let mut salt = [0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    let header: [u8; HEADER_LEN] =
        concat(&[&[FORMAT], &cost.memory_kib().to_be_bytes(), &cost.passes().to_be_bytes(), &salt]);
    let stretched = stretch(passphrase, cost, &salt)?;
    let sealed = sealing(&stretched, &header).seal(key.expose_secret(), rng);
    Ok(concat(&[&header, &sealed]))
}

/// Opens what [`seal`] gave.
pub fn open(sealed: &[u8], passphrase: &Password) -> Result<Secret<KEY_LEN>, PassphraseError> {
    if sealed.len() != SEALED_LEN {
        return Err(PassphraseError::Malformed);
    }
    let (header, rest) = sealed.split_at(HEADER_LEN);
    let (cost, salt) = decode_header(header).ok_or(PassphraseError::Malformed)?;
    let stretched = stretch(passphrase, cost, &salt)?;
    let opened = sealing(&stretched, header).open(rest).map_err(|error| match error {
        SealingError::WrongSecret => PassphraseError::WrongPassphrase,
        SealingError::TooShort | SealingError::NotAuthentic => PassphraseError::Malformed,
    })?;
    Secret::copy_from(opened.expose_secret()).ok_or(PassphraseError::Malformed)
}

fn stretch(
    passphrase: &Password,
    cost: StretchCost,
    salt: &[u8; SALT_LEN],
) -> Result<Secret<KEY_LEN>, PassphraseError> {
    passphrase.stretch(cost, salt).map_err(|_: LoginError| PassphraseError::Memory)
}

fn sealing<'a>(stretched: &'a Secret<KEY_LEN>, header: &'a [u8]) -> Sealing<'a> {
    Sealing {
        label: labels::STORE_KEY_BY_PASSPHRASE,
        secret: stretched.expose_secret(),
        context: &[],
        associated_data: header,
    }
}

fn decode_header(header: &[u8]) -> Option<(StretchCost, [u8; SALT_LEN])> {
    let mut header = Reader::new(header);
    let fields = (|| Ok::<_, Truncated>((header.u8()?, header.u32()?, header.u32()?, header.array()?)))();
    let (format, memory_kib, passes, salt) = fields.ok()?;
    let cost = StretchCost::new(memory_kib, passes).ok()?;
    (format == FORMAT).then_some((cost, salt))
}

const FORMAT: u8 = 1;
const KEY_LEN: usize = 32;
const SALT_LEN: usize = 16;
const HEADER_LEN: usize = 1 + 4 + 4 + SALT_LEN;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    fn sealed() -> [u8; SEALED_LEN] {
        let key = Secret::fill(|bytes| *bytes = [7; KEY_LEN]);
        seal(&key, &password("correct horse"), StretchCost::MINIMUM, &mut StdRng::seed_from_u64(1)).unwrap()
    }

    #[test]
    fn the_passphrase_and_nothing_else_opens_the_key() {
        assert_eq!(open(&sealed(), &password("correct horse")).unwrap().expose_secret(), &[7; KEY_LEN]);
        assert_eq!(open(&sealed(), &password("correct house")).unwrap_err(), PassphraseError::WrongPassphrase);
    }

    #[test]
    fn what_was_altered_or_cut_does_not_open() {
        for at in [0, 1, 5, SEALED_LEN - 1] {
            let mut altered = sealed();
            altered[at] ^= 1;
            assert!(open(&altered, &password("correct horse")).is_err(), "{at}");
        }
        for len in [0, HEADER_LEN - 1, HEADER_LEN, SEALED_LEN - 1] {
            assert!(open(&sealed()[..len], &password("correct horse")).is_err(), "{len}");
        }
    }

    #[test]
    fn a_file_cannot_ask_for_a_weaker_or_an_endless_stretching_m5() {
        for cost in [[0, 0, 0, 1], [0xff; 4]] {
            let mut altered = sealed();
            altered[1..5].copy_from_slice(&cost);
            assert_eq!(open(&altered, &password("correct horse")).unwrap_err(), PassphraseError::Malformed);
        }
    }
}
