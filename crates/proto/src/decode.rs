//! Decoding bytes of strangers: size, depth and number of fields are checked before anything is allocated.
//!
//! A few bytes can ask for much memory: an empty message in a repeated field takes two bytes on the wire and some hundreds in
//! memory. Therefore the encoded bytes are walked first, by a table of which fields hold messages, and decoded only if they
//! keep the limits. The walk allocates nothing and its depth is bounded; below it, prost has its own bound of 100 levels.

use bytes::Bytes;

use crate::limits::{DEPTH_MAX, FIELDS_MAX, NUMBER_MAX};
use crate::wire;

/// A message of the contract.
pub trait Wire: prost::Message + Default {
    /// Its place in the table of schemas.
    #[doc(hidden)]
    const SCHEMA: usize;
}

/// Decodes a message of at most `max` bytes.
pub fn decode<M: Wire>(bytes: Bytes, max: usize) -> Result<M, DecodeError> {
    if bytes.len() > max {
        return Err(DecodeError::TooLarge { max, actual: bytes.len() });
    }
    check::<M>(&bytes)?;
    Ok(M::decode(bytes)?)
}

/// Why bytes were not decoded. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than the place allows.
    #[error("message has {actual} bytes, allowed are {max}")]
    TooLarge {
        /// Most bytes allowed.
        max: usize,
        /// Bytes found.
        actual: usize,
    },
    /// Messages within messages beyond [`DEPTH_MAX`].
    #[error("message is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// Fields beyond [`FIELDS_MAX`], over all levels.
    #[error("message has more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// The bytes end within a field, or a tag or length is not a valid one.
    #[error("message is not well-formed")]
    Malformed,
    /// A field's bytes do not fit its type.
    #[error("message does not fit its type")]
    Mistyped(#[from] prost::DecodeError),
}

/// Walks the bytes of a message without decoding it.
pub(crate) fn check<M: Wire>(bytes: &[u8]) -> Result<(), DecodeError> {
    Walk { fields_left: FIELDS_MAX }.message(bytes, M::SCHEMA, DEPTH_MAX)
}

/// The fields of a message that hold messages: number, and the place of their schema.
pub(crate) struct Schema(&'static [(u64, usize)]);

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

struct Walk {
    fields_left: usize,
}

impl Walk {
    fn message(&mut self, bytes: &[u8], schema: usize, depth_left: usize) -> Result<(), DecodeError> {
        let depth_left = depth_left.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let mut reader = Reader(bytes);
        while !reader.0.is_empty() {
            self.fields_left = self.fields_left.checked_sub(1).ok_or(DecodeError::TooManyFields)?;
            let tag = reader.varint()?;
            let value = reader.value(tag & 7)?;
            if let (Some(bytes), Some(child)) = (value, child(schema, tag >> 3)) {
                self.message(bytes, child, depth_left)?;
            }
        }
        Ok(())
    }
}

fn child(schema: usize, number: u64) -> Option<usize> {
    SCHEMAS[schema].0.iter().find(|(field, _)| *field == number).map(|(_, child)| *child)
}

/// Reads the wire format of Protocol Buffers without groups, which proto3 does not have.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(DecodeError::Malformed)
    }

    /// Skips a value; one that has a length is returned.
    fn value(&mut self, wire_type: u64) -> Result<Option<&'a [u8]>, DecodeError> {
        match wire_type {
            0 => self.varint().map(|_| None),
            1 => self.take(8).map(|_| None),
            2 => {
                let length = self.varint()?;
                self.take(length).map(Some)
            }
            5 => self.take(4).map(|_| None),
            _ => Err(DecodeError::Malformed),
        }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length.min(NUMBER_MAX)).map_err(|_| DecodeError::Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    /// Three levels: the reply, a change, its head.
    fn sync() -> Vec<u8> {
        let head = wire::ConversationHead { first_seq: 1, ..wire::ConversationHead::default() };
        let change = wire::ConversationChange { head: Some(head), ..wire::ConversationChange::default() };
        wire::SyncResponse { conversations: vec![change], ..wire::SyncResponse::default() }.encode_to_vec()
    }

    fn walk(levels: usize) -> Result<(), DecodeError> {
        Walk { fields_left: FIELDS_MAX }.message(&sync(), wire::SyncResponse::SCHEMA, levels)
    }

    #[test]
    fn depth_is_counted_in_messages() {
        assert_eq!(walk(2), Err(DecodeError::TooDeep));
        assert_eq!(walk(3), Ok(()));
    }

    #[test]
    fn no_message_of_the_contract_needs_more_depth_than_there_is() {
        fn depth(schema: usize, levels: usize) -> usize {
            assert!(levels <= DEPTH_MAX, "a message holds itself, or the contract became too deep");
            let children = SCHEMAS[schema].0.iter().map(|(_, child)| depth(*child, levels + 1));
            1 + children.max().unwrap_or(0)
        }
        let deepest = (0..SCHEMAS.len()).map(|schema| depth(schema, 1)).max();
        assert_eq!(deepest, Some(depth(wire::Event::SCHEMA, 1)), "the deepest are events");
    }

    #[test]
    fn fields_are_counted_over_all_levels() {
        let fields = |fields_left| Walk { fields_left }.message(&sync(), wire::SyncResponse::SCHEMA, DEPTH_MAX);
        assert_eq!(fields(2), Err(DecodeError::TooManyFields));
        assert_eq!(fields(3), Ok(()));
    }
}
