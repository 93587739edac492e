//! The error detail inside a gRPC status, whoever carries the status: tonic, or a browser's fetch.

use bytes::Bytes;
use prost::Message as _;

use crate::decode;
use crate::wire::{ErrorCode, ErrorDetail};

/// The detail of a status, given its code and the bytes of `grpc-status-details-bin`. One without, made by a proxy or by the transport
/// itself, gets the code that fits best.
pub fn error_detail(code: i32, details: &[u8]) -> ErrorDetail {
    read(details).unwrap_or_else(|| fitting(code).detail())
}

/// What a status carries about an error.
#[cfg(feature = "grpc")]
pub(crate) fn encode_details(detail: &ErrorDetail) -> Bytes {
    let code = ErrorCode::of(detail);
    let rich = RichStatus {
        code: code.grpc_status(),
        message: code.as_str_name().to_owned(),
        details: vec![Any { type_url: DETAIL_TYPE.to_owned(), value: detail.encode_to_vec().into() }],
    };
    rich.encode_to_vec().into()
}

fn read(details: &[u8]) -> Option<ErrorDetail> {
    if details.len() > DETAILS_MAX {
        return None;
    }
    let rich = RichStatus::decode(details).ok()?;
    let any = rich.details.into_iter().find(|any| any.type_url == DETAIL_TYPE)?;
    decode(any.value, crate::limits::ERROR_DETAIL_MAX).ok()
}

/// By the numbers of gRPC's own codes.
fn fitting(code: i32) -> ErrorCode {
    match code {
        1 => ErrorCode::Cancelled,
        4 => ErrorCode::DeadlineExceeded,
        3 | 6 | 9 | 11 => ErrorCode::InvalidArgument,
        5 => ErrorCode::NotFound,
        7 => ErrorCode::Forbidden,
        8 => ErrorCode::RateLimited,
        12 => ErrorCode::UnknownMethod,
        16 => ErrorCode::Unauthenticated,
        10 | 14 => ErrorCode::Unavailable,
        _ => ErrorCode::Internal,
    }
}

/// `google.rpc.Status`, which tools expect in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
struct RichStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

const DETAIL_TYPE: &str = "type.googleapis.com/sotto.v1.ErrorDetail";
/// A detail, its type and the name of its code, with room to spare.
const DETAILS_MAX: usize = 2_048;
