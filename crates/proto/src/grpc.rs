//! gRPC: the same checks before decoding, and the same error details, as in frames.

use core::marker::PhantomData;

use bytes::{Buf, BufMut as _, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use crate::limits::MESSAGE_MAX;
use crate::status::{encode_details, error_detail};
use crate::wire::{ErrorCode, ErrorDetail};
use crate::{DecodeError, Wire, decode};

/// The codec of all stubs: checks size, depth and number of fields before anything is decoded.
#[derive(Debug)]
pub struct CheckedCodec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for CheckedCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Wire + 'static, D: Wire + 'static> Codec for CheckedCodec<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = CheckedEncoder<E>;
    type Decoder = CheckedDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        CheckedEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder(PhantomData)
    }
}

/// The sending half of [`CheckedCodec`].
#[derive(Debug)]
pub struct CheckedEncoder<M>(PhantomData<M>);

impl<M: Wire + 'static> Encoder for CheckedEncoder<M> {
    type Item = M;
    type Error = Status;

    fn encode(&mut self, message: M, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|_| Status::internal("the buffer cannot grow"))
    }
}

/// The receiving half of [`CheckedCodec`].
#[derive(Debug)]
pub struct CheckedDecoder<M>(PhantomData<M>);

impl<M: Wire + 'static> Decoder for CheckedDecoder<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        decode(bytes, MESSAGE_MAX).map(Some).map_err(|error: DecodeError| to_status(&ErrorDetail::from(&error)))
    }
}

/// Messages as the bytes that they are, for who passes them on and leaves to others what they mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByteCodec;

impl Codec for ByteCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for ByteCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for ByteCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// The gRPC status that carries a detail. Its message is the name of the code, and says nothing more.
pub fn to_status(detail: &ErrorDetail) -> Status {
    let code = ErrorCode::of(detail);
    let name = code.as_str_name();
    Status::with_details(Code::from_i32(code.grpc_status()), name, encode_details(detail))
}

/// Reads the detail of a status. One without, made by a proxy or by the transport itself, gets the code that fits best.
pub fn from_status(status: &Status) -> ErrorDetail {
    error_detail(status.code().into(), status.details())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;
    use prost::Message as _;
    use tonic::Streaming;

    use super::*;
    use crate::wire::{AppendRequest, ReadRangeResponse};

    async fn receive<M: Wire + Send + 'static>(message: &[u8]) -> Result<Option<M>, Status> {
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        let body: Full<Bytes> = Full::new(framed.into());
        let mut codec = CheckedCodec::<M, M>::default();
        let mut stream: Streaming<M> = Streaming::new_request(codec.decoder(), body, None, Some(MESSAGE_MAX));
        stream.message().await
    }

    #[tokio::test]
    async fn a_message_is_received() {
        let sent = AppendRequest { generation: 1, epoch: 7, ..AppendRequest::default() };
        assert_eq!(receive(&sent.encode_to_vec()).await.unwrap(), Some(sent));
    }

    #[tokio::test]
    async fn a_flood_of_fields_is_refused_before_it_is_decoded() {
        let empty_entries = [0x0a, 0x00].repeat(100_000);
        let status = receive::<ReadRangeResponse>(&empty_entries).await.unwrap_err();
        assert_eq!(ErrorCode::of(&from_status(&status)), ErrorCode::Malformed);
        assert_eq!(status.code(), Code::InvalidArgument);
    }

    #[test]
    fn a_status_carries_its_detail() {
        let detail = ErrorDetail::retry_after(ErrorCode::RateLimited, 1_500);
        let status = to_status(&detail);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.message(), "ERROR_CODE_RATE_LIMITED");
        assert_eq!(from_status(&status), detail);
    }

    #[test]
    fn a_status_of_somebody_else_gets_a_fitting_code() {
        let of = |status: Status| ErrorCode::of(&from_status(&status));
        assert_eq!(of(Status::unavailable("proxy")), ErrorCode::Unavailable);
        assert_eq!(of(Status::unknown("?")), ErrorCode::Internal);
        let garbage = Status::with_details(Code::NotFound, "x", Bytes::from_static(b"\xff\xff\xff"));
        assert_eq!(of(garbage), ErrorCode::NotFound);
        let endless = Status::with_details(Code::NotFound, "x", vec![0x1a; 1 << 20].into());
        assert_eq!(of(endless), ErrorCode::NotFound);
    }
}
