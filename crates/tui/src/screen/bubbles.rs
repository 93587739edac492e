//! One message as it is shown.

use sotto_client::engine::{
    ChatView, Course, Engine, EngineError, MemberView, Queued, TransferState, TransferView, Waiting,
};
use sotto_client::history::{Item, What};
use sotto_client::timeline::{Content, Message as Said, Node, PollView, State, Style, Text};
use sotto_proto::wire::{self, ConversationKind};
use sotto_proto::{AccountId, ConversationId, EventId, decode, limits};
use unicode_segmentation::UnicodeSegmentation as _;

use super::text::{Face, Fragment, Kind};
use super::view::{Body, Bubble, Delivery, Quote, Reaction};
use crate::attachments::{file_name_in_words, size_in_words};
use crate::commands::{obstacle, pace_in_words};
use crate::objects::Names;
use crate::safe;
use crate::words::{Language, Message};

/// Where messages are shown.
pub(super) struct Scenery<'s, 'e> {
    pub(super) engine: &'e Engine,
    pub(super) names: &'s Names<'e>,
    pub(super) chat: ConversationId,
    pub(super) own: Option<AccountId>,
    pub(super) members: &'s [MemberView],
    pub(super) language: Language,
}

impl Scenery<'_, '_> {
    pub(super) fn name(&self, account: AccountId) -> Result<String, EngineError> {
        Ok(self.names.person(account)?.in_words(self.language))
    }

    pub(super) fn bubble(&self, item: &Item) -> Result<Bubble, EngineError> {
        let own = self.own == Some(item.author);
        let mut bubble = Bubble {
            id: item.id,
            seq: Some(item.seq),
            author: item.author,
            name: self.name(item.author)?,
            own,
            at_ms: item.received_at_ms,
            body: Body::Deleted,
            files: 0,
            quote: None,
            edited: false,
            forwarded: false,
            reactions: Vec::new(),
            delivery: if own { self.delivery(item.seq) } else { Delivery::NotOwn },
        };
        match &item.what {
            What::Message(said) => self.say(&mut bubble, said)?,
            What::Poll(poll) => bubble.body = Body::Other(poll_lines(poll, self.language)),
            What::Task(task) => {
                let mark = if task.done_by.is_some() { "☑ " } else { "☐ " };
                bubble.body = Body::Other(vec![Fragment::plain(format!("{mark}{}", safe::line(&task.task.title)))]);
            }
            What::Unknown(fallback) => bubble.body = Body::Other(vec![unknown(fallback, self.language)]),
        }
        Ok(bubble)
    }

    fn say(&self, bubble: &mut Bubble, said: &Said) -> Result<(), EngineError> {
        let State::Standing { text, edited } = &said.state else { return Ok(()) };
        bubble.edited = edited.is_some();
        bubble.forwarded = text.forwarded;
        self.put_text(bubble, text)?;
        bubble.reactions = said
            .reactions
            .iter()
            .map(|(emoji, accounts)| Reaction {
                emoji: safe::line(emoji.as_str()),
                raw: emoji.as_str().to_owned(),
                count: accounts.len(),
                own: self.own.is_some_and(|own| accounts.contains(&own)),
            })
            .collect();
        Ok(())
    }

    fn put_text(&self, bubble: &mut Bubble, text: &Text) -> Result<(), EngineError> {
        let mut fragments = Vec::new();
        flatten(&text.body.tree(), Face::default(), &mut fragments);
        let coming = if text.files.is_empty() { Vec::new() } else { self.engine.transfers(Some(self.chat))? };
        for (place, file) in text.files.iter().enumerate() {
            let is_it = |view: &&TransferView| view.event == bubble.id && view.place as usize == place;
            self.put_file(&mut fragments, file.name.as_str(), file.size, coming.iter().rfind(is_it));
        }
        bubble.files = text.files.len();
        bubble.body = Body::Text(bounded(fragments), text.body.as_str().to_owned());
        if let Some(quotation) = &text.quotation {
            bubble.quote = Some(Quote {
                name: self.name(quotation.author)?,
                text: safe::line(&quotation.quote),
                target: quotation.target,
            });
        }
        Ok(())
    }

    /// As far as the one who has come furthest: in a group somebody is always away.
    fn delivery(&self, seq: u64) -> Delivery {
        let others = self.members.iter().filter(|member| Some(member.account) != self.own);
        let (mut read, mut delivered) = (0, 0);
        for member in others {
            read = read.max(member.reading.read_seq);
            delivered = delivered.max(member.reading.delivered_seq);
        }
        match () {
            () if read >= seq => Delivery::Read,
            () if delivered >= seq => Delivery::Delivered,
            () => Delivery::Sent,
        }
    }

    /// What was written here and is not in the log yet.
    pub(super) fn on_the_way(&self) -> Result<Vec<Bubble>, EngineError> {
        let mut bubbles = Vec::new();
        for waiting in self.engine.waiting(self.chat)? {
            bubbles.extend(self.waiting_bubble(&waiting)?);
        }
        for queued in self.engine.queued(self.chat)? {
            bubbles.extend(self.queued_bubble(queued)?);
        }
        Ok(bubbles)
    }

    /// None for what takes no place of its own: an edit, a reaction.
    fn queued_bubble(&self, queued: Queued) -> Result<Option<Bubble>, EngineError> {
        let Some(own) = self.own else { return Ok(None) };
        let event: wire::Event = decode(queued.body.into(), limits::EVENT_MAX).unwrap_or_default();
        let content = event.content.and_then(|content| Content::parse(content).ok().flatten());
        let Some(Content::Text(text)) = content else { return Ok(None) };
        let delivery = match (queued.refusal, queued.sent) {
            (Some(_), _) => Delivery::Refused,
            (None, true) => Delivery::Sent,
            (None, false) => Delivery::Queued,
        };
        let mut bubble = self.own_bubble(own, queued.id, queued.created_at_ms, delivery)?;
        self.put_text(&mut bubble, &text)?;
        bubble.forwarded = text.forwarded;
        bubble.files = 0;
        Ok(Some(bubble))
    }

    /// A message that waits for its files, with how far they are.
    fn waiting_bubble(&self, waiting: &Waiting) -> Result<Option<Bubble>, EngineError> {
        let Some(own) = self.own else { return Ok(None) };
        let stopped = waiting.files.iter().any(|file| matches!(file.state, TransferState::Stopped(_)));
        let delivery = if stopped { Delivery::Refused } else { Delivery::Queued };
        let mut bubble = self.own_bubble(own, waiting.id, waiting.created_at_ms, delivery)?;
        let mut fragments = vec![Fragment::plain(safe::block(&waiting.text, ""))];
        for file in &waiting.files {
            self.put_file(&mut fragments, file.name.as_str(), file.size, Some(file));
        }
        bubble.body = Body::Text(bounded(fragments), waiting.text.clone());
        Ok(Some(bubble))
    }

    fn own_bubble(&self, own: AccountId, id: EventId, at_ms: u64, delivery: Delivery) -> Result<Bubble, EngineError> {
        Ok(Bubble {
            id,
            seq: None,
            author: own,
            name: self.name(own)?,
            own: true,
            at_ms,
            body: Body::Deleted,
            files: 0,
            quote: None,
            edited: false,
            forwarded: false,
            reactions: Vec::new(),
            delivery,
        })
    }

    /// A line for a file: what it is called, how large it is, and how far it is on its way.
    fn put_file(&self, fragments: &mut Vec<Fragment>, name: &str, size: u64, on_its_way: Option<&TransferView>) {
        let line = format!("📎 {}", file_name_in_words(name, self.language));
        let is_first = fragments.iter().all(|fragment| fragment.text.is_empty());
        fragments.push(Fragment::plain(if is_first { line } else { format!("\n{line}") }));
        let mut facts = vec![size_in_words(size, self.language)];
        facts.extend(on_its_way.map(|view| self.transfer_in_words(view)));
        fragments.push(Fragment::of(Kind::Faint, format!("  {}", facts.join("  "))));
    }

    fn transfer_in_words(&self, view: &TransferView) -> String {
        match view.state {
            TransferState::Done => Message::SavedAs { path: safe::line(&view.location) }.say(self.language),
            TransferState::Paused => Message::Paused.say(self.language),
            TransferState::Stopped(why) => obstacle(why, &safe::line(view.name.as_str())).message.say(self.language),
            TransferState::Going => {
                let arrow = if view.course == Course::Download { '↓' } else { '↑' };
                let share = (view.done * 100).checked_div(view.size).unwrap_or(0).min(100);
                let mut facts = vec![format!("{arrow} {share} %")];
                facts.extend(pace_in_words(view, self.language));
                facts.join("  ")
            }
        }
    }
}

/// The newest thing of a chat in one line.
pub(super) fn preview(
    names: &Names<'_>,
    item: &Item,
    chat: &ChatView,
    language: Language,
) -> Result<String, EngineError> {
    let text = match &item.what {
        What::Message(Said { state: State::Deleted { .. }, .. }) => Message::Deleted.say(language),
        What::Unknown(fallback) => unknown(fallback, language).text,
        What::Message(Said { state: State::Standing { text, .. }, .. }) if text.body.as_str().is_empty() => {
            let name = text.files.first().map(|file| file_name_in_words(file.name.as_str(), language));
            format!("📎 {}", name.unwrap_or_default())
        }
        _ => safe::line(&words_of(item).chars().take(PREVIEW_MAX).collect::<String>()),
    };
    if chat.kind != ConversationKind::Group {
        return Ok(text);
    }
    let person = names.person(item.author)?;
    let name = if person.name.is_empty() { person.in_words(language) } else { safe::line(&person.name) };
    Ok(format!("{name}: {text}"))
}

/// What an item says, as it was written.
pub(super) fn words_of(item: &Item) -> &str {
    match &item.what {
        What::Message(Said { state: State::Standing { text, .. }, .. }) => text.body.as_str(),
        What::Message(_) => "",
        What::Poll(poll) => &poll.poll.question,
        What::Task(task) => &task.task.title,
        What::Unknown(fallback) => fallback,
    }
}

fn unknown(fallback: &str, language: Language) -> Fragment {
    let text = if fallback.is_empty() { Message::UnknownContent.say(language) } else { safe::line(fallback) };
    Fragment::of(Kind::Faint, format!("({text})"))
}

fn poll_lines(view: &PollView, language: Language) -> Vec<Fragment> {
    let mut lines = format!("▤ {}", safe::line(&view.poll.question));
    for (option, count) in view.poll.options.iter().zip(view.counts()) {
        lines.extend([&format!("\n  {count:>3}  "), safe::line(option).as_str()]);
    }
    let mut fragments = vec![Fragment::plain(lines)];
    if view.closed {
        fragments.push(Fragment::of(Kind::Faint, format!("\n({})", Message::PollClosed.say(language))));
    }
    fragments
}

/// The tree of a text with markup, in a row.
fn flatten(nodes: &[Node], face: Face, out: &mut Vec<Fragment>) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push(Fragment { text: safe::block(text, ""), face }),
            Node::Styled(style, inner) => flatten_styled(style, inner, face, out),
            Node::List { numbered, elements } => {
                for (number, element) in elements.iter().enumerate() {
                    let mark = if *numbered { format!("{}. ", number + 1) } else { "• ".to_owned() };
                    let mark = if number == 0 { mark } else { format!("\n{mark}") };
                    out.push(Fragment { text: mark, face });
                    flatten(element, face, out);
                }
            }
        }
    }
}

fn flatten_styled(style: &Style, inner: &[Node], face: Face, out: &mut Vec<Fragment>) {
    let kind = |kind| Face { kind, ..face };
    let face = match style {
        Style::Bold => Face { bold: true, ..face },
        Style::Italic => Face { italic: true, ..face },
        Style::Strike => Face { strike: true, ..face },
        Style::Underline => Face { underline: true, ..face },
        Style::Code | Style::CodeBlock(_) => kind(Kind::Code),
        Style::Spoiler => kind(Kind::Spoiler),
        Style::Quote => kind(Kind::Quote),
        Style::Link(_) => kind(Kind::Link),
        Style::Mention(_) | Style::MentionEveryone => kind(Kind::Mention),
    };
    let before = out.len();
    flatten(inner, face, out);
    // Where a link leads is seen, not only what it calls itself.
    if let Style::Link(target) = style {
        let shown: String = out[before..].iter().map(|fragment| fragment.text.as_str()).collect();
        if shown != target.as_str() {
            out.push(Fragment::of(Kind::Faint, format!(" <{}>", safe::line(target.as_str()))));
        }
    }
}

/// Not more than a person reads on a screen: a text of megabytes may not slow everything down.
fn bounded(fragments: Vec<Fragment>) -> Vec<Fragment> {
    let mut left = TEXT_MAX;
    let mut bounded = Vec::new();
    for mut fragment in fragments {
        let fits: usize = fragment.text.graphemes(true).take(left).map(str::len).sum();
        left -= fragment.text.graphemes(true).take(left).count();
        let is_cut = fits < fragment.text.len();
        fragment.text.truncate(fits);
        bounded.push(fragment);
        if is_cut {
            bounded.push(Fragment::of(Kind::Faint, " …"));
            break;
        }
    }
    bounded
}

/// Signs of a message that are shown.
const TEXT_MAX: usize = 8_000;
const PREVIEW_MAX: usize = 200;
