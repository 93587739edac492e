//! Every verb of a group, by people who follow the rules.

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::effect::Effect;
use sotto_crypto::mls::governance::{History, Kind, Policy, Role, VaultPolicy};
use sotto_crypto::mls::group::{Changes, Group, GroupError, Received};
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage, VAULT_LIFETIME};
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::mls::rules::Refusal;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::time::Time;

use crate::people::{Chat, NOW, Person, in_both_suites, rng};

#[test]
fn alice_adds_bob_with_his_vault_and_they_share_a_secret() {
    in_both_suites(|suite| {
        let mut rng = rng(1);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (phone, laptop, vault) = (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng));
        let mut chat = Chat::group(suite, &phone);
        let commit = chat.add(&phone, &[&laptop, &vault]);

        assert_eq!((commit.epoch, commit.committer, commit.joined), (1, phone.leaf(), false));
        assert_eq!(commit.effects.len(), 3);
        assert_eq!(commit.effects[0], Effect::AccountAdded(bob.account));
        assert!(commit.effects.contains(&Effect::DeviceAdded(laptop.leaf())));
        assert!(commit.effects.contains(&Effect::DeviceAdded(vault.leaf())));
        let standing = chat.observer.standing().unwrap();
        assert_eq!(standing.role(&alice.account), Some(Role::Owner));
        assert_eq!(standing.role(&bob.account), Some(Role::Member));
    });
}

#[test]
fn each_epoch_has_its_own_secret() {
    in_both_suites(|suite| {
        let mut rng = rng(2);
        let (phone, laptop) = (Person::new(&mut rng).device(&mut rng), Person::new(&mut rng).device(&mut rng));
        let mut chat = Chat::group(suite, &phone);
        chat.add(&phone, &[&laptop]);
        let first = chat.of(&phone).epoch_secret().unwrap();
        let commit = chat.refresh(&laptop);
        assert_eq!(commit.effects, []);
        assert_ne!(chat.of(&phone).epoch_secret().unwrap(), first);
    });
}

#[test]
fn a_removed_member_learns_who_did_it_and_stays_in_the_past() {
    in_both_suites(|suite| {
        let mut rng = rng(3);
        let (alice, bob, carol) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, c) = (alice.device(&mut rng), bob.device(&mut rng), carol.device(&mut rng));
        let b_vault = bob.vault(&mut rng);
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &b_vault, &c]);
        let known_to_bob = chat.of(&b).epoch_secret().unwrap();

        let pending = chat.propose_commit(&a, Changes::new().remove_account(bob.account)).unwrap();
        let mut bobs = chat.groups.remove(&b.id()).unwrap();
        chat.accept(&a, &pending);
        let Received::Removed(commit) = bobs.process(&pending.commit, NOW).unwrap() else { panic!("not removed") };
        assert_eq!(commit.committer, a.leaf());

        assert!(!bobs.is_member());
        assert_eq!(bobs.epoch_secret().unwrap(), known_to_bob);
        assert_ne!(chat.of(&c).epoch_secret().unwrap(), known_to_bob);
        let mut commit = || bobs.commit(Changes::new(), NOW, &mut rng).unwrap_err();
        assert!(matches!(commit(), GroupError::NoLongerAMember));
        assert!(matches!(bobs.process(&pending.commit, NOW), Err(GroupError::NoLongerAMember)));
        assert!(!chat.of(&b_vault).is_member());
    });
}

#[test]
fn a_device_joins_by_itself_with_the_help_of_the_sleeping_vault() {
    in_both_suites(|suite| {
        let mut rng = rng(4);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, vault) = (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &vault]);
        chat.refresh(&a);

        let tablet = bob.device(&mut rng);
        let commit = chat.join_externally(&tablet, &vault);
        assert_eq!((commit.committer, commit.joined), (tablet.leaf(), true));
        assert_eq!(commit.effects, [Effect::DeviceAdded(tablet.leaf())]);
        chat.refresh(&tablet);
    });
}

#[test]
fn a_device_that_lost_its_state_replaces_its_own_leaf() {
    in_both_suites(|suite| {
        let mut rng = rng(5);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, vault) = (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &vault]);
        let leaves = chat.observer.standing().unwrap().leaves().count();

        chat.groups.remove(&b.id());
        let commit = chat.join_externally(&b, &vault);
        assert_eq!((commit.effects, commit.joined), (vec![], true));
        assert_eq!(chat.observer.standing().unwrap().leaves().count(), leaves);
    });
}

#[test]
fn bob_leaves_and_whoever_sees_it_first_commits_it() {
    in_both_suites(|suite| {
        let mut rng = rng(6);
        let (alice, bob, carol) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, vault, c) =
            (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng), carol.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &vault, &c]);

        let proposals = chat.of(&b).leave().unwrap();
        assert_eq!(proposals.len(), 2);
        for proposal in &proposals {
            let observed = chat.deliver(proposal, None).unwrap();
            assert!(matches!(observed, Observed::Proposal(withdrawal) if withdrawal.by_own_account));
        }
        let pending = chat.observer.pending_removals().unwrap();
        assert_eq!(pending.len(), 2);
        for device in [&a, &b, &c] {
            assert_eq!(chat.of(device).pending_removals().unwrap(), pending, "in the same order everywhere");
        }
        let commit = chat.refresh(&c);
        assert!(commit.effects.contains(&Effect::AccountRemoved(bob.account)));
        assert!(!chat.of(&b).is_member());
        assert_eq!(chat.of(&a).pending_removals().unwrap(), []);
    });
}

#[test]
fn a_revoked_device_goes_with_the_next_commit_of_anybody() {
    in_both_suites(|suite| {
        let mut rng = rng(7);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, phone, laptop) = (alice.device(&mut rng), bob.device(&mut rng), bob.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&phone, &laptop]);

        let revocation = laptop.revoked_by(&bob);
        let proposal = chat.observer.propose_revoked(&revocation, &chat.server).unwrap();
        let observed = chat.deliver(&proposal, None).unwrap();
        assert!(matches!(observed, Observed::Proposal(withdrawal) if !withdrawal.by_own_account));
        let commit = chat.refresh(&a);
        assert_eq!(commit.effects, [Effect::DeviceRemoved(laptop.leaf())]);
        assert!(!chat.of(&laptop).is_member());
        assert!(chat.of(&phone).is_member());
    });
}

#[test]
fn a_member_may_bring_a_revocation_too() {
    in_both_suites(|suite| {
        let mut rng = rng(8);
        let (alice, bob, carol) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, c) = (alice.device(&mut rng), bob.device(&mut rng), carol.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &c]);
        let proposal = chat.of(&c).propose_revoked(&b.revoked_by(&bob)).unwrap();
        chat.deliver(&proposal, None).unwrap();
        assert!(chat.refresh(&a).effects.contains(&Effect::AccountRemoved(bob.account)));
    });
}

#[test]
fn roles_and_policy_change_and_everybody_is_told() {
    in_both_suites(|suite| {
        let mut rng = rng(9);
        let (alice, bob, carol) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, c) = (alice.device(&mut rng), bob.device(&mut rng), carol.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b]);

        let commit = chat.change(&a, Changes::new().set_role(bob.account, Role::Admin));
        let promoted = Effect::RoleChanged { account: bob.account, from: Role::Member, to: Role::Admin };
        assert_eq!(commit.effects, [promoted]);
        chat.add(&b, &[&c]);

        let old = Policy::default_for(Kind::Group);
        let new = Policy { history: History::Everything, post: Role::Admin, ..old };
        let commit = chat.change(&b, Changes::new().set_policy(new));
        assert_eq!(commit.effects, [Effect::PolicyChanged { from: old, to: new }]);
        let standing = chat.observer.standing().unwrap();
        assert!(standing.may_post(&bob.account) && !standing.may_post(&carol.account));
        assert!(standing.may_rename(&carol.account));
    });
}

#[test]
fn an_admin_who_is_removed_loses_the_role() {
    let mut rng = rng(10);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (a, b) = (alice.device(&mut rng), bob.device(&mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.add(&a, &[&b]);
    chat.change(&a, Changes::new().set_role(bob.account, Role::Admin));
    let commit = chat.change(&a, Changes::new().remove_account(bob.account));
    let demoted = Effect::RoleChanged { account: bob.account, from: Role::Admin, to: Role::Member };
    assert!(commit.effects.contains(&demoted));
    chat.groups.remove(&b.id());
    chat.add(&a, &[&b]);
    assert_eq!(chat.observer.standing().unwrap().role(&bob.account), Some(Role::Member));
}

#[test]
fn who_comes_back_as_another_identity_has_no_role_unless_it_is_given_again() {
    for given_again in [false, true] {
        let mut rng = rng(25);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b) = (alice.device(&mut rng), bob.device(&mut rng));
        let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
        chat.add(&a, &[&b]);
        chat.change(&a, Changes::new().set_role(bob.account, Role::Admin));
        let anew = Person { account: bob.account, ..Person::new(&mut rng) }.device(&mut rng);
        let mut changes = Changes::new().remove_account(bob.account);
        if given_again {
            changes = changes.set_role(bob.account, Role::Admin);
        }
        chat.change_and_add(&a, changes, &[&anew]);
        let role = chat.observer.standing().unwrap().role(&bob.account);
        assert_eq!(role, Some(if given_again { Role::Admin } else { Role::Member }));
    }
}

#[test]
fn forbidding_vaults_takes_them_out() {
    in_both_suites(|suite| {
        let mut rng = rng(11);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b, vault) = (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &vault]);
        let policy = Policy { vault: VaultPolicy::Forbidden, ..Policy::default_for(Kind::Group) };
        let commit = chat.change(&a, Changes::new().set_policy(policy));
        assert!(commit.effects.contains(&Effect::DeviceRemoved(vault.leaf())));
        assert!(chat.of(&b).is_member());
    });
}

#[test]
fn a_direct_chat_and_saved_messages_have_their_accounts() {
    in_both_suites(|suite| {
        let mut rng = rng(12);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, a2, b) = (alice.device(&mut rng), alice.device(&mut rng), bob.device(&mut rng));
        let mut direct = Chat::with(suite, &a, Kind::Direct, &[bob.account], Policy::default_for(Kind::Direct));
        direct.add(&a, &[&b, &a2]);
        let standing = direct.observer.standing().unwrap();
        assert_eq!(standing.role(&bob.account), Some(Role::Owner));

        let mut saved = Chat::with(suite, &a, Kind::Saved, &[], Policy::default_for(Kind::Saved));
        saved.add(&a, &[&a2]);
    });
}

#[test]
fn the_loser_of_a_race_drops_its_commit_and_catches_up() {
    in_both_suites(|suite| {
        let mut rng = rng(13);
        let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
        let (a, b) = (alice.device(&mut rng), bob.device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b]);

        let mine = chat.propose_commit(&a, Changes::new()).unwrap();
        let theirs = chat.propose_commit(&b, Changes::new()).unwrap();
        assert!(matches!(chat.propose_commit(&a, Changes::new()), Err(GroupError::CommitPending)));
        chat.observer = chat.observer.process(&mine.commit, NOW).unwrap().0;
        assert!(chat.observer.process(&theirs.commit, NOW).is_err(), "one commit for each epoch");
        chat.of(&a).apply_pending().unwrap();
        chat.of(&b).discard_pending();
        assert!(!chat.of(&b).has_pending_commit());
        chat.of(&b).process(&mine.commit, NOW).unwrap();
        chat.assert_agreement();
        chat.refresh(&b);
    });
}

#[test]
fn an_own_commit_that_comes_back_is_applied() {
    let mut rng = rng(14);
    let a = Person::new(&mut rng).device(&mut rng);
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    let pending = chat.propose_commit(&a, Changes::new()).unwrap();
    chat.observer = chat.observer.process(&pending.commit, NOW).unwrap().0;
    assert!(matches!(chat.of(&a).process(&pending.commit, NOW).unwrap(), Received::Commit(_)));
    assert!(!chat.of(&a).has_pending_commit());
    chat.assert_agreement();
    assert!(matches!(chat.of(&a).apply_pending(), Err(GroupError::NoCommitPending)));
}

#[test]
fn a_snapshot_restores_the_group_and_its_pending_commit() {
    in_both_suites(|suite| {
        let mut rng = rng(15);
        let (a, b) = (Person::new(&mut rng).device(&mut rng), Person::new(&mut rng).device(&mut rng));
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b]);
        let pending = chat.propose_commit(&a, Changes::new()).unwrap();

        let snapshot = chat.of(&a).snapshot().unwrap();
        let restored = Group::restore(&snapshot).unwrap();
        assert!(restored.has_pending_commit());
        chat.groups.insert(a.id(), restored);
        chat.observer = Observer::restore(&chat.observer.snapshot().unwrap()).unwrap();
        chat.accept(&a, &pending);
        chat.assert_agreement();
        chat.refresh(&a);
    });
}

#[test]
fn a_removed_member_is_restored_as_removed() {
    let mut rng = rng(16);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (a, b) = (alice.device(&mut rng), bob.device(&mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.add(&a, &[&b]);
    chat.change(&a, Changes::new().remove_account(bob.account));
    let snapshot = chat.of(&b).snapshot().unwrap();
    assert!(!Group::restore(&snapshot).unwrap().is_member());
}

#[test]
fn pending_removals_survive_the_snapshots() {
    let mut rng = rng(17);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (a, b) = (alice.device(&mut rng), bob.device(&mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.add(&a, &[&b]);
    for proposal in chat.of(&b).leave().unwrap() {
        chat.deliver(&proposal, None).unwrap();
    }
    let snapshot = chat.of(&a).snapshot().unwrap();
    chat.groups.insert(a.id(), Group::restore(&snapshot).unwrap());
    chat.observer = Observer::restore(&chat.observer.snapshot().unwrap()).unwrap();
    assert_eq!(chat.observer.pending_removals().unwrap(), [b.leaf()]);
    chat.refresh(&a);
    assert!(!chat.of(&b).is_member());
}

#[test]
fn a_key_package_says_whose_it_is_and_how_it_may_be_used() {
    in_both_suites(|suite| {
        let mut rng = rng(18);
        let vault = Person::new(&mut rng).vault(&mut rng);
        let (public, secret) =
            key_package::generate(&vault.participant, suite, Usage::LastResort, NOW, VAULT_LIFETIME, &mut rng).unwrap();
        let parsed = KeyPackage::parse(&public, NOW).unwrap();
        assert_eq!((*parsed.leaf(), parsed.suite(), parsed.usage()), (vault.leaf(), suite, Usage::LastResort));
        assert_eq!(parsed.not_after(), NOW.saturating_add(VAULT_LIFETIME));
        assert_eq!(parsed.leaf().purpose, Purpose::Vault);
        assert!(secret.reference().is_some());
        assert!(format!("{secret:?}").contains("redacted"));
        assert!(KeyPackage::parse(&public, parsed.not_after()).is_ok(), "to the last second");
        let late = parsed.not_after().saturating_add(std::time::Duration::from_secs(1));
        assert!(matches!(KeyPackage::parse(&public, late), Err(HandshakeError::KeyPackageExpired)));
    });
}

#[test]
fn the_private_half_of_a_key_package_is_stored_and_comes_back() {
    let mut rng = rng(22);
    let (a, b) = (Person::new(&mut rng).device(&mut rng), Person::new(&mut rng).device(&mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    let (package, secret) = chat.key_package(&b);
    let pending = chat.propose_commit(&a, Changes::new().add_device(package)).unwrap();
    chat.accept(&a, &pending);
    let (welcome, tree) = (pending.welcome.unwrap(), chat.observer.tree().unwrap());
    let join = |stored: Vec<u8>| {
        let secret = KeyPackageSecret::from_secret(SecretVec::new(stored));
        Group::join(&b.participant, &welcome, &tree, &[&secret], None).map(|(group, _)| group)
    };
    let longer = join([secret.expose_secret(), &[0]].concat()).unwrap_err();
    assert!(matches!(longer, GroupError::Handshake(HandshakeError::BadKeyPackageSecret)), "{longer:?}");
    chat.groups.insert(b.id(), join(secret.expose_secret().to_vec()).unwrap());
    chat.assert_agreement();
}

#[test]
fn bob_removes_a_device_of_his_own_and_no_other() {
    let mut rng = rng(23);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let (a, a2) = (alice.device(&mut rng), alice.device(&mut rng));
    let (b, b2, b3) = (bob.device(&mut rng), bob.device(&mut rng), bob.device(&mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.add(&a, &[&a2, &b, &b2, &b3]);
    for not_his in [a2.id(), sotto_proto::DeviceId::from_bytes([9; 16])] {
        assert_eq!(chat.refused(&b, Changes::new().remove_own_device(not_his)), Refusal::NoSuchLeaf);
    }
    let both = Changes::new().remove_own_device(b2.id()).remove_own_device(a2.id());
    assert_eq!(chat.refused(&b, both), Refusal::NoSuchLeaf, "one of two is not his");
    let commit = chat.change(&b, Changes::new().remove_own_device(b2.id()));
    assert_eq!(commit.effects, [Effect::DeviceRemoved(b2.leaf())]);
    assert!(chat.of(&b3).is_member() && chat.of(&a2).is_member());
    let unknown = Person::new(&mut rng).account;
    assert_eq!(chat.refused(&a, Changes::new().remove_account(unknown)), Refusal::NoSuchLeaf);
}

#[test]
fn debug_of_a_group_says_where_it_stands() {
    let mut rng = rng(24);
    let a = Person::new(&mut rng).device(&mut rng);
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.refresh(&a);
    assert_eq!(format!("{:?}", chat.observer), "Observer { epoch: 1, .. }");
    let printed = format!("{:?}", chat.of(&a));
    assert!(printed.starts_with("Group { epoch: 1, own: Leaf {") && printed.ends_with("removed: false }"), "{printed}");
}

#[test]
fn a_last_resort_key_package_serves_twice() {
    let mut rng = rng(19);
    let suite = sotto_crypto::mls::Suite::Classical;
    let (a, vault) = (Person::new(&mut rng).device(&mut rng), Person::new(&mut rng).vault(&mut rng));
    let (public, secret) =
        key_package::generate(&vault.participant, suite, Usage::LastResort, NOW, VAULT_LIFETIME, &mut rng).unwrap();
    for _ in 0..2 {
        let mut chat = Chat::group(suite, &a);
        let package = KeyPackage::parse(&public, NOW).unwrap();
        let pending = chat.propose_commit(&a, Changes::new().add_device(package)).unwrap();
        chat.accept(&a, &pending);
        let (welcome, tree) = (pending.welcome.unwrap(), chat.observer.tree().unwrap());
        let (group, _) = Group::join(&vault.participant, &welcome, &tree, &[&secret], None).unwrap();
        chat.groups.insert(vault.id(), group);
        chat.assert_agreement();
    }
}

#[test]
fn who_catches_up_late_judges_by_the_time_of_the_log() {
    let mut rng = rng(20);
    let suite = sotto_crypto::mls::Suite::Classical;
    let (a, b, c) = (
        Person::new(&mut rng).device(&mut rng),
        Person::new(&mut rng).device(&mut rng),
        Person::new(&mut rng).device(&mut rng),
    );
    let mut chat = Chat::group(suite, &a);
    chat.add(&a, &[&b]);
    let mut asleep = chat.groups.remove(&b.id()).unwrap();
    chat.add(&a, &[&c]);
    let handshake = chat.log.last().unwrap().clone();
    let much_later = Time::from_unix_seconds(NOW.unix_seconds() + 2 * DEVICE_LIFETIME.as_secs());
    assert!(asleep.process(&handshake, much_later).is_err(), "as a new entry it would be refused");
    asleep.process(&handshake, NOW).unwrap();
    chat.groups.insert(b.id(), asleep);
    chat.assert_agreement();
}

#[test]
fn an_expiring_certificate_is_renewed_in_place() {
    let mut rng = rng(21);
    let (alice, bob) = (Person::new(&mut rng), Person::new(&mut rng));
    let soon = Time::from_unix_seconds(NOW.unix_seconds() + 10);
    let (a, b) = (alice.device(&mut rng), bob.certify(Purpose::Device, Some(soon), &mut rng));
    let mut chat = Chat::group(sotto_crypto::mls::Suite::Classical, &a);
    chat.add(&a, &[&b]);

    let seed = b.key.expose_seed();
    let again = sotto_crypto::identity::DeviceKey::from_seed(&seed);
    let renewed = bob.certify_key(again, b.id(), Purpose::Device, None);
    let pending = chat.groups.get_mut(&b.id()).unwrap().renew_certificate(&renewed.participant, NOW, &mut rng).unwrap();
    let commit = chat.accept(&b, &pending);
    assert_eq!(commit.effects, []);
    chat.assert_agreement();
    let later = Time::from_unix_seconds(NOW.unix_seconds() + 20);
    let pending = chat.of(&b).commit(Changes::new(), later, &mut rng).unwrap();
    chat.observer.process(&pending.commit, later).unwrap();
}
