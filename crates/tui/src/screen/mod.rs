//! The full screen: chats, a timeline, a composer.
//!
//! A core without input or output, and a shell around it. What happens (a key, a click, something new in the engine) goes into
//! [`update`], which changes the [`model`] and says what it wishes for; [`draw`] shows the model; the [`shell`] does what is wished, on the
//! engine's thread, and brings back what was seen there as plain values ([`view`]). So a test is a screen, some keys, and the screen after them.

mod act;
mod bubbles;
mod compose;
mod draw;
mod editor;
mod entrance;
mod events;
mod files;
mod help;
mod look;
mod model;
mod places;
mod settings;
mod shell;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod timeline;
mod update;
mod view;

use std::io::IsTerminal as _;

use jiff::tz::TimeZone;
use sotto_client::timeline::Standing;

use crate::failure::Failure;
use crate::session::Session;
use crate::words::{Language, Message};

pub(crate) use entrance::{Door, enter};
pub(crate) use settings::FILE;
pub(crate) use terminal::Screen;

/// Whether there is a terminal to draw on. Asked before anything is opened.
pub(crate) fn require_terminal() -> Result<(), Failure> {
    let is_there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if is_there { Ok(()) } else { Err(Message::NoTerminal.misused()) }
}

/// How somebody has left the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    ForGood,
    /// To sign in again, after the server has ended the session.
    ToSignIn,
}

/// Opens the chats of a session, and stays until the person leaves.
pub(crate) async fn open(screen: &mut Screen, session: &Session, language: Language) -> Result<Left, Failure> {
    let settings = settings::Settings::load(&session.folder, language);
    let model = model::Model::new((0, 0), settings, TimeZone::system());
    shell::Shell::new(session.clone(), screen).run(model).await
}

fn role_in_words(standing: Standing) -> Message {
    match standing {
        Standing::Member => Message::RoleMember,
        Standing::Admin => Message::RoleAdmin,
        Standing::Owner => Message::RoleOwner,
    }
}
