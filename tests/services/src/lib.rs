//! Real PostgreSQL, NATS and S3 servers for the tests: on free ports, in temporary folders, gone when dropped.
//!
//! They never touch a server that already runs. Each process asks the kernel to stop it when its starter dies, so even a
//! killed test run leaves no server behind.

mod nats;
mod postgres;
mod process;
#[cfg(feature = "s3")]
mod s3;

use std::hash::{BuildHasher as _, RandomState};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

pub use nats::Nats;
pub use postgres::{Postgres, postgres_program};
#[cfg(feature = "s3")]
pub use s3::S3;

/// Why a service did not start.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The program is not installed.
    #[error("{0} is not installed; script/setup installs it")]
    Missing(&'static str),

    /// The program ran and said no.
    #[error("{program} ended with {status}:\n{output}")]
    Refused {
        /// Which program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },

    /// The server did not answer in time.
    #[error("{0} did not answer within {PATIENCE:?}")]
    Silent(&'static str),

    /// The operating system said no.
    #[error("{0}")]
    System(&'static str, #[source] std::io::Error),
}

/// How long a server may take until it answers; a cold, busy machine needs a few seconds.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);

/// A port that was free a moment ago, and that stays so while its server is stopped: the kernel gives none of these to whoever connects.
fn free_port() -> Result<u16, ServiceError> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let random = || u16::try_from(RandomState::new().hash_one(()) % u64::from(PORTS)).unwrap_or_default();
    let full = || ServiceError::System("finding a free port", ErrorKind::AddrInUse.into());
    (0..TRIES).map(|_| FIRST_PORT + random()).find(is_free).ok_or_else(full)
}

/// Below those that Linux gives to connections (`ip_local_port_range`).
const FIRST_PORT: u16 = 15_000;
const PORTS: u16 = 15_000;
const TRIES: u32 = 1_000;
