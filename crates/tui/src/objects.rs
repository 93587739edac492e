//! Chats and messages as they are printed: lines for people, objects for programs. `docs/CLI.md` promises the fields.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use sotto_client::engine::{ChatView, Engine, EngineError, Stand, Trouble};
use sotto_client::history::{Item, What};
use sotto_client::timeline::{Message as Text, Scene, State};
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId};

use crate::attachments::FileObject;
use crate::console::Shown;
use crate::safe;
use crate::words::{Language, Message};

/// Somebody, by the names that are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    /// Account id.
    pub(crate) id: String,
    /// User name, which the server vouches for; empty while it is not known.
    pub(crate) user: String,
    /// What the account wants to be called.
    pub(crate) name: String,
}

/// Names in one conversation.
pub(crate) struct Names<'e> {
    engine: &'e Engine,
    scene: Scene,
}

impl<'e> Names<'e> {
    pub(crate) fn of(engine: &'e Engine, chat: ConversationId) -> Result<Self, EngineError> {
        Ok(Self { engine, scene: engine.scene(chat)? })
    }

    pub(crate) fn person(&self, account: AccountId) -> Result<Person, EngineError> {
        let user = user_name(self.engine, account)?;
        let profile = self.scene.profiles.get(&account).map(|profile| profile.name.as_str().to_owned());
        Ok(Person { id: account.to_string(), name: profile.unwrap_or_else(|| user.clone()), user })
    }
}

/// The user name of an account; empty while it is not known.
pub(crate) fn user_name(engine: &Engine, account: AccountId) -> Result<String, EngineError> {
    if engine.own_account() == Some(account) {
        return Ok(engine.user_name().unwrap_or_default().to_owned());
    }
    Ok(engine.contact(account)?.map(|contact| contact.user_name).unwrap_or_default())
}

impl Person {
    /// What people read: the name that the account chose never stands without the one that it cannot choose freely.
    pub(crate) fn in_words(&self, language: Language) -> String {
        let (user, name) = (safe::line(&self.user), safe::line(&self.name));
        match (user.is_empty(), name.is_empty() || name == user) {
            (false, true) => user,
            (false, false) => format!("{name} (@{user})"),
            (true, false) => format!("{name} (?)"),
            (true, true) => Message::Somebody.say(language),
        }
    }
}

/// A message, or whatever else takes a place in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MessageObject {
    pub(crate) id: String,
    pub(crate) chat: String,
    pub(crate) seq: u64,
    /// User name.
    pub(crate) sender: String,
    pub(crate) sender_id: String,
    pub(crate) sender_name: String,
    /// Whether this account wrote it.
    pub(crate) own: bool,
    pub(crate) time: String,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<FileObject>,
    pub(crate) edited: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) forwarded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<Reply>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<ReactionObject>,
    #[serde(skip)]
    person: Person,
    #[serde(skip)]
    at_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Text,
    Files,
    Deleted,
    Poll,
    Task,
    Unknown,
}

/// What a message answers, as its author tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reply {
    pub(crate) id: String,
    pub(crate) sender: String,
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReactionObject {
    pub(crate) emoji: String,
    /// User names.
    pub(crate) by: Vec<String>,
}

impl MessageObject {
    pub(crate) fn of(names: &Names<'_>, chat: ConversationId, item: &Item) -> Result<Self, EngineError> {
        let person = names.person(item.author)?;
        let mut object = Self {
            id: item.id.to_string(),
            chat: chat.to_string(),
            seq: item.seq,
            sender: person.user.clone(),
            sender_id: person.id.clone(),
            sender_name: person.name.clone(),
            own: names.engine.own_account() == Some(item.author),
            time: time_for_programs(item.received_at_ms),
            kind: Kind::Unknown,
            text: String::new(),
            files: Vec::new(),
            edited: false,
            forwarded: false,
            reply_to: None,
            reactions: Vec::new(),
            person,
            at_ms: item.received_at_ms,
        };
        match &item.what {
            What::Message(message) => object.take(names, message)?,
            What::Poll(poll) => (object.kind, object.text) = (Kind::Poll, poll.poll.question.clone()),
            What::Task(task) => (object.kind, object.text) = (Kind::Task, task.task.title.clone()),
            What::Unknown(fallback) => object.text.clone_from(fallback),
        }
        Ok(object)
    }

    fn take(&mut self, names: &Names<'_>, message: &Text) -> Result<(), EngineError> {
        let State::Standing { text, edited } = &message.state else {
            self.kind = Kind::Deleted;
            return Ok(());
        };
        self.kind = if text.files.is_empty() { Kind::Text } else { Kind::Files };
        self.files = text.files.iter().map(FileObject::of).collect();
        text.body.as_str().clone_into(&mut self.text);
        self.edited = edited.is_some();
        self.forwarded = text.forwarded;
        if let Some(quotation) = &text.quotation {
            let sender = names.person(quotation.author)?.user;
            self.reply_to = Some(Reply { id: quotation.target.to_string(), sender, text: quotation.quote.clone() });
        }
        for (emoji, accounts) in message.reactions.iter() {
            let by =
                accounts.iter().map(|account| Ok(names.person(*account)?.user)).collect::<Result<_, EngineError>>()?;
            self.reactions.push(ReactionObject { emoji: emoji.as_str().to_owned(), by });
        }
        Ok(())
    }

    fn body_in_words(&self, language: Language) -> String {
        let text = safe::block(&self.text, CONTINUATION);
        match self.kind {
            Kind::Deleted => format!("({})", Message::Deleted.say(language)),
            Kind::Text => text,
            Kind::Files => {
                let files = self.files.iter().map(|file| file.in_words(language));
                Some(text).filter(|text| !text.is_empty()).into_iter().chain(files).collect::<Vec<_>>().join("  ")
            }
            Kind::Poll => format!("📊 {text}"),
            Kind::Task => format!("☑ {text}"),
            Kind::Unknown if text.is_empty() => format!("({})", Message::UnknownContent.say(language)),
            Kind::Unknown => format!("({text})"),
        }
    }
}

impl Shown for MessageObject {
    fn in_words(&self, language: Language) -> String {
        let (time, seq, sender) = (time_for_people(self.at_ms), self.seq, self.person.in_words(language));
        let mut parts = vec![format!("{time}  #{seq}  {sender}")];
        if let Some(reply) = &self.reply_to {
            parts.push(format!(" → {}", safe::line(&reply.sender)));
            // Of a message with files alone nothing is quoted.
            let quoted = Some(shortened(&safe::line(&reply.text))).filter(|quoted| !quoted.is_empty());
            parts.extend(quoted.map(|quoted| format!(" “{quoted}”")));
        }
        parts.push(format!(": {}", self.body_in_words(language)));
        let marks = [(self.forwarded, Message::Forwarded), (self.edited, Message::Edited)];
        let marks = marks.into_iter().filter(|(holds, _)| *holds);
        parts.extend(marks.map(|(_, mark)| format!(" ({})", mark.say(language))));
        let reactions = self.reactions.iter();
        parts.extend(reactions.map(|reaction| format!("  {} {}", safe::line(&reaction.emoji), reaction.by.len())));
        parts.concat()
    }
}

/// A chat as a list shows it.
#[allow(clippy::struct_excessive_bools, reason = "these are fields of JSON")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ChatObject {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) kind: &'static str,
    /// User name of the other in a chat of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) with: Option<String>,
    pub(crate) unread: u32,
    pub(crate) mentions: u32,
    /// `member`, `request`, `left` or `removed`.
    pub(crate) state: &'static str,
    /// Whether the other's identity key was verified.
    pub(crate) verified: bool,
    /// Whether a verified key has changed, and nothing is sent before `verify` decides.
    pub(crate) undecided: bool,
    /// Whether this device can open it yet.
    pub(crate) ready: bool,
    pub(crate) time: String,
    pub(crate) muted: bool,
    pub(crate) archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<MessageObject>,
    #[serde(skip)]
    at_ms: u64,
}

impl ChatObject {
    pub(crate) fn of(engine: &Engine, chat: &ChatView, now_ms: u64) -> Result<Self, EngineError> {
        let names = Names::of(engine, chat.id)?;
        let with = chat.other.map(|other| user_name(engine, other)).transpose()?;
        let last = chat.last.as_ref().map(|item| MessageObject::of(&names, chat.id, item)).transpose()?;
        Ok(Self {
            id: chat.id.to_string(),
            title: chat.title.clone(),
            kind: kind_of(chat.kind),
            with,
            unread: chat.unread.messages,
            mentions: chat.unread.mentions,
            state: state_of(chat.stand),
            verified: chat
                .other
                .map(|other| engine.contact(other))
                .transpose()?
                .flatten()
                .is_some_and(|contact| contact.verified),
            undecided: chat.undecided.is_some(),
            ready: chat.ready,
            time: time_for_programs(chat.at_ms),
            muted: chat.preferences.muted_until_ms > now_ms,
            archived: chat.preferences.archived,
            trouble: chat.trouble.map(trouble_of),
            last,
            at_ms: chat.at_ms,
        })
    }

    /// What people call it.
    pub(crate) fn name(&self, language: Language) -> String {
        let title = safe::line(&self.title);
        match (&self.with, self.kind) {
            (Some(user), _) if user.is_empty() || *user == self.title => format!("@{title}"),
            (Some(user), _) => format!("{title} (@{})", safe::line(user)),
            (None, "saved") => Message::SavedChat.say(language),
            (None, _) if title.is_empty() => Message::GroupWithoutTitle.say(language),
            (None, _) => title,
        }
    }
}

impl Shown for ChatObject {
    fn in_words(&self, language: Language) -> String {
        let mut marks = Vec::new();
        if self.state == "request" {
            marks.push(Message::RequestMark.say(language));
        }
        if self.unread > 0 {
            marks.push(Message::UnreadMark { count: self.unread.to_string() }.say(language));
        }
        if self.verified {
            marks.push(Message::VerifiedMark.say(language));
        }
        if self.muted {
            marks.push(Message::MutedMark.say(language));
        }
        if !self.ready {
            marks.push(Message::Unopened.say(language));
        }
        if let Some(trouble) = self.trouble {
            marks.push(format!("⚠ {trouble}"));
        }
        let marks = if marks.is_empty() { String::new() } else { format!("  [{}]", marks.join(", ")) };
        format!("{}  {}  {}{marks}", self.id, time_for_people(self.at_ms), self.name(language))
    }
}

fn kind_of(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Direct => "direct",
        ConversationKind::Saved => "saved",
        ConversationKind::Group | ConversationKind::Unspecified => "group",
    }
}

fn state_of(stand: Stand) -> &'static str {
    match stand {
        Stand::Member => "member",
        Stand::Requested => "request",
        Stand::Left => "left",
        Stand::Removed => "removed",
    }
}

pub(crate) fn trouble_of(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::BadCommit => "bad-commit",
        Trouble::LogContradicted => "log-contradicted",
        Trouble::LogTruncated => "log-truncated",
        Trouble::DirectoryForked => "directory-forked",
        Trouble::DirectoryWentBack => "directory-went-back",
        Trouble::DirectoryBadProof => "directory-bad-proof",
        Trouble::DirectoryWithdrawn => "directory-withdrawn",
        Trouble::KeysNotInDirectory => "keys-not-in-directory",
        Trouble::KeysTakenBack => "keys-taken-back",
        Trouble::PromiseBroken => "promise-broken",
        Trouble::ForeignKey => "foreign-key",
    }
}

/// RFC 3339 with milliseconds, in UTC.
pub(crate) fn time_for_programs(at_ms: u64) -> String {
    let time = i64::try_from(at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    format!("{time:.3}")
}

/// To the minute, where the person is.
pub(crate) fn time_for_people(at_ms: u64) -> String {
    let time = i64::try_from(at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

const CONTINUATION: &str = "    ";
/// Characters of a quotation that are shown.
const QUOTED: usize = 40;
