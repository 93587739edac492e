//! The verbs of a group at some size, post-quantum against classical.
//!
//! All members were added in one commit and nobody but the founder has renewed keys since: the worst case, in which a commit is
//! encrypted to each of them.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group};
use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage, generate};
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::mls::{Participant, Suite};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, ConversationId, DeviceId};

use crate::pair::{Pair, Work};

const NOW: Time = Time::from_unix_seconds(1_800_000_000);

pub(crate) fn pairs(size: usize) -> Vec<Pair> {
    let [hybrid, classical] = [Suite::PostQuantum, Suite::Classical].map(|suite| Rc::new(Crowd::new(suite, size)));
    let pair = |verb, work: fn(&Rc<Crowd>) -> Box<dyn Work>| Pair {
        task: format!("{verb} at {size} members, post-quantum"),
        baseline: "classical".into(),
        ours: work(&hybrid),
        floor: work(&classical),
    };
    vec![pair("commit", commit), pair("process", process), pair("observe", observe), pair("join", join)]
}

/// A group of some size, from four points of view.
struct Crowd {
    founder: SecretVec,
    member: SecretVec,
    observer: Observer,
    /// A commit of the founder that renews keys, which the member and the observer have not seen.
    update: Vec<u8>,
    newcomer: Participant,
    welcome: Vec<u8>,
    tree: Vec<u8>,
    secret: KeyPackageSecret,
}

impl Crowd {
    fn new(suite: Suite, size: usize) -> Self {
        let rng = &mut StdRng::seed_from_u64(7);
        let mut devices: Vec<_> = (0..size).map(|_| device(rng)).collect();
        let (mut founder, observer) = found(suite, &devices[0], rng);
        let (packages, mut secrets): (Vec<_>, Vec<_>) =
            devices[1..].iter().map(|device| key_package(suite, device, rng)).unzip();
        let changes = packages.into_iter().fold(Changes::new(), Changes::add_device);
        let pending = founder.commit(changes, NOW, rng).unwrap();
        let (observer, _) = observer.process(&pending.commit, NOW).unwrap();
        founder.apply_pending().unwrap();

        let (newcomer, secret) = (devices.pop().unwrap(), secrets.pop().unwrap());
        let (welcome, tree) = (pending.welcome.unwrap(), observer.tree().unwrap());
        let (mut member, _) = Group::join(&newcomer, &welcome, &tree, &[&secret], None).unwrap();
        let update = founder.commit(Changes::new(), NOW, rng).unwrap().commit;
        founder.discard_pending();
        let (founder, member) = (founder.snapshot().unwrap(), member.snapshot().unwrap());
        Self { founder, member, observer, update, newcomer, welcome, tree, secret }
    }
}

fn device(rng: &mut StdRng) -> Participant {
    let (identity, key) = (IdentityKey::generate(rng), DeviceKey::generate(rng));
    let claims = DeviceClaims {
        account: AccountId::from_bytes(rng.random()),
        device: DeviceId::from_bytes(rng.random()),
        device_key: key.public(),
        purpose: Purpose::Device,
        issued: NOW,
        expires: None,
    };
    Participant::new(&DeviceCertificate::issue(&identity, claims).unwrap(), &key, NOW).unwrap()
}

fn found(suite: Suite, founder: &Participant, rng: &mut StdRng) -> (Group, Observer) {
    let server_key = SigningKey::generate(rng).verifying_key();
    let governance = Governance {
        conversation: ConversationId::from_bytes(rng.random()),
        generation: 1,
        kind: Kind::Group,
        suite,
        server_key,
        policy: Policy::default_for(Kind::Group),
        roles: BTreeMap::from([(founder.leaf().account, Role::Owner)]),
    };
    let group = Group::found(founder, &governance, NOW, rng).unwrap();
    let (info, tree) = (group.group_info().unwrap(), group.tree().unwrap());
    (group, Observer::begin(&info, &tree, &server_key, NOW).unwrap())
}

fn key_package(suite: Suite, device: &Participant, rng: &mut StdRng) -> (KeyPackage, KeyPackageSecret) {
    let (public, secret) = generate(device, suite, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap();
    (KeyPackage::parse(&public, NOW).unwrap(), secret)
}

fn commit(crowd: &Rc<Crowd>) -> Box<dyn Work> {
    let (mut group, mut rng) = (Group::restore(&crowd.founder).unwrap(), StdRng::seed_from_u64(8));
    Box::new(move || {
        group.discard_pending();
        black_box(group.commit(Changes::new(), NOW, &mut rng).unwrap());
    })
}

/// A member that processes the update, anew each time.
struct Processing {
    crowd: Rc<Crowd>,
    group: Group,
}

impl Work for Processing {
    fn prepare(&mut self) {
        self.group = Group::restore(&self.crowd.member).unwrap();
    }

    fn run(&mut self) {
        black_box(self.group.process(&self.crowd.update, NOW).unwrap());
    }
}

fn process(crowd: &Rc<Crowd>) -> Box<dyn Work> {
    let group = Group::restore(&crowd.member).unwrap();
    Box::new(Processing { crowd: Rc::clone(crowd), group })
}

fn observe(crowd: &Rc<Crowd>) -> Box<dyn Work> {
    let crowd = Rc::clone(crowd);
    Box::new(move || drop(black_box(crowd.observer.process(&crowd.update, NOW).unwrap())))
}

fn join(crowd: &Rc<Crowd>) -> Box<dyn Work> {
    let crowd = Rc::clone(crowd);
    Box::new(move || {
        black_box(Group::join(&crowd.newcomer, &crowd.welcome, &crowd.tree, &[&crowd.secret], None).unwrap());
    })
}
