//! The model against the contract, driven by people with the real cryptography.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod accounts;
mod chat;
mod chats;
mod groups;
mod people;
mod person;
mod streams;
