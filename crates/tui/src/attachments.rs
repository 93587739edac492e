//! Files of messages as they are printed.

use serde::Serialize;
use sotto_client::timeline::{Attachment, Look};

use crate::safe;
use crate::words::{Language, Message};

/// A file of a message, as its sender tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileObject {
    pub(crate) name: String,
    pub(crate) size: u64,
    #[serde(rename = "type")]
    pub(crate) media_type: String,
    /// Pixels from side to side, and from top to bottom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u32>,
}

impl FileObject {
    pub(crate) fn of(file: &Attachment) -> Self {
        let (preview, duration_ms) = match &file.look {
            Look::File => (None, None),
            Look::Picture(preview) => (Some(preview), None),
            Look::Video { poster, duration_ms } => (poster.as_ref(), Some(*duration_ms)),
            Look::Sound { duration_ms, .. } => (None, Some(*duration_ms)),
        };
        Self {
            name: file.name.as_str().to_owned(),
            size: file.size,
            media_type: file.media_type.clone(),
            width: preview.map(|preview| preview.width),
            height: preview.map(|preview| preview.height),
            duration_ms,
        }
    }

    pub(crate) fn in_words(&self, language: Language) -> String {
        let shape =
            self.width.zip(self.height).map(|(width, height)| format!("{width} × {height}, ")).unwrap_or_default();
        let (name, size) = (file_name_in_words(&self.name, language), size_in_words(self.size, language));
        format!("📎 {name} ({shape}{size})")
    }
}

/// What a file is called; something has to be said of one without a name.
pub(crate) fn file_name_in_words(name: &str, language: Language) -> String {
    if name.is_empty() { Message::FileWithoutName.say(language) } else { safe::line(name) }
}

/// A size to two or three digits: `1.2 MB`, `340 kB`.
pub(crate) fn size_in_words(bytes: u64, language: Language) -> String {
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let (english, russian) = UNITS[unit];
    let (name, comma) = if language == Language::Russian { (russian, ',') } else { (english, '.') };
    if unit == 0 || tenths >= 100 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}{comma}{} {name}", tenths / 10, tenths % 10)
    }
}

/// Units of sizes, each a thousand of the one before.
const UNITS: [(&str, &str); 5] = [("B", "Б"), ("kB", "кБ"), ("MB", "МБ"), ("GB", "ГБ"), ("TB", "ТБ")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits() {
        let sizes = [0, 999, 1_000, 9_949, 12_345, 1_234_567, 15 << 30, 5 << 40];
        let english = sizes.map(|size| size_in_words(size, Language::English));
        assert_eq!(english, ["0 B", "999 B", "1.0 kB", "9.9 kB", "12 kB", "1.2 MB", "16 GB", "5.4 TB"]);
        assert_eq!(size_in_words(1_234_567, Language::Russian), "1,2 МБ");
    }
}
