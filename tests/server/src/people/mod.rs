//! People who use the server, with the real cryptography.
//!
//! A [`Town`] is a server as somebody without an account sees it. Who registers there gets a [`Device`], and everything that a
//! person does is a verb of one of their devices.

mod chat;
mod device;
mod groups;
mod live;
mod login;
mod person;
mod vault;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _};
use sotto_crypto::mls::Suite;
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::time::Time;
use sotto_proto::wire;

pub use chat::{Chat, Heard};
pub use device::Device;
pub use groups::lost_the_race;
pub use live::Live;
pub use person::Person;

use crate::link::{Link, Recording, Transport};

/// A server, as its people know it.
#[derive(Clone, Debug)]
pub struct Town {
    address: SocketAddr,
    transport: Transport,
    suite: Suite,
    server_key: VerifyingKey,
    recording: Option<Recording>,
}

impl Town {
    /// Asks the server what it is.
    pub async fn at(address: SocketAddr, transport: Transport) -> Result<Self> {
        let info = Link::open(transport, address).await?.call(wire::GetServerInfoRequest {}).await?;
        let server_key = VerifyingKey::from_bytes(&info.external_sender_key[..].try_into()?)?;
        Ok(Self { address, transport, suite: Suite::PostQuantum, server_key, recording: None })
    }

    /// The same server, for people who talk under another suite.
    #[must_use]
    pub fn with_suite(self, suite: Suite) -> Self {
        Self { suite, ..self }
    }

    /// The same server, for people whose every word to it is written down.
    #[must_use]
    pub fn recorded(self, recording: &Recording) -> Self {
        Self { recording: Some(recording.clone()), ..self }
    }

    /// The same community behind another address: a restarted server, or another node.
    #[must_use]
    pub fn moved_to(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection without a token.
    pub async fn link(&self) -> Result<Link> {
        Ok(Link::open(self.transport, self.address).await?.recorded(self.recording.clone()))
    }
}

/// Randomness from the operating system, for people that run side by side.
///
/// # Panics
/// When the operating system has none.
pub fn randomness() -> StdRng {
    StdRng::try_from_rng(&mut SysRng).expect("the operating system has randomness")
}

/// The time of this machine.
pub fn now() -> Time {
    Time::from_unix_seconds(since_1970().as_secs())
}

fn now_ms() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A user name that no other test has, and that looks like none: the letters are unlike each other.
pub fn unique_name(name: &str) -> String {
    const LETTERS: &[u8; 16] = b"abcdefghkpqtuwxy";
    let mut rng = randomness();
    let ending: String = (0..12).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
    format!("{name}.{ending}")
}
