//! Client engines against the model of the server, in virtual time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod backups;
mod directory;
mod ledger;
mod lies;
mod program;
mod scenes;
mod seeds;
mod thief;
mod world;
