//! Accounts, key packages and administration, through the services and on both databases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod admin;
mod blocks;
mod devices;
mod directory;
mod key_packages;
mod names;
mod operator;
mod sealed;
#[path = "../support/mod.rs"]
mod support;
mod transparency;
