//! What is sealed: bytes that this crate bounds and cannot open.

use core::fmt;

use bytes::Bytes;

use crate::limits::{SEALED_EVENT_MAX, SEALED_EVENT_MIN, SEALED_MARKER_MAX, SEALED_SIGNAL_MAX};
use crate::{Invalid, Reason};

macro_rules! sealed {
    ($($(#[$doc:meta])* $name:ident($min:expr, $max:expr);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Bytes);

        impl $name {
            /// Parses a wire field, naming it in the error.
            pub fn parse(field: &'static str, bytes: Bytes) -> Result<Self, Invalid> {
                if ($min..=$max).contains(&bytes.len()) {
                    return Ok(Self(bytes));
                }
                Err(Invalid::new(field, Reason::Size { min: $min, max: $max, actual: bytes.len() }))
            }

            /// The bytes that go on the wire.
            pub fn as_bytes(&self) -> &Bytes {
                &self.0
            }

            /// The bytes, given away.
            pub fn into_bytes(self) -> Bytes {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({} bytes)", stringify!($name), self.0.len())
            }
        }
    )*};
}

sealed! {
    /// A sealed event, as it lies in the log.
    SealedEvent(SEALED_EVENT_MIN, SEALED_EVENT_MAX);
    /// A sealed read marker.
    SealedMarker(1, SEALED_MARKER_MAX);
    /// A sealed signal.
    SealedSignal(1, SEALED_SIGNAL_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_events_keep_their_bounds() {
        let parse = |size| SealedEvent::parse("sealed", Bytes::from(vec![0; size]));
        assert!(parse(SEALED_EVENT_MIN).is_ok());
        assert!(parse(SEALED_EVENT_MAX).is_ok());
        let refused = Reason::Size { min: SEALED_EVENT_MIN, max: SEALED_EVENT_MAX, actual: SEALED_EVENT_MIN - 1 };
        assert_eq!(parse(SEALED_EVENT_MIN - 1), Err(Invalid::new("sealed", refused)));
        assert!(parse(SEALED_EVENT_MAX + 1).is_err());
    }

    #[test]
    fn debug_tells_the_size_only() {
        let marker = SealedMarker::parse("sealed", Bytes::from_static(b"xyz")).unwrap();
        assert_eq!(format!("{marker:?}"), "SealedMarker(3 bytes)");
    }
}
