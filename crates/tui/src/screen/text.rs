//! Text on a grid: how wide it is, where it breaks, what of it fits. Everything counts in grapheme clusters, so that wide letters, accents
//! and emoji take the cells that the terminal gives them.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How a stretch of text is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a thing of its own")]
pub(super) struct Face {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) strike: bool,
    pub(super) underline: bool,
    pub(super) kind: Kind,
}

/// What a stretch of text is, apart from its letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Plain,
    Code,
    Link,
    Mention,
    /// Shown only while its message is selected.
    Spoiler,
    Quote,
    /// What a search found.
    Found,
    Faint,
    /// Something to look at: a warning, a failure.
    Alarm,
}

/// A stretch of text in one face.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) text: String,
    pub(super) face: Face,
}

impl Fragment {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), face: Face::default() }
    }

    pub(super) fn of(kind: Kind, text: impl Into<String>) -> Self {
        Self { text: text.into(), face: Face { kind, ..Face::default() } }
    }
}

/// Cells that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.graphemes(true).map(cells).sum()
}

/// The beginning of a text that fits, with an ellipsis where something was left out.
pub(super) fn clip(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let mut taken = 0;
    let fits = |grapheme: &&str| {
        taken += cells(grapheme);
        taken <= room
    };
    let mut clipped: String = text.graphemes(true).take_while(fits).collect();
    clipped.push('…');
    clipped
}

/// The lines of a text in faces, none wider than `room`: broken between words where there are any, else anywhere.
pub(super) fn wrap(fragments: &[Fragment], room: usize) -> Vec<Vec<Fragment>> {
    let mut wrapping = Wrapping { room: room.max(2), ..Wrapping::default() };
    for fragment in fragments {
        for grapheme in fragment.text.graphemes(true) {
            wrapping.take(grapheme, fragment.face);
        }
    }
    wrapping.end_line();
    wrapping.lines
}

/// Where a plain text breaks, as ranges of bytes: for a field that is edited, where every byte has its place.
pub(super) fn breaks(text: &str, room: usize) -> Vec<std::ops::Range<usize>> {
    let (room, mut lines, mut start, mut taken, mut word) = (room.max(2), Vec::new(), 0, 0, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme == "\n" {
            lines.push(start..at);
            (start, taken, word) = (at + 1, 0, None);
            continue;
        }
        let wide = cells(grapheme);
        while taken + wide > room && start < at {
            let end = word.filter(|word| *word > start).unwrap_or(at);
            lines.push(start..end);
            (start, taken, word) = (end, width(&text[end..at]), None);
        }
        taken += wide;
        if grapheme == " " {
            word = Some(at + 1);
        }
    }
    lines.push(start..text.len());
    lines
}

fn cells(grapheme: &str) -> usize {
    grapheme.width()
}

#[derive(Default)]
struct Wrapping<'t> {
    room: usize,
    lines: Vec<Vec<Fragment>>,
    line: Vec<(&'t str, Face)>,
    taken: usize,
}

impl<'t> Wrapping<'t> {
    fn take(&mut self, grapheme: &'t str, face: Face) {
        if grapheme == "\n" {
            return self.end_line();
        }
        let wide = cells(grapheme);
        if self.taken + wide > self.room && grapheme == " " {
            return self.end_line();
        }
        while self.taken + wide > self.room && !self.line.is_empty() {
            self.carry_word();
        }
        self.taken += wide;
        self.line.push((grapheme, face));
    }

    /// Ends the line at its last space; what follows it begins the next one.
    fn carry_word(&mut self) {
        let space = self.line.iter().rposition(|(grapheme, _)| *grapheme == " ");
        let rest = space.map(|space| self.line.split_off(space + 1)).unwrap_or_default();
        self.end_line();
        self.taken = rest.iter().map(|(grapheme, _)| cells(grapheme)).sum();
        self.line = rest;
    }

    fn end_line(&mut self) {
        let mut fragments: Vec<Fragment> = Vec::new();
        for (grapheme, face) in self.line.drain(..) {
            match fragments.last_mut() {
                Some(last) if last.face == face => last.text.push_str(grapheme),
                _ => fragments.push(Fragment { text: grapheme.to_owned(), face }),
            }
        }
        self.lines.push(fragments);
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, room: usize) -> Vec<String> {
        let lines = wrap(&[Fragment::plain(text)], room);
        lines.into_iter().map(|line| line.into_iter().map(|fragment| fragment.text).collect()).collect()
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("a\n\nb", 4), ["a", "", "b"]);
    }

    #[test]
    fn wide_letters_accents_and_emoji_take_their_cells() {
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("👩‍👩‍👧‍👦"), 2);
        assert_eq!(wrapped("日本語", 5), ["日本", "語"]);
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("שלום עולם", 6), "שלום …");
        assert_eq!(clip("fits", 4), "fits");
    }

    #[test]
    fn a_face_goes_on_after_a_break() {
        let found = Fragment::of(Kind::Found, "two three");
        let lines = wrap(&[Fragment::plain("one "), found.clone()], 8);
        assert_eq!(lines[0], [Fragment::plain("one "), Fragment { text: "two ".to_owned(), ..found.clone() }]);
        assert_eq!(lines[1], [Fragment { text: "three".to_owned(), ..found }]);
    }

    #[test]
    fn a_field_breaks_without_losing_a_byte() {
        let text = "one two three\nfour 日本語日本語";
        let lines = breaks(text, 8);
        let shown: Vec<_> = lines.iter().map(|line| &text[line.clone()]).collect();
        assert_eq!(shown, ["one two ", "three", "four ", "日本語日", "本語"]);
    }
}
