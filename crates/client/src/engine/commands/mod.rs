//! What people do, as methods of the engine: each is one step, and what follows from it comes out by the drain rule.

mod account;
mod conversations;
mod files;
mod messages;
