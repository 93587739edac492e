//! Conversations as MLS groups (RFC 9420).
//!
//! Members hold a `group::Group`; the server holds an `observer::Observer`, which sees every handshake and no secret. Both ask
//! the same [`rules`]. `docs/PROTOCOL.md` §7 describes what is Sotto's own.

pub mod effect;
pub mod governance;
#[cfg(feature = "groups")]
pub mod group;
pub mod handshake;
mod kem;
pub mod key_package;
#[cfg(feature = "observer")]
pub mod observer;
#[cfg(feature = "groups")]
mod participant;
mod randomness;
pub mod rules;
pub mod standing;
mod suite;
pub mod welcome;

// These speak the language of the group library, and can be used wrongly: for tests alone.
#[cfg(feature = "hazmat")]
pub mod context;
#[cfg(feature = "hazmat")]
pub mod credential;
#[cfg(feature = "hazmat")]
pub mod policing;
#[cfg(feature = "hazmat")]
pub mod provider;

#[cfg(not(feature = "hazmat"))]
mod context;
#[cfg(not(feature = "hazmat"))]
mod credential;
#[cfg(not(feature = "hazmat"))]
mod policing;
#[cfg(not(feature = "hazmat"))]
mod provider;

pub use context::{ContextError, StandingError};
pub use credential::CredentialError;
#[cfg(feature = "groups")]
pub use participant::Participant;
pub use policing::PolicingError;
pub use provider::{NoRandomness, ProviderError};
pub use suite::Suite;
