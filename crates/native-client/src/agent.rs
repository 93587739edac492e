//! The thread that an engine lives on: it follows the drain rule, and nothing else.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt as _;
use prost::Message as _;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _};
use sotto_client::engine::{Change, Engine, EngineError, Failure, FileAnswer, JobNumber, Moment, Ticket};
use sotto_proto::wire;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::files::Hands;
use crate::link::{Link, failure};
use crate::{Line, Reach, Work};

pub(crate) struct Agent {
    engine: Engine,
    rng: StdRng,
    link: Link,
    inbox: mpsc::UnboundedReceiver<Work>,
    changes: broadcast::Sender<Change>,
    line: watch::Sender<Line>,
    calls: JoinSet<(Ticket, Result<Vec<Bytes>, Failure>)>,
    /// Calls on their way for which somebody may wait.
    waited_for: BTreeSet<Ticket>,
    hands: Hands,
    live: Live,
}

/// The live stream: a task that reads it, and when to try again after it ended.
struct Live {
    heard: mpsc::Receiver<Heard>,
    mouth: mpsc::Sender<Heard>,
    is_open: bool,
    tries: u32,
    due: Instant,
}

enum Heard {
    Item(Bytes),
    End(Failure),
}

/// What woke the thread.
enum Event {
    Work(Work),
    Answer(Ticket, Result<Vec<Bytes>, Failure>),
    Heard(Heard),
    File(JobNumber, FileAnswer),
    Time,
    End,
}

impl Agent {
    pub(crate) fn new(
        engine: Engine,
        link: Link,
        inbox: mpsc::UnboundedReceiver<Work>,
        changes: broadcast::Sender<Change>,
        line: watch::Sender<Line>,
    ) -> Result<Self, std::io::Error> {
        let rng = StdRng::try_from_rng(&mut SysRng).map_err(std::io::Error::other)?;
        let (mouth, heard) = mpsc::channel(ITEMS_WAITING);
        let live = Live { heard, mouth, is_open: false, tries: 0, due: Instant::now() };
        Ok(Self {
            engine,
            rng,
            link,
            inbox,
            changes,
            line,
            calls: JoinSet::new(),
            waited_for: BTreeSet::new(),
            hands: Hands::default(),
            live,
        })
    }

    pub(crate) async fn run(mut self) {
        let mut outcome = self.at_present(Engine::connected);
        loop {
            if outcome.and_then(|()| self.drain()).is_err() {
                // The store is as it was before; what was asked of it is asked again. That nobody listens is no failure.
                let _ = self.changes.send(Change::StoreFailed);
            }
            outcome = match self.next().await {
                Event::Work(work) => {
                    // Whoever asks for something and then for rest waits for what it asked.
                    self.put_line(|line| Line { at_rest: false, ..line });
                    self.at_present(work);
                    Ok(())
                }
                Event::Answer(ticket, answer) => {
                    self.heard_of(answer.as_ref().err());
                    self.waited_for.remove(&ticket);
                    self.at_present(|engine, moment| engine.reply(ticket, answer, moment))
                }
                Event::Heard(Heard::Item(item)) => {
                    self.live.tries = 0;
                    self.heard_of(None);
                    self.at_present(|engine, moment| engine.item(item, moment))
                }
                Event::Heard(Heard::End(failure)) => {
                    self.live_ended();
                    self.heard_of(Some(&failure));
                    self.at_present(|engine, moment| engine.stream_ended(&failure, moment))
                }
                Event::File(job, answer) => self.at_present(|engine, moment| engine.file_answer(job, answer, moment)),
                Event::Time => self.at_present(Engine::wake),
                Event::End => return,
            };
        }
    }

    async fn next(&mut self) -> Event {
        let now_ms = now_ms();
        let due = self.engine.next_due_ms().map_or(IDLE, |due| Duration::from_millis(due.saturating_sub(now_ms)));
        let mut wake = Instant::now() + due.min(IDLE);
        if !self.live.is_open && self.engine.cursor().is_some() {
            wake = wake.min(self.live.due);
        }
        tokio::select! {
            work = self.inbox.recv() => work.map_or(Event::End, Event::Work),
            Some(answered) = self.calls.join_next(), if !self.calls.is_empty() => match answered {
                Ok((ticket, answer)) => Event::Answer(ticket, answer),
                Err(_) => Event::Time,
            },
            Some((job, answer)) = self.hands.next() => Event::File(job, answer),
            Some(heard) = self.live.heard.recv() => Event::Heard(heard),
            () = sleep_until(wake) => Event::Time,
        }
    }

    /// Sends what is to be sent, tells what changed, listens where there is something to listen to.
    fn drain(&mut self) -> Result<(), EngineError> {
        for call in self.at_present(Engine::outgoing)? {
            let (link, ticket) = (self.link.clone(), call.ticket);
            if !call.background {
                self.waited_for.insert(ticket);
            }
            self.calls.spawn(async move { (ticket, link.call(call).await) });
        }
        for job in self.engine.file_jobs() {
            self.hands.take(job);
        }
        for change in self.engine.changes() {
            let _ = self.changes.send(change);
        }
        self.listen();
        let is_idle = self.waited_for.is_empty() && !self.engine.has_failed_calls();
        let at_rest = is_idle && self.engine.cursor().is_some();
        self.put_line(|line| Line { at_rest, ..line });
        Ok(())
    }

    /// Whether the server is there shows in each answer, and in each that does not come.
    fn heard_of(&self, failure: Option<&Failure>) {
        let reach = if failure == Some(&Failure::Unreachable) { Reach::Away } else { Reach::There };
        self.put_line(|line| Line { reach, ..line });
    }

    fn put_line(&self, change: impl FnOnce(Line) -> Line) {
        self.line.send_if_modified(|line| {
            let before = std::mem::replace(line, change(*line));
            *line != before
        });
    }

    fn listen(&mut self) {
        if self.live.is_open || Instant::now() < self.live.due {
            return;
        }
        let (Some(cursor), Some(token)) = (self.engine.cursor(), self.engine.token()) else { return };
        let (link, mouth) = (self.link.clone(), self.live.mouth.clone());
        let (body, token) = (wire::SubscribeRequest { cursor }.encode_to_vec().into(), token.to_owned());
        self.live.is_open = true;
        tokio::spawn(async move {
            let end = hear(link, body, token, &mouth).await;
            let _ = mouth.send(Heard::End(end)).await;
        });
    }

    /// Another try comes after a while that doubles, and that no two devices choose alike.
    fn live_ended(&mut self) {
        self.live.is_open = false;
        self.live.tries = self.live.tries.saturating_add(1);
        let ceiling = Duration::from_millis(250 << self.live.tries.min(6));
        self.live.due = Instant::now() + ceiling.mul_f64(self.rng.random_range(0.5..1.0));
    }

    fn at_present<T>(&mut self, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        run(&mut self.engine, &mut Moment { now_ms: now_ms(), rng: &mut self.rng })
    }
}

/// Reads the live stream to its end.
async fn hear(link: Link, body: Bytes, token: String, mouth: &mpsc::Sender<Heard>) -> Failure {
    let mut stream = match link.listen(body, token).await {
        Ok(stream) => stream,
        Err(failure) => return failure,
    };
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => {
                if mouth.send(Heard::Item(item)).await.is_err() {
                    break;
                }
            }
            Err(status) => return failure(&status),
        }
    }
    Failure::Unreachable
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Items that the engine has not taken yet.
const ITEMS_WAITING: usize = 256;
/// However quiet it is, something may have come to its time.
const IDLE: Duration = Duration::from_mins(1);
