//! Who finds whom.

use sotto_proto::AccountId;
use sotto_proto::wire::{self, ErrorCode};

use crate::support::{World, on_both};

on_both!(
    an_exact_name_finds_an_account_and_a_block_makes_no_difference,
    look_ups_are_counted_also_in_vain,
    keys_are_told_to_whoever_does_not_know_them,
    keys_are_read_by_the_hundred_and_in_bounds,
    people_see_what_the_server_knows_of_them,
);

fn look_up(name: &str) -> wire::LookUpUserRequest {
    wire::LookUpUserRequest { user_name: name.to_owned() }
}

fn keys(accounts: &[(AccountId, u64)]) -> wire::GetAccountKeysRequest {
    let known = |(account, known_version): &(AccountId, u64)| wire::KnownAccount {
        account_id: account.to_wire(),
        known_version: *known_version,
    };
    wire::GetAccountKeysRequest { accounts: accounts.iter().map(known).collect() }
}

async fn an_exact_name_finds_an_account_and_a_block_makes_no_difference(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let found = world.call(&alice.device, look_up("bob")).await.unwrap();
    let keys = found.keys.clone().unwrap();
    assert_eq!((&keys.account_id[..], keys.user_name.as_str()), (&bob.account.as_bytes()[..], "bob"));
    assert_eq!((&keys.identity_key[..], keys.certificates.len()), (&bob.identity.public().as_bytes()[..], 2));

    world.call(&bob.device, wire::BlockAccountRequest { account_id: alice.account.to_wire() }).await.unwrap();
    assert_eq!(world.call(&alice.device, look_up("bob")).await.unwrap(), found);
    for absent in ["bobby", "b0b"] {
        assert_eq!(world.refused(&alice.device, look_up(absent)).await, ErrorCode::NotFound);
    }
    for wrong in ["Bob", "", "bo", "bob@example.org", "bob%"] {
        assert_eq!(world.invalid(&alice.device, look_up(wrong)).await, "user_name");
    }
}

async fn look_ups_are_counted_also_in_vain(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    for attempt in 0..60 {
        world.refused(&alice.device, look_up(&format!("stranger{attempt}"))).await;
    }
    assert_eq!(world.refused(&alice.device, look_up("bob")).await, ErrorCode::RateLimited);
    world.call(&bob.device, look_up("alice")).await.unwrap();
}

async fn keys_are_told_to_whoever_does_not_know_them(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let nobody = AccountId::from_bytes([9; 16]);
    let asked = keys(&[(bob.account, 0), (nobody, 0), (alice.account, 1)]);
    let told = world.call(&alice.device, asked).await.unwrap().accounts;
    assert_eq!(told.iter().map(|keys| keys.user_name.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert_eq!(world.call(&alice.device, keys(&[(bob.account, told[0].version)])).await.unwrap().accounts, []);
}

async fn keys_are_read_by_the_hundred_and_in_bounds(world: &World) {
    let alice = world.register("alice").await;
    let many: Vec<_> = (0..100).map(|_| (AccountId::from_bytes(world.random()), 0)).collect();
    for _ in 0..100 {
        world.call(&alice.device, keys(&many)).await.unwrap();
    }
    assert_eq!(world.refused(&alice.device, keys(&many)).await, ErrorCode::RateLimited);
    assert_eq!(world.invalid(&alice.device, keys(&[])).await, "accounts");
    assert_eq!(world.invalid(&alice.device, keys(&[&many[..], &many[..1]].concat())).await, "accounts");
    assert_eq!(world.invalid(&alice.device, keys(&[(alice.account, u64::MAX)])).await, "accounts.known_version");
    let short = wire::KnownAccount { account_id: vec![1; 15].into(), known_version: 0 };
    let short = wire::GetAccountKeysRequest { accounts: vec![short] };
    assert_eq!(world.invalid(&alice.device, short).await, "accounts.account_id");
}

async fn people_see_what_the_server_knows_of_them(world: &World) {
    let alice = world.register("alice").await;
    let own = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!(own.keys.unwrap().account_id, alice.account.to_wire());
    assert_eq!((own.email.as_str(), own.vault_version, own.storage_quota), ("", 1, 4 << 20));
    assert!(!own.admin && !own.suspended && !own.totp_enabled);
}
