//! A server that lies about keys: what its directory gives away, to whom, and by when.

use sotto_client::engine::{DirectoryPresence, Line, Trouble};
use sotto_proto::ConversationId;
use sotto_simulation::mischief::Trick;
use sotto_simulation::network::{Peer, Weather};

use crate::world::{MINUTE, World};

/// Ann and Ben, who have talked, and have checked each other's keys.
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
        assert!(matches!(world.engine(ben).directory().unwrap(), DirectoryPresence::Present { epoch } if epoch > 0));
        Self { world, ann, ben, chat }
    }

    fn lie_to(&mut self, device: usize, trick: Trick) {
        self.world.note(&format!("--- {} ---", trick.case()));
        self.world.network.server.begin(Peer(device), trick);
        self.world.crash(device);
        self.world.run_for(5 * MINUTE);
    }

    fn faults(&self, device: usize) -> Vec<Trouble> {
        self.world.engine(device).key_faults().unwrap().into_iter().map(|fault| fault.trouble).collect()
    }
}

#[test]
fn honest_servers_are_believed_and_everybody_sees_one_directory() {
    let pair = Pair::new(40);
    for device in [pair.ann, pair.ben] {
        assert_eq!(pair.faults(device), []);
    }
}

#[test]
fn s24_two_directories_are_found_out_by_the_next_message_between_their_sides() {
    let mut pair = Pair::new(41);
    let (ann, ben) = (pair.ann, pair.ben);
    let account = pair.world.account(ann);
    pair.lie_to(ben, Trick::SplitDirectory(account));
    assert!(!pair.faults(ben).contains(&Trouble::DirectoryForked), "he sees one that is consistent in itself");
    // The honest directory goes on as well, and Ann sees it.
    pair.world.register("cleo");
    pair.world.crash(ann);
    pair.world.run_for(MINUTE);
    pair.world.say(ann, pair.chat, "is that you?");
    pair.world.run_for(MINUTE);
    assert!(pair.faults(ben).contains(&Trouble::DirectoryForked), "{:?}", pair.faults(ben));
    let lines = pair.world.engine(ben).lines(pair.chat, 0).unwrap();
    assert!(lines.iter().any(|placed| placed.line == Line::Trouble(Trouble::DirectoryForked)), "where they talk");
}

#[test]
fn s25_a_directory_that_went_back_is_seen_at_the_next_start() {
    let mut pair = Pair::new(42);
    let ben = pair.ben;
    let then = pair.world.network.server.honest.clone();
    pair.world.register("cleo");
    pair.world.crash(ben);
    pair.world.run_for(MINUTE);
    pair.world.network.server.begin_from(Peer(ben), Trick::OldDirectory, then);
    pair.world.crash(ben);
    pair.world.run_for(MINUTE);
    assert_eq!(pair.faults(ben), [Trouble::DirectoryWentBack]);
    pair.world.crash(ben);
    pair.world.run_for(MINUTE);
    assert_eq!(pair.faults(ben), [Trouble::DirectoryWentBack], "said once");
}

#[test]
fn s25_a_directory_that_is_withdrawn_is_missed() {
    let mut pair = Pair::new(43);
    let ben = pair.ben;
    pair.lie_to(ben, Trick::NoDirectory);
    assert_eq!(pair.faults(ben), [Trouble::DirectoryWithdrawn]);
}

#[test]
fn s26_a_key_that_its_owner_never_made_is_seen_by_its_owner() {
    let mut pair = Pair::new(44);
    let ann = pair.ann;
    let account = pair.world.account(ann);
    pair.lie_to(ann, Trick::HiddenKey(account));
    if !pair.faults(ann).contains(&Trouble::ForeignKey) {
        pair.world.fail("the owner has not seen it");
    }
}

#[test]
fn a_swapped_key_and_a_ghost_are_not_in_the_directory_and_nothing_is_sent_s1_s2() {
    for (seed, ghost) in [(45, true), (46, false)] {
        let mut pair = Pair::new(seed);
        let (ann, ben) = (pair.ann, pair.ben);
        let account = pair.world.account(ann);
        let trick = if ghost { Trick::GhostDevice(account) } else { Trick::ReplacedIdentity(account) };
        pair.world.network.server.begin(Peer(ben), trick);
        // Something about Ann has changed, says the server.
        let news = pair.world.sign_in("ann");
        pair.world.crash(ben);
        pair.world.run_for(5 * MINUTE);
        assert!(pair.faults(ben).contains(&Trouble::KeysNotInDirectory), "{:?}", pair.faults(ben));
        pair.world.say(ben, pair.chat, "for ann alone");
        pair.world.run_for(MINUTE);
        assert_eq!(pair.world.engine(ben).queued(pair.chat).unwrap().len(), 1, "it waits");
        pair.world.network.server.repent();
        for device in [ann, news] {
            assert!(!pair.world.texts(device, pair.chat).contains(&"for ann alone".to_owned()));
        }
    }
}

#[test]
fn a_server_of_before_there_were_directories_works() {
    let mut world = World::new(47, Weather::FAIR);
    world.network.server.honest.forget_directory();
    let (ann, ben) = (world.register("ann"), world.register("ben"));
    let chat = world.befriend(ann, ben);
    world.say(ann, chat, "as before");
    world.run_for(MINUTE);
    assert_eq!(world.texts(ben, chat), ["as before"]);
    assert_eq!(world.engine(ben).directory().unwrap(), DirectoryPresence::Absent);
    assert_eq!(world.engine(ben).key_faults().unwrap(), []);
}
