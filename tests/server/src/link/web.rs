//! gRPC-Web over HTTP/1.1, as a browser would speak it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sotto_proto::Method;
use sotto_proto::wire::ErrorCode;

use super::status::outcome;
use super::{RawItems, Refused, Token};

#[derive(Clone)]
pub(super) struct Web {
    client: Client<HttpConnector, Full<Bytes>>,
    server: SocketAddr,
    pub(super) token: Token,
}

impl Web {
    pub(super) fn new(server: SocketAddr) -> Self {
        // A connection that rests is given up before the server does it, which might be just when it is used again.
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(REST).build_http();
        Self { client, server, token: Token::default() }
    }

    pub(super) async fn call(&self, method: Method, request: Bytes) -> Result<Bytes, Refused> {
        let mut items = self.stream(method, request).await;
        let reply = items.next().await.unwrap_or(Err(unexpected()))?;
        match items.next().await {
            None => Ok(reply),
            Some(Ok(_)) => Err(unexpected()),
            Some(Err(refused)) => Err(refused),
        }
    }

    pub(super) async fn stream(&self, method: Method, request: Bytes) -> RawItems {
        match self.begin(method, request).await {
            Ok(reading) => stream::unfold(Some(reading), next_item).boxed(),
            Err(refused) => stream::iter([Err(refused)]).boxed(),
        }
    }

    async fn begin(&self, method: Method, message: Bytes) -> Result<Reading, Refused> {
        let mut body = BytesMut::with_capacity(PREFIX + message.len());
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len()).expect("a request fits"));
        body.put(message);
        let mut request = Request::post(format!("http://{}/{}", self.server, method.path()))
            .header("content-type", "application/grpc-web+proto")
            .header("x-grpc-web", "1");
        if let Some(token) = self.token.header() {
            request = request.header("authorization", token);
        }
        let request = request.body(Full::new(body.freeze())).map_err(|_| unexpected())?;
        let response = self.client.request(request).await.map_err(|_| Refused::broken())?;
        Reading::begin(response)
    }
}

/// A response that is being read.
struct Reading {
    body: Incoming,
    buffer: BytesMut,
}

impl Reading {
    /// A call that failed at once may say so in the headers.
    fn begin(response: Response<Incoming>) -> Result<Self, Refused> {
        if response.status() != StatusCode::OK {
            return Err(unexpected());
        }
        if let Some(Err(refused)) = outcome(|name| response.headers().get(name)?.to_str().ok()) {
            return Err(refused);
        }
        Ok(Self { body: response.into_body(), buffer: BytesMut::new() })
    }

    /// The next message, or how the call ended.
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        loop {
            if let Some((flags, content)) = self.take_frame() {
                if flags & TRAILERS == 0 {
                    return Ok(Some(content));
                }
                let text = String::from_utf8_lossy(&content);
                return outcome(|name| trailer(&text, name)).unwrap_or(Err(unexpected())).map(|()| None);
            }
            let frame = self.body.frame().await.ok_or_else(Refused::broken)?.map_err(|_| Refused::broken())?;
            if let Ok(data) = frame.into_data() {
                self.buffer.put(data);
            }
        }
    }

    fn take_frame(&mut self) -> Option<(u8, Bytes)> {
        let prefix: [u8; PREFIX] = self.buffer.get(..PREFIX)?.try_into().ok()?;
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        let length = usize::try_from(length).ok()?;
        if self.buffer.len() < PREFIX + length {
            return None;
        }
        self.buffer.advance(PREFIX);
        Some((prefix[0], self.buffer.split_to(length).freeze()))
    }
}

async fn next_item(reading: Option<Reading>) -> Option<(Result<Bytes, Refused>, Option<Reading>)> {
    let mut reading = reading?;
    match reading.next().await {
        Ok(Some(message)) => Some((Ok(message), Some(reading))),
        Ok(None) => None,
        Err(refused) => Some((Err(refused), None)),
    }
}

fn trailer<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// What no server of ours answers.
fn unexpected() -> Refused {
    Refused::with(ErrorCode::Internal)
}

/// The server lets a connection rest for 75 s.
const REST: Duration = Duration::from_mins(1);
/// Flags, and the length of what follows.
const PREFIX: usize = 5;
const TRAILERS: u8 = 0x80;
