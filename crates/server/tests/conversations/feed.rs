//! A device that follows the live stream.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sotto_proto::wire::{self, ErrorCode, subscribe_response::Item};
use sotto_server::services::{Failure, Items, Services};
use tokio::time::timeout;

use crate::community::Device;

/// A stream, and the last cursor that came with it.
pub(crate) struct Feed {
    pub(crate) items: Items<wire::SubscribeResponse>,
    pub(crate) cursor: Bytes,
}

/// Everything up to now, as a device that begins.
pub(crate) async fn sync_all(node: &Services, device: &Device) -> Bytes {
    let mut cursor = Bytes::new();
    loop {
        let request = wire::SyncRequest { cursor, limit: 100, entries_per_conversation: 10 };
        let reply = device.call(node, request).await.unwrap();
        cursor = reply.next_cursor;
        if !reply.more {
            return cursor;
        }
    }
}

impl Feed {
    /// From now on.
    pub(crate) async fn open(node: &Services, device: &Device) -> Self {
        let cursor = sync_all(node, device).await;
        let mut feed = Self::from(node, device, cursor).await.unwrap();
        feed.until_ready().await;
        feed
    }

    pub(crate) async fn from(node: &Services, device: &Device, cursor: Bytes) -> Result<Self, Failure> {
        let items = device.stream(node, wire::SubscribeRequest { cursor: cursor.clone() }).await?;
        Ok(Self { items, cursor })
    }

    /// The next item, or why the stream ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Item>, ErrorCode> {
        let item = timeout(Duration::from_mins(1), self.items.next()).await.expect("an item within a minute");
        let item = item.expect("the stream ends with a reason").map_err(|failure| failure.code())?;
        if !item.cursor.is_empty() {
            self.cursor = item.cursor;
        }
        Ok(item.item)
    }

    /// What came before `ready`.
    pub(crate) async fn until_ready(&mut self) -> Vec<Item> {
        let mut before = Vec::new();
        loop {
            match self.next().await.unwrap() {
                Some(Item::Ready(_)) => return before,
                Some(item) => before.push(item),
                None => {}
            }
        }
    }

    /// The first of the items to come that fits; the others are passed over.
    pub(crate) async fn until<T>(&mut self, mut fits: impl FnMut(Item) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.next().await.unwrap().and_then(&mut fits) {
                return found;
            }
        }
    }

    /// The number of the next entry.
    pub(crate) async fn entry(&mut self) -> u64 {
        self.until(entry_seq).await
    }

    /// Whether nothing but cursors comes for a moment. For what must not come: it is checked after something that must.
    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(100), self.items.next()).await.is_err()
    }
}

pub(crate) fn entry_seq(item: Item) -> Option<u64> {
    match item {
        Item::Entry(entry) => entry.entry.map(|entry| entry.seq),
        _ => None,
    }
}

pub(crate) fn head(item: Item) -> Option<wire::ConversationHead> {
    match item {
        Item::Conversation(head) => Some(head),
        _ => None,
    }
}
