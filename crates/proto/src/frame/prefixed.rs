//! Frames on a byte stream: each after its length in 4 bytes, big-endian.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Frame, FrameError};
use crate::DecodeError;
use crate::limits::FRAME_MAX;

const PREFIX: usize = 4;

/// Appends a frame and the length before it.
pub fn encode_prefixed(frame: Frame, stream: &mut BytesMut) {
    let bytes = frame.encode();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX); // a frame is far smaller
    stream.reserve(PREFIX + bytes.len());
    stream.put_u32(length);
    stream.put(bytes);
}

/// Finds the frames in a byte stream, however it is cut. Holds at most one incomplete frame beyond what it is fed at once.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
}

impl FrameReader {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if it is there as a whole. After an error the stream is lost.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(length) = self.buffer.first_chunk::<PREFIX>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > FRAME_MAX {
            return Err(DecodeError::TooLarge { max: FRAME_MAX, actual: length }.into());
        }
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        let bytes: Bytes = self.buffer.split_to(length).freeze();
        Frame::decode(bytes).map(Some)
    }
}
