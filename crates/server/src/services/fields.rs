//! What the types of the contract leave to check in a request.

use std::ops::RangeInclusive;

use sotto_crypto::time::Time;
use sotto_proto::{Invalid, Reason};

use crate::clock::Timestamp;

/// Bounds a byte string.
pub(super) fn check_size(field: &'static str, bytes: &[u8], allowed: RangeInclusive<usize>) -> Result<(), Invalid> {
    if allowed.contains(&bytes.len()) {
        return Ok(());
    }
    let reason = Reason::Size { min: *allowed.start(), max: *allowed.end(), actual: bytes.len() };
    Err(Invalid::new(field, reason))
}

/// Bounds a list.
pub(super) fn check_count<T>(field: &'static str, list: &[T], allowed: RangeInclusive<usize>) -> Result<(), Invalid> {
    if allowed.contains(&list.len()) {
        return Ok(());
    }
    let reason = Reason::Count { min: *allowed.start(), max: *allowed.end(), actual: list.len() };
    Err(Invalid::new(field, reason))
}

/// Bounds a number.
pub(super) fn check_range(field: &'static str, number: u64, max: u64) -> Result<u64, Invalid> {
    if number <= max {
        return Ok(number);
    }
    Err(Invalid::new(field, Reason::Range { min: 0, max, actual: number }))
}

/// A message that must be there.
pub(super) fn required<T>(field: &'static str, message: Option<T>) -> Result<T, Invalid> {
    message.ok_or_else(|| Invalid::new(field, Reason::Missing))
}

/// The moment as cryptography counts it.
pub(super) fn seconds(at: Timestamp) -> Time {
    Time::from_unix_seconds(at.unix_millis() / 1_000)
}
