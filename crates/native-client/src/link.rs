//! Calls and the live stream over gRPC, by bytes: what they mean is the engine's business.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sotto_client::engine::{Failure, Outgoing};
use sotto_proto::Method;
use sotto_proto::grpc::{ByteCodec, from_status};
use sotto_proto::limits::MESSAGE_MAX;
use sotto_proto::wire::ErrorCode;
use tonic::codec::Streaming;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

/// A connection that opens itself when it is needed, and again after it broke.
#[derive(Clone)]
pub(crate) struct Link {
    client: tonic::client::Grpc<Channel>,
}

impl Link {
    /// None for what is no address.
    pub(crate) fn to(address: &str) -> Option<Self> {
        let endpoint = Endpoint::from_shared(address.to_owned()).ok()?;
        let secure = endpoint.uri().scheme_str() == Some("https");
        endpoint.uri().authority()?;
        let endpoint =
            endpoint.connect_timeout(CONNECT).http2_keep_alive_interval(KEEP_ALIVE).keep_alive_while_idle(true);
        let endpoint =
            if secure { endpoint.tls_config(ClientTlsConfig::new().with_native_roots()).ok()? } else { endpoint };
        let client = tonic::client::Grpc::new(endpoint.connect_lazy()).max_decoding_message_size(MESSAGE_MAX);
        Some(Self { client })
    }

    /// Makes a call and gives the reply, or all pieces of a streamed one.
    pub(crate) async fn call(mut self, call: Outgoing) -> Result<Vec<Bytes>, Failure> {
        let made = async {
            self.client.ready().await.map_err(|_| Failure::Unreachable)?;
            let request = request(call.body, call.token.as_ref().map(|token| token.as_str()));
            if !call.method.streams() {
                let reply = self.client.unary(request, path(call.method), ByteCodec).await;
                return reply.map(|reply| vec![reply.into_inner()]).map_err(|status| failure(&status));
            }
            let reply = self.client.server_streaming(request, path(call.method), ByteCodec).await;
            collected(reply.map_err(|status| failure(&status))?.into_inner()).await
        };
        tokio::time::timeout(CALL, made).await.unwrap_or(Err(Failure::Unreachable))
    }

    /// Makes a call without a token.
    pub(crate) async fn ask(mut self, method: Method, body: Bytes) -> Result<Bytes, Failure> {
        let made = async {
            self.client.ready().await.map_err(|_| Failure::Unreachable)?;
            let reply = self.client.unary(request(body, None), path(method), ByteCodec).await;
            reply.map(tonic::Response::into_inner).map_err(|status| failure(&status))
        };
        tokio::time::timeout(CALL, made).await.unwrap_or(Err(Failure::Unreachable))
    }

    /// Opens the live stream.
    pub(crate) async fn listen(mut self, request_body: Bytes, token: String) -> Result<Streaming<Bytes>, Failure> {
        self.client.ready().await.map_err(|_| Failure::Unreachable)?;
        let request = request(request_body, Some(&token));
        let reply = self.client.server_streaming(request, path(Method::StreamSubscribe), ByteCodec).await;
        reply.map(tonic::Response::into_inner).map_err(|status| failure(&status))
    }
}

/// All pieces of a reply, as long as they are no more than any reply can be.
async fn collected(mut reply: Streaming<Bytes>) -> Result<Vec<Bytes>, Failure> {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while let Some(piece) = reply.next().await {
        let piece = piece.map_err(|status| failure(&status))?;
        length += piece.len();
        if length > STREAMED_MAX {
            return Err(Failure::Refused(ErrorCode::TooLarge.detail()));
        }
        pieces.push(piece);
    }
    Ok(pieces)
}

fn request(body: Bytes, token: Option<&str>) -> Request<Bytes> {
    let mut request = Request::new(body);
    if let Some(value) = token.and_then(|token| format!("Bearer {token}").parse().ok()) {
        request.metadata_mut().insert("authorization", value);
    }
    request
}

fn path(method: Method) -> PathAndQuery {
    PathAndQuery::try_from(format!("/{}", method.path())).unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

/// What the transport itself says when the server is away counts as not reached: the call may have had its effect.
pub(crate) fn failure(status: &Status) -> Failure {
    let detail = from_status(status);
    let away = matches!(ErrorCode::of(&detail), ErrorCode::Unavailable | ErrorCode::Cancelled);
    if away && status.details().is_empty() { Failure::Unreachable } else { Failure::Refused(detail) }
}

const CONNECT: Duration = Duration::from_secs(10);
/// The largest tree of a group, with what goes around its pieces. Stretches of files are shorter.
const STREAMED_MAX: usize = 33 << 20;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A call may carry eight megabytes over a bad line.
const CALL: Duration = Duration::from_mins(1);
