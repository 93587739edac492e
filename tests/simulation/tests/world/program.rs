//! What people do, at random.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use sotto_client::engine::{ChatView, Engine, EngineError, Moment, Stand};
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId};
use sotto_simulation::network::Weather;

use crate::world::{World, name, short};

/// Who there is.
const PEOPLE: [&str; 4] = ["ann", "ben", "cleo", "dan"];
/// Never, now and then, all the time; in steps of a thousand.
const CRASHES: [u32; 3] = [0, 15, 150];
const DEVICES_EACH: usize = 2;

impl World {
    /// A few people do many things in bad weather, while their devices die and come back.
    pub(crate) fn live(seed: u64, actions: usize) -> Self {
        let mut world = Self::new(seed, Weather::FAIR);
        let people = world.rng.random_range(2..=PEOPLE.len());
        for person in &PEOPLE[..people] {
            world.register(person);
        }
        world.network.weather = Weather::FOUL;
        world.crashes = CRASHES[world.rng.random_range(0..CRASHES.len())];
        for _ in 0..actions {
            world.do_something();
            let pause = world.rng.random_range(0..4_000);
            world.run_for(pause);
        }
        world.calm_down();
        world
    }

    fn do_something(&mut self) {
        let device = self.rng.random_range(0..self.devices.len());
        if !self.engine(device).is_signed_in() {
            return;
        }
        match self.rng.random_range(0..100) {
            0..45 => self.say_something(device),
            45..55 => self.meet_somebody(device),
            55..62 => self.found_something(device),
            62..74 => self.answer_requests(device),
            74..80 => self.add_somebody(device),
            80..84 => self.remove_somebody(device),
            84..86 => self.leave_something(device),
            86..92 => self.read_something(device),
            92..95 => self.take_another_device(device),
            95 => self.lose_a_device(device),
            _ => self.crash(device),
        }
    }

    fn say_something(&mut self, device: usize) {
        let open = self.open_chats(device);
        let chat = open.choose(&mut self.rng).map(|chat| chat.id);
        let word = self.rng.random_range(0..10_000);
        if let Some(chat) = chat {
            let text = format!("{} says {word}", self.devices[device].name);
            self.say(device, chat, &text);
        }
    }

    fn meet_somebody(&mut self, device: usize) {
        let other = self.rng.random_range(0..self.devices.len());
        let (own, person) = (self.devices[device].person.clone(), self.devices[other].person.clone());
        if own != person {
            let wanted = name(&person);
            self.act(device, &format!("looks for {person}"), |engine, moment| {
                engine.start_direct(&wanted, None, moment)
            })
            .unwrap();
        }
    }

    fn found_something(&mut self, device: usize) {
        let known = self.acquaintances(device);
        let members: Vec<_> = known.into_iter().filter(|_| self.rng.random_bool(0.6)).collect();
        self.act(device, "founds a group", |engine, moment| engine.start_group("us", &members, moment)).unwrap();
    }

    fn answer_requests(&mut self, device: usize) {
        for chat in self.chats(device).into_iter().filter(|chat| chat.stand == Stand::Requested) {
            self.try_in(device, chat.id, "accepts", |engine, moment| engine.accept(chat.id, moment));
        }
    }

    fn add_somebody(&mut self, device: usize) {
        let known = self.acquaintances(device);
        let Some((group, who)) = self.a_group(device).zip(known.choose(&mut self.rng).copied()) else { return };
        self.try_in(device, group, "adds somebody", |engine, moment| engine.add(group, &[who], moment));
    }

    fn remove_somebody(&mut self, device: usize) {
        let Some(group) = self.a_group(device) else { return };
        let own = self.account(device);
        let members = self.engine(device).members(group).unwrap();
        let others: Vec<_> = members.iter().map(|member| member.account).filter(|who| *who != own).collect();
        if let Some(who) = others.choose(&mut self.rng).copied() {
            self.try_in(device, group, "removes somebody", |engine, moment| engine.remove(group, who, moment));
        }
    }

    fn leave_something(&mut self, device: usize) {
        if let Some(group) = self.a_group(device) {
            self.try_in(device, group, "leaves", |engine, moment| engine.leave(group, moment));
        }
    }

    fn read_something(&mut self, device: usize) {
        let open = self.open_chats(device);
        let Some(chat) = open.choose(&mut self.rng).cloned() else { return };
        let seq = chat.last.map_or(0, |item| item.seq);
        self.try_in(device, chat.id, "reads", |engine, moment| engine.mark_read(chat.id, seq, moment));
        self.try_in(device, chat.id, "types", |engine, moment| engine.typing(chat.id, false, moment));
    }

    fn take_another_device(&mut self, device: usize) {
        let person = self.devices[device].person.clone();
        if self.devices.iter().filter(|device| device.person == person).count() < DEVICES_EACH {
            self.sign_in(&person);
        }
    }

    /// Somebody else may have ended the membership, which shows only when the server says so too.
    fn try_in(
        &mut self,
        device: usize,
        chat: ConversationId,
        what: &str,
        work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<(), EngineError>,
    ) {
        match self.act(device, &format!("{what} in {}", short(chat)), work) {
            Ok(()) | Err(EngineError::NoSuchChat) => {}
            Err(error) => self.fail(&format!("it cannot be done: {error}")),
        }
    }

    fn lose_a_device(&mut self, device: usize) {
        let person = self.devices[device].person.clone();
        let mut others =
            (0..self.devices.len()).filter(|other| *other != device && self.devices[*other].person == person);
        if let Some(lost) = others.next_back().filter(|lost| self.engine(*lost).is_signed_in()) {
            self.revoke(device, lost);
        }
    }

    fn a_group(&mut self, device: usize) -> Option<ConversationId> {
        let is_group = |chat: &ChatView| chat.kind == ConversationKind::Group;
        let groups: Vec<_> = self.open_chats(device).into_iter().filter(is_group).collect();
        groups.choose(&mut self.rng).map(|chat| chat.id)
    }

    /// Those with whom the account has a chat.
    fn acquaintances(&self, device: usize) -> Vec<AccountId> {
        let mut known: Vec<_> = self.open_chats(device).into_iter().filter_map(|chat| chat.other).collect();
        known.sort();
        known.dedup();
        known
    }
}
