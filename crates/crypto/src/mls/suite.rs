//! The cipher suites of a conversation's group.

use mls_rs::CipherSuite;

/// A cipher suite (RFC 9420 §5.1). Both use ChaCha20-Poly1305, SHA-256 and Ed25519, and differ in the KEM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Suite {
    /// `MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519`: for vectors and interoperability.
    Classical = 0x0003,
    /// `MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519`: safe if either X25519 or ML-KEM-768 is. The default.
    #[default]
    PostQuantum = 0x004D,
}

impl Suite {
    /// Every suite that Sotto speaks.
    pub const ALL: [Self; 2] = [Self::Classical, Self::PostQuantum];

    /// The number in the registry of MLS cipher suites.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The suite with this number, if Sotto speaks it.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.number() == number)
    }
}

impl From<Suite> for CipherSuite {
    fn from(suite: Suite) -> Self {
        Self::new(suite.number())
    }
}
