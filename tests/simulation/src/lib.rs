//! A world in virtual time: an honest [`model`] of the server, a [`network`] that loses, delays, repeats and overtakes, and
//! [`mischief`], a server that lies. [`life`] is a scenario for this world and for the real services.
//!
//! Nothing here sleeps, and no clock is read. Everything that happens follows from a seed, so that a failure can be seen again.

pub mod life;
pub mod mischief;
pub mod model;
pub mod network;
