//! Nothing but tests: see `tests/wiped.rs`.
