//! Safety numbers: whether nobody stands between two people.

use serde::Serialize;
use sotto_client::engine::{Engine, EngineError};
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::safety::{Party, SafetyNumber, qr_text};

use crate::arguments::Verify;
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::session::Session;
use crate::words::{Language, Message};
use crate::{finding, objects};

/// What two people compare.
#[derive(Serialize)]
struct NumberObject {
    user: String,
    /// 60 digits.
    number: String,
    /// 18 words, which say the same.
    words: Vec<&'static str>,
    /// What the code to be scanned says.
    qr: String,
    /// Whether the account's identity key is not the one that it was first seen with.
    changed: bool,
    #[serde(skip)]
    draws: bool,
}

impl Shown for NumberObject {
    fn in_words(&self, language: Language) -> String {
        let digits: Vec<&str> = (0..12).map(|group| &self.number[5 * group..5 * group + 5]).collect();
        let digits: Vec<String> = digits.chunks(4).map(|row| format!("    {}", row.join(" "))).collect();
        let words: Vec<String> = self.words.chunks(6).map(|row| format!("    {}", row.join(" "))).collect();
        let message = Message::SafetyNumber {
            name: crate::safe::line(&self.user),
            digits: digits.join("\n"),
            words: words.join("\n"),
        };
        let mut parts = vec![message.say(language)];
        if self.draws {
            parts.push(crate::qr::drawn(&self.qr).unwrap_or_default());
        }
        if self.changed {
            parts.push(Message::IdentityChanged.say(language));
        }
        parts.join("\n\n")
    }
}

pub(super) async fn verify(session: &Session, verify: Verify, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    let name = finding::user(&verify.name)?.as_str().to_owned();
    if session.look(|engine| Ok(engine.user_name().map(str::to_owned))).await?.as_deref() == Some(&name) {
        return Err(Message::NotWithOneself.misused());
    }
    let wanted = name.clone();
    let object = session.look(move |engine| number_with(engine, wanted, verify.qr)).await?;
    let object = object.ok_or_else(|| Message::NoKeyYet { name }.misused())?;
    console.show(&object)
}

fn number_with(engine: &Engine, user: String, draws: bool) -> Result<Option<NumberObject>, EngineError> {
    let (Some(own), Some(identity)) = (engine.own_account(), engine.identity()) else { return Ok(None) };
    for chat in engine.chats()? {
        for member in engine.members(chat.id)? {
            if objects::user_name(engine, member.account)? != user {
                continue;
            }
            let Some(contact) = engine.contact(member.account)? else { continue };
            let key = contact.identity.and_then(|key| IdentityPublicKey::from_bytes(&key).ok());
            let Some(key) = key else { continue };
            let (me, them) = (Party { account: own, identity }, Party { account: member.account, identity: key });
            let number = SafetyNumber::between(&me, &them);
            return Ok(Some(NumberObject {
                user,
                number: number.digits(),
                words: number.words().to_vec(),
                qr: qr_text(&me, &them),
                changed: contact.new_identity.is_some(),
                draws,
            }));
        }
    }
    Ok(None)
}
