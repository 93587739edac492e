//! Where a connection comes from, and how many there may be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;

use crate::metrics::Refused;

/// One connection among those that are counted, until the last clone of it is dropped.
#[derive(Clone)]
pub(super) struct Peer {
    address: IpAddr,
    /// Whether it is one of our own proxies, which tells us who is behind it.
    is_proxy: bool,
    _place: Arc<Place>,
}

/// Counts connections, in all and by address.
pub(super) struct Places {
    max: usize,
    max_per_address: usize,
    proxies: Vec<IpAddr>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// Proxies and this machine are not in it.
    by_address: HashMap<IpAddr, usize>,
}

struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(max: usize, max_per_address: usize, proxies: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self { max, max_per_address, proxies, taken: Mutex::default() })
    }

    /// Takes a place for a connection.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Peer, Refused> {
        let is_proxy = self.proxies.contains(&address.to_canonical());
        // Whoever is on this machine has better means to disturb.
        let counted = !is_proxy && !address.to_canonical().is_loopback();
        let address = network(address);
        let counted = counted.then_some(address);
        let mut taken = self.taken();
        if taken.all >= self.max {
            return Err(Refused::Full);
        }
        if let Some(address) = counted {
            let count = taken.by_address.entry(address).or_default();
            if *count >= self.max_per_address {
                return Err(Refused::AddressFull);
            }
            *count += 1;
        }
        taken.all += 1;
        drop(taken);
        let place = Place { places: self.clone(), address: counted };
        Ok(Peer { address, is_proxy, _place: Arc::new(place) })
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

impl Peer {
    /// Who sent a request: the peer, or the one that our own proxy names. Whatever else is in the header, its sender may have made up.
    pub(super) fn address(&self, headers: &HeaderMap) -> IpAddr {
        let named = || headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next();
        let behind = || named()?.trim().parse().ok().map(network);
        self.is_proxy.then(behind).flatten().unwrap_or(self.address)
    }
}

/// Whoever has one address of version 6 has the 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(value: &str) -> HeaderMap {
        HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn places_are_limited_in_all_and_by_address_and_are_given_back() {
        let places = Places::new(3, 2, Vec::new());
        let first = places.take(ip("192.0.2.1")).unwrap();
        let _second = places.take(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(places.take(ip("192.0.2.1")).err(), Some(Refused::AddressFull));
        let _third = places.take(ip("192.0.2.2")).unwrap();
        assert_eq!(places.take(ip("192.0.2.3")).err(), Some(Refused::Full));
        let upgraded = first.clone();
        drop(first);
        assert_eq!(places.take(ip("192.0.2.3")).err(), Some(Refused::Full), "an upgraded connection goes on");
        drop(upgraded);
        places.take(ip("192.0.2.1")).unwrap();
        assert_eq!(places.taken().by_address.len(), 2, "addresses without connections are forgotten");
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let places = Places::new(9, 1, Vec::new());
        let _first = places.take(ip("2001:db8::1")).unwrap();
        assert_eq!(places.take(ip("2001:db8::2")).err(), Some(Refused::AddressFull));
        places.take(ip("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn only_a_proxy_of_ours_says_who_is_behind_it() {
        let places = Places::new(9, 1, vec![ip("127.0.0.1")]);
        let stranger = places.take(ip("192.0.2.1")).unwrap();
        let proxy = places.take(ip("127.0.0.1")).unwrap();
        let _proxy_again = places.take(ip("127.0.0.1")).unwrap();
        let claimed = forwarded("198.51.100.7, 203.0.113.9");
        assert_eq!(stranger.address(&claimed), ip("192.0.2.1"));
        assert_eq!(proxy.address(&claimed), ip("203.0.113.9"), "the proxy adds the last one");
        assert_eq!(proxy.address(&forwarded("nonsense")), ip("127.0.0.1"));
        assert_eq!(proxy.address(&HeaderMap::new()), ip("127.0.0.1"));
    }
}
