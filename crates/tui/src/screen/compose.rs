//! What is said, as it goes to the engine.

use sotto_proto::EventId;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::{self, markup_range};
use unicode_normalization::UnicodeNormalization as _;

use super::view::{Body, Bubble, Member};

/// A text as somebody typed it; none when there is nothing in it. Members that are called by `@name` are mentioned.
pub(super) fn text(typed: &str, answers: Option<&Bubble>, members: &[Member]) -> Option<wire::TextMessage> {
    let text: String = typed.trim_end().nfc().collect();
    if text.trim().is_empty() {
        return None;
    }
    let ranges = mentions(&text, members);
    let body = wire::RichText { text, ranges };
    Some(wire::TextMessage { body: Some(body), quotation: answers.and_then(quotation), ..wire::TextMessage::default() })
}

/// What goes with files: the text may be missing.
pub(super) fn caption(typed: &str, answers: Option<&Bubble>, members: &[Member]) -> wire::TextMessage {
    if let Some(text) = text(typed, answers, members) {
        return text;
    }
    let quotation = answers.and_then(quotation);
    let body = quotation.is_some().then(wire::RichText::default);
    wire::TextMessage { body, quotation, ..wire::TextMessage::default() }
}

pub(super) fn edit(target: &Bubble, typed: &str, members: &[Member]) -> Option<Content> {
    let text = text(typed, None, members)?;
    let content = Some(wire::edit::Content::Text(text));
    Some(Content::Edit(wire::Edit { target: Some(reference(target.id, target.seq?)), content }))
}

pub(super) fn delete(target: EventId, seq: u64) -> Content {
    Content::Delete(wire::Delete { targets: vec![reference(target, seq)] })
}

/// A reaction, or its end where the person has reacted so already.
pub(super) fn reaction(target: &Bubble, emoji: &str) -> Option<Content> {
    let remove = target.reactions.iter().any(|reaction| reaction.own && reaction.raw == emoji);
    let target = Some(reference(target.id, target.seq?));
    Some(Content::Reaction(wire::Reaction { target, emoji: emoji.to_owned(), remove }))
}

pub(super) fn title(title: &str) -> Content {
    Content::Title(wire::Title { title: title.to_owned(), description: String::new() })
}

fn quotation(bubble: &Bubble) -> Option<wire::Quotation> {
    let text = match &bubble.body {
        Body::Text(_, text) => text.clone(),
        Body::Other(fragments) => fragments.iter().map(|fragment| fragment.text.as_str()).collect(),
        Body::Deleted => String::new(),
    };
    Some(wire::Quotation {
        target: Some(reference(bubble.id, bubble.seq?)),
        author_account_id: bubble.author.to_wire(),
        quote: text[..text.floor_char_boundary(QUOTE_MAX)].to_owned(),
    })
}

fn reference(id: EventId, seq: u64) -> wire::EventRef {
    wire::EventRef { event_id: id.to_wire(), seq }
}

/// The places of `@name` in a text where somebody of that name is in the chat.
fn mentions(text: &str, members: &[Member]) -> Vec<wire::MarkupRange> {
    let mut ranges = Vec::new();
    for (at, _) in text.match_indices('@') {
        let is_start = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let name: &str = &text[at + 1..];
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(name.len());
        // A full stop at the end of a sentence is none of the name.
        let name = name[..end].trim_end_matches('.').to_lowercase();
        let member = members.iter().find(|member| !member.own && !name.is_empty() && member.user == name);
        if let (Some(member), true) = (member, is_start) {
            ranges.push(wire::MarkupRange {
                start: u32::try_from(at).unwrap_or(u32::MAX),
                length: u32::try_from(name.len() + 1).unwrap_or(u32::MAX),
                style: Some(markup_range::Style::MentionAccountId(member.account.to_wire())),
            });
        }
    }
    ranges
}

/// Of the message that is answered, in bytes.
const QUOTE_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use sotto_client::timeline::Standing;
    use sotto_proto::AccountId;

    use super::*;

    #[test]
    fn who_is_called_by_name_is_mentioned() {
        let account = AccountId::from_bytes([7; 16]);
        let (name, user) = ("Bob (@bob)".to_owned(), "bob".to_owned());
        let bob = Member { account, name, user, standing: Standing::Member, verified: false, own: false };
        let said = text("Ask @Bob. Not @bobby, nor a@bob", None, &[bob]).unwrap();
        let ranges = said.body.unwrap().ranges;
        assert_eq!(ranges.len(), 1);
        assert_eq!((ranges[0].start, ranges[0].length), (4, 4));
        let mentioned = markup_range::Style::MentionAccountId(account.to_wire());
        assert_eq!(ranges[0].style, Some(mentioned));
    }

    #[test]
    fn nothing_is_not_sent() {
        assert_eq!(text(" \n ", None, &[]), None);
    }
}
