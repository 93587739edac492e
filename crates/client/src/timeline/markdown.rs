//! What people type to give a text its markup: the marks are taken out, and ranges stay.
//!
//! `**bold**`, `*italic*` or `_italic_`, `__underlined__`, `~~struck~~`, `||hidden||`, `` `code` ``; lines that begin with `> `, `- ` or `1. `;
//! lines of code between lines of three backticks. Links stand for themselves, and `@name` calls somebody. A backslash makes the next sign
//! plain. What does not fit stays as it was typed.

use sotto_proto::AccountId;
use sotto_proto::wire::{self, MarkupStyle, markup_range};

use super::markup::{DEPTH_MAX, LinkTarget, RANGES_MAX, is_language};
use super::writing::written;

/// A text as somebody typed it. `called` are those who may be called by name.
pub fn marked(typed: &str, called: &[(String, AccountId)]) -> wire::RichText {
    let text = written(typed);
    let mut writer = Writer { text: String::new(), ranges: Vec::new(), called };
    writer.blocks(&text.split('\n').collect::<Vec<_>>());
    let Writer { text, mut ranges, .. } = writer;
    // What lies within was written first, and of two of the same length the outer one comes first.
    ranges.reverse();
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.length)));
    ranges.truncate(RANGES_MAX);
    wire::RichText { text, ranges }
}

struct Writer<'c> {
    text: String,
    ranges: Vec<wire::MarkupRange>,
    called: &'c [(String, AccountId)],
}

impl Writer<'_> {
    fn blocks(&mut self, mut lines: &[&str]) {
        let mut is_first = true;
        while !lines.is_empty() {
            if !is_first {
                self.text.push('\n');
            }
            is_first = false;
            let start = self.text.len();
            let (taken, style) = self.block(lines);
            self.mark(start, style);
            lines = &lines[taken..];
        }
    }

    /// Writes the block that lines begin with; says how many lines it takes and what it is.
    fn block(&mut self, lines: &[&str]) -> (usize, Option<markup_range::Style>) {
        if let Some((language, length)) = code_block(lines) {
            self.text.push_str(&lines[1..=length].join("\n"));
            return (length + 2, Some(markup_range::Style::CodeBlockLanguage(language)));
        }
        for (style, strip) in BLOCKS {
            let texts: Vec<_> = lines.iter().enumerate().map_while(|(at, line)| strip(line, at)).collect();
            if texts.iter().any(|text| !text.is_empty()) {
                for (at, text) in texts.iter().enumerate() {
                    if at > 0 {
                        self.text.push('\n');
                    }
                    self.line(text, 0);
                }
                return (texts.len(), Some(markup_range::Style::Plain((*style).into())));
            }
        }
        self.line(lines[0], 0);
        (1, None)
    }

    fn line(&mut self, line: &str, depth: usize) {
        // A mark that is not closed once is not looked for again.
        let mut open: Vec<&'static str> = Vec::new();
        let mut at = 0;
        while let Some(sign) = line[at..].chars().next() {
            at += self.span(line, at, depth, &mut open).unwrap_or_else(|| {
                self.text.push(sign);
                sign.len_utf8()
            });
        }
    }

    /// Writes what begins at a place if it is more than a sign, and says how long it was.
    fn span(&mut self, line: &str, at: usize, depth: usize, open: &mut Vec<&'static str>) -> Option<usize> {
        let rest = &line[at..];
        if let Some(plain) =
            rest.strip_prefix('\\').and_then(|rest| rest.chars().next()).filter(char::is_ascii_punctuation)
        {
            self.text.push(plain);
            return Some(2);
        }
        let is_word_start = !line[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        if is_word_start && let Some(length) = self.link(rest).or_else(|| self.mention(rest)) {
            return Some(length);
        }
        let (mark, style) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark))?;
        if depth >= DEPTH_MAX || open.contains(mark) {
            return None;
        }
        // Inside a word a single sign is what it is, as in `snake_case`.
        let inner = Some(&rest[mark.len()..]).filter(|_| is_word_start || mark.len() > 1);
        let Some(inner) = inner.and_then(|inner| enclosed(inner, mark)) else {
            if is_word_start || mark.len() > 1 {
                open.push(mark);
            }
            return None;
        };
        let start = self.text.len();
        if *style == MarkupStyle::Code {
            self.text.push_str(inner);
        } else {
            self.line(inner, depth + 1);
        }
        self.mark(start, Some(markup_range::Style::Plain((*style).into())));
        Some(inner.len() + 2 * mark.len())
    }

    fn link(&mut self, rest: &str) -> Option<usize> {
        if !rest.starts_with("https://") && !rest.starts_with("http://") {
            return None;
        }
        let address = rest.split(char::is_whitespace).next()?.trim_end_matches(ENDS);
        let target = LinkTarget::parse(address)?;
        let start = self.text.len();
        self.text.push_str(address);
        self.mark(start, Some(markup_range::Style::Link(target.as_str().to_owned())));
        Some(address.len())
    }

    fn mention(&mut self, rest: &str) -> Option<usize> {
        let name = rest.strip_prefix('@')?;
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(name.len());
        // A full stop at the end of a sentence is none of the name.
        let name = name[..end].trim_end_matches('.');
        let (_, account) =
            self.called.iter().find(|(known, _)| !name.is_empty() && known.eq_ignore_ascii_case(name))?;
        let start = self.text.len();
        self.text.push('@');
        self.text.push_str(name);
        self.mark(start, Some(markup_range::Style::MentionAccountId(account.to_wire())));
        Some(name.len() + 1)
    }

    /// What was written since a place is of a style.
    fn mark(&mut self, start: usize, style: Option<markup_range::Style>) {
        let length = self.text.len() - start;
        if let (Some(style), true, Ok(start), Ok(length)) =
            (style, length > 0, u32::try_from(start), u32::try_from(length))
        {
            self.ranges.push(wire::MarkupRange { start, length, style: Some(style) });
        }
    }
}

/// Up to the mark that closes it, if there is something in between that touches the marks.
fn enclosed<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    if text.starts_with(char::is_whitespace) {
        return None;
    }
    let mut from = 0;
    while let Some(found) = text[from..].find(mark) {
        let mut end = from + found;
        // Of a row of the same signs the last ones close; a single mark is not a part of a longer one.
        while text[end + 1..].starts_with(mark) {
            end += 1;
        }
        if mark.len() == 1 && mark != "`" && end > from + found {
            from = end + 1;
            continue;
        }
        let (inner, after) = (&text[..end], &text[end + mark.len()..]);
        let is_escaped = inner.ends_with('\\') && mark != "`";
        let is_word_end = mark.len() > 1 || mark == "`" || !after.starts_with(char::is_alphanumeric);
        let is_something = !inner.chars().all(|c| mark.contains(c));
        if is_something && !inner.ends_with(char::is_whitespace) && !is_escaped && is_word_end {
            return Some(inner);
        }
        from = end + mark.len();
    }
    None
}

/// The language of a block of code that lines begin with, and how many lines it has.
fn code_block(lines: &[&str]) -> Option<(String, usize)> {
    let language = lines.first()?.strip_prefix(FENCE)?.trim().to_ascii_lowercase();
    let length = lines[1..].iter().position(|line| line.trim_end() == FENCE)?;
    let is_sound = is_language(&language) && lines[1..=length].iter().any(|line| !line.is_empty());
    is_sound.then_some((language, length))
}

type Strip = fn(&str, usize) -> Option<&str>;

/// Lines of what begins how, by the number of the line in its block.
const BLOCKS: &[(MarkupStyle, Strip)] = &[
    (MarkupStyle::Quote, |line, _| line.strip_prefix("> ").or((line == ">").then_some(""))),
    (MarkupStyle::BulletList, |line, _| line.strip_prefix("- ").filter(|text| !text.is_empty())),
    (MarkupStyle::NumberedList, |line, at| line.strip_prefix(&format!("{}. ", at + 1)).filter(|text| !text.is_empty())),
];

/// Longer marks before those that they begin with.
const MARKS: &[(&str, MarkupStyle)] = &[
    ("`", MarkupStyle::Code),
    ("**", MarkupStyle::Bold),
    ("__", MarkupStyle::Underline),
    ("~~", MarkupStyle::Strike),
    ("||", MarkupStyle::Spoiler),
    ("*", MarkupStyle::Italic),
    ("_", MarkupStyle::Italic),
];

const FENCE: &str = "```";
/// What ends a sentence and no address.
const ENDS: &[char] = &['.', ',', ';', ':', '!', '?', ')', '"', '\'', '*', '_', '~', '|', '`', '»', '”'];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::timeline::{Node, RichText, Style};

    const BOB: AccountId = AccountId::from_bytes([2; 16]);

    fn tree(typed: &str) -> Vec<Node> {
        RichText::parse(marked(typed, &[("bob".to_owned(), BOB)])).unwrap().tree()
    }

    fn t(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    fn styled(style: Style, text: &str) -> Node {
        Node::Styled(style, vec![t(text)])
    }

    #[test]
    fn marks_become_styles() {
        for (typed, style) in [
            ("**so**", Style::Bold),
            ("*so*", Style::Italic),
            ("_so_", Style::Italic),
            ("__so__", Style::Underline),
            ("~~so~~", Style::Strike),
            ("||so||", Style::Spoiler),
            ("`so`", Style::Code),
            ("> so", Style::Quote),
        ] {
            assert_eq!(tree(typed), [styled(style, "so")], "{typed}");
        }
        let within = Node::Styled(Style::Bold, vec![styled(Style::Italic, "so")]);
        assert_eq!(tree("***so***"), [within]);
        assert_eq!(
            tree("a **b *c* d**")[1],
            Node::Styled(Style::Bold, vec![t("b "), styled(Style::Italic, "c"), t(" d")])
        );
    }

    #[test]
    fn what_is_no_markup_stays_as_it_was_typed() {
        for typed in [
            "2 * 3 * 4",
            "snake_case_name",
            "a ** b",
            "**",
            "`",
            "||",
            "*not closed",
            "1) first",
            "2. second",
            "-5",
            "@nobody",
            "a@bob",
        ] {
            assert_eq!(tree(typed), [t(typed)], "{typed}");
        }
    }

    #[test]
    fn a_backslash_makes_a_sign_plain() {
        assert_eq!(tree(r"\*so\* \> C:\dir"), [t(r"*so* > C:\dir")]);
        assert_eq!(tree(r"`a\*b`"), [styled(Style::Code, r"a\*b")]);
    }

    #[test]
    fn lists_and_code_are_blocks() {
        let list = |numbered| Node::List { numbered, elements: vec![vec![t("milk")], vec![t("bread")]] };
        assert_eq!(tree("Buy:\n- milk\n- bread\nnow"), [t("Buy:\n"), list(false), t("\nnow")]);
        assert_eq!(tree("1. milk\n2. bread"), [list(true)]);
        let code = styled(Style::CodeBlock("rust".to_owned()), "let a = \"**b**\";\n\n1");
        assert_eq!(tree("```rust\nlet a = \"**b**\";\n\n1\n```\nsee?"), [code, t("\nsee?")]);
        assert_eq!(tree("```\nnot closed"), [t("```\nnot closed")]);
    }

    #[test]
    fn links_and_names_stand_for_themselves() {
        let target = "https://sotto.example/a_b_c?x=*1*2";
        let link = Node::Styled(Style::Link(LinkTarget::parse(target).unwrap()), vec![t(target)]);
        assert_eq!(tree(&format!("See {target}.")), [t("See "), link, t(".")]);
        assert_eq!(tree("Ask @Bob."), [t("Ask "), styled(Style::Mention(BOB), "@Bob"), t(".")]);
        assert_eq!(tree("javascript:alert(1)"), [t("javascript:alert(1)")]);
    }

    #[test]
    fn a_flood_of_marks_is_read_quickly() {
        for sign in ["*", "_ ", "**a", "`", "|| ", "[", "> ", "*a "] {
            marked(&sign.repeat(16_000 / sign.len()), &[]);
        }
    }

    proptest! {
        #[test]
        fn every_range_keeps_the_rules(typed in "[a-c *_~|`>\\\\\n@.1-]{0,60}") {
            let rich = marked(&typed, &[("a".to_owned(), BOB)]);
            for range in &rich.ranges {
                let end = (range.start + range.length) as usize;
                prop_assert!(rich.text.get(range.start as usize..end).is_some());
            }
            prop_assert!(RichText::parse(rich).is_ok());
        }
    }
}
