//! What is said in chats.

use serde::Serialize;
use sotto_client::engine::{Change, Engine, EngineError, Stand};
use sotto_client::history::{Item, Wanted, What};
use sotto_client::timeline::{Emoji, Standing, State};
use sotto_native_client::Reach;
use sotto_proto::wire::ConversationKind;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, EventId, wire};
use unicode_normalization::UnicodeNormalization as _;

use crate::arguments::{Edit, History, MessageOf, React, Search, Send};
use crate::commands::files::{self, Posted};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::finding;
use crate::objects::{ChatObject, MessageObject, Names};
use crate::session::Session;
use crate::words::{Language, Message};

pub(super) async fn send(session: &Session, send: Send, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    let chat = writable(session, &send.chat, console).await?;
    let quotation = match &send.reply {
        Some(named) => Some(quotation(&finding::message(session, chat, named).await?)),
        None => None,
    };
    let text = send.text.as_deref().filter(|text| send.files.is_empty() || !text.trim().is_empty());
    let text = text.map(typed_text).transpose()?.unwrap_or_default();
    if send.files.is_empty() {
        return say(session, chat, content(text, quotation), send.no_wait, console).await;
    }
    let caption = if text.is_empty() && quotation.is_none() {
        wire::TextMessage::default()
    } else {
        text_message(text, quotation)
    };
    let id = files::send(session, chat, &send.files, caption, send.no_wait, console).await?;
    let landed = match id {
        Posted::Waits(id) => Landed { id, seq: None },
        Posted::Said(id) => landed(session, chat, id).await?,
    };
    show_sent(session, chat, landed, console).await
}

pub(super) async fn react(session: &Session, react: React, console: &mut Console) -> Result<(), Failure> {
    if Emoji::parse(&react.emoji).is_err() {
        return Err(Message::NoEmoji { text: crate::safe::line(&react.emoji) }.misused());
    }
    let (chat, item) = target(session, &react.to, console).await?;
    let reaction = wire::Reaction { target: Some(reference(&item)), emoji: react.emoji, remove: react.remove };
    say(session, chat, Content::Reaction(reaction), react.to.no_wait, console).await
}

pub(super) async fn edit(session: &Session, edit: Edit, console: &mut Console) -> Result<(), Failure> {
    let (chat, item) = target(session, &edit.of, console).await?;
    if session.look(|engine| Ok(engine.own_account())).await? != Some(item.author) {
        return Err(Message::NotYours.failed());
    }
    let text = wire::edit::Content::Text(text_message(typed_text(&edit.text)?, None));
    let change = wire::Edit { target: Some(reference(&item)), content: Some(text) };
    say(session, chat, Content::Edit(change), edit.of.no_wait, console).await
}

pub(super) async fn delete(session: &Session, of: MessageOf, console: &mut Console) -> Result<(), Failure> {
    let (chat, item) = target(session, &of, console).await?;
    let may = session.look(move |engine| {
        let own = engine.own_account();
        let members = engine.members(chat)?;
        // Two people who talk alone are both owners, and each has only what is theirs.
        let is_group = engine.chat(chat)?.is_some_and(|chat| chat.kind == ConversationKind::Group);
        let moderates =
            is_group && members.iter().any(|member| Some(member.account) == own && member.standing >= Standing::Admin);
        Ok(own == Some(item.author) || moderates)
    });
    if !may.await? {
        return Err(Message::NotYours.failed());
    }
    let delete = wire::Delete { targets: vec![wire::EventRef { event_id: item.id.to_wire(), seq: item.seq }] };
    say(session, chat, Content::Delete(delete), of.no_wait, console).await
}

/// The message that a command is about, with what is new of it.
async fn target(session: &Session, of: &MessageOf, console: &mut Console) -> Result<(ConversationId, Item), Failure> {
    session.require_account().await?;
    let chat = writable(session, &of.chat, console).await?;
    Ok((chat, finding::message(session, chat, &of.message).await?))
}

pub(super) async fn read(session: &Session, named: &str, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chat = finding::chat(session, named, console.language).await?;
    let Some(last) = chat.last else { return console.say(&Message::Nothing) };
    session.with(move |engine, moment| engine.mark_read(chat.id, last.seq, moment)).await?;
    if !session.offline {
        session.in_time(session.at_rest()).await?;
    }
    console.say(&Message::Done)
}

pub(super) async fn search(session: &Session, search: Search, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let conversation = match &search.chat {
        Some(named) => Some(finding::chat(session, named, console.language).await?.id),
        None => None,
    };
    let wanted = Wanted { query: search.words, conversation, limit: search.limit, ..Wanted::default() };
    let found = session.look(move |engine| {
        let found = engine.search(&wanted)?.into_iter();
        let objects = found.map(|found| {
            let names = Names::of(engine, found.conversation)?;
            MessageObject::of(&names, found.conversation, &found.item)
        });
        objects.collect::<Result<Vec<_>, EngineError>>()
    });
    let found = found.await?;
    if found.is_empty() {
        return console.say(&Message::Nothing);
    }
    found.iter().try_for_each(|message| console.show(message))
}

/// The chat that somebody wants to write into. What is not accepted yet has to be: an answer would wait for that for ever.
pub(super) async fn writable(session: &Session, named: &str, console: &Console) -> Result<ConversationId, Failure> {
    let chat = finding::chat(session, named, console.language).await?;
    match chat.stand {
        Stand::Requested => Err(Message::AcceptFirst { chat: crate::safe::line(named) }.failed()),
        Stand::Left | Stand::Removed => Err(Message::NotAllowed.failed()),
        Stand::Member if chat.undecided.is_some() => {
            Err(Message::KeyChanged { name: crate::safe::line(named) }.not_safe())
        }
        Stand::Member => Ok(chat.id),
    }
}

/// Sends something, waits until the server has it, and shows what became of it.
pub(super) async fn say(
    session: &Session,
    chat: ConversationId,
    content: Content,
    no_wait: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    let id = session.with(move |engine, moment| engine.send(chat, content, moment)).await?;
    deliver(session, chat, id, no_wait, console).await
}

/// Waits until the server has what was said, and shows what became of it.
pub(super) async fn deliver(
    session: &Session,
    chat: ConversationId,
    id: EventId,
    no_wait: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    if no_wait || session.offline {
        return show_sent(session, chat, Landed { id, seq: None }, console).await;
    }
    let landed = tokio::select! {
        landed = landed(session, chat, id) => landed?,
        () = note_when_away(session, chat, console) => return Err(Message::NotYetOpen.failed()),
    };
    show_sent(session, chat, landed, console).await
}

/// Tells the person why it takes long. It never ends: what is waited for does.
async fn note_when_away(session: &Session, chat: ConversationId, console: &mut Console) {
    let mut line = session.client.line();
    if line.wait_for(|line| line.reach == Reach::Away).await.is_ok() {
        let name = chat_name(session, chat, console.language).await.unwrap_or_default();
        console.note(&Message::Queued { chat: name });
    }
    std::future::pending::<()>().await;
}

/// A message that the server has, or that waits for it.
pub(super) struct Landed {
    pub(super) id: EventId,
    pub(super) seq: Option<u64>,
}

impl Landed {
    /// What this account said last.
    pub(super) async fn last_of(session: &Session, chat: ConversationId) -> Result<Self, Failure> {
        let last = session.look(move |engine| {
            let own = engine.own_account();
            Ok(engine.page(chat, None, 20)?.into_iter().rev().find(|item| Some(item.author) == own))
        });
        let last = last.await?.ok_or_else(|| Message::NotYetOpen.failed())?;
        Ok(Self { id: last.id, seq: Some(last.seq) })
    }
}

/// Waits until the server has taken a message, or refused it for good.
pub(super) async fn landed(session: &Session, chat: ConversationId, id: EventId) -> Result<Landed, Failure> {
    if let Fate::Refused(code) = session.until(move |engine| fate(engine, chat, id)).await? {
        // It cannot stay in the way of what is written next.
        session.with(move |engine, moment| engine.unsend(id, moment)).await?;
        return Err(Message::NotSent { code: code.as_str_name().to_owned() }.failed());
    }
    let page = session.look(move |engine| engine.page(chat, None, 50)).await?;
    Ok(Landed { id, seq: page.iter().find(|item| item.id == id).map(|item| item.seq) })
}

enum Fate {
    Taken,
    Refused(wire::ErrorCode),
}

/// None while it waits.
fn fate(engine: &Engine, chat: ConversationId, id: EventId) -> Option<Fate> {
    let queued = engine.queued(chat).ok()?;
    match queued.iter().find(|queued| queued.id == id) {
        None => Some(Fate::Taken),
        Some(queued) => queued.refusal.map(Fate::Refused),
    }
}

/// A message of one's own, on its way or there.
#[derive(Serialize)]
struct SentObject {
    id: String,
    chat: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// `sent` or `queued`.
    state: &'static str,
    #[serde(skip)]
    chat_name: String,
}

impl Shown for SentObject {
    fn in_words(&self, language: Language) -> String {
        let chat = self.chat_name.clone();
        match self.seq {
            Some(seq) => Message::Sent { chat, seq: seq.to_string() }.say(language),
            None if self.state == "sent" => Message::Done.say(language),
            None => Message::Queued { chat }.say(language),
        }
    }
}

pub(super) async fn show_sent(
    session: &Session,
    chat: ConversationId,
    landed: Landed,
    console: &mut Console,
) -> Result<(), Failure> {
    let waits = session.look(move |engine| {
        let queued = engine.queued(chat)?.iter().any(|queued| queued.id == landed.id);
        Ok(queued || engine.waiting(chat)?.iter().any(|waiting| waiting.id == landed.id))
    });
    let waits = waits.await?;
    console.show(&SentObject {
        id: landed.id.to_string(),
        chat: chat.to_string(),
        seq: landed.seq,
        state: if waits { "queued" } else { "sent" },
        chat_name: chat_name(session, chat, console.language).await?,
    })
}

async fn chat_name(session: &Session, chat: ConversationId, language: Language) -> Result<String, Failure> {
    let object =
        session.look(move |engine| engine.chat(chat)?.map(|chat| ChatObject::of(engine, &chat, 0)).transpose());
    Ok(object.await?.map(|object| object.name(language)).unwrap_or_default())
}

/// What a person typed, as messages carry it: in NFC, with line feeds, without tabs.
pub(super) fn typed_text(text: &str) -> Result<String, Failure> {
    let text: String = text.replace("\r\n", "\n").replace('\t', "    ").nfc().collect();
    if text.trim().is_empty() { Err(Message::NothingToSay.misused()) } else { Ok(text) }
}

pub(super) fn content(text: String, quotation: Option<wire::Quotation>) -> Content {
    Content::Text(text_message(text, quotation))
}

pub(super) fn text_message(text: String, quotation: Option<wire::Quotation>) -> wire::TextMessage {
    let body = wire::RichText { text, ranges: Vec::new() };
    wire::TextMessage { body: Some(body), quotation, ..wire::TextMessage::default() }
}

/// What an answer says of the message that it answers.
fn quotation(item: &Item) -> wire::Quotation {
    let text = match &item.what {
        What::Message(message) => match &message.state {
            State::Standing { text, .. } => text.body.as_str(),
            State::Deleted { .. } => "",
        },
        What::Poll(poll) => &poll.poll.question,
        What::Task(task) => &task.task.title,
        What::Unknown(fallback) => fallback,
    };
    wire::Quotation {
        target: Some(reference(item)),
        author_account_id: item.author.to_wire(),
        quote: text[..text.floor_char_boundary(QUOTE_MAX)].to_owned(),
    }
}

pub(super) fn reference(item: &Item) -> wire::EventRef {
    wire::EventRef { event_id: item.id.to_wire(), seq: item.seq }
}

pub(super) async fn history(session: &Session, wanted: History, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let chat = finding::chat(session, &wanted.chat, console.language).await?;
    if !session.offline {
        load(session, chat.id, wanted.before, wanted.limit).await?;
    }
    let messages = session.look(move |engine| messages(engine, chat.id, wanted.before, wanted.limit)).await?;
    messages.iter().try_for_each(|message| console.show(message))
}

fn messages(
    engine: &Engine,
    chat: ConversationId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<MessageObject>, EngineError> {
    let names = Names::of(engine, chat)?;
    engine.page(chat, before, limit)?.iter().map(|item| MessageObject::of(&names, chat, item)).collect()
}

/// Asks the server for earlier messages until there are enough, or no more, or no server.
async fn load(session: &Session, chat: ConversationId, before: Option<u64>, limit: u32) -> Result<(), Failure> {
    let mut changes = session.client.changes();
    loop {
        let (here, more) = session
            .look(move |engine| Ok((engine.page(chat, before, limit)?.len(), engine.has_more_history(chat)?)))
            .await?;
        if !more || here >= limit as usize || session.client.line().borrow().reach != Reach::There {
            return Ok(());
        }
        session.with(move |engine, moment| engine.want_history(chat, moment)).await?;
        let came = session.in_time(async {
            while let Ok(change) = changes.recv().await {
                if change == Change::Timeline(chat) {
                    break;
                }
            }
            Ok(())
        });
        came.await?;
    }
}

/// Of the message that is answered, in bytes.
const QUOTE_MAX: usize = 500;
