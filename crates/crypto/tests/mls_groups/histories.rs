//! Random histories: whatever members without rules commit, server and clients decide alike, and as a small model says.

use proptest::prelude::*;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::context::extensions_for;
use sotto_crypto::mls::governance::Role;
use sotto_crypto::mls::group::GroupError;
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::standing::Standing;
use sotto_proto::AccountId;

use crate::mallory::{KeyPackageMessage, Mallory};
use crate::people::{Chat, Device, NOW, Person, rng};

const RAW: usize = 4;

/// What somebody tries. Numbers name people, and wrap around.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Add(usize),
    Remove(usize),
    SetRole(usize, Role),
    SetAddPolicy(Role),
    Refresh,
}

fn deed() -> impl Strategy<Value = Deed> {
    let role = || prop::sample::select(vec![Role::Member, Role::Admin, Role::Owner]);
    prop_oneof![
        2 => (0..RAW).prop_map(Deed::Add),
        2 => (0..RAW).prop_map(Deed::Remove),
        3 => (0..RAW, role()).prop_map(|(who, role)| Deed::SetRole(who, role)),
        1 => role().prop_map(Deed::SetAddPolicy),
        1 => Just(Deed::Refresh),
    ]
}

/// Wendy follows the rules, owns the chat, and only watches. The others run on the bare library.
struct Village {
    wendy: Device,
    devices: Vec<Device>,
    raw: Vec<Option<Mallory>>,
    chat: Chat,
}

impl Village {
    fn new(roles: &[Role]) -> Self {
        let mut rng = rng(70);
        let wendy = Person::new(&mut rng).device(&mut rng);
        let devices: Vec<_> = (0..RAW).map(|_| Person::new(&mut rng).device(&mut rng)).collect();
        let mut village = Self { chat: Chat::group(Suite::Classical, &wendy), wendy, devices, raw: Vec::new() };
        for device in &village.devices {
            let joined = Mallory::added(device, &mut village.chat, &village.wendy);
            let commit = village.chat.log.last().unwrap().clone();
            village.raw.iter_mut().flatten().for_each(|raw: &mut Mallory| raw.follows(&commit));
            village.raw.push(Some(joined));
        }
        let changes = sotto_crypto::mls::group::Changes::new();
        let changes = village
            .devices
            .iter()
            .zip(roles)
            .fold(changes, |changes, (device, role)| changes.set_role(device.leaf().account, *role));
        village.chat.change(&village.wendy, changes);
        let commit = village.chat.log.last().unwrap().clone();
        village.raw.iter_mut().flatten().for_each(|raw| raw.follows(&commit));
        village
    }

    fn standing(&self) -> Standing {
        self.chat.observer.standing().unwrap()
    }

    fn account(&self, who: usize) -> AccountId {
        self.devices[who].leaf().account
    }

    /// One deed of one member: made without rules, judged by all, and followed by all if it was accepted.
    fn try_deed(&mut self, actor: usize, deed: Deed) {
        let before = self.standing();
        let Some(commit) = self.attempt(actor, deed, &before) else { return };
        let expected = allowed(&before, &self.account(actor), deed, |who| self.account(who));
        let by_server = self.chat.observer.process(&commit, NOW);
        let by_wendy = self.chat.of(&self.wendy).process(&commit, NOW);
        match (by_server, by_wendy) {
            (Ok((observer, _)), Ok(_)) => {
                assert!(expected, "{deed:?} was accepted");
                self.chat.observer = observer;
                self.follow(deed, &commit);
            }
            (Err(HandshakeError::Refused(a)), Err(GroupError::Handshake(HandshakeError::Refused(b)))) => {
                assert!(!expected, "{deed:?} was refused: {a}");
                assert_eq!(a, b);
            }
            (server, wendy) => panic!("the server says {server:?}, Wendy {wendy:?}"),
        }
        self.chat.assert_agreement();
    }

    fn attempt(&mut self, actor: usize, deed: Deed, before: &Standing) -> Option<Vec<u8>> {
        let mut raw = self.raw[actor].take()?;
        let commit = self.attempt_with(&mut raw, actor, deed, before);
        self.raw[actor] = Some(raw);
        commit
    }

    fn attempt_with(&mut self, raw: &mut Mallory, actor: usize, deed: Deed, before: &Standing) -> Option<Vec<u8>> {
        let mut governance = before.governance.clone();
        let is_member = |village: &Self, who| before.accounts.contains_key(&village.account(who));
        match deed {
            Deed::Refresh => Some(raw.commits(|commit| commit)),
            Deed::Add(who) if !is_member(self, who) => {
                Some(raw.adds(KeyPackageMessage::of(&self.devices[who], &mut self.chat)))
            }
            Deed::Remove(who) if is_member(self, who) && who != actor => {
                governance.roles.remove(&self.account(who));
                let number = raw.number_of(&self.devices[who].leaf());
                let extensions = extensions_for(&governance).unwrap();
                Some(
                    raw.commits(|commit| {
                        commit.remove_member(number).unwrap().set_group_context_ext(extensions).unwrap()
                    }),
                )
            }
            Deed::SetRole(who, role) if is_member(self, who) => {
                governance.roles.insert(self.account(who), role);
                governance.roles.retain(|_, role| *role != Role::Member);
                let extensions = extensions_for(&governance).unwrap();
                Some(raw.commits(|commit| commit.set_group_context_ext(extensions).unwrap()))
            }
            Deed::SetAddPolicy(role) => Some(raw.governs(|new| new.policy.add = role, &self.chat)),
            _ => None,
        }
    }

    fn follow(&mut self, deed: Deed, commit: &[u8]) {
        if let Deed::Remove(who) = deed {
            self.raw[who] = None;
        }
        // Who is added again stays silent; what matters here is that its account is a member from then on.
        self.raw.iter_mut().flatten().for_each(|raw| raw.follows(commit));
    }
}

/// The model: what the roles allow, written down a second time and without looking at the rules.
fn allowed(before: &Standing, actor: &AccountId, deed: Deed, account: impl Fn(usize) -> AccountId) -> bool {
    let listed = |account: &AccountId| before.governance.roles.get(account).copied().unwrap_or(Role::Member);
    let role = listed(actor);
    match deed {
        Deed::Refresh => true,
        Deed::Add(who) => role >= before.governance.policy.add && !before.accounts.contains_key(&account(who)),
        Deed::Remove(who) => role > listed(&account(who)),
        Deed::SetRole(who, to) => {
            let (target, from) = (account(who), listed(&account(who)));
            let steps_down = target == *actor && to < from;
            let lifts = role == Role::Owner && (target == *actor || from < Role::Owner);
            from == to || steps_down || lifts
        }
        Deed::SetAddPolicy(to) => {
            let from = before.governance.policy.add;
            from == to || (role >= Role::Admin && role >= from && role >= to)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn server_and_clients_decide_alike(
        roles in prop::collection::vec(prop::sample::select(vec![Role::Member, Role::Admin, Role::Owner]), RAW),
        deeds in prop::collection::vec((0..RAW, deed()), 1..14),
    ) {
        let mut village = Village::new(&roles);
        for (actor, deed) in deeds {
            village.try_deed(actor, deed);
        }
    }
}
