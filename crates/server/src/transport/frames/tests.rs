//! The state machine against `docs/PROTOCOL.md` §12, rule by rule.

mod authentication;
mod calls;
mod closing;
mod flow;
mod hostile;
mod liveness;
mod opening;
mod pieces;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use sotto_proto::frame::{AccessToken as Token, CallId, Close, Frame, Hello};
use sotto_proto::limits::{
    CALLS_MAX, CREDIT_DEFAULT, CREDIT_MAX, FRAME_MAX, MESSAGE_MAX, PIECE_MAX, SMALL_REQUEST_MAX, UNDER_WAY_MAX,
};
use sotto_proto::wire::{self, CloseReason, ErrorCode, ErrorDetail};
use sotto_proto::{Method, SessionId};

use super::{Connection, Effect};
use crate::clock::Timestamp;
use crate::services::{AccessToken, Failure};

const APPEND: Method = Method::ConversationAppend;
const SUBSCRIBE: Method = Method::StreamSubscribe;
const INFO: Method = Method::AuthGetServerInfo;
const COMMIT: Method = Method::ConversationCommit;
const DOWNLOAD: Method = Method::FileDownloadFile;

/// A client and the server's side of its connection, in a time of their own.
struct Scene {
    now: Instant,
    connection: Connection,
}

impl Scene {
    fn connected() -> Self {
        let now = Instant::now();
        Self { now, connection: Connection::new(now) }
    }

    fn greeted() -> Self {
        let mut scene = Self::connected();
        scene.say(hello(1, 1));
        assert!(matches!(scene.heard()[..], [Frame::Accept(_)]));
        scene
    }

    /// With the session that everyone in these tests has, for 15 minutes.
    fn logged_in() -> Self {
        let mut scene = Self::greeted();
        scene.authenticate(1, Duration::from_mins(15));
        assert!(matches!(scene.heard()[..], [Frame::Authenticated(Ok(_))]));
        scene
    }

    fn authenticate(&mut self, session: u8, valid_for: Duration) {
        self.say(Frame::Authenticate(Token::parse("token", "aaa.bbb.ccc".to_owned()).unwrap()));
        assert!(matches!(self.asked()[..], [Effect::Verify(_)]));
        self.connection.verified(self.now, Ok((token(session), valid_for)));
    }

    fn say(&mut self, frame: Frame) {
        self.say_bytes(frame.encode());
    }

    fn say_bytes(&mut self, bytes: Bytes) {
        self.connection.receive(self.now, Timestamp::from_unix_millis(1_771_000_000_000), bytes);
    }

    fn call(&mut self, id: u64, method: Method, body: &[u8]) {
        self.say(request(id, method, body));
    }

    /// All frames that the server has to send now.
    fn heard(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.connection.next_frame()).collect()
    }

    /// All that the server is to do now.
    fn asked(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.connection.next_effect()).collect()
    }

    /// The calls that the services get now.
    fn calls(&mut self) -> Vec<u64> {
        let called = |effect| match effect {
            Effect::Call { call, .. } => Some(call.get()),
            _ => None,
        };
        self.asked().into_iter().filter_map(called).collect()
    }

    fn abandoned(&mut self) -> Vec<u64> {
        let abandoned = |effect| match effect {
            Effect::Abandon(call) => Some(call.get()),
            _ => None,
        };
        self.asked().into_iter().filter_map(abandoned).collect()
    }

    /// Lets time pass, in the steps that the machine asks for.
    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.connection.due() <= until && self.connection.closed().is_none() {
            self.now = self.now.max(self.connection.due());
            self.connection.tick(self.now);
        }
        self.now = until;
    }

    /// Lets time pass while the client shows now and then that it is there, and the session is alive.
    fn live(&mut self, duration: Duration) -> Vec<Frame> {
        let until = self.now + duration;
        let mut heard = Vec::new();
        while self.now < until {
            self.wait(Duration::from_secs(1).min(until - self.now));
            self.say(Frame::Pong(0));
            for effect in self.asked() {
                if matches!(effect, Effect::CheckSession(_)) {
                    self.connection.session_checked(self.now, &Ok(()));
                }
            }
            heard.extend(self.heard());
        }
        heard
    }

    #[track_caller]
    fn is_closed_for(&mut self, reason: CloseReason) -> Close {
        match self.heard().pop() {
            Some(Frame::Close(close)) => {
                assert_eq!((close.reason, self.connection.closed()), (reason, Some(reason)));
                close
            }
            other => panic!("{other:?} instead of a close for {reason:?}"),
        }
    }

    #[track_caller]
    fn breaks_protocol(mut self, frame: Frame) {
        self.say(frame);
        self.is_closed_for(CloseReason::ProtocolError);
    }

    fn answer(&mut self, id: u64, reply: &[u8]) {
        self.connection.replied(call(id), Ok(Bytes::copy_from_slice(reply)));
    }
}

fn token(session: u8) -> AccessToken {
    AccessToken { session: SessionId::from_bytes([session; 16]), expires_at: Timestamp::from_unix_millis(1) }
}

fn call(id: u64) -> CallId {
    CallId::new(id).unwrap()
}

fn hello(lowest: u32, highest: u32) -> Frame {
    Frame::Hello(Hello { versions: lowest..=highest, program: "test".to_owned() })
}

fn request(id: u64, method: Method, body: &[u8]) -> Frame {
    raw(wire::Request {
        call_id: id,
        method: method.path().to_owned(),
        body: body.to_vec().into(),
        ..Default::default()
    })
}

fn raw(request: wire::Request) -> Frame {
    let kind = Some(wire::frame::Kind::Request(request));
    Frame::decode(wire::Frame { kind }.encode_to_vec().into()).unwrap()
}

fn more(id: u64, body: &[u8]) -> Frame {
    let kind = Some(wire::frame::Kind::More(wire::More { call_id: id, body: body.to_vec().into() }));
    Frame::decode(wire::Frame { kind }.encode_to_vec().into()).unwrap()
}

fn begun(id: u64, method: Method, total_size: usize, first: &[u8]) -> Frame {
    let total_size = u32::try_from(total_size).unwrap();
    let (method, body) = (method.path().to_owned(), first.to_vec().into());
    raw(wire::Request { call_id: id, method, total_size, body, ..Default::default() })
}

fn credit(id: u64, bytes: u32) -> Frame {
    Frame::Credit { call: call(id), bytes: NonZeroU32::new(bytes).unwrap() }
}

fn failure(frame: &Frame) -> Option<(u64, ErrorCode)> {
    match frame {
        Frame::Failure { call, error } => Some((call.get(), ErrorCode::of(error))),
        _ => None,
    }
}

fn failures(frames: &[Frame]) -> Vec<(u64, ErrorCode)> {
    frames.iter().filter_map(failure).collect()
}

/// The ids of the calls whose frames these are, in order.
fn of_calls(frames: &[Frame]) -> Vec<u64> {
    let call = |frame: &Frame| match frame {
        Frame::Reply { call, .. } | Frame::Item { call, .. } | Frame::More { call, .. } | Frame::End(call) => {
            call.get()
        }
        other => panic!("{other:?}"),
    };
    frames.iter().map(call).collect()
}

fn joined(frames: Vec<Frame>) -> Bytes {
    let mut joined = BytesMut::new();
    for frame in frames {
        match frame {
            Frame::Reply { message, .. } | Frame::Item { message, .. } => joined.extend(message.into_body()),
            Frame::More { body, .. } => joined.extend(body.into_bytes()),
            other => panic!("{other:?}"),
        }
    }
    joined.freeze()
}
