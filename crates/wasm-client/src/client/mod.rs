//! The one object that the worker has: each method is an operation that a page may ask for, and its signature is the page's.
//!
//! Everything returns at once, with what is on this device; what takes a while is told by a change.

#![allow(clippy::needless_pass_by_value, reason = "what comes from JavaScript comes by value")]

mod account;
mod chats;
mod files;
mod messages;
mod people;
mod security;
mod storage;
mod timeline;

pub use account::MaybeOwnAccount;
pub use chats::{Chats, MaybeChat, Members};
pub use files::{KeptFiles, MaybeTransfer, Transfers};
pub use people::{Contacts, MaybeContact, MaybeSafety, MaybeScan};
pub use security::{Devices, MaybeFactorSecret};
pub use timeline::{AllFound, Items, MaybeItem, MaybePlace, Page};

use std::rc::Rc;

use js_sys::Function;
use serde::Serialize;
use sotto_client::engine::{Engine, EngineError, Moment};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::agent::{Agent, random};
use crate::browser_key::{self, scope};
use crate::failure::Failure;
use crate::files::Files;
use crate::{store, view};

/// The engine at work.
#[wasm_bindgen]
pub struct Client {
    agent: Rc<Agent>,
    in_memory: bool,
}

#[wasm_bindgen]
impl Client {
    /// Opens the store of this browser, or one in memory, and goes on with what is in it against the server that this script came from.
    /// Changes are given to the function as they happen.
    #[wasm_bindgen(js_name = open)]
    pub async fn open(
        in_memory: bool,
        #[wasm_bindgen(unchecked_param_type = "(change: Change) => void")] listener: Function,
    ) -> Result<Client, Failure> {
        match Self::begin(in_memory, listener).await {
            Ok(client) => Ok(client),
            Err(failure) => Err(failure.explained().await),
        }
    }

    /// Who is here.
    #[wasm_bindgen(js_name = session)]
    pub fn session(&self) -> Result<Ts<view::Session>, Failure> {
        self.look(|engine| view::Session::of(engine, self.agent.is_online(), self.in_memory))
    }

    /// The version of the core, which is that of the whole product.
    #[wasm_bindgen(js_name = version)]
    pub fn version(&self) -> String {
        crate::core_version()
    }

    /// The network may be back: tries now what would have been tried later.
    #[wasm_bindgen(js_name = tryNow)]
    pub fn try_now(&self) {
        self.agent.hint();
    }
}

impl Client {
    async fn begin(in_memory: bool, listener: Function) -> Result<Self, Failure> {
        let store = if in_memory { store::open_in_memory()? } else { store::open().await? };
        let key = if in_memory { None } else { Some(browser_key::load_for_files().await?) };
        let files = Files::open(key, random()?).await?;
        let agent = Agent::start(store, files, scope().location().origin(), listener)?;
        Ok(Self { agent, in_memory })
    }

    fn act<T, E>(&self, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<T, E>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let outcome = self.agent.act(run).map_err(Failure::from);
        if outcome.as_ref().is_err_and(Failure::is_of_the_store) {
            self.agent.store_failed();
        }
        outcome
    }

    /// Shows something that is here.
    fn look<T: Serialize + Tsify>(
        &self,
        look: impl FnOnce(&mut Engine) -> Result<T, EngineError>,
    ) -> Result<Ts<T>, Failure> {
        Ok(self.act(|engine, _| look(engine))?.into_ts()?)
    }
}

/// A place of a log or a time: whole numbers below 2^53, as JavaScript has them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is out of range becomes the end of it"
)]
fn number(number: f64) -> u64 {
    number as u64
}
