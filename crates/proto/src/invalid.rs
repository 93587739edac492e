//! Why a value from the wire was refused.

/// A field whose value breaks a rule of the contract. The sender is at fault, and sending it again will not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Invalid {
    /// Path of the field in the message, such as `header.event_id`.
    pub field: &'static str,
    /// The rule that it breaks.
    pub reason: Reason,
}

impl Invalid {
    /// Names the field that broke a rule.
    pub const fn new(field: &'static str, reason: Reason) -> Self {
        Self { field, reason }
    }
}

/// A rule of the contract, and how a value breaks it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A message or value that must be there is absent.
    #[error("is missing")]
    Missing,
    /// A byte string whose length is fixed has another one.
    #[error("has {actual} bytes instead of {expected}")]
    Length {
        /// The only length allowed.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// Text or bytes outside of their bounds, in bytes.
    #[error("has {actual} bytes, allowed are {min} to {max}")]
    Size {
        /// Fewest bytes allowed.
        min: usize,
        /// Most bytes allowed.
        max: usize,
        /// Bytes found.
        actual: usize,
    },
    /// A number outside of its bounds.
    #[error("is {actual}, allowed is {min} to {max}")]
    Range {
        /// Smallest number allowed.
        min: u64,
        /// Largest number allowed.
        max: u64,
        /// Number found.
        actual: u64,
    },
    /// Too few or too many elements in a list.
    #[error("has {actual} elements, allowed are {min} to {max}")]
    Count {
        /// Fewest elements allowed.
        min: usize,
        /// Most elements allowed.
        max: usize,
        /// Elements found.
        actual: usize,
    },
    /// An enum value that this version does not know, or the zero value.
    #[error("is the unknown value {0}")]
    UnknownValue(i32),
    /// A character that the rule for this text does not allow.
    #[error("contains the forbidden character {0:?}")]
    Character(char),
    /// The parts are allowed, their arrangement is not.
    #[error("is malformed: {0}")]
    Malformed(&'static str),
}
