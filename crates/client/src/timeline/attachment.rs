//! Files of a message as they are shown. The keys that open them are not in here: who wants a file asks the engine for it by the
//! message and its place there.

use sotto_crypto::file::MAX_FILE_LEN;
use sotto_proto::FileId;
use sotto_proto::wire::{self, file_ref};

use super::rules::{self, Rule};

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file on the server.
    pub id: FileId,
    /// What it is called.
    pub name: FileName,
    /// Bytes of it.
    pub size: u64,
    /// What its sender says that it is, such as `image/webp`; may be empty. What is safe to show is decided by the bytes.
    pub media_type: String,
    /// How it is shown.
    pub look: Look,
}

/// How a file is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// By its name.
    File,
    /// As a picture.
    Picture(Preview),
    /// As a video.
    Video {
        /// Its first picture, if there is one.
        poster: Option<Preview>,
        /// How long it is, in milliseconds.
        duration_ms: u32,
    },
    /// As sound.
    Sound {
        /// How long it is, in milliseconds.
        duration_ms: u32,
        /// Loudness over time; may be empty.
        waveform: Vec<u8>,
        /// Whether somebody speaks, to be played in place.
        voice: bool,
    },
}

/// What is shown of a picture before it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Pixels from side to side.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// A tiny blurred picture in WebP or JPEG; may be empty. It comes from a stranger.
    pub blur: Vec<u8>,
    /// Whether it moves.
    pub animated: bool,
    /// Whether there is a small version of it on the server.
    pub has_thumbnail: bool,
    /// What is on it, for those who cannot see it; may be empty.
    pub description: String,
}

/// A name that can be shown and given to a file: one component of a path on every system, in one line, without characters that hide or
/// reverse others. Empty if nothing of what its sender wrote can be kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileName(String);

impl FileName {
    /// Takes over what can be kept of a name that anybody may have written.
    pub fn of(written: &str) -> Self {
        let base = written.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept: String =
            base.chars().filter(|c| !is_hidden(*c)).map(|c| if is_special(c) { '_' } else { c }).collect();
        let kept = kept.trim_matches(|c: char| c.is_whitespace() || c == '.');
        let kept = shortened(kept);
        if is_device(&kept) { Self(format!("_{kept}")) } else { Self(kept) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints no more than that there is one: it is content.
impl std::fmt::Debug for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileName(..)")
    }
}

pub(super) fn parse(files: &[wire::FileRef]) -> Result<Vec<Attachment>, Rule> {
    rules::count("files", files.len(), 1, FILES_MAX)?;
    files.iter().map(Attachment::parse).collect()
}

impl Attachment {
    fn parse(file: &wire::FileRef) -> Result<Self, Rule> {
        rules::count("key", file.key.len(), KEY_LEN, KEY_LEN)?;
        rules::count("digest", file.digest.len(), KEY_LEN, KEY_LEN)?;
        rules::count("name", file.name.len(), 0, NAME_MAX)?;
        let is_type = file.media_type.len() <= TYPE_MAX && file.media_type.chars().all(|c| c.is_ascii_graphic());
        if file.size > MAX_FILE_LEN {
            return Err(Rule::broken_by("size"));
        }
        Ok(Self {
            id: FileId::parse("file_id", &file.file_id)?,
            name: FileName::of(&file.name),
            size: file.size,
            media_type: if is_type { file.media_type.clone() } else { String::new() },
            look: file.media.as_ref().map_or(Ok(Look::File), Look::parse)?,
        })
    }
}

impl Look {
    /// Of a file by itself; what its sender says wrong of it makes it a file like any other.
    pub(crate) fn of(file: &wire::FileRef) -> Self {
        file.media.as_ref().and_then(|media| Self::parse(media).ok()).unwrap_or(Self::File)
    }

    fn parse(media: &file_ref::Media) -> Result<Self, Rule> {
        Ok(match media {
            file_ref::Media::Picture(picture) => Self::Picture(Preview::parse(picture)?),
            file_ref::Media::Video(video) => Self::Video {
                poster: video.poster.as_ref().map(Preview::parse).transpose()?,
                duration_ms: video.duration_ms,
            },
            file_ref::Media::Audio(audio) => {
                rules::count("waveform", audio.waveform.len(), 0, WAVEFORM_MAX)?;
                let waveform = audio.waveform.to_vec();
                Self::Sound { duration_ms: audio.duration_ms, waveform, voice: audio.voice }
            }
        })
    }
}

impl Preview {
    fn parse(picture: &wire::PictureInfo) -> Result<Self, Rule> {
        if !SIDE.contains(&picture.width) || !SIDE.contains(&picture.height) {
            return Err(Rule::broken_by("picture"));
        }
        rules::count("preview", picture.preview.len(), 0, BLUR_MAX)?;
        rules::text("description", &picture.description, DESCRIPTION_MAX)?;
        Ok(Self {
            width: picture.width,
            height: picture.height,
            blur: picture.preview.to_vec(),
            animated: picture.animated,
            has_thumbnail: picture.thumbnail.is_some(),
            description: picture.description.clone(),
        })
    }
}

/// Controls, marks of direction, line separators, and what has no width but the joiners that scripts and emoji need.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}')
}

/// What file systems and shells of one kind or another give a meaning to.
fn is_special(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Names that are devices on Windows, whatever ending they have.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest != "0");
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// At most [`KEPT_MAX`] bytes, with its ending.
fn shortened(name: &str) -> String {
    if name.len() <= KEPT_MAX {
        return name.to_owned();
    }
    let ending =
        name.rfind('.').map(|dot| &name[dot..]).filter(|ending| ending.len() <= ENDING_MAX).unwrap_or_default();
    let stem = &name[..name.floor_char_boundary(KEPT_MAX - ending.len())];
    format!("{}{ending}", stem.trim_end_matches(|c: char| c.is_whitespace() || c == '.'))
}

/// Files of one message.
pub const FILES_MAX: usize = 20;
const KEY_LEN: usize = 32;
const NAME_MAX: usize = 255;
/// Leaves room for a number that tells two files of one name apart, and for what marks one that is not complete.
const KEPT_MAX: usize = 200;
const ENDING_MAX: usize = 20;
const TYPE_MAX: usize = 100;
const SIDE: std::ops::RangeInclusive<u32> = 1..=65_535;
const BLUR_MAX: usize = 1_024;
const DESCRIPTION_MAX: usize = 1_000;
const WAVEFORM_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_play_no_tricks_with_paths_and_directions() {
        for (written, kept) in [
            ("holiday.jpg", "holiday.jpg"),
            ("Отпуск 2026.webp", "Отпуск 2026.webp"),
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("/etc/passwd", "passwd"),
            ("..", ""),
            (".bashrc", "bashrc"),
            ("...", ""),
            ("invoice\u{202E}fdp.exe", "invoicefdp.exe"),
            ("a\nb\u{7}\u{0}c", "abc"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("what?.txt", "what_.txt"),
            ("trailing. . ", "trailing"),
            ("👩\u{200D}👧.png", "👩\u{200D}👧.png"),
        ] {
            assert_eq!(FileName::of(written).as_str(), kept, "{written:?}");
        }
        let long = FileName::of(&format!("{}.jpeg", "ж".repeat(200)));
        assert!(long.as_str().len() <= KEPT_MAX && long.as_str().ends_with("ж.jpeg"));
    }

    proptest! {
        #[test]
        fn every_name_is_one_component_of_a_path(written in "\\PC{0,80}") {
            let name = FileName::of(&written);
            prop_assert!(name.as_str().len() <= KEPT_MAX + 1);
            prop_assert!(!name.as_str().contains(['/', '\\', '\0']) && !name.as_str().starts_with('.'));
            prop_assert_eq!(FileName::of(name.as_str()), name);
        }
    }
}
