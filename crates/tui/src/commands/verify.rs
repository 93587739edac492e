//! Safety numbers: whether nobody stands between two people.

use serde::Serialize;
use sotto_client::engine::{Engine, EngineError, KeyChoice};
use sotto_proto::AccountId;

use crate::arguments::{Key, Verify};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::session::Session;
use crate::words::{Language, Message};
use crate::{finding, objects, qr};

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
    /// Whether this person has compared the number and found it right.
    verified: bool,
    /// Whether the account was seen with another identity key than before, and this is the number of that one.
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
            parts.push(qr::drawn(&self.qr, qr::MARGIN).unwrap_or_default());
        }
        if self.verified && !self.changed {
            parts.push(Message::Verified.say(language));
        }
        if self.changed {
            parts.push(Message::IdentityChanged { name: crate::safe::line(&self.user) }.say(language));
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
    let account = session.look(move |engine| account_of(engine, &wanted)).await?;
    let unknown = || Message::NoKeyYet { name: name.clone() }.misused();
    let account = account.ok_or_else(unknown)?;
    decide(session, account, &verify, &name).await?;
    let user = name.clone();
    let object = session.look(move |engine| number_with(engine, account, user, verify.qr)).await?;
    console.show(&object.ok_or_else(unknown)?)
}

/// Takes over what the person says of the contact's key.
async fn decide(session: &Session, account: AccountId, verify: &Verify, name: &str) -> Result<(), Failure> {
    let has_new =
        session.look(move |engine| Ok(engine.contact(account)?.is_some_and(|contact| contact.new_identity.is_some())));
    let choice = verify.key.map(|key| match key {
        Key::New => KeyChoice::New,
        Key::Known => KeyChoice::Known,
    });
    let has_new = has_new.await?;
    match choice {
        Some(_) if !has_new => return Err(Message::NoNewKey { name: name.to_owned() }.misused()),
        Some(choice) => session.with(move |engine, moment| engine.decide_on_key(account, choice, moment)).await?,
        // What is verified has to be what was compared, and while there are two keys that is not clear.
        None if has_new && verify.confirm => {
            return Err(Message::KeyChanged { name: format!("@{name}") }.not_safe());
        }
        None => {}
    }
    if verify.confirm || verify.withdraw {
        let verified = verify.confirm;
        session.with(move |engine, moment| engine.set_verified(account, verified, moment)).await?;
    }
    let changed = choice.is_some() || verify.confirm || verify.withdraw;
    if changed && !session.offline {
        session.in_time(session.at_rest()).await?;
    }
    Ok(())
}

fn account_of(engine: &Engine, user: &str) -> Result<Option<AccountId>, EngineError> {
    for chat in engine.chats()? {
        for member in engine.members(chat.id)? {
            if objects::user_name(engine, member.account)? == user {
                return Ok(Some(member.account));
            }
        }
    }
    Ok(None)
}

fn number_with(
    engine: &Engine,
    account: AccountId,
    user: String,
    draws: bool,
) -> Result<Option<NumberObject>, EngineError> {
    let Some(contact) = engine.contact(account)? else { return Ok(None) };
    let changed = contact.new_identity.is_some();
    let key = if changed { KeyChoice::New } else { KeyChoice::Known };
    let safety = engine.safety(account, key)?;
    Ok(safety.map(|safety| NumberObject {
        user,
        number: safety.number.digits(),
        words: safety.number.words().to_vec(),
        qr: safety.qr_text,
        verified: contact.verified,
        changed,
        draws,
    }))
}
