use proptest::prelude::*;
use sotto_client::timeline::{LinkTarget, Node, RichText, Style};
use sotto_proto::wire::{self, MarkupStyle, markup_range};

use super::BOB;

fn plain(start: u32, length: u32, style: MarkupStyle) -> wire::MarkupRange {
    wire::MarkupRange { start, length, style: Some(markup_range::Style::Plain(style.into())) }
}

fn tree(text: &str, ranges: Vec<wire::MarkupRange>) -> Vec<Node> {
    RichText::parse(wire::RichText { text: text.to_owned(), ranges }).unwrap().tree()
}

fn t(text: &str) -> Node {
    Node::Text(text.to_owned())
}

#[test]
fn styles_lie_within_each_other() {
    let ranges = vec![plain(0, 11, MarkupStyle::Bold), plain(6, 5, MarkupStyle::Italic)];
    let bold = vec![t("Hello "), Node::Styled(Style::Italic, vec![t("world")])];
    assert_eq!(tree("Hello world!", ranges), [Node::Styled(Style::Bold, bold), t("!")]);
}

#[test]
fn ranges_that_cross_or_come_out_of_order_are_ignored() {
    let bold_alone = [Node::Styled(Style::Bold, vec![t("Hello")]), t(" world")];
    let crossing = vec![plain(0, 5, MarkupStyle::Bold), plain(3, 5, MarkupStyle::Italic)];
    assert_eq!(tree("Hello world", crossing), bold_alone);
    let outside = vec![plain(0, 5, MarkupStyle::Bold), plain(6, 50, MarkupStyle::Italic)];
    assert_eq!(tree("Hello world", outside), bold_alone);
    let backwards = vec![plain(6, 5, MarkupStyle::Bold), plain(0, 5, MarkupStyle::Italic)];
    assert_eq!(tree("Hello world", backwards), [t("Hello "), Node::Styled(Style::Bold, vec![t("world")])]);
}

#[test]
fn a_range_ends_between_characters() {
    assert_eq!(tree("день", vec![plain(0, 3, MarkupStyle::Bold)]), [t("день")]);
    assert_eq!(tree("день", vec![plain(0, 4, MarkupStyle::Bold)]), [Node::Styled(Style::Bold, vec![t("де")]), t("нь")]);
}

#[test]
fn code_holds_no_markup() {
    let ranges = vec![plain(0, 4, MarkupStyle::Code), plain(1, 2, MarkupStyle::Bold)];
    assert_eq!(tree("a**b", ranges), [Node::Styled(Style::Code, vec![t("a**b")])]);
}

#[test]
fn blocks_are_whole_lines_and_lists_have_an_element_a_line() {
    let text = "Buy:\nmilk\ngood bread\nThanks";
    let ranges = vec![plain(5, 15, MarkupStyle::BulletList), plain(5, 9, MarkupStyle::Bold)];
    let bold = |text: &str| Node::Styled(Style::Bold, vec![t(text)]);
    let elements = vec![vec![bold("milk")], vec![bold("good"), t(" bread")]];
    assert_eq!(tree(text, ranges), [t("Buy:\n"), Node::List { numbered: false, elements }, t("\nThanks")]);
    assert_eq!(tree(text, vec![plain(6, 3, MarkupStyle::Quote)]), [t(text)], "a part of a line is no block");
}

#[test]
fn links_lead_where_they_seem_to_m10() {
    for good in ["https://example.org/a?b#c", "HTTP://example.org", "mailto:bob@example.org"] {
        assert_eq!(LinkTarget::parse(good).unwrap().as_str(), good);
    }
    let long = format!("https://example.org/{}", "a".repeat(2_048));
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https:example.org",
        "https://",
        "https://bank.example@evil.example/",
        "https:\\\\example.org",
        "https://exa mple.org",
        "https://example.org\n",
        "mailto:",
        "//example.org",
        "",
        &long,
    ] {
        assert_eq!(LinkTarget::parse(bad), None, "{bad}");
    }
}

#[test]
fn mentions_name_accounts() {
    let style = Some(markup_range::Style::MentionAccountId(BOB.to_wire()));
    let mention = wire::MarkupRange { start: 0, length: 4, style };
    let rich = RichText::parse(wire::RichText { text: "@bob: hi".to_owned(), ranges: vec![mention] }).unwrap();
    assert_eq!(rich.mentions().collect::<Vec<_>>(), [BOB]);
    assert!(!rich.mentions_everyone());
    assert_eq!(rich.tree()[0], Node::Styled(Style::Mention(BOB), vec![t("@bob")]));
}

#[test]
fn what_is_too_deep_loses_its_style_and_no_text() {
    let ranges = (0..400).map(|_| plain(0, 5, MarkupStyle::Bold)).collect();
    let mut nodes = tree("Hello", ranges);
    let mut depth = 0;
    while let Some(Node::Styled(_, inner)) = nodes.pop() {
        nodes = inner;
        depth += 1;
    }
    assert_eq!(depth, 16);
}

/// All text of a tree, in order. Between the elements of a list is the line feed that the list took.
fn words(nodes: &[Node]) -> String {
    let word = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Styled(_, inner) => words(inner),
        Node::List { elements, .. } => elements.iter().map(|line| words(line)).collect::<Vec<_>>().join("\n"),
    };
    nodes.iter().map(word).collect()
}

fn any_range() -> impl Strategy<Value = wire::MarkupRange> {
    let style = prop_oneof![
        (0..12_i32).prop_map(markup_range::Style::Plain),
        Just(markup_range::Style::Link("https://example.org".to_owned())),
        Just(markup_range::Style::CodeBlockLanguage("rust".to_owned())),
        Just(markup_range::Style::MentionAccountId(BOB.to_wire())),
    ];
    (0..40_u32, 0..40_u32, proptest::option::of(style)).prop_map(|(start, length, style)| wire::MarkupRange {
        start,
        length,
        style,
    })
}

proptest! {
    #[test]
    fn whatever_the_ranges_the_text_is_all_there(
        text in "[ab🙂\n]{0,24}",
        ranges in proptest::collection::vec(any_range(), 0..24),
    ) {
        prop_assert_eq!(words(&tree(&text, ranges)), text);
    }
}
