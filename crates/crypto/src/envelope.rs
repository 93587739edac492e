//! A secret of 32 bytes sealed for its owner alone: the vault's root, or the identity key of an account without a vault.
//!
//! Account and version are bound into the seal, and the method, which says what was sealed and for which way to unlock.

use rand_core::CryptoRng;
use sotto_proto::AccountId;

use crate::codec::{Reader, Truncated, concat};
use crate::sealing::{OVERHEAD, Sealing};
use crate::secret::Secret;
use crate::vault::{VaultError, Version};

const FORMAT: u8 = 1;
const HEADER_LEN: usize = 10;
const SECRET_LEN: usize = 32;

/// Length of every sealed form.
pub(crate) const LEN: usize = HEADER_LEN + OVERHEAD + SECRET_LEN;

/// What opens an envelope, and the label that belongs to it.
#[derive(Clone, Copy)]
pub(crate) struct Lock<'a> {
    pub(crate) method: u8,
    pub(crate) label: &'static str,
    pub(crate) secret: &'a [u8],
}

impl Lock<'_> {
    pub(crate) fn seal(
        self,
        content: &[u8; SECRET_LEN],
        account: AccountId,
        version: Version,
        rng: &mut impl CryptoRng,
    ) -> [u8; LEN] {
        let header: [u8; HEADER_LEN] = concat(&[&[FORMAT, self.method], &version.number().to_be_bytes()]);
        let sealed = self.with_sealing(account, version, &header, |sealing| sealing.seal(content, rng));
        concat(&[&header, &sealed])
    }

    pub(crate) fn open(
        self,
        envelope: &[u8; LEN],
        account: AccountId,
        seen: Version,
    ) -> Result<(Secret<SECRET_LEN>, Version), VaultError> {
        let (header, sealed) = envelope.split_at(HEADER_LEN);
        let (method, offered) = decode_header(header).map_err(|Truncated| VaultError::Length(header.len()))?;
        if method != self.method {
            return Err(VaultError::OtherMethod(method));
        }
        if offered < seen {
            return Err(VaultError::RolledBack { seen, offered });
        }
        let content = self
            .with_sealing(account, offered, header, |sealing| sealing.open(sealed))
            .map_err(|error| VaultError::from_sealing(error, LEN))?;
        let content = Secret::copy_from(content.expose_secret()).ok_or(VaultError::Malformed)?;
        Ok((content, offered))
    }

    fn with_sealing<T>(
        self,
        account: AccountId,
        version: Version,
        header: &[u8],
        run: impl FnOnce(Sealing<'_>) -> T,
    ) -> T {
        run(Sealing {
            label: self.label,
            secret: self.secret,
            context: &[account.as_bytes(), &version.number().to_be_bytes()],
            associated_data: header,
        })
    }
}

/// Checks length and format.
pub(crate) fn decode(bytes: &[u8]) -> Result<[u8; LEN], VaultError> {
    let envelope: [u8; LEN] = bytes.try_into().map_err(|_| VaultError::Length(bytes.len()))?;
    if envelope[0] == FORMAT { Ok(envelope) } else { Err(VaultError::UnknownFormat(envelope[0])) }
}

fn decode_header(bytes: &[u8]) -> Result<(u8, Version), Truncated> {
    let mut bytes = Reader::new(bytes);
    let _format = bytes.u8()?;
    Ok((bytes.u8()?, Version::from_number(bytes.u64()?)))
}
