//! One group, two implementations: members on Sotto's code and members on OpenMLS, with the observer watching.
//!
//! Under suite 0x0003 OpenMLS brings its own cryptography, so nothing is shared but the wire. Under 0x004D it runs on Sotto's
//! provider, because the libraries follow different drafts of X-Wing's key derivation.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, unreachable_pub)]
#[path = "../../../../crates/crypto/tests/mls_groups/people.rs"]
mod people;

mod oscar;
mod shared;

use std::collections::BTreeMap;
use std::time::SystemTime;

use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use rand::RngExt;
use rand::rngs::StdRng;
use sotto_crypto::labels;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::effect::Commit;
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group, Received};
use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, KeyPackage, Usage, generate};
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::time::Time;
use sotto_proto::ConversationId;

use oscar::{Made, Oscar};
use people::{Device, Person, rng};
use shared::Shared;

#[test]
fn two_implementations_share_a_classical_group() {
    ours_founds::<OpenMlsRustCrypto>(Suite::Classical);
    theirs_founds::<OpenMlsRustCrypto>(Suite::Classical);
}

#[test]
fn two_implementations_share_a_post_quantum_group() {
    ours_founds::<Shared>(Suite::PostQuantum);
    theirs_founds::<Shared>(Suite::PostQuantum);
}

/// Alice (ours) founds; Oscar (OpenMLS) joins by Welcome and from outside; both update, add and remove.
fn ours_founds<P: OpenMlsProvider + Default>(suite: Suite) {
    let mut rng = rng(80);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (a, a_tablet, b) = (alice.device(&mut rng), alice.device(&mut rng), bob.device(&mut rng));
    let mut table = Table::<P>::founded_by_ours(suite, &a, rng);

    table.ours_add_theirs(0, &b);
    table.ours_change(0, Changes::new());
    table.theirs_make(0, Oscar::update);
    table.ours_change(0, Changes::new().set_role(bob.account, Role::Admin));

    let carol = Person::new(&mut table.rng).device(&mut rng_of(81));
    table.theirs_add_ours(0, &carol);
    table.ours_change(1, Changes::new());

    let b_tablet = bob.device(&mut table.rng);
    table.theirs_join_externally(&b_tablet, 0);
    table.ours_join_externally(&a_tablet, 0);
    table.theirs_make(1, Oscar::update);

    table.theirs_make(0, |oscar| oscar.remove(&carol.leaf()));
    assert!(!table.ours[1].is_member());
    table.ours_change(0, Changes::new().remove_account(bob.account));
    assert!(table.theirs.iter().all(|oscar| !oscar.is_member()));
}

/// Oscar founds, under an agreement that he knows as bytes only; Alice joins, and a device of hers lets another one in.
fn theirs_founds<P: OpenMlsProvider + Default>(suite: Suite) {
    let mut rng = rng(90);
    let (alice, oscar) = (Person::new(&mut rng), Person::new(&mut rng));
    let (o, o_tablet, a) = (oscar.device(&mut rng), oscar.device(&mut rng), alice.device(&mut rng));
    let mut table = Table::<P>::founded_by_theirs(suite, &o, rng);

    table.theirs_add_ours(0, &a);
    table.ours_change(0, Changes::new());
    table.ours_join_with_info_of_theirs(&o_tablet, 0);
    table.theirs_make(0, Oscar::update);
    table.ours_change(1, Changes::new());

    let leave = table.ours[0].leave().unwrap();
    for proposal in &leave {
        table.deliver(proposal, Maker::Nobody);
    }
    let commit = table.theirs_make(0, Oscar::update);
    assert!(!commit.effects.is_empty());
    assert!(!table.ours[0].is_member());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Ours(usize),
    Theirs(usize),
    Nobody,
}

struct Table<P: OpenMlsProvider> {
    suite: Suite,
    now: Time,
    rng: StdRng,
    conversation: ConversationId,
    observer: Observer,
    ours: Vec<Group>,
    theirs: Vec<Oscar<P>>,
}

impl<P: OpenMlsProvider + Default> Table<P> {
    fn founded_by_ours(suite: Suite, founder: &Device, mut rng: StdRng) -> Self {
        let (governance, now) = (agreement(suite, founder, &mut rng), now());
        let mut group = Group::found(&founder.participant, &governance, now, &mut rng).unwrap();
        let (info, tree) = (group.group_info().unwrap(), group.tree().unwrap());
        let mut observer = Observer::begin(&info, &tree, &governance.server_key, now).unwrap();
        // OpenMLS takes no leaf that is good for longer than it likes; one from a commit has no lifetime.
        let pending = group.commit(Changes::new(), now, &mut rng).unwrap();
        observer = observer.process(&pending.commit, now).unwrap().0;
        group.apply_pending().unwrap();
        let conversation = governance.conversation;
        Self { suite, now, rng, conversation, observer, ours: vec![group], theirs: Vec::new() }
    }

    fn founded_by_theirs(suite: Suite, founder: &Device, mut rng: StdRng) -> Self {
        let (governance, now) = (agreement(suite, founder, &mut rng), now());
        let mut oscar = Oscar::on(founder, suite);
        oscar.found(&governance);
        let observer = Observer::begin(&oscar.group_info(), &oscar.tree(), &governance.server_key, now).unwrap();
        let conversation = governance.conversation;
        Self { suite, now, rng, conversation, observer, ours: Vec::new(), theirs: vec![oscar] }
    }

    fn ours_change(&mut self, who: usize, changes: Changes) -> Commit {
        let pending = self.ours[who].commit(changes, self.now, &mut self.rng).unwrap();
        let commit = self.deliver(&pending.commit, Maker::Ours(who)).unwrap();
        self.agree();
        commit
    }

    fn ours_add_theirs(&mut self, who: usize, device: &Device) {
        let mut oscar = Oscar::on(device, self.suite);
        let package = KeyPackage::parse(&oscar.key_package(self.now.unix_seconds()), self.now).unwrap();
        let pending = self.ours[who].commit(Changes::new().add_device(package), self.now, &mut self.rng).unwrap();
        self.deliver(&pending.commit, Maker::Ours(who));
        oscar.join(&pending.welcome.unwrap(), &self.observer.tree().unwrap());
        self.theirs.push(oscar);
        self.agree();
    }

    fn theirs_make(&mut self, who: usize, make: impl FnOnce(&mut Oscar<P>) -> Made) -> Commit {
        let output = make(&mut self.theirs[who]);
        let commit = self.deliver(&output.commit, Maker::Theirs(who)).unwrap();
        self.agree();
        commit
    }

    fn theirs_add_ours(&mut self, who: usize, device: &Device) {
        let lifetime = DEVICE_LIFETIME / 2;
        let (participant, rng) = (&device.participant, &mut self.rng);
        let (public, secret) = generate(participant, self.suite, Usage::Once, self.now, lifetime, rng).unwrap();
        let output = self.theirs[who].add(&[public]);
        self.deliver(&output.commit, Maker::Theirs(who));
        let (welcome, tree) = (output.welcome.unwrap(), self.observer.tree().unwrap());
        let (group, adder) = Group::join(participant, &welcome, &tree, &[&secret], None).unwrap();
        assert_eq!(adder, self.theirs[who].leaf());
        self.ours.push(group);
        self.agree();
    }

    fn theirs_join_externally(&mut self, device: &Device, helper: usize) {
        let mut oscar = Oscar::on(device, self.suite);
        let output = oscar.join_externally(&self.ours[helper].group_info().unwrap(), &self.observer.tree().unwrap());
        assert!(self.deliver(&output.commit, Maker::Nobody).unwrap().joined);
        self.theirs.push(oscar);
        self.agree();
    }

    fn ours_join_externally(&mut self, device: &Device, helper: usize) {
        let info = self.ours[helper].group_info().unwrap();
        self.ours_join_with(device, &info);
    }

    fn ours_join_with_info_of_theirs(&mut self, device: &Device, helper: usize) {
        let info = self.theirs[helper].group_info();
        self.ours_join_with(device, &info);
    }

    fn ours_join_with(&mut self, device: &Device, info: &[u8]) {
        let tree = self.observer.tree().unwrap();
        let join = Group::join_externally(&device.participant, info, &tree, &mut self.rng).unwrap();
        assert!(self.deliver(&join.commit, Maker::Nobody).unwrap().joined);
        self.ours.push(join.group);
        self.agree();
    }

    /// The observer accepts, the maker merges, all others process.
    fn deliver(&mut self, handshake: &[u8], maker: Maker) -> Option<Commit> {
        let (observer, seen) = self.observer.process(handshake, self.now).unwrap();
        self.observer = observer;
        for (who, group) in self.ours.iter_mut().enumerate().filter(|(_, group)| group.is_member()) {
            if maker == Maker::Ours(who) {
                group.apply_pending().unwrap();
            } else if let Received::Commit(commit) = group.process(handshake, self.now).unwrap() {
                assert_eq!(Observed::Commit(commit), seen);
            }
        }
        for (who, oscar) in self.theirs.iter_mut().enumerate().filter(|(_, oscar)| oscar.is_member()) {
            if maker == Maker::Theirs(who) { oscar.merge() } else { oscar.process(handshake) }
        }
        match seen {
            Observed::Commit(commit) => Some(commit),
            Observed::Proposal(_) => None,
        }
    }

    /// Everybody who is a member has the same tree and the same secret.
    fn agree(&self) {
        let mut secrets = BTreeMap::new();
        for group in self.ours.iter().filter(|group| group.is_member()) {
            assert_eq!(group.tree_hash(), self.observer.tree_hash());
            secrets.insert(group.epoch_secret().unwrap().expose_secret().to_vec(), "ours");
        }
        for oscar in self.theirs.iter().filter(|oscar| oscar.is_member()) {
            assert_eq!(oscar.tree(), self.observer.tree().unwrap());
            secrets.insert(oscar.export(labels::EPOCH, self.conversation.as_bytes()), "theirs");
        }
        assert_eq!(secrets.len(), 1, "one secret for all");
    }
}

fn agreement(suite: Suite, founder: &Device, rng: &mut StdRng) -> Governance {
    Governance {
        conversation: ConversationId::from_bytes(rng.random()),
        generation: 1,
        kind: Kind::Group,
        suite,
        server_key: SigningKey::generate(rng).verifying_key(),
        policy: Policy::default_for(Kind::Group),
        roles: BTreeMap::from([(founder.leaf().account, Role::Owner)]),
    }
}

/// OpenMLS looks at the clock by itself, so these runs use it too.
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Time::from_unix_seconds(since.as_secs())
}

fn rng_of(seed: u64) -> StdRng {
    rng(seed)
}
