//! Named people with devices, and a conversation whose every handshake is judged by the observer and by all members.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::mls::effect::{Commit, Effect};
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, ExternalJoin, Group, GroupError, PendingCommit, Received};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage};
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::mls::rules::Refusal;
use sotto_crypto::mls::standing::Leaf;
use sotto_crypto::mls::{Participant, Suite};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, ConversationId, DeviceId};

pub(crate) const NOW: Time = Time::from_unix_seconds(1_800_000_000);

/// An account.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) identity: IdentityKey,
}

/// A device of an account.
pub(crate) struct Device {
    pub(crate) certificate: DeviceCertificate,
    pub(crate) key: DeviceKey,
    pub(crate) participant: Participant,
}

impl Device {
    pub(crate) fn leaf(&self) -> Leaf {
        *self.participant.leaf()
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.leaf().device
    }

    pub(crate) fn revoked_by(&self, owner: &Person) -> DeviceRevocation {
        let device = self.certificate.verify_on_first_use(NOW).unwrap();
        DeviceRevocation::by_account(&owner.identity, &device, NOW).unwrap()
    }
}

pub(crate) fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

impl Person {
    pub(crate) fn new(rng: &mut StdRng) -> Self {
        Self { account: AccountId::from_bytes(rng.random()), identity: IdentityKey::generate(rng) }
    }

    pub(crate) fn device(&self, rng: &mut StdRng) -> Device {
        self.certify(Purpose::Device, None, rng)
    }

    pub(crate) fn vault(&self, rng: &mut StdRng) -> Device {
        self.certify(Purpose::Vault, None, rng)
    }

    pub(crate) fn certify(&self, purpose: Purpose, expires: Option<Time>, rng: &mut StdRng) -> Device {
        let key = DeviceKey::generate(rng);
        let device = DeviceId::from_bytes(rng.random());
        self.certify_key(key, device, purpose, expires)
    }

    pub(crate) fn certify_key(
        &self,
        key: DeviceKey,
        device: DeviceId,
        purpose: Purpose,
        expires: Option<Time>,
    ) -> Device {
        let issued = Time::from_unix_seconds(NOW.unix_seconds() - 1_000);
        let claims = DeviceClaims { account: self.account, device, device_key: key.public(), purpose, issued, expires };
        let certificate = DeviceCertificate::issue(&self.identity, claims).unwrap();
        let participant = Participant::new(&certificate, &key, issued).unwrap();
        Device { certificate, key, participant }
    }
}

/// A conversation with its server and its members.
pub(crate) struct Chat {
    pub(crate) rng: StdRng,
    pub(crate) suite: Suite,
    pub(crate) server: SigningKey,
    pub(crate) observer: Observer,
    pub(crate) groups: BTreeMap<DeviceId, Group>,
    /// Every handshake that the observer accepted.
    pub(crate) log: Vec<Vec<u8>>,
}

impl Chat {
    /// A group founded by `founder`.
    pub(crate) fn group(suite: Suite, founder: &Device) -> Self {
        Self::with(suite, founder, Kind::Group, &[], Policy::default_for(Kind::Group))
    }

    pub(crate) fn with(suite: Suite, founder: &Device, kind: Kind, others: &[AccountId], policy: Policy) -> Self {
        let mut rng = rng(u64::from(suite.number()) + u64::from(founder.id().as_bytes()[0]) + kind as u64);
        let server = SigningKey::generate(&mut rng);
        let mut roles = BTreeMap::from([(founder.leaf().account, Role::Owner)]);
        roles.extend(others.iter().map(|account| (*account, Role::Owner)));
        let conversation = ConversationId::from_bytes(rng.random());
        let server_key = server.verifying_key();
        let governance = Governance { conversation, generation: 1, kind, suite, server_key, policy, roles };
        let group = Group::found(&founder.participant, &governance, NOW, &mut rng).unwrap();
        let (info, tree) = (group.group_info().unwrap(), group.tree().unwrap());
        let observer = Observer::begin(&info, &tree, &server_key, NOW).unwrap();
        Self { rng, suite, server, observer, groups: BTreeMap::from([(founder.id(), group)]), log: Vec::new() }
    }

    pub(crate) fn of(&mut self, device: &Device) -> &mut Group {
        self.groups.get_mut(&device.id()).expect("the device is in the chat")
    }

    pub(crate) fn key_package(&mut self, device: &Device) -> (KeyPackage, KeyPackageSecret) {
        let (public, secret) =
            key_package::generate(&device.participant, self.suite, Usage::Once, NOW, DEVICE_LIFETIME, &mut self.rng)
                .unwrap();
        (KeyPackage::parse(&public, NOW).unwrap(), secret)
    }

    /// `by` adds `devices`, and they join.
    pub(crate) fn add(&mut self, by: &Device, devices: &[&Device]) -> Commit {
        self.change_and_add(by, Changes::new(), devices)
    }

    pub(crate) fn change_and_add(&mut self, by: &Device, changes: Changes, devices: &[&Device]) -> Commit {
        let (packages, secrets): (Vec<_>, Vec<_>) = devices.iter().map(|device| self.key_package(device)).unzip();
        let changes = packages.into_iter().fold(changes, Changes::add_device);
        let pending = self.propose_commit(by, changes).unwrap();
        let commit = self.accept(by, &pending);
        let (welcome, tree) = (pending.welcome.unwrap(), self.observer.tree().unwrap());
        for (device, secret) in devices.iter().zip(&secrets) {
            let (group, adder) = Group::join(&device.participant, &welcome, &tree, &[secret], None).unwrap();
            assert_eq!(adder, by.leaf());
            self.groups.insert(device.id(), group);
        }
        self.assert_agreement();
        commit
    }

    /// A commit that everybody accepts.
    pub(crate) fn change(&mut self, by: &Device, changes: Changes) -> Commit {
        let pending = self.propose_commit(by, changes).unwrap();
        let commit = self.accept(by, &pending);
        self.assert_agreement();
        commit
    }

    pub(crate) fn refresh(&mut self, by: &Device) -> Commit {
        self.change(by, Changes::new())
    }

    pub(crate) fn propose_commit(&mut self, by: &Device, changes: Changes) -> Result<PendingCommit, GroupError> {
        let group = self.groups.get_mut(&by.id()).expect("the device is in the chat");
        group.commit(changes, NOW, &mut self.rng)
    }

    /// Why `by`'s own client does not even make this commit.
    pub(crate) fn refused(&mut self, by: &Device, changes: Changes) -> Refusal {
        refusal_of(self.propose_commit(by, changes).unwrap_err())
    }

    /// The server and all others accept a pending commit of `by`.
    pub(crate) fn accept(&mut self, by: &Device, pending: &PendingCommit) -> Commit {
        let seen = self.deliver(&pending.commit, Some(by)).unwrap();
        let applied = self.of(by).apply_pending().unwrap();
        assert_eq!(Observed::Commit(applied.clone()), seen);
        applied
    }

    /// A handshake goes to the observer and, accepted, to every member but `sender`; all see the same.
    pub(crate) fn deliver(&mut self, handshake: &[u8], sender: Option<&Device>) -> Result<Observed, HandshakeError> {
        let (observer, seen) = self.observer.process(handshake, NOW)?;
        self.observer = observer;
        self.log.push(handshake.to_vec());
        for (id, group) in &mut self.groups {
            if sender.is_some_and(|sender| sender.id() == *id) || !group.is_member() {
                continue;
            }
            match group.process(handshake, NOW).unwrap() {
                Received::Commit(commit) => assert_eq!(Observed::Commit(commit), seen),
                Received::Proposal(withdrawal) => assert_eq!(Observed::Proposal(withdrawal), seen),
                Received::Removed(commit) => {
                    assert!(commit.effects.contains(&Effect::DeviceRemoved(*group.own_leaf())));
                    assert_eq!(Observed::Commit(commit), seen);
                }
            }
        }
        Ok(seen)
    }

    /// `device` joins with what `helper`, of the same account, gives it.
    pub(crate) fn join_externally(&mut self, device: &Device, helper: &Device) -> Commit {
        let join = self.try_join_externally(device, helper).unwrap();
        let seen = self.deliver(&join.commit, None).unwrap();
        self.groups.insert(device.id(), join.group);
        self.assert_agreement();
        match seen {
            Observed::Commit(commit) => commit,
            Observed::Proposal(_) => panic!("joining is a commit"),
        }
    }

    pub(crate) fn try_join_externally(&mut self, device: &Device, helper: &Device) -> Result<ExternalJoin, GroupError> {
        let info = self.of(helper).group_info()?;
        let tree = self.observer.tree().unwrap();
        Group::join_externally(&device.participant, &info, &tree, &mut self.rng)
    }

    /// All members are in the observer's epoch, see the same members and agreement, and share one secret.
    pub(crate) fn assert_agreement(&mut self) {
        let standing = self.observer.standing().unwrap();
        let members: Vec<_> = self.groups.values().filter(|group| group.is_member()).collect();
        let first = members.first().expect("someone is left");
        let secret = first.epoch_secret().unwrap();
        for group in &members {
            assert_eq!(group.standing().unwrap(), standing);
            assert_eq!((group.epoch(), group.suite().unwrap()), (standing.epoch, self.suite));
            assert_eq!(group.conversation().unwrap(), standing.governance.conversation);
            assert_eq!(group.tree_hash(), self.observer.tree_hash());
            assert_eq!(group.epoch_secret().unwrap(), secret);
            assert_eq!(group.epoch_authenticator().unwrap(), first.epoch_authenticator().unwrap());
        }
    }

    /// All handshake-level reasons why the observer and each member refuse `handshake`, which must be the same one.
    pub(crate) fn refused_by_all(&mut self, handshake: &[u8]) -> Refusal {
        let by_observer = refusal(self.observer.process(handshake, NOW).unwrap_err());
        for group in self.groups.values_mut().filter(|group| group.is_member()) {
            let epoch = group.epoch();
            let by_member = refusal_of(group.process(handshake, NOW).unwrap_err());
            assert_eq!(by_member, by_observer);
            assert_eq!(group.epoch(), epoch, "a refused handshake changes nothing");
        }
        self.assert_agreement();
        by_observer
    }
}

pub(crate) fn refusal_of(error: GroupError) -> Refusal {
    match error {
        GroupError::Handshake(error) => refusal(error),
        other => panic!("not a refusal: {other:?}"),
    }
}

pub(crate) fn refusal(error: HandshakeError) -> Refusal {
    match error {
        HandshakeError::Refused(refusal) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// Runs a scenario in both suites.
pub(crate) fn in_both_suites(scenario: impl Fn(Suite)) {
    Suite::ALL.into_iter().for_each(scenario);
}
