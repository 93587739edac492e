//! Encrypted files: fixed chunks under the STREAM construction, written and read in pieces, opened at any offset, in flat memory.
//!
//! A file's size is known from the event that carries its key; so is, from the size alone, where every chunk lies. The bytes are
//! in `docs/PROTOCOL.md` §9.
//!
//! A [`FileSealer`] draws a fresh key, its chunks can only be sealed one after the other, and its state cannot be saved: there
//! is no way to seal two different contents under one nonce. An upload that was interrupted is sealed again from its beginning by a
//! [`PartSealer`], which gives out no bytes but those that it gave out before.

mod layout;
mod opener;
mod parts;
mod sealer;

use aead_stream::{NewStream, Nonce, StreamBE32};
use chacha20poly1305::ChaCha20Poly1305;

pub use layout::{CHUNK_LEN, FileLayout, HEADER_LEN, MAX_FILE_LEN, SEALED_CHUNK_LEN};
pub use opener::{FileOpener, SequentialOpener};
pub use parts::{PartDigest, PartSealer, SealedPart};
pub use sealer::{FileSealer, SealedFile};

use crate::labels;
use crate::primitives::hkdf;
use crate::secret::secret_newtype;

const FORMAT: u8 = 1;
const COMMITMENT_LEN: usize = 32;
const PREFIX_LEN: usize = 7;

secret_newtype! {
    /// The key of one file, which travels inside a sealed event.
    FileKey, 32
}

/// SHA-256 over all bytes of the sealed file, header included.
pub type FileDigest = [u8; 32];

/// Why a file did not seal or open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Larger than [`MAX_FILE_LEN`].
    #[error("the file is too large")]
    TooLarge,
    /// The content is shorter or longer than was announced.
    #[error("the file's content is not as long as announced")]
    ContentLength,
    /// The content is not the one that was sealed under this key before.
    #[error("part {0} of the file is not what it was")]
    Changed(u32),
    /// A format that this code does not know.
    #[error("unknown file format {0}")]
    UnknownFormat(u8),
    /// Sealed under another key, or not as long as the event says.
    #[error("the file was sealed under another key or for another size")]
    WrongKey,
    /// The chunk was altered, or is another one than it should be: moved, dropped, or from another file.
    #[error("chunk {0} is not authentic")]
    NotAuthentic(u32),
    /// No such chunk.
    #[error("the file has no chunk {0}")]
    NoSuchChunk(u32),
    /// The chunk does not have the length that its place demands.
    #[error("chunk {chunk} is {actual} bytes long instead of {expected}")]
    ChunkLength {
        /// The chunk.
        chunk: u32,
        /// The only length that it can have.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// What should be padding behind the content is not.
    #[error("the file's padding is wrong")]
    BadPadding,
    /// The file ended early.
    #[error("the file is truncated")]
    Truncated,
    /// More came after the file's end.
    #[error("the file was extended")]
    Extended,
    /// All chunks are authentic, and yet it is not the file that the event speaks of.
    #[error("the file is not the one that was sent")]
    WrongDigest,
}

type Stream = StreamBE32<ChaCha20Poly1305>;

/// Everything that the file's key and size give.
struct FileKeys {
    stream: Stream,
    commitment: [u8; COMMITMENT_LEN],
}

impl FileKeys {
    fn derive(key: &FileKey, layout: FileLayout) -> Self {
        let info: [&[u8]; 3] = [labels::FILE.as_bytes(), &[FORMAT], &layout.content_len().to_be_bytes()];
        let output = hkdf::<{ 32 + PREFIX_LEN + COMMITMENT_LEN }>(&[], key.expose_secret(), &info);
        let (key, rest) = output.expose_secret().split_first_chunk::<32>().expect("the key comes first");
        let (prefix, rest) = rest.split_first_chunk::<PREFIX_LEN>().expect("the nonce prefix follows");
        Self {
            stream: Stream::new(key.into(), &Nonce::<ChaCha20Poly1305, Stream>::from(*prefix)),
            commitment: rest.try_into().expect("the commitment is last"),
        }
    }
}

impl std::fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKeys([redacted])")
    }
}
