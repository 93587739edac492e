//! Safety numbers: how two people check that nobody stands between them.
//!
//! Both see the same 60 digits, or 18 words to read aloud, exactly when each holds the other's true identity key; or one scans
//! the other's QR code. `docs/PROTOCOL.md` §10 gives the bytes, and why one hash is enough.

use subtle::ConstantTimeEq;

use data_encoding::BASE32_NOPAD;
use sotto_proto::AccountId;

use crate::codec::{Reader, Truncated, concat};
use crate::identity::IdentityPublicKey;
use crate::labels;
use crate::primitives::sha512;
use crate::wordlist::to_words;

/// Digits of a safety number.
pub const DIGIT_COUNT: usize = 60;
/// Words of a safety number that is read aloud.
pub const WORD_COUNT: usize = 18;

/// A group is five digits, made from five bytes.
const GROUP_COUNT: usize = 12;
const BYTES_PER_GROUP: usize = 5;
const QR_PREFIX: &str = "SOTTO-VERIFY:1:";
const PARTY_LEN: usize = 48;

/// An account and the identity key that one holds for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The account.
    pub account: AccountId,
    /// Its identity key.
    pub identity: IdentityPublicKey,
}

impl Party {
    fn encode(&self) -> [u8; PARTY_LEN] {
        concat(&[self.account.as_bytes(), self.identity.as_bytes()])
    }

    fn same_as(&self, other: &Self) -> bool {
        self.encode().ct_eq(&other.encode()).into()
    }
}

/// What two people compare. It is the same for both, whoever computes it.
#[derive(Clone)]
pub struct SafetyNumber([u8; 64]);

impl SafetyNumber {
    /// Of two parties, in either order.
    pub fn between(one: &Party, other: &Party) -> Self {
        let (one, other) = (one.encode(), other.encode());
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self(sha512(&[labels::SAFETY_NUMBER.as_bytes(), &first, &second]))
    }

    /// The 60 digits, to be shown as twelve groups of five.
    pub fn digits(&self) -> String {
        self.groups().fold(String::with_capacity(DIGIT_COUNT), |digits, group| digits + &format!("{group:05}"))
    }

    /// The 18 words, to be read aloud. They are as strong as the digits.
    pub fn words(&self) -> [&'static str; WORD_COUNT] {
        to_words(&self.0)
    }

    /// Compares with digits that a person typed or pasted; anything between them does not matter.
    pub fn matches_digits(&self, typed: &str) -> bool {
        let typed: Vec<u8> = typed.bytes().filter(u8::is_ascii_digit).take(DIGIT_COUNT + 1).collect();
        self.digits().as_bytes().ct_eq(typed.as_slice()).into()
    }

    fn groups(&self) -> impl Iterator<Item = u64> {
        let groups = self.0.chunks_exact(BYTES_PER_GROUP).take(GROUP_COUNT);
        groups.map(|group| group.iter().fold(0, |number, byte| 256 * number + u64::from(*byte)) % 100_000)
    }
}

impl PartialEq for SafetyNumber {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SafetyNumber {}

impl std::fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SafetyNumber({})", self.digits())
    }
}

/// Why a scanned code says nothing about the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// A QR code of another kind, or of a version that this code does not know.
    #[error("not a code to verify a contact by")]
    OtherKind,
    /// Begins like one, but is damaged.
    #[error("the code is damaged")]
    Malformed,
}

/// What scanning a contact's code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each side holds the other's true identity key.
    Verified,
    /// The code belongs to another pair of accounts: the wrong person's screen, or the wrong chat.
    OtherPeople,
    /// The contact's identity key is not the one that we hold for it.
    TheirKeyDiffers,
    /// The contact holds an identity key for us that is not ours.
    OurKeyDiffers,
}

/// The text of the QR code that `me` shows to `contact`: upper-case letters, digits, `:` and `-` only, which QR codes pack well.
pub fn qr_text(me: &Party, contact: &Party) -> String {
    format!("{QR_PREFIX}{}", BASE32_NOPAD.encode(&[me.encode(), contact.encode()].concat()))
}

/// Judges the text of a code that `me` scanned from the screen of `contact`.
pub fn judge_qr_text(text: &str, me: &Party, contact: &Party) -> Result<Verdict, ScanError> {
    let payload = text.strip_prefix(QR_PREFIX).ok_or(ScanError::OtherKind)?;
    if payload.len() != BASE32_NOPAD.encode_len(2 * PARTY_LEN) {
        return Err(ScanError::Malformed);
    }
    let bytes = BASE32_NOPAD.decode(payload.as_bytes()).map_err(|_| ScanError::Malformed)?;
    let (shown_by, shown_to) = decode_parties(&bytes).ok_or(ScanError::Malformed)?;
    Ok(match () {
        () if shown_by.account != contact.account || shown_to.account != me.account => Verdict::OtherPeople,
        () if !shown_by.same_as(contact) => Verdict::TheirKeyDiffers,
        () if !shown_to.same_as(me) => Verdict::OurKeyDiffers,
        () => Verdict::Verified,
    })
}

fn decode_parties(bytes: &[u8]) -> Option<(Party, Party)> {
    let mut bytes = Reader::new(bytes);
    Some((decode_party(&mut bytes)?, decode_party(&mut bytes)?))
}

fn decode_party(bytes: &mut Reader<'_>) -> Option<Party> {
    let fields: Result<([u8; 16], [u8; 32]), Truncated> = bytes.array().and_then(|id| Ok((id, bytes.array()?)));
    let (account, identity) = fields.ok()?;
    let identity = IdentityPublicKey::from_bytes(&identity).ok()?;
    Some(Party { account: AccountId::from_bytes(account), identity })
}
