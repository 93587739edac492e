//! Frames against permanent vectors that another implementation made.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::error::Error;
use std::num::NonZeroU32;

use bytes::Bytes;
use serde_json::Value;
use sotto_proto::frame::{Accept, AccessToken, CallId, Close, Frame, Hello, Opening, Request};
use sotto_proto::wire::{self, CloseReason, ErrorCode, ErrorDetail};

const VECTORS: &str = include_str!("vectors/frames.json");
/// The worked example is checked as it stands in the document.
const PROTOCOL: &str = include_str!("../../../docs/PROTOCOL.md");

fn vectors(list: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors[list].as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn small(value: &Value, key: &str) -> u32 {
    number(value, key).try_into().unwrap()
}

fn unhex(text: &str) -> Bytes {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Openings cannot be built from parts, on purpose: this takes one from a reply on the wire.
fn opening(value: &Value) -> Opening {
    let body = unhex(text(value, "body"));
    let total = small(value, "total");
    let total_size = if body.len() == total as usize { 0 } else { total };
    let reply = wire::frame::Kind::Reply(wire::Reply { call_id: 1, total_size, body });
    match Frame::try_from(wire::Frame { kind: Some(reply) }) {
        Ok(Frame::Reply { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

fn build(value: &Value) -> Frame {
    let call = || CallId::new(number(value, "call")).unwrap();
    let code = || ErrorCode::try_from(i32::try_from(number(value, "code")).unwrap()).unwrap();
    match text(value, "kind") {
        "hello" => Frame::Hello(Hello {
            versions: small(value, "min")..=small(value, "max"),
            program: text(value, "program").to_owned(),
        }),
        "accept" => Frame::Accept(Accept {
            version: small(value, "version"),
            calls_max: small(value, "calls"),
            message_max: small(value, "message"),
            ping_interval_ms: small(value, "ping"),
            time_ms: number(value, "time"),
        }),
        "request" => Frame::Request(Request {
            call: call(),
            method: text(value, "method").to_owned(),
            deadline_ms: NonZeroU32::new(small(value, "deadline")),
            credit: NonZeroU32::new(small(value, "credit")),
            message: opening(value),
        }),
        "reply" => Frame::Reply { call: call(), message: opening(value) },
        "item" => Frame::Item { call: call(), message: opening(value) },
        "end" => Frame::End(call()),
        "failure" => Frame::Failure { call: call(), error: ErrorDetail::retry_after(code(), small(value, "retry")) },
        "cancel" => Frame::Cancel(call()),
        "credit" => Frame::Credit { call: call(), bytes: NonZeroU32::new(small(value, "bytes")).unwrap() },
        "ping" => Frame::Ping(number(value, "token")),
        "pong" => Frame::Pong(number(value, "token")),
        "authenticate" => {
            Frame::Authenticate(AccessToken::parse("access_token", text(value, "token").to_owned()).unwrap())
        }
        "authenticated" => Frame::Authenticated(Ok(NonZeroU32::new(small(value, "expires")).unwrap())),
        "refused" => Frame::Authenticated(Err(code().detail())),
        "close" => Frame::Close(Close {
            reason: CloseReason::try_from(i32::try_from(number(value, "reason")).unwrap()).unwrap(),
            retry_after_ms: small(value, "retry"),
            last_call: CallId::new(number(value, "last")),
        }),
        other => panic!("no frame of kind {other}"),
    }
}

#[test]
fn frames_are_encoded_and_decoded_as_the_vectors_say() {
    let vectors = vectors("frames");
    assert_eq!(vectors.len(), 19);
    for vector in vectors {
        let name = text(&vector, "name");
        let bytes = unhex(text(&vector, "hex"));
        let decoded = Frame::decode(bytes.clone()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(decoded.clone().encode(), bytes, "{name}");
        match (&decoded, text(&vector["frame"], "kind")) {
            (Frame::More { call, body }, "more") => {
                assert_eq!(call.get(), number(&vector["frame"], "call"));
                assert_eq!(body.clone().into_bytes(), unhex(text(&vector["frame"], "body")));
            }
            _ => assert_eq!(decoded, build(&vector["frame"]), "{name}"),
        }
    }
}

fn innermost(error: &dyn Error) -> &dyn Error {
    error.source().map_or(error, innermost)
}

#[test]
fn what_breaks_a_rule_is_refused_as_the_vectors_say() {
    let vectors = vectors("refused");
    assert_eq!(vectors.len(), 21);
    for vector in vectors {
        let error = Frame::decode(unhex(text(&vector, "hex"))).expect_err(text(&vector, "name"));
        assert_eq!(innermost(&error).to_string(), text(&vector, "because"), "{}", text(&vector, "name"));
        assert_eq!(error.close_reason(), CloseReason::ProtocolError);
    }
}

#[test]
fn a_frame_that_is_too_large_is_refused_unread() {
    let error = Frame::decode(vec![0xff; sotto_proto::limits::FRAME_MAX + 1].into()).unwrap_err();
    assert_eq!(error.close_reason(), CloseReason::TooLarge);
}

/// Lines such as `C > 1a0b …  # words` in the document's example, in order.
fn worked_example() -> Vec<(char, Bytes)> {
    let section = PROTOCOL.split_once("### 12.10").expect("the worked example is section 12.10").1;
    let block = section.split("```").nth(1).expect("the example is a block of code");
    let mut frames: Vec<(char, String)> = Vec::new();
    for line in block.lines().skip(1) {
        let hex = line.split('#').next().unwrap_or_default();
        match hex.split_once('>') {
            Some((side, hex)) => frames.push((side.trim().chars().next().unwrap(), hex.to_owned())),
            None => frames.last_mut().map_or((), |(_, earlier)| earlier.push_str(hex)),
        }
    }
    frames.into_iter().map(|(side, hex)| (side, unhex(&hex))).collect()
}

#[test]
fn the_worked_example_of_the_document_is_true() {
    let frames = worked_example();
    let named = |name: &str| {
        let vector = vectors("frames").into_iter().find(|vector| text(vector, "name") == name).unwrap();
        unhex(text(&vector, "hex"))
    };
    let expected = [
        ('C', named("hello")),
        ('S', named("accept")),
        ('C', named("authenticate")),
        ('S', named("authenticated")),
        ('C', named("request")),
        ('S', named("reply")),
    ];
    assert_eq!(frames, expected);
}
