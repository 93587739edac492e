//! What the targets share: a budget of memory, a recorded conversation, and a forger who signs whatever it is given.

mod budget;
pub mod forge;
pub mod logins;
pub mod mallory;
pub mod village;
