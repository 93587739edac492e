//! What is said, as it goes to the engine.

use sotto_client::timeline::marked;
use sotto_proto::EventId;
use sotto_proto::wire;
use sotto_proto::wire::event::Content;

use super::view::{Body, Bubble, Member};

/// A text as somebody typed it, with its markup; none when there is nothing in it. Members that are called by `@name` are mentioned.
pub(super) fn text(typed: &str, answers: Option<&Bubble>, members: &[Member]) -> Option<wire::TextMessage> {
    let others = members.iter().filter(|member| !member.own && !member.user.is_empty());
    let called: Vec<_> = others.map(|member| (member.user.clone(), member.account)).collect();
    let body = marked(typed.trim_end(), &called);
    if body.text.trim().is_empty() {
        return None;
    }
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
    Content::Title(wire::Title { title: title.to_owned(), description: String::new(), again: false })
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

/// Of the message that is answered, in bytes.
const QUOTE_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use sotto_client::timeline::Standing;
    use sotto_proto::AccountId;
    use sotto_proto::wire::markup_range;

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
    fn what_is_marked_is_sent_with_its_marks() {
        let body = text("**Now** or `never`", None, &[]).unwrap().body.unwrap();
        assert_eq!((body.text.as_str(), body.ranges.len()), ("Now or never", 2));
    }

    #[test]
    fn nothing_is_not_sent() {
        assert_eq!(text(" \n ", None, &[]), None);
    }
}
