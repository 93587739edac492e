//! Messages as they arrive.

use std::collections::BTreeMap;

use sotto_client::engine::{Change, Engine, EngineError};
use sotto_proto::ConversationId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::Listen;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::objects::{MessageObject, Names};
use crate::session::Session;
use crate::words::Message;

pub(super) async fn listen(session: &Session, wanted: Listen, console: &mut Console) -> Result<(), Failure> {
    let mut arrivals = Arrivals::begin(session, Seen::now).await?;
    session.require_account().await?;
    let only = match &wanted.chat {
        Some(named) => Some(finding::chat(session, named, console.language).await?.id),
        None => None,
    };
    let mut left = wanted.count.unwrap_or(u64::MAX);
    loop {
        let news = arrivals.next(session, only).await?;
        for message in news.iter().filter(|message| wanted.own || !message.own) {
            console.show(message)?;
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}

/// Messages in the order in which they come.
pub(super) struct Arrivals {
    changes: Receiver<Change>,
    seen: Seen,
    is_new: bool,
}

impl Arrivals {
    /// Begins after what was seen, whatever that means to whoever asks.
    pub(super) async fn begin(
        session: &Session,
        seen: impl FnOnce(&Engine) -> Result<Seen, EngineError> + Send + 'static,
    ) -> Result<Self, Failure> {
        let changes = session.client.changes();
        Ok(Self { changes, seen: session.look(seen).await?, is_new: true })
    }

    /// The next ones; perhaps none, when something else has happened.
    pub(super) async fn next(
        &mut self,
        session: &Session,
        only: Option<ConversationId>,
    ) -> Result<Vec<MessageObject>, Failure> {
        if !std::mem::take(&mut self.is_new) && !wait_for_messages(&mut self.changes).await {
            return Err(Message::SessionEnded.signed_out());
        }
        let seen = std::mem::take(&mut self.seen);
        let (seen, news) = session.look(move |engine| seen.news(engine, only)).await?;
        self.seen = seen;
        Ok(news)
    }
}

/// False when there is nothing to wait for any more.
async fn wait_for_messages(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Timeline(_) | Change::Chats) | Err(RecvError::Lagged(_)) => return true,
            Ok(Change::SignedOut | Change::Wiped) | Err(RecvError::Closed) => return false,
            Ok(_) => {}
        }
    }
}

/// Up to where each chat was shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(BTreeMap<ConversationId, u64>);

impl Seen {
    /// Everything that is here.
    pub(super) fn now(engine: &Engine) -> Result<Self, EngineError> {
        let chats = engine.chats()?.into_iter();
        Ok(Self(chats.map(|chat| (chat.id, chat.last.map_or(0, |last| last.seq))).collect()))
    }

    /// Everything that this account has read.
    pub(super) fn read(engine: &Engine) -> Result<Self, EngineError> {
        let mut seen = Self::now(engine)?;
        for chat in engine.chats()?.into_iter().filter(|chat| chat.unread.messages > 0) {
            let page = engine.page(chat.id, None, UNREAD_MAX)?;
            let others = page.iter().filter(|item| Some(item.author) != engine.own_account());
            let first = others.rev().nth(chat.unread.messages as usize - 1);
            seen.0.insert(chat.id, first.map_or(0, |item| item.seq.saturating_sub(1)));
        }
        Ok(seen)
    }

    /// What came since, by chats, and oldest first in each.
    pub(super) fn news(
        mut self,
        engine: &Engine,
        only: Option<ConversationId>,
    ) -> Result<(Self, Vec<MessageObject>), EngineError> {
        let mut news = Vec::new();
        for chat in engine.chats()? {
            let newest = chat.last.as_ref().map_or(0, |last| last.seq);
            let seen = self.0.get(&chat.id).copied().unwrap_or_default();
            if newest <= seen || only.is_some_and(|only| only != chat.id) {
                continue;
            }
            let names = Names::of(engine, chat.id)?;
            let mut stretch = Vec::new();
            let mut before = None;
            // Pages go back, until one reaches what was seen.
            loop {
                let page = engine.page(chat.id, before, PAGE)?;
                let reaches = page.first().is_none_or(|oldest| oldest.seq <= seen);
                before = page.first().map(|oldest| oldest.seq);
                stretch.splice(0..0, page.into_iter().filter(|item| item.seq > seen));
                if reaches {
                    break;
                }
            }
            for item in &stretch {
                news.push(MessageObject::of(&names, chat.id, item)?);
            }
            self.0.insert(chat.id, newest);
        }
        Ok((self, news))
    }
}

const PAGE: u32 = 100;
/// Beyond this many nobody counts what is unread.
const UNREAD_MAX: u32 = 2_000;
