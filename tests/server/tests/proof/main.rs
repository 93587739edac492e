//! The server as its people, its operator and its attackers meet it: the real program, over every transport, on every store and bus.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
#![allow(clippy::large_futures, reason = "there are few of them, and they live on the heap of their runtime")]
#![allow(clippy::print_stderr, reason = "a test says what it could not check")]

mod access;
mod canary;
mod community;
mod faults;
mod kill;
mod scenarios;
