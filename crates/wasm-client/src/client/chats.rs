//! Conversations: what there is to see of them, beginning them, and who is in them.

use serde::Serialize;
use sotto_client::engine::Engine;
use sotto_proto::AccountId;
use sotto_proto::wire::event::Content;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::Client;
use crate::failure::Failure;
use crate::view::{self, hex, user_name};

/// All chats, the last active first.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct Chats(Vec<view::Chat>);

/// One chat, if it is there.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeChat(Option<view::Chat>);

/// The members of a chat.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct Members(Vec<view::Member>);

#[wasm_bindgen]
impl Client {
    /// All chats, the last active first.
    #[wasm_bindgen(js_name = chats)]
    pub fn chats(&self) -> Result<Ts<Chats>, Failure> {
        self.look(|engine| Ok(Chats(engine.chats()?.into_iter().map(view::Chat::from).collect())))
    }

    /// One chat.
    #[wasm_bindgen(js_name = chat)]
    pub fn chat(&self, chat: &str) -> Result<Ts<MaybeChat>, Failure> {
        let chat = chat.parse()?;
        self.look(|engine| Ok(MaybeChat(engine.chat(chat)?.map(view::Chat::from))))
    }

    /// Its members.
    #[wasm_bindgen(js_name = members)]
    pub fn members(&self, chat: &str) -> Result<Ts<Members>, Failure> {
        let chat = chat.parse()?;
        self.look(|engine| Ok(Members(engine.members(chat)?.into_iter().map(view::Member::from).collect())))
    }

    /// What it is about, and what the account may do there.
    #[wasm_bindgen(js_name = about)]
    pub fn about(&self, chat: &str) -> Result<Ts<view::About>, Failure> {
        let chat = chat.parse()?;
        self.look(|engine| Ok(view::About::of(engine.scene(chat)?, engine.abilities(chat)?)))
    }

    /// Finds an account by its name and begins a chat with it. `started` names the chat.
    #[wasm_bindgen(js_name = startDirect)]
    pub fn start_direct(&self, name: &str, greeting: Option<Ts<view::NewMessage>>) -> Result<(), Failure> {
        let name = user_name(name)?;
        let greeting = greeting.map(|greeting| greeting.to_rust()).transpose()?;
        let greeting = greeting.map(view::NewMessage::parse).transpose()?.map(Content::Text);
        self.act(|engine, moment| engine.start_direct(&name, greeting, moment))
    }

    /// Begins a group with accounts that are known already, and gives its id.
    #[wasm_bindgen(js_name = startGroup)]
    pub fn start_group(&self, title: &str, members: Vec<String>) -> Result<String, Failure> {
        let members = accounts(&members)?;
        self.act(|engine, moment| engine.start_group(title, &members, moment)).map(hex)
    }

    /// Finds an account by its name and adds it to a group.
    #[wasm_bindgen(js_name = invite)]
    pub fn invite(&self, chat: &str, name: &str) -> Result<(), Failure> {
        let name = user_name(name)?;
        self.in_chat(chat, |engine, chat, moment| engine.invite(chat, &name, moment))
    }

    /// Adds accounts that are known already.
    #[wasm_bindgen(js_name = add)]
    pub fn add(&self, chat: &str, members: Vec<String>) -> Result<(), Failure> {
        let members = accounts(&members)?;
        self.in_chat(chat, |engine, chat, moment| engine.add(chat, &members, moment))
    }

    /// Removes an account.
    #[wasm_bindgen(js_name = remove)]
    pub fn remove(&self, chat: &str, account: &str) -> Result<(), Failure> {
        let account = account.parse()?;
        self.in_chat(chat, |engine, chat, moment| engine.remove(chat, account, moment))
    }

    /// Gives an account a role.
    #[wasm_bindgen(js_name = setRole)]
    pub fn set_role(&self, chat: &str, account: &str, standing: Ts<view::Standing>) -> Result<(), Failure> {
        let (account, role) = (account.parse()?, standing.to_rust()?.into());
        self.in_chat(chat, |engine, chat, moment| engine.set_role(chat, account, role, moment))
    }

    /// Leaves.
    #[wasm_bindgen(js_name = leave)]
    pub fn leave(&self, chat: &str) -> Result<(), Failure> {
        self.in_chat(chat, Engine::leave)
    }

    /// Accepts a request of a stranger.
    #[wasm_bindgen(js_name = accept)]
    pub fn accept(&self, chat: &str) -> Result<(), Failure> {
        self.in_chat(chat, Engine::accept)
    }

    /// Declines a request, and blocks the account as well if wanted.
    #[wasm_bindgen(js_name = decline)]
    pub fn decline(&self, chat: &str, block: bool) -> Result<(), Failure> {
        self.in_chat(chat, |engine, chat, moment| engine.decline(chat, block, moment))
    }
}

fn accounts(ids: &[String]) -> Result<Vec<AccountId>, Failure> {
    ids.iter().map(|id| Ok(id.parse()?)).collect()
}
