//! What the engine is asked to do.

use std::path::PathBuf;

use sotto_client::engine::{Engine, EngineError, Moment};
use sotto_native_client::Client;
use sotto_proto::ConversationId;

use super::events::{Act, Arrangement, Input};
use crate::failure::Failure;

/// Does it, and says what came of it at once. What comes later comes as a change.
pub(super) async fn perform(client: &Client, act: Act) -> Result<Vec<Input>, Failure> {
    let started = client.with(move |engine, moment| run(engine, act, moment)).await??;
    Ok(started.map(Input::Started).into_iter().collect())
}

/// The chat that began with it, if one did.
fn run(engine: &mut Engine, act: Act, moment: &mut Moment<'_>) -> Result<Option<ConversationId>, EngineError> {
    match act {
        Act::StartGroup(title) => return engine.start_group(&title, &[], moment).map(Some),
        Act::Say(chat, content) => {
            engine.send(chat, *content, moment)?;
        }
        Act::Unsend(event) => {
            if !engine.cancel_files(event, moment)? {
                engine.unsend(event, moment)?;
            }
        }
        Act::Fetch(chat, event, count) => {
            let folder = downloads();
            for place in 0..count {
                engine.download(chat, event, place, &folder, moment)?;
            }
        }
        Act::KeepDraft(chat, draft) => engine.keep_draft(chat, &draft, moment)?,
        Act::Typing { chat, stopped } => engine.typing(chat, stopped, moment)?,
        Act::Read(chat, seq) => engine.mark_read(chat, seq, moment)?,
        Act::WantHistory(chat) => engine.want_history(chat, moment)?,
        Act::Appear(online) => engine.appear(online, moment)?,
        Act::Accept(chat) => engine.accept(chat, moment)?,
        Act::Decline { chat, block } => engine.decline(chat, block, moment)?,
        Act::SetBlocked(account, blocked) => engine.set_blocked(account, blocked, moment)?,
        Act::SetVerified(account, verified) => engine.set_verified(account, verified, moment)?,
        Act::DecideOnKey(account, choice) => engine.decide_on_key(account, choice, moment)?,
        Act::StartDirect(name) => engine.start_direct(&name, None, moment)?,
        Act::Invite(chat, name) => engine.invite(chat, &name, moment)?,
        Act::Remove(chat, account) => engine.remove(chat, account, moment)?,
        Act::SetRole(chat, account, role) => engine.set_role(chat, account, role, moment)?,
        Act::Leave(chat) => engine.leave(chat, moment)?,
        Act::Arrange(chat, arrangement) => arrange(engine, chat, arrangement, moment)?,
        Act::SetName { name, about } => engine.set_profile(&name, &about, moment)?,
        Act::AskDevices => engine.ask_for_devices(moment)?,
        Act::NameDevice(device, name) => {
            engine.name_device(device, &name, moment)?;
            engine.ask_for_devices(moment)?;
        }
    }
    Ok(None)
}

fn arrange(
    engine: &mut Engine,
    chat: ConversationId,
    arrangement: Arrangement,
    moment: &mut Moment<'_>,
) -> Result<(), EngineError> {
    let Some(view) = engine.chat(chat)? else { return Err(EngineError::NoSuchChat) };
    let mut preferences = view.preferences;
    match arrangement {
        Arrangement::Pinned(pinned) => preferences.pinned = u32::from(pinned),
        Arrangement::Muted(muted) => preferences.muted_until_ms = if muted { FOR_EVER_MS } else { 0 },
        Arrangement::Archived(archived) => preferences.archived = archived,
    }
    engine.set_preferences(chat, &preferences, moment)
}

/// Where people look for what they fetched; else where the program was started.
fn downloads() -> String {
    let named = std::env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from);
    let usual = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("Downloads"));
    let here = std::env::current_dir().ok();
    let found = named.into_iter().chain(usual).chain(here).find(|folder| folder.is_dir());
    found.and_then(|folder| folder.into_os_string().into_string().ok()).unwrap_or_else(|| ".".to_owned())
}

/// The year 9999: until somebody says otherwise.
const FOR_EVER_MS: u64 = 253_370_764_800_000;
