//! The loop around the model: what happens goes in, what is wished for is done, and then it is drawn. It sleeps while nothing happens.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ratatui::crossterm::event::Event;
use sotto_client::engine::{Change, Why};
use sotto_native_client::Line;
use sotto_proto::ConversationId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinSet, spawn_blocking};

use super::Left;
use super::act;
use super::draw::draw;
use super::events::{Act, Input, Wish};
use super::files;
use super::look;
use super::model::{Model, Notice};
use super::terminal::{Screen, failed};
use super::update::update;
use crate::commands::{add, obstacle};
use crate::failure::Failure;
use crate::session::Session;
use crate::words::Message;

/// The world around a model.
pub(super) struct Shell<'s> {
    session: Session,
    screen: &'s mut Screen,
    changes: broadcast::Receiver<Change>,
    line: watch::Receiver<Line>,
    /// What is under way on the engine's thread, with what comes of it.
    tasks: JoinSet<Done>,
    stale: Stale,
}

/// What came of something that was under way.
#[derive(Default)]
struct Done {
    was_look: bool,
    inputs: Vec<Input>,
}

/// What is to be looked at again.
#[derive(Default)]
struct Stale {
    all: bool,
    some: BTreeSet<ConversationId>,
    room: bool,
    is_looking: bool,
}

/// What woke the loop.
enum Woken {
    Terminal(Event),
    Change(Change),
    Missed,
    Line,
    Task(Done),
    Time,
    End,
}

impl<'s> Shell<'s> {
    pub(super) fn new(session: Session, screen: &'s mut Screen) -> Self {
        let (changes, line) = (session.client.changes(), session.client.line());
        let stale = Stale { all: true, ..Stale::default() };
        Self { session, screen, changes, line, tasks: JoinSet::new(), stale }
    }

    pub(super) async fn run(mut self, mut model: Model) -> Result<Left, Failure> {
        let size = self.screen.terminal.size().map_err(|error| failed(&error))?;
        self.take(&mut model, Input::Resized(size.width, size.height));
        self.show(&model)?;
        loop {
            self.look_again(&model);
            let woken = self.next(&model).await;
            let mut goes_on = self.wake(&mut model, woken);
            // What has come meanwhile is drawn together.
            while goes_on && let Ok(event) = self.screen.keys.try_recv() {
                goes_on = self.wake(&mut model, event.map_or(Woken::End, Woken::Terminal));
            }
            if !goes_on {
                self.end().await;
                return Ok(if model.signs_in { Left::ToSignIn } else { Left::ForGood });
            }
            self.show(&model)?;
        }
    }

    fn show(&mut self, model: &Model) -> Result<(), Failure> {
        let drawn = self.screen.terminal.draw(|frame| draw(model, frame));
        drawn.map(|_| ()).map_err(|error| failed(&error))
    }

    async fn next(&mut self, model: &Model) -> Woken {
        let wait = model.due_ms().map(|due_ms| Duration::from_millis(due_ms.saturating_sub(now_ms())));
        tokio::select! {
            event = self.screen.keys.recv() => event.flatten().map_or(Woken::End, Woken::Terminal),
            Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => Woken::Task(done.unwrap_or_default()),
            change = self.changes.recv() => match change {
                Ok(change) => Woken::Change(change),
                Err(RecvError::Lagged(_)) => Woken::Missed,
                Err(RecvError::Closed) => Woken::End,
            },
            changed = self.line.changed() => if changed.is_ok() { Woken::Line } else { Woken::End },
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => Woken::Time,
        }
    }

    /// False when it is over.
    fn wake(&mut self, model: &mut Model, woken: Woken) -> bool {
        match woken {
            Woken::Terminal(event) => self.take(model, input(event)),
            Woken::Change(change) => self.change(model, &change),
            Woken::Missed => {
                (self.stale.all, self.stale.room) = (true, true);
                true
            }
            Woken::Line => {
                let reach = self.line.borrow_and_update().reach;
                self.take(model, Input::Reach(reach))
            }
            Woken::Task(Done { was_look, inputs }) => {
                self.stale.is_looking &= !was_look;
                inputs.into_iter().all(|input| self.take(model, input))
            }
            Woken::Time => self.take(model, Input::Tick),
            Woken::End => false,
        }
    }

    fn take(&mut self, model: &mut Model, input: Input) -> bool {
        let wishes = update(model, now_ms(), input);
        let mut goes_on = true;
        for wish in wishes {
            goes_on &= wish != Wish::Quit;
            self.grant(model, wish);
        }
        goes_on
    }

    fn grant(&mut self, model: &Model, wish: Wish) {
        let (client, language) = (self.session.client.clone(), model.settings.language);
        match wish {
            Wish::Quit => {}
            Wish::Look => (self.stale.all, self.stale.room) = (true, true),
            Wish::List(typed) => self.spawn(async move {
                let asked = typed.clone();
                let options = spawn_blocking(move || files::listed(&asked)).await.unwrap_or_default();
                Ok(vec![Input::Listed { typed, options }])
            }),
            Wish::Attach(chat, typed) => self.spawn(async move {
                let file = spawn_blocking(move || files::attached(&typed)).await;
                let file = file.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())??;
                Ok(vec![Input::Attached(chat, file)])
            }),
            Wish::KeepSettings(settings) => {
                if let Err(failure) = settings.keep(&self.session.folder) {
                    self.say(failure.message);
                }
            }
            Wish::Search { query, within } => self.spawn(async move {
                let asked = query.clone();
                let hits = client.with(move |engine, _| look::search(engine, &asked, within, language)).await??;
                Ok(vec![Input::Found { query, hits }])
            }),
            Wish::Place { chat, id } => self.spawn(async move {
                let seq = client.with(move |engine, _| look::place_of(engine, chat, id)).await??;
                Ok(vec![Input::Placed { chat, id, seq }])
            }),
            Wish::Prove(account, name) => self.spawn(async move {
                let proof = client.with(move |engine, _| look::proof(engine, account, name)).await??;
                Ok(vec![Input::Proof(proof.map(Box::new))])
            }),
            // It takes several steps, and the next one waits for the one before.
            Wish::Do(Act::Invite(chat, name)) => {
                let session = self.session.clone();
                self.spawn(async move { add(&session, chat, &name).await.map(|()| Vec::new()) });
            }
            Wish::Do(act) => self.spawn(async move { act::perform(&client, act).await }),
        }
    }

    fn spawn(&mut self, work: impl Future<Output = Result<Vec<Input>, Failure>> + Send + 'static) {
        self.tasks.spawn(async move {
            let inputs = work.await.unwrap_or_else(|failure| vec![alarm(failure.message)]);
            Done { was_look: false, inputs }
        });
    }

    fn say(&mut self, message: Message) {
        self.tasks.spawn(async move { Done { was_look: false, inputs: vec![alarm(message)] } });
    }

    /// Notes what a change makes stale, and passes on what is no matter of looking.
    fn change(&mut self, model: &mut Model, change: &Change) -> bool {
        let is_open = |chat| model.open == Some(chat);
        match *change {
            Change::Timeline(chat) | Change::Members(chat) | Change::Markers(chat) => {
                self.stale.some.insert(chat);
                self.stale.room |= is_open(chat);
            }
            Change::Presence(_) | Change::Transfer(_) => self.stale.room = true,
            Change::Typing { chat, who, stopped } => return self.take(model, Input::Typing { chat, who, stopped }),
            Change::Started(chat) => {
                self.stale.all = true;
                return self.take(model, Input::Started(chat));
            }
            Change::Failed { what: _, why } => {
                let whom = why_whom(why, model);
                return self.take(model, alarm(Failure::of(why, &whom).message));
            }
            Change::NotSent { chat, .. } => {
                self.stale.some.insert(chat);
                self.stale.room |= is_open(chat);
                return self.take(model, alarm(Message::NotTakenNotice));
            }
            Change::StoreFailed => return self.take(model, alarm(Message::StoreUnwritten)),
            Change::Devices => {
                let client = self.session.client.clone();
                self.spawn(
                    async move { Ok(vec![Input::Devices(client.with(|engine, _| look::devices(engine)).await?)]) },
                );
            }
            Change::TransferStopped { transfer, why } => {
                self.stale.room = true;
                let client = self.session.client.clone();
                self.spawn(async move {
                    let view = client.with(move |engine, _| engine.transfer(transfer)).await??;
                    let name = view.map(|view| crate::safe::line(view.name.as_str())).unwrap_or_default();
                    Ok(vec![alarm(obstacle(why, &name).message)])
                });
            }
            Change::Wiped => return false,
            _ => (self.stale.all, self.stale.room) = (true, true),
        }
        true
    }

    /// Looks once at all that is stale; what becomes stale meanwhile waits for the next look.
    fn look_again(&mut self, model: &Model) {
        let Stale { all, some, room, is_looking } = &mut self.stale;
        if *is_looking || !(*all || *room || !some.is_empty()) {
            return;
        }
        let open = model.open.zip(model.spot()).map(|(chat, spot)| (chat, spot.window));
        let wish = look::Wish {
            all: std::mem::take(all),
            some: std::mem::take(some).into_iter().collect(),
            room: open.filter(|_| std::mem::take(room)),
        };
        *room = false;
        *is_looking = true;
        let (client, language) = (self.session.client.clone(), model.settings.language);
        self.tasks.spawn(async move {
            let seen = client.with(move |engine, moment| look::look(engine, &wish, moment.now_ms, language)).await;
            let input = match seen.map_err(Failure::from).and_then(|seen| seen.map_err(Failure::from)) {
                Ok(seen) => Input::Seen(Box::new(seen)),
                Err(failure) => alarm(failure.message),
            };
            Done { was_look: true, inputs: vec![input] }
        });
    }

    /// Lets finish what was asked for: the last draft, the last message.
    async fn end(mut self) {
        let rest = async { while self.tasks.join_next().await.is_some() {} };
        // A store that hangs does not keep anybody here.
        let _ = tokio::time::timeout(PATIENCE, rest).await;
    }
}

fn alarm(message: Message) -> Input {
    Input::Said(Notice { message, is_alarm: true })
}

/// Whom a failure is about, by the name that is shown.
fn why_whom(why: Why, model: &Model) -> String {
    match why {
        Why::KeyChanged(account) => {
            let chat = model.chats.iter().find(|chat| chat.other == Some(account));
            chat.map(|chat| chat.name.trim_start_matches('@').to_owned()).unwrap_or_default()
        }
        _ => model.asked_for.clone(),
    }
}

fn input(event: Event) -> Input {
    match event {
        Event::Key(key) => Input::Key(key),
        Event::Mouse(mouse) => Input::Mouse(mouse),
        Event::Paste(text) => Input::Pasted(text),
        Event::Resize(width, height) => Input::Resized(width, height),
        Event::FocusGained => Input::LookedAt(true),
        Event::FocusLost => Input::LookedAt(false),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What is under way at the end gets this time.
const PATIENCE: Duration = Duration::from_secs(2);
