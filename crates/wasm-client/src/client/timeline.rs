//! What there is to see of what was said: stretches of a timeline, single messages, and finding them.

use serde::Serialize;
use sotto_client::engine::{Engine, EngineError};
use sotto_client::history;
use sotto_proto::ConversationId;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::{Client, number};
use crate::failure::Failure;
use crate::view;

/// A stretch of a timeline: what was said, oldest first, and the lines that nobody wrote.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    items: Vec<view::Item>,
    lines: Vec<view::Placed>,
    /// What is on its way; only with the newest stretch.
    queued: Vec<view::Queued>,
    /// Whether more lies before it on this device.
    older: bool,
    /// Whether more lies after it on this device.
    newer: bool,
    /// Whether there is more on the server than is here.
    has_more: bool,
}

/// Messages.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct Items(Vec<view::Item>);

/// A message, if it is here.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeItem(Option<view::Item>);

/// A place of a timeline, if there is one.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybePlace(Option<u64>);

/// What was found.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct AllFound(Vec<view::Found>);

#[wasm_bindgen]
impl Client {
    /// The last items before a place of the timeline, or of all.
    #[wasm_bindgen(js_name = page)]
    pub fn page(&self, chat: &str, before: Option<f64>, limit: u32) -> Result<Ts<Page>, Failure> {
        let (chat, before) = (chat.parse()?, before.map(number));
        self.look(|engine| Page::of(engine, chat, engine.page(chat, before, limit)?, 0, before))
    }

    /// The first items after a place of the timeline.
    #[wasm_bindgen(js_name = pageAfter)]
    pub fn page_after(&self, chat: &str, after: f64, limit: u32) -> Result<Ts<Page>, Failure> {
        let (chat, after) = (chat.parse()?, number(after));
        self.look(|engine| Page::of(engine, chat, engine.page_after(chat, after, limit)?, after, None))
    }

    /// One message, by its id.
    #[wasm_bindgen(js_name = message)]
    pub fn message(&self, chat: &str, event: &str) -> Result<Ts<MaybeItem>, Failure> {
        let (chat, event) = (chat.parse()?, event.parse()?);
        self.look(|engine| Ok(MaybeItem(engine.message(chat, event)?.map(view::Item::from))))
    }

    /// The place of the first message of a time or later.
    #[wasm_bindgen(js_name = placeAt)]
    pub fn place_at(&self, chat: &str, at_ms: f64) -> Result<Ts<MaybePlace>, Failure> {
        let (chat, at_ms) = (chat.parse()?, number(at_ms));
        self.look(|engine| Ok(MaybePlace(engine.place_at(chat, at_ms)?)))
    }

    /// Asks for what lies before the stretch that is here. `timeline` tells when it came.
    #[wasm_bindgen(js_name = wantHistory)]
    pub fn want_history(&self, chat: &str) -> Result<(), Failure> {
        self.in_chat(chat, Engine::want_history)
    }

    /// What is pinned and still stands, oldest pin first.
    #[wasm_bindgen(js_name = pinned)]
    pub fn pinned(&self, chat: &str) -> Result<Ts<Items>, Failure> {
        let chat = chat.parse()?;
        self.look(|engine| Ok(Items(engine.pinned(chat)?.into_iter().map(view::Item::from).collect())))
    }

    /// Messages with certain words.
    #[wasm_bindgen(js_name = search)]
    pub fn search(&self, wanted: Ts<view::Search>) -> Result<Ts<AllFound>, Failure> {
        let wanted = wanted.to_rust()?.parse()?;
        self.look(|engine| Ok(AllFound(engine.search(&wanted)?.into_iter().map(view::Found::from).collect())))
    }
}

impl Page {
    /// The items with everything that lies between a place that comes before them and one that comes after.
    fn of(
        engine: &Engine,
        chat: ConversationId,
        items: Vec<history::Item>,
        after: u64,
        before: Option<u64>,
    ) -> Result<Self, EngineError> {
        let (first, last) = engine.extent(chat)?.unwrap_or_default();
        let (low, high) = match (items.first(), items.last()) {
            (Some(low), Some(high)) => (low.seq, high.seq),
            // Nothing is before the first place and after the last one.
            _ => (before.unwrap_or(u64::MAX), before.unwrap_or(u64::MAX)),
        };
        let (older, newer) = (first < low && first > 0, high < last);
        let from = if older { low.max(after + 1) } else { 0 };
        let is_between = |placed: &sotto_client::engine::Placed| {
            before.is_none_or(|before| placed.seq < before) && (!newer || placed.seq <= high)
        };
        let lines = engine.lines(chat, from)?.into_iter().filter(is_between);
        let queued = if newer || before.is_some() { Vec::new() } else { engine.queued(chat)? };
        Ok(Self {
            items: items.into_iter().map(view::Item::from).collect(),
            lines: lines.map(view::Placed::from).collect(),
            queued: queued.into_iter().map(view::Queued::from).collect(),
            older,
            newer,
            has_more: engine.has_more_history(chat)?,
        })
    }
}
