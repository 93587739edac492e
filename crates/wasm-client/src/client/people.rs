//! Other accounts: what is known of them, whether they are who they seem to be, and whether they are blocked.

use serde::Serialize;
use sotto_client::engine::EngineError;
use sotto_proto::AccountId;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::Client;
use crate::failure::Failure;
use crate::time::now_ms;
use crate::{qr, view};

/// What is known of an account, if anything is.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeContact(Option<view::Contact>);

/// Other accounts.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct Contacts(Vec<view::Contact>);

/// What is to be compared, if the key is known.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeSafety(Option<view::Safety>);

/// What a scan tells, if there was a code to be read.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeScan(Option<view::Scan>);

#[wasm_bindgen]
impl Client {
    /// What is known of another account.
    #[wasm_bindgen(js_name = contact)]
    pub fn contact(&self, account: &str) -> Result<Ts<MaybeContact>, Failure> {
        let account: AccountId = account.parse()?;
        self.look(|engine| {
            let here = engine.is_there(account, now_ms());
            Ok(MaybeContact(engine.contact(account)?.map(|contact| view::Contact::of(contact, here))))
        })
    }

    /// Tells those with whom the person talks alone that it is there: once a minute while it is, and when it goes.
    #[wasm_bindgen(js_name = appear)]
    pub fn appear(&self, here: bool) -> Result<(), Failure> {
        self.act(|engine, moment| engine.appear(here, moment))
    }

    /// What this person and a contact compare.
    #[wasm_bindgen(js_name = safety)]
    pub fn safety(&self, account: &str, key: Ts<view::KeyChoice>) -> Result<Ts<MaybeSafety>, Failure> {
        let (account, key) = (account.parse()?, key.to_rust()?.into());
        let safety = self.act(|engine, _| engine.safety(account, key))?;
        Ok(MaybeSafety(safety.as_ref().map(view::Safety::of).transpose()?).into_ts()?)
    }

    /// Reads a picture of a contact's screen, given as one byte of brightness a point, and judges the code on it. Where there are several,
    /// one that does not speak of verification does not hide one that does.
    #[wasm_bindgen(js_name = judgePicture)]
    pub fn judge_picture(
        &self,
        account: &str,
        key: Ts<view::KeyChoice>,
        width: u32,
        brightness: Vec<u8>,
    ) -> Result<Ts<MaybeScan>, Failure> {
        let (account, key) = (account.parse()?, key.to_rust()?.into());
        let texts = qr::texts_in(width, &brightness)?;
        self.look(|engine| {
            let mut judged = None;
            for text in &texts {
                let scan = engine.judge_scan(account, key, text)?.map(view::Scan::from);
                judged = judged.filter(|before: &view::Scan| !before.is_of_another_kind()).or(scan);
            }
            Ok(MaybeScan(judged))
        })
    }

    /// The person has compared, and found the known key to be the contact's; or takes that back.
    #[wasm_bindgen(js_name = setVerified)]
    pub fn set_verified(&self, account: &str, verified: bool) -> Result<(), Failure> {
        let account = account.parse()?;
        self.act(|engine, moment| engine.set_verified(account, verified, moment))
    }

    /// The person decides on a contact that was seen with another key: that is the right one from now on, or the known one stays.
    #[wasm_bindgen(js_name = decideOnKey)]
    pub fn decide_on_key(&self, account: &str, choice: Ts<view::KeyChoice>) -> Result<(), Failure> {
        let (account, choice) = (account.parse()?, choice.to_rust()?.into());
        self.act(|engine, moment| engine.decide_on_key(account, choice, moment))
    }

    /// Whom the account has blocked.
    #[wasm_bindgen(js_name = blocked)]
    pub fn blocked(&self) -> Result<Ts<Contacts>, Failure> {
        self.look(|engine| {
            let blocked = engine.blocked()?.into_iter();
            Ok(Contacts(blocked.map(|contact| view::Contact::of(contact, false)).collect()))
        })
    }

    /// Blocks an account, or takes the block back.
    #[wasm_bindgen(js_name = setBlocked)]
    pub fn set_blocked(&self, account: &str, blocked: bool) -> Result<(), Failure> {
        let account = account.parse()?;
        self.act(|engine, moment| -> Result<_, EngineError> { engine.set_blocked(account, blocked, moment) })
    }
}
