//! Which chat, message or person somebody means.

use sotto_client::engine::{ChatView, Engine, EngineError};
use sotto_client::history::Item;
use sotto_proto::{ConversationId, EventId, UserName};

use crate::failure::Failure;
use crate::objects::{self, ChatObject};
use crate::session::Session;
use crate::words::{Language, Message};

/// The chat that is named by its id, by its title or by @NAME.
pub(crate) async fn chat(session: &Session, named: &str, language: Language) -> Result<ChatView, Failure> {
    let wanted = named.to_owned();
    let found = session
        .look(move |engine| {
            let mut fitting = fitting(engine, &wanted, language)?;
            if fitting.len() == 1 {
                return Ok(fitting.pop().ok_or(Vec::new()));
            }
            let lines = fitting.iter().map(|chat| {
                let object = ChatObject::of(engine, chat, 0)?;
                Ok(format!("  {}  {}", object.id, object.name(language)))
            });
            Ok(Err(lines.collect::<Result<Vec<_>, EngineError>>()?))
        })
        .await?;
    found.map_err(|candidates| {
        let chat = crate::safe::line(named);
        if candidates.is_empty() {
            return Message::NoSuchChat { chat }.misused();
        }
        Message::ManyChats { chat, candidates: candidates.join("\n") }.misused()
    })
}

fn fitting(engine: &Engine, named: &str, language: Language) -> Result<Vec<ChatView>, EngineError> {
    if let Ok(id) = named.parse::<ConversationId>() {
        return Ok(engine.chat(id)?.into_iter().collect());
    }
    let all = engine.chats()?.into_iter().map(|chat| {
        let fits = match named.strip_prefix('@') {
            Some(name) => is_with(engine, &chat, &name.to_lowercase())?,
            None => is_called(engine, &chat, named, language)?,
        };
        Ok(fits.then_some(chat))
    });
    all.filter_map(Result::transpose).collect()
}

fn is_with(engine: &Engine, chat: &ChatView, user: &str) -> Result<bool, EngineError> {
    match chat.other {
        Some(other) => Ok(objects::user_name(engine, other)? == user),
        None => Ok(chat.kind == sotto_proto::wire::ConversationKind::Saved && engine.user_name() == Some(user)),
    }
}

fn is_called(engine: &Engine, chat: &ChatView, title: &str, language: Language) -> Result<bool, EngineError> {
    let object = ChatObject::of(engine, chat, 0)?;
    let wanted = title.to_lowercase();
    Ok(chat.title.to_lowercase() == wanted || object.name(language).to_lowercase() == wanted)
}

/// The message that is named by its id or by its number. One that is not here may be on its way.
pub(crate) async fn message(session: &Session, chat: ConversationId, named: &str) -> Result<Item, Failure> {
    let look = || {
        let wanted = named.to_owned();
        session.look(move |engine| find_message(engine, chat, &wanted))
    };
    let mut found = look().await?;
    if found.is_none() && !session.offline {
        // Without a server, what is here has to do.
        let _ = session.in_time(session.at_rest()).await;
        found = look().await?;
    }
    found.ok_or_else(|| Message::NotInChat { message: crate::safe::line(named) }.misused())
}

fn find_message(engine: &Engine, chat: ConversationId, named: &str) -> Result<Option<Item>, EngineError> {
    if let Ok(id) = named.parse::<EventId>() {
        return engine.message(chat, id);
    }
    let Ok(seq) = named.strip_prefix('#').unwrap_or(named).parse::<u64>() else { return Ok(None) };
    let page = engine.page(chat, Some(seq.saturating_add(1)), 1)?;
    Ok(page.into_iter().find(|item| item.seq == seq))
}

/// A user name as a person types it.
pub(crate) fn user(typed: &str) -> Result<UserName, Failure> {
    UserName::from_input(typed).map_err(|_| Message::BadUserName { name: crate::safe::line(typed) }.misused())
}
