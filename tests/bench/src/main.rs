//! Prints the report of one run, for `cargo xtask bench`: of the cryptography, or of the client.
#![allow(clippy::print_stdout, reason = "it is what the program does")]

use sotto_bench::client::{self, Scale};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("client") => println!("{}", client::report(Scale::FULL, arguments.get(1).map(String::as_str))),
        _ => println!("{}", sotto_bench::report(&sotto_bench::SIZES)),
    }
}
