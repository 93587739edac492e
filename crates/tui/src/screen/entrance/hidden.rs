//! A secret that is being typed. It has all its room from the beginning, so that no copy of it is left behind, and is wiped in the end.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sotto_crypto::login::MAX_PASSWORD_LEN;
use zeroize::{Zeroize as _, Zeroizing};

/// What was typed so far; what would be too long is not taken.
pub(super) struct Hidden(Zeroizing<String>);

impl Default for Hidden {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(MAX_PASSWORD_LEN)))
    }
}

impl Hidden {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Signs of it, which is all that others may see.
    pub(super) fn count(&self) -> usize {
        self.0.chars().count()
    }

    pub(super) fn insert(&mut self, typed: &str) {
        for c in typed.chars().filter(|c| !c.is_control()) {
            if self.0.len() + c.len_utf8() <= MAX_PASSWORD_LEN {
                self.0.push(c);
            }
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.clear(),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => {
                self.0.pop();
            }
            _ => {}
        }
    }

    pub(super) fn clear(&mut self) {
        // Wiping keeps the room.
        self.0.zeroize();
    }
}
