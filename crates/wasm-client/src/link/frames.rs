//! The client's side of `docs/PROTOCOL.md` 12: many calls over one WebSocket.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use sotto_client::engine::Failure;
use sotto_proto::Method;
use sotto_proto::frame::{self, Accept, AccessToken, Assembler, CallId, Close, Frame, Hello, Opening, Request};
use sotto_proto::limits::{CREDIT_DEFAULT, MESSAGE_MAX};
use sotto_proto::wire::{CloseReason, ErrorCode, ErrorDetail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use wasm_bindgen_futures::spawn_local;

use super::socket::{self, Receiver, Sender};
use super::{CONNECT, within};
use crate::time::{now_ms, sleep};

/// An open connection. Clones share it.
#[derive(Clone)]
pub(super) struct Frames(Rc<Shared>);

struct Shared {
    socket: Sender,
    state: RefCell<State>,
    /// As many as the server takes at once.
    permits: Arc<Semaphore>,
    /// Set once the connection has ended.
    ended: watch::Sender<Option<Close>>,
}

struct State {
    next: CallId,
    waiting: BTreeMap<CallId, Waiting>,
    assembler: Assembler,
    /// The token that the server was shown last.
    shown: Option<String>,
    heard_ms: u64,
}

enum Waiting {
    Reply(oneshot::Sender<Result<Bytes, Failure>>),
    Items(UnboundedSender<Result<Bytes, Failure>>),
}

/// The messages of a stream, which gives credit for what was taken out of it, and cancels when nobody wants it any more.
pub(crate) struct Items {
    arriving: UnboundedReceiver<Result<Bytes, Failure>>,
    call: CallId,
    connection: Frames,
    /// Bytes for which no credit was given yet.
    taken: usize,
    #[expect(dead_code, reason = "held for as long as the call is open")]
    permit: OwnedSemaphorePermit,
}

impl Frames {
    /// None if no WebSocket can be had, or what answers is no server of ours.
    pub(super) async fn connect(server: &str) -> Option<Self> {
        let (socket, mut arriving) = within(CONNECT, socket::open(server)).await??;
        let hello = Hello { versions: frame::VERSION..=frame::VERSION, program: PROGRAM.to_owned() };
        socket.send(&Frame::Hello(hello).encode());
        let first = within(CONNECT, arriving.next()).await??;
        let Ok(Frame::Accept(accept)) = Frame::decode(first) else { return None };
        let state = State {
            next: CallId::FIRST_OF_CLIENT,
            waiting: BTreeMap::new(),
            assembler: Assembler::new(MESSAGE_MAX),
            shown: None,
            heard_ms: now_ms(),
        };
        let permits = Arc::new(Semaphore::new(usize::try_from(accept.calls_max).ok()?));
        let (ended, _) = watch::channel(None);
        let connection = Self(Rc::new(Shared { socket, state: RefCell::new(state), permits, ended }));
        spawn_local(connection.clone().read(arriving));
        spawn_local(connection.clone().stay_alive(accept));
        Some(connection)
    }

    pub(super) async fn call(&self, method: Method, body: Bytes, token: Option<&str>) -> Result<Bytes, Failure> {
        let _permit = self.permit().await?;
        let (reply, replied) = oneshot::channel();
        self.begin(method, body, token, Waiting::Reply(reply))?;
        replied.await.unwrap_or_else(|_| Err(self.ending()))
    }

    pub(super) async fn stream(&self, method: Method, body: Bytes, token: Option<&str>) -> Result<Items, Failure> {
        let permit = self.permit().await?;
        let (items, arriving) = unbounded_channel();
        let call = self.begin(method, body, token, Waiting::Items(items))?;
        Ok(Items { arriving, call, connection: self.clone(), taken: 0, permit })
    }

    /// Waits for the end, and gives the time for which the server wants to be left alone.
    pub(super) async fn closed(&self) -> u64 {
        let mut ended = self.0.ended.subscribe();
        let end = ended.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        end.map_or(0, |close| close.retry_after_ms.into())
    }

    /// Ends the connection: nothing more is wanted from it.
    pub(super) fn leave(&self) {
        self.close(CloseReason::Done);
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        self.0.permits.clone().acquire_owned().await.map_err(|_| self.ending())
    }

    fn begin(&self, method: Method, body: Bytes, token: Option<&str>, waiting: Waiting) -> Result<CallId, Failure> {
        if self.0.ended.borrow().is_some() {
            return Err(self.ending());
        }
        self.show(token);
        let mut state = self.0.state.borrow_mut();
        let call = state.next;
        state.next = call.next().ok_or(Failure::Unreachable)?;
        state.waiting.insert(call, waiting);
        let (message, rest) = frame::split(body);
        let method = method.path().to_owned();
        self.send(Frame::Request(Request { call, method, deadline_ms: None, credit: None, message }));
        for body in rest {
            self.send(Frame::More { call, body });
        }
        Ok(call)
    }

    /// The token goes before the first call that needs it. Should the server refuse it, the call fails by that itself.
    fn show(&self, token: Option<&str>) {
        let Some(token) = token else { return };
        let mut state = self.0.state.borrow_mut();
        if state.shown.as_deref() != Some(token)
            && let Ok(access) = AccessToken::parse("token", token.to_owned())
        {
            state.shown = Some(token.to_owned());
            self.send(Frame::Authenticate(access));
        }
    }

    async fn read(self, mut arriving: Receiver) {
        while let Some(bytes) = arriving.next().await {
            self.0.state.borrow_mut().heard_ms = now_ms();
            match Frame::decode(bytes) {
                Ok(Frame::Close(said)) => return self.end(said),
                Ok(frame) => {
                    if let Err(reason) = self.take(frame) {
                        return self.close(reason);
                    }
                }
                Err(error) => return self.close(error.close_reason()),
            }
        }
        self.end(BROKEN);
    }

    fn take(&self, frame: Frame) -> Result<(), CloseReason> {
        match frame {
            Frame::Reply { call, message } | Frame::Item { call, message } => self.opened(call, message),
            Frame::More { call, body } => {
                let whole = self.0.state.borrow_mut().assembler.more(call, &body);
                self.arrived(call, whole.map_err(|error| error.close_reason())?);
                Ok(())
            }
            Frame::End(call) => {
                self.0.state.borrow_mut().waiting.remove(&call);
                Ok(())
            }
            Frame::Failure { call, error } => {
                self.failed(call, error);
                Ok(())
            }
            Frame::Authenticated(answer) => {
                if answer.is_err() {
                    self.0.state.borrow_mut().shown = None;
                }
                Ok(())
            }
            Frame::Ping(token) => {
                self.send(Frame::Pong(token));
                Ok(())
            }
            Frame::Request(request) => {
                let error = ErrorCode::UnknownMethod.detail();
                self.send(Frame::Failure { call: request.call, error });
                Ok(())
            }
            Frame::Pong(_) => Ok(()),
            Frame::Hello(_)
            | Frame::Accept(_)
            | Frame::Cancel(_)
            | Frame::Credit { .. }
            | Frame::Authenticate(_)
            | Frame::Close(_) => Err(CloseReason::ProtocolError),
        }
    }

    fn opened(&self, call: CallId, message: Opening) -> Result<(), CloseReason> {
        let whole = self.0.state.borrow_mut().assembler.open(call, message);
        self.arrived(call, whole.map_err(|error| error.close_reason())?);
        Ok(())
    }

    /// A message for nobody came after its call was cancelled.
    fn arrived(&self, call: CallId, message: Option<Bytes>) {
        let Some(message) = message else { return };
        let mut state = self.0.state.borrow_mut();
        match state.waiting.remove(&call) {
            Some(Waiting::Items(items)) => {
                // Whoever drops a stream cancels it.
                let _ = items.send(Ok(message));
                state.waiting.insert(call, Waiting::Items(items));
            }
            Some(Waiting::Reply(reply)) => drop(reply.send(Ok(message))),
            None => {}
        }
    }

    fn failed(&self, call: CallId, error: ErrorDetail) {
        let mut state = self.0.state.borrow_mut();
        state.assembler.abort(call);
        if let Some(waiting) = state.waiting.remove(&call) {
            waiting.fail(Failure::Refused(error));
        }
    }

    /// Asks for a sign of life after a silence, and gives up after a longer one.
    async fn stay_alive(self, accept: Accept) {
        let interval = u64::from(accept.ping_interval_ms);
        let mut ended = self.0.ended.subscribe();
        loop {
            let silent = now_ms().saturating_sub(self.0.state.borrow().heard_ms);
            if silent >= 2 * interval {
                return self.close(CloseReason::Timeout);
            }
            if silent >= interval {
                self.send(Frame::Ping(silent));
            }
            let pause = Box::pin(sleep(if silent < interval { interval - silent } else { interval }));
            let end = Box::pin(ended.wait_for(Option::is_some));
            if let futures_util::future::Either::Left(_) = futures_util::future::select(end, pause).await {
                return;
            }
        }
    }

    fn close(&self, reason: CloseReason) {
        let goodbye = Close { reason, retry_after_ms: 0, last_call: None };
        self.send(Frame::Close(goodbye));
        self.0.socket.close();
        self.end(BROKEN);
    }

    fn end(&self, close: Close) {
        if self.0.ended.borrow().is_some() {
            return;
        }
        self.0.ended.send_replace(Some(close));
        self.0.permits.close();
        let waiting = std::mem::take(&mut self.0.state.borrow_mut().waiting);
        for waiting in waiting.into_values() {
            waiting.fail(self.ending());
        }
    }

    /// What calls fail with that the end of the connection caught.
    fn ending(&self) -> Failure {
        match *self.0.ended.borrow() {
            Some(Close { reason: CloseReason::SessionEnded, .. }) => Failure::Refused(ErrorCode::SessionEnded.detail()),
            _ => Failure::Unreachable,
        }
    }

    fn send(&self, frame: Frame) {
        self.0.socket.send(&frame.encode());
    }
}

impl Waiting {
    fn fail(self, failure: Failure) {
        // Whoever waited may have gone.
        match self {
            Self::Reply(reply) => drop(reply.send(Err(failure))),
            Self::Items(items) => drop(items.send(Err(failure))),
        }
    }
}

impl Items {
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        let item = self.arriving.recv().await;
        if let Some(Ok(message)) = &item {
            self.give_credit_for(message.len());
        }
        item
    }

    fn give_credit_for(&mut self, bytes: usize) {
        self.taken += bytes;
        let Some(credit) = u32::try_from(self.taken).ok().and_then(NonZeroU32::new) else { return };
        if credit.get() >= CREDIT_DEFAULT / 2 {
            self.taken = 0;
            self.connection.send(Frame::Credit { call: self.call, bytes: credit });
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        if self.connection.0.state.borrow_mut().waiting.remove(&self.call).is_some() {
            self.connection.send(Frame::Cancel(self.call));
        }
    }
}

const PROGRAM: &str = concat!("sotto-web/", env!("CARGO_PKG_VERSION"));
/// How a connection ends of which nobody said why.
const BROKEN: Close = Close { reason: CloseReason::Unspecified, retry_after_ms: 0, last_call: None };
