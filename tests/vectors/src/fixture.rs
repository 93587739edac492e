//! Reading vectors, and replaying the randomness that they were made with.

use std::convert::Infallible;
use std::error::Error;

use data_encoding::HEXLOWER;
use rand_core::{TryCryptoRng, TryRng};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use sotto_crypto::secret::Secret;

pub(crate) type Checked = Result<usize, Box<dyn Error>>;

/// Fails the check with a message when a condition does not hold.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+).into());
        }
    };
}
pub(crate) use ensure;

/// The vectors of a file; the rest of it is for people.
pub(crate) fn vectors<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    #[derive(Deserialize)]
    struct File<T> {
        vectors: T,
    }
    serde_json::from_str::<File<T>>(json).map(|file| file.vectors)
}

/// Bytes that a file holds in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

impl std::ops::Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Hex {
    pub(crate) fn array<const N: usize>(&self) -> Result<[u8; N], Box<dyn Error>> {
        self.0.as_slice().try_into().map_err(|_| format!("{} bytes instead of {N}", self.0.len()).into())
    }

    pub(crate) fn secret<const N: usize>(&self) -> Result<Secret<N>, Box<dyn Error>> {
        self.array().map(|bytes| Secret::fill(|own| *own = bytes))
    }
}

/// Gives out recorded bytes as if they were random, and zeros when they are used up.
pub(crate) struct Replay(pub(crate) Vec<u8>);

impl Replay {
    pub(crate) fn of(parts: &[&Hex]) -> Self {
        Self(parts.iter().flat_map(|part| part.0.iter().copied()).collect())
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        let taken = bytes.len().min(self.0.len());
        bytes.fill(0);
        bytes[..taken].copy_from_slice(&self.0[..taken]);
        self.0.drain(..taken);
    }
}

impl TryRng for Replay {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Replay {}
