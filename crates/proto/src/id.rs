//! Identifiers: sixteen bytes, a type for each kind, so that one cannot be passed for another.

use core::fmt;
use core::str::FromStr;

use crate::{Invalid, Reason};

/// Bytes in every identifier.
pub const ID_LEN: usize = 16;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($field:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; ID_LEN]);

        impl $name {
            /// Takes the bytes as they are: every value is an identifier.
            pub const fn from_bytes(bytes: [u8; ID_LEN]) -> Self {
                Self(bytes)
            }

            /// The bytes that go on the wire and into signatures.
            pub const fn as_bytes(&self) -> &[u8; ID_LEN] {
                &self.0
            }

            /// The bytes as a wire field.
            pub fn to_wire(self) -> bytes::Bytes {
                bytes::Bytes::copy_from_slice(&self.0)
            }

            /// Parses a wire field, naming it in the error.
            pub fn parse(field: &'static str, bytes: &[u8]) -> Result<Self, Invalid> {
                parse(field, bytes).map(Self)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = Invalid;

            fn try_from(bytes: &[u8]) -> Result<Self, Invalid> {
                Self::parse($field, bytes)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            /// Reads the 32 hexadecimal digits that `Display` writes.
            fn from_str(text: &str) -> Result<Self, Invalid> {
                parse_hex($field, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )*};
}

ids! {
    /// An account. Drawn at random by the client that registers it; never used again, also after deletion.
    AccountId("account_id");
    /// A device of an account, the sleeping vault device included.
    DeviceId("device_id");
    /// A conversation, across all generations of its group.
    ConversationId("conversation_id");
    /// An event. Drawn at random by its sender; makes an append idempotent.
    EventId("event_id");
    /// An encrypted file.
    FileId("file_id");
    /// A session of a device: one family of refresh tokens.
    SessionId("session_id");
    /// A Welcome that waits for a device.
    WelcomeId("welcome_id");
    /// A call that may be sent again: the same id asks for the same effect and the same reply.
    RequestId("request_id");
    /// A place for one sealed setting; derived from the setting's name under the account's keys, so that it says nothing.
    SlotId("slot_id");
    /// A report to the operator.
    ReportId("report_id");
}

fn parse(field: &'static str, bytes: &[u8]) -> Result<[u8; ID_LEN], Invalid> {
    bytes.try_into().map_err(|_| Invalid::new(field, Reason::Length { expected: ID_LEN, actual: bytes.len() }))
}

fn parse_hex(field: &'static str, text: &str) -> Result<[u8; ID_LEN], Invalid> {
    if text.len() != 2 * ID_LEN {
        return Err(Invalid::new(field, Reason::Length { expected: 2 * ID_LEN, actual: text.len() }));
    }
    let mut bytes = [0; ID_LEN];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = hex_digit(field, pair[0])? << 4 | hex_digit(field, pair[1])?;
    }
    Ok(bytes)
}

fn hex_digit(field: &'static str, digit: u8) -> Result<u8, Invalid> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(Invalid::new(field, Reason::Malformed("not hexadecimal"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_sixteen_bytes_are_an_id() {
        for len in (0..64).filter(|len| *len != ID_LEN) {
            let refused = AccountId::try_from(vec![7; len].as_slice());
            assert_eq!(refused, Err(Invalid::new("account_id", Reason::Length { expected: ID_LEN, actual: len })));
        }
    }

    #[test]
    fn the_error_names_the_field() {
        let refused = FileId::parse("photo.file_id", b"short").unwrap_err();
        assert_eq!(refused.to_string(), "photo.file_id has 5 bytes instead of 16");
    }

    #[test]
    fn debug_names_the_kind() {
        let id = EventId::from_bytes([0xab; ID_LEN]);
        assert_eq!(format!("{id:?}"), "EventId(abababababababababababababababab)");
    }

    proptest! {
        #[test]
        fn text_and_bytes_round_trip(bytes: [u8; ID_LEN]) {
            let id = ConversationId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<ConversationId>(), Ok(id));
            prop_assert_eq!(ConversationId::try_from(&id.to_wire()[..]), Ok(id));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,40}") {
            if let Ok(id) = text.parse::<DeviceId>() {
                prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}
