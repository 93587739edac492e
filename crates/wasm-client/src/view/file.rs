use serde::{Deserialize, Serialize};
use sotto_client::{engine, timeline};
use sotto_proto::wire;
use sotto_proto::wire::file_ref::Media;
use tsify::Tsify;

use super::hex;

/// A file of a message.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// What it is called; may be empty.
    name: String,
    size: u64,
    /// What its sender says that it is. What is safe to show is decided by the bytes.
    media_type: String,
    look: Look,
}

impl From<&timeline::Attachment> for Attachment {
    fn from(file: &timeline::Attachment) -> Self {
        let timeline::Attachment { id: _, name, size, media_type, look } = file;
        Self { name: name.as_str().to_owned(), size: *size, media_type: media_type.clone(), look: look.into() }
    }
}

/// How a file is shown.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Look {
    File,
    Picture {
        width: u32,
        height: u32,
        /// A tiny picture in WebP or JPEG, from a stranger; may be empty.
        blur: Vec<u8>,
        animated: bool,
        has_thumbnail: bool,
        /// For those who cannot see it; may be empty.
        description: String,
    },
    Video {
        duration_ms: u32,
    },
    Sound {
        duration_ms: u32,
        /// Loudness over time; may be empty.
        waveform: Vec<u8>,
        voice: bool,
    },
}

impl From<&timeline::Look> for Look {
    fn from(look: &timeline::Look) -> Self {
        match look {
            timeline::Look::File => Self::File,
            timeline::Look::Picture(preview) => Self::Picture {
                width: preview.width,
                height: preview.height,
                blur: preview.blur.clone(),
                animated: preview.animated,
                has_thumbnail: preview.has_thumbnail,
                description: preview.description.clone(),
            },
            timeline::Look::Video { poster: _, duration_ms } => Self::Video { duration_ms: *duration_ms },
            timeline::Look::Sound { duration_ms, waveform, voice } => {
                Self::Sound { duration_ms: *duration_ms, waveform: waveform.clone(), voice: *voice }
            }
        }
    }
}

/// A file on its way, or arrived.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    id: i64,
    /// The message that it belongs to, and its place there.
    event: String,
    place: u32,
    is_thumbnail: bool,
    file: Attachment,
    done: u64,
    stage: Stage,
    /// Bytes a second; none while it does not move.
    speed: Option<u64>,
    left_ms: Option<u64>,
    /// By which a page knows a file that it has handed in.
    location: String,
}

impl From<engine::TransferView> for Transfer {
    fn from(view: engine::TransferView) -> Self {
        let file = Attachment {
            name: view.name.as_str().to_owned(),
            size: view.size,
            media_type: String::new(),
            look: (&view.look).into(),
        };
        Self {
            id: view.id.get(),
            event: hex(view.event),
            place: view.place,
            is_thumbnail: view.is_thumbnail,
            file,
            done: view.done,
            stage: view.state.into(),
            speed: view.speed,
            left_ms: view.left_ms,
            location: view.location,
        }
    }
}

/// How a transfer stands.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Stage {
    Going,
    Paused,
    Stopped { why: Obstacle },
    Done,
}

impl From<engine::TransferState> for Stage {
    fn from(state: engine::TransferState) -> Self {
        match state {
            engine::TransferState::Going => Self::Going,
            engine::TransferState::Paused => Self::Paused,
            engine::TransferState::Stopped(why) => Self::Stopped { why: why.into() },
            engine::TransferState::Done => Self::Done,
        }
    }
}

/// What is in the way of a transfer.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Obstacle {
    SourceMissing,
    SourceChanged,
    NoRoom,
    FileSystem,
    /// So many bytes at most, sealed.
    TooLarge {
        max: u64,
    },
    /// All of the room on the server.
    QuotaExceeded {
        max: u64,
    },
    NotAllowed,
    NotThere,
    Damaged,
    Refused {
        code: String,
    },
}

impl From<engine::Obstacle> for Obstacle {
    fn from(obstacle: engine::Obstacle) -> Self {
        match obstacle {
            engine::Obstacle::SourceMissing => Self::SourceMissing,
            engine::Obstacle::SourceChanged => Self::SourceChanged,
            engine::Obstacle::NoRoom => Self::NoRoom,
            engine::Obstacle::FileSystem => Self::FileSystem,
            engine::Obstacle::TooLarge { max } => Self::TooLarge { max },
            engine::Obstacle::QuotaExceeded { max } => Self::QuotaExceeded { max },
            engine::Obstacle::NotAllowed => Self::NotAllowed,
            engine::Obstacle::NotThere => Self::NotThere,
            engine::Obstacle::Damaged => Self::Damaged,
            engine::Obstacle::Refused(code) => Self::Refused { code: code.as_str_name().to_owned() },
        }
    }
}

/// A message that waits for its files.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    id: String,
    created_at_ms: u64,
    /// May be empty.
    text: String,
    files: Vec<Transfer>,
}

impl From<engine::Waiting> for Waiting {
    fn from(waiting: engine::Waiting) -> Self {
        let engine::Waiting { id, text, created_at_ms, files } = waiting;
        Self { id: hex(id), created_at_ms, text, files: files.into_iter().map(Transfer::from).collect() }
    }
}

/// A file to be sent, whose bytes come beside it.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct NewFile {
    pub(crate) name: String,
    pub(crate) media_type: String,
    /// Drawn by the page, which knows the file by it later.
    pub(crate) location: String,
    #[tsify(optional)]
    #[serde(default)]
    pub(crate) picture: Option<NewPicture>,
    #[tsify(optional)]
    #[serde(default)]
    pub(crate) sound: Option<NewSound>,
}

impl NewFile {
    pub(crate) fn media(&self) -> Option<Media> {
        let picture = self.picture.as_ref().map(NewPicture::media);
        picture.or_else(|| self.sound.as_ref().map(NewSound::media))
    }
}

/// What is shown of a picture before it is loaded.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct NewPicture {
    width: u32,
    height: u32,
    blur: Vec<u8>,
    animated: bool,
    /// The sides of the thumbnail, if its bytes come after those of the file.
    #[tsify(optional)]
    #[serde(default)]
    pub(crate) thumbnail: Option<(u32, u32)>,
}

impl NewPicture {
    fn media(&self) -> Media {
        Media::Picture(wire::PictureInfo {
            width: self.width,
            height: self.height,
            preview: self.blur.clone().into(),
            animated: self.animated,
            ..wire::PictureInfo::default()
        })
    }

    pub(crate) fn thumbnail_media(&self) -> Option<Media> {
        let (width, height) = self.thumbnail?;
        Some(Media::Picture(wire::PictureInfo { width, height, ..wire::PictureInfo::default() }))
    }
}

/// What is shown of sound before it is loaded.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct NewSound {
    duration_ms: u32,
    /// Loudness over time, a byte for each of equal stretches; at most 128.
    waveform: Vec<u8>,
    voice: bool,
}

impl NewSound {
    fn media(&self) -> Media {
        let Self { duration_ms, waveform, voice } = self;
        Media::Audio(wire::AudioInfo { duration_ms: *duration_ms, waveform: waveform.clone().into(), voice: *voice })
    }
}
