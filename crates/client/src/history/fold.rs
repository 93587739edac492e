//! Text as it is searched: without case, accents and compatibility forms, with the way back to the text as it was written.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A text folded for searching.
pub(super) struct Folded {
    pub(super) text: String,
    /// For each folded character where it is in `text`, and which character of the original it comes from.
    origins: Vec<(usize, Range<usize>)>,
}

impl Folded {
    pub(super) fn new(original: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(original.len()), origins: Vec::new() };
        for (start, c) in original.char_indices() {
            let origin = start..start + c.len_utf8();
            for c in fold_char(c) {
                folded.origins.push((folded.text.len(), origin.clone()));
                folded.text.push(c);
            }
        }
        folded
    }

    /// Where in the original a stretch of the folded text comes from.
    pub(super) fn origin(&self, stretch: Range<usize>) -> Range<usize> {
        let from = self.origins.partition_point(|(at, _)| *at < stretch.start);
        let to = self.origins.partition_point(|(at, _)| *at < stretch.end);
        match self.origins[from..to] {
            [] => 0..0,
            ref origins => origins[0].1.start..origins[origins.len() - 1].1.end,
        }
    }
}

/// Text as it is searched.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(fold_char).collect()
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)
}

/// The words of a folded text with their places.
pub(super) fn words(folded: &str) -> impl Iterator<Item = Range<usize>> {
    let start_of = move |word: &str| word.as_ptr() as usize - folded.as_ptr() as usize;
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(move |word| start_of(word)..start_of(word) + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_widths_make_no_difference() {
        assert_eq!(fold("Éclair ЁЖ ﬁn ＡＢＣ"), "eclair еж fin abc");
        assert_eq!(fold("İstanbul"), "istanbul");
    }

    #[test]
    fn a_stretch_finds_its_way_back() {
        let original = "a ﬁ É б";
        let folded = Folded::new(original);
        assert_eq!(folded.text, "a fi e б");
        let origin = |stretch: Range<usize>| &original[folded.origin(stretch)];
        assert_eq!(origin(3..4), "ﬁ", "half a ligature is the whole");
        assert_eq!(origin(5..6), "É");
        assert_eq!(origin(2..8), "ﬁ É б");
        assert_eq!(origin(0..0), "");
    }

    #[test]
    fn words_are_letters_and_digits() {
        let text = "one, two-3 слово!";
        assert_eq!(words(text).map(|word| &text[word]).collect::<Vec<_>>(), ["one", "two", "3", "слово"]);
    }
}
