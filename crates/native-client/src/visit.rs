//! Single calls by somebody who need not say who they are.

use sotto_client::engine::Failure;
use sotto_proto::limits::MESSAGE_MAX;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{Access, Call, decode};

use crate::ClientError;
use crate::link::Link;

/// A visitor of a server: without an account, without an engine.
pub struct Visitor(Link);

impl Visitor {
    /// Of the server at `address`. Nothing is sent yet.
    pub fn of(address: &str) -> Result<Self, ClientError> {
        Link::to(address).map(Self).ok_or_else(|| ClientError::Address(address.to_owned()))
    }

    /// Makes a call that anybody may make.
    pub async fn call<C: Call>(&self, request: &C) -> Result<C::Response, Failure> {
        debug_assert_eq!(C::METHOD.access(), Access::Anyone, "a visitor has no token");
        let reply = self.0.clone().ask(C::METHOD, request.encode_to_vec().into()).await?;
        decode(reply, MESSAGE_MAX).map_err(|_| Failure::Refused(ErrorCode::Malformed.detail()))
    }
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visitor(..)")
    }
}
