//! The rules alone, each at its edge, without any group.

use std::collections::BTreeMap;

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role, VaultPolicy};
use sotto_crypto::mls::rules::{
    Change, Committer, MAX_ACCOUNTS, MAX_LEAVES_PER_ACCOUNT, Petitioner, Refusal, judge_commit, judge_founding,
    judge_withdrawal,
};
use sotto_crypto::mls::standing::{Leaf, Seat, SeatError, Standing};
use sotto_crypto::primitives::SigningKey;
use sotto_proto::{AccountId, ConversationId, DeviceId};

use crate::people::rng;

fn account(number: u16) -> AccountId {
    let [high, low] = number.to_be_bytes();
    AccountId::from_bytes([high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn leaf(number: u16, device: u8) -> Leaf {
    let [high, low] = number.to_be_bytes();
    let id = DeviceId::from_bytes([high, low, device, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    Leaf { account: account(number), device: id, purpose: Purpose::Device, identity: [low; 32] }
}

fn vault(number: u16) -> Leaf {
    Leaf { purpose: Purpose::Vault, ..leaf(number, 0xFF) }
}

fn standing(kind: Kind, roles: &[(u16, Role)], leaves: &[Leaf]) -> Standing {
    let governance = Governance {
        conversation: ConversationId::from_bytes([1; 16]),
        generation: 1,
        kind,
        suite: Suite::default(),
        server_key: SigningKey::generate(&mut rng(1)).verifying_key(),
        policy: Policy::default_for(kind),
        roles: roles.iter().map(|(number, role)| (account(*number), *role)).collect(),
    };
    let mut accounts: BTreeMap<AccountId, Seat> = BTreeMap::new();
    for leaf in leaves {
        let seat = Seat { identity: leaf.identity, devices: BTreeMap::new() };
        accounts.entry(leaf.account).or_insert(seat).devices.insert(leaf.device, leaf.purpose);
    }
    Standing { epoch: 3, governance, accounts }
}

/// Owner 1, admins 2 and 3, members 4 and 5, the last with a vault.
fn club() -> Standing {
    let leaves = [leaf(1, 1), leaf(2, 1), leaf(3, 1), leaf(4, 1), leaf(5, 1), vault(5)];
    standing(Kind::Group, &[(1, Role::Owner), (2, Role::Admin), (3, Role::Admin)], &leaves)
}

fn by(number: u16, changes: &[Change]) -> Result<(), Refusal> {
    judge_commit(&club(), &Committer::Member(leaf(number, 1)), changes).map(drop)
}

fn removal(number: u16) -> Vec<Change> {
    club().accounts[&account(number)]
        .devices
        .iter()
        .map(|(device, purpose)| Change::Remove(Leaf { device: *device, purpose: *purpose, ..leaf(number, 1) }))
        .collect()
}

fn govern(change: impl FnOnce(&mut Governance)) -> Change {
    let mut governance = club().governance;
    change(&mut governance);
    Change::Govern(governance)
}

#[test]
fn adding_takes_the_policys_role_but_own_devices_are_free() {
    let stranger = Change::Add(leaf(9, 1));
    assert_eq!(by(1, std::slice::from_ref(&stranger)), Ok(()));
    assert_eq!(by(2, std::slice::from_ref(&stranger)), Ok(()));
    assert_eq!(by(4, &[stranger]), Err(Refusal::MayNotAdd(account(4))));
    assert_eq!(by(4, &[Change::Add(leaf(4, 2))]), Ok(()));
    assert_eq!(by(4, &[Change::Add(leaf(5, 2))]), Err(Refusal::MayNotAdd(account(4))));
    assert_eq!(by(2, &[Change::Add(leaf(5, 2))]), Ok(()), "as for the account that it could add");
    assert_eq!(by(9, &[]), Err(Refusal::NotAMember(account(9))));
}

#[test]
fn removing_takes_a_higher_role() {
    let with_role_dropped = |number: u16| {
        let mut changes = removal(number);
        changes.push(govern(|new| new.roles.retain(|listed, _| *listed != account(number))));
        changes
    };
    for (actor, target, allowed) in
        [(1, 2, true), (1, 5, true), (2, 4, true), (2, 5, true), (2, 3, false), (2, 1, false), (4, 5, false)]
    {
        let expected = if allowed { Ok(()) } else { Err(Refusal::MayNotRemove(account(target))) };
        assert_eq!(by(actor, &with_role_dropped(target)), expected, "{actor} removes {target}");
    }
    assert_eq!(by(1, &removal(2)), Err(Refusal::RoleWithoutSeat(account(2))), "the role goes with the account");
    assert_eq!(by(2, &[Change::Remove(vault(5))]), Err(Refusal::PartialRemoval(account(5))));
    assert_eq!(by(5, &[Change::Remove(vault(5))]), Ok(()), "own devices one by one");
    assert_eq!(by(1, &[Change::Remove(leaf(4, 7))]), Err(Refusal::NoSuchLeaf));
    let readded = [Change::Remove(leaf(4, 1)), Change::Add(leaf(4, 2))];
    assert_eq!(by(1, &readded), Err(Refusal::PartialRemoval(account(4))));
}

#[test]
fn only_owners_change_the_roles_of_others() {
    let set = |number: u16, role: Role| {
        govern(|new| {
            new.roles.insert(account(number), role);
            new.roles.retain(|_, role| *role != Role::Member);
        })
    };
    assert_eq!(by(1, &[set(4, Role::Owner)]), Ok(()));
    assert_eq!(by(1, &[set(2, Role::Member)]), Ok(()));
    assert_eq!(by(2, &[set(4, Role::Admin)]), Err(Refusal::MayNotChangeRole(account(4))));
    assert_eq!(by(2, &[set(3, Role::Member)]), Err(Refusal::MayNotChangeRole(account(3))));
    assert_eq!(by(2, &[set(2, Role::Owner)]), Err(Refusal::MayNotChangeRole(account(2))));
    assert_eq!(by(2, &[set(2, Role::Member)]), Ok(()), "everybody may step down");
    assert_eq!(by(1, &[set(9, Role::Admin)]), Err(Refusal::MayNotChangeRole(account(9))));
    let two = [set(4, Role::Admin), set(5, Role::Admin)];
    assert_eq!(by(1, &two), Err(Refusal::TwoAgreements));

    let mut two_owners = club();
    two_owners.governance.roles.insert(account(2), Role::Owner);
    let mut demoted = two_owners.governance.clone();
    demoted.roles.insert(account(2), Role::Admin);
    let refused = judge_commit(&two_owners, &Committer::Member(leaf(1, 1)), &[Change::Govern(demoted)]);
    assert_eq!(refused.map(drop), Err(Refusal::MayNotChangeRole(account(2))), "owners are equals");
}

#[test]
fn a_permission_is_changed_by_those_who_hold_it_before_and_after() {
    assert_eq!(by(2, &[govern(|new| new.policy.add = Role::Member)]), Ok(()));
    assert_eq!(by(2, &[govern(|new| new.policy.post = Role::Admin)]), Ok(()));
    let to_owner = |change: fn(&mut Policy)| govern(|new| change(&mut new.policy));
    for change in [
        (|policy| policy.add = Role::Owner) as fn(&mut Policy),
        |policy| policy.post = Role::Owner,
        |policy| policy.rename = Role::Owner,
    ] {
        assert_eq!(by(2, &[to_owner(change)]), Err(Refusal::MayNotChangePolicy));
        assert_eq!(by(1, &[to_owner(change)]), Ok(()));
    }
    let keep = govern(|new| new.policy.retention = std::num::NonZeroU32::new(60));
    assert_eq!(by(4, std::slice::from_ref(&keep)), Err(Refusal::MayNotChangePolicy));
    assert_eq!(by(3, &[keep]), Ok(()));
}

#[test]
fn vault_devices_end_when_they_are_forbidden() {
    let forbid = govern(|new| new.policy.vault = VaultPolicy::Forbidden);
    assert_eq!(by(2, std::slice::from_ref(&forbid)), Err(Refusal::VaultForbidden));
    assert_eq!(by(2, &[forbid.clone(), Change::Remove(vault(5))]), Ok(()));
    assert_eq!(by(4, &[forbid, Change::Remove(vault(5))]), Err(Refusal::MayNotChangePolicy));
    assert_eq!(
        by(5, &[Change::Add(Leaf { device: leaf(5, 9).device, ..vault(5) })]),
        Err(Refusal::Seat(SeatError::SecondVault(account(5))))
    );
    let vault_commits = judge_commit(&club(), &Committer::Member(vault(5)), &[]);
    assert_eq!(vault_commits.map(drop), Err(Refusal::VaultActs));
}

#[test]
fn a_joiner_changes_its_own_leaf_only() {
    let joins = |joiner: Leaf, changes: &[Change]| judge_commit(&club(), &Committer::Joiner(joiner), changes).map(drop);
    assert_eq!(joins(leaf(4, 2), &[]), Ok(()));
    assert_eq!(joins(leaf(4, 1), &[Change::Remove(leaf(4, 1))]), Ok(()));
    assert_eq!(joins(leaf(4, 1), &[]), Err(Refusal::Seat(SeatError::DeviceTwice(leaf(4, 1).device))));
    assert_eq!(joins(leaf(5, 2), &[Change::Remove(leaf(5, 1))]), Err(Refusal::JoinerChangesMore));
    assert_eq!(joins(leaf(4, 2), &[Change::Remove(leaf(5, 1))]), Err(Refusal::JoinerChangesMore));
    assert_eq!(joins(leaf(4, 2), &[govern(|_| ())]), Err(Refusal::JoinerChangesMore));
    assert_eq!(joins(leaf(9, 1), &[]), Err(Refusal::NotAMember(account(9))));
    let impostor = Leaf { identity: [0xAA; 32], ..leaf(4, 2) };
    assert_eq!(joins(impostor, &[]), Err(Refusal::Seat(SeatError::AnotherIdentityKey(account(4)))));
    let only_leaf = Leaf { identity: [0xAA; 32], ..leaf(4, 1) };
    let replaced = joins(only_leaf, &[Change::Remove(leaf(4, 1))]);
    assert_eq!(replaced, Err(Refusal::AnotherIdentity(account(4))), "not even in place of the only leaf");
}

#[test]
fn withdrawals_are_own_or_revoked() {
    let asks = |pending: &[Leaf], target: Leaf, petitioner| judge_withdrawal(&club(), pending, &target, &petitioner);
    let member = |number| Petitioner::Member(leaf(number, 1));
    assert_eq!(asks(&[], leaf(4, 1), member(4)), Ok(()));
    assert_eq!(asks(&[], leaf(4, 1), member(1)), Err(Refusal::MayNotPropose(account(4))));
    assert_eq!(asks(&[], leaf(4, 1), Petitioner::Revocation), Ok(()));
    assert_eq!(asks(&[], leaf(1, 1), member(1)), Err(Refusal::OnlyOwnerLeaves));
    assert_eq!(asks(&[], leaf(1, 1), Petitioner::Revocation), Ok(()));
    assert_eq!(asks(&[leaf(4, 1)], leaf(4, 1), member(4)), Err(Refusal::AlreadyPending));
    assert_eq!(asks(&[], leaf(5, 1), Petitioner::Member(vault(5))), Err(Refusal::VaultActs));
    assert_eq!(asks(&[], leaf(9, 1), Petitioner::Revocation), Err(Refusal::NoSuchLeaf));
}

#[test]
fn the_only_owner_may_drop_devices_until_the_last() {
    let owner_with_two = standing(Kind::Group, &[(1, Role::Owner)], &[leaf(1, 1), leaf(1, 2), leaf(4, 1)]);
    let asks =
        |pending: &[Leaf], target| judge_withdrawal(&owner_with_two, pending, &target, &Petitioner::Member(leaf(1, 1)));
    assert_eq!(asks(&[], leaf(1, 2)), Ok(()));
    assert_eq!(asks(&[leaf(1, 2)], leaf(1, 1)), Err(Refusal::OnlyOwnerLeaves));
    let alone = standing(Kind::Group, &[(1, Role::Owner)], &[leaf(1, 1)]);
    assert_eq!(judge_withdrawal(&alone, &[], &leaf(1, 1), &Petitioner::Member(leaf(1, 1))), Ok(()));
}

#[test]
fn closed_conversations_keep_their_accounts() {
    let direct = standing(Kind::Direct, &[(1, Role::Owner), (2, Role::Owner)], &[leaf(1, 1), leaf(2, 1)]);
    let commits = |changes: &[Change]| judge_commit(&direct, &Committer::Member(leaf(1, 1)), changes).map(drop);
    assert_eq!(commits(&[Change::Add(leaf(2, 2))]), Ok(()));
    assert_eq!(commits(&[Change::Add(leaf(3, 1))]), Err(Refusal::AccountNotListed(account(3))));
    assert_eq!(commits(&[Change::Remove(leaf(2, 1))]), Err(Refusal::MayNotRemove(account(2))));
    let anew = Leaf { identity: [0xBB; 32], ..leaf(2, 7) };
    let replaced = [Change::Remove(leaf(2, 1)), Change::Add(anew)];
    assert_eq!(commits(&replaced), Ok(()), "a partner who lost everything comes back under a new identity key");
}

#[test]
fn a_closed_conversation_may_wait_for_its_partner() {
    let waiting = standing(Kind::Direct, &[(1, Role::Owner), (2, Role::Owner)], &[leaf(1, 1)]);
    assert_eq!(judge_commit(&waiting, &Committer::Member(leaf(1, 1)), &[]).map(drop), Ok(()));
}

#[test]
fn whoever_opens_a_generation_brings_all_and_nobody_does_so_later() {
    let adds = |generation: u32, epoch: u64| {
        let mut before = Standing { epoch, ..club() };
        before.governance.generation = generation;
        judge_commit(&before, &Committer::Member(leaf(4, 1)), &[Change::Add(leaf(9, 1))]).map(drop)
    };
    assert_eq!(adds(2, 0), Ok(()));
    for (generation, epoch) in [(1, 0), (2, 1), (1, 1)] {
        assert_eq!(adds(generation, epoch), Err(Refusal::MayNotAdd(account(4))), "{generation} {epoch}");
    }
}

#[test]
fn posting_and_renaming_take_the_policys_roles() {
    let mut strict = club();
    strict.governance.policy.post = Role::Admin;
    strict.governance.policy.rename = Role::Owner;
    let may = |number| (strict.may_post(&account(number)), strict.may_rename(&account(number)));
    assert_eq!([may(1), may(2), may(4), may(9)], [(true, true), (true, false), (false, false), (false, false)]);
}

#[test]
fn a_role_stays_with_the_identity_that_it_was_given_to() {
    let anew = Leaf { identity: [0xCC; 32], ..leaf(2, 7) };
    let mut open = club();
    open.governance.policy.add = Role::Member;
    let replace = |roles_kept: bool, first: Change, actor| {
        let mut changes = vec![first, Change::Add(anew)];
        if !roles_kept {
            let mut governance = open.governance.clone();
            governance.roles.remove(&account(2));
            changes.push(Change::Govern(governance));
        }
        judge_commit(&open, &Committer::Member(leaf(actor, 1)), &changes).map(drop)
    };
    let usurped = Err(Refusal::RoleOfAnotherIdentity(account(2)));
    assert_eq!(replace(true, Change::Withdraw(leaf(2, 1)), 4), usurped);
    assert_eq!(replace(false, Change::Withdraw(leaf(2, 1)), 4), Ok(()));
    assert_eq!(replace(true, Change::Remove(leaf(2, 1)), 1), Ok(()), "an owner may keep it");
    assert_eq!(replace(false, Change::Remove(leaf(2, 1)), 3), Err(Refusal::MayNotRemove(account(2))));
}

#[test]
fn there_are_limits() {
    let many: Vec<_> = (1..=u16::try_from(MAX_ACCOUNTS).unwrap()).map(|number| leaf(number, 1)).collect();
    let full = standing(Kind::Group, &[(1, Role::Owner)], &many);
    let add = |new| judge_commit(&full, &Committer::Member(leaf(1, 1)), &[Change::Add(new)]).map(drop);
    assert_eq!(add(leaf(2, 2)), Ok(()));
    assert_eq!(add(leaf(5_000, 1)), Err(Refusal::TooManyAccounts));

    let devices: Vec<_> = (1..=u8::try_from(MAX_LEAVES_PER_ACCOUNT).unwrap()).map(|device| leaf(1, device)).collect();
    let hoarder = standing(Kind::Group, &[(1, Role::Owner)], &devices);
    assert_eq!(judge_commit(&hoarder, &Committer::Member(leaf(1, 1)), &[]).map(drop), Ok(()), "as many as allowed");
    let more = judge_commit(&hoarder, &Committer::Member(leaf(1, 1)), &[Change::Add(leaf(1, 200))]);
    assert_eq!(more.map(drop), Err(Refusal::TooManyDevices(account(1))));
}

#[test]
fn the_highest_role_that_is_left_acts_as_owner() {
    let role =
        |roles: &[(u16, Role)], number| standing(Kind::Group, roles, &[leaf(4, 1), leaf(5, 1)]).role(&account(number));
    assert_eq!(role(&[(4, Role::Admin)], 4), Some(Role::Owner));
    assert_eq!(role(&[(4, Role::Admin)], 5), Some(Role::Member));
    assert_eq!(role(&[], 5), Some(Role::Owner));
    assert_eq!(role(&[(4, Role::Owner)], 5), Some(Role::Member));
    assert_eq!(role(&[], 6), None);
}

#[test]
fn foundings_have_one_founder() {
    let founding = |roles: &[(u16, Role)], leaves: &[Leaf], kind| {
        judge_founding(&Standing { epoch: 0, ..standing(kind, roles, leaves) })
    };
    let owner = [(1, Role::Owner)];
    assert_eq!(founding(&owner, &[leaf(1, 1)], Kind::Group), Ok(()));
    assert_eq!(founding(&[(1, Role::Owner), (2, Role::Owner)], &[leaf(1, 1)], Kind::Direct), Ok(()));
    let bad = Err(Refusal::BadFounding);
    assert_eq!(founding(&owner, &[leaf(1, 1), leaf(2, 1)], Kind::Group), bad);
    assert_eq!(founding(&owner, &[leaf(2, 1)], Kind::Group), bad);
    assert_eq!(founding(&[(1, Role::Admin)], &[leaf(1, 1)], Kind::Group), bad);
    assert_eq!(founding(&[(1, Role::Owner), (2, Role::Owner)], &[leaf(1, 1)], Kind::Group), bad);
    assert_eq!(founding(&owner, &[vault(1)], Kind::Group), bad);
    assert_eq!(judge_founding(&standing(Kind::Group, &owner, &[leaf(1, 1)])), bad, "not in epoch 3");
}
