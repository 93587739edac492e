//! Coming in, going, and what only the password opens.

use serde::Serialize;
use sotto_client::engine::{Engine, Errand};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::Client;
use crate::failure::Failure;
use crate::view::{self, COST, password};

/// The own devices.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct Devices(Vec<view::Device>);

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

    /// New recovery words; the old ones are void.
    #[wasm_bindgen(js_name = renewRecoveryWords)]
    pub fn renew_recovery_words(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::RenewRecoveryWords)
    }

    /// Another password, and whether all other devices have to sign in again.
    #[wasm_bindgen(js_name = changePassword)]
    pub fn change_password(&self, typed: String, new: String, end_other_sessions: bool) -> Result<(), Failure> {
        let password = password(new)?;
        self.run(typed, Errand::ChangePassword { password, cost: COST, end_other_sessions })
    }

    /// A second factor: after `factor-drawn` its secret is to be shown, and `confirmFactor` ends it.
    #[wasm_bindgen(js_name = enableFactor)]
    pub fn enable_factor(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::EnableFactor)
    }

    /// No second factor any more.
    #[wasm_bindgen(js_name = disableFactor)]
    pub fn disable_factor(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::DisableFactor)
    }

    /// What has to go into the authenticator, after `factor-drawn`.
    #[wasm_bindgen(js_name = factorSecret)]
    pub fn factor_secret(&self) -> Option<String> {
        self.agent.act(|engine, _| engine.expose_factor_secret().map(str::to_owned))
    }

    /// Proves that the authenticator has it.
    #[wasm_bindgen(js_name = confirmFactor)]
    pub fn confirm_factor(&self, code: &str) -> Result<(), Failure> {
        self.act(|engine, moment| engine.confirm_factor(code, moment))
    }

    /// The codes to be written down after the second factor was turned on. They are given once.
    #[wasm_bindgen(js_name = takeBackupCodes)]
    pub fn take_backup_codes(&self) -> Vec<String> {
        self.agent.act(|engine, _| engine.take_backup_codes()).iter().map(|code| code.to_string()).collect()
    }

    /// Asks for the list of the own devices. `devices` tells when it came.
    #[wasm_bindgen(js_name = askForDevices)]
    pub fn ask_for_devices(&self) -> Result<(), Failure> {
        self.act(Engine::ask_for_devices)
    }

    /// The own devices, as they were last asked for.
    #[wasm_bindgen(js_name = devices)]
    pub fn devices(&self) -> Result<Ts<Devices>, Failure> {
        self.look(|engine| Ok(Devices(engine.devices().iter().map(view::Device::from).collect())))
    }

    /// Another device of the account is no longer trusted.
    #[wasm_bindgen(js_name = revokeDevice)]
    pub fn revoke_device(&self, typed: String, device: &str) -> Result<(), Failure> {
        self.run(typed, Errand::RevokeDevice(device.parse()?))
    }

    /// Takes this browser out of the account and wipes everything here.
    #[wasm_bindgen(js_name = logOut)]
    pub fn log_out(&self) -> Result<(), Failure> {
        self.act(Engine::log_out)
    }

    /// Deletes the account, and everything of it here.
    #[wasm_bindgen(js_name = deleteAccount)]
    pub fn delete_account(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::DeleteAccount)
    }
}

impl Client {
    fn run(&self, typed: String, errand: Errand) -> Result<(), Failure> {
        let password = password(typed)?;
        self.act(|engine, moment| engine.run(password, errand, moment))
    }
}
