//! What the page sees, and what it may say: plain data, from which its own types are generated. Ids are 32 hexadecimal digits, times are
//! milliseconds since 1970. Nothing in here is a key.
#![allow(missing_docs, reason = "fields and variants that say what they are")]

mod account;
mod change;
mod chat;
mod file;
mod item;
mod message;
mod people;
mod security;
mod text;

pub(crate) use account::{COST, password, user_name};
pub use account::{FactorCode, Login, NewPerson, OwnAccount, Profile, Recovery, Session, VaultStand, WordsVerdict};
pub use change::{Attempt, Change, StoreState, Why};
pub use chat::{About, Chat, Found, Kind, Line, Member, Placed, Preferences, Search, Stand, Standing, Trouble};
pub use file::{Attachment, Look, NewFile, NewPicture, NewSound, Obstacle, Stage, Transfer, Waiting};
pub use item::{Item, PollOption, Queued, Quotation, Reaction, What};
pub use message::{Answered, Called, NewMessage, Target};
pub use people::{Contact, KeyChoice, Safety, Scan};
pub use security::{Archived, Device, FactorSecret};
pub use text::{Node, Style};

use std::fmt::Display;

pub(crate) fn hex(id: impl Display) -> String {
    id.to_string()
}
