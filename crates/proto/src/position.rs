//! Places in a conversation: entry numbers, epochs, generations, and the cursor over everything.

use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};

use bytes::Bytes;

use crate::limits::{CURSOR_MAX, NUMBER_MAX};
use crate::{Invalid, Reason};

/// Number of an entry in its conversation's log: 1, 2, 3 … without holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(NonZeroU64);

impl Seq {
    /// The first entry of every log.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// Checks the bounds.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= NUMBER_MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// Parses a wire field, naming it in the error.
    pub fn parse(field: &'static str, number: u64) -> Result<Self, Invalid> {
        Self::new(number).ok_or_else(|| out_of_range(field, 1, NUMBER_MAX, number))
    }

    /// Parses a wire field in which 0 means that there is none.
    pub fn parse_optional(field: &'static str, number: u64) -> Result<Option<Self>, Invalid> {
        if number == 0 { Ok(None) } else { Self::parse(field, number).map(Some) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number of the next entry; none after the last number there is.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.get() + 1)
    }
}

/// An MLS epoch within a generation: 0, 1, 2 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch in which every generation begins.
    pub const FIRST: Self = Self(0);

    /// Checks the bounds.
    pub const fn new(number: u64) -> Option<Self> {
        if number <= NUMBER_MAX { Some(Self(number)) } else { None }
    }

    /// Parses a wire field, naming it in the error.
    pub fn parse(field: &'static str, number: u64) -> Result<Self, Invalid> {
        Self::new(number).ok_or_else(|| out_of_range(field, 0, NUMBER_MAX, number))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The epoch that a commit of this one begins; none after the last number there is.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

/// A generation of a conversation's group: 1, 2, 3 …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU32);

impl Generation {
    /// The generation in which every conversation begins.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// Checks the bounds.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Parses a wire field, naming it in the error.
    pub fn parse(field: &'static str, number: u32) -> Result<Self, Invalid> {
        Self::new(number).ok_or_else(|| out_of_range(field, 1, u32::MAX.into(), number.into()))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The generation after this one; none after the last number there is.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// Where a conversation's group stands. Ordered by generation, then by epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupPosition {
    /// The generation.
    pub generation: Generation,
    /// The epoch in it.
    pub epoch: Epoch,
}

/// Version of something that is replaced by compare-and-set: 1, 2, 3 …; only goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// The version that something begins with.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// Checks the bounds.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= NUMBER_MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// Parses a wire field, naming it in the error.
    pub fn parse(field: &'static str, number: u64) -> Result<Self, Invalid> {
        Self::new(number).ok_or_else(|| out_of_range(field, 1, NUMBER_MAX, number))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// Whether this version may replace the stored one: it is the next one, or the first where nothing is stored.
    pub fn follows(self, stored: Option<Self>) -> bool {
        self.get() == stored.map_or(0, Self::get) + 1
    }
}

/// A place in everything that concerns an account. Only the server that made it can read it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Bytes);

impl Cursor {
    /// Parses a wire field, naming it in the error.
    pub fn parse(field: &'static str, bytes: Bytes) -> Result<Self, Invalid> {
        if (1..=CURSOR_MAX).contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        Err(Invalid::new(field, Reason::Size { min: 1, max: CURSOR_MAX, actual: bytes.len() }))
    }

    /// Parses a wire field in which emptiness means that there is none.
    pub fn parse_optional(field: &'static str, bytes: Bytes) -> Result<Option<Self>, Invalid> {
        if bytes.is_empty() { Ok(None) } else { Self::parse(field, bytes).map(Some) }
    }

    /// The bytes that go on the wire.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({:x})", self.0)
    }
}

fn out_of_range(field: &'static str, min: u64, max: u64, actual: u64) -> Invalid {
    Invalid::new(field, Reason::Range { min, max, actual })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_keep_their_bounds() {
        assert_eq!(Seq::new(0), None);
        assert_eq!(Seq::new(1), Some(Seq::FIRST));
        assert_eq!(Seq::new(NUMBER_MAX).and_then(Seq::next), None);
        assert_eq!(Seq::new(NUMBER_MAX + 1), None);
        assert_eq!(Epoch::new(0), Some(Epoch::FIRST));
        assert_eq!(Epoch::new(NUMBER_MAX).and_then(Epoch::next), None);
        assert_eq!(Generation::new(0), None);
        assert_eq!(Generation::new(u32::MAX).and_then(Generation::next), None);
        assert_eq!(Version::new(u64::MAX), None);
    }

    #[test]
    fn the_error_states_the_bounds() {
        let refused = Generation::parse("generation", 0).unwrap_err();
        assert_eq!(refused.to_string(), "generation is 0, allowed is 1 to 4294967295");
    }

    #[test]
    fn none_is_zero_and_nothing_else() {
        assert_eq!(Seq::parse_optional("last_seq", 0), Ok(None));
        assert_eq!(Seq::parse_optional("last_seq", 7), Ok(Seq::new(7)));
        assert!(Seq::parse_optional("last_seq", u64::MAX).is_err());
    }

    #[test]
    fn only_the_next_version_follows() {
        let version = |number| Version::new(number).unwrap();
        assert!(Version::FIRST.follows(None));
        assert!(!version(2).follows(None));
        assert!(version(8).follows(Some(version(7))));
        assert!(!version(7).follows(Some(version(7))));
        assert!(!version(9).follows(Some(version(7))));
    }

    #[test]
    fn a_later_generation_is_later_than_any_epoch() {
        let position = |generation, epoch| GroupPosition {
            generation: Generation::new(generation).unwrap(),
            epoch: Epoch::new(epoch).unwrap(),
        };
        assert!(position(2, 0) > position(1, NUMBER_MAX));
        assert!(position(2, 1) > position(2, 0));
    }

    #[test]
    fn cursors_are_short_and_not_empty() {
        assert!(Cursor::parse("cursor", Bytes::new()).is_err());
        assert_eq!(Cursor::parse_optional("cursor", Bytes::new()), Ok(None));
        assert!(Cursor::parse("cursor", Bytes::from(vec![1; CURSOR_MAX])).is_ok());
        assert!(Cursor::parse("cursor", Bytes::from(vec![1; CURSOR_MAX + 1])).is_err());
    }

    proptest! {
        #[test]
        fn the_next_number_is_one_more(number in 1..NUMBER_MAX) {
            let next = Seq::new(number).and_then(Seq::next).map(Seq::get);
            prop_assert_eq!(next, Some(number + 1));
        }
    }
}
