//! What the vault keeps on the server: the sleeping device's state in each conversation, settings, and its key packages.
//!
//! Each is bound to its account, its place and its version, so that none can be presented as another or as newer than it is.

use rand_core::CryptoRng;
use sotto_proto::{AccountId, ConversationId, DeviceId, SlotId};

use crate::codec::{Reader, Truncated, concat};
use crate::labels;
use crate::padding::{is_zero_from, padded_len_in_memory};
use crate::sealing::{OVERHEAD, Sealing};
use crate::secret::{Secret, SecretVec};
use crate::vault::{Generation, VaultError, Version};

const FORMAT: u8 = 1;
const HEADER_LEN: usize = 13;
const LENGTH_LEN: usize = 4;

/// All device names are padded to this length, so that they fit the little room that they have on the wire.
const DEVICE_NAME_PADDED_LEN: usize = 128;

/// What is stored, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The vault device's state in a conversation.
    Checkpoint(ConversationId),
    /// A setting of the account.
    Setting(SlotId),
    /// The private half of the vault device's key package with this reference (RFC 9420 §5.2).
    KeyPackage([u8; 32]),
    /// A read marker in a conversation, for the account's own devices.
    Marker(ConversationId),
    /// The name that the account's owner gave to a device.
    DeviceName(DeviceId),
}

impl Item {
    const fn label(&self) -> &'static str {
        match self {
            Self::Checkpoint(_) => labels::VAULT_CHECKPOINT,
            Self::Setting(_) => labels::VAULT_SETTING,
            Self::KeyPackage(_) => labels::VAULT_KEY_PACKAGE,
            Self::Marker(_) => labels::VAULT_MARKER,
            Self::DeviceName(_) => labels::VAULT_DEVICE_NAME,
        }
    }

    fn place(&self) -> &[u8] {
        match self {
            Self::Checkpoint(conversation) | Self::Marker(conversation) => conversation.as_bytes(),
            Self::Setting(slot) => slot.as_bytes(),
            Self::KeyPackage(reference) => reference,
            Self::DeviceName(device) => device.as_bytes(),
        }
    }

    /// Most bytes that may be sealed in one piece.
    pub const fn max_len(&self) -> usize {
        match self {
            Self::Checkpoint(_) => 1_000_000,
            Self::Setting(_) => 60_000,
            Self::KeyPackage(_) => 7_000,
            Self::Marker(_) => 252,
            Self::DeviceName(_) => DEVICE_NAME_PADDED_LEN - LENGTH_LEN,
        }
    }

    /// Most bytes of the sealed form.
    pub const fn max_sealed_len(&self) -> usize {
        HEADER_LEN + OVERHEAD + self.padded_len(self.max_len())
    }

    const fn padded_len(&self, content_len: usize) -> usize {
        match self {
            Self::DeviceName(_) => DEVICE_NAME_PADDED_LEN,
            _ => padded_len_in_memory(LENGTH_LEN + content_len),
        }
    }
}

/// The key of the vault's store, of one generation.
#[derive(Debug, PartialEq, Eq)]
pub struct StoreKey {
    key: Secret<32>,
    generation: Generation,
}

impl StoreKey {
    /// A key that a device kept, or that another device of the account passed on.
    pub fn new(key: Secret<32>, generation: Generation) -> Self {
        Self { key, generation }
    }

    /// Which generation of keys this is.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The key's bytes, to be stored or passed on sealed.
    pub fn expose_secret(&self) -> &[u8; 32] {
        self.key.expose_secret()
    }

    /// Seals `content` as `version` of `item`.
    pub fn seal(
        &self,
        account: AccountId,
        item: &Item,
        version: Version,
        content: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, VaultError> {
        if content.len() > item.max_len() {
            return Err(VaultError::TooLong { actual: content.len(), max: item.max_len() });
        }
        let header = encode_header(self.generation, version);
        let plaintext = pad(content, item.padded_len(content.len()));
        let sealed = self.with_sealing(account, item, &header, |s| s.seal(plaintext.expose_secret(), rng));
        Ok([header.as_slice(), &sealed].concat())
    }

    /// Opens `item`. `seen` is the newest version of it that this client ever saw, or [`Version::NONE`]; the caller remembers
    /// the version that comes back.
    pub fn open(
        &self,
        account: AccountId,
        item: &Item,
        seen: Version,
        bytes: &[u8],
    ) -> Result<(SecretVec, Version), VaultError> {
        if bytes.len() > item.max_sealed_len() {
            return Err(VaultError::TooLong { actual: bytes.len(), max: item.max_sealed_len() });
        }
        let (header, sealed) = bytes.split_at_checked(HEADER_LEN).ok_or(VaultError::Length(bytes.len()))?;
        let (format, generation, offered) =
            decode_header(header).map_err(|Truncated| VaultError::Length(bytes.len()))?;
        if format != FORMAT {
            return Err(VaultError::UnknownFormat(format));
        }
        if generation != self.generation {
            return Err(VaultError::OtherGeneration(generation));
        }
        if offered < seen {
            return Err(VaultError::RolledBack { seen, offered });
        }
        let plaintext = self
            .with_sealing(account, item, header, |s| s.open(sealed))
            .map_err(|error| VaultError::from_sealing(error, bytes.len()))?;
        Ok((unpad(&plaintext, item)?, offered))
    }

    fn with_sealing<T>(&self, account: AccountId, item: &Item, header: &[u8], run: impl FnOnce(Sealing<'_>) -> T) -> T {
        run(Sealing {
            label: item.label(),
            secret: self.key.expose_secret(),
            context: &[account.as_bytes(), item.place(), header],
            associated_data: &[],
        })
    }
}

fn encode_header(generation: Generation, version: Version) -> [u8; HEADER_LEN] {
    concat(&[&[FORMAT], &generation.0.to_be_bytes(), &version.number().to_be_bytes()])
}

fn decode_header(bytes: &[u8]) -> Result<(u8, Generation, Version), Truncated> {
    let mut bytes = Reader::new(bytes);
    Ok((bytes.u8()?, Generation(bytes.u32()?), Version::from_number(bytes.u64()?)))
}

/// `length ‖ content ‖ zeros`, in one allocation that never moves.
fn pad(content: &[u8], padded_len: usize) -> SecretVec {
    let len = u32::try_from(content.len()).expect("the length was checked");
    let mut plaintext = Vec::with_capacity(padded_len);
    plaintext.extend_from_slice(&len.to_be_bytes());
    plaintext.extend_from_slice(content);
    plaintext.resize(padded_len, 0);
    SecretVec::new(plaintext)
}

fn unpad(plaintext: &SecretVec, item: &Item) -> Result<SecretVec, VaultError> {
    let bytes = plaintext.expose_secret();
    let mut reader = Reader::new(bytes);
    let len = reader.u32().ok().and_then(|len| usize::try_from(len).ok()).ok_or(VaultError::Malformed)?;
    let content = reader.slice(len).map_err(|Truncated| VaultError::Malformed)?;
    if bytes.len() != item.padded_len(len) || !is_zero_from(bytes, LENGTH_LEN + len) {
        return Err(VaultError::Malformed);
    }
    Ok(SecretVec::new(content.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_content_has_one_padded_form() {
        let item = Item::Setting(SlotId::from_bytes([1; 16]));
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = pad(b"dark", item.padded_len(4)).expose_secret().to_vec();
            change(&mut bytes);
            unpad(&SecretVec::new(bytes), &item).map(|content| content.expose_secret().to_vec())
        };
        assert_eq!(with(&|_| ()), Ok(b"dark".to_vec()));
        let malformed = Err(VaultError::Malformed);
        assert_eq!(with(&|bytes| bytes.extend([0; 16])), malformed, "longer, and all zeros");
        assert_eq!(with(&|bytes| *bytes.last_mut().unwrap() = 1), malformed, "as long, and not zeros");
        assert_eq!(with(&|bytes| bytes[0] = 0xFF), malformed, "a length beyond the end");
        assert_eq!(with(&|bytes| bytes.truncate(3)), malformed);
    }
}
