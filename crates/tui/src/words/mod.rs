//! Everything that the program says to people, in each of its languages. What machines read is not in here.

#[macro_use]
mod commands;
#[macro_use]
mod entrance;
#[macro_use]
mod failures;
#[macro_use]
mod keys;
#[macro_use]
mod screen;

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Language {
    #[default]
    English,
    Russian,
}

impl Language {
    /// The one that the environment asks for: `SOTTO_LANG` before what the system speaks.
    pub(crate) fn of_environment() -> Self {
        let named =
            ["SOTTO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        named.filter(|value| !value.is_empty()).map(|value| Self::named(&value)).next().unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        if name.starts_with("ru") { Self::Russian } else { Self::English }
    }
}

/// Sentences with their places to fill in: each in English, then in Russian.
macro_rules! messages {
    ($($name:ident $({ $($field:ident),* })? => $english:literal, $russian:literal;)*) => {
        /// Something to say.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Message {
            $($name $({ $($field: String),* })?,)*
        }

        impl Message {
            /// The sentence in a language.
            pub(crate) fn say(&self, language: Language) -> String {
                match (self, language) {
                    $(
                        (Self::$name $({ $($field),* })?, Language::English) => format!($english),
                        (Self::$name $({ $($field),* })?, Language::Russian) => format!($russian),
                    )*
                }
            }

            /// What machines know it by.
            pub(crate) fn code(&self) -> String {
                let name = match self {
                    $(Self::$name { .. } => stringify!($name),)*
                };
                kebab(name)
            }
        }
    };
}

/// Hands the sentences of one file on to the next, and all of them to [`messages`].
macro_rules! catalogue {
    ([$next:ident $($rest:ident)*] $($sentences:tt)*) => { $next! { [$($rest)*] $($sentences)* } };
    ([] $($sentences:tt)*) => { messages! { $($sentences)* } };
}

catalogue! { [failures commands screen entrance keys] }

/// `NoSuchChat` as `no-such-chat`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_know_a_message_by_its_name() {
        assert_eq!(Message::NoSuchChat { chat: "x".to_owned() }.code(), "no-such-chat");
        assert_eq!(Message::Offline.code(), "offline");
    }

    #[test]
    fn languages_are_found_by_their_beginning() {
        assert_eq!(Language::named("ru_RU.UTF-8"), Language::Russian);
        assert_eq!(Language::named("C.UTF-8"), Language::English);
    }
}
