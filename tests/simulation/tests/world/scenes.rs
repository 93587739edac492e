//! What must work when nothing goes wrong.

use std::time::Duration;

use sotto_client::engine::{Attempt, Change, Engine, Moment, Stand, Why};
use sotto_crypto::mls::governance::{History, Kind, Policy, Role};
use sotto_proto::ConversationId;
use sotto_simulation::life::{self, Stage};
use sotto_simulation::network::Weather;

use crate::world::{MINUTE, World, name};

impl World {
    /// Opens the chat of two people, which the second accepts. The devices are theirs.
    pub(crate) fn befriend(&mut self, one: usize, other: usize) -> ConversationId {
        let person = name(&self.devices[other].person);
        self.act(one, "looks for somebody", |engine, moment| engine.start_direct(&person, None, moment)).unwrap();
        self.run_for(MINUTE);
        let other_account = self.account(other);
        let chat = self.chats(one).into_iter().find(|chat| chat.other == Some(other_account)).unwrap().id;
        if self.engine(other).chat(chat).unwrap().is_some_and(|chat| chat.stand == Stand::Requested) {
            self.act(other, "accepts", |engine, moment| engine.accept(chat, moment)).unwrap();
        }
        self.run_for(MINUTE);
        chat
    }

    pub(crate) fn found(&mut self, founder: usize, members: &[usize]) -> ConversationId {
        let members: Vec<_> = members.iter().map(|member| self.account(*member)).collect();
        let group = self.act(founder, "founds a group", |engine, moment| engine.start_group("us", &members, moment));
        self.run_for(MINUTE);
        group.unwrap()
    }
}

impl Stage for World {
    fn unpack(&mut self, person: &str) -> usize {
        Self::unpack(self, person)
    }

    fn engine(&self, device: usize) -> &Engine {
        Self::engine(self, device)
    }

    fn act<T>(&mut self, device: usize, work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        Self::act(self, device, "plays its part", work)
    }

    fn pass(&mut self, time: Duration) {
        self.run_for(time.as_millis().try_into().unwrap());
    }

    fn switch(&mut self, device: usize, on: bool) {
        if on { self.crash(device) } else { self.go_away(device) }
    }
}

/// The same life as on the real services.
#[test]
fn a_whole_life_in_all_weathers() {
    for (seed, weather, crashes) in [(50, Weather::FAIR, 0), (51, Weather::FOUL, 0), (52, Weather::FOUL, 20)] {
        let mut world = World::new(seed, weather);
        world.crashes = crashes;
        life::a_whole_life(&mut world);
    }
}

#[test]
fn two_people_talk() {
    let mut world = World::new(1, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    world.say(ann, chat, "hello");
    world.run_for(1_000);
    world.say(ben, chat, "hello yourself");
    world.run_for(1_000);
    assert_eq!(world.texts(ann, chat), ["hello", "hello yourself"]);
    world.calm_down();
    world.check();
}

#[test]
fn a_new_device_has_everything() {
    let mut world = World::new(2, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    world.say(ann, chat, "before");
    world.run_for(MINUTE);
    let tablet = world.sign_in("ben");
    world.run_for(MINUTE);
    world.say(ben, chat, "after");
    world.calm_down();
    assert_eq!(world.texts(tablet, chat), ["before", "after"]);
    world.check();
}

#[test]
fn a_new_device_comes_into_more_chats_than_it_opens_at_a_time() {
    for weather in [Weather::FAIR, Weather::FOUL] {
        let mut world = World::new(27, Weather::FAIR);
        let (ann, ben) = (world.register("ann"), world.register("ben"));
        world.befriend(ann, ben);
        for number in 0..45 {
            let group = world.found(ben, &[ann]);
            world.say(ben, group, &format!("number {number}"));
        }
        world.network.weather = weather;
        let tablet = world.sign_in("ann");
        world.run_for(5 * MINUTE);
        let waiting: Vec<_> = world.chats(tablet).into_iter().filter(|chat| !chat.ready).collect();
        assert!(waiting.is_empty(), "{waiting:?}");
        world.calm_down();
        world.check();
    }
}

#[test]
fn both_start_the_same_chat_at_once_and_have_one() {
    let mut world = World::new(3, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    for (device, other) in [(ann, "ben"), (ben, "ann")] {
        let other = name(other);
        world.act(device, "looks for somebody", |engine, moment| engine.start_direct(&other, None, moment)).unwrap();
    }
    world.calm_down();
    let directs = |device| {
        let chats = world.chats(device).into_iter();
        chats.filter(|chat| chat.other.is_some()).map(|chat| chat.id).collect::<Vec<_>>()
    };
    assert_eq!(directs(ann).len(), 1);
    assert_eq!(directs(ann), directs(ben));
    world.check();
}

#[test]
fn two_commits_at_once_are_both_carried_out_i4() {
    let mut world = World::new(4, Weather::FAIR);
    let (ann, ben, cleo, dan) =
        (world.register("ann"), world.register("ben"), world.register("cleo"), world.register("dan"));
    for other in [ben, cleo, dan] {
        world.befriend(ann, other);
    }
    world.befriend(ben, dan);
    let group = world.found(ann, &[ben]);
    let ben_account = world.account(ben);
    world.act(ann, "promotes ben", |engine, moment| engine.set_role(group, ben_account, Role::Admin, moment)).unwrap();
    world.run_for(MINUTE);
    for (device, newcomer) in [(ann, cleo), (ben, dan)] {
        let account = world.account(newcomer);
        world.act(device, "adds somebody", |engine, moment| engine.add(group, &[account], moment)).unwrap();
    }
    world.calm_down();
    for device in [ann, ben] {
        assert_eq!(world.engine(device).members(group).unwrap().len(), 4);
    }
    world.say(dan, group, "thanks for having me");
    world.calm_down();
    world.check();
}

#[test]
fn whoever_is_removed_reads_no_further_i7() {
    let mut world = World::new(5, Weather::FAIR);
    let (ann, ben, cleo) = (world.register("ann"), world.register("ben"), world.register("cleo"));
    for other in [ben, cleo] {
        world.befriend(ann, other);
    }
    let group = world.found(ann, &[ben, cleo]);
    world.say(ann, group, "the three of us");
    world.run_for(MINUTE);
    let account = world.account(cleo);
    world.act(ann, "removes cleo", |engine, moment| engine.remove(group, account, moment)).unwrap();
    world.run_for(MINUTE);
    world.say(ben, group, "the two of us");
    world.calm_down();
    assert_eq!(world.texts(cleo, group), ["the three of us"]);
    assert_eq!(world.texts(ann, group), ["the three of us", "the two of us"]);
    world.check();
}

#[test]
fn whoever_is_added_again_reads_on() {
    for is_away in [false, true] {
        let mut world = World::new(9, Weather::FAIR);
        let (ann, cleo) = (world.register("ann"), world.register("cleo"));
        world.befriend(ann, cleo);
        let group = world.found(ann, &[cleo]);
        world.say(ann, group, "with cleo");
        world.run_for(MINUTE);
        if is_away {
            world.go_away(cleo);
        }
        let account = world.account(cleo);
        world.act(ann, "removes cleo", |engine, moment| engine.remove(group, account, moment)).unwrap();
        world.run_for(MINUTE);
        world.say(ann, group, "without");
        world.run_for(MINUTE);
        world.act(ann, "adds cleo", |engine, moment| engine.add(group, &[account], moment)).unwrap();
        world.run_for(MINUTE);
        world.say(ann, group, "with cleo again");
        if is_away {
            world.crash(cleo);
        }
        world.calm_down();
        assert_eq!(world.texts(cleo, group), ["with cleo", "with cleo again"]);
        world.say(cleo, group, "hello again");
        world.calm_down();
        world.check();
    }
}

#[test]
fn a_device_that_comes_in_while_others_talk_misses_nothing() {
    for seed in 30..33 {
        let mut world = World::new(seed, Weather::FAIR);
        let (ann, ben) = (world.register("ann"), world.register("ben"));
        let chat = world.befriend(ann, ben);
        let tablet = world.sign_in("ben");
        world.network.weather = Weather { lost_back: 300, delay_ms: (5, 400), ..Weather::FAIR };
        for text in ["one", "two", "three", "four", "five"] {
            world.say(ann, chat, text);
            world.say(ben, chat, text);
            world.run_for(3_000);
        }
        world.calm_down();
        assert_eq!(world.texts(tablet, chat).len(), 10, "seed {seed}");
        world.check();
    }
}

#[test]
fn a_revoked_device_is_out_of_every_group_and_reads_no_further_i7_s5() {
    let mut world = World::new(7, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    let lost = world.sign_in("ben");
    world.run_for(MINUTE);
    world.say(ann, chat, "before");
    world.run_for(MINUTE);
    let device = world.engine(lost).device().unwrap();
    world.revoke(ben, lost);
    world.run_for(MINUTE);
    assert!(!world.engine(lost).is_signed_in());
    world.say(ann, chat, "after");
    world.calm_down();
    let in_group = world.network.server.honest.devices_in(chat).into_iter().map(|(_, device)| device);
    assert!(!in_group.collect::<Vec<_>>().contains(&device));
    assert_eq!(world.texts(lost, chat), ["before"]);
    assert_eq!(world.texts(ben, chat), ["before", "after"]);
    world.check();
}

#[test]
fn what_expired_while_a_device_was_away_does_not_hold_it_up() {
    let mut world = World::new(8, Weather::FAIR);
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    world.befriend(ann, ben);
    let group = world.found(ann, &[ben]);
    let mut policy = Policy::default_for(Kind::Group);
    policy.retention = std::num::NonZeroU32::new(3_600);
    world.act(ann, "sets a time", |engine, moment| engine.set_policy(group, policy, moment)).unwrap();
    world.run_for(MINUTE);
    world.go_away(ben);
    world.say(ann, group, "gone before anybody reads it");
    world.run_for(120 * MINUTE);
    let now = world.network.now_ms();
    world.network.server.honest.prune(now);
    world.say(ann, group, "there in time");
    world.crash(ben);
    world.calm_down();
    assert_eq!(world.texts(ben, group), ["there in time"]);
}

#[test]
fn newcomers_read_everything_where_the_members_want_it() {
    for seed in 40..46 {
        let mut world = World::new(seed, Weather::FAIR);
        let (ann, ben, cleo) = (world.register("ann"), world.register("ben"), world.register("cleo"));
        for other in [ben, cleo] {
            world.befriend(ann, other);
        }
        let group = world.found(ann, &[ben]);
        let policy = Policy { history: History::Everything, ..Policy::default_for(Kind::Group) };
        world.act(ann, "opens the past", |engine, moment| engine.set_policy(group, policy, moment)).unwrap();
        world.run_for(MINUTE);
        (world.network.weather, world.crashes) = (Weather::FOUL, 20);
        for day in 0..3 {
            world.say(ann, group, &format!("day {day}"));
            world.say(ben, group, &format!("good day {day}"));
            world.run_for(25 * 60 * MINUTE);
        }
        let account = world.account(cleo);
        world.act(ann, "adds cleo", |engine, moment| engine.add(group, &[account], moment)).unwrap();
        world.say(ben, group, "welcome");
        world.calm_down();
        // The check wants all of it on the screen of each device that may read all of it.
        assert_eq!(world.texts(cleo, group).len(), 7, "seed {seed}");
        let tablet = world.sign_in("cleo");
        world.calm_down();
        assert_eq!(world.texts(tablet, group).len(), 7, "seed {seed}");
        world.check();
    }
}

#[test]
fn a_wrong_password_is_said_and_lets_nobody_in() {
    let mut world = World::new(6, Weather::FAIR);
    world.register("ann");
    let thief = world.try_password("ann", "a mule");
    world.run_for(MINUTE);
    let wrong = Change::Failed { what: Attempt::SignIn, why: Why::WrongPassword };
    assert_eq!(world.devices[thief].failures, [wrong]);
    assert_eq!(world.engine(thief).own_account(), None);
}
