//! Frames of any content: what is sent arrives, and what is broken on the way is refused without harm.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use sotto_proto::frame::{
    AccessToken, AssembleError, Assembler, CallId, Close, Frame, FrameReader, Hello, Opening, Request, encode_prefixed,
    split,
};
use sotto_proto::limits::{CREDIT_MAX, DEADLINE_MAX_MS, FRAME_MAX, MESSAGE_MAX, NUMBER_MAX, PIECE_MAX, UNDER_WAY_MAX};
use sotto_proto::wire::{CloseReason, ErrorCode};

fn call() -> impl Strategy<Value = CallId> {
    (1..=NUMBER_MAX).prop_map(|number| CallId::new(number).unwrap())
}

fn opening() -> impl Strategy<Value = Opening> {
    prop_oneof![0..300_usize, PIECE_MAX - 1..PIECE_MAX + 3].prop_map(|size| split(Bytes::from(vec![0x5a; size])).0)
}

fn request() -> impl Strategy<Value = Request> {
    (call(), "[!-~]{1,96}", 0..=DEADLINE_MAX_MS, 0..=CREDIT_MAX, opening()).prop_map(
        |(call, method, deadline, credit, message)| Request {
            call,
            method,
            deadline_ms: deadline.try_into().ok(),
            credit: credit.try_into().ok(),
            message,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        ((1_u32..9), (9_u32..20), "[ -~]{0,64}")
            .prop_map(|(min, max, program)| Frame::Hello(Hello { versions: min..=max, program })),
        request().prop_map(Frame::Request),
        (call(), opening()).prop_map(|(call, message)| Frame::Reply { call, message }),
        (call(), opening()).prop_map(|(call, message)| Frame::Item { call, message }),
        call().prop_map(Frame::End),
        call().prop_map(|call| Frame::Failure { call, error: ErrorCode::EpochConflict.detail() }),
        call().prop_map(Frame::Cancel),
        (call(), 1..=CREDIT_MAX).prop_map(|(call, bytes)| Frame::Credit { call, bytes: bytes.try_into().unwrap() }),
        any::<u64>().prop_map(Frame::Ping),
        any::<u64>().prop_map(Frame::Pong),
        "[!-~]{1,200}".prop_map(|token| Frame::Authenticate(AccessToken::parse("token", token).unwrap())),
        (proptest::option::of(call()), 0..86_400_000_u32).prop_map(|(last_call, retry_after_ms)| {
            Frame::Close(Close { reason: CloseReason::GoingAway, retry_after_ms, last_call })
        }),
    ]
}

proptest! {
    #[test]
    fn a_frame_arrives_as_it_was_sent(frame in frame()) {
        let bytes = frame.clone().encode();
        prop_assert!(bytes.len() <= FRAME_MAX);
        prop_assert_eq!(Frame::decode(bytes), Ok(frame));
    }

    #[test]
    fn a_frame_that_is_cut_is_refused_or_another_valid_one(frame in frame(), cut in any::<prop::sample::Index>()) {
        let bytes = frame.encode();
        let cut = bytes.slice(..cut.index(bytes.len()));
        if let Ok(decoded) = Frame::decode(cut) {
            prop_assert_eq!(Frame::decode(decoded.clone().encode()), Ok(decoded));
        }
    }

    #[test]
    fn a_flipped_bit_never_panics(frame in frame(), place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = frame.encode().to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(decoded) = Frame::decode(bytes.into()) {
            prop_assert_eq!(Frame::decode(decoded.clone().encode()), Ok(decoded));
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Frame::decode(bytes.clone().into());
        let mut reader = FrameReader::default();
        reader.feed(&bytes);
        while let Ok(Some(_)) = reader.next_frame() {}
    }

    #[test]
    fn a_byte_stream_may_be_cut_anywhere(frames in vec(frame(), 1..5), step in 1..5_000_usize) {
        let mut stream = BytesMut::new();
        for frame in frames.clone() {
            encode_prefixed(frame, &mut stream);
        }
        let mut reader = FrameReader::default();
        let mut received = Vec::new();
        for bytes in stream.chunks(step) {
            reader.feed(bytes);
            while let Some(frame) = reader.next_frame().unwrap() {
                received.push(frame);
            }
        }
        prop_assert_eq!(received, frames);
    }

    #[test]
    fn pieces_join_to_the_message_whatever_runs_between(size in 0..4 * PIECE_MAX, other in 0..4 * PIECE_MAX) {
        let (alice, bob) = (CallId::FIRST_OF_CLIENT, CallId::new(3).unwrap());
        let messages = [(alice, message(size, 1)), (bob, message(other, 2))];
        let mut assembler = Assembler::new(MESSAGE_MAX);
        let mut joined = Vec::new();
        let mut rests = Vec::new();
        for (call, message) in messages.clone() {
            let (opening, rest) = split(message);
            joined.extend(assembler.open(call, opening).unwrap().map(|message| (call, message)));
            rests.push((call, rest));
        }
        while !rests.is_empty() {
            rests.retain_mut(|(call, rest)| rest.next().is_some_and(|piece| {
                joined.extend(assembler.more(*call, &piece).unwrap().map(|message| (*call, message)));
                true
            }));
        }
        joined.sort();
        prop_assert_eq!(joined, messages);
    }
}

fn message(size: usize, salt: usize) -> Bytes {
    (0..size).map(|index| u8::try_from((index * salt) % 251).unwrap()).collect()
}

/// The opening and the first piece of a message of three pieces.
fn beginning() -> (Opening, sotto_proto::frame::Body) {
    let (opening, mut rest) = split(message(3 * PIECE_MAX, 1));
    (opening, rest.next().unwrap())
}

#[test]
fn every_prefix_of_a_frame_is_refused() {
    let hello = Frame::Hello(Hello { versions: 1..=1, program: "sotto".to_owned() }).encode();
    for end in 0..hello.len() {
        assert!(Frame::decode(hello.slice(..end)).is_err(), "{end} of {} bytes", hello.len());
    }
}

#[test]
fn the_rules_of_pieces_are_kept() {
    let call = CallId::FIRST_OF_CLIENT;
    let mut assembler = Assembler::new(MESSAGE_MAX);
    let (opening, piece) = beginning();
    assert_eq!(assembler.more(call, &piece), Err(AssembleError::NothingUnderWay(call)));
    assert_eq!(assembler.open(call, opening.clone()), Ok(None));
    assert_eq!(assembler.open(call, opening.clone()), Err(AssembleError::Interrupted(call)));
    assert_eq!(assembler.more(call, &piece), Ok(None));
    assembler.abort(call);
    assert_eq!(assembler.more(call, &piece), Err(AssembleError::NothingUnderWay(call)));

    let (short, _) = split(message(PIECE_MAX + 1, 1));
    assert_eq!(assembler.open(call, short), Ok(None));
    assert_eq!(assembler.more(call, &piece), Err(AssembleError::Overrun(call)));
}

#[test]
fn a_message_beyond_what_was_agreed_is_refused_at_its_beginning() {
    let mut assembler = Assembler::new(2 * PIECE_MAX);
    let refused = AssembleError::MessageTooLarge { max: 2 * PIECE_MAX, actual: 3 * PIECE_MAX };
    assert_eq!(assembler.open(CallId::FIRST_OF_CLIENT, beginning().0), Err(refused));
}

#[test]
fn what_is_under_way_is_bounded_over_all_calls() {
    let mut assembler = Assembler::new(MESSAGE_MAX);
    let (largest, _) = split(vec![0; MESSAGE_MAX].into());
    let calls: Vec<_> = std::iter::successors(Some(CallId::FIRST_OF_CLIENT), |call| call.next()).take(3).collect();
    for call in &calls[..UNDER_WAY_MAX / MESSAGE_MAX] {
        assert_eq!(assembler.open(*call, largest.clone()), Ok(None));
    }
    assert_eq!(assembler.open(calls[2], largest.clone()), Err(AssembleError::TooMuchUnderWay));
    assembler.abort(calls[0]);
    assert_eq!(assembler.open(calls[2], largest), Ok(None));
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_its_bytes_come() {
    let mut reader = FrameReader::default();
    reader.feed(&u32::try_from(FRAME_MAX + 1).unwrap().to_be_bytes());
    assert_eq!(reader.next_frame().unwrap_err().close_reason(), CloseReason::TooLarge);
}

#[test]
fn debug_shows_neither_tokens_nor_bodies() {
    let token = AccessToken::parse("token", "canary".to_owned()).unwrap();
    let (message, _) = split(Bytes::from_static(b"canary"));
    let reply = Frame::Reply { call: CallId::FIRST_OF_CLIENT, message };
    let printed = format!("{:?} {reply:?}", Frame::Authenticate(token));
    assert!(!printed.contains("canary") && !printed.contains("99, 97"), "{printed}");
}

#[test]
fn clients_open_odd_calls() {
    let first = CallId::FIRST_OF_CLIENT;
    assert!(first.is_of_client() && first.next().unwrap().is_of_client());
    assert!(!CallId::new(2).unwrap().is_of_client());
    assert_eq!(CallId::new(NUMBER_MAX).unwrap().next(), None);
}
