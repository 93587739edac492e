//! What others wrote, made fit for a terminal: nothing in it moves the cursor, changes colours, turns the direction of what stands
//! around it, or hides. Every place that prints such text comes through here.

/// One line of text: line breaks become spaces that show.
pub(crate) fn line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, c| {
        match c {
            '\n' => safe.push('⏎'),
            c => push(&mut safe, c),
        }
        safe
    })
}

/// Text of several lines; each further line begins with `indent`, so that it cannot pass for a line of the program.
pub(crate) fn block(text: &str, indent: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join(&format!("\n{indent}"))
}

/// Whether a character does something to a terminal or to the text around it instead of being seen.
pub(crate) fn is_dangerous(c: char) -> bool {
    c.is_control() || is_invisible_formatting(c)
}

fn push(safe: &mut String, c: char) {
    match c {
        // The pictures of control characters stand in the order of the characters.
        '\0'..='\x1f' => safe.extend(char::from_u32(0x2400 + u32::from(c))),
        '\x7f' => safe.push('␡'),
        c if is_dangerous(c) => safe.extend(["<U+", &format!("{:04X}", u32::from(c)), ">"]),
        c => safe.push(c),
    }
}

/// Directions, line and paragraph ends, tags, fillers and whatever else Unicode has that is not seen. The joiners stay: emoji and
/// some scripts are written with them, and they do nothing to their surroundings.
fn is_invisible_formatting(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_that_control_a_terminal_lose_their_power_m9() {
        assert_eq!(line("\x1b[2J\x1b]0;title\x07"), "␛[2J␛]0;title␇");
        assert_eq!(line("\u{9b}31m \u{90}q\u{9c} \x7f"), "<U+009B>31m <U+0090>q<U+009C> ␡");
        assert_eq!(line("over\rwritten\tand\x08"), "over␍written␉and␈");
    }

    #[test]
    fn nothing_turns_or_hides_the_text_around_it_m21() {
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200f}"), "a<U+202E>b<U+2066>c<U+200F>");
        assert_eq!(line("a\u{200b}b\u{feff}\u{e0041}\u{3164}"), "a<U+200B>b<U+FEFF><U+E0041><U+3164>");
        assert_eq!(line("a\u{2028}b\u{2029}c"), "a<U+2028>b<U+2029>c");
    }

    #[test]
    fn a_line_break_cannot_forge_a_line_of_the_program() {
        assert_eq!(line("hello\n#7 alice: I owe you"), "hello⏎#7 alice: I owe you");
        assert_eq!(block("hello\n#7 alice: I owe you", "    "), "hello\n    #7 alice: I owe you");
        assert_eq!(block("a\r\nb", "  "), "a␍\n  b");
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["Grüße, שלום, مرحبا, Привет", "👩‍👩‍👧‍👦 🇮🇹 ❤️ 👍🏽", "می‌خواهم", "é e\u{301}"]
        {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn no_character_that_is_left_is_dangerous() {
        let all: String = (0..=0x0010_ffff).filter_map(char::from_u32).collect();
        assert!(!line(&all).chars().any(is_dangerous));
    }
}
