//! What the door shows and remembers.

use zeroize::Zeroizing;

use super::hidden::Hidden;
use crate::screen::editor::Editor;
use crate::screen::settings::ThemeName;
use crate::words::{Language, Message};

/// Everything that the door knows.
pub(super) struct Model {
    pub(super) size: (u16, u16),
    pub(super) language: Language,
    pub(super) theme: ThemeName,
    pub(super) page: Page,
    /// What did not work, above the keys.
    pub(super) problem: Option<Message>,
    /// Whether something is under way, and keys wait.
    pub(super) is_busy: bool,
    /// The server that the environment names; else how any address begins.
    pub(super) server: String,
}

/// One after the other.
pub(super) enum Page {
    Choose {
        at: usize,
    },
    Form(Form),
    Code(Editor),
    /// The recovery words, to be written down.
    Words(Words),
    /// Some of them, to be typed as they were written down.
    WordsBack {
        words: Words,
        typed: Vec<Hidden>,
        at: usize,
    },
}

/// How somebody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    SignIn,
    Register,
    Recover,
    /// As the one who was signed in here before.
    Again,
}

/// What has to be typed for a way in.
pub(super) struct Form {
    pub(super) way: Way,
    pub(super) fields: Vec<Field>,
    pub(super) at: usize,
}

pub(super) struct Field {
    pub(super) what: What,
    pub(super) value: Value,
}

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Server,
    User,
    Login,
    Email,
    Password,
    NewPassword,
    Again,
    Words,
    Passphrase,
    PassphraseAgain,
}

/// What was typed.
pub(super) enum Value {
    Open(Editor),
    Secret(Hidden),
}

/// Words that are shown once, and those that are asked back, by their places from 0.
pub(super) struct Words {
    pub(super) text: Zeroizing<String>,
    pub(super) asked: Vec<usize>,
}

impl Words {
    pub(super) fn word(&self, place: usize) -> &str {
        self.text.split_whitespace().nth(place).unwrap_or_default()
    }
}

impl Form {
    pub(super) fn of(way: Way, server: &str) -> Self {
        let kinds: &[What] = match way {
            Way::SignIn => &[What::Server, What::Login, What::Password],
            Way::Register => &[What::Server, What::User, What::Email, What::NewPassword, What::Again],
            Way::Recover => &[What::Server, What::Login, What::Words, What::NewPassword, What::Again],
            Way::Again => &[What::Password],
        };
        let mut form = Self { way, fields: kinds.iter().map(|what| Field::of(*what)).collect(), at: 0 };
        if let Some(Value::Open(editor)) = form.value_mut(What::Server) {
            *editor = Editor::with(server);
        }
        form
    }

    /// A passphrase is asked for as well.
    pub(super) fn ask_passphrase(&mut self) {
        if self.fields.iter().all(|field| field.what != What::Passphrase) {
            self.at = self.fields.len();
            self.fields.extend([What::Passphrase, What::PassphraseAgain].map(Field::of));
        }
    }

    pub(super) fn text(&self, what: What) -> &str {
        let field = self.fields.iter().find(|field| field.what == what);
        field.map(|field| field.value.text()).unwrap_or_default()
    }

    fn value_mut(&mut self, what: What) -> Option<&mut Value> {
        self.fields.iter_mut().find(|field| field.what == what).map(|field| &mut field.value)
    }
}

impl Field {
    fn of(what: What) -> Self {
        let value = match what {
            What::Server | What::User | What::Login | What::Email => Value::Open(Editor::default()),
            _ => Value::Secret(Hidden::default()),
        };
        Self { what, value }
    }

    pub(super) fn title(&self) -> Message {
        match self.what {
            What::Server => Message::FieldServer,
            What::User => Message::FieldUser,
            What::Login => Message::FieldLogin,
            What::Email => Message::FieldEmail,
            What::Password => Message::FieldPassword,
            What::NewPassword => Message::FieldNewPassword,
            What::Again | What::PassphraseAgain => Message::FieldAgain,
            What::Words => Message::FieldWords,
            What::Passphrase => Message::FieldPassphrase,
        }
    }
}

impl Value {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Open(editor) => editor.text(),
            Self::Secret(hidden) => hidden.text(),
        }
    }
}
