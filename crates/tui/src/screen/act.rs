//! What the engine is asked to do.

use sotto_client::engine::{Course, Engine, EngineError, Moment, Source, TransferState, TransferView};
use sotto_native_client::Client;
use sotto_proto::{ConversationId, EventId};
use tokio::task::spawn_blocking;

use super::events::{Act, Arrangement, Input};
use super::files;
use crate::commands::say_again;
use crate::failure::Failure;
use crate::words::Message;

/// Does it, and says what came of it at once. What comes later comes as a change.
pub(super) async fn perform(client: &Client, act: Act) -> Result<Vec<Input>, Failure> {
    let act = match act {
        Act::SendFiles(chat, paths, caption) => {
            let sources = spawn_blocking(move || paths.iter().map(|path| files::source_of(path)).collect());
            let sources: Result<Vec<Source>, Failure> = sources.await.map_err(|error| system(&error))?;
            let sources = sources?;
            client.with(move |engine, moment| engine.send_files(chat, sources, &caption, moment)).await??;
            return Ok(Vec::new());
        }
        Act::Fetch(chat, event, count, typed) => {
            let folder = typed.map_or_else(|| Ok(files::downloads()), |typed| files::folder(&typed))?;
            Act::Fetch(chat, event, count, Some(folder))
        }
        act => act,
    };
    let started = client.with(move |engine, moment| run(engine, act, moment)).await??;
    Ok(started.map(Input::Started).into_iter().collect())
}

fn system(error: &tokio::task::JoinError) -> Failure {
    Message::SystemFailed { why: error.to_string() }.failed()
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
        // These take several steps.
        Act::SendFiles(..) | Act::Invite(..) => {}
        Act::Forward(from, event, to) => {
            say_again(engine, (from, event), to, moment)?;
        }
        Act::Fetch(chat, event, count, folder) => {
            let folder = folder.unwrap_or_else(files::downloads);
            for place in 0..count {
                engine.download(chat, event, place, &folder, moment)?;
            }
        }
        Act::Halt(chat, event) => halt(engine, chat, event, moment)?,
        Act::GiveUp(chat, event) => {
            for view in transfers_of(engine, chat, event)? {
                if view.course == Course::Download && view.state != TransferState::Done {
                    engine.cancel_download(view.id, moment)?;
                }
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

/// What goes is halted; what is halted or was stopped goes on.
fn halt(engine: &mut Engine, chat: ConversationId, event: EventId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
    let views = transfers_of(engine, chat, event)?;
    let goes = views.iter().any(|view| view.state == TransferState::Going);
    for view in views {
        match view.state {
            TransferState::Going => engine.pause_transfer(view.id, moment)?,
            TransferState::Paused | TransferState::Stopped(_) if !goes => engine.resume_transfer(view.id, moment)?,
            _ => false,
        };
    }
    Ok(())
}

fn transfers_of(engine: &Engine, chat: ConversationId, event: EventId) -> Result<Vec<TransferView>, EngineError> {
    Ok(engine.transfers(Some(chat))?.into_iter().filter(|view| view.event == event).collect())
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

/// The year 9999: until somebody says otherwise.
const FOR_EVER_MS: u64 = 253_370_764_800_000;
