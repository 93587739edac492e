//! Text with markup, as a tree that is safe to show.
//!
//! What travels is a text and ranges over it (`RichText` in `event.proto`). Ranges come from a stranger's program: one that breaks
//! a rule is ignored, and the text is shown all the same. The tree holds text, styles and checked targets, and no markup language.

use std::cmp::Reverse;

use sotto_proto::AccountId;
use sotto_proto::wire::{self, MarkupStyle, markup_range};

use super::rules::{self, Rule};

/// A text that keeps its rules, and its markup.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RichText {
    text: String,
    ranges: Vec<Range>,
}

/// A part of a text with its markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Plain text; line feeds are line breaks.
    Text(String),
    /// Text in a style.
    Styled(Style, Vec<Node>),
    /// A list, an element a line.
    List {
        /// Whether its elements are numbered.
        numbered: bool,
        /// The elements.
        elements: Vec<Vec<Node>>,
    },
}

/// How a stretch of text is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strike,
    /// Underlined.
    Underline,
    /// Code within a line.
    Code,
    /// Hidden until touched.
    Spoiler,
    /// A quotation; whole lines.
    Quote,
    /// Code in whole lines, and its language, which may be empty.
    CodeBlock(String),
    /// A link.
    Link(LinkTarget),
    /// An account that is mentioned.
    Mention(AccountId),
    /// Everyone is mentioned.
    MentionEveryone,
}

/// Where a link leads: `https`, `http` or `mailto`, without a user name that could pass for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget(String);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    start: usize,
    end: usize,
    mark: Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Style(Style),
    List { numbered: bool },
}

impl RichText {
    /// Takes a text from the wire with the ranges that keep the rules.
    pub fn parse(rich: wire::RichText) -> Result<Self, Rule> {
        let wire::RichText { text, ranges } = rich;
        rules::text("text", &text, TEXT_MAX)?;
        let ranges = acceptable(&text, ranges);
        Ok(Self { text, ranges })
    }

    /// The text without markup. It reads well without it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text as a tree.
    pub fn tree(&self) -> Vec<Node> {
        let mut rest = self.ranges.as_slice();
        nodes(&self.text, 0, self.text.len(), &mut rest)
    }

    /// The same for another conversation, whose members are others.
    pub fn without_mentions(&self) -> wire::RichText {
        let marks = self.ranges.iter().filter_map(|range| {
            let (start, length) = (u32::try_from(range.start).ok()?, u32::try_from(range.end - range.start).ok()?);
            Some(wire::MarkupRange { start, length, style: Some(range.mark.unless_mention()?) })
        });
        wire::RichText { text: self.text.clone(), ranges: marks.collect() }
    }

    /// Who is mentioned, in the order of the text.
    pub fn mentions(&self) -> impl Iterator<Item = AccountId> {
        self.ranges.iter().filter_map(|range| match range.mark {
            Mark::Style(Style::Mention(account)) => Some(account),
            _ => None,
        })
    }

    /// Whether everyone is mentioned. Whether the sender may is another question.
    pub fn mentions_everyone(&self) -> bool {
        self.ranges.iter().any(|range| range.mark == Mark::Style(Style::MentionEveryone))
    }
}

impl LinkTarget {
    /// Checks a target.
    pub fn parse(target: &str) -> Option<Self> {
        let strange = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if target.len() > LINK_MAX || target.contains(strange) {
            return None;
        }
        let (scheme, rest) = target.split_once(':')?;
        let safe = match scheme.to_ascii_lowercase().as_str() {
            "https" | "http" => rest.strip_prefix("//").is_some_and(|rest| {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                !authority.is_empty() && !authority.contains('@')
            }),
            "mailto" => rest.contains('@'),
            _ => false,
        };
        safe.then(|| Self(target.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ranges that keep the rules: in order, in bounds, each within or beside the others, not too deep.
fn acceptable(text: &str, ranges: Vec<wire::MarkupRange>) -> Vec<Range> {
    let mut accepted: Vec<Range> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for range in ranges.into_iter().take(RANGES_MAX).filter_map(|range| Range::parse(text, range)) {
        let in_order = accepted.last().is_none_or(|last| last.place() <= range.place());
        if !in_order {
            continue;
        }
        open.retain(|index| accepted[*index].end > range.start);
        let fits = open.len() < DEPTH_MAX && open.last().is_none_or(|index| accepted[*index].takes(&range));
        if fits {
            open.push(accepted.len());
            accepted.push(range);
        }
    }
    accepted
}

impl Range {
    fn parse(text: &str, range: wire::MarkupRange) -> Option<Self> {
        let start = usize::try_from(range.start).ok()?;
        let end = start.checked_add(usize::try_from(range.length).ok()?)?;
        let covered = text.get(start..end).filter(|covered| !covered.is_empty())?;
        let mark = Mark::parse(range.style?)?;
        let whole_lines =
            (start == 0 || text[..start].ends_with('\n')) && (end == text.len() || text[end..].starts_with('\n'));
        let within_a_line = !covered.contains('\n');
        let fits = if mark.is_block() { whole_lines } else { !mark.is_one_line() || within_a_line };
        fits.then_some(Self { start, end, mark })
    }

    fn place(&self) -> (usize, Reverse<usize>) {
        (self.start, Reverse(self.end))
    }

    /// Whether another range may lie within. Blocks lie only within blocks, and in code there is no markup.
    fn takes(&self, inner: &Self) -> bool {
        let verbatim = matches!(self.mark, Mark::Style(Style::Code | Style::CodeBlock(_)));
        let element = matches!(self.mark, Mark::List { .. }) && inner.mark.is_block();
        inner.end <= self.end && !verbatim && !element && (self.mark.is_block() || !inner.mark.is_block())
    }
}

impl Mark {
    fn parse(style: markup_range::Style) -> Option<Self> {
        let style = match style {
            markup_range::Style::Plain(plain) => return Self::plain(MarkupStyle::try_from(plain).ok()?),
            markup_range::Style::Link(target) => Style::Link(LinkTarget::parse(&target)?),
            markup_range::Style::MentionAccountId(account) => Style::Mention(AccountId::try_from(&account[..]).ok()?),
            markup_range::Style::CodeBlockLanguage(language) => {
                Style::CodeBlock(Some(language).filter(|language| is_language(language))?)
            }
        };
        Some(Self::Style(style))
    }

    fn plain(style: MarkupStyle) -> Option<Self> {
        let style = match style {
            MarkupStyle::Unspecified => return None,
            MarkupStyle::BulletList => return Some(Self::List { numbered: false }),
            MarkupStyle::NumberedList => return Some(Self::List { numbered: true }),
            MarkupStyle::Bold => Style::Bold,
            MarkupStyle::Italic => Style::Italic,
            MarkupStyle::Strike => Style::Strike,
            MarkupStyle::Underline => Style::Underline,
            MarkupStyle::Code => Style::Code,
            MarkupStyle::Spoiler => Style::Spoiler,
            MarkupStyle::Quote => Style::Quote,
            MarkupStyle::MentionEveryone => Style::MentionEveryone,
        };
        Some(Self::Style(style))
    }

    /// As it travels.
    fn unless_mention(&self) -> Option<markup_range::Style> {
        let plain = match self {
            Self::List { numbered: false } => MarkupStyle::BulletList,
            Self::List { numbered: true } => MarkupStyle::NumberedList,
            Self::Style(style) => match style {
                Style::Bold => MarkupStyle::Bold,
                Style::Italic => MarkupStyle::Italic,
                Style::Strike => MarkupStyle::Strike,
                Style::Underline => MarkupStyle::Underline,
                Style::Code => MarkupStyle::Code,
                Style::Spoiler => MarkupStyle::Spoiler,
                Style::Quote => MarkupStyle::Quote,
                Style::CodeBlock(language) => return Some(markup_range::Style::CodeBlockLanguage(language.clone())),
                Style::Link(target) => return Some(markup_range::Style::Link(target.0.clone())),
                Style::Mention(_) | Style::MentionEveryone => return None,
            },
        };
        Some(markup_range::Style::Plain(plain.into()))
    }

    const fn is_block(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Style(Style::Quote | Style::CodeBlock(_)))
    }

    /// What would be torn apart by a line break in it.
    const fn is_one_line(&self) -> bool {
        matches!(self, Self::Style(Style::Code | Style::Link(_) | Style::Mention(_) | Style::MentionEveryone))
    }
}

pub(super) fn is_language(language: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'#');
    language.len() <= LANGUAGE_MAX && language.bytes().all(allowed)
}

/// The nodes of a stretch, taking the ranges that lie in it. As deep as ranges are, which [`DEPTH_MAX`] bounds.
fn nodes(text: &str, start: usize, end: usize, ranges: &mut &[Range]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = start;
    while let Some((range, rest)) = ranges.split_first().filter(|(range, _)| range.start < end) {
        *ranges = rest;
        push_text(&mut nodes, &text[at..range.start]);
        let inner = self::nodes(text, range.start, range.end, ranges);
        nodes.push(match &range.mark {
            Mark::Style(style) => Node::Styled(style.clone(), inner),
            Mark::List { numbered } => Node::List { numbered: *numbered, elements: lines(inner) },
        });
        at = range.end;
    }
    push_text(&mut nodes, &text[at..end]);
    nodes
}

fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if !text.is_empty() {
        nodes.push(Node::Text(text.to_owned()));
    }
}

/// Cuts nodes at line breaks; a style that goes over several lines is there in each.
fn lines(nodes: Vec<Node>) -> Vec<Vec<Node>> {
    let mut lines = vec![Vec::new()];
    for node in nodes {
        let mut parts = match node {
            Node::Text(text) => text.split('\n').map(text_nodes).collect(),
            Node::Styled(style, inner) => {
                self::lines(inner).into_iter().map(|line| styled_nodes(&style, line)).collect()
            }
            list @ Node::List { .. } => vec![vec![list]],
        }
        .into_iter();
        if let (Some(line), Some(first)) = (lines.last_mut(), parts.next()) {
            line.extend(first);
        }
        lines.extend(parts);
    }
    lines
}

fn text_nodes(line: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    push_text(&mut nodes, line);
    nodes
}

fn styled_nodes(style: &Style, line: Vec<Node>) -> Vec<Node> {
    if line.is_empty() { line } else { vec![Node::Styled(style.clone(), line)] }
}

/// Bytes of a text.
const TEXT_MAX: usize = 16_384;
/// Ranges that are looked at.
pub(super) const RANGES_MAX: usize = 512;
/// How deep ranges may lie within each other; what is deeper is shown without its style.
pub(super) const DEPTH_MAX: usize = 16;
const LINK_MAX: usize = 2_048;
const LANGUAGE_MAX: usize = 32;
