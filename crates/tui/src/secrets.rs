//! Passwords and passphrases: from a file, from the environment, or typed unseen. Never from the command line, which others can read.

use std::fs;
use std::path::Path;

use sotto_crypto::login::Password;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::profile::cannot_read;
use crate::words::{Language, Message};

/// A secret that is wanted, and where it may come from.
pub(crate) struct Ask<'a> {
    pub(crate) file: Option<&'a Path>,
    pub(crate) variable: &'a str,
    pub(crate) question: Message,
    /// Whether a typing error would lock its owner out.
    pub(crate) twice: bool,
    /// What to say if there is nowhere to take it from.
    pub(crate) otherwise: Message,
    pub(crate) language: Language,
}

/// Gets a password.
pub(crate) fn ask(ask: &Ask<'_>) -> Result<Password, Failure> {
    Password::new(&ask_text(ask)?).map_err(|_| Message::PasswordLength.misused())
}

/// Gets a secret as it is.
pub(crate) fn ask_text(ask: &Ask<'_>) -> Result<Zeroizing<String>, Failure> {
    if let Some(file) = ask.file {
        let text = Zeroizing::new(fs::read_to_string(file).map_err(|error| cannot_read(file, &error))?);
        return Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Ok(text) = std::env::var(ask.variable) {
        return Ok(Zeroizing::new(text));
    }
    let typed = typed(ask, &ask.question)?;
    if ask.twice && *typed_again(ask)? != *typed {
        return Err(Message::PasswordsDiffer.misused());
    }
    Ok(typed)
}

fn typed_again(ask: &Ask<'_>) -> Result<Zeroizing<String>, Failure> {
    typed(ask, &Message::AskAgain)
}

fn typed(ask: &Ask<'_>, question: &Message) -> Result<Zeroizing<String>, Failure> {
    let typed = rpassword::prompt_password(question.say(ask.language));
    typed.map(Zeroizing::new).map_err(|_| ask.otherwise.clone().misused())
}
