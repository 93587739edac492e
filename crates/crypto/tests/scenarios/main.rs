//! Scenarios with named people. Ids such as `s3` are cases of attack, which each test shows to fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificates;
mod events;
mod files;
mod login;
mod people;
mod promises;
mod recovery;
mod safety;
mod secrets;
mod vault;
mod without_vault;
