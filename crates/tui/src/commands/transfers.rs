//! Files on their way: how far they are, and what is to become of them.

use std::time::Duration;

use serde::Serialize;
use sotto_client::engine::{Change, Course, Engine, EngineError, TransferId, TransferState, TransferView};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};

use crate::arguments::TransferCommand;
use crate::attachments::size_in_words;
use crate::commands::files::stopped;
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::safe;
use crate::session::Session;
use crate::words::{Language, Message};

/// A transfer as programs see it.
#[derive(Serialize)]
struct TransferObject {
    transfer: i64,
    /// `upload`, `forward` or `download`.
    course: &'static str,
    chat: String,
    message: String,
    name: String,
    size: u64,
    done: u64,
    /// `going`, `paused`, `stopped` or `done`.
    state: &'static str,
    path: String,
    #[serde(skip)]
    line: String,
}

impl Shown for TransferObject {
    fn in_words(&self, _: Language) -> String {
        format!("{}  {}  {}", self.transfer, self.course, self.line)
    }
}

impl TransferObject {
    fn of(view: &TransferView, language: Language) -> Self {
        Self {
            transfer: view.id.get(),
            course: match view.course {
                Course::Upload => "upload",
                Course::Forward => "forward",
                Course::Download => "download",
            },
            chat: view.chat.to_string(),
            message: view.event.to_string(),
            name: view.name.as_str().to_owned(),
            size: view.size,
            done: view.done,
            state: match view.state {
                TransferState::Going => "going",
                TransferState::Paused => "paused",
                TransferState::Stopped(_) => "stopped",
                TransferState::Done => "done",
            },
            path: view.location.clone(),
            line: line(view, language),
        }
    }
}

pub(super) async fn run(
    session: &Session,
    what: Option<TransferCommand>,
    console: &mut Console,
) -> Result<(), Failure> {
    session.require_account().await?;
    match what {
        None => {
            let views = session.look(|engine| engine.transfers(None)).await?;
            views.iter().try_for_each(|view| console.show(&TransferObject::of(view, console.language)))
        }
        Some(TransferCommand::Pause { transfer }) => {
            let id = named(session, transfer).await?.id;
            session.with(move |engine, moment| engine.pause_transfer(id, moment)).await?;
            console.say(&Message::Done)
        }
        Some(TransferCommand::Resume { transfer }) => resume(session, transfer, console).await,
        Some(TransferCommand::Cancel { transfer }) => cancel(session, transfer, console).await,
    }
}

async fn resume(session: &Session, transfer: Option<i64>, console: &mut Console) -> Result<(), Failure> {
    let meant = match transfer {
        Some(transfer) => vec![named(session, transfer).await?],
        None => session.look(|engine| engine.transfers(None)).await?,
    };
    let wanted: Vec<_> = meant.iter().filter(|view| view.state != TransferState::Done).map(|view| view.id).collect();
    let ids = wanted.clone();
    session
        .with(move |engine, moment| ids.iter().try_for_each(|id| engine.resume_transfer(*id, moment).map(drop)))
        .await?;
    let look = move |engine: &Engine| wanted.iter().filter_map(|id| engine.transfer(*id).transpose()).collect();
    let left = accompany(session, look, console).await?;
    session.in_time(session.at_rest()).await?;
    stopped(&left).map_or_else(|| console.say(&Message::Done), Err)
}

async fn cancel(session: &Session, transfer: i64, console: &mut Console) -> Result<(), Failure> {
    let view = named(session, transfer).await?;
    session
        .with(move |engine, moment| match view.course {
            Course::Download => engine.cancel_download(view.id, moment),
            Course::Upload | Course::Forward => engine.cancel_files(view.event, moment),
        })
        .await?;
    if !session.offline {
        session.in_time(session.at_rest()).await?;
    }
    console.say(&Message::Done)
}

async fn named(session: &Session, transfer: i64) -> Result<TransferView, Failure> {
    let found = session.look(move |engine| engine.transfer(TransferId::from_number(transfer))).await?;
    found.ok_or_else(|| Message::NoSuchTransfer { transfer: transfer.to_string() }.misused())
}

/// Waits until transfers are done or stopped, and shows how far they are. Fails when nothing moves for as long as the person wants to wait; what
/// was begun goes on with a later command.
pub(super) async fn accompany(
    session: &Session,
    look: impl Fn(&Engine) -> Result<Vec<TransferView>, EngineError> + Clone + Send + 'static,
    console: &mut Console,
) -> Result<Vec<TransferView>, Failure> {
    let mut changes = session.client.changes();
    let mut moved = (Instant::now(), u64::MAX);
    loop {
        let look = look.clone();
        let views = session.look(move |engine| look(engine)).await?;
        let done: u64 = views.iter().map(|view| view.done).sum();
        if done != moved.1 {
            moved = (Instant::now(), done);
        }
        let going = views.iter().find(|view| view.state == TransferState::Going);
        let Some(going) = going.filter(|_| stopped(&views).is_none()) else {
            console.progress("");
            return Ok(views);
        };
        console.progress(&line(going, console.language));
        if moved.0.elapsed() >= session.wait {
            console.progress("");
            return session.in_time(async { std::future::pending().await }).await;
        }
        // Several changes are looked at together.
        match timeout(LOOK_AGAIN, changes.recv()).await {
            Ok(Err(RecvError::Closed)) => return Err(sotto_native_client::ClientError::Ended.into()),
            Ok(Ok(Change::SignedOut | Change::Wiped)) => return Err(Message::SessionEnded.signed_out()),
            _ => {}
        }
    }
}

/// `plan.pdf  [████░░░░]  43 %  of 12.3 MB  4.1 MB/s  0:42`
fn line(view: &TransferView, language: Language) -> String {
    let share = (view.done.min(view.size) * 100).checked_div(view.size).unwrap_or(100);
    let filled = usize::try_from(share).unwrap_or(100) * BAR / 100;
    let bar = format!("[{}{}]", "█".repeat(filled), "░".repeat(BAR - filled));
    let mut parts = vec![safe::line(view.name.as_str()), bar, format!("{share} %"), size_in_words(view.size, language)];
    if view.state == TransferState::Going {
        parts.extend(pace_in_words(view, language));
    }
    match view.state {
        TransferState::Paused => parts.push(Message::Paused.say(language)),
        TransferState::Stopped(_) => {
            parts.extend(stopped(std::slice::from_ref(view)).map(|why| why.message.say(language)));
        }
        TransferState::Going | TransferState::Done => {}
    }
    parts.join("  ")
}

/// `4.1 MB/s`, and `0:42` for what is left, as far as they are known.
pub(crate) fn pace_in_words(view: &TransferView, language: Language) -> Vec<String> {
    let speed = view.speed.map(|speed| Message::PerSecond { size: size_in_words(speed, language) }.say(language));
    let left = view.left_ms.map(|left| format!("{}:{:02}", left / 60_000, left / 1_000 % 60));
    speed.into_iter().chain(left).collect()
}

const BAR: usize = 24;
const LOOK_AGAIN: Duration = Duration::from_millis(200);
