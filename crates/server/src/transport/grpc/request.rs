//! The one message of a request, with its limit known before anything is kept.

use std::time::Duration;

use axum::body::Body;
use bytes::{Buf as _, Bytes, BytesMut};
use data_encoding::BASE64;
use http_body_util::BodyExt as _;
use sotto_proto::limits::MEDIUM_REQUEST_MAX;
use sotto_proto::wire::{ErrorCode, ErrorDetail};

use super::form::{Form, PREFIX};
use crate::services::Failure;
use crate::transport::frames::limit_name;

/// Reads a message of at most `max` bytes.
pub(super) async fn read(form: Form, body: &mut Body, max: usize) -> Result<Bytes, Failure> {
    let mut message = Message::new(max);
    let mut text = Text::default();
    while let Some(frame) = body.frame().await {
        // The connection broke: nobody waits for the answer.
        let Ok(data) = frame.map_err(|_| ErrorCode::Cancelled)?.into_data() else { continue };
        match form {
            Form::Grpc | Form::Web => message.push(data)?,
            Form::WebText => message.push(text.decode(&data)?)?,
        }
    }
    message.finish()
}

/// Reads past what is left of a request that is answered early, within bounds. A connection of HTTP/1.1 on which something is left
/// is closed without a word: the client may lose the answer, and the call that it makes next.
pub(super) async fn discard_rest(form: Form, mut body: Body) {
    if form == Form::Grpc {
        return;
    }
    let mut left = REST_MAX;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            match usize::checked_sub(left, read) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whoever takes longer has to connect again.
    let _ = tokio::time::timeout(REST_TIMEOUT, rest).await;
}

/// As large as the largest request but those that only members make.
const REST_MAX: usize = MEDIUM_REQUEST_MAX + PREFIX;
const REST_TIMEOUT: Duration = Duration::from_secs(10);

struct Message {
    max: usize,
    arrived: Arrived,
}

/// Most requests arrive at once and are never copied.
enum Arrived {
    Nothing,
    AtOnce(Bytes),
    InPieces(BytesMut),
}

impl Message {
    fn new(max: usize) -> Self {
        Self { max, arrived: Arrived::Nothing }
    }

    fn push(&mut self, data: Bytes) -> Result<(), Failure> {
        self.arrived = match std::mem::replace(&mut self.arrived, Arrived::Nothing) {
            Arrived::Nothing => Arrived::AtOnce(data),
            Arrived::AtOnce(first) => {
                let mut joined = BytesMut::from(first);
                joined.extend_from_slice(&data);
                Arrived::InPieces(joined)
            }
            Arrived::InPieces(mut joined) => {
                joined.extend_from_slice(&data);
                Arrived::InPieces(joined)
            }
        };
        let (announced, arrived) = match &self.arrived {
            Arrived::Nothing => (None, 0),
            Arrived::AtOnce(bytes) => (announced(bytes)?, bytes.len()),
            Arrived::InPieces(bytes) => (announced(bytes)?, bytes.len()),
        };
        match announced {
            Some(size) if size > self.max => Err(too_large(self.max, size)),
            Some(size) if arrived > PREFIX + size => Err(ErrorCode::Malformed.into()),
            Some(_) | None => Ok(()),
        }
    }

    fn finish(self) -> Result<Bytes, Failure> {
        let mut bytes = match self.arrived {
            Arrived::Nothing => return Err(ErrorCode::Malformed.into()),
            Arrived::AtOnce(bytes) => bytes,
            Arrived::InPieces(joined) => joined.freeze(),
        };
        if announced(&bytes)?.is_none_or(|size| bytes.len() != PREFIX + size) {
            return Err(ErrorCode::Malformed.into());
        }
        bytes.advance(PREFIX);
        Ok(bytes)
    }
}

/// The size of the message, once it is there. Compression was never offered.
fn announced(bytes: &[u8]) -> Result<Option<usize>, ErrorCode> {
    match bytes.first_chunk::<PREFIX>() {
        None => Ok(None),
        Some([0, size @ ..]) => usize::try_from(u32::from_be_bytes(*size)).map(Some).map_err(|_| ErrorCode::Malformed),
        Some(_) => Err(ErrorCode::Malformed),
    }
}

fn too_large(max: usize, size: usize) -> Failure {
    ErrorDetail::limit(ErrorCode::TooLarge, limit_name(max), max as u64, size as u64).into()
}

/// Base64 that arrives in any pieces; groups of four may each be padded.
#[derive(Default)]
struct Text {
    left: Vec<u8>,
}

impl Text {
    fn decode(&mut self, data: &[u8]) -> Result<Bytes, Failure> {
        self.left.extend_from_slice(data);
        let whole = self.left.len() - self.left.len() % 4;
        let mut decoded = Vec::with_capacity(whole / 4 * 3);
        for group in self.left[..whole].chunks_exact(4) {
            decoded.extend(BASE64.decode(group).map_err(|_| ErrorCode::Malformed)?);
        }
        self.left.drain(..whole);
        Ok(decoded.into())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read_pieces(form: Form, pieces: &[&[u8]], max: usize) -> Result<Bytes, ErrorCode> {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
        read(form, &mut Body::from_stream(stream::iter(pieces)), max).await.map_err(|failure| failure.code())
    }

    #[tokio::test]
    async fn a_message_is_read_however_it_is_cut() {
        let framed = b"\0\0\0\0\x05hello";
        for size in 1..=framed.len() {
            let pieces: Vec<&[u8]> = framed.chunks(size).collect();
            assert_eq!(read_pieces(Form::Grpc, &pieces, 5).await.unwrap(), &b"hello"[..]);
        }
        assert_eq!(read_pieces(Form::Web, &[b"\0\0\0\0\0"], 5).await.unwrap(), &b""[..]);
    }

    #[tokio::test]
    async fn text_is_read_however_it_is_cut_and_padded() {
        let whole = BASE64.encode(b"\0\0\0\0\x05hello");
        for size in 1..=whole.len() {
            let pieces: Vec<&[u8]> = whole.as_bytes().chunks(size).collect();
            assert_eq!(read_pieces(Form::WebText, &pieces, 5).await.unwrap(), &b"hello"[..]);
        }
        let (first, second) = (BASE64.encode(b"\0\0\0\0"), BASE64.encode(b"\x05hello"));
        assert_eq!(read_pieces(Form::WebText, &[first.as_bytes(), second.as_bytes()], 5).await.unwrap(), &b"hello"[..]);
        assert_eq!(read_pieces(Form::WebText, &[b"????"], 5).await, Err(ErrorCode::Malformed));
    }

    #[tokio::test]
    async fn what_is_too_large_or_not_one_message_is_refused() {
        let refused = async |framed: &[u8]| read_pieces(Form::Grpc, &[framed], 5).await.unwrap_err();
        assert_eq!(refused(b"\0\0\0\0\x06h").await, ErrorCode::TooLarge);
        assert_eq!(refused(b"\0\xff\xff\xff\xff").await, ErrorCode::TooLarge);
        assert_eq!(refused(b"\x01\0\0\0\x05hello").await, ErrorCode::Malformed);
        assert_eq!(refused(b"\0\0\0\0\x05hello\0\0\0\0\0").await, ErrorCode::Malformed);
        assert_eq!(refused(b"\0\0\0\0\x05hell").await, ErrorCode::Malformed);
        assert_eq!(refused(b"\0\0\0").await, ErrorCode::Malformed);
        assert_eq!(refused(b"").await, ErrorCode::Malformed);
    }
}
