//! Rules that every content has to keep, whoever sent it.

use unicode_normalization::is_nfc;

/// A rule of `event.proto` that an event breaks. Such an event is kept, and shown by its fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} breaks its rule")]
pub struct Rule {
    /// The field that breaks it.
    pub field: &'static str,
}

impl Rule {
    pub(super) const fn broken_by(field: &'static str) -> Self {
        Self { field }
    }
}

/// Text in NFC, of bounded size, without control characters other than line feed.
pub(super) fn text(field: &'static str, text: &str, max: usize) -> Result<(), Rule> {
    let sound = text.len() <= max && !text.contains(|c: char| c.is_control() && c != '\n') && is_nfc(text);
    sound.then_some(()).ok_or(Rule::broken_by(field))
}

/// As [`text`], but not empty, and in one line.
pub(super) fn line(field: &'static str, line: &str, max: usize) -> Result<(), Rule> {
    if line.trim().is_empty() || line.contains('\n') {
        return Err(Rule::broken_by(field));
    }
    text(field, line, max)
}

/// A number of things.
pub(super) fn count(field: &'static str, count: usize, min: usize, max: usize) -> Result<(), Rule> {
    (min..=max).contains(&count).then_some(()).ok_or(Rule::broken_by(field))
}

/// A value that has to be there.
pub(super) fn present<T>(field: &'static str, value: Option<T>) -> Result<T, Rule> {
    value.ok_or(Rule::broken_by(field))
}
