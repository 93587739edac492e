//! A recorded conversation, the same in every process: Alice owns it, Bob is a member, Mallory is an admin on a client of her
//! own making, and the server observes. Whatever arrives is judged by all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group, GroupError, Opening, Received};
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage};
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::mls::{Participant, Suite};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, ConversationId, DeviceId};

use crate::forge::{Invited, Keys, find_membership_key, welcome};
use crate::mallory::Mallory;

pub const NOW: Time = Time::from_unix_seconds(1_800_000_000);

/// The quicker suite: the messages of the other differ in the lengths of keys and ciphertexts alone.
pub const SUITE: Suite = Suite::Classical;

pub struct Person {
    account: AccountId,
    identity: IdentityKey,
}

pub struct Device {
    pub certificate: DeviceCertificate,
    pub key: DeviceKey,
    pub participant: Participant,
}

impl Person {
    fn new(rng: &mut StdRng) -> Self {
        Self { account: AccountId::from_bytes(rng.random()), identity: IdentityKey::generate(rng) }
    }

    fn device(&self, purpose: Purpose, rng: &mut StdRng) -> Device {
        let (key, device) = (DeviceKey::generate(rng), DeviceId::from_bytes(rng.random()));
        let device_key = key.public();
        let claims = DeviceClaims { account: self.account, device, device_key, purpose, issued: NOW, expires: None };
        let certificate = DeviceCertificate::issue(&self.identity, claims).expect("it never expires");
        let participant = Participant::new(&certificate, &key, NOW).expect("its own certificate");
        Device { certificate, key, participant }
    }
}

impl Device {
    pub fn key_package(&self, suite: Suite, usage: Usage, rng: &mut StdRng) -> (Vec<u8>, KeyPackageSecret) {
        key_package::generate(&self.participant, suite, usage, NOW, DEVICE_LIFETIME, rng).expect("a key package")
    }

    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.key.expose_seed())
    }
}

/// A member, and the state that it goes back to after each input.
pub struct Member {
    group: RefCell<Group>,
    state: SecretVec,
}

impl Member {
    fn new(mut group: Group) -> Self {
        let state = group.snapshot().expect("a state");
        Self { group: RefCell::new(group), state }
    }

    /// Processes `handshake`. A refusal must leave the group as it was, to the last byte.
    fn judge(&self, handshake: &[u8]) -> Result<(Received, Group), GroupError> {
        let claimed = self.group.borrow().claimed_committer(handshake);
        let received = self.group.borrow_mut().process(handshake, NOW);
        match received {
            Ok(received) => {
                if let Received::Commit(commit) | Received::Removed(commit) = &received {
                    assert_eq!(claimed, Some(commit.committer));
                }
                let before = Group::restore(&self.state).expect("a state of ours");
                Ok((received, self.group.replace(before)))
            }
            Err(error) => {
                let state = self.group.borrow_mut().snapshot().expect("a state");
                assert!(state == self.state, "a refused handshake changed the group: {error}");
                Err(error)
            }
        }
    }

    /// The state that it goes back to.
    pub fn state(&self) -> &[u8] {
        self.state.expose_secret()
    }

    /// A copy of the group.
    pub fn group(&self) -> Group {
        Group::restore(&self.state).expect("a state of ours")
    }
}

/// Everybody's view of the conversation at one moment.
pub struct Scene {
    pub observer: Observer,
    pub alice: Member,
    pub bob: Member,
}

impl Scene {
    /// Everybody judges `handshake`: whether it was accepted. A member that accepts what the server refuses, or that sees
    /// something else happen, would leave the others.
    pub fn judge(&self, handshake: &[u8]) -> Verdicts {
        let server = self.observer.process(handshake, NOW);
        let members = [&self.alice, &self.bob].map(|member| member.judge(handshake));
        for (received, group) in members.iter().flatten() {
            let (observer, observed) = server.as_ref().expect("a member accepts what the server refuses");
            assert_alike(received, observed);
            if group.is_member() {
                assert_eq!(group.standing().expect("a standing"), observer.standing().expect("a standing"));
                assert_eq!(group.tree_hash(), observer.tree_hash());
                assert_eq!(group.pending_removals().ok(), observer.pending_removals().ok());
            }
        }
        if let [Ok((_, alices)), Ok((_, bobs))] = &members
            && alices.is_member()
            && bobs.is_member()
        {
            let secrets = [alices, bobs].map(|group| group.epoch_secret().expect("a secret"));
            assert_eq!(secrets[0], secrets[1]);
        }
        Verdicts { server: server.is_ok(), members: members.map(|judged| judged.is_ok()) }
    }
}

fn assert_alike(received: &Received, observed: &Observed) {
    match received {
        Received::Commit(commit) | Received::Removed(commit) => assert_eq!(observed, &Observed::Commit(commit.clone())),
        Received::Proposal(withdrawal) => assert_eq!(observed, &Observed::Proposal(*withdrawal)),
    }
}

/// Who accepted.
pub struct Verdicts {
    pub server: bool,
    pub members: [bool; 2],
}

/// The whole recording.
pub struct Village {
    /// Nothing is pending.
    pub calm: Scene,
    /// The removal of Bob's vault device waits for a commit.
    pub revoked: Scene,
    pub mallory: RefCell<Mallory>,
    pub keys: Keys,
    /// Bob's second device, which is not in the group.
    pub tablet: Device,
    /// Carol is not in the group either.
    pub carol: Device,
    pub founder: Device,
    pub server_key: SigningKey,
    /// Alice opens the next generation, and leaves everybody else out.
    pub opening: Opening,
    pub recording: Recording,
}

/// What honest people and Mallory sent, as food for the fuzzer.
pub struct Recording {
    /// Handshakes for the recorded epoch.
    pub handshakes: Vec<Vec<u8>>,
    /// Key packages of devices that are not in the group.
    pub key_packages: Vec<Vec<u8>>,
    /// Carol's invitation, her secret, and the tree after it.
    pub welcome: Vec<u8>,
    pub invited: KeyPackageSecret,
    pub invited_tree: Vec<u8>,
    /// The group info after it, as its Welcome carries it.
    pub invited_info: Vec<u8>,
    /// What a device of Bob joins with.
    pub group_info: Vec<u8>,
    pub tree: Vec<u8>,
    /// The beginning of another conversation.
    pub founding: (Vec<u8>, Vec<u8>),
}

impl Village {
    pub fn record() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let [alice, bob, mallory, carol] = std::array::from_fn(|_| Person::new(&mut rng));
        let [a, b, m, c, tablet] =
            [&alice, &bob, &mallory, &carol, &bob].map(|person| person.device(Purpose::Device, &mut rng));
        let b_vault = bob.device(Purpose::Vault, &mut rng);
        let server = SigningKey::generate(&mut rng);

        let (mut alices, founding) = found(&a, &server, &mut rng);
        let mut observer = Observer::begin(&founding.0, &founding.1, &server.verifying_key(), NOW).expect("a founding");
        let mut raw = Mallory::on(&m);
        let (bobs_package, bobs_secret) = b.key_package(SUITE, Usage::Once, &mut rng);
        let (vaults_package, _) = b_vault.key_package(SUITE, Usage::LastResort, &mut rng);
        let changes =
            [bobs_package, vaults_package, raw.key_package()].iter().fold(Changes::new(), |changes, bytes| {
                changes.add_device(KeyPackage::parse(bytes, NOW).expect("a key package"))
            });
        let pending = alices.commit(changes, NOW, &mut rng).expect("the owner adds");
        alices.apply_pending().expect("her commit");
        observer = observer.process(&pending.commit, NOW).expect("an honest commit").0;
        let (welcome, tree) = (pending.welcome.expect("for three"), observer.tree().expect("a tree"));
        let (mut bobs, _) = Group::join(&b.participant, &welcome, &tree, &[&bobs_secret], None).expect("an invitation");
        raw.join(&welcome, &tree);

        let promotion = Changes::new().set_role(mallory.account, Role::Admin);
        let pending = alices.commit(promotion, NOW, &mut rng).expect("the owner promotes");
        alices.apply_pending().expect("her commit");
        bobs.process(&pending.commit, NOW).expect("an honest commit");
        observer = observer.process(&pending.commit, NOW).expect("an honest commit").0;
        raw.follow(&pending.commit);

        let vault = b_vault.certificate.verify_on_first_use(NOW).expect("a certificate of ours");
        let revocation = DeviceRevocation::by_account(&bob.identity, &vault, NOW).expect("Bob's vault");
        let by_server = observer.propose_revoked(&revocation, &server).expect("a proposal");
        let calm = Scene { observer, alice: Member::new(alices), bob: Member::new(bobs) };
        let revoked = revoked_scene(&calm, &by_server);
        let recording = Recording::of(&calm, &mut raw, [&c, &tablet], founding, by_server, &mut rng);

        let before = calm.observer.standing().expect("a standing");
        let opening =
            Group::open_generation(&a.participant, &before, Vec::new(), NOW, &mut rng).expect("the owner may");

        let (context, member_leaf) = (raw.context(), raw.leaf());
        let state = calm.alice.state();
        let by_mallory = raw.propose_removal(member_leaf);
        let keys = Keys {
            member: m.signing_key(),
            member_leaf,
            server: SigningKey::from_seed(&server.expose_seed()),
            joiner: tablet.signing_key(),
            joiner_leaf: JOINER_LEAF,
            membership_key: find_membership_key(&by_mallory, &context, state).expect("in the state of a member"),
            context,
        };
        let mallory = RefCell::new(raw);
        Self { calm, revoked, mallory, keys, tablet, carol: c, founder: a, server_key: server, opening, recording }
    }
}

impl Village {
    /// Alice, who adds Carol, chooses freely what she tells her.
    pub fn invite(&self, secrets: &[u8], info: &[u8]) -> Vec<u8> {
        let reference = &self.recording.invited.reference().expect("a whole secret");
        let init_key = &self.recording.key_packages[0][INIT_KEY];
        welcome(&Invited { reference, init_key, adder: &self.founder.signing_key() }, secrets, info)
    }
}

impl Recording {
    fn of(
        scene: &Scene,
        mallory: &mut Mallory,
        [carol, tablet]: [&Device; 2],
        founding: (Vec<u8>, Vec<u8>),
        by_server: Vec<u8>,
        rng: &mut StdRng,
    ) -> Self {
        let (group_info, tree) =
            (scene.bob.group().group_info().expect("for own devices"), scene.observer.tree().expect("a tree"));
        let (carols, invited) = carol.key_package(SUITE, Usage::Once, rng);
        let (tablets, _) = tablet.key_package(SUITE, Usage::LastResort, rng);
        let (post_quantum, _) = carol.key_package(Suite::PostQuantum, Usage::Once, rng);
        let add_carol = Changes::new().add_device(KeyPackage::parse(&carols, NOW).expect("a key package"));
        let mut alice = scene.alice.group();
        let pending = alice.commit(add_carol, NOW, rng).expect("the owner adds");
        alice.apply_pending().expect("her commit");
        let (after, _) = scene.observer.process(&pending.commit, NOW).expect("an honest commit");
        let refresh = scene.bob.group().commit(Changes::new(), NOW, rng).expect("anybody refreshes");
        let policy = Policy { post: Role::Admin, ..Policy::default_for(Kind::Group) };
        let govern = scene.alice.group().commit(Changes::new().set_policy(policy), NOW, rng).expect("the owner rules");
        let remove = Changes::new().remove_account(tablet.participant.leaf().account);
        let remove = scene.alice.group().commit(remove, NOW, rng).expect("the owner removes");
        let join = Mallory::on(tablet).join_from_outside(&group_info, &tree);
        let own_leaf = mallory.leaf();
        let mut handshakes = vec![refresh.commit, govern.commit, remove.commit, join, by_server];
        handshakes.push(mallory.propose_removal(own_leaf));
        handshakes.extend(scene.bob.group().leave().expect("Bob may leave"));
        handshakes.push(mallory.commit(|commit| commit).expect("a commit"));
        handshakes.push(mallory.commit(|commit| commit.remove_member(1).expect("Bob")).expect("a commit"));
        handshakes.push(pending.commit);
        Self {
            handshakes,
            key_packages: vec![carols, tablets, post_quantum],
            welcome: pending.welcome.expect("for Carol"),
            invited,
            invited_tree: after.tree().expect("a tree"),
            invited_info: alice.group_info().expect("a group info")[4..].to_vec(),
            group_info,
            tree,
            founding,
        }
    }
}

fn found(founder: &Device, server: &SigningKey, rng: &mut StdRng) -> (Group, (Vec<u8>, Vec<u8>)) {
    let governance = Governance {
        conversation: ConversationId::from_bytes(rng.random()),
        generation: 1,
        kind: Kind::Group,
        suite: SUITE,
        server_key: server.verifying_key(),
        policy: Policy::default_for(Kind::Group),
        roles: BTreeMap::from([(founder.participant.leaf().account, Role::Owner)]),
    };
    let group = Group::found(&founder.participant, &governance, NOW, rng).expect("a founding");
    let founding = (group.group_info().expect("a group info"), group.tree().expect("a tree"));
    (group, founding)
}

/// The same people after a proposal that all accept.
fn revoked_scene(calm: &Scene, proposal: &[u8]) -> Scene {
    let (observer, _) = calm.observer.process(proposal, NOW).expect("an honest proposal");
    let [alice, bob] = [&calm.alice, &calm.bob].map(|member| {
        let mut group = member.group();
        group.process(proposal, NOW).expect("an honest proposal");
        Member::new(group)
    });
    Scene { observer, alice, bob }
}

/// After version and format, version, suite and its own length (RFC 9420 §10).
const INIT_KEY: std::ops::Range<usize> = 9..41;

/// The first free place: Alice, Bob, his vault device and Mallory have 0 to 3.
const JOINER_LEAF: u32 = 4;

thread_local! {
    static VILLAGE: Village = Village::record();
}

/// Runs `work` in the recorded village, which is made once.
pub fn in_the_village<T>(work: impl FnOnce(&Village) -> T) -> T {
    VILLAGE.with(work)
}
