use prost::Message as _;
use serde::Serialize;
use sotto_client::timeline::{self, Content, State, Text};
use sotto_client::{engine, history};
use sotto_proto::wire;
use tsify::Tsify;

use super::file::Attachment;
use super::hex;
use super::text::{Node, nodes};

/// Something that takes a place on the screen.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its number in the log, which is its place.
    seq: u64,
    id: String,
    author: String,
    /// When the server took it.
    received_at_ms: u64,
    what: What,
}

/// What takes a place on the screen.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What {
    /// A message that stands.
    Message {
        /// The text without markup.
        text: String,
        /// The text with it.
        tree: Vec<Node>,
        reply_to: Option<Quotation>,
        edited: bool,
        forwarded: bool,
        files: Vec<Attachment>,
        reactions: Vec<Reaction>,
    },
    /// A message that was taken back.
    Deleted { by: String },
    /// A poll.
    Poll { question: String, options: Vec<PollOption>, choices_max: usize, closed: bool },
    /// A task.
    Task { title: String, description: String, done_by: Option<String> },
    /// Something that this version does not know: one line in its place, which may be empty.
    Unknown { fallback: String },
}

/// The message that is answered, as the sender of the answer tells it.
#[derive(Debug, Serialize, Tsify)]
pub struct Quotation {
    event: String,
    author: String,
    quote: String,
}

/// An emoji, and who felt like it.
#[derive(Debug, Serialize, Tsify)]
pub struct Reaction {
    emoji: String,
    by: Vec<String>,
}

/// An option of a poll, and who chose it.
#[derive(Debug, Serialize, Tsify)]
pub struct PollOption {
    text: String,
    votes: Vec<String>,
}

impl From<history::Item> for Item {
    fn from(item: history::Item) -> Self {
        let history::Item { seq, id, author, received_at_ms, what } = item;
        Self { seq, id: hex(id), author: hex(author), received_at_ms, what: what.into() }
    }
}

impl From<history::What> for What {
    fn from(what: history::What) -> Self {
        match what {
            history::What::Message(message) => message.into(),
            history::What::Poll(view) => view.into(),
            history::What::Task(view) => Self::Task {
                title: view.task.title,
                description: view.task.description,
                done_by: view.done_by.map(hex),
            },
            history::What::Unknown(fallback) => Self::Unknown { fallback },
        }
    }
}

impl From<timeline::Message> for What {
    fn from(message: timeline::Message) -> Self {
        let reactions = message
            .reactions
            .iter()
            .map(|(emoji, by)| Reaction { emoji: emoji.as_str().to_owned(), by: by.iter().map(hex).collect() });
        match &message.state {
            State::Deleted { by } => Self::Deleted { by: hex(by) },
            State::Standing { text, edited } => Self::Message {
                text: text.body.as_str().to_owned(),
                tree: nodes(text.body.tree()),
                reply_to: text.quotation.as_ref().map(|quotation| Quotation {
                    event: hex(quotation.target),
                    author: hex(quotation.author),
                    quote: quotation.quote.clone(),
                }),
                edited: edited.is_some(),
                forwarded: text.forwarded,
                files: text.files.iter().map(Attachment::from).collect(),
                reactions: reactions.collect(),
            },
        }
    }
}

impl From<timeline::PollView> for What {
    fn from(view: timeline::PollView) -> Self {
        let votes = |option: usize| {
            let chose = view.votes.iter().filter(|(_, chosen)| chosen.iter().any(|one| *one as usize == option));
            chose.map(|(account, _)| hex(account)).collect()
        };
        let options = view.poll.options.iter().enumerate();
        let options = options.map(|(place, text)| PollOption { text: text.clone(), votes: votes(place) }).collect();
        Self::Poll { question: view.poll.question, options, choices_max: view.poll.choices_max, closed: view.closed }
    }
}

/// Something that was written and is not in the log yet.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Queued {
    id: String,
    created_at_ms: u64,
    /// The text, if it is a message; anything else acts on what is there already.
    text: Option<String>,
    tree: Vec<Node>,
    files: Vec<Attachment>,
    /// Whether the server has it.
    sent: bool,
    /// Why the server will not take it, as in [`super::Why::Refused`].
    refusal: Option<String>,
}

impl From<engine::Queued> for Queued {
    fn from(queued: engine::Queued) -> Self {
        let text = text_of(&queued.body);
        Self {
            id: hex(queued.id),
            created_at_ms: queued.created_at_ms,
            text: text.as_ref().map(|text| text.body.as_str().to_owned()),
            tree: text.as_ref().map(|text| nodes(text.body.tree())).unwrap_or_default(),
            files: text.map(|text| text.files.iter().map(Attachment::from).collect()).unwrap_or_default(),
            sent: queued.sent,
            refusal: queued.refusal.map(|code| code.as_str_name().to_owned()),
        }
    }
}

fn text_of(body: &[u8]) -> Option<Text> {
    let event = wire::Event::decode(body).ok()?;
    match Content::parse(event.content?) {
        Ok(Some(Content::Text(text))) => Some(text),
        _ => None,
    }
}
