//! Frames to and from their wire types, with every rule that one frame can break.

use core::num::NonZeroU32;

use bytes::Bytes;
use prost::Message as _;

use super::{Accept, AccessToken, Body, CallId, Close, Frame, FrameError, Hello, Opening, Request};
use crate::limits::{
    ACCESS_TOKEN_MAX, CREDIT_MAX, DEADLINE_MAX_MS, ERROR_DETAIL_MAX, MESSAGE_MAX, METHOD_MAX, NUMBER_MAX, PIECE_MAX,
    PROGRAM_MAX, RETRY_AFTER_MAX_MS,
};
use crate::wire::frame::Kind;
use crate::wire::{self, CloseReason, ErrorDetail};
use crate::{Invalid, Reason};

impl From<Frame> for wire::Frame {
    fn from(frame: Frame) -> Self {
        Self { kind: Some(frame.into()) }
    }
}

impl From<Frame> for Kind {
    fn from(frame: Frame) -> Self {
        match frame {
            Frame::Hello(hello) => Self::Hello(hello.into()),
            Frame::Accept(accept) => Self::Accept(accept.into()),
            Frame::Request(request) => Self::Request(request.into()),
            Frame::Reply { call, message } => {
                let (total_size, body) = message.into_wire();
                Self::Reply(wire::Reply { call_id: call.get(), total_size, body })
            }
            Frame::Item { call, message } => {
                let (total_size, body) = message.into_wire();
                Self::Item(wire::Item { call_id: call.get(), total_size, body })
            }
            Frame::More { call, body } => Self::More(wire::More { call_id: call.get(), body: body.0 }),
            Frame::End(call) => Self::End(wire::End { call_id: call.get() }),
            Frame::Failure { call, error } => Self::Failure(wire::Failure { call_id: call.get(), error: Some(error) }),
            Frame::Cancel(call) => Self::Cancel(wire::Cancel { call_id: call.get() }),
            Frame::Credit { call, bytes } => Self::Credit(wire::Credit { call_id: call.get(), bytes: bytes.get() }),
            Frame::Ping(token) => Self::Ping(wire::Ping { token }),
            Frame::Pong(token) => Self::Pong(wire::Pong { token }),
            Frame::Authenticate(token) => Self::Authenticate(wire::Authenticate { access_token: token.0 }),
            Frame::Authenticated(answer) => Self::Authenticated(match answer {
                Ok(expires_in_ms) => wire::Authenticated { expires_in_ms: expires_in_ms.get(), error: None },
                Err(error) => wire::Authenticated { expires_in_ms: 0, error: Some(error) },
            }),
            Frame::Close(close) => Self::Close(close.into()),
        }
    }
}

impl TryFrom<wire::Frame> for Frame {
    type Error = FrameError;

    fn try_from(frame: wire::Frame) -> Result<Self, FrameError> {
        Ok(match frame.kind.ok_or(FrameError::NoKind)? {
            Kind::Hello(hello) => Self::Hello(hello.try_into()?),
            Kind::Accept(accept) => Self::Accept(accept.try_into()?),
            Kind::Request(request) => Self::Request(request.try_into()?),
            Kind::Reply(reply) => Self::Reply {
                call: call("reply.call_id", reply.call_id)?,
                message: opening("reply.total_size", "reply.body", reply.total_size, reply.body)?,
            },
            Kind::Item(item) => Self::Item {
                call: call("item.call_id", item.call_id)?,
                message: opening("item.total_size", "item.body", item.total_size, item.body)?,
            },
            Kind::More(more) => {
                Self::More { call: call("more.call_id", more.call_id)?, body: body("more.body", 1, more.body)? }
            }
            Kind::End(end) => Self::End(call("end.call_id", end.call_id)?),
            Kind::Failure(failure) => Self::Failure {
                call: call("failure.call_id", failure.call_id)?,
                error: detail("failure.error", failure.error)?,
            },
            Kind::Cancel(cancel) => Self::Cancel(call("cancel.call_id", cancel.call_id)?),
            Kind::Credit(credit) => Self::Credit {
                call: call("credit.call_id", credit.call_id)?,
                bytes: bounded("credit.bytes", credit.bytes, CREDIT_MAX)?,
            },
            Kind::Ping(ping) => Self::Ping(ping.token),
            Kind::Pong(pong) => Self::Pong(pong.token),
            Kind::Authenticate(authenticate) => {
                Self::Authenticate(AccessToken::parse("authenticate.access_token", authenticate.access_token)?)
            }
            Kind::Authenticated(answer) => Self::Authenticated(authenticated(answer)?),
            Kind::Close(close) => Self::Close(close.try_into()?),
        })
    }
}

impl From<Hello> for wire::Hello {
    fn from(hello: Hello) -> Self {
        let (version_min, version_max) = hello.versions.into_inner();
        Self { version_min, version_max, program: hello.program }
    }
}

impl TryFrom<wire::Hello> for Hello {
    type Error = Invalid;

    fn try_from(hello: wire::Hello) -> Result<Self, Invalid> {
        range("hello.version_min", hello.version_min.into(), 1, u32::MAX.into())?;
        range("hello.version_max", hello.version_max.into(), hello.version_min.into(), u32::MAX.into())?;
        check_ascii("hello.program", &hello.program, 0, PROGRAM_MAX)?;
        Ok(Self { versions: hello.version_min..=hello.version_max, program: hello.program })
    }
}

impl From<Accept> for wire::Accept {
    fn from(accept: Accept) -> Self {
        let Accept { version, calls_max, message_max, ping_interval_ms, time_ms } = accept;
        Self { version, calls_max, message_max, ping_interval_ms, time_ms }
    }
}

impl TryFrom<wire::Accept> for Accept {
    type Error = Invalid;

    fn try_from(accept: wire::Accept) -> Result<Self, Invalid> {
        let wire::Accept { version, calls_max, message_max, ping_interval_ms, time_ms } = accept;
        range("accept.version", version.into(), 1, u32::MAX.into())?;
        range("accept.calls_max", calls_max.into(), 1, 1_024)?;
        range("accept.message_max", message_max.into(), PIECE_MAX as u64, MESSAGE_MAX as u64)?;
        range("accept.ping_interval_ms", ping_interval_ms.into(), 5_000, 120_000)?;
        range("accept.time_ms", time_ms, 0, NUMBER_MAX)?;
        Ok(Self { version, calls_max, message_max, ping_interval_ms, time_ms })
    }
}

impl From<Request> for wire::Request {
    fn from(request: Request) -> Self {
        let (total_size, body) = request.message.into_wire();
        Self {
            call_id: request.call.get(),
            method: request.method,
            deadline_ms: request.deadline_ms.map_or(0, NonZeroU32::get),
            credit: request.credit.map_or(0, NonZeroU32::get),
            total_size,
            body,
        }
    }
}

impl TryFrom<wire::Request> for Request {
    type Error = Invalid;

    fn try_from(request: wire::Request) -> Result<Self, Invalid> {
        check_ascii("request.method", &request.method, 1, METHOD_MAX)?;
        Ok(Self {
            call: call("request.call_id", request.call_id)?,
            method: request.method,
            deadline_ms: optional("request.deadline_ms", request.deadline_ms, DEADLINE_MAX_MS)?,
            credit: optional("request.credit", request.credit, CREDIT_MAX)?,
            message: opening("request.total_size", "request.body", request.total_size, request.body)?,
        })
    }
}

impl From<Close> for wire::Close {
    fn from(close: Close) -> Self {
        Self {
            reason: close.reason.into(),
            retry_after_ms: close.retry_after_ms,
            last_call_id: close.last_call.map_or(0, CallId::get),
        }
    }
}

impl TryFrom<wire::Close> for Close {
    type Error = Invalid;

    fn try_from(close: wire::Close) -> Result<Self, Invalid> {
        range("close.retry_after_ms", close.retry_after_ms.into(), 0, RETRY_AFTER_MAX_MS.into())?;
        let reason = CloseReason::try_from(close.reason).ok().filter(|reason| *reason != CloseReason::Unspecified);
        Ok(Self {
            reason: reason.ok_or(Invalid::new("close.reason", Reason::UnknownValue(close.reason)))?,
            retry_after_ms: close.retry_after_ms,
            last_call: match close.last_call_id {
                0 => None,
                number => Some(call("close.last_call_id", number)?),
            },
        })
    }
}

impl Opening {
    /// The first bytes of a message of that size; whoever builds it keeps the rules.
    pub(super) fn new(total_size: usize, body: Bytes) -> Self {
        Self { total_size, body: Body(body) }
    }

    fn into_wire(self) -> (u32, Bytes) {
        let whole = self.is_whole();
        let announced = u32::try_from(self.total_size).expect("a message is at most MESSAGE_MAX");
        (if whole { 0 } else { announced }, self.body.0)
    }
}

/// Refuses text that is too long, too short or not printable ASCII.
pub(super) fn check_ascii(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    if !(min..=max).contains(&text.len()) {
        return Err(Invalid::new(field, Reason::Size { min, max, actual: text.len() }));
    }
    match text.chars().find(|c| !c.is_ascii() || c.is_ascii_control()) {
        Some(c) => Err(Invalid::new(field, Reason::Character(c))),
        None => Ok(()),
    }
}

fn opening(size: &'static str, field: &'static str, total_size: u32, bytes: Bytes) -> Result<Opening, Invalid> {
    let body = body(field, 0, bytes)?;
    if total_size == 0 {
        return Ok(Opening { total_size: body.0.len(), body });
    }
    range(size, total_size.into(), body.0.len() as u64 + 1, MESSAGE_MAX as u64)?;
    let total_size = usize::try_from(total_size).expect("a message is at most MESSAGE_MAX");
    Ok(Opening { total_size, body })
}

fn body(field: &'static str, min: usize, bytes: Bytes) -> Result<Body, Invalid> {
    if (min..=PIECE_MAX).contains(&bytes.len()) {
        return Ok(Body(bytes));
    }
    Err(Invalid::new(field, Reason::Size { min, max: PIECE_MAX, actual: bytes.len() }))
}

fn authenticated(answer: wire::Authenticated) -> Result<Result<NonZeroU32, ErrorDetail>, Invalid> {
    match NonZeroU32::new(answer.expires_in_ms) {
        Some(expires_in_ms) if answer.error.is_none() => Ok(Ok(expires_in_ms)),
        Some(_) => Err(Invalid::new("authenticated.error", Reason::Malformed("both accepts and refuses"))),
        None => detail("authenticated.error", answer.error).map(Err),
    }
}

fn detail(field: &'static str, error: Option<ErrorDetail>) -> Result<ErrorDetail, Invalid> {
    let error = error.ok_or(Invalid::new(field, Reason::Missing))?;
    let size = error.encoded_len();
    if size > ERROR_DETAIL_MAX {
        return Err(Invalid::new(field, Reason::Size { min: 0, max: ERROR_DETAIL_MAX, actual: size }));
    }
    Ok(error)
}

fn call(field: &'static str, number: u64) -> Result<CallId, Invalid> {
    CallId::new(number).ok_or_else(|| Invalid::new(field, Reason::Range { min: 1, max: NUMBER_MAX, actual: number }))
}

fn bounded(field: &'static str, number: u32, max: u32) -> Result<NonZeroU32, Invalid> {
    range(field, number.into(), 1, max.into())?;
    Ok(NonZeroU32::new(number).expect("at least 1, as just checked"))
}

fn optional(field: &'static str, number: u32, max: u32) -> Result<Option<NonZeroU32>, Invalid> {
    range(field, number.into(), 0, max.into())?;
    Ok(NonZeroU32::new(number))
}

fn range(field: &'static str, actual: u64, min: u64, max: u64) -> Result<(), Invalid> {
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Range { min, max, actual })) }
}

const _: () = assert!(ACCESS_TOKEN_MAX < PIECE_MAX && ERROR_DETAIL_MAX < PIECE_MAX, "they fit any frame");
