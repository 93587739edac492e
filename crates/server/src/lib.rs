//! The server of Sotto: relays and stores what it cannot read.
//!
//! A [`Node`] is made from its [`Config`](config::Config); it takes its listeners and the signal to stop as arguments, so that
//! tests own all of them.

pub mod admin_command;
pub mod backup;
pub mod blobs;
pub mod bus;
pub mod clock;
pub mod config;
pub mod metrics;
mod node;
mod server_key;
pub mod services;
pub mod store;
mod transport;
mod web_app;

pub use node::{Node, StartError};
pub use transport::tls::TlsError;
