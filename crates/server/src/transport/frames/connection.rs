//! The state of one connection: who may send what, when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sotto_proto::frame::{self, Accept, Assembler, CallId, Close, Frame, Hello, Request};
use sotto_proto::limits::{self, CALLS_MAX, FRAME_MAX, MESSAGE_MAX};
use sotto_proto::wire::{CloseReason, ErrorCode, ErrorDetail};
use sotto_proto::{Access, DecodeError, Method};

use super::Effect;
use super::authentication::Authentication;
use super::calls::Calls;
use super::liveness::{Liveness, PING_INTERVAL, Silence};
use super::outbox::{Kind, Outbox};
use super::violation::Violation;
use crate::clock::Timestamp;
use crate::services::{AccessToken, Failure};

/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(10);

/// How long replies under way may take when the server shuts down.
const DRAIN: Duration = Duration::from_secs(10);

/// Calls of one reply that the services work on at once for a connection; further ones wait. What all their replies can take is the
/// memory that a client which does not read can claim.
const RUNNING_MAX: usize = 32;

/// One side of a connection: the server's.
pub(in crate::transport) struct Connection {
    phase: Phase,
    calls: Calls,
    arriving: Assembler,
    outbox: Outbox,
    authentication: Authentication,
    liveness: Liveness,
    effects: VecDeque<Effect>,
    /// Requests that are there as a whole and wait for their turn.
    waiting: VecDeque<(CallId, Effect)>,
    running: usize,
    /// Refusals since the outbox was last empty: calls that are open as far as the client can know.
    refusals: usize,
    due: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening {
        until: Instant,
    },
    Open,
    /// Shutting down: takes up no calls and completes those of one reply.
    Draining {
        until: Instant,
        retry_after_ms: u32,
    },
    /// Nothing is taken, and nothing sent after what is in the outbox.
    Closed {
        reason: CloseReason,
    },
}

impl Connection {
    pub(in crate::transport) fn new(now: Instant) -> Self {
        let until = now + HELLO;
        Self {
            phase: Phase::Opening { until },
            calls: Calls::default(),
            arriving: Assembler::new(MESSAGE_MAX),
            outbox: Outbox::default(),
            authentication: Authentication::default(),
            liveness: Liveness::new(now),
            effects: VecDeque::new(),
            waiting: VecDeque::new(),
            running: 0,
            refusals: 0,
            due: until,
        }
    }

    /// Takes what the client sent as one frame.
    pub(in crate::transport) fn receive(&mut self, now: Instant, time: Timestamp, bytes: Bytes) {
        self.liveness.heard(now);
        let taken = Frame::decode(bytes).map_err(Violation::from).and_then(|frame| self.take(now, time, frame));
        self.enforce(taken);
    }

    /// Takes a text message, which is none of ours.
    pub(in crate::transport) fn receive_text(&mut self) {
        self.enforce(Err(Violation::Text));
    }

    /// Takes the beginning of what is too large for a frame.
    pub(in crate::transport) fn receive_giant(&mut self, size: usize) {
        let error = DecodeError::TooLarge { max: FRAME_MAX, actual: size };
        self.enforce(Err(Violation::Frame(error.into())));
    }

    /// Takes a ping of the transport below, which answers it by itself.
    pub(in crate::transport) fn receive_ping(&mut self, now: Instant) {
        let pinged = self.liveness.pinged(now);
        self.enforce(pinged);
    }

    /// Whether to read on. Not while too much waits for the client to take it.
    pub(in crate::transport) fn takes_input(&self) -> bool {
        !self.is_closed() && !self.outbox.is_full()
    }

    /// Answers [`Effect::Verify`]: the token and for how long it is good, or why it is not.
    pub(in crate::transport) fn verified(&mut self, now: Instant, token: Result<(AccessToken, Duration), Failure>) {
        let answer = match token {
            Ok((token, valid_for)) => {
                if let Err(violation) = self.authentication.accept(now, token, valid_for) {
                    return self.enforce(Err(violation));
                }
                self.due = now;
                Ok(std::num::NonZeroU32::new(millis(valid_for)).unwrap_or(std::num::NonZeroU32::MIN))
            }
            Err(failure) => {
                self.authentication.refuse();
                Err(failure.into_detail())
            }
        };
        self.outbox.push(Frame::Authenticated(answer));
    }

    /// Answers [`Effect::CheckSession`].
    pub(in crate::transport) fn session_checked(&mut self, now: Instant, alive: &Result<(), Failure>) {
        match alive.as_ref().map_err(Failure::code) {
            Err(ErrorCode::SessionEnded) => self.close(CloseReason::SessionEnded, 0),
            answer => {
                self.authentication.checked(now, !matches!(answer, Err(ErrorCode::Unavailable)));
                self.due = now;
            }
        }
    }

    /// The services have answered a call, which may have been given up since. For a stream this is the beginning or the end.
    pub(in crate::transport) fn replied(&mut self, call: CallId, reply: Result<Bytes, Failure>) {
        self.running -= 1;
        if self.calls.complete(call).is_none() {
            return;
        }
        match reply {
            Ok(message) => self.outbox.push_message(Kind::Reply, call, message),
            Err(failure) => self.outbox.push_failure(call, failure.into_detail()),
        }
        self.go_on_draining();
    }

    /// The services have begun a stream. Whether anybody still waits for it.
    pub(in crate::transport) fn streaming(&mut self, call: CallId) -> bool {
        self.running -= 1;
        self.calls.contains(call)
    }

    /// Whether the stream may give another item.
    pub(in crate::transport) fn wants_item(&self, call: CallId) -> bool {
        self.calls.wants_item(call) && !self.outbox.is_full()
    }

    /// Whether the client still waits for the call.
    pub(in crate::transport) fn is_open(&self, call: CallId) -> bool {
        self.calls.contains(call)
    }

    /// An item of a stream.
    pub(in crate::transport) fn item(&mut self, call: CallId, message: Bytes) {
        if self.calls.contains(call) {
            self.calls.item_begins(call, message.len());
            self.outbox.push_message(Kind::Item, call, message);
        }
    }

    /// A stream is over.
    pub(in crate::transport) fn ended(&mut self, call: CallId, why: Result<(), Failure>) {
        if self.calls.complete(call).is_none() {
            return;
        }
        match why {
            Ok(()) => self.outbox.push(Frame::End(call)),
            Err(failure) => self.outbox.push_failure(call, failure.into_detail()),
        }
    }

    /// The server shuts down: completes what is under way, then sends the client elsewhere.
    pub(in crate::transport) fn drain(&mut self, now: Instant, retry_after: Duration) {
        match self.phase {
            Phase::Opening { .. } => self.close(CloseReason::GoingAway, millis(retry_after)),
            Phase::Open => {
                let until = now + DRAIN;
                self.phase = Phase::Draining { until, retry_after_ms: millis(retry_after) };
                self.due = self.due.min(until);
                self.go_on_draining();
            }
            Phase::Draining { .. } | Phase::Closed { .. } => {}
        }
    }

    /// The next frame to send.
    pub(in crate::transport) fn next_frame(&mut self) -> Option<Frame> {
        let Some((frame, item)) = self.outbox.next() else {
            self.refusals = 0;
            return None;
        };
        if let Some(call) = item {
            self.calls.item_has_left(call);
        }
        if self.outbox.is_empty() {
            self.go_on_draining();
        }
        Some(frame)
    }

    /// Whether something waits to be sent.
    pub(in crate::transport) fn has_frames(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// The next thing to do.
    pub(in crate::transport) fn next_effect(&mut self) -> Option<Effect> {
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        if self.running >= RUNNING_MAX || self.outbox.is_full() {
            return None;
        }
        let (_, effect) = self.waiting.pop_front()?;
        self.running += 1;
        Some(effect)
    }

    /// When [`Self::tick`] has something to do at the earliest.
    pub(in crate::transport) fn due(&self) -> Instant {
        self.due
    }

    /// Does what time demands.
    pub(in crate::transport) fn tick(&mut self, now: Instant) {
        if now < self.due {
            return;
        }
        match self.phase {
            Phase::Opening { until } if until <= now => return self.close(CloseReason::Timeout, 0),
            Phase::Draining { until, retry_after_ms } if until <= now => {
                return self.close(CloseReason::GoingAway, retry_after_ms);
            }
            Phase::Opening { .. } | Phase::Open | Phase::Draining { .. } => {}
            Phase::Closed { .. } => return,
        }
        let Some(silence_due) = self.judge_silence(now) else { return self.close(CloseReason::Timeout, 0) };
        for call in self.calls.overdue(now) {
            self.give_up(call, ErrorCode::DeadlineExceeded);
        }
        if self.authentication.streams_end().is_some_and(|end| end <= now) {
            for call in self.calls.streams() {
                self.give_up(call, ErrorCode::TokenExpired);
            }
        }
        if let Some(token) = self.authentication.start_check(now) {
            self.effects.push_back(Effect::CheckSession(token));
        }
        self.due = self.next_due(silence_due, now);
    }

    /// Why nothing is taken any more. What is still to be sent ends with a close.
    pub(in crate::transport) fn closed(&self) -> Option<CloseReason> {
        match self.phase {
            Phase::Closed { reason } => Some(reason),
            Phase::Opening { .. } | Phase::Open | Phase::Draining { .. } => None,
        }
    }

    fn take(&mut self, now: Instant, time: Timestamp, frame: Frame) -> Result<(), Violation> {
        if self.is_closed() {
            return Ok(());
        }
        match (self.phase, frame) {
            (_, Frame::Close(_)) => {
                self.abandon_all();
                self.phase = Phase::Closed { reason: CloseReason::Done };
                self.outbox.clear();
                Ok(())
            }
            (Phase::Opening { .. }, Frame::Hello(hello)) => self.greet(now, time, &hello),
            (Phase::Opening { .. }, _) => Err(Violation::NotGreeted),
            (_, Frame::Hello(_)) => Err(Violation::GreetedTwice),
            // While draining nothing is taken up: the client learns from the close that it had no effect.
            (Phase::Draining { .. }, Frame::Request(_)) | (_, Frame::Pong(_)) => Ok(()),
            (_, Frame::Request(request)) => self.request(now, request),
            (_, Frame::More { call, body }) => self.more(call, &body),
            (_, Frame::Cancel(call)) => {
                self.check_known(call)?;
                self.give_up(call, ErrorCode::Cancelled);
                Ok(())
            }
            (_, Frame::Credit { call, bytes }) => {
                self.check_known(call)?;
                self.calls.credit(call, bytes)
            }
            (_, Frame::Ping(token)) => {
                self.liveness.pinged(now)?;
                self.outbox.push_urgent(Frame::Pong(token));
                Ok(())
            }
            (_, Frame::Authenticate(token)) => {
                self.effects.push_back(Effect::Verify(token));
                Ok(())
            }
            (
                _,
                Frame::Accept(_)
                | Frame::Authenticated(_)
                | Frame::Reply { .. }
                | Frame::Item { .. }
                | Frame::End(_)
                | Frame::Failure { .. },
            ) => Err(Violation::NotFromClients),
        }
    }

    fn greet(&mut self, now: Instant, time: Timestamp, hello: &Hello) -> Result<(), Violation> {
        if !hello.versions.contains(&frame::VERSION) {
            return Err(Violation::NoCommonVersion);
        }
        self.phase = Phase::Open;
        self.due = now;
        self.outbox.push_urgent(Frame::Accept(Accept {
            version: frame::VERSION,
            calls_max: CALLS_MAX,
            message_max: u32::try_from(MESSAGE_MAX).unwrap_or(u32::MAX),
            ping_interval_ms: millis(PING_INTERVAL),
            time_ms: time.unix_millis(),
        }));
        Ok(())
    }

    fn request(&mut self, now: Instant, request: Request) -> Result<(), Violation> {
        self.calls.take_up(request.call)?;
        let method = match self.admit(&request) {
            Ok(method) => method,
            Err(error) => return self.refuse(request.call, *error),
        };
        let deadline = self.calls.open(now, method, &request);
        self.due = deadline.map_or(self.due, |deadline| self.due.min(deadline));
        let call = request.call;
        let arrived = self.arriving.open(call, request.message)?;
        self.arrived(call, arrived);
        Ok(())
    }

    /// What can be refused before anything is kept of it.
    fn admit(&self, request: &Request) -> Result<Method, Box<ErrorDetail>> {
        let open = self.calls.count() as u64;
        if open >= u64::from(CALLS_MAX) {
            let limit = ErrorDetail::limit(ErrorCode::LimitReached, "CALLS_MAX", CALLS_MAX.into(), open + 1);
            return Err(limit.into());
        }
        let method = Method::from_path(&request.method).ok_or_else(|| ErrorCode::UnknownMethod.detail())?;
        let (size, max) = (request.message.total_size(), method.request_max());
        if size > max {
            return Err(ErrorDetail::limit(ErrorCode::TooLarge, limit_name(max), max as u64, size as u64).into());
        }
        if method.access() != Access::Anyone && self.authentication.token().is_none() {
            return Err(ErrorCode::Unauthenticated.detail().into());
        }
        Ok(method)
    }

    fn refuse(&mut self, call: CallId, error: ErrorDetail) -> Result<(), Violation> {
        self.refusals += 1;
        if self.calls.count() + self.refusals > 2 * CALLS_MAX as usize {
            return Err(Violation::TooManyCalls);
        }
        self.outbox.push_failure(call, error);
        Ok(())
    }

    /// Pieces of a call that is completed were sent before the client heard of it.
    fn more(&mut self, call: CallId, body: &frame::Body) -> Result<(), Violation> {
        self.check_known(call)?;
        if self.calls.contains(call) {
            let arrived = self.arriving.more(call, body)?;
            self.arrived(call, arrived);
        }
        Ok(())
    }

    fn arrived(&mut self, call: CallId, body: Option<Bytes>) {
        if let Some(body) = body
            && let Some(method) = self.calls.arrived(call)
        {
            let token = self.authentication.token();
            self.waiting.push_back((call, Effect::Call { call, method, token, body }));
        }
    }

    /// While draining, requests are not taken up, and so what follows them may come as well.
    fn check_known(&self, call: CallId) -> Result<(), Violation> {
        if matches!(self.phase, Phase::Draining { .. }) { Ok(()) } else { self.calls.check_known(call) }
    }

    /// Completes a call that has not come to its own end, if it is open.
    fn give_up(&mut self, call: CallId, why: ErrorCode) {
        let Some(open) = self.calls.complete(call) else { return };
        if open.is_arriving() {
            self.arriving.abort(call);
        } else {
            self.abandon(call);
        }
        self.outbox.push_failure(call, why.detail());
        self.go_on_draining();
    }

    fn abandon(&mut self, call: CallId) {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, _)| *waiting != call);
        if self.waiting.len() == before {
            self.effects.push_back(Effect::Abandon(call));
        }
    }

    fn abandon_all(&mut self) {
        for call in self.calls.drain() {
            self.abandon(call);
        }
        self.arriving = Assembler::new(MESSAGE_MAX);
    }

    fn go_on_draining(&mut self) {
        if let Phase::Draining { retry_after_ms, .. } = self.phase
            && !self.calls.are_replies_due()
            && self.outbox.is_empty()
        {
            self.close(CloseReason::GoingAway, retry_after_ms);
        }
    }

    fn enforce(&mut self, taken: Result<(), Violation>) {
        if let Err(violation) = taken {
            tracing::debug!(%violation, "a client broke the protocol");
            self.close(violation.close_reason(), 0);
        }
    }

    fn close(&mut self, reason: CloseReason, retry_after_ms: u32) {
        if self.is_closed() {
            return;
        }
        self.phase = Phase::Closed { reason };
        self.abandon_all();
        self.outbox.close(Close { reason, retry_after_ms, last_call: self.calls.last() });
    }

    fn is_closed(&self) -> bool {
        self.closed().is_some()
    }

    /// When silence matters next; none if it has lasted too long.
    fn judge_silence(&mut self, now: Instant) -> Option<Instant> {
        match self.liveness.judge(now) {
            Silence::Short(until) => Some(until),
            Silence::Dead => None,
            Silence::Long => {
                self.outbox.push_urgent(Frame::Ping(0));
                Some(now + PING_INTERVAL)
            }
        }
    }

    fn next_due(&self, silence_due: Instant, now: Instant) -> Instant {
        let phase = match self.phase {
            Phase::Opening { until } | Phase::Draining { until, .. } => Some(until),
            Phase::Open | Phase::Closed { .. } => None,
        };
        let streams_end = self.authentication.streams_end().filter(|end| *end > now);
        [phase, self.calls.next_deadline(), streams_end, self.authentication.check_due()]
            .into_iter()
            .flatten()
            .fold(silence_due, Instant::min)
    }
}

/// What the contract calls a limit of a request's size.
pub(in crate::transport) fn limit_name(max: usize) -> &'static str {
    match max {
        limits::SMALL_REQUEST_MAX => "SMALL_REQUEST_MAX",
        limits::MEDIUM_REQUEST_MAX => "MEDIUM_REQUEST_MAX",
        _ => "MESSAGE_MAX",
    }
}

/// Durations on the wire are bounded far below what a number there can hold.
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
