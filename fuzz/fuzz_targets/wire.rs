//! Messages of the contract, from clients and from servers. The first two bytes say which message it is.
//!
//! Held: what decodes keeps its encoding, what parses goes back as it came, and the limits on depth and number of fields come
//! before the memory: the budget is far below what a message without them could cost.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sotto_fuzz as _;
use sotto_proto::grpc::from_status;
use sotto_proto::grpc_web::{BodyReader, Piece, outcome};
use sotto_proto::limits::MESSAGE_MAX;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{
    Append, Call, Commit, ConversationHead, Cursor, EventId, LogEntry, SealedEvent, SealedMarker, SealedSignal,
    Wire, decode,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first_chunk() else { return };
    let which = usize::from(u16::from_be_bytes(*which)) % (CALLS.len() + OTHERS.len());
    let check = CALLS.get(which).unwrap_or_else(|| &OTHERS[which - CALLS.len()]);
    check(Bytes::copy_from_slice(bytes));
});

macro_rules! calls {
    ($($request:ident),* $(,)?) => { &[$(call::<wire::$request>),*] };
}

type Check = fn(Bytes);

const OTHERS: &[Check] = &[
    |bytes| drop(steady::<wire::Event>(bytes)),
    |bytes| drop(steady::<wire::Frame>(bytes)),
    |bytes| back::<wire::LogEntry, LogEntry>(bytes),
    |bytes| back::<wire::ConversationHead, ConversationHead>(bytes),
    |bytes| back::<wire::AppendRequest, Append>(bytes),
    |bytes| back::<wire::CommitRequest, Commit>(bytes),
    status,
    grpc_web_reply,
    field,
];

/// A body of gRPC-Web as it arrives, in two pieces, and its headers.
fn grpc_web_reply(bytes: Bytes) {
    let mut reader = BodyReader::default();
    let (one, other) = bytes.split_at(bytes.len() / 2);
    for part in [one, other] {
        reader.push(part);
        while let Some(piece) = reader.next_piece() {
            if matches!(piece, Piece::End(_)) {
                return;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let _ = outcome(|name| text.lines().find_map(|line| line.strip_prefix(name)));
}

/// A request and the reply to it.
fn call<M: Call>(bytes: Bytes) {
    steady::<M>(bytes.clone());
    steady::<M::Response>(bytes);
}

/// Decodes, and expects the encoding to last.
fn steady<M: Wire>(bytes: Bytes) -> Option<M> {
    let message: M = decode(bytes, MESSAGE_MAX).ok()?;
    let encoded = message.encode_to_vec();
    let again: M = decode(encoded.clone().into(), MESSAGE_MAX).expect("what was decoded decodes again");
    assert_eq!(again.encode_to_vec(), encoded);
    Some(message)
}

/// Parses into the checked type, and expects the same message back.
fn back<M: Wire + Clone + PartialEq + From<T>, T: TryFrom<M>>(bytes: Bytes) {
    let Some(message) = steady::<M>(bytes) else { return };
    if let Ok(parsed) = T::try_from(message.clone()) {
        assert!(M::from(parsed) == message);
    }
}

/// What fields of bytes parse into.
fn field(bytes: Bytes) {
    if let Ok(cursor) = Cursor::parse("cursor", bytes.clone()) {
        assert_eq!(cursor.as_bytes(), &bytes);
        assert_eq!(Cursor::parse_optional("cursor", bytes.clone()), Ok(Some(cursor)));
    }
    if let Ok(sealed) = SealedEvent::parse("sealed", bytes.clone()) {
        assert_eq!(sealed.into_bytes(), bytes);
    }
    let _ = (SealedMarker::parse("sealed", bytes.clone()), SealedSignal::parse("sealed", bytes.clone()));
    if let Ok(id) = EventId::try_from(&bytes[..]) {
        assert_eq!(id.to_wire(), bytes);
    }
}

/// The details of a gRPC status.
fn status(bytes: Bytes) {
    let detail = from_status(&tonic::Status::with_details(tonic::Code::Unknown, "", bytes));
    let _ = (ErrorCode::of(&detail).fault(), ErrorCode::of(&detail).grpc_status());
}

const CALLS: &[Check] = sotto_proto::with_every_request!(calls);
