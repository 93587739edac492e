use serde::Serialize;
use sotto_client::timeline;
use tsify::Tsify;

use super::hex;

/// A part of a text with its markup. It is text, styles and checked targets; no markup language is in it.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Node {
    /// Plain text; line feeds are line breaks.
    Text { text: String },
    /// Text in a style.
    Styled { style: Style, content: Vec<Node> },
    /// A list, an element a line.
    List { numbered: bool, elements: Vec<Vec<Node>> },
}

impl From<timeline::Node> for Node {
    fn from(node: timeline::Node) -> Self {
        match node {
            timeline::Node::Text(text) => Self::Text { text },
            timeline::Node::Styled(style, content) => Self::Styled { style: style.into(), content: nodes(content) },
            timeline::Node::List { numbered, elements } => {
                Self::List { numbered, elements: elements.into_iter().map(nodes).collect() }
            }
        }
    }
}

pub(super) fn nodes(nodes: Vec<timeline::Node>) -> Vec<Node> {
    nodes.into_iter().map(Node::from).collect()
}

/// How a stretch of text is meant.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Style {
    Bold,
    Italic,
    Strike,
    Underline,
    Code,
    Spoiler,
    Quote,
    CodeBlock {
        language: String,
    },
    /// `https`, `http` or `mailto`, and nothing that pretends to be another host.
    Link {
        target: String,
    },
    Mention {
        account: String,
    },
    MentionEveryone,
}

impl From<timeline::Style> for Style {
    fn from(style: timeline::Style) -> Self {
        match style {
            timeline::Style::Bold => Self::Bold,
            timeline::Style::Italic => Self::Italic,
            timeline::Style::Strike => Self::Strike,
            timeline::Style::Underline => Self::Underline,
            timeline::Style::Code => Self::Code,
            timeline::Style::Spoiler => Self::Spoiler,
            timeline::Style::Quote => Self::Quote,
            timeline::Style::CodeBlock(language) => Self::CodeBlock { language },
            timeline::Style::Link(target) => Self::Link { target: target.as_str().to_owned() },
            timeline::Style::Mention(account) => Self::Mention { account: hex(account) },
            timeline::Style::MentionEveryone => Self::MentionEveryone,
        }
    }
}
