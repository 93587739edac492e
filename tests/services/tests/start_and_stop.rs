//! The services are real, several fit beside each other, and nothing of them is left.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::TcpStream;

use sotto_test_services::{Nats, Postgres};

fn address(url: &str) -> &str {
    url.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap()
}

#[test]
fn two_postgres_servers_run_side_by_side_and_end_with_their_owner() {
    let (first, second) = (Postgres::start().unwrap(), Postgres::start().unwrap());
    let urls = [first.url(), second.url()];
    assert_ne!(urls[0], urls[1]);

    drop((first, second));

    for url in urls {
        assert!(TcpStream::connect(address(&url)).is_err(), "{url} still answers");
    }
}

#[test]
fn nats_ends_with_its_owner() {
    let nats = Nats::start().unwrap();
    let url = nats.url();
    assert!(TcpStream::connect(address(&url)).is_ok());

    drop(nats);

    assert!(TcpStream::connect(address(&url)).is_err(), "{url} still answers");
}
