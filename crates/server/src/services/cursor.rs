//! Cursors: places in everything that concerns an account, which only this server can make and read.

use sotto_crypto::labels;
use sotto_crypto::primitives::hmac_sha256;
use sotto_crypto::secret::Secret;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, Cursor};
use subtle::ConstantTimeEq as _;

use super::Failure;
use crate::clock::Timestamp;

/// Where an account's device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything up to a change number is told.
    Changes {
        /// The number.
        after: u64,
        /// When that was found: what was taken well before is told. Only saves repetition, since clocks jump.
        at: Timestamp,
    },
    /// On the way through all conversations, the most recently changed first.
    Overview {
        /// The change number at the beginning: where to go on in the end.
        base: u64,
        /// When that was.
        at: Timestamp,
        /// Change number of the last conversation that was told.
        before: u64,
    },
}

/// Makes and reads cursors.
pub(super) struct Cursors(Secret<32>);

impl Cursors {
    pub(super) fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    pub(super) fn seal(&self, account: AccountId, place: Place) -> bytes::Bytes {
        let (kind, number, at, before) = match place {
            Place::Changes { after, at } => (CHANGES, after, at, 0),
            Place::Overview { base, at, before } => (OVERVIEW, base, at, before),
        };
        let mut bytes = vec![kind];
        bytes.extend(number.to_be_bytes());
        bytes.extend(at.unix_millis().to_be_bytes());
        bytes.extend(before.to_be_bytes());
        bytes.extend(self.tag(account, &bytes));
        bytes.into()
    }

    /// Anything else than a cursor of this account gets the answer that a cursor from before a restored backup gets.
    pub(super) fn open(&self, account: AccountId, cursor: &Cursor) -> Result<Place, Failure> {
        self.read(account, cursor.as_bytes()).ok_or_else(|| ErrorCode::CursorExpired.into())
    }

    fn read(&self, account: AccountId, bytes: &[u8]) -> Option<Place> {
        let (fields, tag) = bytes.split_at_checked(FIELDS)?;
        if !bool::from(self.tag(account, fields)[..].ct_eq(tag)) {
            return None;
        }
        let (kind, numbers) = fields.split_first()?;
        let number = |index: usize| numbers[index * 8..].first_chunk().copied().map(u64::from_be_bytes);
        let (first, at, before) = (number(0)?, Timestamp::from_unix_millis(number(1)?), number(2)?);
        match *kind {
            CHANGES => Some(Place::Changes { after: first, at }),
            OVERVIEW => Some(Place::Overview { base: first, at, before }),
            _ => None,
        }
    }

    fn tag(&self, account: AccountId, fields: &[u8]) -> [u8; TAG] {
        let parts = [labels::SERVER_CURSOR_TAG.as_bytes(), account.as_bytes(), fields];
        let whole = hmac_sha256(self.0.expose_secret(), &parts);
        std::array::from_fn(|index| whole.expose_secret()[index])
    }
}

const CHANGES: u8 = 1;
const OVERVIEW: u8 = 2;
const FIELDS: usize = 1 + 3 * 8;
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_account_and_unaltered_only_a14() {
        let cursors = Cursors::new(Secret::fill(|key| *key = [7; 32]));
        let (ann, ben) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let at = Timestamp::from_unix_millis(1_800_000_000_000);
        for place in [Place::Changes { after: 9, at }, Place::Overview { base: 9, at, before: 4 }] {
            let sealed = cursors.seal(ann, place);
            let parse = |bytes: &[u8]| Cursor::parse("cursor", bytes.to_vec().into()).unwrap();
            assert_eq!(cursors.open(ann, &parse(&sealed)), Ok(place));
            let expired = Err(ErrorCode::CursorExpired.into());
            assert_eq!(cursors.open(ben, &parse(&sealed)), expired);
            for index in 0..sealed.len() {
                let mut altered = sealed.to_vec();
                altered[index] ^= 1;
                assert_eq!(cursors.open(ann, &parse(&altered)), expired);
                assert_eq!(cursors.open(ann, &parse(&sealed[..=index])).is_ok(), index + 1 == sealed.len());
            }
        }
    }
}
