//! Frames: one, or a stream of them that is cut anywhere. The first byte says into what pieces; zero is a single frame.
//!
//! Held: what decodes keeps its meaning, a stream gives the same frames however it is cut, and joined messages are never longer
//! than what arrived.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sotto_fuzz as _;
use sotto_proto::frame::{AssembleError, Assembler, Frame, FrameError, FrameReader, split};
use sotto_proto::limits::MESSAGE_MAX;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    match usize::from(*cut) {
        0 => one(bytes),
        cut => {
            let (whole, end) = frames(std::iter::once(bytes));
            assert_eq!(frames(bytes.chunks(cut)), (whole.clone(), end));
            join(whole, bytes.len());
        }
    }
});

fn one(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(Bytes::copy_from_slice(bytes)) {
        assert_eq!(Frame::decode(frame.clone().encode()), Ok(frame));
    }
    let (opening, rest) = split(Bytes::copy_from_slice(bytes));
    assert_eq!(opening.into_body().len() + rest.map(|body| body.into_bytes().len()).sum::<usize>(), bytes.len());
}

/// The frames until the first error.
fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let (mut reader, mut found) = (FrameReader::default(), Vec::new());
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

fn join(frames: Vec<Frame>, arrived: usize) {
    let (mut assembler, mut joined) = (Assembler::new(MESSAGE_MAX), 0);
    for frame in frames {
        let taken: Result<Option<Bytes>, AssembleError> = match frame {
            Frame::Request(request) => assembler.open(request.call, request.message),
            Frame::Reply { call, message } | Frame::Item { call, message } => assembler.open(call, message),
            Frame::More { call, body } => assembler.more(call, &body),
            Frame::Cancel(call) => {
                assembler.abort(call);
                Ok(None)
            }
            _ => Ok(None),
        };
        let Ok(message) = taken else { return };
        joined += message.map_or(0, |message| message.len());
    }
    assert!(joined <= arrived);
}
