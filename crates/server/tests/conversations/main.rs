//! Conversations over the services, in process, with real groups.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
#![allow(
    clippy::large_futures,
    clippy::vec_init_then_push,
    clippy::cloned_ref_to_slice_refs,
    reason = "scenarios read better so"
)]
#![allow(dead_code, reason = "what several suites share is not used whole by each")]

mod chat;
mod checkpoints;
mod community;
#[path = "../support/database.rs"]
mod database;
mod feed;
mod files;
mod handshakes;
mod live;
mod nodes;
mod reading;
mod refills;
mod removals;
mod requests;
