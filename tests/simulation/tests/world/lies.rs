//! A server that lies to one device: what that device then shows, and what it never does.

use sotto_client::engine::{Attempt, Change, Line, Trouble, Why};
use sotto_proto::ConversationId;
use sotto_simulation::mischief::Trick;
use sotto_simulation::network::{Peer, Weather};

use crate::world::{MINUTE, World};

/// Two who talk, and the second of them is about to be lied to.
struct Pair {
    world: World,
    ann: usize,
    ben: usize,
    chat: ConversationId,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, Weather::FAIR);
        let (ann, ben) = (world.register("ann"), world.register("ben"));
        let chat = world.befriend(ann, ben);
        world.say(ann, chat, "welcome");
        world.run_for(MINUTE);
        Self { world, ann, ben, chat }
    }

    /// Ben's device is away while things are said, and is lied to when it comes back.
    fn lie(&mut self, trick: Trick, said: &[&str]) {
        self.world.network.server.begin(Peer(self.ben), Trick::RolledBack);
        for text in said {
            self.world.say(self.ann, self.chat, text);
            self.world.run_for(1_000);
        }
        self.world.note(&format!("--- {} ---", trick.case()));
        self.world.network.server.begin(Peer(self.ben), trick);
        self.world.crash(self.ben);
        self.world.run_for(5 * MINUTE);
    }

    fn seen(&self) -> Vec<String> {
        self.world.texts(self.ben, self.chat)
    }

    fn trouble(&self) -> Option<Trouble> {
        self.world.engine(self.ben).chat(self.chat).unwrap().unwrap().trouble
    }

    fn has_line(&self, chat: ConversationId, wanted: Line) -> bool {
        self.world.engine(self.ben).lines(chat, 0).unwrap().iter().any(|placed| placed.line == wanted)
    }
}

#[test]
fn a_replayed_message_is_shown_once_s6() {
    for times in [1, 99] {
        let mut pair = Pair::new(10);
        pair.lie(Trick::Replay(pair.chat, times), &["one"]);
        assert_eq!(pair.seen(), ["welcome", "one"]);
    }
}

#[test]
fn a_changed_order_is_visible_s7() {
    let mut pair = Pair::new(11);
    pair.lie(Trick::Reorder(pair.chat), &["one", "two"]);
    assert_eq!(pair.trouble(), Some(Trouble::LogContradicted));
}

#[test]
fn a_dropped_message_is_visible_at_the_next_s8() {
    let mut pair = Pair::new(12);
    pair.lie(Trick::Drop(pair.chat), &["one", "two"]);
    assert_eq!(pair.trouble(), Some(Trouble::LogContradicted));
}

#[test]
fn a_message_of_another_conversation_does_not_open_s10() {
    let mut pair = Pair::new(13);
    let (ann, ben) = (pair.ann, pair.ben);
    let group = pair.world.found(ann, &[ben]);
    pair.world.say(ann, group, "for the group");
    pair.world.run_for(MINUTE);
    pair.lie(Trick::MovedEvent { from: group, to: pair.chat }, &[]);
    assert_eq!(pair.seen(), ["welcome"]);
    assert!(pair.has_line(pair.chat, Line::Unreadable));
}

#[test]
fn a_reflected_message_does_not_open_s11() {
    let mut pair = Pair::new(14);
    let ben = pair.ben;
    pair.world.say(ben, pair.chat, "mine");
    pair.world.run_for(MINUTE);
    pair.lie(Trick::Reflect(pair.chat), &[]);
    assert_eq!(pair.seen(), ["welcome", "mine"]);
    assert!(pair.has_line(pair.chat, Line::Unreadable));
}

#[test]
fn commits_that_nobody_made_here_let_nobody_in_s4_s5() {
    for seed in [15, 16] {
        let mut pair = Pair::new(seed);
        let (ann, ben) = (pair.ann, pair.ben);
        let cleo = pair.world.register("cleo");
        pair.world.befriend(ann, cleo);
        let group = pair.world.found(ann, &[cleo]);
        let trick = match seed {
            15 => Trick::ForeignCommit { from: group, to: pair.chat },
            _ => Trick::OldCommit(pair.chat),
        };
        pair.lie(trick, &[]);
        assert_eq!(pair.world.engine(ben).members(pair.chat).unwrap().len(), 2);
        assert_eq!(pair.trouble(), Some(Trouble::BadCommit));
    }
}

#[test]
fn nothing_is_encrypted_to_a_ghost_s1() {
    let mut pair = Pair::new(17);
    let (ann, ben) = (pair.ann, pair.ben);
    let account = pair.world.account(ann);
    pair.lie(Trick::GhostDevice(account), &[]);
    let group = pair.world.found(ben, &[ann]);
    let honest = &pair.world.network.server.honest;
    let devices = honest.devices_in(group);
    assert!(devices.len() >= 4, "two people, each with a vault: {devices:?}");
    assert!(devices.iter().all(|(account, device)| honest.devices_of(*account).contains(device)));
}

#[test]
fn another_identity_key_is_shown_and_not_taken_s2() {
    let mut pair = Pair::new(18);
    let (ann, ben) = (pair.ann, pair.ben);
    let account = pair.world.account(ann);
    let before = pair.world.engine(ben).contact(account).unwrap().unwrap();
    pair.lie(Trick::ReplacedIdentity(account), &[]);
    let after = pair.world.engine(ben).contact(account).unwrap().unwrap();
    assert_eq!((before.new_identity.is_some(), after.new_identity.is_some()), (false, true));
    assert_eq!(after.identity, before.identity);
}

#[test]
fn devices_of_somebody_else_are_not_taken_for_a_contacts_s3() {
    let mut pair = Pair::new(19);
    let (ann, ben) = (pair.ann, pair.ben);
    let cleo = pair.world.register("cleo");
    let (from, to) = (pair.world.account(cleo), pair.world.account(ann));
    pair.lie(Trick::MovedDevice { from, to }, &[]);
    let group = pair.world.found(ben, &[ann]);
    let accounts = pair.world.network.server.honest.devices_in(group).into_iter().map(|(account, _)| account);
    assert!(accounts.into_iter().all(|account| account != from));
}

#[test]
fn a_stale_key_package_locks_nobody_out_s12() {
    let mut pair = Pair::new(20);
    let (ann, ben) = (pair.ann, pair.ben);
    let first = pair.world.found(ben, &[ann]);
    pair.lie(Trick::StaleKeyPackage, &[]);
    let second = pair.world.found(ben, &[ann]);
    pair.world.network.server.repent();
    pair.world.calm_down();
    for group in [first, second] {
        pair.world.say(ben, group, "can you read this?");
        pair.world.run_for(MINUTE);
        assert_eq!(pair.world.texts(ann, group), ["can you read this?"]);
    }
}

#[test]
fn a_server_with_another_version_of_the_protocol_is_not_talked_to_s13() {
    let Pair { mut world, .. } = Pair::new(26);
    world.network.server.begin(Peer(world.devices.len()), Trick::WeakerVersion);
    let tablet = world.try_password("ben", "a horse");
    world.run_for(MINUTE);
    let other = Change::Failed { what: Attempt::SignIn, why: Why::OtherProtocol };
    assert_eq!(world.devices[tablet].failures, [other]);
    assert_eq!(world.engine(tablet).own_account(), None);
}

#[test]
fn two_worlds_are_found_out_when_they_meet_s14() {
    let mut pair = Pair::new(21);
    let (ann, ben) = (pair.ann, pair.ben);
    pair.lie(Trick::Fork, &[]);
    pair.world.say(ann, pair.chat, "in the real world");
    pair.world.say(ben, pair.chat, "in another one");
    pair.world.run_for(MINUTE);
    assert_eq!(pair.seen(), ["welcome", "in another one"]);
    pair.world.network.server.repent();
    pair.world.crash(ben);
    pair.world.run_for(MINUTE);
    pair.world.say(ann, pair.chat, "again");
    pair.world.run_for(5 * MINUTE);
    assert_eq!(pair.trouble(), Some(Trouble::LogContradicted));
}

#[test]
fn whoever_is_not_told_of_a_removal_sends_nothing_to_the_removed_s15() {
    let mut pair = Pair::new(22);
    let (ann, ben) = (pair.ann, pair.ben);
    let cleo = pair.world.register("cleo");
    for other in [ben, cleo] {
        pair.world.befriend(ann, other);
    }
    let group = pair.world.found(ann, &[ben, cleo]);
    pair.lie(Trick::WithheldCommits, &[]);
    let account = pair.world.account(cleo);
    pair.world.act(ann, "removes cleo", |engine, moment| engine.remove(group, account, moment)).unwrap();
    pair.world.run_for(MINUTE);
    pair.world.say(ben, group, "do not tell cleo");
    pair.world.run_for(5 * MINUTE);
    assert_eq!(pair.world.engine(ben).queued(group).unwrap().len(), 1);
    assert!(pair.world.texts(cleo, group).is_empty());
    pair.world.network.server.repent();
    pair.world.crash(ben);
    pair.world.calm_down();
    assert_eq!(pair.world.texts(ann, group), ["do not tell cleo"]);
    assert!(pair.world.texts(cleo, group).is_empty());
}

#[test]
fn a_log_that_became_shorter_is_visible_s16() {
    let mut pair = Pair::new(23);
    let (ann, ben) = (pair.ann, pair.ben);
    let then = pair.world.network.server.honest.clone();
    pair.world.say(ann, pair.chat, "seen and denied");
    pair.world.run_for(MINUTE);
    assert_eq!(pair.seen(), ["welcome", "seen and denied"]);
    pair.world.network.server.begin_from(Peer(ben), Trick::RolledBack, then);
    pair.world.crash(ben);
    pair.world.run_for(5 * MINUTE);
    assert_eq!(pair.trouble(), Some(Trouble::LogTruncated));
    assert_eq!(pair.seen(), ["welcome", "seen and denied"]);
}

#[test]
fn a_log_that_begins_later_is_visible_s16() {
    let mut pair = Pair::new(25);
    pair.lie(Trick::Truncated(pair.chat), &["one", "two", "three"]);
    assert_eq!(pair.trouble(), Some(Trouble::LogContradicted));
}

#[test]
fn wrong_times_change_no_order_s30() {
    let mut pair = Pair::new(24);
    pair.lie(Trick::WrongTimes, &["one", "two"]);
    assert_eq!(pair.seen(), ["welcome", "one", "two"]);
    let ben = pair.ben;
    pair.world.say(ben, pair.chat, "three");
    pair.world.run_for(MINUTE);
    let ann = pair.ann;
    assert_eq!(pair.world.texts(ann, pair.chat), ["welcome", "one", "two", "three"]);
}
