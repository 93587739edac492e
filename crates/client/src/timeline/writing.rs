//! What people type, as the contract wants it.

use unicode_normalization::UnicodeNormalization as _;

/// A text as somebody typed or pasted it, so that it keeps the rules of texts: in NFC, lines ended by a line feed alone, tabs as spaces, and
/// no other control characters.
pub fn written(typed: &str) -> String {
    let lines = typed.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
    lines.chars().filter(|c| !c.is_control() || *c == '\n').nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::rules;

    #[test]
    fn whatever_is_typed_keeps_the_rules() {
        for typed in ["one\r\ntwo\rthree", "a\tb", "\u{7}bell\u{0}", "e\u{301}", "\u{85}next"] {
            let text = written(typed);
            assert!(rules::text("text", &text, 100).is_ok(), "{text:?}");
        }
        assert_eq!(written("one\r\ntwo\rthree\n"), "one\ntwo\nthree\n");
        assert_eq!(written("e\u{301}"), "\u{e9}");
    }
}
