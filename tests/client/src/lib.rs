//! People with engines, and the services of a real server that they use, in one process.
//!
//! Nothing here waits for a clock: [`Town`] owns the time, and a [`Handset`] makes its calls when it is told to.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test may stop at the first surprise"
)]
#![allow(clippy::result_large_err, reason = "a failure here ends a test")]

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sotto_client::engine::{
    Change, ChatView, Engine, Failure, FileJob, Moment, NewAccount, Outgoing, Returning, Stand,
};
use sotto_client::history::What;
use sotto_client::store::{Store, StoreKey};
use sotto_client::timeline::{Message, State};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::secret::Secret;
use sotto_native_client::files::perform;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, Method, UserName, decode, limits, wire};
use sotto_server::bus::LocalBus;
use sotto_server::clock::{Clock as _, ManualClock, Timestamp};
use sotto_server::services::{Answer, Caller, Ports, Services, Settings};
use sotto_server::store::{Store as ServerStore, open_sqlite};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server over SQLite, at a time that stands still unless it is moved.
pub struct Town {
    pub clock: Arc<ManualClock>,
    services: Arc<Services>,
    store: Arc<dyn ServerStore>,
    runtime: Runtime,
    folder: TempDir,
}

/// One device of somebody, with its store on disk.
pub struct Handset<'t> {
    pub engine: Engine,
    pub changes: Vec<Change>,
    town: &'t Town,
    rng: StdRng,
    store: String,
    /// What is due and was not done, where things are done one by one.
    due: VecDeque<Due>,
    /// How far the device's own clock is ahead of the truth.
    pub clock_ahead_ms: i64,
    /// Whether its next commit is spoiled on the way, so that the server takes it and no member can.
    pub spoils_a_commit: bool,
}

enum Due {
    Call(Outgoing),
    Job(FileJob),
}

impl Town {
    pub fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = TempDir::with_prefix("sotto-client-").unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_millis(1_800_000_000_000)));
        let (services, store) = runtime.block_on(async {
            let store = open_sqlite(folder.path()).await.unwrap();
            let blobs = sotto_server::blobs::open(None, folder.path()).unwrap();
            let secret = Arc::new(Secret::generate(&mut StdRng::seed_from_u64(7)));
            let bus = Arc::new(LocalBus::default());
            let ports = Ports { store: store.clone(), bus, blobs, clock: clock.clone(), secret };
            (Services::new(ports, Settings { rate_percent: 0, ..Settings::default() }), store)
        });
        Self { clock, services, store, runtime, folder }
    }

    /// A device fresh from the shop.
    pub fn handset(&self, seed: u64) -> Handset<'_> {
        let store = self.folder.path().join(format!("handset-{seed}.db")).to_str().unwrap().to_owned();
        let engine = Engine::open(open(&store)).unwrap();
        Handset {
            engine,
            changes: Vec::new(),
            town: self,
            rng: StdRng::seed_from_u64(seed),
            store,
            due: VecDeque::new(),
            clock_ahead_ms: 0,
            spoils_a_commit: false,
        }
    }

    /// Somebody new, registered and with everything on the server.
    pub fn register(&self, name: &str, seed: u64) -> Handset<'_> {
        let mut handset = self.handset(seed);
        handset.register(name);
        handset
    }

    /// Another device of somebody.
    pub fn sign_in(&self, name: &str, seed: u64) -> Handset<'_> {
        let mut handset = self.handset(seed);
        handset.sign_in(name);
        handset
    }

    /// Alice and Bob, who have met.
    pub fn friends(&self) -> (Handset<'_>, Handset<'_>, ConversationId) {
        let (mut alice, mut bob) = (self.register("alice", 1), self.register("bob", 2));
        let chat = alice.start_direct("bob", "Ciao Bob");
        bob.accepts(chat);
        alice.catch_up();
        (alice, bob, chat)
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Has the server tell at once what it tells by itself a moment later: whose keys changed.
    pub fn tell(&self) {
        self.runtime.block_on(async { while self.store.tell_members(100).await.unwrap() > 0 {} });
    }

    /// Has the server publish at once what it publishes by itself a moment later: what became of everybody's keys.
    pub fn publish(&self) {
        self.runtime.block_on(self.services.keep_up_once()).unwrap();
    }

    /// Where people keep their files, and the server its.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The parts of all files that the server keeps, in order.
    pub fn parts(&self) -> Vec<PathBuf> {
        let mut parts = files_in(&self.folder.path().join("blobs"));
        parts.sort();
        parts
    }

    /// How much somebody may keep on the server.
    pub fn set_quota(&self, of: &Handset<'_>, bytes: u64) {
        let account = of.engine.own_account().unwrap();
        self.runtime.block_on(self.store.set_quota(account, bytes)).unwrap();
    }

    /// Reservations that got nothing for long end, as in the server's upkeep.
    pub fn end_reservations(&self) {
        self.runtime.block_on(self.store.end_reservations(self.clock.now(), 100)).unwrap();
    }

    fn call(&self, outgoing: &Outgoing) -> Result<Vec<Bytes>, Failure> {
        self.runtime.block_on(async {
            let refused = |failure: sotto_server::services::Failure| Failure::Refused(failure.into_detail());
            let token = outgoing.token.as_ref().map(|token| token.as_str());
            let token = token.map(|token| self.services.verify_token(token)).transpose().map_err(refused)?;
            let caller = Caller { address: [127, 0, 0, 1].into(), token };
            match self.services.call(outgoing.method, &caller, outgoing.body.clone()).await.map_err(refused)? {
                Answer::Reply(reply) => Ok(vec![reply]),
                Answer::Items(items) => {
                    let items: Vec<_> = items.collect().await;
                    items.into_iter().collect::<Result<_, _>>().map_err(refused)
                }
            }
        })
    }
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

fn open(path: &str) -> Store {
    Store::open(path, &StoreKey::take(&mut [9; StoreKey::LENGTH])).unwrap()
}

/// The commit with its last byte changed, which is of the tag that only members can check (RFC 9420 §6.2).
fn spoiled(body: Bytes) -> Bytes {
    let mut request: wire::CommitRequest = decode(body, limits::MESSAGE_MAX).unwrap();
    let mut commit = request.commit.to_vec();
    *commit.last_mut().unwrap() ^= 1;
    request.commit = commit.into();
    request.encode_to_vec().into()
}

/// The password of whoever has this name.
pub fn password_of(name: &str) -> Password {
    Password::new(&format!("{name} likes horses")).unwrap()
}

pub fn text(text: &str) -> Content {
    let body = wire::RichText { text: text.to_owned(), ranges: Vec::new() };
    Content::Text(wire::TextMessage { body: Some(body), ..Default::default() })
}

impl<'t> Handset<'t> {
    /// Runs something on the engine at the present moment.
    pub fn with<T>(&mut self, run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let now_ms = self.town.clock.now().unix_millis().saturating_add_signed(self.clock_ahead_ms);
        let value = run(&mut self.engine, &mut Moment { now_ms, rng: &mut self.rng });
        self.changes.extend(self.engine.changes());
        value
    }

    pub fn register(&mut self, name: &str) {
        let chosen = NewAccount {
            user_name: UserName::parse("user_name", name).unwrap(),
            email: String::new(),
            password: password_of(name),
            cost: StretchCost::MINIMUM,
            device_name: format!("{name}'s phone"),
        };
        self.with(|engine, moment| engine.register(chosen, moment)).unwrap();
        self.settle();
        assert!(self.engine.is_signed_in(), "{:?}", self.changes);
    }

    pub fn sign_in(&mut self, name: &str) {
        let returning = Returning {
            login_name: name.to_owned(),
            password: password_of(name),
            device_name: format!("{name}'s laptop"),
        };
        self.with(|engine, moment| engine.sign_in(returning, moment)).unwrap();
        self.settle();
    }

    /// Signs in, and stops before it hears anything of what the account has.
    pub fn begins_to_sign_in(&mut self, name: &str) {
        let returning =
            Returning { login_name: name.to_owned(), password: password_of(name), device_name: String::new() };
        self.with(|engine, moment| engine.sign_in(returning, moment)).unwrap();
        while !self.engine.is_signed_in() {
            assert!(self.one_call(0, false), "{:?}", self.changes);
            self.town.pass(Duration::from_mins(1));
        }
    }

    /// Makes calls until there is nothing left to say.
    pub fn settle(&mut self) {
        let mut made = Vec::new();
        for _ in 0..1_000 {
            let (outgoing, jobs) = (self.with(Engine::outgoing).unwrap(), self.engine.file_jobs());
            if outgoing.is_empty() && jobs.is_empty() {
                return;
            }
            for job in jobs {
                let answer = perform(&job);
                self.with(|engine, moment| engine.file_answer(job.number, answer, moment)).unwrap();
            }
            for mut call in outgoing {
                if self.spoils_a_commit && call.method == Method::ConversationCommit {
                    self.spoils_a_commit = false;
                    call.body = spoiled(call.body);
                }
                let answer = self.town.call(&call);
                made.push((call.method, answer.is_ok()));
                self.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
            }
        }
        panic!("the engine never comes to rest: {:?}", &made[made.len().saturating_sub(12)..]);
    }

    /// Makes one call that is due, the `nth` of them, and loses the answer if wanted. Says whether there was one.
    pub fn one_call(&mut self, nth: usize, lose: bool) -> bool {
        let outgoing = self.with(Engine::outgoing).unwrap();
        let Some(chosen) = outgoing.get(nth % outgoing.len().max(1)).cloned() else { return false };
        for call in &outgoing {
            let answer = if call.ticket == chosen.ticket { self.town.call(call) } else { Err(Failure::Unreachable) };
            let answer = if lose { Err(Failure::Unreachable) } else { answer };
            self.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
        }
        true
    }

    /// Makes a call and gives the answer, without handing it in.
    pub fn call(&self, call: &Outgoing) -> Result<Vec<Bytes>, Failure> {
        self.town.call(call)
    }

    /// Accepts a request, if a conversation is one.
    pub fn accepts(&mut self, chat: ConversationId) {
        self.catch_up();
        if self.chat(chat).stand == Stand::Requested {
            self.with(|engine, moment| engine.accept(chat, moment)).unwrap();
            self.settle();
        }
    }

    /// Makes calls until one of this method is answered, and that answer is lost.
    pub fn loses_the_answer_of(&mut self, method: Method) {
        self.with(Engine::connected).unwrap();
        for _ in 0..100 {
            for call in self.with(Engine::outgoing).unwrap() {
                let answer = self.town.call(&call);
                let lost = call.method == method && answer.is_ok();
                let answer = if lost { Err(Failure::Unreachable) } else { answer };
                self.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
                if lost {
                    return;
                }
            }
        }
        panic!("no {method:?} was called");
    }

    /// Makes one call, or does one job with a file, of those that are due; in the end there is none.
    pub fn one_move(&mut self) -> bool {
        let (calls, jobs) = (self.with(Engine::outgoing).unwrap(), self.engine.file_jobs());
        self.due.extend(calls.into_iter().map(Due::Call));
        self.due.extend(jobs.into_iter().map(Due::Job));
        match self.due.pop_front() {
            Some(Due::Call(call)) => {
                let answer = self.town.call(&call);
                self.with(|engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
            }
            Some(Due::Job(job)) => {
                let answer = perform(&job);
                self.with(|engine, moment| engine.file_answer(job.number, answer, moment)).unwrap();
            }
            None => return false,
        }
        true
    }

    /// Asks what is new, and makes all calls that follow.
    pub fn catch_up(&mut self) {
        self.with(Engine::connected).unwrap();
        self.settle();
    }

    /// The program ends in the middle of whatever it did, and begins again with what its store has.
    #[must_use]
    pub fn crash(self) -> Handset<'t> {
        let Self { engine, town, rng, store, clock_ahead_ms, .. } = self;
        drop(engine);
        let engine = Engine::open(open(&store)).unwrap();
        Handset {
            engine,
            changes: Vec::new(),
            town,
            rng,
            store,
            due: VecDeque::new(),
            clock_ahead_ms,
            spoils_a_commit: false,
        }
    }

    pub fn start_direct(&mut self, name: &str, greeting: &str) -> ConversationId {
        let name = UserName::parse("user_name", name).unwrap();
        self.with(|engine, moment| engine.start_direct(&name, Some(text(greeting)), moment)).unwrap();
        self.settle();
        self.started().unwrap_or_else(|| panic!("not started: {:?}", self.changes))
    }

    pub fn started(&mut self) -> Option<ConversationId> {
        let found = self.changes.iter().rev().find_map(|change| match change {
            Change::Started(chat) => Some(*chat),
            _ => None,
        });
        self.changes.clear();
        found
    }

    pub fn says(&mut self, chat: ConversationId, words: &str) {
        self.with(|engine, moment| engine.send(chat, text(words), moment)).unwrap();
        self.settle();
    }

    /// All texts of a conversation, after asking what is new.
    pub fn hears(&mut self, chat: ConversationId) -> Vec<String> {
        self.catch_up();
        self.texts(chat)
    }

    pub fn texts(&self, chat: ConversationId) -> Vec<String> {
        let items = self.engine.page(chat, None, 1_000).unwrap();
        let texts = items.into_iter().filter_map(|item| match item.what {
            What::Message(Message { state: State::Standing { text, .. }, .. }) => Some(text.body.as_str().to_owned()),
            _ => None,
        });
        texts.collect()
    }

    pub fn chat(&self, chat: ConversationId) -> ChatView {
        self.engine.chat(chat).unwrap().unwrap()
    }

    /// Draws a number for a scenario that wants to be unpredictable.
    pub fn draw(&mut self) -> u64 {
        self.rng.next_u64()
    }
}
