//! What Mallory tries, and how the server and every member refuse it alike.

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::credential::CredentialError;
use sotto_crypto::mls::governance::{Kind, Policy, Role, VaultPolicy};
use sotto_crypto::mls::group::{Changes, Group, GroupError};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::key_package::{self, CLOCK_TOLERANCE, DEVICE_LIFETIME, KeyPackage, Usage};
use sotto_crypto::mls::observer::{Observer, ObserverError, check_key_package};
use sotto_crypto::mls::rules::Refusal;
use sotto_crypto::mls::standing::SeatError;
use sotto_crypto::mls::{context::ContextError, context::StandingError};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::revocation::RevocationError;
use sotto_crypto::time::Time;

use crate::mallory::{KeyPackageMessage, Mallory};
use crate::people::{Chat, NOW, Person, in_both_suites, refusal_of, rng};
use crate::scene::{Scene, scene};

#[test]
fn m4_a_member_may_not_add_an_account() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, villain, .. } = scene(suite);
        let friend = Person::new(&mut chat.rng).device(&mut rng(5));
        let commit = mallory.adds(KeyPackageMessage::of(&friend, &mut chat));
        assert_eq!(chat.refused_by_all(&commit), Refusal::MayNotAdd(villain.account));
    });
}

#[test]
fn m4_a_member_may_not_remove_others() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, a, alice, b, b_vault, bob, .. } = scene(suite);
        let owner = mallory.removes(&[mallory.number_of(&a.leaf())]);
        assert_eq!(chat.refused_by_all(&owner), Refusal::MayNotRemove(alice.account));
        let numbers = [mallory.number_of(&b.leaf()), mallory.number_of(&b_vault.leaf())];
        let peer = mallory.removes(&numbers);
        assert_eq!(chat.refused_by_all(&peer), Refusal::MayNotRemove(bob.account));
    });
}

#[test]
fn m4_a_member_may_not_give_roles_or_change_the_policy() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, alice, villain, .. } = scene(suite);
        let crown = mallory.governs(|new| new.roles.extend([(villain.account, Role::Owner)]), &chat);
        assert_eq!(chat.refused_by_all(&crown), Refusal::MayNotChangeRole(villain.account));
        let coup = mallory.governs(|new| new.roles.retain(|account, _| *account != alice.account), &chat);
        assert_eq!(chat.refused_by_all(&coup), Refusal::MayNotChangeRole(alice.account));
        let open = mallory.governs(|new| new.policy.add = Role::Member, &chat);
        assert_eq!(chat.refused_by_all(&open), Refusal::MayNotChangePolicy);
    });
}

#[test]
fn s13_what_is_fixed_at_founding_stays() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, .. } = scene(suite);
        let other_key = SigningKey::generate(&mut rng(7)).verifying_key();
        let commits = [
            mallory.governs(|new| new.server_key = other_key, &chat),
            mallory.governs(|new| new.generation = 9, &chat),
            mallory.governs(|new| new.conversation = sotto_proto::ConversationId::from_bytes([1; 16]), &chat),
            mallory.governs(|new| new.suite = Suite::ALL[usize::from(suite == Suite::Classical)], &chat),
        ];
        for commit in commits {
            assert_eq!(chat.refused_by_all(&commit), Refusal::FixedPartChanges);
        }
    });
}

#[test]
fn a_context_without_agreement_or_with_more_is_refused() {
    let Scene { mut chat, mut mallory, .. } = scene(Suite::Classical);
    let naked = mallory.commits(|commit| commit.set_group_context_ext(mls_rs::ExtensionList::new()).unwrap());
    let error = chat.observer.process(&naked, NOW).unwrap_err();
    assert!(matches!(error, HandshakeError::Standing(StandingError::Context(ContextError::NoAgreement))), "{error:?}");
    for group in chat.groups.values_mut() {
        assert!(matches!(
            group.process(&naked, NOW),
            Err(GroupError::Handshake(HandshakeError::Standing(StandingError::Context(ContextError::NoAgreement))))
        ));
    }
    chat.assert_agreement();
}

#[test]
fn m3_others_are_removed_whole_or_not_at_all() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, a, b_vault, bob, villain, .. } = scene(suite);
        chat.change(&a, Changes::new().set_role(villain.account, Role::Admin));
        let promotion = chat.log.last().unwrap().clone();
        mallory.follows(&promotion);
        let commit = mallory.removes(&[mallory.number_of(&b_vault.leaf())]);
        assert_eq!(chat.refused_by_all(&commit), Refusal::PartialRemoval(bob.account));
    });
}

#[test]
fn s1_a_device_under_another_identity_key_does_not_join_an_account() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, bob, .. } = scene(suite);
        let impostor = Person { account: bob.account, ..Person::new(&mut rng(8)) };
        let ghost = impostor.device(&mut rng(9));
        let (package, _) = chat.key_package(&ghost);
        let refused = chat.refused(&a, Changes::new().add_device(package));
        assert_eq!(refused, Refusal::Seat(SeatError::AnotherIdentityKey(bob.account)));

        let helper = chat.observer.tree().unwrap();
        let info = chat.of(&a).group_info().unwrap();
        let refused = Group::join_externally(&ghost.participant, &info, &helper, &mut chat.rng).unwrap_err();
        assert_eq!(refusal_of(refused), Refusal::Seat(SeatError::AnotherIdentityKey(bob.account)));
        let commit = Mallory::on(&ghost, &chat).joins_externally(&info, &helper, None);
        assert_eq!(chat.refused_by_all(&commit), Refusal::Seat(SeatError::AnotherIdentityKey(bob.account)));
    });
}

#[test]
fn s4_a_stranger_does_not_join_from_outside() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, .. } = scene(suite);
        let stranger = Person::new(&mut rng(10));
        let device = stranger.device(&mut rng(11));
        let (info, tree) = (chat.of(&a).group_info().unwrap(), chat.observer.tree().unwrap());
        let own_client = chat.try_join_externally(&device, &a).unwrap_err();
        assert_eq!(refusal_of(own_client), Refusal::NotAMember(stranger.account));
        let commit = Mallory::on(&device, &chat).joins_externally(&info, &tree, None);
        assert_eq!(chat.refused_by_all(&commit), Refusal::NotAMember(stranger.account));
    });
}

#[test]
fn s5_a_removed_account_stays_out() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, b, bob, .. } = scene(suite);
        let old_info = chat.of(&b).group_info().unwrap();
        let old_tree = chat.observer.tree().unwrap();
        let stale = Mallory::on(&b, &chat).joins_externally(&old_info, &old_tree, Some(1));
        chat.change(&a, Changes::new().remove_account(bob.account));
        assert!(matches!(chat.observer.process(&stale, NOW), Err(HandshakeError::WrongEpoch)));
        let (info, tree) = (chat.of(&a).group_info().unwrap(), chat.observer.tree().unwrap());
        let commit = Mallory::on(&b, &chat).joins_externally(&info, &tree, None);
        assert_eq!(chat.refused_by_all(&commit), Refusal::NotAMember(bob.account));
    });
}

#[test]
fn a_joiner_does_not_push_another_device_out() {
    in_both_suites(|suite| {
        let Scene { mut chat, mallory, b, b_vault, bob, .. } = scene(suite);
        let (info, tree) = (chat.of(&b).group_info().unwrap(), chat.observer.tree().unwrap());
        let tablet = bob.device(&mut rng(12));
        for victim in [&b_vault.leaf(), &b.leaf()] {
            let number = mallory.number_of(victim);
            let mut raw = Mallory::on(&tablet, &chat);
            assert!(raw.try_join_externally(&info, &tree, Some(number)).is_err(), "the library itself refuses");
        }
    });
}

#[test]
fn a_vault_device_neither_commits_nor_proposes_nor_joins() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, b, b_vault, bob, .. } = scene(suite);
        assert_eq!(chat.refused(&b_vault, Changes::new()), Refusal::VaultActs);
        let leave = chat.of(&b_vault).leave().unwrap_err();
        assert_eq!(refusal_of(leave), Refusal::VaultActs);
        let second = bob.vault(&mut rng(13));
        let refused = chat.try_join_externally(&second, &b).unwrap_err();
        assert!(matches!(refusal_of(refused), Refusal::Seat(SeatError::SecondVault(_))));
        let (package, _) = chat.key_package(&second);
        let refused = chat.refused(&a, Changes::new().add_device(package));
        assert_eq!(refused, Refusal::Seat(SeatError::SecondVault(bob.account)));
    });
}

#[test]
fn a_vault_device_on_the_bare_library_is_refused_by_all() {
    in_both_suites(|suite| {
        let mut rng = rng(14);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, vault) = (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b]);
        let (info, tree) = (chat.of(&b).group_info().unwrap(), chat.observer.tree().unwrap());
        let join = Mallory::on(&vault, &chat).joins_externally(&info, &tree, None);
        assert_eq!(chat.refused_by_all(&join), Refusal::VaultActs);
        let mut awake = Mallory::added(&vault, &mut chat, &a);
        let commit = awake.commits(|commit| commit);
        assert_eq!(chat.refused_by_all(&commit), Refusal::VaultActs);
        let proposal = awake.proposes_removal(awake.number_of(&b.leaf()), &[]);
        assert_eq!(chat.refused_by_all(&proposal), Refusal::VaultActs);
    });
}

#[test]
fn removals_are_proposed_by_their_own_account_or_with_a_revocation() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, b, bob, alice, a, .. } = scene(suite);
        let number = mallory.number_of(&b.leaf());
        let word = mallory.proposes_removal(number, &[]);
        assert_eq!(chat.refused_by_all(&word), Refusal::MayNotPropose(bob.account));
        for (data, expected) in [
            (a.revoked_by(&alice).encode().to_vec(), RevocationError::WrongDevice),
            (flip(b.revoked_by(&bob).encode().to_vec()), RevocationError::BadSignature),
        ] {
            let proposal = mallory.proposes_removal(number, &data);
            let error = chat.observer.process(&proposal, NOW).unwrap_err();
            assert!(matches!(error, HandshakeError::Revocation(found) if found == expected));
            let error = chat.of(&a).process(&proposal, NOW).unwrap_err();
            assert!(matches!(error, GroupError::Handshake(HandshakeError::Revocation(found)) if found == expected));
        }
    });
}

#[test]
fn s4_the_server_proposes_nothing_but_revoked_devices() {
    in_both_suites(|suite| {
        let Scene { mut chat, b, bob, a, .. } = scene(suite);
        let wrong_key = SigningKey::generate(&mut rng(15));
        assert!(chat.observer.propose_revoked(&b.revoked_by(&bob), &wrong_key).is_err());
        let forger = Person { account: bob.account, ..Person::new(&mut rng(16)) };
        let key = sotto_crypto::identity::DeviceKey::from_seed(&b.key.expose_seed());
        let fake = forger.certify_key(key, b.id(), Purpose::Device, None);
        let proposal = chat.observer.propose_revoked(&fake.revoked_by(&forger), &chat.server).unwrap();
        assert!(matches!(
            chat.observer.process(&proposal, NOW),
            Err(HandshakeError::Revocation(RevocationError::BadSignature))
        ));
        assert!(matches!(
            chat.of(&a).process(&proposal, NOW),
            Err(GroupError::Handshake(HandshakeError::Revocation(RevocationError::BadSignature)))
        ));
    });
}

#[test]
fn an_accepted_removal_cannot_be_left_out() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, b, .. } = scene(suite);
        let proposals = chat.of(&b).leave().unwrap();
        let without = mallory.commits(|commit| commit);
        for proposal in &proposals {
            chat.deliver(proposal, None).unwrap();
        }
        assert_eq!(chat.refused_by_all(&without), Refusal::PendingLeftOut);
        assert_eq!(chat.refused_by_all(&proposals[0]), Refusal::AlreadyPending);
        assert_eq!(chat.refused(&b, Changes::new()), Refusal::BeingRemoved);
    });
}

#[test]
fn who_is_being_removed_does_not_slip_back_from_outside() {
    in_both_suites(|suite| {
        let Scene { mut chat, b, b_vault, bob, .. } = scene(suite);
        let (info, tree) = (chat.of(&b_vault).group_info().unwrap(), chat.observer.tree().unwrap());
        let again = chat.try_join_externally(&b, &b_vault).unwrap().commit;
        let another = Mallory::on(&bob.device(&mut rng(17)), &chat).joins_externally(&info, &tree, None);

        let revoked = chat.observer.propose_revoked(&b.revoked_by(&bob), &chat.server).unwrap();
        chat.deliver(&revoked, None).unwrap();
        assert_eq!(chat.refused_by_all(&again), Refusal::BeingRemoved);
        chat.observer.process(&another, NOW).expect("another device of the account may join");
        let leaving = chat.observer.propose_revoked(&b_vault.revoked_by(&bob), &chat.server).unwrap();
        chat.deliver(&leaving, None).unwrap();
        assert_eq!(chat.refused_by_all(&another), Refusal::BeingRemoved, "but not while the account leaves");
    });
}

#[test]
fn the_only_owner_hands_over_before_leaving() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, b, bob, .. } = scene(suite);
        assert_eq!(refusal_of(chat.of(&a).leave().unwrap_err()), Refusal::OnlyOwnerLeaves);
        chat.change(&a, Changes::new().set_role(bob.account, Role::Owner));
        let proposals = chat.of(&a).leave().unwrap();
        for proposal in &proposals {
            chat.deliver(proposal, None).unwrap();
        }
        chat.refresh(&b);
        assert!(!chat.of(&a).is_member());
    });
}

#[test]
fn when_the_owner_is_gone_the_highest_role_runs_the_conversation() {
    let Scene { mut chat, a, alice, b, bob, .. } = scene(Suite::Classical);
    let revoked = chat.observer.propose_revoked(&a.revoked_by(&alice), &chat.server).unwrap();
    chat.deliver(&revoked, None).unwrap();
    chat.refresh(&b);
    assert_eq!(chat.observer.standing().unwrap().role(&bob.account), Some(Role::Owner));
    chat.change(&b, Changes::new().set_role(bob.account, Role::Owner));
}

#[test]
fn a_closed_conversation_stays_between_its_accounts() {
    in_both_suites(|suite| {
        let mut rng = rng(18);
        let (alice, bob, carol) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, c) = (alice.device(&mut rng), bob.device(&mut rng), carol.device(&mut rng));
        let mut chat = Chat::with(suite, &a, Kind::Direct, &[bob.account], Policy::default_for(Kind::Direct));
        chat.add(&a, &[&b]);
        let (package, _) = chat.key_package(&c);
        assert_eq!(chat.refused(&a, Changes::new().add_device(package)), Refusal::AccountNotListed(carol.account));
        let removal = chat.refused(&a, Changes::new().remove_account(bob.account));
        assert_eq!(removal, Refusal::MayNotRemove(bob.account));
    });
}

#[test]
fn a_forbidden_vault_is_not_added() {
    in_both_suites(|suite| {
        let mut rng = rng(19);
        let alice = Person::new(&mut rng);
        let (a, vault) = (alice.device(&mut rng), alice.vault(&mut rng));
        let policy = Policy { vault: VaultPolicy::Forbidden, ..Policy::default_for(Kind::Group) };
        let mut chat = Chat::with(suite, &a, Kind::Group, &[], policy);
        let (package, _) = chat.key_package(&vault);
        assert_eq!(chat.refused(&a, Changes::new().add_device(package)), Refusal::VaultForbidden);
    });
}

#[test]
fn s13_a_group_of_an_unknown_suite_is_not_joined() {
    let Scene { mut chat, b, b_vault, .. } = scene(Suite::Classical);
    let (mut info, tree) = (chat.of(&b_vault).group_info().unwrap(), chat.observer.tree().unwrap());
    info[6..8].copy_from_slice(&[0x00, 0x01]); // after version and wire format, and the version of the context
    let error = Group::join_externally(&b.participant, &info, &tree, &mut chat.rng).unwrap_err();
    assert!(matches!(error, GroupError::Handshake(HandshakeError::UnknownSuite)), "{error:?}");
}

#[test]
fn m3_a_group_is_not_reinitialised() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, a, villain, .. } = scene(suite);
        chat.change(&a, Changes::new().set_role(villain.account, Role::Owner));
        let promotion = chat.log.last().unwrap().clone();
        mallory.follows(&promotion);
        let commit = mallory.commits(|commit| {
            let extensions = mls_rs::ExtensionList::new();
            commit
                .reinit(Some(b"another group".to_vec()), mls_rs::ProtocolVersion::MLS_10, suite.into(), extensions)
                .unwrap()
        });
        assert!(matches!(chat.observer.process(&commit, NOW), Err(HandshakeError::UnusedProposal)));
        let error = chat.of(&a).process(&commit, NOW).unwrap_err();
        assert!(matches!(error, GroupError::Handshake(HandshakeError::UnusedProposal)), "{error:?}");
        chat.assert_agreement();
    });
}

#[test]
fn s10_s6_handshakes_of_other_groups_and_epochs_are_refused() {
    let Scene { mut chat, mut mallory, a, .. } = scene(Suite::Classical);
    let mut other = scene(Suite::Classical);
    other.chat = Chat::with(Suite::Classical, &other.a, Kind::Saved, &[], Policy::default_for(Kind::Saved));
    let foreign = other.chat.propose_commit(&other.a, Changes::new()).unwrap().commit;
    let error = chat.of(&a).process(&foreign, NOW).unwrap_err();
    assert!(matches!(error, GroupError::Handshake(HandshakeError::WrongGroup)), "{error:?}");
    let commit = mallory.commits(|commit| commit);
    chat.deliver(&commit, None).unwrap();
    assert!(matches!(chat.observer.process(&commit, NOW), Err(HandshakeError::WrongEpoch)));
    let replayed = chat.of(&a).process(&commit, NOW).unwrap_err();
    assert!(matches!(replayed, GroupError::Handshake(HandshakeError::WrongEpoch)));
}

#[test]
fn m2_a_wrong_confirmation_tag_passes_the_server_and_no_member() {
    in_both_suites(|suite| {
        let Scene { mut chat, mut mallory, a, b, .. } = scene(suite);
        let mut commit = mallory.commits(|commit| commit);
        // PublicMessage ends with confirmation_tag<V> and membership_tag<V>, 33 bytes each (RFC 9420 §6.2). The server can
        // check neither.
        let tag_end = commit.len() - 33;
        commit[tag_end - 1] ^= 1;
        chat.observer.process(&commit, NOW).expect("the server has no key for the tag");
        for device in [&a, &b] {
            let error = chat.of(device).process(&commit, NOW).unwrap_err();
            assert!(matches!(error, GroupError::Handshake(_)), "{error:?}");
        }
        chat.assert_agreement();
    });
}

#[test]
fn s12_stale_key_packages_are_refused() {
    in_both_suites(|suite| {
        let mut rng = rng(20);
        let bob = Person::new(&mut rng);
        let device = bob.device(&mut rng);
        let mut make = |from: u64| {
            let from = Time::from_unix_seconds(from);
            key_package::generate(&device.participant, suite, Usage::Once, from, DEVICE_LIFETIME, &mut rng).unwrap().0
        };
        let old = make(NOW.unix_seconds() - DEVICE_LIFETIME.as_secs() - 1);
        assert!(matches!(KeyPackage::parse(&old, NOW), Err(HandshakeError::KeyPackageExpired)));
        let early = make(NOW.unix_seconds() + CLOCK_TOLERANCE.as_secs() + 1);
        let slightly_early = make(NOW.unix_seconds() + 1_000);
        assert!(check_key_package(&slightly_early, NOW).is_ok(), "clocks differ");
        assert!(matches!(check_key_package(&early, NOW), Err(HandshakeError::KeyPackageExpired)));
        let good = make(NOW.unix_seconds());
        assert_eq!(*check_key_package(&good, NOW).unwrap().leaf(), device.leaf());
        let damaged = flip(good);
        assert!(KeyPackage::parse(&damaged, NOW).is_ok(), "only the signature is damaged");
        assert!(check_key_package(&damaged, NOW).is_err());
        let Scene { mut chat, a, .. } = scene(suite);
        let packages = [KeyPackage::parse(&early, NOW).unwrap(), KeyPackage::parse(&damaged, NOW).unwrap()];
        for package in packages {
            assert!(chat.propose_commit(&a, Changes::new().add_device(package)).is_err());
        }
    });
}

#[test]
fn s3_expired_and_borrowed_certificates_are_refused() {
    let mut rng = rng(21);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let soon = Time::from_unix_seconds(NOW.unix_seconds() + 10);
    let late = Time::from_unix_seconds(NOW.unix_seconds() + 11);
    let (a, b) = (alice.device(&mut rng), bob.certify(Purpose::Device, Some(soon), &mut rng));
    let borrowed = sotto_crypto::mls::Participant::new(&b.certificate, &a.key, NOW);
    assert_eq!(borrowed.unwrap_err(), CredentialError::WrongDeviceKey);
    assert!(sotto_crypto::mls::Participant::new(&b.certificate, &b.key, late).is_err());

    let mut chat = Chat::group(Suite::Classical, &a);
    let (package, _) = chat.key_package(&b);
    let pending = chat.propose_commit(&a, Changes::new().add_device(package)).unwrap();
    let refused = chat.observer.process(&pending.commit, late).unwrap_err();
    assert!(matches!(refused, HandshakeError::Credential(CredentialError::Certificate(_))), "{refused:?}");
}

#[test]
fn a_wrong_tree_is_noticed() {
    in_both_suites(|suite| {
        let Scene { mut chat, a, b_vault, bob, .. } = scene(suite);
        let tree_before = chat.observer.tree().unwrap();
        chat.refresh(&a);
        let info = chat.of(&b_vault).group_info().unwrap();
        let tablet = bob.device(&mut rng(22));
        let error = Group::join_externally(&tablet.participant, &info, &tree_before, &mut chat.rng).unwrap_err();
        assert!(matches!(error, GroupError::WrongTree));
        let garbage = Group::join_externally(&tablet.participant, &info, b"no tree", &mut chat.rng).unwrap_err();
        assert!(matches!(garbage, GroupError::WrongTree));
    });
}

#[test]
fn a_welcome_is_for_those_it_names() {
    let mut rng = rng(23);
    let (a, b, c) = (
        Person::new(&mut rng).device(&mut rng),
        Person::new(&mut rng).device(&mut rng),
        Person::new(&mut rng).device(&mut rng),
    );
    let mut chat = Chat::group(Suite::Classical, &a);
    let ((for_bob, _), (_, carols)) = (chat.key_package(&b), chat.key_package(&c));
    let pending = chat.propose_commit(&a, Changes::new().add_device(for_bob)).unwrap();
    chat.accept(&a, &pending);
    let (welcome, tree) = (pending.welcome.unwrap(), chat.observer.tree().unwrap());
    let error = Group::join(&c.participant, &welcome, &tree, &[&carols], None).unwrap_err();
    assert!(matches!(error, GroupError::NotInvited));
}

#[test]
fn a_conversation_starts_with_its_founder_alone_under_this_server() {
    let mut rng = rng(24);
    let alice = Person::new(&mut rng);
    let (a, vault) = (alice.device(&mut rng), alice.vault(&mut rng));
    let mut chat = Chat::group(Suite::Classical, &a);
    let (info, tree) = (chat.of(&a).group_info().unwrap(), chat.of(&a).tree().unwrap());
    let other = SigningKey::generate(&mut rng).verifying_key();
    assert!(matches!(Observer::begin(&info, &tree, &other, NOW), Err(ObserverError::AnotherServer)));
    let mut governance = chat.observer.standing().unwrap().governance;
    let refused = Group::found(&vault.participant, &governance, NOW, &mut rng).unwrap_err();
    assert_eq!(refusal_of(refused), Refusal::BadFounding);
    governance.roles.clear();
    let refused = Group::found(&a.participant, &governance, NOW, &mut rng).unwrap_err();
    assert_eq!(refusal_of(refused), Refusal::BadFounding);
    chat.refresh(&a);
    let (info, tree) = (chat.of(&a).group_info().unwrap(), chat.of(&a).tree().unwrap());
    assert!(Observer::begin(&info, &tree, &chat.server.verifying_key(), NOW).is_err(), "not at epoch 0");
}

fn flip(mut bytes: Vec<u8>) -> Vec<u8> {
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}
