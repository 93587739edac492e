//! The engine in the browser: it follows the drain rule, and nothing else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use futures_util::future::{AbortHandle, abortable};
use js_sys::Function;
use prost::Message as _;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _};
use sotto_client::engine::{self, Engine, EngineError, Failure as CallFailure, FileJob, FileWork, Moment};
use sotto_client::store::Store;
use sotto_proto::wire;
use tsify::Tsify as _;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::failure::{Failure, FailureCode};
use crate::files::{Files, is_room_left};
use crate::link::Link;
use crate::time::{now_ms, sleep};
use crate::view::{self, StoreState};

/// An engine with a clock, randomness and a way to its server.
pub(crate) struct Agent {
    core: RefCell<Core>,
    link: Link,
    files: Files,
    live: Live,
    /// What wakes the engine next.
    alarm: RefCell<Option<AbortHandle>>,
    /// Whom changes are told.
    listener: Function,
    is_store_failing: Cell<bool>,
}

struct Core {
    engine: Engine,
    rng: StdRng,
}

/// The live stream: whether one is read, and when to try again after it ended.
#[derive(Default)]
struct Live {
    is_open: Cell<bool>,
    tries: Cell<u32>,
    due_ms: Cell<u64>,
}

impl Agent {
    pub(crate) fn start(store: Store, files: Files, server: String, listener: Function) -> Result<Rc<Self>, Failure> {
        let core = Core { engine: Engine::open(store)?, rng: random()? };
        let link = Link::to(server);
        let agent = Rc::new(Self {
            core: RefCell::new(core),
            link: link.clone(),
            files,
            live: Live::default(),
            alarm: RefCell::default(),
            listener,
            is_store_failing: Cell::default(),
        });
        let (rng, told) = (random()?, agent.clone());
        spawn_local(async move { link.keep(rng, || told.link_changed()).await });
        Ok(agent)
    }

    /// Does something with the engine at the present moment, and what follows from it.
    pub(crate) fn act<T>(self: &Rc<Self>, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let value = self.at_present(run);
        self.drain();
        value
    }

    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    pub(crate) fn is_online(&self) -> bool {
        self.link.is_up()
    }

    /// Tries now what would have been tried later.
    pub(crate) fn hint(&self) {
        self.link.hint();
    }

    fn link_changed(self: &Rc<Self>) {
        let online = self.is_online();
        self.tell(vec![view::Change::Online { online }]);
        if online {
            self.step(Engine::connected);
        }
    }

    /// A step whose failure is nobody's answer. Says whether it was done.
    fn step(self: &Rc<Self>, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<(), EngineError>) -> bool {
        let is_done = self.act(run).is_ok();
        if !is_done {
            // The store is as it was before; what was asked of it is asked again.
            self.store_failed();
        }
        is_done
    }

    /// Says that the store cannot be written, and when it can be again.
    pub(crate) fn store_failed(self: &Rc<Self>) {
        if self.is_store_failing.replace(true) {
            return;
        }
        let agent = self.clone();
        spawn_local(async move {
            let state = if is_room_left().await { StoreState::Failing } else { StoreState::Full };
            agent.tell(vec![view::Change::Store { state }]);
            sleep(BEFORE_TRYING_MS).await;
            while !is_room_left().await {
                sleep(BEFORE_TRYING_MS).await;
            }
            agent.is_store_failing.set(false);
            if agent.step(Engine::wake) {
                agent.tell(vec![view::Change::Store { state: StoreState::Works }]);
            }
        });
    }

    /// Sends what is to be sent, tells what changed, listens where there is something to listen to.
    fn drain(self: &Rc<Self>) {
        // Without a way to the server nothing is sent, and so nothing has to be tried again.
        if self.is_online() || self.is_leaving() {
            match self.at_present(Engine::outgoing) {
                Ok(calls) => calls.into_iter().for_each(|call| self.send(call)),
                Err(_) => self.store_failed(),
            }
        }
        let jobs = self.core.borrow_mut().engine.file_jobs();
        jobs.into_iter().filter_map(|job| self.files.line_up(job)).for_each(|job| self.work(job));
        let changes = self.core.borrow_mut().engine.changes();
        self.mind_files(&changes);
        if changes.iter().any(|change| matches!(change, engine::Change::Wiped | engine::Change::SignedOut)) {
            self.link.reset();
        }
        self.tell(changes.into_iter().map(view::Change::from).collect());
        self.listen();
        self.set_alarm();
    }

    fn send(self: &Rc<Self>, call: engine::Outgoing) {
        let agent = self.clone();
        spawn_local(async move {
            let ticket = call.ticket;
            let answer = agent.link.call(call).await;
            agent.step(|engine, moment| engine.reply(ticket, answer, moment));
        });
    }

    /// Does a job, and those of the same transfer that come after it.
    fn work(self: &Rc<Self>, job: FileJob) {
        let agent = self.clone();
        spawn_local(async move {
            let mut next = Some(job);
            while let Some(job) = next {
                let answer = agent.files.perform(&job).await;
                if !agent.step(|engine, moment| engine.file_answer(job.number, answer, moment)) {
                    agent.make_room(&job).await;
                }
                next = agent.files.next_after(job.transfer);
            }
        });
    }

    /// The store could not note what became of a job: a download that is being written has taken its room.
    async fn make_room(self: &Rc<Self>, job: &FileJob) {
        if let FileWork::Write { .. } | FileWork::Finish { .. } = job.work {
            self.files.make_room(&job.location).await;
            if self.step(|engine, moment| engine.stop_for_room(job.transfer, moment).map(drop)) {
                return;
            }
        }
        // The engine begins the transfer anew, and the store is no better at once.
        sleep(AFTER_FAILURE_MS).await;
    }

    fn listen(self: &Rc<Self>) {
        if self.live.is_open.get() || !self.is_online() || now_ms() < self.live.due_ms.get() {
            return;
        }
        let (cursor, token) = {
            let engine = &self.core.borrow().engine;
            let (Some(cursor), Some(token)) = (engine.cursor(), engine.token()) else { return };
            (cursor, token.to_owned())
        };
        self.live.is_open.set(true);
        let agent = self.clone();
        spawn_local(async move {
            let end = agent.hear(cursor, &token).await;
            agent.live_ended();
            agent.step(|engine, moment| engine.stream_ended(&end, moment));
        });
    }

    /// Reads the live stream to its end.
    async fn hear(self: &Rc<Self>, cursor: Bytes, token: &str) -> CallFailure {
        let body = wire::SubscribeRequest { cursor }.encode_to_vec();
        let mut items = match self.link.listen(body.into(), token).await {
            Ok(items) => items,
            Err(failure) => return failure,
        };
        while let Some(item) = items.next().await {
            match item {
                Ok(item) => {
                    self.live.tries.set(0);
                    self.step(|engine, moment| engine.item(item, moment));
                }
                Err(failure) => return failure,
            }
        }
        CallFailure::Unreachable
    }

    /// Another try comes after a while that doubles, and that no two devices choose alike.
    fn live_ended(&self) {
        self.live.is_open.set(false);
        let tries = self.live.tries.get().saturating_add(1);
        self.live.tries.set(tries);
        let ceiling_ms = 250_u64 << tries.min(7);
        let wait_ms = self.core.borrow_mut().rng.random_range(ceiling_ms / 2..ceiling_ms);
        self.live.due_ms.set(now_ms() + wait_ms);
    }

    /// Comes back when something is due. What was set before is replaced.
    fn set_alarm(self: &Rc<Self>) {
        let now_ms = now_ms();
        let mut due_ms = now_ms + IDLE_MS;
        {
            let engine = &self.core.borrow().engine;
            due_ms = due_ms.min(engine.next_due_ms().unwrap_or(u64::MAX));
            if !self.live.is_open.get() && engine.cursor().is_some() {
                due_ms = due_ms.min(self.live.due_ms.get());
            }
        }
        // Without a way to the server there is nothing to hurry for.
        let wait_ms = if self.is_online() || self.is_leaving() { due_ms.saturating_sub(now_ms) } else { IDLE_MS };
        let agent = self.clone();
        let (wake, handle) = abortable(async move {
            sleep(wait_ms).await;
            agent.alarm.take();
            agent.step(Engine::wake);
        });
        if let Some(before) = self.alarm.replace(Some(handle)) {
            before.abort();
        }
        spawn_local(async move {
            // One that was replaced has nothing to do.
            let _ = wake.await;
        });
    }

    /// Somebody who leaves does not wait for a server that stays away.
    fn is_leaving(&self) -> bool {
        self.core.borrow().engine.is_leaving()
    }

    fn at_present<T>(&self, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let Core { engine, rng } = &mut *self.core.borrow_mut();
        run(engine, &mut Moment { now_ms: now_ms(), rng })
    }

    fn tell(&self, changes: Vec<view::Change>) {
        for change in changes {
            if let Ok(change) = change.into_ts() {
                // The page's side of the feed has no way to refuse a change.
                let _ = self.listener.call1(&JsValue::UNDEFINED, &change.js_value());
            }
        }
    }
}

/// A generator that the browser has seeded.
pub(crate) fn random() -> Result<StdRng, Failure> {
    StdRng::try_from_rng(&mut SysRng).map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))
}

const AFTER_FAILURE_MS: u64 = 1_000;
const BEFORE_TRYING_MS: u64 = 3_000;
/// However quiet it is, something may have come to its time.
const IDLE_MS: u64 = 60_000;
