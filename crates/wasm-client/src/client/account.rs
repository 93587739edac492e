//! Coming in, going, and how one is called.

use serde::Serialize;
use sotto_client::engine::Engine;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::Client;
use crate::failure::Failure;
use crate::view;

/// The own account as the server keeps it, once it was asked for.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeOwnAccount(Option<view::OwnAccount>);

#[wasm_bindgen]
impl Client {
    /// Makes a new account with this browser as its first device. `signed-in` or `failed` tells what became of it.
    #[wasm_bindgen(js_name = register)]
    pub fn register(&self, person: Ts<view::NewPerson>) -> Result<(), Failure> {
        let person = person.to_rust()?.parse()?;
        self.act(|engine, moment| engine.register(person, moment))
    }

    /// Signs in: with a new browser, or again with this one.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self, login: Ts<view::Login>) -> Result<(), Failure> {
        let login = login.to_rust()?.parse()?;
        self.act(|engine, moment| engine.sign_in(login, moment))
    }

    /// Comes back by the recovery words, with a new password.
    #[wasm_bindgen(js_name = recover)]
    pub fn recover(&self, recovery: Ts<view::Recovery>) -> Result<(), Failure> {
        let recovery = recovery.to_rust()?.parse()?;
        self.act(|engine, moment| engine.recover(recovery, moment))
    }

    /// Goes on with signing in, after `second-factor-needed`.
    #[wasm_bindgen(js_name = secondFactor)]
    pub fn second_factor(&self, code: Ts<view::FactorCode>) -> Result<(), Failure> {
        let code = code.to_rust()?.into();
        self.act(|engine, moment| engine.second_factor(code, moment))
    }

    /// The recovery words, until the person has written them down: the one secret that is shown.
    #[wasm_bindgen(js_name = recoveryWords)]
    pub fn recovery_words(&self) -> Option<String> {
        self.agent.act(|engine, _| engine.expose_recovery_words().map(str::to_owned))
    }

    /// The person has written them down: they are forgotten here.
    #[wasm_bindgen(js_name = recoveryWordsAreKept)]
    pub fn recovery_words_are_kept(&self) -> Result<(), Failure> {
        self.act(Engine::recovery_words_are_kept)
    }

    /// Says of a text what keeps it from being recovery words, before anything is tried with it.
    #[wasm_bindgen(js_name = judgeWords)]
    pub fn judge_words(&self, words: String) -> Result<Ts<view::WordsVerdict>, Failure> {
        Ok(view::WordsVerdict::of(words).into_ts()?)
    }

    /// Asks what the server keeps of the own account. `account` tells when it came.
    #[wasm_bindgen(js_name = askForAccount)]
    pub fn ask_for_account(&self) -> Result<(), Failure> {
        self.act(Engine::ask_for_account)
    }

    /// The own account, as it was last asked for.
    #[wasm_bindgen(js_name = ownAccount)]
    pub fn own_account(&self) -> Result<Ts<MaybeOwnAccount>, Failure> {
        self.look(|engine| Ok(MaybeOwnAccount(engine.own().map(view::OwnAccount::from))))
    }

    /// How the person wants to be called, and a line about them.
    #[wasm_bindgen(js_name = ownProfile)]
    pub fn own_profile(&self) -> Result<Ts<view::Profile>, Failure> {
        self.look(|engine| Ok(view::Profile::from(engine.profile()?)))
    }

    /// Says how the person wants to be called, on all devices. Conversations learn of it when something is said there next.
    #[wasm_bindgen(js_name = setOwnProfile)]
    pub fn set_own_profile(&self, name: &str, about: &str) -> Result<(), Failure> {
        self.act(|engine, moment| engine.set_profile(name, about, moment))
    }

    /// Takes this browser out of the account and wipes everything here.
    #[wasm_bindgen(js_name = logOut)]
    pub fn log_out(&self) -> Result<(), Failure> {
        self.act(Engine::log_out)
    }
}
