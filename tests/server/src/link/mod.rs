//! A client's connection to the server: the same calls over each of the transports.

mod frames;
mod grpc;
mod recording;
mod status;
mod web;

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use sotto_proto::frame::Close;
use sotto_proto::limits::MESSAGE_MAX;
use sotto_proto::wire::{ErrorCode, ErrorDetail};
use sotto_proto::{Call, Method, Wire, decode};

/// How calls travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web over HTTP/1.1.
    GrpcWeb,
    /// Frames over WebSocket.
    Frames,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grpc, Self::GrpcWeb, Self::Frames];
}

/// A call that failed: the server said why, or the connection broke, which counts as unavailable.
#[derive(Clone, PartialEq, thiserror::Error)]
#[error("the call failed: {}", self.code().as_str_name())]
pub struct Refused(Box<ErrorDetail>);

impl Refused {
    /// Why.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::of(&self.0)
    }

    /// All that the server said.
    pub fn detail(&self) -> &ErrorDetail {
        &self.0
    }

    fn with(code: ErrorCode) -> Self {
        Self::from(code.detail())
    }

    fn broken() -> Self {
        Self::with(ErrorCode::Unavailable)
    }
}

impl From<ErrorDetail> for Refused {
    fn from(detail: ErrorDetail) -> Self {
        Self(Box::new(detail))
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a call failed, out of what a person's verb came back with.
pub fn code_of(error: &anyhow::Error) -> Option<ErrorCode> {
    error.downcast_ref::<Refused>().map(Refused::code)
}

pub use recording::{Message, Recording};

/// Encoded messages of a stream.
pub type RawItems = BoxStream<'static, Result<Bytes, Refused>>;

/// A connection. Clones share it.
#[derive(Clone)]
pub struct Link {
    way: Way,
    recording: Option<Recording>,
}

#[derive(Clone)]
enum Way {
    Grpc(grpc::Grpc),
    Web(web::Web),
    Frames(frames::Frames),
}

impl Link {
    /// Connects.
    pub async fn open(transport: Transport, server: SocketAddr) -> Result<Self> {
        let way = match transport {
            Transport::Grpc => Way::Grpc(grpc::Grpc::connect(server).await?),
            Transport::GrpcWeb => Way::Web(web::Web::new(server)),
            Transport::Frames => Way::Frames(frames::Frames::connect(server).await?),
        };
        Ok(Self { way, recording: None })
    }

    /// The same connection, on which everything is written down from now on.
    #[must_use]
    pub fn recorded(self, recording: Option<Recording>) -> Self {
        Self { recording, ..self }
    }

    /// Shows an access token, for the calls from now on.
    pub async fn authenticate(&self, token: &str) -> Result<(), Refused> {
        match &self.way {
            Way::Grpc(grpc) => grpc.token.set(token),
            Way::Web(web) => web.token.set(token),
            Way::Frames(frames) => return frames.authenticate(token).await,
        }
        Ok(())
    }

    /// Makes a call of one reply.
    pub async fn call<R: Call>(&self, request: R) -> Result<R::Response, Refused> {
        parse(self.call_raw(R::METHOD, prost::Message::encode_to_vec(&request).into()).await?)
    }

    /// Makes a call that answers with a stream.
    pub async fn stream<R: Call>(&self, request: R) -> Items<R::Response> {
        let raw = self.stream_raw(R::METHOD, prost::Message::encode_to_vec(&request).into()).await;
        Items(raw.map(|item| item.and_then(parse)).boxed())
    }

    /// Sends bytes as the request of a method that has one reply.
    pub async fn call_raw(&self, method: Method, request: Bytes) -> Result<Bytes, Refused> {
        self.record(|| Message::Request(method, request.clone()));
        let reply = match &self.way {
            Way::Grpc(grpc) => grpc.call(method, request).await,
            Way::Web(web) => web.call(method, request).await,
            Way::Frames(frames) => frames.call(method, request).await,
        }?;
        self.record(|| Message::Reply(method, reply.clone()));
        Ok(reply)
    }

    /// Sends bytes as the request of a method that answers with a stream.
    pub async fn stream_raw(&self, method: Method, request: Bytes) -> RawItems {
        self.record(|| Message::Request(method, request.clone()));
        let items = match &self.way {
            Way::Grpc(grpc) => grpc.stream(method, request).await,
            Way::Web(web) => web.stream(method, request).await,
            Way::Frames(frames) => frames.stream(method, request).await,
        };
        let recording = self.recording.clone();
        let record = move |item: &Result<Bytes, Refused>| {
            if let (Some(recording), Ok(item)) = (&recording, item) {
                recording.add(Message::Reply(method, item.clone()));
            }
        };
        items.inspect(record).boxed()
    }

    /// Waits until the server closes the connection; gives what it said. Only frames have a connection that says so.
    pub async fn closed(&self) -> Option<Close> {
        match &self.way {
            Way::Frames(frames) => frames.closed().await,
            Way::Grpc(_) | Way::Web(_) => std::future::pending().await,
        }
    }

    fn record(&self, message: impl FnOnce() -> Message) {
        if let Some(recording) = &self.recording {
            recording.add(message());
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.way {
            Way::Grpc(_) => "Link(gRPC)",
            Way::Web(_) => "Link(gRPC-Web)",
            Way::Frames(_) => "Link(frames)",
        })
    }
}

/// The messages of a stream.
pub struct Items<M>(BoxStream<'static, Result<M, Refused>>);

impl<M> Stream for Items<M> {
    type Item = Result<M, Refused>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<M> fmt::Debug for Items<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items(..)")
    }
}

fn parse<M: Wire>(bytes: Bytes) -> Result<M, Refused> {
    decode(bytes, MESSAGE_MAX).map_err(|error| ErrorDetail::from(&error).into())
}

/// The token that each request carries, where there is no connection that carries it.
#[derive(Clone, Default)]
struct Token(std::sync::Arc<std::sync::Mutex<Option<String>>>);

impl Token {
    fn set(&self, token: &str) {
        *self.lock() = Some(format!("Bearer {token}"));
    }

    fn header(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
