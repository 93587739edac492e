//! Who calls, as far as a transport can tell.

use std::net::{IpAddr, Ipv6Addr};

use sotto_proto::SessionId;

use crate::clock::Timestamp;

/// The sender of a call.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Where it calls from.
    pub address: IpAddr,
    /// The access token that it presented, once verified.
    pub token: Option<AccessToken>,
}

/// What a verified access token says. That its session still lives is another question, which each call asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The session.
    pub session: SessionId,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// Somebody who need not say who they are.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    /// Where they call from.
    pub address: IpAddr,
}

impl Visitor {
    /// Whom a rate counts as one: an address, or the network that an IPv6 subscriber chooses addresses from.
    pub(super) fn network(&self) -> IpAddr {
        match self.address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address @ IpAddr::V4(_) => address,
        }
    }
}

impl Caller {
    pub(super) fn visitor(&self) -> Visitor {
        Visitor { address: self.address }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> IpAddr {
        Visitor { address: address.parse().unwrap() }.network()
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_network_a4() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"), "the same host over either socket");
    }
}
