//! The state machine against `docs/PROTOCOL.md` §12, rule by rule.

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

mod opening {
    use super::*;

    #[test]
    fn a_hello_is_answered_with_the_limits() {
        let mut scene = Scene::connected();
        scene.say(hello(1, 7));
        let [Frame::Accept(accept)] = scene.heard()[..] else { panic!() };
        assert_eq!((accept.version, accept.calls_max, accept.message_max), (1, 64, 8_388_608));
        assert_eq!((accept.ping_interval_ms, accept.time_ms), (25_000, 1_771_000_000_000));
    }

    #[test]
    fn the_example_of_the_document_is_spoken_byte_by_byte() {
        let mut scene = Scene::connected();
        let hex = |text: &str| Bytes::from(data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap());
        scene.say_bytes(hex("0a11080110011a0b736f74746f2f302e312e30"));
        let accept = scene.connection.next_frame().unwrap().encode();
        assert_eq!(accept[..14], hex("12140801104018808080 0420a8c301".replace(' ', "").as_str())[..14]);
        scene.say_bytes(hex("6a0d0a0b6161612e6262622e636363"));
        assert!(matches!(&scene.asked()[..], [Effect::Verify(token)] if token.expose_secret() == "aaa.bbb.ccc"));
        scene.connection.verified(scene.now, Ok((token(1), Duration::from_mins(15))));
        assert_eq!(scene.connection.next_frame().unwrap().encode(), hex("720408a0f736"));
        let ask = "1a4108011226736f74746f2e76312e4163636f756e74536572766963652f556e626c6f636b4163636f756e74\
                   18904e32120a10000102030405060708090a0b0c0d0e0f";
        scene.say_bytes(hex(ask));
        let asked = scene.asked();
        assert!(matches!(asked[..], [Effect::Call { method: Method::AccountUnblockAccount, .. }]), "{asked:?}");
        scene.answer(1, b"");
        assert_eq!(scene.connection.next_frame().unwrap().encode(), hex("22020801"));
    }

    #[test]
    fn token_and_requests_may_follow_without_waiting() {
        let mut scene = Scene::connected();
        scene.say(hello(1, 1));
        scene.authenticate(1, Duration::from_mins(15));
        scene.call(1, APPEND, b"one");
        assert_eq!(scene.calls(), [1]);
        assert!(matches!(scene.heard()[..], [Frame::Accept(_), Frame::Authenticated(Ok(_))]), "Accept comes first");
    }

    #[test]
    fn no_common_version_closes() {
        let mut scene = Scene::connected();
        scene.say(hello(2, 9));
        scene.is_closed_for(CloseReason::Version);
    }

    #[test]
    fn a_client_without_a_hello_is_closed_after_ten_seconds() {
        let mut scene = Scene::connected();
        scene.wait(Duration::from_millis(9_999));
        assert_eq!(scene.heard(), []);
        scene.wait(Duration::from_millis(1));
        scene.is_closed_for(CloseReason::Timeout);
    }

    #[test]
    fn the_first_frame_is_a_hello_and_no_other_is() {
        Scene::connected().breaks_protocol(Frame::Ping(1));
        Scene::connected().breaks_protocol(request(1, INFO, b""));
        Scene::greeted().breaks_protocol(hello(1, 1));
    }

    #[test]
    fn what_is_no_frame_closes() {
        for (bytes, reason) in [
            (Bytes::new(), CloseReason::ProtocolError),
            (Bytes::from_static(b"\xff\xff\xff"), CloseReason::ProtocolError),
            (Bytes::from(vec![0; FRAME_MAX + 1]), CloseReason::TooLarge),
        ] {
            let mut scene = Scene::greeted();
            scene.say_bytes(bytes);
            scene.is_closed_for(reason);
        }
        let mut scene = Scene::greeted();
        scene.connection.receive_text();
        scene.is_closed_for(CloseReason::ProtocolError);
        let mut scene = Scene::greeted();
        scene.connection.receive_giant(1 << 40);
        scene.is_closed_for(CloseReason::TooLarge);
    }

    #[test]
    fn frames_of_servers_close() {
        let detail = ErrorCode::NotFound.detail();
        Scene::logged_in().breaks_protocol(Frame::Authenticated(Err(detail.clone())));
        Scene::logged_in().breaks_protocol(Frame::End(call(1)));
        Scene::logged_in().breaks_protocol(Frame::Failure { call: call(2), error: detail });
    }
}

mod authentication {
    use super::*;

    #[test]
    fn without_a_token_only_open_methods_are_called() {
        let mut scene = Scene::greeted();
        scene.call(1, APPEND, b"");
        scene.call(3, INFO, b"");
        assert_eq!(scene.calls(), [3]);
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Unauthenticated)]);
    }

    #[test]
    fn a_refused_token_takes_the_one_before_away() {
        let mut scene = Scene::logged_in();
        scene.say(Frame::Authenticate(Token::parse("token", "x".to_owned()).unwrap()));
        scene.asked();
        scene.connection.verified(scene.now, Err(ErrorCode::TokenExpired.into()));
        let heard = scene.heard();
        assert!(
            matches!(&heard[..], [Frame::Authenticated(Err(why))] if ErrorCode::of(why) == ErrorCode::TokenExpired)
        );
        scene.call(1, APPEND, b"");
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Unauthenticated)]);
    }

    #[test]
    fn a_token_applies_to_the_requests_after_it() {
        let mut scene = Scene::greeted();
        scene.call(1, INFO, b"");
        assert!(matches!(scene.asked()[..], [Effect::Call { token: None, .. }]));
        scene.authenticate(1, Duration::from_mins(15));
        scene.call(3, INFO, b"");
        assert!(matches!(scene.asked()[..], [Effect::Call { token: Some(_), .. }]));
    }

    #[test]
    fn a_token_of_another_session_closes() {
        let mut scene = Scene::logged_in();
        scene.authenticate(2, Duration::from_mins(15));
        scene.is_closed_for(CloseReason::ProtocolError);
    }

    #[test]
    fn streams_go_on_for_half_a_minute_after_the_last_token() {
        let mut scene = Scene::logged_in();
        scene.call(1, SUBSCRIBE, b"");
        scene.calls();
        assert!(scene.connection.streaming(call(1)));
        let heard = scene.live(Duration::from_mins(15) + Duration::from_secs(29));
        assert_eq!(failures(&heard), []);
        let heard = scene.live(Duration::from_secs(2));
        assert_eq!(failures(&heard), [(1, ErrorCode::TokenExpired)]);
        assert_eq!(scene.connection.closed(), None, "the connection stays");
    }

    #[test]
    fn a_new_token_keeps_streams() {
        let mut scene = Scene::logged_in();
        scene.call(1, SUBSCRIBE, b"");
        scene.live(Duration::from_mins(14));
        scene.authenticate(1, Duration::from_mins(15));
        let heard = scene.live(Duration::from_mins(14));
        assert_eq!(failures(&heard), []);
    }

    #[test]
    fn the_session_is_asked_after_and_its_end_closes_within_five_seconds() {
        let mut scene = Scene::logged_in();
        scene.live(Duration::from_mins(1));
        let ended_at = scene.now;
        loop {
            scene.wait(Duration::from_millis(100));
            if scene.asked().iter().any(|effect| matches!(effect, Effect::CheckSession(_))) {
                break;
            }
        }
        assert!(scene.now - ended_at < Duration::from_secs(3));
        scene.connection.session_checked(scene.now, &Err(ErrorCode::SessionEnded.into()));
        scene.is_closed_for(CloseReason::SessionEnded);
    }

    #[test]
    fn a_check_without_an_answer_ends_nothing_and_is_repeated() {
        let mut scene = Scene::logged_in();
        scene.wait(Duration::from_secs(3));
        assert!(matches!(scene.asked()[..], [Effect::CheckSession(_)]), "one at a time");
        scene.wait(Duration::from_secs(3));
        assert!(scene.asked().is_empty());
        scene.connection.session_checked(scene.now, &Err(ErrorCode::Unavailable.into()));
        scene.wait(Duration::from_secs(1));
        assert!(matches!(scene.asked()[..], [Effect::CheckSession(_)]));
    }
}

mod calls {
    use super::*;

    #[test]
    fn a_call_gets_its_reply_in_any_order() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"one");
        scene.call(9, APPEND, b"two");
        let bodies: Vec<_> = scene
            .asked()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Call { method, body, .. } => Some((method, body)),
                _ => None,
            })
            .collect();
        assert_eq!(bodies, [(APPEND, Bytes::from_static(b"one")), (APPEND, Bytes::from_static(b"two"))]);
        scene.answer(9, b"second");
        scene.connection.replied(call(1), Err(ErrorCode::EpochConflict.into()));
        let heard = scene.heard();
        assert_eq!(failures(&heard), [(1, ErrorCode::EpochConflict)]);
        assert_eq!(joined(heard[..1].to_vec()), &b"second"[..]);
    }

    #[test]
    fn ids_are_odd_and_go_up() {
        Scene::logged_in().breaks_protocol(request(2, INFO, b""));
        for again in [1, 3] {
            let mut scene = Scene::logged_in();
            scene.call(3, INFO, b"");
            scene.breaks_protocol(request(again, INFO, b""));
        }
    }

    #[test]
    fn an_unknown_method_fails_the_call_alone() {
        let mut scene = Scene::logged_in();
        scene.say(raw(wire::Request { call_id: 1, method: "sotto.v9.X/Y".to_owned(), ..Default::default() }));
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::UnknownMethod)]);
        scene.call(3, INFO, b"");
        assert_eq!(scene.calls(), [3]);
    }

    #[test]
    fn calls_beyond_the_limit_are_refused_and_twice_as_many_close() {
        let mut scene = Scene::logged_in();
        let max = u64::from(CALLS_MAX);
        for index in 0..max {
            scene.call(2 * index + 1, APPEND, b"");
        }
        assert_eq!(scene.heard(), []);
        scene.call(2 * max + 1, APPEND, b"");
        let [Frame::Failure { error, .. }] = &scene.heard()[..] else { panic!() };
        assert_eq!(error, &ErrorDetail::limit(ErrorCode::LimitReached, "CALLS_MAX", max, max + 1));
        for index in 0..max {
            scene.call(2 * (max + index) + 3, APPEND, b"");
        }
        assert_eq!(scene.connection.closed(), None);
        scene.breaks_protocol(request(6 * max + 1, APPEND, b""));
    }

    #[test]
    fn what_a_client_has_read_of_refusals_does_not_count() {
        let mut scene = Scene::logged_in();
        for index in 0..u64::from(CALLS_MAX) * 5 {
            scene.call(2 * index + 1, APPEND, b"");
            scene.heard();
        }
        assert_eq!(scene.connection.closed(), None);
    }

    #[test]
    fn the_services_get_only_so_many_calls_at_once() {
        let mut scene = Scene::logged_in();
        for index in 0..u64::from(CALLS_MAX) {
            scene.call(2 * index + 1, APPEND, b"");
        }
        assert_eq!(scene.calls().len(), 32);
        scene.answer(1, b"");
        assert_eq!(scene.calls(), [65]);
    }

    #[test]
    fn a_deadline_completes_the_call_and_its_answer_comes_to_nothing() {
        let mut scene = Scene::logged_in();
        let (method, deadline_ms) = (APPEND.path().to_owned(), 1_500);
        scene.say(raw(wire::Request { call_id: 1, method, deadline_ms, ..Default::default() }));
        scene.call(3, APPEND, b"");
        scene.calls();
        assert_eq!(scene.live(Duration::from_millis(1_499)), []);
        scene.wait(Duration::from_millis(1));
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::DeadlineExceeded)]);
        assert_eq!(scene.abandoned(), [1]);
        scene.answer(1, b"late");
        assert_eq!(scene.heard(), []);
        assert_eq!(failures(&scene.live(Duration::from_secs(30))), [(3, ErrorCode::DeadlineExceeded)]);
    }

    #[test]
    fn streams_have_no_deadline_unless_asked_for_and_subscriptions_never() {
        let mut scene = Scene::logged_in();
        let ask = |call_id, method: Method| {
            raw(wire::Request { call_id, method: method.path().to_owned(), deadline_ms: 1_000, ..Default::default() })
        };
        scene.say(ask(1, SUBSCRIBE));
        scene.say(ask(3, DOWNLOAD));
        scene.call(5, DOWNLOAD, b"");
        assert_eq!(failures(&scene.live(Duration::from_mins(10))), [(3, ErrorCode::DeadlineExceeded)]);
    }

    #[test]
    fn a_cancelled_call_is_completed_once() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.call(3, SUBSCRIBE, b"");
        scene.calls();
        assert!(scene.connection.streaming(call(3)));
        scene.say(Frame::Cancel(call(1)));
        scene.say(Frame::Cancel(call(3)));
        assert_eq!(scene.abandoned(), [1, 3]);
        let heard = scene.heard();
        assert_eq!(failures(&heard), [(1, ErrorCode::Cancelled), (3, ErrorCode::Cancelled)]);
        scene.answer(1, b"was on its way");
        scene.connection.item(call(3), Bytes::from_static(b"item"));
        scene.connection.ended(call(3), Ok(()));
        scene.say(Frame::Cancel(call(1)));
        scene.say(credit(3, 1));
        assert_eq!(scene.heard(), []);
    }

    #[test]
    fn a_call_that_was_cancelled_before_its_turn_is_never_made() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.say(Frame::Cancel(call(1)));
        assert!(scene.asked().iter().all(|effect| matches!(effect, Effect::CheckSession(_))));
    }

    #[test]
    fn frames_for_calls_that_never_were_close() {
        Scene::logged_in().breaks_protocol(Frame::Cancel(call(1)));
        Scene::logged_in().breaks_protocol(credit(1, 1));
        Scene::logged_in().breaks_protocol(more(1, b"x"));
        Scene::logged_in().breaks_protocol(Frame::Cancel(call(2)));
    }
}

mod pieces {
    use super::*;

    #[test]
    fn a_request_in_pieces_is_joined_while_others_go_on() {
        let mut scene = Scene::logged_in();
        let message: Vec<u8> = (0..PIECE_MAX + 10).map(|index| u8::try_from(index % 251).unwrap()).collect();
        scene.say(begun(1, COMMIT, message.len(), &message[..PIECE_MAX]));
        scene.call(3, APPEND, b"small");
        assert_eq!(scene.calls(), [3]);
        scene.say(more(1, &message[PIECE_MAX..]));
        let asked = scene.asked();
        let [Effect::Call { body, .. }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(body[..], message[..]);
    }

    #[test]
    fn a_large_reply_leaves_in_pieces_that_take_turns() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.call(3, APPEND, b"");
        scene.call(5, APPEND, b"");
        scene.calls();
        let large = vec![7; 2 * PIECE_MAX + 1];
        scene.answer(1, &large);
        scene.answer(3, &large);
        scene.answer(5, b"small");
        let heard = scene.heard();
        assert_eq!(of_calls(&heard), [1, 3, 5, 1, 3, 1, 3]);
        let of_first = heard.into_iter().filter(|frame| of_calls(std::slice::from_ref(frame)) == [1]).collect();
        assert_eq!(joined(of_first), large);
    }

    #[test]
    fn what_exceeds_the_limit_of_its_method_fails_at_its_first_frame() {
        let mut scene = Scene::logged_in();
        scene.say(begun(1, APPEND, SMALL_REQUEST_MAX + 1, b"first"));
        let [Frame::Failure { error, .. }] = &scene.heard()[..] else { panic!() };
        assert_eq!(ErrorCode::of(error), ErrorCode::TooLarge);
        assert_eq!(error.limit.as_ref().unwrap().name, "SMALL_REQUEST_MAX");
        scene.say(more(1, b"second"));
        assert_eq!((scene.heard(), scene.connection.closed()), (vec![], None), "the rest is ignored");
    }

    #[test]
    fn cancel_drops_what_has_arrived() {
        let mut scene = Scene::logged_in();
        scene.say(begun(1, COMMIT, 10, b"first"));
        scene.say(Frame::Cancel(call(1)));
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Cancelled)]);
        assert_eq!(scene.abandoned(), [] as [u64; 0], "the services never had it");
    }

    #[test]
    fn a_failure_drops_the_reply_that_is_under_way() {
        let mut scene = Scene::logged_in();
        scene.call(1, SUBSCRIBE, b"");
        scene.calls();
        scene.connection.streaming(call(1));
        scene.connection.item(call(1), Bytes::from(vec![7; 3 * PIECE_MAX]));
        assert!(scene.connection.next_frame().is_some());
        scene.say(Frame::Cancel(call(1)));
        assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Cancelled)]);
    }

    #[test]
    fn pieces_that_break_their_rules_close() {
        let mut overrun = Scene::logged_in();
        overrun.say(begun(1, COMMIT, 10, b"first"));
        overrun.breaks_protocol(more(1, b"more than"));
        let mut nothing = Scene::logged_in();
        nothing.call(1, COMMIT, b"whole");
        nothing.breaks_protocol(more(1, b"x"));
    }

    #[test]
    fn too_much_under_way_closes() {
        let mut scene = Scene::logged_in();
        let calls = u64::try_from(UNDER_WAY_MAX / MESSAGE_MAX).unwrap();
        for index in 0..calls {
            scene.say(begun(2 * index + 1, COMMIT, MESSAGE_MAX, b"first"));
        }
        assert_eq!(scene.connection.closed(), None);
        scene.say(begun(2 * calls + 1, COMMIT, 100, b"first"));
        scene.is_closed_for(CloseReason::TooLarge);
    }
}

mod flow {
    use super::*;

    fn streaming(asked: u32) -> Scene {
        let mut scene = Scene::logged_in();
        let method = SUBSCRIBE.path().to_owned();
        scene.say(raw(wire::Request { call_id: 1, method, credit: asked, ..Default::default() }));
        scene.calls();
        assert!(scene.connection.streaming(call(1)));
        scene
    }

    #[test]
    fn items_are_taken_one_by_one_while_there_is_credit() {
        let mut scene = streaming(10);
        assert!(scene.connection.wants_item(call(1)));
        scene.connection.item(call(1), Bytes::from_static(b"1234567"));
        assert!(!scene.connection.wants_item(call(1)), "the first has not left");
        scene.heard();
        assert!(scene.connection.wants_item(call(1)), "3 bytes are left");
        scene.connection.item(call(1), Bytes::from_static(b"1234567"));
        scene.heard();
        assert!(!scene.connection.wants_item(call(1)), "below zero by one message");
        scene.say(credit(1, 4));
        assert!(!scene.connection.wants_item(call(1)), "zero is not above zero");
        scene.say(credit(1, 1));
        assert!(scene.connection.wants_item(call(1)));
        scene.connection.ended(call(1), Ok(()));
        assert!(matches!(scene.heard()[..], [Frame::End(_)]));
    }

    #[test]
    fn an_item_in_pieces_has_left_with_its_last_piece() {
        let mut scene = streaming(CREDIT_MAX);
        scene.connection.item(call(1), Bytes::from(vec![7; PIECE_MAX + 1]));
        assert!(scene.connection.next_frame().is_some());
        assert!(!scene.connection.wants_item(call(1)));
        assert!(scene.connection.next_frame().is_some());
        assert!(scene.connection.wants_item(call(1)));
    }

    #[test]
    fn credit_has_a_default_and_a_maximum() {
        let mut scene = streaming(0);
        scene.say(credit(1, CREDIT_MAX - CREDIT_DEFAULT));
        assert_eq!(scene.connection.closed(), None);
        scene.breaks_protocol(credit(1, 1));
    }

    #[test]
    fn credit_for_a_call_of_one_reply_means_nothing() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.say(credit(1, CREDIT_MAX));
        scene.say(credit(1, CREDIT_MAX));
        assert_eq!(scene.connection.closed(), None);
    }

    #[test]
    fn nothing_more_is_taken_while_too_much_waits() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.call(3, SUBSCRIBE, b"");
        scene.calls();
        scene.connection.streaming(call(3));
        scene.answer(1, &vec![7; 300 * 1024]);
        assert!(!scene.connection.takes_input());
        assert!(!scene.connection.wants_item(call(3)));
        scene.heard();
        assert!(scene.connection.takes_input());
        assert!(scene.connection.wants_item(call(3)));
    }
}

mod liveness {
    use super::*;

    #[test]
    fn silence_is_asked_about_and_then_given_up() {
        let mut scene = Scene::greeted();
        scene.wait(Duration::from_secs(25));
        assert!(matches!(scene.heard()[..], [Frame::Ping(_)]));
        scene.wait(Duration::from_secs(24));
        assert_eq!(scene.heard(), []);
        scene.wait(Duration::from_secs(1));
        scene.is_closed_for(CloseReason::Timeout);
    }

    #[test]
    fn who_answers_is_alive() {
        let mut scene = Scene::greeted();
        for _ in 0..20 {
            scene.wait(Duration::from_secs(25));
            let heard = scene.heard();
            let [Frame::Ping(number)] = heard[..] else { panic!("{heard:?}") };
            scene.say(Frame::Pong(number));
        }
        assert_eq!(scene.connection.closed(), None);
    }

    #[test]
    fn a_pong_goes_before_what_waits() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.calls();
        scene.answer(1, &vec![7; 200_000]);
        scene.say(Frame::Ping(42));
        assert_eq!(scene.connection.next_frame(), Some(Frame::Pong(42)));
    }

    #[test]
    fn a_flood_of_pings_closes() {
        let mut scene = Scene::greeted();
        for number in 0..10 {
            scene.say(Frame::Ping(number));
        }
        scene.wait(Duration::from_secs(25));
        scene.say(Frame::Ping(10));
        assert_eq!(scene.connection.closed(), None, "another interval has begun");
        for _ in 0..9 {
            scene.connection.receive_ping(scene.now);
        }
        scene.breaks_protocol(Frame::Ping(11));
    }
}

mod closing {
    use super::*;

    #[test]
    fn a_close_is_the_last_frame_and_names_the_highest_call() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.call(7, SUBSCRIBE, b"");
        assert_eq!(scene.calls(), [1, 7]);
        scene.say(request(8, APPEND, b""));
        assert_eq!(scene.is_closed_for(CloseReason::ProtocolError).last_call, Some(call(7)));
        assert_eq!(scene.abandoned(), [1, 7]);
        scene.answer(1, b"late");
        scene.call(9, APPEND, b"");
        assert_eq!(scene.heard(), []);
        assert!(scene.asked().is_empty());
    }

    #[test]
    fn the_clients_close_ends_all() {
        let mut scene = Scene::logged_in();
        scene.call(1, SUBSCRIBE, b"");
        scene.calls();
        scene.say(Frame::Close(Close { reason: CloseReason::Done, retry_after_ms: 0, last_call: None }));
        assert_eq!(scene.connection.closed(), Some(CloseReason::Done));
        assert_eq!((scene.heard(), scene.abandoned()), (vec![], vec![1]));
    }

    #[test]
    fn a_shutdown_completes_replies_and_takes_up_nothing_new() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.call(3, SUBSCRIBE, b"");
        scene.calls();
        scene.connection.drain(scene.now, Duration::from_secs(3));
        scene.call(5, APPEND, b"");
        scene.say(Frame::Cancel(call(5)));
        scene.say(more(5, b"x"));
        assert!(scene.calls().is_empty());
        assert_eq!(scene.heard(), []);
        scene.answer(1, b"done");
        let mut heard = scene.heard();
        let Some(Frame::Close(close)) = heard.pop() else { panic!("{heard:?}") };
        assert_eq!(of_calls(&heard), [1]);
        assert_eq!(close, Close { reason: CloseReason::GoingAway, retry_after_ms: 3_000, last_call: Some(call(3)) });
    }

    #[test]
    fn a_shutdown_waits_for_what_is_to_be_sent_but_not_for_ever() {
        let mut idle = Scene::logged_in();
        idle.connection.drain(idle.now, Duration::ZERO);
        idle.is_closed_for(CloseReason::GoingAway);

        let mut stuck = Scene::logged_in();
        stuck.call(1, APPEND, b"");
        stuck.calls();
        stuck.connection.drain(stuck.now, Duration::ZERO);
        stuck.live(Duration::from_secs(9));
        assert_eq!(stuck.connection.closed(), None);
        stuck.wait(Duration::from_secs(1));
        stuck.is_closed_for(CloseReason::GoingAway);
    }

    #[test]
    fn a_shutdown_before_the_hello_closes_at_once() {
        let mut scene = Scene::connected();
        scene.connection.drain(scene.now, Duration::from_secs(1));
        scene.is_closed_for(CloseReason::GoingAway);
    }

    #[test]
    fn failures_of_services_pass_through() {
        let mut scene = Scene::logged_in();
        scene.call(1, APPEND, b"");
        scene.calls();
        let detail = ErrorDetail::retry_after(ErrorCode::RateLimited, 1_234);
        scene.connection.replied(call(1), Err(Failure::from(detail.clone())));
        assert_eq!(scene.heard(), [Frame::Failure { call: call(1), error: detail }]);
    }
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn any_frame() -> impl Strategy<Value = Frame> {
        let id = 1..40_u64;
        let method = prop::sample::select(vec![APPEND, SUBSCRIBE, INFO, COMMIT, DOWNLOAD]);
        prop_oneof![
            (id.clone(), method.clone(), 0..300_usize).prop_map(|(id, method, size)| request(
                id,
                method,
                &vec![7; size]
            )),
            (id.clone(), method, 1..9_000_usize).prop_map(|(id, method, size)| begun(
                id,
                method,
                size + 1,
                &vec![7; size.min(99)]
            )),
            (id.clone(), 1..100_usize).prop_map(|(id, size)| more(id, &vec![7; size])),
            id.clone().prop_map(|id| Frame::Cancel(call(id))),
            (id, 1..CREDIT_MAX).prop_map(|(id, bytes)| credit(id, bytes)),
            any::<u64>().prop_map(Frame::Ping),
            any::<u64>().prop_map(Frame::Pong),
        ]
    }

    proptest! {
        /// Whatever is sent and whenever it is answered: no panic, each call completed at most once, nothing after a close.
        #[test]
        fn no_sequence_of_frames_confuses_the_machine(
            steps in prop::collection::vec((any_frame(), any::<bool>(), 0..3_000_u64), 0..60),
        ) {
            let mut scene = Scene::logged_in();
            let mut completed = std::collections::BTreeSet::new();
            let mut working = Vec::new();
            for (frame, answered, pause) in steps {
                scene.say(frame);
                for effect in scene.asked() {
                    match effect {
                        Effect::Call { call, method, .. } => working.push((call, method)),
                        Effect::CheckSession(_) => scene.connection.session_checked(scene.now, &Ok(())),
                        Effect::Abandon(_) | Effect::Verify(_) => {}
                    }
                }
                if answered && let Some((call, method)) = working.pop() {
                    if method.streams() {
                        if scene.connection.streaming(call) && scene.connection.wants_item(call) {
                            scene.connection.item(call, Bytes::from_static(b"item"));
                        }
                    } else {
                        scene.connection.replied(call, Ok(Bytes::from_static(b"reply")));
                    }
                }
                scene.wait(Duration::from_millis(pause));
                let mut closed = false;
                for frame in scene.heard() {
                    prop_assert!(!closed, "{frame:?} after a close");
                    match frame {
                        Frame::Reply { call, .. } | Frame::Failure { call, .. } | Frame::End(call) => {
                            prop_assert!(completed.insert(call), "{call:?} is completed twice");
                        }
                        Frame::Item { call, .. } => prop_assert!(!completed.contains(&call)),
                        Frame::Close(_) => closed = true,
                        _ => {}
                    }
                }
            }
        }

        #[test]
        fn no_bytes_confuse_the_machine(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut scene = Scene::logged_in();
            scene.say_bytes(bytes.into());
            scene.heard();
        }
    }
}
