//! The client engine of Sotto: one synchronous core for browser, terminal and bots.
//!
//! Time, randomness and replies are arguments; nothing in here reads a clock, opens a socket or draws a random number.
//! The [`store`] is its memory: one encrypted SQLite database, the same natively and in the browser.

pub mod history;
pub mod store;
pub mod timeline;
