//! A commit that the server finds good, and that some members cannot follow (m2).

use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::Role;
use sotto_crypto::mls::group::{Changes, Group, GroupError, Opening};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::mls::provider::ProviderError;
use sotto_crypto::mls::standing::Standing;

use crate::mallory::Mallory;
use crate::people::{Chat, Device, NOW, Person, in_both_suites, rng};
use crate::saboteur::Spoil;

/// Alice owns, Bob is admin, Dora and Mallory are members.
struct Party {
    a: Device,
    b: Device,
    d: Device,
    villain: Person,
    chat: Chat,
    mallory: Mallory,
}

impl Party {
    fn new(suite: Suite) -> Self {
        let mut rng = rng(60);
        let [alice, bob, dora, villain] = std::array::from_fn(|_| Person::new(&mut rng));
        let [a, b, d, m] = [&alice, &bob, &dora, &villain].map(|person| person.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &d]);
        chat.change(&a, Changes::new().set_role(bob.account, Role::Admin));
        let mallory = Mallory::added(&m, &mut chat, &a);
        Self { a, b, d, villain, chat, mallory }
    }

    /// What the members make of a commit: who followed, and why the others did not. They are as they were.
    fn receive(&mut self, commit: &[u8]) -> (Vec<char>, Vec<(char, HandshakeError)>) {
        let (mut followed, mut refused) = (Vec::new(), Vec::new());
        for (name, device) in [('a', &self.a), ('b', &self.b), ('d', &self.d)] {
            let group = self.chat.of(device);
            let (epoch, secret) = (group.epoch(), group.epoch_secret().unwrap());
            match group.process(commit, NOW) {
                Ok(_) => followed.push(name),
                Err(GroupError::Handshake(error)) => {
                    assert_eq!((group.epoch(), group.epoch_secret().unwrap()), (epoch, secret));
                    refused.push((name, error));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        (followed, refused)
    }

    /// Bob opens the next generation with Alice and Dora, and they share a secret.
    fn go_on_without_mallory(&mut self, after_bad_commit: &Observer) -> Standing {
        let [alices, bobs, doras] =
            [&self.a, &self.b, &self.d].map(|device| self.chat.groups[&device.id()].standing().unwrap());
        let (packages, secrets): (Vec<_>, Vec<_>) =
            [&self.a, &self.d].into_iter().map(|device| self.chat.key_package(device)).unzip();
        let opening = Group::open_generation(&self.b.participant, &bobs, packages, NOW, &mut self.chat.rng).unwrap();
        let Opening { mut group, group_info, tree, pending } = opening;
        let (observer, _) =
            Observer::begin_generation(after_bad_commit, &group_info, &tree, &pending.commit, NOW).unwrap();
        group.apply_pending().unwrap();
        let (welcome, tree) = (pending.welcome.unwrap(), observer.tree().unwrap());
        for ((device, secret), known) in [&self.a, &self.d].into_iter().zip(&secrets).zip([&alices, &doras]) {
            let (joined, _) = Group::join(&device.participant, &welcome, &tree, &[secret], Some(known)).unwrap();
            assert_eq!(joined.epoch_secret().unwrap(), group.epoch_secret().unwrap());
        }
        observer.standing().unwrap()
    }
}

/// The path has one ciphertext for Dora, and one that Alice and Bob share.
#[test]
fn who_cannot_decrypt_the_path_refuses_and_the_group_goes_on_without_mallory_m2() {
    in_both_suites(|suite| {
        let mut all_refused = Vec::new();
        for (number, how) in [(0, Spoil::Ciphertext), (1, Spoil::Ciphertext), (0, Spoil::Secret), (1, Spoil::Secret)] {
            let mut party = Party::new(suite);
            party.mallory.plan.spoil(number, how);
            let commit = party.mallory.commits(|commit| commit);
            let (observer, _) = party.chat.observer.process(&commit, NOW).expect("the server cannot see it");

            let (followed, refused) = party.receive(&commit);
            assert_eq!(followed.len() + refused.len(), 3);
            for (_, error) in &refused {
                match how {
                    Spoil::Ciphertext => {
                        assert!(matches!(error, HandshakeError::Crypto(ProviderError::Hpke)), "{error:?}");
                    }
                    Spoil::Secret => assert!(matches!(error, HandshakeError::Protocol(_)), "{error:?}"),
                }
            }
            all_refused.push(refused.iter().map(|(name, _)| *name).collect::<String>());

            let standing = party.go_on_without_mallory(&observer);
            assert_eq!((standing.governance.generation, standing.accounts.len()), (2, 3));
            assert!(!standing.accounts.contains_key(&party.villain.account));
        }
        all_refused.sort_unstable();
        assert_eq!(all_refused, ["ab", "ab", "d", "d"]);
    });
}
