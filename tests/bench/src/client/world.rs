//! A server in memory, and devices whose engines alone are timed.

use std::collections::VecDeque;

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sotto_client::engine::{Engine, Failure, Moment, NewAccount, Outgoing, Returning};
use sotto_client::store::Store;
use sotto_crypto::login::{Password, StretchCost};
use sotto_proto::{ConversationId, UserName};
use sotto_simulation::model::{Answer, Model};

use super::files::Files;
use crate::clock::now_ms;

pub(super) struct World {
    pub(super) files: Files,
    model: Model,
    rng: StdRng,
    now_ms: u64,
}

pub(super) struct Device {
    pub(super) engine: Engine,
    rng: StdRng,
    /// Calls that it gave out and that were not made yet.
    pending: VecDeque<Outgoing>,
    /// What its engine has taken so far.
    pub(super) spent_ms: f64,
}

impl World {
    pub(super) fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let model = Model::new(&mut rng);
        Self { files: Files::new(), model, rng, now_ms: 1_800_000_000_000 }
    }

    /// Somebody whose device writes to a file.
    pub(super) fn register(&mut self, name: &str) -> Device {
        let store = self.files.store(name);
        self.register_with(name, store)
    }

    /// Somebody whose device nobody measures, and which has its store in memory.
    pub(super) fn register_other(&mut self, name: &str) -> Device {
        self.register_with(name, Files::in_memory())
    }

    fn register_with(&mut self, name: &str, store: Store) -> Device {
        let mut device = Device::new(Engine::open(store).unwrap(), seed_of(name));
        let chosen = NewAccount {
            user_name: user_name(name),
            email: String::new(),
            password: password(),
            cost: StretchCost::MINIMUM,
            device_name: "phone".to_owned(),
        };
        device.act(self, |engine, moment| engine.register(chosen, moment)).unwrap();
        device.settle(self);
        assert!(device.engine.is_signed_in());
        device
    }

    /// The first one starts a chat with the other one, who accepts it.
    pub(super) fn befriend(&mut self, one: &mut Device, other: &mut Device) -> ConversationId {
        let name = user_name(other.engine.user_name().unwrap());
        one.act(self, |engine, moment| engine.start_direct(&name, None, moment)).unwrap();
        one.settle(self);
        other.catch_up(self);
        let chats = other.engine.chats().unwrap();
        let chat = chats.iter().find(|chat| chat.other == one.engine.own_account()).unwrap().id;
        other.act(self, |engine, moment| engine.accept(chat, moment)).unwrap();
        other.settle(self);
        one.catch_up(self);
        chat
    }

    /// Another device of somebody, on which the password was just typed.
    pub(super) fn begin_to_sign_in(&mut self, name: &str, store: &str) -> Device {
        let mut device = Device::new(Engine::open(self.files.store(store)).unwrap(), seed_of(store));
        let login_name = name.to_owned();
        let returning = Returning { login_name, password: password(), device_name: "laptop".to_owned() };
        device.act(self, |engine, moment| engine.sign_in(returning, moment)).unwrap();
        device
    }

    #[expect(clippy::result_large_err, reason = "it is what engines take")]
    fn call(&mut self, call: &Outgoing) -> Result<Vec<Bytes>, Failure> {
        self.now_ms += 1;
        let Self { model, rng, now_ms, .. } = self;
        match model.call(*now_ms, call.token.as_deref().map(String::as_str), call.method, call.body.clone(), rng) {
            Ok(Answer::Reply(reply)) => Ok(vec![reply]),
            Ok(Answer::Pieces(pieces)) => Ok(pieces),
            Ok(Answer::Subscribed) => Err(Failure::Unreachable),
            Err(fault) => Err(Failure::Refused(fault.detail().clone())),
        }
    }
}

impl Device {
    pub(super) fn new(engine: Engine, seed: u64) -> Self {
        Self { engine, rng: StdRng::seed_from_u64(seed), pending: VecDeque::new(), spent_ms: 0.0 }
    }

    /// Lets the engine do something, and counts how long it takes.
    pub(super) fn act<T>(&mut self, world: &World, work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let start = now_ms();
        let value = work(&mut self.engine, &mut Moment { now_ms: world.now_ms, rng: &mut self.rng });
        self.engine.changes();
        self.spent_ms += now_ms() - start;
        value
    }

    /// Makes all calls until there is nothing left to say.
    pub(super) fn settle(&mut self, world: &mut World) {
        self.settle_until(world, |_| false);
    }

    /// Makes calls, in the order of the engine, until something holds.
    pub(super) fn settle_until(&mut self, world: &mut World, holds: impl Fn(&Engine) -> bool) {
        loop {
            if self.pending.is_empty() {
                self.pending = self.act(world, Engine::outgoing).unwrap().into();
            }
            let Some(call) = self.pending.pop_front() else { return };
            self.answer(world, &call);
            if holds(&self.engine) {
                return;
            }
        }
    }

    /// Makes a call and hands in the answer.
    pub(super) fn answer(&mut self, world: &mut World, call: &Outgoing) {
        let answer = world.call(call);
        self.act(world, |engine, moment| engine.reply(call.ticket, answer, moment)).unwrap();
    }

    /// Asks what is new, and makes all calls that follow.
    pub(super) fn catch_up(&mut self, world: &mut World) {
        self.act(world, Engine::connected).unwrap();
        self.settle(world);
    }
}

pub(super) fn user_name(name: &str) -> UserName {
    UserName::parse("user_name", name).unwrap()
}

fn password() -> Password {
    Password::new("a horse of many words").unwrap()
}

fn seed_of(name: &str) -> u64 {
    name.bytes().fold(7, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte))
}
