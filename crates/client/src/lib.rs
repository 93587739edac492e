//! The client engine of Sotto: one synchronous core for browser, terminal and bots.
//!
//! Time, randomness and replies are arguments; nothing in here reads a clock, opens a socket or draws a random number.
//! The [`engine`] decides what to do and remembers it; the [`store`] is its memory: one encrypted SQLite database, the same natively
//! and in the browser. What people see is made of the opened log: [`history`] keeps and searches it, [`timeline`] folds it.

pub mod engine;
pub mod history;
pub mod store;
pub mod timeline;
