//! The transports over real sockets, with services that do what each test needs.

mod grpc;
mod limits;
mod websocket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, Request, StatusCode};
use bytes::{BufMut as _, Bytes, BytesMut};
use data_encoding::BASE64;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use sotto_proto::frame::{AccessToken as Token, CallId, Close, Frame, Hello, SUBPROTOCOL};
use sotto_proto::wire::{self, CloseReason, ErrorCode, ErrorDetail};
use sotto_proto::{Method, SessionId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::front::Calls;
use super::stop::Stopper;
use super::{Front, Settings, accept, stopper};
use crate::clock::SystemClock;
use crate::metrics::Metrics;
use crate::services::{AccessToken, Answer, Caller, Failure};

const ECHO: Method = Method::ConversationAppend;
const OPEN_ECHO: Method = Method::AuthGetServerInfo;
const STREAM: Method = Method::StreamSubscribe;
const COUNT: Method = Method::FileDownloadFile;
const NEVER: Method = Method::ConversationReadRange;
const PANIC: Method = Method::FileDeleteFile;
const GATED: Method = Method::ConversationCommit;

/// Answers with what it was sent, or as the method's name here says.
#[derive(Default)]
struct Double {
    session_ended: AtomicBool,
    gate: tokio::sync::Notify,
    passed_gate: AtomicUsize,
}

impl Calls for Double {
    fn call(self: Arc<Self>, method: Method, _: Caller, body: Bytes) -> BoxFuture<'static, Result<Answer, Failure>> {
        async move {
            match method {
                ECHO | OPEN_ECHO => Ok(Answer::Reply(body)),
                STREAM => Ok(Answer::Items(stream::iter([Ok(body)]).chain(stream::pending()).boxed())),
                COUNT => {
                    let numbers = (0..3_u8).map(|number| Ok(Bytes::from(vec![number; 100_000])));
                    let end = [Err(ErrorCode::NotFound.into())];
                    Ok(Answer::Items(stream::iter(numbers.chain(end)).boxed()))
                }
                NEVER => std::future::pending().await,
                GATED => {
                    self.gate.notified().await;
                    self.passed_gate.fetch_add(1, Ordering::SeqCst);
                    Ok(Answer::Reply(Bytes::from_static(b"passed")))
                }
                PANIC => panic!("a bug"),
                _ => Err(ErrorDetail::retry_after(ErrorCode::RateLimited, 1_500).into()),
            }
        }
        .boxed()
    }

    fn verify_token(&self, token: &str) -> Result<AccessToken, Failure> {
        match token {
            "good" => Ok(AccessToken {
                session: SessionId::from_bytes([1; 16]),
                expires_at: crate::clock::Clock::now(&SystemClock).plus(Duration::from_mins(15)),
            }),
            _ => Err(ErrorCode::Unauthenticated.into()),
        }
    }

    fn session_alive(self: Arc<Self>, _: AccessToken) -> BoxFuture<'static, Result<(), Failure>> {
        let ended = self.session_ended.load(Ordering::SeqCst);
        async move { if ended { Err(ErrorCode::SessionEnded.into()) } else { Ok(()) } }.boxed()
    }

    fn ready(self: Arc<Self>) -> BoxFuture<'static, bool> {
        async { true }.boxed()
    }
}

struct Server {
    address: SocketAddr,
    double: Arc<Double>,
    metrics: Arc<Metrics>,
    stopper: Stopper,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings =
            Settings { connections: 100, connections_per_address: 100, proxies: Vec::new(), origins: Vec::new() };
        change(&mut settings);
        let double = Arc::new(Double::default());
        let metrics = Arc::new(Metrics::new());
        let (stopper, stop) = stopper();
        let front = Front::new(double.clone(), Arc::new(SystemClock), metrics.clone(), settings, stop);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, None, Arc::new(front)));
        Self { address, double, metrics, stopper }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends text as it is, and reads until the server closes.
    async fn raw(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn frames(&self) -> Frames {
        let mut frames = Frames(self.websocket().await);
        frames.say(Frame::Hello(Hello { versions: 1..=1, program: "test".to_owned() })).await;
        assert!(matches!(frames.hear().await, Frame::Accept(_)));
        frames
    }

    async fn authenticated(&self) -> Frames {
        let mut frames = self.frames().await;
        frames.say(Frame::Authenticate(Token::parse("token", "good".to_owned()).unwrap())).await;
        assert!(matches!(frames.hear().await, Frame::Authenticated(Ok(_))));
        frames
    }

    async fn websocket(&self) -> WebSocketStream<TcpStream> {
        let mut stream = self.connect().await;
        stream.write_all(upgrade_request("").as_bytes()).await.unwrap();
        let head = within(read_head(&mut stream)).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        WebSocketStream::from_raw_socket(stream, Role::Client, None).await
    }

    async fn grpc(&self, method: &str, headers: &[(&str, &str)], message: Bytes) -> Reply {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(self.connect().await))
                .await
                .unwrap();
        tokio::spawn(connection);
        let mut request = Request::post(format!("http://{}/{method}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = within(sender.send_request(request.body(Full::new(message)).unwrap())).await.unwrap();
        Reply::read(response).await
    }

    async fn grpc_call(&self, method: Method, message: &[u8]) -> Reply {
        let headers = [("content-type", "application/grpc"), ("authorization", "Bearer good")];
        self.grpc(method.path(), &headers, framed(message)).await
    }
}

struct Frames(WebSocketStream<TcpStream>);

impl Frames {
    async fn say(&mut self, frame: Frame) {
        self.0.send(Message::Binary(frame.encode())).await.unwrap();
    }

    async fn call(&mut self, id: u64, method: Method, body: &[u8]) {
        let (method, body) = (method.path().to_owned(), Bytes::copy_from_slice(body));
        let request = wire::Request { call_id: id, method, body, ..Default::default() };
        let kind = Some(wire::frame::Kind::Request(request));
        self.0.send(Message::Binary(wire::Frame { kind }.encode_to_vec().into())).await.unwrap();
    }

    async fn hear(&mut self) -> Frame {
        match within(self.0.next()).await {
            Some(Ok(Message::Binary(bytes))) => Frame::decode(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The frame that closes, and the status of the transport.
    async fn hear_close(&mut self) -> (Close, u16) {
        let Frame::Close(close) = self.hear().await else { panic!() };
        match within(self.0.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => (close, frame.code.into()),
            other => panic!("{other:?}"),
        }
    }
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

impl Reply {
    async fn read(response: axum::http::Response<hyper::body::Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let collected = within(body.collect()).await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        Self { status: head.status, headers: head.headers, body: collected.to_bytes(), trailers }
    }

    /// The code in the trailers, wherever they are.
    fn code(&self) -> Option<ErrorCode> {
        let trailers = if self.headers.contains_key("grpc-status") { &self.headers } else { &self.trailers };
        detail(trailers).map(|detail| ErrorCode::of(&detail))
    }
}

/// The detail of a status in headers; none if all is well.
fn detail(headers: &HeaderMap) -> Option<ErrorDetail> {
    if headers.get("grpc-status").unwrap() == "0" {
        return None;
    }
    let details = headers.get("grpc-status-details-bin").unwrap();
    let details =
        data_encoding::BASE64_NOPAD.decode(details.to_str().unwrap().trim_end_matches('=').as_bytes()).unwrap();
    let marker = b"type.googleapis.com/sotto.v1.ErrorDetail";
    let at = details.windows(marker.len()).position(|window| window == marker).unwrap() + marker.len();
    Some(ErrorDetail::decode(&details[at + 2..]).unwrap())
}

fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap());
    framed.put_slice(message);
    framed.freeze()
}

fn upgrade_request(more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nhost: sotto\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: other, {SUBPROTOCOL}\r\n{more}\r\n"
    )
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Generous: a machine that builds other things meanwhile is slow.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("it takes too long")
}

fn call(id: u64) -> CallId {
    CallId::new(id).unwrap()
}
