//! The messages as they are on the wire, generated from `proto/sotto/v1`. Their comments state meaning and limits; nothing in them
//! is checked yet.
#![allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated code: its style is not ours to choose, and stubs lack some docs"
)]

include!(concat!(env!("OUT_DIR"), "/sotto.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/debug.rs"));
