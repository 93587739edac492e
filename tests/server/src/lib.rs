//! The server as a process, and people who use it: what scenarios, attacks, fault tests and measurements are written with.
//!
//! - [`program`] starts, kills and restarts the real `sotto-server`, on SQLite or PostgreSQL, alone or as a cluster node;
//! - [`link`] is a client's connection, the same over each of the three transports;
//! - [`cable`] is what lies between two programs, and can be pulled;
//! - [`files`] go up and down in parts;
//! - [`process`] tells what a server uses of the machine;
//! - [`people`] are accounts and devices with the real cryptography, whose verbs read like a story.
//!
//! It is not the client engine: a person here keeps nothing on disk and believes the server where a test does not doubt it.

// A rig stops at the first surprise and says which; what can go wrong is not part of its contract.
#![allow(clippy::missing_panics_doc)]

pub mod backing;
pub mod cable;
pub mod files;
pub mod link;
pub mod people;
pub mod process;
pub mod program;
