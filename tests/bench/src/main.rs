//! Prints the report of one run, for `cargo xtask bench`.
#![allow(clippy::print_stdout, reason = "it is what the program does")]

fn main() {
    println!("{}", sotto_bench::report(&sotto_bench::SIZES));
}
