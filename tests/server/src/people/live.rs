//! What reaches a device by itself.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::{ConversationId, LogEntry, wire};

use super::Device;
use crate::link::Items;

/// A device's live stream.
#[derive(Debug)]
pub struct Live {
    items: Items<wire::SubscribeResponse>,
    /// Where it stands, to be resumed from.
    pub cursor: Bytes,
}

impl Device {
    /// Learns everything that changed since a cursor; none means from the beginning. Gives the changes and the next cursor.
    pub async fn sync(&self, cursor: Bytes) -> Result<(Vec<wire::ConversationChange>, Bytes)> {
        let (mut cursor, mut changes) = (cursor, Vec::new());
        loop {
            let request = wire::SyncRequest { cursor, limit: 500, entries_per_conversation: 20 };
            let page = self.link.call(request).await?;
            changes.extend(page.conversations);
            cursor = page.next_cursor;
            if !page.more {
                return Ok((changes, cursor));
            }
        }
    }

    /// Listens from now on.
    pub async fn listen(&self) -> Result<Live> {
        let (_, cursor) = self.sync(Bytes::new()).await?;
        self.listen_since(cursor).await
    }

    /// Listens to what has happened since a cursor, and to what happens; gives the stream once it has caught up.
    pub async fn listen_since(&self, cursor: Bytes) -> Result<Live> {
        let items = self.link.stream(wire::SubscribeRequest { cursor: cursor.clone() }).await;
        Ok(Live { items, cursor })
    }
}

impl Live {
    /// The next item. That none comes for a long time is a failure too.
    pub async fn next(&mut self) -> Result<Item> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.items.next()).await.context("nothing happens")?;
            let item = next.context("the stream ended")??;
            if !item.cursor.is_empty() {
                self.cursor = item.cursor;
            }
            if let Some(item) = item.item {
                return Ok(item);
            }
        }
    }

    /// Skips what there was before, up to the moment from which everything is new.
    pub async fn ready(&mut self) -> Result<()> {
        self.find(|item| matches!(item, Item::Ready(_)).then_some(())).await
    }

    /// The next entry of a conversation.
    pub async fn entry(&mut self, chat: ConversationId) -> Result<LogEntry> {
        let chat = chat.to_wire();
        let entry = self
            .find(|item| match item {
                Item::Entry(entry) if entry.conversation_id == chat => entry.entry,
                _ => None,
            })
            .await?;
        Ok(entry.try_into()?)
    }

    /// The first item in which something is found.
    pub async fn find<T>(&mut self, mut wanted: impl FnMut(Item) -> Option<T>) -> Result<T> {
        for _ in 0..ITEMS_MAX {
            if let Some(found) = wanted(self.next().await?) {
                return Ok(found);
            }
        }
        bail!("what is waited for does not come")
    }
}

const PATIENCE: Duration = Duration::from_mins(1);
const ITEMS_MAX: usize = 10_000;
