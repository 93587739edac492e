//! Devices on a network: engines with their stores, each driven as its shell would drive it.

use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_client::engine::{
    Change, ChatView, Engine, EngineError, Errand, Failure as EngineFailure, Moment, NewAccount, Returning, Stand,
    Ticket,
};
use sotto_client::store::{Store, StoreKey};
use sotto_crypto::login::{Password, StretchCost};
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, UserName, wire};
use sotto_simulation::mischief::Mischief;
use sotto_simulation::model::Model;
use sotto_simulation::network::{Arrival, Event, Failure, Network, Peer, Weather};

use tempfile::TempDir;

use crate::ledger::Ledger;

/// Everything.
pub(crate) struct World {
    pub(crate) network: Network<Ticket, Mischief>,
    pub(crate) devices: Vec<Device>,
    pub(crate) ledger: Ledger,
    pub(crate) rng: StdRng,
    /// Shares of 1,000 steps after which a device dies, to be started again.
    pub(crate) crashes: u32,
    trace: Vec<String>,
    /// Where the stores are, if they can be copied.
    disk: Option<TempDir>,
}

/// A device of a person.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) person: String,
    engine: Option<Engine>,
    rng: StdRng,
    listens: bool,
    /// What cannot be done yet is not tried again before this.
    rests_until: u64,
    /// After a stream that broke, the next one begins no earlier.
    listens_from: u64,
    pub(crate) failures: Vec<Change>,
}

impl World {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let server = Mischief::new(Model::new(&mut rng));
        let network = Network::new(server, weather, BEGINNING, rng.random());
        Self { network, devices: Vec::new(), ledger: Ledger::default(), rng, crashes: 0, trace: Vec::new(), disk: None }
    }

    /// The same with stores that can be copied, which takes longer.
    pub(crate) fn on_disk(seed: u64, weather: Weather) -> Self {
        Self { disk: Some(TempDir::with_prefix("sotto-simulation-").unwrap()), ..Self::new(seed, weather) }
    }

    /// A device that nobody is signed in on.
    pub(crate) fn unpack(&mut self, person: &str) -> usize {
        let number = self.devices.iter().filter(|device| device.person == person).count() + 1;
        let name = format!("{person}/{number}");
        let engine = Engine::open(self.open_store(self.devices.len())).unwrap();
        self.devices.push(Device {
            name,
            person: person.to_owned(),
            engine: Some(engine),
            rng: StdRng::seed_from_u64(self.rng.random()),
            listens: false,
            rests_until: 0,
            listens_from: 0,
            failures: Vec::new(),
        });
        self.devices.len() - 1
    }

    fn open_store(&self, device: usize) -> Store {
        let file = self.disk.as_ref().map(|disk| store_file(disk, device));
        let location = file.as_ref().map_or(":memory:", |file| file.to_str().unwrap());
        Store::open(location, &StoreKey::take(&mut [7; StoreKey::LENGTH])).unwrap()
    }

    /// A copy of what a device has stored.
    pub(crate) fn back_up(&mut self, device: usize) -> Vec<u8> {
        self.note(&format!("{} is backed up", self.devices[device].name));
        // Closing moves everything into the one file.
        drop(self.devices[device].engine.take().unwrap().close());
        let backup = std::fs::read(store_file(self.disk.as_ref().unwrap(), device)).unwrap();
        self.start_again(device);
        backup
    }

    /// The device goes on with what it had stored when it was backed up.
    pub(crate) fn roll_back(&mut self, device: usize, backup: &[u8]) {
        self.note(&format!("{} is rolled back", self.devices[device].name));
        drop(self.devices[device].engine.take().unwrap().close());
        std::fs::write(store_file(self.disk.as_ref().unwrap(), device), backup).unwrap();
        self.start_again(device);
    }

    /// A second machine goes on with the same store.
    pub(crate) fn clone_device(&mut self, device: usize) -> usize {
        let backup = self.back_up(device);
        let person = self.devices[device].person.clone();
        let clone = self.unpack(&person);
        self.roll_back(clone, &backup);
        clone
    }

    /// Somebody arrives with a first device, and is signed in when this returns.
    pub(crate) fn register(&mut self, person: &str) -> usize {
        let device = self.unpack(person);
        for _ in 0..TRIES {
            let chosen = NewAccount {
                user_name: name(person),
                email: String::new(),
                password: Password::new("a horse").unwrap(),
                cost: StretchCost::MINIMUM,
                device_name: "phone".to_owned(),
            };
            let begun = self.act(device, "registers", |engine, moment| engine.register(chosen, moment));
            assert!(begun.is_ok());
            if self.wait_for_session(device) {
                return device;
            }
        }
        self.fail("a registration does not succeed")
    }

    /// Somebody takes another device, and is signed in on it when this returns.
    pub(crate) fn sign_in(&mut self, person: &str) -> usize {
        let device = self.unpack(person);
        self.sign_in_again(device);
        device
    }

    /// Its owner types the password on a device whose session has ended.
    pub(crate) fn sign_in_again(&mut self, device: usize) {
        let person = self.devices[device].person.clone();
        for _ in 0..TRIES {
            self.type_password(device, &person, "a horse");
            if self.wait_for_session(device) {
                return;
            }
        }
        self.fail("a login does not succeed")
    }

    /// Somebody tries a password on a device of their own.
    pub(crate) fn try_password(&mut self, person: &str, password: &str) -> usize {
        let device = self.unpack(person);
        self.type_password(device, person, password);
        device
    }

    fn type_password(&mut self, device: usize, person: &str, password: &str) {
        let returning = Returning {
            login_name: person.to_owned(),
            password: Password::new(password).unwrap(),
            device_name: "tablet".to_owned(),
        };
        self.act(device, "signs in", |engine, moment| engine.sign_in(returning, moment)).unwrap();
    }

    fn wait_for_session(&mut self, device: usize) -> bool {
        let until = self.network.now_ms() + 2 * MINUTE;
        while self.network.now_ms() < until && !self.engine(device).is_signed_in() {
            self.run_for(500);
        }
        self.engine(device).is_signed_in()
    }

    pub(crate) fn engine(&self, device: usize) -> &Engine {
        self.devices[device].engine.as_ref().unwrap()
    }

    pub(crate) fn account(&self, device: usize) -> AccountId {
        self.engine(device).own_account().unwrap()
    }

    pub(crate) fn chats(&self, device: usize) -> Vec<ChatView> {
        self.engine(device).chats().unwrap()
    }

    /// The chats of a device in which it may write.
    pub(crate) fn open_chats(&self, device: usize) -> Vec<ChatView> {
        let mut chats = self.chats(device);
        chats.retain(|chat| chat.ready && chat.stand == Stand::Member);
        chats
    }

    /// Lets the engine of a device do something, and carries out what follows.
    pub(crate) fn act<T>(
        &mut self,
        device: usize,
        what: &str,
        work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T,
    ) -> T {
        let now_ms = self.network.now_ms();
        self.note(&format!("{} {what}", self.devices[device].name));
        let Device { engine, rng, .. } = &mut self.devices[device];
        let value = work(engine.as_mut().unwrap(), &mut Moment { now_ms, rng });
        if self.rng.random_range(0..1_000) < self.crashes {
            self.crash(device);
        } else {
            self.drain(device);
        }
        value
    }

    /// Says something, and remembers that it was said.
    pub(crate) fn say(&mut self, device: usize, chat: ConversationId, text: &str) {
        let sent = self.act(device, &format!("says {text:?} in {}", short(chat)), |engine, moment| {
            engine.send(chat, words(text), moment)
        });
        match sent {
            Ok(event) => self.ledger.said(event, chat, self.account(device), text),
            // Somebody else has just ended the membership.
            Err(EngineError::NoSuchChat) => {}
            Err(error) => self.fail(&format!("what is said is not taken: {error}")),
        }
    }

    /// The device dies between two steps, and is started again with what it had stored.
    pub(crate) fn crash(&mut self, device: usize) {
        self.note(&format!("{} dies and comes back", self.devices[device].name));
        let store = self.devices[device].engine.take().unwrap().close();
        self.start(device, store);
    }

    fn start_again(&mut self, device: usize) {
        let store = self.open_store(device);
        self.start(device, store);
    }

    fn start(&mut self, device: usize, store: Store) {
        let engine = Engine::open(store).unwrap();
        let was_in = engine.own_account().is_some();
        let slot = &mut self.devices[device];
        slot.engine = Some(engine);
        slot.listens = false;
        (slot.rests_until, slot.listens_from) = (0, 0);
        self.network.reconnect(Peer(device));
        if was_in {
            let now_ms = self.network.now_ms();
            let Device { engine, rng, .. } = &mut self.devices[device];
            engine.as_mut().unwrap().connected(&mut Moment { now_ms, rng }).unwrap();
            self.drain(device);
        }
    }

    /// The device has no network until it comes back from a crash.
    pub(crate) fn go_away(&mut self, device: usize) {
        self.note(&format!("{} goes away", self.devices[device].name));
        self.network.reconnect(Peer(device));
        self.devices[device].listens = true;
    }

    /// The owner of a device takes another one out of the account.
    pub(crate) fn revoke(&mut self, device: usize, other: usize) {
        let (Some(lost), password) = (self.engine(other).device(), Password::new("a horse").unwrap()) else { return };
        let what = format!("revokes {}", self.devices[other].name);
        self.act(device, &what, |engine, moment| engine.run(password, Errand::RevokeDevice(lost), moment)).unwrap();
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, ms: u64) {
        let until = self.network.now_ms() + ms;
        for _ in 0..STEPS_MAX {
            let due = self.next_due();
            let step_until = due.map_or(until, |(at, _)| at.min(until));
            if let Some(event) = self.network.step(step_until) {
                self.deliver(event);
            } else if let Some((_, device)) = due.filter(|(at, _)| *at <= until) {
                self.wake(device);
            } else {
                return;
            }
        }
        self.fail("the devices never come to rest")
    }

    /// Whoever is alone with bad weather waits for better: everything that was begun ends.
    pub(crate) fn calm_down(&mut self) {
        self.network.weather = Weather::FAIR;
        self.crashes = 0;
        self.note("--- calm ---");
        for _ in 0..ROUNDS {
            self.run_for(3 * MINUTE);
            if !self.ask_for_history() {
                return;
            }
        }
        self.fail("history never ends")
    }

    /// Whether there was more of anything than is here.
    fn ask_for_history(&mut self) -> bool {
        let mut asked = false;
        let signed_in = (0..self.devices.len()).filter(|device| self.engine(*device).is_signed_in());
        for device in signed_in.collect::<Vec<_>>() {
            for chat in self.chats(device) {
                if chat.stand != Stand::Requested && self.engine(device).has_more_history(chat.id).unwrap() {
                    let what = format!("wants the history of {}", short(chat.id));
                    asked |= self.act(device, &what, |engine, moment| engine.want_history(chat.id, moment)).is_ok();
                }
            }
        }
        asked
    }

    fn next_due(&self) -> Option<(u64, usize)> {
        let now_ms = self.network.now_ms();
        let due = self.devices.iter().enumerate().filter_map(|(index, device)| {
            let engine = device.engine.as_ref()?;
            let waits = !device.listens && engine.cursor().is_some() && engine.token().is_some();
            let stream = waits.then_some(device.listens_from);
            let call = engine.next_due_ms().map(|at| at.max(device.rests_until));
            Some((stream.into_iter().chain(call).min()?.max(now_ms), index))
        });
        due.min()
    }

    fn wake(&mut self, device: usize) {
        let now_ms = self.network.now_ms();
        self.devices[device].rests_until = now_ms + 1_000;
        self.act(device, "wakes", Engine::wake).unwrap();
    }

    fn deliver(&mut self, event: Event<Ticket>) {
        let Event { to: Peer(device), what, .. } = event;
        match what {
            Arrival::Reply { ticket, result } => {
                let said = match &result {
                    Ok(_) => format!("hears {ticket:?}"),
                    Err(failure) => format!("hears {ticket:?}: {}", shown(failure)),
                };
                let answer = result.map_err(engine_failure);
                self.act(device, &said, |engine, moment| engine.reply(ticket, answer, moment)).unwrap();
            }
            Arrival::Item(item) => {
                self.act(device, "hears an item", |engine, moment| engine.item(item, moment)).unwrap();
            }
            Arrival::StreamEnded(failure) => {
                self.devices[device].listens = false;
                self.devices[device].listens_from = self.network.now_ms() + STREAM_PAUSE;
                let said = format!("loses its stream: {}", shown(&failure));
                let failure = engine_failure(failure);
                self.act(device, &said, |engine, moment| engine.stream_ended(&failure, moment)).unwrap();
            }
        }
    }

    /// What a shell does after each step.
    fn drain(&mut self, device: usize) {
        let now_ms = self.network.now_ms();
        let Device { engine, rng, name, listens, listens_from, .. } = &mut self.devices[device];
        let engine = engine.as_mut().unwrap();
        let outgoing = engine.outgoing(&mut Moment { now_ms, rng }).unwrap();
        let mut notes = Vec::new();
        for call in outgoing {
            notes.push(format!("{name} calls {:?} {:?} {}", call.ticket, call.method, first_id(&call.body)));
            self.network.send(
                Peer(device),
                call.ticket,
                call.method,
                call.token.map(|token| token.to_string()),
                call.body,
            );
        }
        let changes = engine.changes();
        let stream = engine.cursor().zip(engine.token().map(str::to_owned));
        let may_listen = !*listens && now_ms >= *listens_from;
        if let Some((cursor, token)) = stream.filter(|_| may_listen) {
            *listens = true;
            self.network.listen(Peer(device), token, cursor);
        }
        for note in notes {
            self.note(&note);
        }
        for change in changes {
            if matches!(change, Change::ServerMisbehaves(_) | Change::Failed { .. } | Change::NotSent { .. }) {
                self.note(&format!("{}: {change:?}", self.devices[device].name));
                self.devices[device].failures.push(change);
            }
        }
    }

    pub(crate) fn note(&mut self, line: &str) {
        let seconds = self.network.now_ms() - BEGINNING;
        self.trace.push(format!("{:>9.3} {line}", std::time::Duration::from_millis(seconds).as_secs_f64()));
    }

    /// Stops, and shows what led here.
    pub(crate) fn fail(&self, why: &str) -> ! {
        let from = self.trace.len().saturating_sub(TRACE_SHOWN);
        panic!("{}\n{why}", self.trace[from..].join("\n"))
    }
}

/// The conversation, most often.
fn first_id(body: &[u8]) -> String {
    let id = body.strip_prefix(&[10, 16]).and_then(|rest| rest.first_chunk());
    id.map(|id| short(ConversationId::from_bytes(*id))).unwrap_or_default()
}

pub(crate) fn words(text: &str) -> Content {
    let body = wire::RichText { text: text.to_owned(), ranges: Vec::new() };
    Content::Text(wire::TextMessage { body: Some(body), ..wire::TextMessage::default() })
}

pub(crate) fn name(person: &str) -> UserName {
    UserName::parse("user_name", person).unwrap()
}

pub(crate) fn short(chat: ConversationId) -> String {
    chat.to_string()[..6].to_owned()
}

fn store_file(disk: &TempDir, device: usize) -> PathBuf {
    disk.path().join(format!("{device}.db"))
}

fn engine_failure(failure: Failure) -> EngineFailure {
    match failure {
        Failure::Unreachable => EngineFailure::Unreachable,
        Failure::Refused(detail) => EngineFailure::Refused(detail),
    }
}

fn shown(failure: &Failure) -> String {
    match failure {
        Failure::Unreachable => "lost".to_owned(),
        Failure::Refused(detail) => wire::ErrorCode::of(detail).as_str_name().to_owned(),
    }
}

pub(crate) const MINUTE: u64 = 60_000;
const STREAM_PAUSE: u64 = 1_000;
const BEGINNING: u64 = 1_800_000_000_000;
/// A login is only in memory, and dies with its device.
const TRIES: usize = 30;
const ROUNDS: usize = 20;
const STEPS_MAX: usize = 50_000;
const TRACE_SHOWN: usize = 3_000;
