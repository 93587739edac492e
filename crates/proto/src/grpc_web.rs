//! Bodies of gRPC-Web, for clients that have no HTTP/2 of their own: pieces with a prefix, the last of which says how the call ended.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use data_encoding::{BASE64, BASE64_NOPAD};

use crate::limits::MESSAGE_MAX;
use crate::status::error_detail;
use crate::wire::{ErrorCode, ErrorDetail};

/// The media type of requests and replies.
pub const MEDIA_TYPE: &str = "application/grpc-web+proto";

/// The body of a request.
pub fn request_body(message: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(PREFIX + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    body.put_slice(message);
    body.freeze()
}

/// How a call ended, given how to look up a header; none where the headers say nothing of it.
pub fn outcome<S: AsRef<str>>(header: impl Fn(&str) -> Option<S>) -> Option<Result<(), ErrorDetail>> {
    let code: i32 = header("grpc-status")?.as_ref().trim().parse().unwrap_or(UNKNOWN);
    if code == 0 {
        return Some(Ok(()));
    }
    let details = header("grpc-status-details-bin").and_then(|text| {
        let text = text.as_ref().trim();
        BASE64_NOPAD.decode(text.as_bytes()).or_else(|_| BASE64.decode(text.as_bytes())).ok()
    });
    Some(Err(error_detail(code, &details.unwrap_or_default())))
}

/// What a body holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A message.
    Message(Bytes),
    /// How the call ended. Nothing follows.
    End(Result<(), ErrorDetail>),
}

/// Takes a body as it arrives apart.
#[derive(Debug, Default)]
pub struct BodyReader {
    buffer: BytesMut,
}

impl BodyReader {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece if all of it is here. A message that is larger than any may be is the end, before it has come.
    pub fn next_piece(&mut self) -> Option<Piece> {
        let (prefix, _) = self.buffer.split_first_chunk::<PREFIX>()?;
        let [flags, length @ ..] = *prefix;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MESSAGE_MAX {
            return Some(Piece::End(Err(ErrorCode::TooLarge.detail())));
        }
        if self.buffer.len() < PREFIX + length {
            return None;
        }
        self.buffer.advance(PREFIX);
        let content = self.buffer.split_to(length).freeze();
        if flags & TRAILERS == 0 {
            return Some(Piece::Message(content));
        }
        let text = String::from_utf8_lossy(&content);
        Some(Piece::End(outcome(|name| trailer(&text, name)).unwrap_or(Err(ErrorCode::Internal.detail()))))
    }
}

fn trailer<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Flags, and the length of what follows.
const PREFIX: usize = 5;
const TRAILERS: u8 = 0x80;
/// What gRPC calls a code that it does not know.
const UNKNOWN: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn trailers(text: &str) -> Vec<u8> {
        let mut body = vec![TRAILERS];
        body.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.as_bytes());
        body
    }

    #[test]
    fn a_body_is_read_in_whatever_pieces_it_comes() {
        let mut body = request_body(b"hello").to_vec();
        body.extend(trailers("grpc-status:0\r\n"));
        let mut reader = BodyReader::default();
        let mut pieces = Vec::new();
        for byte in body {
            reader.push(&[byte]);
            pieces.extend(reader.next_piece());
        }
        assert_eq!(pieces, [Piece::Message(Bytes::from_static(b"hello")), Piece::End(Ok(()))]);
    }

    #[test]
    fn an_end_says_why() {
        let mut reader = BodyReader::default();
        reader.push(&trailers("Grpc-Status: 14\r\ngrpc-message: away\r\n"));
        assert_eq!(reader.next_piece(), Some(Piece::End(Err(ErrorCode::Unavailable.detail()))));
    }

    #[test]
    fn an_end_without_a_status_is_no_success() {
        let mut reader = BodyReader::default();
        reader.push(&trailers("\r\n"));
        assert_eq!(reader.next_piece(), Some(Piece::End(Err(ErrorCode::Internal.detail()))));
    }

    #[test]
    fn more_than_a_message_can_be_is_refused_before_it_comes() {
        let mut reader = BodyReader::default();
        reader.push(&[0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(reader.next_piece(), Some(Piece::End(Err(ErrorCode::TooLarge.detail()))));
    }
}
