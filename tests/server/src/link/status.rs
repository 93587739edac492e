//! The outcome of a call as gRPC-Web tells it, in headers or in its last frame.

use data_encoding::BASE64_NOPAD;
use sotto_proto::grpc::from_status;
use tonic::{Code, Status};

use super::Refused;

/// Reads the outcome, given how to look up a header; nothing when there is none.
pub(super) fn outcome<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Result<(), Refused>> {
    let code: i32 = header("grpc-status")?.trim().parse().unwrap_or(2);
    if code == 0 {
        return Some(Ok(()));
    }
    let details = header("grpc-status-details-bin").map(|text| text.trim().trim_end_matches('='));
    let details = details.and_then(|text| BASE64_NOPAD.decode(text.as_bytes()).ok()).unwrap_or_default();
    let message = header("grpc-message").unwrap_or_default();
    Some(Err(from_status(&Status::with_details(Code::from_i32(code), message, details.into())).into()))
}
