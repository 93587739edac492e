//! A field that somebody types into.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use super::text;

/// A text and the place in it where typing goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Editor {
    text: String,
    /// In bytes, always between two grapheme clusters.
    at: usize,
}

impl Editor {
    pub(super) fn with(text: &str) -> Self {
        Self { text: text.to_owned(), at: text.len() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn take(&mut self) -> String {
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts a text where the cursor is. Tabs become spaces; what would control something is left out.
    pub(super) fn insert(&mut self, typed: &str) {
        let typed = typed.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let typed: String = typed.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.text.insert_str(self.at, &typed);
        self.at += typed.len();
        // What was typed may have joined with what follows it.
        let mut cursor = GraphemeCursor::new(self.at, self.text.len(), true);
        if !cursor.is_boundary(&self.text, 0).unwrap_or(true) {
            self.at = self.right_of(self.at);
        }
    }

    /// Takes a key. False if it means nothing here.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('a') if control => self.at = self.line_start(),
            KeyCode::Char('e') if control => self.at = self.line_end(),
            KeyCode::Char('u') if control => self.remove(self.line_start(), self.at),
            KeyCode::Char('k') if control => self.remove(self.at, self.line_end()),
            KeyCode::Char('w') if control => self.remove(self.word_left(), self.at),
            KeyCode::Char('b') if alt => self.at = self.word_left(),
            KeyCode::Char('f') if alt => self.at = self.word_right(),
            KeyCode::Char(c) if !control && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if control || alt => self.remove(self.word_left(), self.at),
            KeyCode::Backspace => self.remove(self.left_of(self.at), self.at),
            KeyCode::Delete => self.remove(self.at, self.right_of(self.at)),
            KeyCode::Left if control || alt => self.at = self.word_left(),
            KeyCode::Right if control || alt => self.at = self.word_right(),
            KeyCode::Left => self.at = self.left_of(self.at),
            KeyCode::Right => self.at = self.right_of(self.at),
            KeyCode::Home => self.at = self.line_start(),
            KeyCode::End => self.at = self.line_end(),
            _ => return false,
        }
        true
    }

    /// Goes a shown line up or down. False at the first and at the last.
    pub(super) fn go(&mut self, down: bool, room: usize) -> bool {
        let lines = text::breaks(&self.text, room);
        let (column, row) = self.cursor(room);
        let wanted = if down { Some(row + 1) } else { row.checked_sub(1) };
        let Some(line) = wanted.and_then(|row| lines.get(row)) else { return false };
        let mut taken = 0;
        let before = self.text[line.clone()].grapheme_indices(true).find(|(_, grapheme)| {
            let here = taken;
            taken += text::width(grapheme);
            here >= column
        });
        self.at = before.map_or(line.end, |(at, _)| line.start + at);
        true
    }

    /// The lines as they are shown.
    pub(super) fn lines(&self, room: usize) -> Vec<String> {
        text::breaks(&self.text, room).into_iter().map(|line| crate::safe::line(&self.text[line])).collect()
    }

    /// Where the cursor stands: column and row.
    pub(super) fn cursor(&self, room: usize) -> (usize, usize) {
        let lines = text::breaks(&self.text, room);
        let row = lines.iter().rposition(|line| line.start <= self.at).unwrap_or_default();
        let column = lines.get(row).map_or(0, |line| text::width(&crate::safe::line(&self.text[line.start..self.at])));
        (column, row)
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.at = from;
    }

    fn left_of(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true).prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn right_of(&self, at: usize) -> usize {
        let next = GraphemeCursor::new(at, self.text.len(), true).next_boundary(&self.text, 0);
        next.ok().flatten().unwrap_or(self.text.len())
    }

    fn line_start(&self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |at| self.at + at)
    }

    fn word_left(&self) -> usize {
        let mut words = self.text[..self.at].unicode_word_indices();
        words.next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let mut words = self.text[self.at..].unicode_word_indices();
        words.next().map_or(self.text.len(), |(at, word)| self.at + at + word.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, code: KeyCode) {
        assert!(editor.press(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    #[test]
    fn the_cursor_steps_over_what_is_one_sign() {
        let mut editor = Editor::with("a👩‍👩‍👧‍👦e\u{301}");
        press(&mut editor, KeyCode::Backspace);
        assert_eq!(editor.text(), "a👩‍👩‍👧‍👦");
        press(&mut editor, KeyCode::Left);
        press(&mut editor, KeyCode::Char('b'));
        assert_eq!(editor.text(), "ab👩‍👩‍👧‍👦");
        press(&mut editor, KeyCode::Delete);
        assert_eq!(editor.text(), "ab");
    }

    #[test]
    fn what_is_pasted_controls_nothing() {
        let mut editor = Editor::default();
        editor.insert("a\tb\r\nc\x1b[2J");
        assert_eq!(editor.text(), "a    b\nc[2J");
    }

    #[test]
    fn up_and_down_keep_the_column() {
        let mut editor = Editor::with("one two three");
        assert_eq!(editor.cursor(8), (5, 1));
        assert!(editor.go(false, 8));
        assert_eq!(editor.cursor(8), (5, 0));
        assert!(!editor.go(false, 8));
        assert!(editor.go(true, 8));
        assert!(!editor.go(true, 8));
    }

    #[test]
    fn words_are_removed_whole() {
        let mut editor = Editor::with("one two");
        assert!(editor.press(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL)));
        assert_eq!(editor.text(), "one ");
    }
}
