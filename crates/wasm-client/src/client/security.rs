//! What only the password opens, and the own devices.

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

/// What has to go into an authenticator, if there is something.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeFactorSecret(Option<view::FactorSecret>);

#[wasm_bindgen]
impl Client {
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

    /// Ten new backup codes; the old ones are void.
    #[wasm_bindgen(js_name = renewBackupCodes)]
    pub fn renew_backup_codes(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::RenewBackupCodes)
    }

    /// What has to go into the authenticator, after `factor-drawn`.
    #[wasm_bindgen(js_name = factorSecret)]
    pub fn factor_secret(&self) -> Result<Ts<MaybeFactorSecret>, Failure> {
        let drawn = self.agent.act(|engine, _| {
            let secret = engine.expose_factor_secret()?;
            Some(view::FactorSecret::of(secret, engine.user_name().unwrap_or_default()))
        });
        Ok(MaybeFactorSecret(drawn.transpose()?).into_ts()?)
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

    /// Gives a device a name that only the account's own devices can read.
    #[wasm_bindgen(js_name = nameDevice)]
    pub fn name_device(&self, device: &str, name: &str) -> Result<(), Failure> {
        let device = device.parse()?;
        self.act(|engine, moment| engine.name_device(device, name, moment))
    }

    /// The person has said that a new device is theirs.
    #[wasm_bindgen(js_name = deviceIsMine)]
    pub fn device_is_mine(&self, device: &str) -> Result<(), Failure> {
        let device = device.parse()?;
        self.act(|engine, moment| engine.device_is_mine(device, moment))
    }

    /// Another device of the account is no longer trusted.
    #[wasm_bindgen(js_name = revokeDevice)]
    pub fn revoke_device(&self, typed: String, device: &str) -> Result<(), Failure> {
        self.run(typed, Errand::RevokeDevice(device.parse()?))
    }

    /// Gives the account new keys where a revoked device may know the old ones, or fetches those that another device has begun.
    #[wasm_bindgen(js_name = renewVault)]
    pub fn renew_vault(&self, typed: String) -> Result<(), Failure> {
        self.run(typed, Errand::RenewVault)
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
