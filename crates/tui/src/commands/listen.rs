//! Messages as they arrive.

use std::collections::BTreeMap;

use sotto_client::engine::{Change, Engine, EngineError};
use sotto_proto::ConversationId;
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::Listen;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::objects::{MessageObject, Names};
use crate::session::Session;
use crate::words::Message;

pub(super) async fn listen(session: &Session, wanted: Listen, console: &mut Console) -> Result<(), Failure> {
    let mut changes = session.client.changes();
    let mut seen = session.look(Seen::now).await?;
    session.require_account().await?;
    let only = match &wanted.chat {
        Some(named) => Some(finding::chat(session, named, console.language).await?.id),
        None => None,
    };
    let mut left = wanted.count.unwrap_or(u64::MAX);
    loop {
        let (next, news) = session.look(move |engine| seen.news(engine, only)).await?;
        seen = next;
        for message in news.iter().filter(|message| wanted.own || !message.own) {
            console.show(message)?;
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
        if !wait_for_messages(&mut changes).await {
            return Err(Message::SessionEnded.signed_out());
        }
    }
}

/// False when there is nothing to wait for any more.
async fn wait_for_messages(changes: &mut tokio::sync::broadcast::Receiver<Change>) -> bool {
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
