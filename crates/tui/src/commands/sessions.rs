//! Where the account is signed in.

use serde::Serialize;
use sotto_client::engine::{Attempt, Change, Engine, OwnSession};
use sotto_proto::SessionId;

use crate::arguments::SessionCommand;
use crate::commands::errands::{list_devices, verdict};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::objects::{time_for_people, time_for_programs};
use crate::safe;
use crate::session::Session;
use crate::words::{Language, Message};

#[derive(Serialize)]
struct SessionObject {
    id: String,
    device: String,
    device_name: String,
    opened: String,
    last_used: String,
    /// Whether it is this device's.
    this: bool,
    #[serde(skip)]
    last_used_at_ms: u64,
}

impl Shown for SessionObject {
    fn in_words(&self, language: Language) -> String {
        let this = if self.this { format!("  [{}]", Message::ThisDevice.say(language)) } else { String::new() };
        format!("{}  {}  {}{this}", self.id, time_for_people(self.last_used_at_ms), safe::line(&self.device_name))
    }
}

pub(super) async fn run(session: &Session, what: Option<SessionCommand>, console: &mut Console) -> Result<(), Failure> {
    session.require_server().await?;
    let sessions = list(session).await?;
    match what {
        None => sessions.iter().try_for_each(|session| console.show(session)),
        Some(SessionCommand::Revoke { session: named }) => {
            let id = sessions.iter().find(|known| known.id == named).and_then(|known| known.id.parse().ok());
            let id: SessionId = id.ok_or_else(|| Message::NoSuchSession { session: safe::line(&named) }.misused())?;
            let end = move |engine: &mut Engine, moment: &mut sotto_client::engine::Moment<'_>| {
                engine.end_session(id, moment)
            };
            session.outcome(end, |change| verdict(change, Attempt::Sessions)).await?;
            console.say(&Message::Done)
        }
    }
}

async fn list(session: &Session) -> Result<Vec<SessionObject>, Failure> {
    let devices = list_devices(session).await?;
    let came = |change: &Change| match change {
        Change::Sessions => Some(Ok(())),
        change => verdict(change, Attempt::Sessions),
    };
    session.outcome(Engine::ask_for_sessions, came).await?;
    let sessions = session.look(|engine| Ok(engine.sessions().to_vec())).await?;
    let object = |own: OwnSession| {
        let device = devices.iter().find(|device| device.id == own.device);
        SessionObject {
            id: own.id.to_string(),
            device: own.device.to_string(),
            device_name: device.map(|device| device.name.clone()).unwrap_or_default(),
            opened: time_for_programs(own.opened_at_ms),
            last_used: time_for_programs(own.last_used_at_ms),
            this: own.this,
            last_used_at_ms: own.last_used_at_ms,
        }
    };
    Ok(sessions.into_iter().map(object).collect())
}
