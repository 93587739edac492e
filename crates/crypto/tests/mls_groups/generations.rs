//! A broken group is followed by a new generation for the same conversation.

use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::Role;
use sotto_crypto::mls::group::{Changes, Group, GroupError, Opening};
use sotto_crypto::mls::key_package::{KeyPackage, KeyPackageSecret};
use sotto_crypto::mls::observer::{Observer, ObserverError};
use sotto_crypto::mls::rules::{Refusal, judge_generation};
use sotto_crypto::mls::standing::Standing;

use crate::people::{Chat, Device, NOW, Person, in_both_suites, refusal, refusal_of, rng};

/// Alice owns, Bob is admin, Mallory and Dora are members; all have refused a commit of Mallory.
struct Broken {
    alice: Person,
    villain: Person,
    dora: Person,
    a: Device,
    b: Device,
    m: Device,
    d: Device,
    chat: Chat,
}

impl Broken {
    fn new(suite: Suite) -> Self {
        let mut rng = rng(50);
        let [alice, bob, villain, dora] = std::array::from_fn(|_| Person::new(&mut rng));
        let [a, b, m, d] = [&alice, &bob, &villain, &dora].map(|person| person.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &m, &d]);
        chat.change(&a, Changes::new().set_role(bob.account, Role::Admin));
        Self { alice, villain, dora, a, b, m, d, chat }
    }

    fn before(&self) -> Standing {
        self.chat.observer.standing().unwrap()
    }

    fn begin(&self, opening: &Opening) -> Result<Observer, ObserverError> {
        let Opening { group_info, tree, pending, .. } = opening;
        let began = Observer::begin_generation(&self.chat.observer, group_info, tree, &pending.commit, NOW);
        began.map(|(observer, _)| observer)
    }
}

#[test]
fn bob_opens_a_generation_without_mallory_and_the_others_follow() {
    in_both_suites(|suite| {
        let mut broken = Broken::new(suite);
        let before = broken.before();
        let (b, devices) = (broken.b.leaf(), [broken.a.leaf(), broken.d.leaf()]);
        let (packages, secrets) = packages(&mut broken.chat, &[&broken.a, &broken.d]);
        let opening =
            Group::open_generation(&broken.b.participant, &before, packages, NOW, &mut broken.chat.rng).unwrap();
        let observer = broken.begin(&opening).unwrap();
        let standing = observer.standing().unwrap();
        assert_eq!((standing.governance.generation, standing.epoch), (2, 1));
        assert_eq!(standing.governance.conversation, before.governance.conversation);
        assert_eq!(standing.governance.roles, before.governance.roles, "the owner is still the owner");
        assert!(!standing.accounts.contains_key(&broken.villain.account));

        let Opening { mut group, tree: _, pending, .. } = opening;
        group.apply_pending().unwrap();
        let (welcome, tree) = (pending.welcome.unwrap(), observer.tree().unwrap());
        let mut groups = vec![group];
        for (secret, device) in secrets.iter().zip([&broken.a, &broken.d]) {
            let alone = Group::join(&device.participant, &welcome, &tree, &[secret], None).unwrap_err();
            assert!(matches!(alone, GroupError::PredecessorNeeded));
            let (joined, opener) = Group::join(&device.participant, &welcome, &tree, &[secret], Some(&before)).unwrap();
            assert_eq!(opener, b);
            groups.push(joined);
        }
        for group in &groups {
            assert_eq!(group.standing().unwrap(), standing);
            assert_eq!(group.epoch_secret().unwrap(), groups[0].epoch_secret().unwrap());
        }
        assert!(devices.iter().all(|leaf| standing.has(leaf)));

        let next = groups[1].commit(Changes::new(), NOW, &mut rng(2)).unwrap();
        let (observer, _) = observer.process(&next.commit, NOW).unwrap();
        assert_eq!(observer.epoch(), 2);
        groups[0].process(&next.commit, NOW).unwrap();
    });
}

#[test]
fn a_plain_member_may_reopen_for_all_but_leave_nobody_out() {
    in_both_suites(|suite| {
        let mut broken = Broken::new(suite);
        let with_all = packages(&mut broken.chat, &[&broken.a, &broken.b, &broken.m]).0;
        let before = broken.before();
        let opening =
            Group::open_generation(&broken.d.participant, &before, with_all, NOW, &mut broken.chat.rng).unwrap();
        assert_eq!(broken.begin(&opening).unwrap().standing().unwrap().accounts.len(), 4);

        let without_alice = packages(&mut broken.chat, &[&broken.b, &broken.m]).0;
        let coup = Group::open_generation(&broken.d.participant, &before, without_alice, NOW, &mut broken.chat.rng);
        assert_eq!(refusal_of(coup.unwrap_err()), Refusal::MayNotRemove(broken.alice.account));
    });
}

#[test]
fn a_generation_brings_no_new_device_and_no_other_account() {
    let mut broken = Broken::new(Suite::Classical);
    let tablet = broken.dora.device(&mut rng(3));
    let stranger = Person::new(&mut rng(4)).device(&mut rng(5));
    for new in [&tablet, &stranger] {
        let (packages, _) = packages(&mut broken.chat, &[&broken.b, &broken.m, &broken.d, new]);
        let before = broken.before();
        let opened = Group::open_generation(&broken.a.participant, &before, packages, NOW, &mut broken.chat.rng);
        let refused = opened.unwrap_err();
        assert_eq!(refusal_of(refused), Refusal::BadSuccession);
    }
}

#[test]
fn the_server_refuses_a_generation_that_does_not_follow() {
    let mut broken = Broken::new(Suite::Classical);
    let (before, packages) = (broken.before(), packages(&mut broken.chat, &[&broken.b, &broken.m, &broken.d]).0);
    let opening = Group::open_generation(&broken.a.participant, &before, packages, NOW, &mut broken.chat.rng).unwrap();
    let later = broken.begin(&opening).unwrap();
    let Opening { group_info, tree, pending, .. } = &opening;
    let again = Observer::begin_generation(&later, group_info, tree, &pending.commit, NOW).unwrap_err();
    let ObserverError::Handshake(error) = again else { panic!("{again:?}") };
    assert_eq!(refusal(error), Refusal::BadSuccession, "generation 2 does not follow itself");
    let fresh = Observer::begin(group_info, tree, &broken.chat.server.verifying_key(), NOW);
    assert!(fresh.is_err(), "a later generation does not begin a conversation");
}

#[test]
fn roles_go_with_those_who_are_left_out_and_stay_with_the_others() {
    let mut broken = Broken::new(Suite::Classical);
    let (before, packages) = (broken.before(), packages(&mut broken.chat, &[&broken.b]).0);
    let opening = Group::open_generation(&broken.a.participant, &before, packages, NOW, &mut broken.chat.rng).unwrap();
    let standing = broken.begin(&opening).unwrap().standing().unwrap();
    assert_eq!(standing.role(&broken.b.leaf().account), Some(Role::Admin));
    let without = self::packages(&mut broken.chat, &[&broken.m, &broken.d]).0;
    let opening = Group::open_generation(&broken.a.participant, &before, without, NOW, &mut broken.chat.rng).unwrap();
    let standing = broken.begin(&opening).unwrap().standing().unwrap();
    assert_eq!(standing.governance.roles.len(), 1, "the admin is gone, and his role with him");
}

#[test]
fn who_is_added_later_needs_no_predecessor() {
    let mut broken = Broken::new(Suite::Classical);
    let (before, all) = (broken.before(), packages(&mut broken.chat, &[&broken.b, &broken.m, &broken.d]).0);
    let opening = Group::open_generation(&broken.a.participant, &before, all, NOW, &mut broken.chat.rng).unwrap();
    let observer = broken.begin(&opening).unwrap();
    let mut group = opening.group;
    group.apply_pending().unwrap();
    let carol = Person::new(&mut rng(6)).device(&mut rng(7));
    let (package, secret) = broken.chat.key_package(&carol);
    let pending = group.commit(Changes::new().add_device(package), NOW, &mut rng(8)).unwrap();
    let (observer, _) = observer.process(&pending.commit, NOW).unwrap();
    let (welcome, tree) = (pending.welcome.unwrap(), observer.tree().unwrap());
    let (joined, _) = Group::join(&carol.participant, &welcome, &tree, &[&secret], None).unwrap();
    assert_eq!(joined.standing().unwrap(), observer.standing().unwrap());
}

#[test]
fn a_generation_begins_at_its_beginning() {
    let mut rng = rng(9);
    let a = Person::new(&mut rng).device(&mut rng);
    let chat = Chat::group(Suite::Classical, &a);
    let before = chat.observer.standing().unwrap();
    let opening = Group::open_generation(&a.participant, &before, Vec::new(), NOW, &mut rng).unwrap();
    let begin = |info: &[u8], tree: &[u8], commit: &[u8]| {
        Observer::begin_generation(&chat.observer, info, tree, commit, NOW).map(|(observer, _)| observer.epoch())
    };
    assert_eq!(begin(&opening.group_info, &opening.tree, &opening.pending.commit).unwrap(), 1);
    let mut group = opening.group;
    group.apply_pending().unwrap();
    let (info, tree) = (group.group_info().unwrap(), group.tree().unwrap());
    let second = group.commit(Changes::new(), NOW, &mut rng).unwrap();
    assert!(matches!(begin(&info, &tree, &second.commit), Err(ObserverError::NotABeginning)), "one member, in epoch 1");
}

#[test]
fn succession_keeps_agreement_and_suite() {
    let broken = Broken::new(Suite::PostQuantum);
    let before = broken.before();
    let mut after = before.clone();
    after.epoch = 1;
    after.governance.generation = 2;
    let opener = broken.d.leaf();
    assert_eq!(judge_generation(&before, &opener, &after), Ok(()));

    let spoil = |change: &dyn Fn(&mut Standing)| {
        let mut spoiled = after.clone();
        change(&mut spoiled);
        judge_generation(&before, &opener, &spoiled)
    };
    assert_eq!(spoil(&|next| next.governance.generation = 3), Err(Refusal::BadSuccession));
    assert_eq!(spoil(&|next| next.governance.suite = Suite::Classical), Err(Refusal::BadSuccession));
    assert_eq!(spoil(&|next| next.governance.policy.add = Role::Member), Err(Refusal::BadSuccession));
    assert_eq!(spoil(&|next| next.governance.roles.clear()), Err(Refusal::BadSuccession));
    assert_eq!(
        spoil(&|next| drop(next.accounts.remove(&broken.m.leaf().account))),
        Err(Refusal::MayNotRemove(broken.m.leaf().account))
    );
    let mut stronger = Standing { governance: before.governance.clone(), ..before.clone() };
    stronger.governance.suite = Suite::Classical;
    let mut upgraded = after.clone();
    upgraded.governance.suite = Suite::PostQuantum;
    assert_eq!(judge_generation(&stronger, &opener, &upgraded), Ok(()), "a stronger suite may follow");
}

fn packages(chat: &mut Chat, devices: &[&Device]) -> (Vec<KeyPackage>, Vec<KeyPackageSecret>) {
    devices.iter().map(|device| chat.key_package(device)).unzip()
}
