//! Keys by where they are: who has a Russian keyboard on presses the same key for a command as everybody else.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

/// The key with the Latin letter that stands on it. Only for commands: what is typed stays as it is.
pub(super) fn latin(key: KeyEvent) -> KeyEvent {
    let KeyCode::Char(typed) = key.code else { return key };
    let lower = typed.to_lowercase().next().unwrap_or(typed);
    let Some((_, letter)) = CYRILLIC.chars().zip(LATIN.chars()).find(|(cyrillic, _)| *cyrillic == lower) else {
        return key;
    };
    let letter = if typed.is_uppercase() { letter.to_ascii_uppercase() } else { letter };
    KeyEvent { code: KeyCode::Char(letter), ..key }
}

const CYRILLIC: &str = "йцукенгшщзфывапролдячсмить";
const LATIN: &str = "qwertyuiopasdfghjklzxcvbnm";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_both_layouts() {
        assert_eq!(CYRILLIC.chars().count(), LATIN.len());
        for (typed, meant) in [('т', 'n'), ('Т', 'N'), ('ф', 'a'), ('n', 'n'), ('+', '+'), ('ё', 'ё')] {
            assert_eq!(latin(KeyCode::Char(typed).into()), KeyCode::Char(meant).into());
        }
        assert_eq!(latin(KeyCode::Enter.into()), KeyCode::Enter.into());
    }
}
