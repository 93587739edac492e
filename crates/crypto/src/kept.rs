//! Files that a device keeps for itself, a piece at a time.
//!
//! What a browser downloads lies in storage that the browser does not encrypt. So each piece is sealed under a key of the device, with
//! fresh keys each time it is written ([`crate::sealing`]), and bound to its file and its place there: pieces cannot be swapped, and one
//! can be read without those before it. That all of them are there is the caller's to know: it knows how long the file is.

use rand_core::CryptoRng;

use crate::labels;
use crate::sealing::{OVERHEAD, Sealing};
use crate::secret::{Secret, SecretVec};

/// The key of a device for the files that it keeps.
pub struct KeptKey(Secret<32>);

/// Bytes that are not what this device kept at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not what was kept at this place")]
pub struct NotKept;

impl KeptKey {
    /// The key of the device that has this secret.
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// Seals a piece of a file, of at most [`PIECE_LEN`] bytes.
    pub fn seal(&self, file: u64, piece: u32, content: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        self.with_sealing(file, piece, |sealing| sealing.seal(content, rng))
    }

    /// Opens what [`seal`](Self::seal) gave for the same place of the same file.
    pub fn open(&self, file: u64, piece: u32, sealed: &[u8]) -> Result<SecretVec, NotKept> {
        if sealed.len() > SEALED_LEN {
            return Err(NotKept);
        }
        self.with_sealing(file, piece, |sealing| sealing.open(sealed)).map_err(|_| NotKept)
    }

    fn with_sealing<T>(&self, file: u64, piece: u32, act: impl FnOnce(&Sealing<'_>) -> T) -> T {
        act(&Sealing {
            label: labels::KEPT_FILE,
            secret: self.0.expose_secret(),
            context: &[&file.to_be_bytes(), &piece.to_be_bytes()],
            associated_data: &[],
        })
    }
}

impl std::fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptKey([redacted])")
    }
}

/// Content of a piece; the last one of a file may have less.
pub const PIECE_LEN: usize = crate::file::CHUNK_LEN;
/// A whole piece as it lies in storage.
pub const SEALED_LEN: usize = PIECE_LEN + OVERHEAD;

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn key_of(device: u8) -> KeptKey {
        KeptKey::from_secret(Secret::fill(|bytes| *bytes = [device; 32]))
    }

    #[test]
    fn a_piece_opens_at_its_place_and_for_its_device_only() {
        let sealed = key_of(1).seal(7, 3, b"holiday", &mut StdRng::seed_from_u64(1));
        assert_eq!(key_of(1).open(7, 3, &sealed).unwrap().expose_secret(), b"holiday");
        assert_eq!(key_of(1).open(7, 4, &sealed), Err(NotKept));
        assert_eq!(key_of(1).open(8, 3, &sealed), Err(NotKept));
        assert_eq!(key_of(2).open(7, 3, &sealed), Err(NotKept));
    }

    #[test]
    fn what_was_altered_or_cut_does_not_open_s22() {
        let sealed = key_of(1).seal(7, 0, b"holiday", &mut StdRng::seed_from_u64(1));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(key_of(1).open(7, 0, &altered), Err(NotKept), "{at}");
            assert_eq!(key_of(1).open(7, 0, &sealed[..at]), Err(NotKept), "{at}");
        }
    }

    #[test]
    fn a_piece_is_as_long_as_its_place() {
        let sealed = key_of(1).seal(7, 0, &vec![0; PIECE_LEN], &mut StdRng::seed_from_u64(1));
        assert_eq!(sealed.len(), SEALED_LEN);
        assert_eq!(
            key_of(1).open(7, 0, &[sealed.as_slice(), &[0]].concat()),
            Err(NotKept),
            "and nothing comes after it"
        );
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", key_of(1)), "KeptKey([redacted])");
    }
}
