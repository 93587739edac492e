//! The three ways in which the same messages are written.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use bytes::{BufMut as _, Bytes, BytesMut};
use data_encoding::BASE64;
use http_body::Frame;

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Form {
    /// gRPC: trailers are trailers.
    Grpc,
    /// gRPC-Web: trailers are a last message.
    Web,
    /// gRPC-Web in Base64, for browsers' older interfaces.
    WebText,
}

impl Form {
    /// Reads the content type. Encodings of messages other than Protocol Buffers are not spoken.
    pub(in crate::transport) fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match kind.split(';').next()?.trim() {
            "application/grpc" | "application/grpc+proto" => Some(Self::Grpc),
            "application/grpc-web" | "application/grpc-web+proto" => Some(Self::Web),
            "application/grpc-web-text" | "application/grpc-web-text+proto" => Some(Self::WebText),
            _ => None,
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Grpc => "application/grpc",
            Self::Web => "application/grpc-web+proto",
            Self::WebText => "application/grpc-web-text+proto",
        })
    }

    /// A message after its flag and length.
    pub(super) fn message(self, message: &[u8]) -> Frame<Bytes> {
        Frame::data(self.data(0, message))
    }

    pub(super) fn trailers(self, trailers: HeaderMap) -> Frame<Bytes> {
        if self == Self::Grpc {
            return Frame::trailers(trailers);
        }
        let mut lines = Vec::new();
        for (name, value) in &trailers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.extend_from_slice(b": ");
            lines.extend_from_slice(value.as_bytes());
            lines.extend_from_slice(b"\r\n");
        }
        Frame::data(self.data(TRAILERS, &lines))
    }

    fn data(self, flag: u8, message: &[u8]) -> Bytes {
        let mut framed = BytesMut::with_capacity(PREFIX + message.len());
        framed.put_u8(flag);
        framed.put_u32(u32::try_from(message.len()).expect("a message is at most MESSAGE_MAX"));
        framed.put_slice(message);
        match self {
            Self::Grpc | Self::Web => framed.freeze(),
            Self::WebText => BASE64.encode(&framed).into(),
        }
    }
}

/// A flag and a length of four bytes.
pub(super) const PREFIX: usize = 5;
const TRAILERS: u8 = 0x80;
