//! Frames over WebSocket: the handshake, and one task for each connection that carries what [`Connection`] decides.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use sotto_proto::frame::{CallId, SUBPROTOCOL};
use sotto_proto::limits::FRAME_MAX;
use sotto_proto::wire::CloseReason;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::frames::{Connection, Effect};
use super::front::Front;
use super::origin;
use super::peer::Peer;
use super::stop::Stop;
use crate::metrics;
use crate::services::{AccessToken, Answer, Caller, Failure, Items};

/// Answers the opening handshake (RFC 6455 §4.2) and hands the connection over.
pub(super) fn upgrade(front: &Arc<Front>, peer: Peer, mut request: Request<Body>) -> Response {
    let headers = request.headers();
    if !origin::is_allowed(headers, &front.settings.origins) {
        return (StatusCode::FORBIDDEN, "This page may not connect here.\n").into_response();
    }
    let accept = match handshake(request.method(), headers) {
        Ok(accept) => accept,
        Err(refusal) => return *refusal,
    };
    let address = peer.address(headers);
    let upgraded = hyper::upgrade::on(&mut request);
    let front = front.clone();
    // The connection is counted and waited for as long as it lives, upgraded or not.
    let stop = front.stop.clone();
    tokio::spawn(async move {
        // A client that hangs up at once is no concern of ours.
        if let Ok(upgraded) = upgraded.await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config())).await;
            let _counted = front.metrics.connection(metrics::Connection::WebSocket);
            Task::new(socket, front, address, stop).run().await;
        }
        drop(peer);
    });
    let switch = [
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (SEC_WEBSOCKET_ACCEPT, accept),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, switch).into_response()
}

/// What proves that the request was understood, or the answer to one that was not.
fn handshake(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, Box<Response>> {
    let refuse = |status: StatusCode, why: &'static str| Box::new((status, why).into_response());
    let asks = |name: HeaderName, word: &str| tokens(headers, &name).any(|token| token.eq_ignore_ascii_case(word));
    if method != Method::GET || !asks(CONNECTION, "upgrade") || !asks(UPGRADE, "websocket") {
        let ask = [(UPGRADE, "websocket"), (CONNECTION, "upgrade")];
        return Err(Box::new((StatusCode::UPGRADE_REQUIRED, ask, "Frames travel over WebSocket.\n").into_response()));
    }
    if !asks(SEC_WEBSOCKET_VERSION, "13") {
        let ask = [(SEC_WEBSOCKET_VERSION, "13")];
        let why = "Version 13 of WebSocket is spoken here.\n";
        return Err(Box::new((StatusCode::UPGRADE_REQUIRED, ask, why).into_response()));
    }
    if !tokens(headers, &SEC_WEBSOCKET_PROTOCOL).any(|token| token == SUBPROTOCOL) {
        return Err(refuse(StatusCode::BAD_REQUEST, "The subprotocol spoken here is sotto.frames.v1.\n"));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if BASE64.decode(key).ok().is_none_or(|nonce| nonce.len() != 16) {
        return Err(refuse(StatusCode::BAD_REQUEST, "The handshake has no valid key.\n"));
    }
    let digest = Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize();
    Ok(HeaderValue::try_from(BASE64.encode(&digest)).expect("Base64 is a header value"))
}

/// The members of a header that is a list.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Small buffers: a connection that rests should cost little. No extension is ever agreed on, so nothing is compressed.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + 2 * FRAME_MAX)
        .max_message_size(Some(FRAME_MAX))
        .max_frame_size(Some(FRAME_MAX))
}

/// A connection at work. Calls run within its task: most are answered within microseconds, and one wake-up writes all of them at once.
struct Task<S> {
    socket: WebSocketStream<S>,
    connection: Connection,
    front: Arc<Front>,
    caller: Caller,
    replies: FuturesUnordered<BoxFuture<'static, (CallId, Result<Answer, Failure>)>>,
    streams: BTreeMap<CallId, Items>,
    check: Option<BoxFuture<'static, Result<(), Failure>>>,
    timer: Pin<Box<Sleep>>,
    stop: Option<BoxFuture<'static, ()>>,
    read_ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Task<S> {
    fn new(socket: WebSocketStream<S>, front: Arc<Front>, address: std::net::IpAddr, mut stop: Stop) -> Self {
        let connection = Connection::new(std::time::Instant::now());
        let timer = Box::pin(tokio::time::sleep_until(connection.due().into()));
        Self {
            socket,
            connection,
            front,
            caller: Caller { address, token: None },
            replies: FuturesUnordered::new(),
            streams: BTreeMap::new(),
            check: None,
            timer,
            stop: Some(async move { stop.asked().await }.boxed()),
            read_ended: false,
        }
    }

    async fn run(mut self) {
        let reason = std::future::poll_fn(|cx| self.poll(cx)).await;
        self.streams.clear();
        if !self.replies.is_empty() {
            // What has begun is finished, so that no effect is left half told to others.
            let replies = std::mem::take(&mut self.replies);
            tokio::spawn(replies.for_each(|_| std::future::ready(())));
        }
        if let Some(reason) = reason {
            let _ = tokio::time::timeout(LINGER, self.say_goodbye(reason)).await;
        }
    }

    /// Closes, and reads until the client has too: a reset could overtake our last frame.
    async fn say_goodbye(&mut self, reason: CloseReason) {
        let frame = CloseFrame { code: CloseCode::from(reason.websocket_status()), reason: "".into() };
        if self.socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }

    /// Gives the reason to close with, or none if the transport is gone.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<CloseReason>> {
        for _ in 0..ROUNDS {
            let now = Instant::now().into_std();
            let mut moved = self.drive_time(cx, now);
            moved |= self.drive_calls(cx);
            moved |= self.drive_streams(cx);
            moved |= self.drive_effects(now);
            match self.drive_writing(cx) {
                Ok(wrote) => moved |= wrote,
                Err(_) => return Poll::Ready(None),
            }
            moved |= self.drive_reading(cx, now);
            if !moved {
                return self.rest(cx);
            }
        }
        // Others want their turn; what there is to write leaves meanwhile.
        cx.waker().wake_by_ref();
        match self.socket.poll_flush_unpin(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// Nothing can be done but to wait, or to leave.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<CloseReason>> {
        match self.socket.poll_flush_unpin(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Ready(Ok(())) if self.connection.has_frames() => {
                // The socket began to take more between two looks at it.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Ok(())) => match self.connection.closed() {
                Some(reason) => Poll::Ready(Some(reason)),
                None if self.read_ended => Poll::Ready(None),
                None => Poll::Pending,
            },
        }
    }

    fn drive_time(&mut self, cx: &mut Context<'_>, now: std::time::Instant) -> bool {
        if let Some(stop) = &mut self.stop
            && stop.as_mut().poll(cx).is_ready()
        {
            self.stop = None;
            self.connection.drain(now, super::jitter(RETRY_FROM, RETRY_TO));
            return true;
        }
        if let Some(check) = &mut self.check
            && let Poll::Ready(alive) = check.as_mut().poll(cx)
        {
            self.check = None;
            self.connection.session_checked(now, &alive);
            return true;
        }
        let due = self.connection.due().into();
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        let fired = self.timer.as_mut().poll(cx).is_ready() && self.connection.closed().is_none();
        if fired {
            self.connection.tick(Instant::now().into_std());
        }
        fired
    }

    fn drive_calls(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Poll::Ready(Some((call, answer))) = self.replies.poll_next_unpin(cx) {
            moved = true;
            match answer {
                Ok(Answer::Reply(reply)) => self.connection.replied(call, Ok(reply)),
                Err(failure) => self.connection.replied(call, Err(failure)),
                Ok(Answer::Items(items)) => {
                    if self.connection.streaming(call) {
                        self.streams.insert(call, items);
                    }
                }
            }
        }
        moved
    }

    fn drive_streams(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        let connection = &mut self.connection;
        self.streams.retain(|call, items| {
            if !connection.wants_item(*call) {
                return true;
            }
            let Poll::Ready(item) = items.poll_next_unpin(cx) else { return true };
            moved = true;
            match item {
                Some(Ok(message)) => connection.item(*call, message),
                Some(Err(failure)) => connection.ended(*call, Err(failure)),
                None => connection.ended(*call, Ok(())),
            }
            connection.is_open(*call)
        });
        moved
    }

    fn drive_effects(&mut self, now: std::time::Instant) -> bool {
        let mut moved = false;
        while let Some(effect) = self.connection.next_effect() {
            moved = true;
            match effect {
                Effect::Verify(token) => {
                    let verified = self.front.verify_token(token.expose_secret());
                    let verified = verified.map(|token| (token, self.valid_for(&token)));
                    self.connection.verified(now, verified);
                }
                Effect::Call { call, method, token, body } => {
                    let caller = Caller { token, ..self.caller };
                    let answer = self.front.call(method, caller, body);
                    self.replies.push(async move { (call, answer.await) }.boxed());
                }
                Effect::Abandon(call) => drop(self.streams.remove(&call)),
                Effect::CheckSession(token) => self.check = Some(self.front.session_alive(token)),
            }
        }
        moved
    }

    /// Puts frames into the socket's buffer as long as it takes them.
    fn drive_writing(&mut self, cx: &mut Context<'_>) -> Result<bool, SocketError> {
        let mut wrote = false;
        while let Poll::Ready(ready) = self.socket.poll_ready_unpin(cx) {
            ready?;
            let Some(frame) = self.connection.next_frame() else { break };
            self.socket.start_send_unpin(Message::Binary(frame.encode()))?;
            wrote = true;
        }
        Ok(wrote)
    }

    fn drive_reading(&mut self, cx: &mut Context<'_>, now: std::time::Instant) -> bool {
        let mut read = false;
        while self.connection.takes_input() && !self.read_ended {
            let Poll::Ready(message) = self.socket.poll_next_unpin(cx) else { break };
            read = true;
            match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let time = self.front.clock.now();
                    self.connection.receive(now, time, bytes);
                }
                Some(Ok(Message::Text(_))) => self.connection.receive_text(),
                Some(Ok(Message::Ping(_))) => self.connection.receive_ping(now),
                Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(SocketError::Capacity(CapacityError::MessageTooLong { size, .. }))) => {
                    self.connection.receive_giant(size);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => self.read_ended = true,
            }
            // What a frame asks for comes before the next one: a token applies to the requests after it.
            self.drive_effects(now);
        }
        read
    }

    fn valid_for(&self, token: &AccessToken) -> Duration {
        let now = self.front.clock.now();
        Duration::from_millis(token.expires_at.unix_millis().saturating_sub(now.unix_millis()))
    }
}

/// RFC 6455 §1.3.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Allocated for each connection, busy or not.
const READ_BUFFER: usize = 8 * 1024;
/// What is written at once at most.
const WRITE_BUFFER: usize = 64 * 1024;
/// How often a connection goes round before others have their turn.
const ROUNDS: usize = 32;
/// How long the client may take to hear a goodbye.
const LINGER: Duration = Duration::from_secs(5);
/// When clients of a server that shuts down come again, each at its own time.
const RETRY_FROM: Duration = Duration::from_millis(500);
const RETRY_TO: Duration = Duration::from_secs(5);
