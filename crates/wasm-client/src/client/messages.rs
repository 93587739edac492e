//! What is said in conversations, how far it was read, and what a person keeps beside it.

use sotto_client::engine::{Engine, EngineError, Moment};
use sotto_client::timeline::written;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, wire};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use super::{Client, number};
use crate::failure::Failure;
use crate::view::{self, Target};

#[wasm_bindgen]
impl Client {
    /// Says something under an id that the page has drawn: 32 random hexadecimal digits. From the moment on in which this returns it cannot
    /// be lost. Asked again with the same id, it is said once.
    #[wasm_bindgen(js_name = send)]
    pub fn send(&self, chat: &str, id: &str, message: Ts<view::NewMessage>) -> Result<(), Failure> {
        self.say(chat, id, Content::Text(message.to_rust()?.parse()?))
    }

    /// Says in one chat what somebody said in another, without from whom it is.
    #[wasm_bindgen(js_name = forward)]
    pub fn forward(&self, from: &str, event: &str, to: &str, id: &str) -> Result<(), Failure> {
        let (source, id) = ((from.parse()?, event.parse()?), id.parse()?);
        self.in_chat(to, |engine, to, moment| engine.forward(id, source, to, moment))
    }

    /// Replaces what an own message says.
    #[wasm_bindgen(js_name = edit)]
    pub fn edit(&self, chat: &str, id: &str, target: Ts<Target>, message: Ts<view::NewMessage>) -> Result<(), Failure> {
        let content = wire::edit::Content::Text(message.to_rust()?.parse()?);
        let target = Some(target.to_rust()?.parse()?);
        self.say(chat, id, Content::Edit(wire::Edit { target, content: Some(content) }))
    }

    /// Takes a message back.
    #[wasm_bindgen(js_name = deleteMessage)]
    pub fn delete_message(&self, chat: &str, id: &str, target: Ts<Target>) -> Result<(), Failure> {
        let targets = vec![target.to_rust()?.parse()?];
        self.say(chat, id, Content::Delete(wire::Delete { targets }))
    }

    /// Adds a reaction, or takes it back.
    #[wasm_bindgen(js_name = react)]
    pub fn react(&self, chat: &str, id: &str, target: Ts<Target>, emoji: String, remove: bool) -> Result<(), Failure> {
        let target = Some(target.to_rust()?.parse()?);
        self.say(chat, id, Content::Reaction(wire::Reaction { target, emoji, remove }))
    }

    /// Pins a message, or takes the pin off.
    #[wasm_bindgen(js_name = pin)]
    pub fn pin(&self, chat: &str, id: &str, target: Ts<Target>, remove: bool) -> Result<(), Failure> {
        let target = Some(target.to_rust()?.parse()?);
        self.say(chat, id, Content::Pin(wire::Pin { target, remove }))
    }

    /// Gives a group a title and a description.
    #[wasm_bindgen(js_name = setTitle)]
    pub fn set_title(&self, chat: &str, id: &str, title: &str, description: &str) -> Result<(), Failure> {
        let (title, description) = (written(title), written(description));
        self.say(chat, id, Content::Title(wire::Title { title, description, again: false }))
    }

    /// Says how the person wants to be called in a conversation.
    #[wasm_bindgen(js_name = setProfile)]
    pub fn set_profile(&self, chat: &str, id: &str, display_name: &str, about: &str) -> Result<(), Failure> {
        let (display_name, about) = (written(display_name), written(about));
        self.say(chat, id, Content::Profile(wire::Profile { display_name, picture: None, about }))
    }

    /// Takes back something that was not sent yet. False if the server may have it already.
    #[wasm_bindgen(js_name = unsend)]
    pub fn unsend(&self, id: &str) -> Result<bool, Failure> {
        let id = id.parse()?;
        self.act(|engine, moment| engine.unsend(id, moment))
    }

    /// Everything up to a place was seen.
    #[wasm_bindgen(js_name = markRead)]
    pub fn mark_read(&self, chat: &str, seq: f64) -> Result<(), Failure> {
        let seq = number(seq);
        self.in_chat(chat, |engine, chat, moment| engine.mark_read(chat, seq, moment))
    }

    /// Keeps what was begun to be written.
    #[wasm_bindgen(js_name = keepDraft)]
    pub fn keep_draft(&self, chat: &str, draft: &str) -> Result<(), Failure> {
        self.in_chat(chat, |engine, chat, moment| engine.keep_draft(chat, draft, moment))
    }

    /// Sets what holds for a conversation on all devices of the account.
    #[wasm_bindgen(js_name = setPreferences)]
    pub fn set_preferences(&self, chat: &str, wanted: Ts<view::Preferences>) -> Result<(), Failure> {
        let wanted = wanted.to_rust()?.into();
        self.in_chat(chat, |engine, chat, moment| engine.set_preferences(chat, &wanted, moment))
    }

    /// Tells those who are there that the person is writing, or has stopped.
    #[wasm_bindgen(js_name = typing)]
    pub fn typing(&self, chat: &str, stopped: bool) -> Result<(), Failure> {
        self.in_chat(chat, |engine, chat, moment| engine.typing(chat, stopped, moment))
    }
}

impl Client {
    fn say(&self, chat: &str, id: &str, content: Content) -> Result<(), Failure> {
        let id = id.parse()?;
        self.in_chat(chat, |engine, chat, moment| engine.send_as(id, chat, content, moment))
    }

    pub(super) fn in_chat(
        &self,
        chat: &str,
        run: impl FnOnce(&mut Engine, ConversationId, &mut Moment<'_>) -> Result<(), EngineError>,
    ) -> Result<(), Failure> {
        let chat = chat.parse()?;
        self.act(|engine, moment| run(engine, chat, moment))
    }
}
