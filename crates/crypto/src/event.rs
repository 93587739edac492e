//! Sealed events: what members say to each other, and what the server stores without being able to read it. Signals and read
//! markers are sealed in the same way.
//!
//! Sealing keeps no state: an event is sealed under a fresh key derived from the epoch's secret, and opens in any order, any
//! number of times, for as long as that secret exists. `docs/PROTOCOL.md` §8 gives the bytes.

use rand_core::CryptoRng;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

use crate::chain::ChainHead;
use crate::codec::{Reader, Truncated, concat};
use crate::identity::{DeviceKey, DevicePublicKey};
use crate::labels;
use crate::padding::{is_zero_from, padded_len_in_memory};
use crate::primitives::{SIGNATURE_LEN, Signature};
use crate::sealing::{OVERHEAD, Sealing, SealingError};
use crate::secret::{EpochSecret, SecretVec};

const VERSION: u8 = 1;
const PREFIX_LEN: usize = 1 + 16 + 16 + ChainHead::LEN + 4;

/// Smallest sealed form.
pub const MIN_SEALED_LEN: usize = padded_len_in_memory(0) + OVERHEAD;

/// What is sealed, and what tells it from others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An event of the log, by its id, which its sender drew at random. Sending it again changes nothing.
    Event(EventId),
    /// A signal, which is not stored.
    Signal,
    /// A read marker, by its version.
    Marker(u64),
}

impl Kind {
    /// Largest body: 64 KiB for an event (what is larger travels as a file), little for what is not one.
    pub const fn max_body_len(&self) -> usize {
        match self {
            Self::Event(_) => 64 * 1024,
            Self::Signal => 3584,
            Self::Marker(_) => 256,
        }
    }

    /// Largest sealed form.
    pub const fn max_sealed_len(&self) -> usize {
        padded_len_in_memory(PREFIX_LEN + self.max_body_len() + SIGNATURE_LEN) + OVERHEAD
    }

    fn encode(&self) -> [u8; 17] {
        match self {
            Self::Event(id) => concat(&[&[1], id.as_bytes()]),
            Self::Signal => concat(&[&[2], &[0; 16]]),
            Self::Marker(version) => concat(&[&[3], &[0; 8], &version.to_be_bytes()]),
        }
    }
}

/// Where something sealed belongs. It travels in the clear beside the sealed bytes, and they open only with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The conversation.
    pub conversation: ConversationId,
    /// The generation of the conversation's group.
    pub generation: u32,
    /// The epoch of that group whose secret seals.
    pub epoch: u64,
    /// What is sealed.
    pub kind: Kind,
}

impl Header {
    const LEN: usize = 45;

    fn encode(&self) -> [u8; Self::LEN] {
        let (generation, epoch) = (self.generation.to_be_bytes(), self.epoch.to_be_bytes());
        concat(&[self.conversation.as_bytes(), &generation, &epoch, &self.kind.encode()])
    }
}

/// Which device speaks, for which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
}

/// The event would not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The body is larger than its kind allows.
    #[error("the event's body is {actual} bytes long, at most {max} are allowed")]
    BodyTooLong {
        /// The length found.
        actual: usize,
        /// The largest length allowed.
        max: usize,
    },
}

/// Why an event did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No sealed event has this length.
    #[error("{0} bytes are no length of a sealed event")]
    Length(usize),
    /// Sealed under another epoch's secret, or for another conversation or epoch number.
    #[error("the event was sealed for another conversation or epoch")]
    WrongEpoch,
    /// The event's id or bytes were changed after sealing.
    #[error("the sealed event was altered")]
    Altered,
    /// A version that this code does not know. A newer one may open it.
    #[error("unknown event version {0}")]
    UnknownVersion(u8),
    /// A member sealed something that is no event.
    #[error("the event's layout is wrong")]
    Malformed,
    /// The padding is not the one and only correct padding.
    #[error("the event's padding is wrong")]
    BadPadding,
    /// No such device was a member in the event's epoch.
    #[error("the event's sender was no member")]
    UnknownSender(Sender),
    /// The named sender did not sign this.
    #[error("the event's signature is wrong")]
    BadSignature(Sender),
}

/// Seals `body` as `sender`, who has seen the log up to `seen`.
pub fn seal(
    secret: &EpochSecret,
    header: &Header,
    sender: Sender,
    key: &DeviceKey,
    seen: &ChainHead,
    body: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let max = header.kind.max_body_len();
    if body.len() > max {
        return Err(SealError::BodyTooLong { actual: body.len(), max });
    }
    let plaintext = encode(header, sender, key, seen, body);
    Ok(with_sealing(secret, header, |sealing| sealing.seal(plaintext.expose_secret(), rng)))
}

/// Opens a sealed event. `member_key` gives the key of a device that was a member in the event's epoch.
///
/// What comes back is authentic: that sender put this body under this id into this conversation and epoch, having seen the log
/// as stated. Whether the sender may say so, and whether the stated head agrees with one's own, is for the caller to judge.
pub fn open(
    secret: &EpochSecret,
    header: &Header,
    sealed: &[u8],
    member_key: impl FnOnce(Sender) -> Option<DevicePublicKey>,
) -> Result<OpenedEvent, OpenError> {
    if !(MIN_SEALED_LEN..=header.kind.max_sealed_len()).contains(&sealed.len()) {
        return Err(OpenError::Length(sealed.len()));
    }
    let plaintext = with_sealing(secret, header, |sealing| sealing.open(sealed)).map_err(|error| match error {
        SealingError::TooShort => OpenError::Length(sealed.len()),
        SealingError::WrongSecret => OpenError::WrongEpoch,
        SealingError::NotAuthentic => OpenError::Altered,
    })?;
    let event = OpenedEvent::parse(plaintext, header.kind.max_body_len())?;
    let key = member_key(event.sender).ok_or(OpenError::UnknownSender(event.sender))?;
    event.verify(header, &key)?;
    Ok(event)
}

/// An event that was opened, and whose signature was checked.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenedEvent {
    sender: Sender,
    seen: ChainHead,
    signature: Signature,
    plaintext: SecretVec,
    body_len: usize,
}

impl OpenedEvent {
    /// Who sent it.
    pub fn sender(&self) -> Sender {
        self.sender
    }

    /// The log as the sender had seen it.
    pub fn seen(&self) -> &ChainHead {
        &self.seen
    }

    /// What was said.
    pub fn expose_body(&self) -> &[u8] {
        &self.plaintext.expose_secret()[PREFIX_LEN..][..self.body_len]
    }

    fn parse(plaintext: SecretVec, max_body_len: usize) -> Result<Self, OpenError> {
        let bytes = plaintext.expose_secret();
        let fields = Fields::read(&mut Reader::new(bytes));
        if let Some(version) = bytes.first().copied().filter(|version| *version != VERSION) {
            return Err(OpenError::UnknownVersion(version));
        }
        let fields = fields.map_err(|Truncated| OpenError::Malformed)?;
        if fields.body_len > max_body_len {
            return Err(OpenError::Malformed);
        }
        let signed_len = PREFIX_LEN + fields.body_len + SIGNATURE_LEN;
        if bytes.len() != padded_len_in_memory(signed_len) || !is_zero_from(bytes, signed_len) {
            return Err(OpenError::BadPadding);
        }
        Ok(Self {
            sender: fields.sender,
            seen: fields.seen,
            signature: fields.signature,
            body_len: fields.body_len,
            plaintext,
        })
    }

    fn verify(&self, header: &Header, key: &DevicePublicKey) -> Result<(), OpenError> {
        let unsigned = &self.plaintext.expose_secret()[..PREFIX_LEN + self.body_len];
        let statement = statement(header, unsigned);
        key.verify(labels::SIGNED_EVENT, statement.expose_secret(), &self.signature)
            .map_err(|_| OpenError::BadSignature(self.sender))
    }
}

struct Fields {
    sender: Sender,
    seen: ChainHead,
    body_len: usize,
    signature: Signature,
}

impl Fields {
    fn read(bytes: &mut Reader<'_>) -> Result<Self, Truncated> {
        let _version = bytes.u8()?;
        let sender =
            Sender { account: AccountId::from_bytes(bytes.array()?), device: DeviceId::from_bytes(bytes.array()?) };
        let seen = ChainHead::from_parts(bytes.u64()?, bytes.array()?);
        let body_len = usize::try_from(bytes.u32()?).map_err(|_| Truncated)?;
        let _body = bytes.slice(body_len)?;
        Ok(Self { sender, seen, body_len, signature: Signature::from_bytes(bytes.array()?) })
    }
}

/// `version ‖ account ‖ device ‖ seq ‖ head ‖ body length ‖ body ‖ signature ‖ zeros`, in one allocation that never moves.
fn encode(header: &Header, sender: Sender, key: &DeviceKey, seen: &ChainHead, body: &[u8]) -> SecretVec {
    let body_len = u32::try_from(body.len()).expect("the body's length was checked");
    let signed_len = PREFIX_LEN + body.len() + SIGNATURE_LEN;
    let mut plaintext = Vec::with_capacity(padded_len_in_memory(signed_len));
    plaintext.push(VERSION);
    plaintext.extend_from_slice(sender.account.as_bytes());
    plaintext.extend_from_slice(sender.device.as_bytes());
    plaintext.extend_from_slice(&seen.seq().to_be_bytes());
    plaintext.extend_from_slice(seen.hash());
    plaintext.extend_from_slice(&body_len.to_be_bytes());
    plaintext.extend_from_slice(body);
    let signature = key.sign(labels::SIGNED_EVENT, statement(header, &plaintext).expose_secret());
    plaintext.extend_from_slice(&signature.to_bytes());
    plaintext.resize(padded_len_in_memory(signed_len), 0);
    SecretVec::new(plaintext)
}

/// What the sender signs: where the event belongs, and all of it up to the signature.
fn statement(header: &Header, unsigned: &[u8]) -> SecretVec {
    SecretVec::new([header.encode().as_slice(), unsigned].concat())
}

fn with_sealing<T>(secret: &EpochSecret, header: &Header, run: impl FnOnce(Sealing<'_>) -> T) -> T {
    run(Sealing {
        label: labels::EVENT,
        secret: secret.expose_secret(),
        context: &[header.conversation.as_bytes(), &header.generation.to_be_bytes(), &header.epoch.to_be_bytes()],
        associated_data: &concat::<{ Header::LEN + 1 }>(&[&[VERSION], &header.encode()]),
    })
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::secret::Secret;

    const HEADER: Header = Header {
        conversation: ConversationId::from_bytes([1; 16]),
        generation: 1,
        epoch: 2,
        kind: Kind::Event(EventId::from_bytes([3; 16])),
    };

    /// What a member who seals `change`d bytes gets to hear.
    fn opened(change: impl FnOnce(&mut Vec<u8>)) -> Result<OpenedEvent, OpenError> {
        let secret = EpochSecret::from_secret(Secret::fill(|secret| *secret = [4; 32]));
        let key = DeviceKey::from_seed(&Secret::fill(|seed| *seed = [5; 32]));
        let sender = Sender { account: AccountId::from_bytes([6; 16]), device: DeviceId::from_bytes([7; 16]) };
        let seen = ChainHead::start(HEADER.conversation);
        let mut plaintext = encode(&HEADER, sender, &key, &seen, b"hello").expose_secret().to_vec();
        change(&mut plaintext);
        let sealed = with_sealing(&secret, &HEADER, |s| s.seal(&plaintext, &mut StdRng::seed_from_u64(8)));
        open(&secret, &HEADER, &sealed, |_| Some(key.public()))
    }

    #[test]
    fn a_member_cannot_say_one_thing_in_two_encodings() {
        assert_eq!(opened(|_| ()).unwrap().expose_body(), b"hello");
        assert_eq!(opened(|bytes| bytes.extend([0; 16])), Err(OpenError::BadPadding), "longer, and all zeros");
        assert_eq!(
            opened(|bytes| *bytes.last_mut().unwrap() = 1),
            Err(OpenError::BadPadding),
            "as long, and not zeros"
        );
        assert_eq!(opened(|bytes| bytes[0] = 2), Err(OpenError::UnknownVersion(2)));
    }

    #[test]
    fn m7_a_body_is_as_long_as_its_kind_allows_also_when_a_member_seals_more() {
        let with_len = |len: u32| {
            opened(|bytes| {
                bytes[PREFIX_LEN - 4..PREFIX_LEN].copy_from_slice(&len.to_be_bytes());
                bytes.resize(HEADER.kind.max_sealed_len() - OVERHEAD, 0);
            })
        };
        assert_eq!(with_len(64 * 1024 + 1), Err(OpenError::Malformed));
        assert_eq!(with_len(u32::MAX), Err(OpenError::Malformed));
        assert!(matches!(with_len(64 * 1024), Err(OpenError::BadSignature(_))), "a length that is allowed");
    }
}
