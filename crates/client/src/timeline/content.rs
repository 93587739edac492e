//! What an event says, once every rule of `event.proto` was checked. A content that is not in here is shown by its fallback.

use std::collections::BTreeSet;

use sotto_proto::wire::{self, event, task_update};
use sotto_proto::{AccountId, DisplayName, EventId, Invalid};
use unicode_segmentation::UnicodeSegmentation as _;

use super::attachment::{self, Attachment};
use super::markup::RichText;
use super::rules::{self, Rule};

/// One thing that somebody said or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text, files, or both.
    Text(Text),
    /// A new version of an own message.
    Edit(EventId, Text),
    /// Takes messages back.
    Delete(BTreeSet<EventId>),
    /// Adds or removes a reaction.
    Reaction(EventId, Emoji, Change),
    /// Pins a message or takes the pin off.
    Pin(EventId, Change),
    /// How the sender wants to be seen here.
    Profile(Profile),
    /// Title and description of the conversation.
    Title(Title),
    /// Rules that only clients can enforce.
    Policy(PolicyChange),
    /// A poll.
    Poll(Poll),
    /// A vote in a poll.
    Vote(EventId, BTreeSet<u32>),
    /// The end of a poll.
    ClosePoll(EventId),
    /// A task.
    Task(Task),
    /// A change of a task.
    TaskChange(EventId, TaskChange),
}

/// Whether something is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is there from now on.
    Add,
    /// It is gone from now on.
    Remove,
}

/// A text with its files, and what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text; empty only beside files.
    pub body: RichText,
    /// Files that go with it.
    pub files: Vec<Attachment>,
    /// What it answers.
    pub quotation: Option<Quotation>,
    /// Whether it was forwarded.
    pub forwarded: bool,
}

/// The message that is answered, as the sender of the answer tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    /// The message.
    pub target: EventId,
    /// Who wrote it.
    pub author: AccountId,
    /// A part of what it says.
    pub quote: String,
}

/// One emoji.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emoji(String);

/// How an account wants to be seen in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it wants to be called.
    pub name: DisplayName,
    /// A line about itself.
    pub about: String,
}

/// What a conversation is called.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Title {
    /// The title, if it has one.
    pub title: Option<DisplayName>,
    /// What it is about.
    pub description: String,
}

/// A change of the rules that only clients can enforce; what is absent stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// Who may pin.
    pub may_pin: Option<MemberClass>,
    /// Who may mention everyone.
    pub may_mention_everyone: Option<MemberClass>,
}

/// Which members a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberClass {
    /// All.
    Everyone,
    /// Admins and owners.
    Admins,
    /// Owners.
    Owners,
}

/// A question with options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// The options.
    pub options: Vec<String>,
    /// How many one account may choose.
    pub choices_max: usize,
    /// When it closes by itself, in milliseconds of the server's time.
    pub closes_at_ms: Option<u64>,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub title: String,
    /// More about it.
    pub description: String,
    /// By whom.
    pub assignees: BTreeSet<AccountId>,
    /// Until when, in milliseconds since 1970.
    pub due_at_ms: Option<u64>,
}

/// What changes of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskChange {
    /// Whether it is done.
    Done(bool),
    /// What it is.
    Replacement(Task),
}

impl Content {
    /// Reads what an event says. None for a content that this version does not know.
    pub fn parse(content: event::Content) -> Result<Option<Self>, Rule> {
        Ok(Some(match content {
            event::Content::Text(text) => Self::Text(Text::parse(text)?),
            event::Content::Files(files) => Self::Text(Text::with_files(files)?),
            event::Content::Edit(wire::Edit { target, content }) => match rules::present("content", content)? {
                wire::edit::Content::Text(text) => Self::Edit(reference(target)?, Text::parse(text)?),
                wire::edit::Content::Files(files) => Self::Edit(reference(target)?, Text::with_files(files)?),
            },
            event::Content::Delete(delete) => Self::Delete(targets(delete.targets)?),
            event::Content::Reaction(reaction) => Self::Reaction(
                reference(reaction.target)?,
                Emoji::parse(&reaction.emoji)?,
                Change::unless(reaction.remove),
            ),
            event::Content::Pin(pin) => Self::Pin(reference(pin.target)?, Change::unless(pin.remove)),
            event::Content::Profile(profile) => Self::Profile(Profile::parse(profile)?),
            event::Content::Title(title) => Self::Title(Title::parse(title)?),
            event::Content::Policy(policy) => Self::Policy(PolicyChange::parse(policy)?),
            event::Content::Poll(poll) => Self::Poll(Poll::parse(poll)?),
            event::Content::PollVote(vote) => Self::Vote(reference(vote.poll)?, chosen(vote.options)?),
            event::Content::PollClose(close) => Self::ClosePoll(reference(close.poll)?),
            event::Content::Task(task) => Self::Task(Task::parse(task)?),
            event::Content::TaskUpdate(update) => {
                Self::TaskChange(reference(update.task)?, task_change(update.change)?)
            }
            event::Content::Picture(_)
            | event::Content::GameStart(_)
            | event::Content::GameMove(_)
            | event::Content::Call(_)
            | event::Content::HistoryKeys(_)
            | event::Content::VaultKeys(_)
            | event::Content::System(_) => return Ok(None),
        }))
    }

    /// The events that this one acts on.
    pub fn targets(&self) -> Vec<EventId> {
        match self {
            Self::Edit(target, _)
            | Self::Reaction(target, ..)
            | Self::Pin(target, _)
            | Self::Vote(target, _)
            | Self::ClosePoll(target)
            | Self::TaskChange(target, _) => vec![*target],
            Self::Delete(targets) => targets.iter().copied().collect(),
            Self::Text(_) | Self::Profile(_) | Self::Title(_) | Self::Policy(_) | Self::Poll(_) | Self::Task(_) => {
                Vec::new()
            }
        }
    }
}

impl Change {
    const fn unless(remove: bool) -> Self {
        if remove { Self::Remove } else { Self::Add }
    }
}

impl Text {
    fn parse(text: wire::TextMessage) -> Result<Self, Rule> {
        let body = RichText::parse(rules::present("body", text.body)?)?;
        let quotation = text.quotation.map(Quotation::parse).transpose()?;
        if body.as_str().is_empty() {
            return Err(Rule::broken_by("body"));
        }
        Ok(Self { body, files: Vec::new(), quotation, forwarded: text.forwarded })
    }

    /// What goes with the files may be no more than what they answer.
    fn with_files(message: wire::FileMessage) -> Result<Self, Rule> {
        let files = attachment::parse(&message.files)?;
        let caption = message.caption.unwrap_or_default();
        let body = RichText::parse(caption.body.unwrap_or_default())?;
        let quotation = caption.quotation.map(Quotation::parse).transpose()?;
        Ok(Self { body, files, quotation, forwarded: caption.forwarded })
    }
}

impl Quotation {
    fn parse(quotation: wire::Quotation) -> Result<Self, Rule> {
        rules::text("quote", &quotation.quote, QUOTE_MAX)?;
        let author = AccountId::parse("author_account_id", &quotation.author_account_id)?;
        Ok(Self { target: reference(quotation.target)?, author, quote: quotation.quote })
    }
}

impl Emoji {
    /// Checks that it is one emoji and not a word.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let one = text.len() <= EMOJI_MAX && text.graphemes(true).count() == 1;
        // Symbols of Latin-1 that have an emoji form, and everything from the general punctuation on, of which keycaps and flags are made.
        let pictorial = text.chars().any(|c| matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}'..) && !c.is_alphanumeric());
        (one && pictorial).then(|| Self(text.to_owned())).ok_or(Rule::broken_by("emoji"))
    }

    /// The emoji.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Profile {
    fn parse(profile: wire::Profile) -> Result<Self, Rule> {
        rules::text("about", &profile.about, ABOUT_MAX)?;
        Ok(Self { name: DisplayName::parse("display_name", &profile.display_name)?, about: profile.about })
    }
}

impl Title {
    fn parse(title: wire::Title) -> Result<Self, Rule> {
        rules::text("description", &title.description, DESCRIPTION_MAX)?;
        let name = Some(title.title).filter(|name| !name.is_empty());
        let name = name.map(|name| DisplayName::parse("title", &name)).transpose()?;
        Ok(Self { title: name, description: title.description })
    }
}

impl PolicyChange {
    fn parse(policy: wire::ClientPolicy) -> Result<Self, Rule> {
        Ok(Self {
            may_pin: member_class("may_pin", policy.may_pin)?,
            may_mention_everyone: member_class("may_mention_everyone", policy.may_mention_everyone)?,
        })
    }
}

impl Poll {
    fn parse(poll: wire::Poll) -> Result<Self, Rule> {
        rules::line("question", &poll.question, TITLE_MAX)?;
        rules::count("options", poll.options.len(), 2, OPTIONS_MAX)?;
        for option in &poll.options {
            rules::line("options", option, OPTION_MAX)?;
        }
        let choices_max = usize::try_from(poll.choices_max).map_err(|_| Rule::broken_by("choices_max"))?;
        rules::count("choices_max", choices_max, 1, poll.options.len())?;
        let closes_at_ms = Some(poll.closes_at_ms).filter(|at| *at > 0);
        Ok(Self { question: poll.question, options: poll.options, choices_max, closes_at_ms })
    }
}

impl Task {
    fn parse(task: wire::Task) -> Result<Self, Rule> {
        rules::line("title", &task.title, TITLE_MAX)?;
        rules::text("description", &task.description, TASK_DESCRIPTION_MAX)?;
        rules::count("assignee_account_ids", task.assignee_account_ids.len(), 0, ASSIGNEES_MAX)?;
        let assignees = task.assignee_account_ids.iter().map(|id| AccountId::parse("assignee_account_ids", id));
        Ok(Self {
            assignees: assignees.collect::<Result<_, _>>()?,
            title: task.title,
            description: task.description,
            due_at_ms: Some(task.due_at_ms).filter(|at| *at > 0),
        })
    }
}

fn task_change(change: Option<task_update::Change>) -> Result<TaskChange, Rule> {
    Ok(match rules::present("change", change)? {
        task_update::Change::Done(done) => TaskChange::Done(done),
        task_update::Change::Replacement(task) => TaskChange::Replacement(Task::parse(task)?),
    })
}

fn member_class(field: &'static str, class: i32) -> Result<Option<MemberClass>, Rule> {
    Ok(match wire::MemberClass::try_from(class).map_err(|_| Rule::broken_by(field))? {
        wire::MemberClass::Unspecified => None,
        wire::MemberClass::Everyone => Some(MemberClass::Everyone),
        wire::MemberClass::Admins => Some(MemberClass::Admins),
        wire::MemberClass::Owners => Some(MemberClass::Owners),
    })
}

fn chosen(options: Vec<u32>) -> Result<BTreeSet<u32>, Rule> {
    let ascending = options.is_sorted_by(|one, next| one < next);
    rules::count("options", options.len(), 0, OPTIONS_MAX)?;
    ascending.then(|| options.into_iter().collect()).ok_or(Rule::broken_by("options"))
}

fn targets(targets: Vec<wire::EventRef>) -> Result<BTreeSet<EventId>, Rule> {
    rules::count("targets", targets.len(), 1, DELETED_MAX)?;
    targets.into_iter().map(|target| reference(Some(target))).collect()
}

/// The number beside the id is a hint that a sender can get wrong; the id decides.
fn reference(target: Option<wire::EventRef>) -> Result<EventId, Rule> {
    Ok(EventId::parse("event_id", &rules::present("target", target)?.event_id)?)
}

impl From<Invalid> for Rule {
    fn from(invalid: Invalid) -> Self {
        Self::broken_by(invalid.field)
    }
}

const QUOTE_MAX: usize = 500;
const EMOJI_MAX: usize = 64;
const ABOUT_MAX: usize = 300;
const DESCRIPTION_MAX: usize = 2_000;
const TITLE_MAX: usize = 300;
const OPTION_MAX: usize = 200;
const OPTIONS_MAX: usize = 20;
const TASK_DESCRIPTION_MAX: usize = 4_000;
const ASSIGNEES_MAX: usize = 20;
const DELETED_MAX: usize = 100;
