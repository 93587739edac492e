//! The transports over real sockets, with services that do what each test needs.

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

mod websocket {
    use super::*;

    #[tokio::test]
    async fn calls_and_streams_share_a_connection() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        client.call(1, STREAM, b"live").await;
        client.call(3, ECHO, b"hello").await;
        let (mut item, mut reply) = (None, None);
        for _ in 0..2 {
            match client.hear().await {
                Frame::Item { call, message } => item = Some((call, message.into_body())),
                Frame::Reply { call, message } => reply = Some((call, message.into_body())),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(item, Some((call(1), Bytes::from_static(b"live"))));
        assert_eq!(reply, Some((call(3), Bytes::from_static(b"hello"))));
        let text = server.metrics.text();
        assert!(text.contains("sotto_connections{kind=\"WebSocket\"} 1\n"), "{text}");
        assert!(text.contains("sotto_streams{method=\"sotto.v1.StreamService/Subscribe\"} 1\n"), "{text}");
    }

    #[tokio::test]
    async fn many_calls_at_once_are_all_answered() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        for round in 0..20_u64 {
            for index in 0..64 {
                client.call(2 * (round * 64 + index) + 1, ECHO, &[7; 300]).await;
            }
            for _ in 0..64 {
                assert!(matches!(client.hear().await, Frame::Reply { .. }));
            }
        }
    }

    #[tokio::test]
    async fn large_items_come_in_pieces_and_a_stream_may_fail() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        client.call(1, COUNT, b"").await;
        let mut bytes = 0;
        let failure = loop {
            match client.hear().await {
                Frame::Item { message, .. } => bytes += message.into_body().len(),
                Frame::More { body, .. } => bytes += body.into_bytes().len(),
                other => break other,
            }
        };
        assert_eq!(bytes, 300_000);
        assert_eq!(failure, Frame::Failure { call: call(1), error: ErrorCode::NotFound.detail() });
    }

    #[tokio::test]
    async fn a_bug_in_a_call_ends_that_call_and_nothing_else() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        client.call(1, PANIC, b"").await;
        let Frame::Failure { error, .. } = client.hear().await else { panic!() };
        assert_eq!((ErrorCode::of(&error), error.incident_id.len()), (ErrorCode::Internal, 16));
        client.call(3, ECHO, b"").await;
        assert!(matches!(client.hear().await, Frame::Reply { .. }));
    }

    #[tokio::test]
    async fn a_call_whose_client_is_gone_comes_to_its_end() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        client.call(1, GATED, b"").await;
        client.call(3, ECHO, b"").await;
        assert!(matches!(client.hear().await, Frame::Reply { .. }));
        drop(client);
        while !server.metrics.text().contains("sotto_connections{kind=\"WebSocket\"} 0\n") {
            tokio::task::yield_now().await;
        }
        server.double.gate.notify_one();
        within(async {
            while server.double.passed_gate.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    #[tokio::test]
    async fn n8_a_session_that_ended_closes_its_connections() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        server.double.session_ended.store(true, Ordering::SeqCst);
        let (close, status) = client.hear_close().await;
        assert_eq!((close.reason, status), (CloseReason::SessionEnded, 4004));
    }

    #[tokio::test]
    async fn text_and_giants_break_the_protocol() {
        let server = Server::start().await;
        let mut client = server.frames().await;
        client.0.send(Message::text("hello")).await.unwrap();
        let (close, status) = client.hear_close().await;
        assert_eq!((close.reason, status), (CloseReason::ProtocolError, 4001));

        let mut client = server.frames().await;
        client.0.send(Message::binary(vec![0; 66_561])).await.unwrap();
        let (close, status) = client.hear_close().await;
        assert_eq!((close.reason, status), (CloseReason::TooLarge, 4002));
    }

    #[tokio::test]
    async fn a_shutdown_finishes_what_is_under_way_and_says_when_to_come_back() {
        let server = Server::start().await;
        let mut client = server.authenticated().await;
        client.call(1, GATED, b"").await;
        client.call(3, STREAM, b"").await;
        assert!(matches!(client.hear().await, Frame::Item { .. }));
        server.stopper.ask();
        server.double.gate.notify_one();
        assert!(matches!(client.hear().await, Frame::Reply { .. }));
        let (close, status) = client.hear_close().await;
        assert_eq!((close.reason, status, close.last_call), (CloseReason::GoingAway, 4005, Some(call(3))));
        assert!((500..=5_000).contains(&close.retry_after_ms));
        drop(client);
        within(server.stopper.all_stopped()).await;
    }

    #[tokio::test]
    async fn n3_a_handshake_that_is_none_is_refused() {
        let server = Server::start().await;
        let refused = async |request: String| {
            let answer = server.raw(&request.replace("keep-alive, Upgrade", "Upgrade, close")).await;
            answer.split(' ').nth(1).unwrap().to_owned()
        };
        let good = upgrade_request("");
        assert_eq!(refused(upgrade_request("origin: https://evil.example\r\n")).await, "403");
        assert_eq!(refused(good.replace(SUBPROTOCOL, "sotto.frames.v9")).await, "400");
        assert_eq!(refused(good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")).await, "400");
        assert_eq!(refused(good.replace("version: 13", "version: 8")).await, "426");
        assert_eq!(
            server.raw("GET /ws HTTP/1.1\r\nhost: sotto\r\nconnection: close\r\n\r\n").await.split(' ').nth(1),
            Some("426")
        );
    }
}

mod grpc {
    use super::*;

    #[tokio::test]
    async fn a_call_is_answered_with_a_message_and_a_status() {
        let server = Server::start().await;
        let reply = server.grpc_call(ECHO, b"hello").await;
        assert_eq!((reply.status, &reply.body), (StatusCode::OK, &framed(b"hello")));
        assert_eq!(reply.headers["content-type"], "application/grpc");
        assert_eq!(reply.trailers["grpc-status"], "0");
    }

    #[tokio::test]
    async fn a_failure_carries_its_detail() {
        let server = Server::start().await;
        let reply = server.grpc_call(Method::AuthLogout, b"").await;
        assert_eq!(reply.headers["grpc-status"], "8");
        let told = detail(&reply.headers).unwrap();
        assert_eq!(told, ErrorDetail::retry_after(ErrorCode::RateLimited, 1_500));
    }

    #[tokio::test]
    async fn a_stream_gives_its_items_and_then_its_status() {
        let server = Server::start().await;
        let reply = server.grpc_call(COUNT, b"").await;
        assert_eq!(reply.body.len(), 3 * 100_005);
        assert_eq!(reply.code(), Some(ErrorCode::NotFound));
    }

    #[tokio::test]
    async fn who_calls_without_a_good_token_is_told_so() {
        let server = Server::start().await;
        let grpc = ("content-type", "application/grpc");
        for headers in [&[grpc][..], &[grpc, ("authorization", "Bearer bad")], &[grpc, ("authorization", "Basic good")]]
        {
            let reply = server.grpc(ECHO.path(), headers, framed(b"")).await;
            assert_eq!(reply.code(), Some(ErrorCode::Unauthenticated), "{headers:?}");
            assert_eq!(reply.headers["grpc-status"], "16");
        }
        let open = server.grpc(OPEN_ECHO.path(), &[grpc, ("authorization", "Bearer bad")], framed(b"")).await;
        assert_eq!(open.code(), None, "no token is looked at");
    }

    #[tokio::test]
    async fn what_is_unknown_too_large_or_too_late_fails() {
        let server = Server::start().await;
        let headers = [("content-type", "application/grpc"), ("authorization", "Bearer good")];
        let unknown = server.grpc("sotto.v1.AuthService/Nothing", &headers, framed(b"")).await;
        assert_eq!(unknown.code(), Some(ErrorCode::UnknownMethod));
        assert_eq!(unknown.headers["grpc-status"], "12");
        let large = server.grpc(ECHO.path(), &headers, Bytes::from_static(b"\0\xff\xff\xff\xff")).await;
        assert_eq!(large.code(), Some(ErrorCode::TooLarge));
        let late = [headers[0], headers[1], ("grpc-timeout", "10m")];
        assert_eq!(server.grpc(NEVER.path(), &late, framed(b"")).await.code(), Some(ErrorCode::DeadlineExceeded));
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_session() {
        let server = Server::start().await;
        server.double.session_ended.store(true, Ordering::SeqCst);
        let reply = server.grpc_call(STREAM, b"first").await;
        assert_eq!(reply.body, framed(b"first"));
        assert_eq!(reply.code(), Some(ErrorCode::SessionEnded));
    }

    #[tokio::test]
    async fn browsers_get_their_trailers_in_the_body() {
        let server = Server::start().await;
        let web = [("content-type", "application/grpc-web+proto"), ("authorization", "Bearer good")];
        let reply = server.grpc(ECHO.path(), &web, framed(b"hello")).await;
        let trailers = b"grpc-status: 0\r\n";
        let mut expected = BytesMut::from(&framed(b"hello")[..]);
        expected.put_u8(0x80);
        expected.put_u32(u32::try_from(trailers.len()).unwrap());
        expected.put_slice(trailers);
        assert_eq!(reply.body, expected.freeze());
        assert_eq!(reply.headers["content-type"], "application/grpc-web+proto");

        let text = [("content-type", "application/grpc-web-text"), ("authorization", "Bearer good")];
        let encoded = BASE64.encode(&framed(b"hello"));
        let reply = server.grpc(ECHO.path(), &text, encoded.clone().into()).await;
        assert!(reply.body.starts_with(encoded.as_bytes()));
    }

    /// A browser sends its next call on the same connection.
    #[tokio::test]
    async fn a_connection_goes_on_after_a_request_that_was_answered_early() {
        let server = Server::start().await;
        let stream = TokioIo::new(server.connect().await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut call = async |token: &str, message: Bytes| {
            let request = Request::post(format!("/{}", ECHO.path()))
                .header("content-type", "application/grpc-web+proto")
                .header("authorization", format!("Bearer {token}"));
            sender.ready().await.unwrap();
            let response = within(sender.send_request(request.body(Full::new(message)).unwrap())).await.unwrap();
            Reply::read(response).await
        };
        let large = framed(&vec![0; ECHO.request_max() + 1]);
        assert_eq!(call("good", large).await.code(), Some(ErrorCode::TooLarge));
        assert_eq!(call("bad", framed(&vec![0; 200_000])).await.code(), Some(ErrorCode::Unauthenticated));
        assert!(call("good", framed(b"hello")).await.body.starts_with(&framed(b"hello")));
    }

    #[tokio::test]
    async fn n3_a_foreign_page_may_not_call_and_a_named_one_may() {
        let server = Server::start_with(|settings| settings.origins = vec!["https://chat.example".to_owned()]).await;
        let ask = async |origin: &str, method: &str, kind: &str| {
            server
                .raw(&format!(
                    "{method} /{} HTTP/1.1\r\nhost: sotto.example\r\norigin: {origin}\r\nconnection: close\r\n{kind}\
                     content-length: 5\r\n\r\n\0\0\0\0\0",
                    OPEN_ECHO.path()
                ))
                .await
        };
        let web = "content-type: application/grpc-web+proto\r\n";
        assert!(ask("https://evil.example", "POST", web).await.starts_with("HTTP/1.1 403"));
        assert!(ask("https://evil.example", "OPTIONS", "").await.starts_with("HTTP/1.1 403"));
        let own = ask("https://sotto.example", "POST", web).await;
        assert!(own.starts_with("HTTP/1.1 200") && !own.contains("access-control"), "{own}");
        for answer in [ask("https://chat.example", "POST", web).await, ask("https://chat.example", "OPTIONS", "").await]
        {
            assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
            assert!(answer.contains("access-control-allow-origin: https://chat.example\r\n"), "{answer}");
        }
    }

    #[tokio::test]
    async fn n3_over_http2_our_own_page_is_known_too() {
        let server = Server::start().await;
        let own = format!("http://{}", server.address);
        for (origin, status) in [(own.as_str(), 200), ("https://evil.example", 403)] {
            let headers = [("content-type", "application/grpc-web+proto"), ("origin", origin)];
            let reply = server.grpc(OPEN_ECHO.path(), &headers, framed(b"")).await;
            assert_eq!(reply.status, status, "{origin}");
        }
    }

    #[tokio::test]
    async fn health_is_told() {
        let server = Server::start().await;
        let grpc = [("content-type", "application/grpc")];
        let healthy = server.grpc("grpc.health.v1.Health/Check", &grpc, framed(b"")).await;
        assert_eq!(healthy.body, framed(b"\x08\x01"));
        let about = server.grpc("grpc.health.v1.Health/Check", &grpc, framed(b"\x0a\x05other")).await;
        assert_eq!(about.headers["grpc-status"], "5");
    }
}

mod limits {
    use super::*;

    #[tokio::test]
    async fn a9_connections_beyond_the_limit_are_not_taken() {
        let server = Server::start_with(|settings| settings.connections = 1).await;
        let client = server.frames().await;
        let mut second = server.connect().await;
        assert_eq!(within(second.read(&mut [0; 1])).await.unwrap_or(0), 0);
        drop(client);
        within(async {
            while !server.raw("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.contains("200 OK")
            {
            }
        })
        .await;
        assert!(server.metrics.text().contains("sotto_connections_refused_total{reason=\"Full\"}"));
    }

    #[tokio::test(start_paused = true)]
    async fn a9_who_says_nothing_or_only_half_is_cut_off() {
        let server = Server::start().await;
        for part in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: sotto\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            let mut stream = server.connect().await;
            stream.write_all(part.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            // The server's own patience is what ends this.
            let _ = stream.read_to_end(&mut rest).await;
        }
    }

    #[tokio::test]
    async fn a11_a_giant_head_is_refused() {
        let server = Server::start().await;
        let giant = format!("GET / HTTP/1.1\r\nhost: sotto\r\nx: {}\r\n\r\n", "a".repeat(200_000));
        let answer = server.raw(&giant).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
        let many = format!("GET / HTTP/1.1\r\nhost: sotto\r\n{}\r\n", "a: b\r\n".repeat(200));
        assert!(server.raw(&many).await.starts_with("HTTP/1.1 431"));
    }
}
