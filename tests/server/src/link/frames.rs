//! Frames over WebSocket: the client's side of `docs/PROTOCOL.md` 12.

mod handshake;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use sotto_proto::Method;
use sotto_proto::frame::{self, AccessToken, Assembler, CallId, Close, Frame, Hello, Opening, Request};
use sotto_proto::limits::{CREDIT_DEFAULT, MESSAGE_MAX};
use sotto_proto::wire::{CloseReason, ErrorCode, ErrorDetail};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{RawItems, Refused};

type Socket = WebSocketStream<TcpStream>;

#[derive(Clone)]
pub(super) struct Frames {
    /// The connection ends when the last of these is gone.
    outgoing: UnboundedSender<Frame>,
    calls: Arc<Calls>,
    /// As many as the server takes at once.
    permits: Arc<Semaphore>,
}

impl Frames {
    pub(super) async fn connect(server: SocketAddr) -> Result<Self> {
        let mut socket = handshake::upgrade(server).await?;
        let hello = Hello { versions: frame::VERSION..=frame::VERSION, program: "rig".to_owned() };
        socket.send(Message::Binary(Frame::Hello(hello).encode())).await?;
        let accept = match receive(&mut socket).await {
            Some(Frame::Accept(accept)) => accept,
            other => bail!("the server answers Hello with {other:?}"),
        };
        let (outgoing, queue) = unbounded_channel();
        let calls = Arc::new(Calls::new());
        let (sink, stream) = socket.split();
        tokio::spawn(write(sink, queue));
        tokio::spawn(read(stream, calls.clone(), outgoing.downgrade()));
        let permits = usize::try_from(accept.calls_max).context("a limit fits")?;
        Ok(Self { outgoing, calls, permits: Arc::new(Semaphore::new(permits)) })
    }

    pub(super) async fn authenticate(&self, token: &str) -> Result<(), Refused> {
        let token = AccessToken::parse("token", token.to_owned());
        let token = token.map_err(|invalid| Refused::from(ErrorDetail::from(&invalid)))?;
        let (answer, answered) = oneshot::channel();
        {
            let mut open = self.calls.lock();
            open.authentications.push_back(answer);
            self.send(Frame::Authenticate(token));
        }
        answered.await.unwrap_or(Err(self.calls.ending())).map(drop)
    }

    pub(super) async fn call(&self, method: Method, message: Bytes) -> Result<Bytes, Refused> {
        let _permit = self.permit().await;
        let (reply, replied) = oneshot::channel();
        self.open(method, message, Waiting::Reply(reply))?;
        replied.await.unwrap_or(Err(self.calls.ending()))
    }

    pub(super) async fn stream(&self, method: Method, message: Bytes) -> RawItems {
        let permit = self.permit().await;
        let (items, arriving) = unbounded_channel();
        match self.open(method, message, Waiting::Items(items)) {
            Ok(call) => {
                let outgoing = self.outgoing.clone();
                Streaming { arriving, call, outgoing, calls: self.calls.clone(), taken: 0, over: false, permit }.boxed()
            }
            Err(refused) => futures_util::stream::iter([Err(refused)]).boxed(),
        }
    }

    pub(super) async fn closed(&self) -> Option<Close> {
        let mut ended = self.calls.ended.subscribe();
        let end = *ended.wait_for(Option::is_some).await.ok()?;
        match end? {
            End::Closed(close) => Some(close),
            End::Broken => None,
        }
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        self.permits.clone().acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Numbers go up in the order in which requests are sent, so both happen under one lock.
    fn open(&self, method: Method, message: Bytes, waiting: Waiting) -> Result<CallId, Refused> {
        let mut open = self.calls.lock();
        if self.calls.ended.borrow().is_some() {
            return Err(self.calls.ending());
        }
        let call = open.next;
        open.next = call.next().ok_or_else(Refused::broken)?;
        open.waiting.insert(call, waiting);
        let (opening, rest) = frame::split(message);
        let method = method.path().to_owned();
        self.send(Frame::Request(Request { call, method, deadline_ms: None, credit: None, message: opening }));
        for body in rest {
            self.send(Frame::More { call, body });
        }
        Ok(call)
    }

    /// Nobody takes it when the connection has ended, and then the caller hears of that.
    fn send(&self, frame: Frame) {
        let _ = self.outgoing.send(frame);
    }
}

/// What is under way on the connection.
struct Calls {
    open: Mutex<Open>,
    /// Set when the connection has ended.
    ended: watch::Sender<Option<End>>,
}

struct Open {
    next: CallId,
    waiting: HashMap<CallId, Waiting>,
    authentications: VecDeque<oneshot::Sender<Result<NonZeroU32, Refused>>>,
}

/// How a connection ended.
#[derive(Clone, Copy)]
enum End {
    /// The server closed it and said why.
    Closed(Close),
    /// It broke.
    Broken,
}

enum Waiting {
    Reply(oneshot::Sender<Result<Bytes, Refused>>),
    Items(UnboundedSender<Result<Bytes, Refused>>),
}

impl Waiting {
    fn fail(self, refused: Refused) {
        // Whoever waited may have gone.
        match self {
            Self::Reply(reply) => drop(reply.send(Err(refused))),
            Self::Items(items) => drop(items.send(Err(refused))),
        }
    }
}

impl Calls {
    fn new() -> Self {
        let open = Open { next: CallId::FIRST_OF_CLIENT, waiting: HashMap::new(), authentications: VecDeque::new() };
        Self { open: Mutex::new(open), ended: watch::Sender::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn message(&self, call: CallId, message: Bytes) {
        let mut open = self.lock();
        if let Some(Waiting::Items(items)) = open.waiting.get(&call) {
            // Whoever drops a stream cancels it.
            let _ = items.send(Ok(message));
        } else if let Some(Waiting::Reply(reply)) = open.waiting.remove(&call) {
            let _ = reply.send(Ok(message));
        }
    }

    fn fail(&self, call: CallId, error: ErrorDetail) {
        if let Some(waiting) = self.lock().waiting.remove(&call) {
            waiting.fail(error.into());
        }
    }

    fn end(&self, end: End) {
        let mut open = self.lock();
        self.ended.send_replace(Some(end));
        let refused = self.ending();
        for (_, waiting) in open.waiting.drain() {
            waiting.fail(refused.clone());
        }
        open.authentications.clear();
    }

    /// What calls fail with that the end of the connection caught.
    fn ending(&self) -> Refused {
        match *self.ended.borrow() {
            Some(End::Closed(Close { reason: CloseReason::SessionEnded, .. })) => {
                Refused::with(ErrorCode::SessionEnded)
            }
            _ => Refused::broken(),
        }
    }
}

/// Whatever waits goes out in one write.
async fn write(mut sink: SplitSink<Socket, Message>, mut queue: UnboundedReceiver<Frame>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        for frame in batch.drain(..) {
            if sink.feed(Message::Binary(frame.encode())).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    let goodbye = Frame::Close(Close { reason: CloseReason::Done, retry_after_ms: 0, last_call: None });
    if sink.send(Message::Binary(goodbye.encode())).await.is_ok() {
        // The other side may have closed already.
        let _ = sink.close().await;
    }
}

async fn read(mut stream: SplitStream<Socket>, calls: Arc<Calls>, outgoing: WeakUnboundedSender<Frame>) {
    let mut assembler = Assembler::new(MESSAGE_MAX);
    let mut end = End::Broken;
    while let Some(frame) = receive(&mut stream).await {
        match frame {
            Frame::Reply { call, message } | Frame::Item { call, message } => {
                arrived(&calls, call, open(&mut assembler, call, message));
            }
            Frame::More { call, body } => arrived(&calls, call, assembler.more(call, &body).ok().flatten()),
            Frame::End(call) => drop(calls.lock().waiting.remove(&call)),
            Frame::Failure { call, error } => {
                assembler.abort(call);
                calls.fail(call, error);
            }
            Frame::Authenticated(answer) => {
                if let Some(waiting) = calls.lock().authentications.pop_front() {
                    // Whoever waited may have gone.
                    let _ = waiting.send(answer.map_err(Refused::from));
                }
            }
            Frame::Ping(token) => {
                if let Some(outgoing) = outgoing.upgrade() {
                    let _ = outgoing.send(Frame::Pong(token));
                }
            }
            Frame::Close(said) => end = End::Closed(said),
            _ => {}
        }
    }
    calls.end(end);
}

fn open(assembler: &mut Assembler, call: CallId, opening: Opening) -> Option<Bytes> {
    if opening.is_whole() { Some(opening.into_body()) } else { assembler.open(call, opening).ok().flatten() }
}

fn arrived(calls: &Calls, call: CallId, message: Option<Bytes>) {
    if let Some(message) = message {
        calls.message(call, message);
    }
}

async fn receive(socket: &mut (impl Stream<Item = Result<Message, SocketError>> + Unpin)) -> Option<Frame> {
    loop {
        match socket.next().await?.ok()? {
            Message::Binary(bytes) => return Frame::decode(bytes).ok(),
            Message::Close(_) | Message::Text(_) => return None,
            _ => {}
        }
    }
}

type SocketError = tokio_tungstenite::tungstenite::Error;

/// A stream that gives credit for what was taken out of it, and cancels when nobody wants it any more.
struct Streaming {
    arriving: UnboundedReceiver<Result<Bytes, Refused>>,
    call: CallId,
    outgoing: UnboundedSender<Frame>,
    calls: Arc<Calls>,
    /// Bytes for which no credit was given yet.
    taken: usize,
    over: bool,
    #[allow(dead_code, reason = "held for as long as the call is open")]
    permit: OwnedSemaphorePermit,
}

impl Streaming {
    fn give_credit_for(&mut self, bytes: usize) {
        self.taken += bytes;
        let Some(credit) = u32::try_from(self.taken).ok().and_then(NonZeroU32::new) else { return };
        if credit.get() >= CREDIT_DEFAULT / 2 {
            self.taken = 0;
            // The connection may have ended, which the next item tells.
            let _ = self.outgoing.send(Frame::Credit { call: self.call, bytes: credit });
        }
    }
}

impl Stream for Streaming {
    type Item = Result<Bytes, Refused>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.arriving.poll_recv(cx));
        match &item {
            Some(Ok(message)) => {
                let size = message.len();
                self.give_credit_for(size);
            }
            Some(Err(_)) | None => self.over = true,
        }
        Poll::Ready(item)
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        if !self.over && self.calls.lock().waiting.remove(&self.call).is_some() {
            let _ = self.outgoing.send(Frame::Cancel(self.call));
        }
    }
}

const BATCH: usize = 256;
