//! What people see of a conversation: scenarios with Alice, Bob and Mallory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod markup;
mod messages;
mod polls_and_tasks;
mod scene;

use sotto_client::timeline::{Content, Entry, Rule, Standing};
use sotto_proto::wire::{self, event};
use sotto_proto::{AccountId, EventId};

const ALICE: AccountId = AccountId::from_bytes([1; 16]);
const BOB: AccountId = AccountId::from_bytes([2; 16]);
const MALLORY: AccountId = AccountId::from_bytes([3; 16]);

/// A log that people write to.
#[derive(Default)]
struct Log(Vec<Entry>);

impl Log {
    fn write(&mut self, author: AccountId, content: impl Into<event::Content>) -> EventId {
        self.write_as(author, Standing::Member, content)
    }

    fn write_as(&mut self, author: AccountId, standing: Standing, content: impl Into<event::Content>) -> EventId {
        let content = parse(content).unwrap();
        let seq = self.0.len() as u64 + 1;
        let id = event_id(seq);
        self.0.push(Entry { seq, id, author, standing, received_at_ms: seq * 1_000, sent_at_ms: 0, content });
        id
    }

    fn entry(&self, id: EventId) -> &Entry {
        self.0.iter().find(|entry| entry.id == id).unwrap()
    }
}

fn parse(content: impl Into<event::Content>) -> Result<Content, Rule> {
    Content::parse(content.into()).map(|content| content.expect("a content that is known"))
}

fn event_id(seq: u64) -> EventId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&seq.to_be_bytes());
    EventId::from_bytes(bytes)
}

fn target(id: EventId) -> wire::EventRef {
    wire::EventRef { event_id: id.to_wire(), seq: 0 }
}

fn text(text: &str) -> wire::TextMessage {
    let body = wire::RichText { text: text.to_owned(), ranges: Vec::new() };
    wire::TextMessage { body: Some(body), ..wire::TextMessage::default() }
}
