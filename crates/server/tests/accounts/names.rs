//! Names lead to one account each, and none looks like another.

use std::time::Duration;

use sotto_proto::SessionId;
use sotto_proto::wire::{self, ErrorCode};

use crate::support::{Device, World, on_both};

on_both!(
    a_new_name_leads_to_the_account_and_the_old_one_waits,
    names_of_others_and_their_likes_are_refused_m21,
    names_change_three_times_in_thirty_days_and_failures_do_not_count,
    names_change_only_after_a_fresh_login,
    an_address_belongs_to_one_account,
);

fn rename(name: &str) -> wire::ChangeUserNameRequest {
    wire::ChangeUserNameRequest { user_name: name.to_owned() }
}

fn address(text: &str) -> wire::ChangeEmailRequest {
    wire::ChangeEmailRequest { email: text.to_owned() }
}

async fn a_new_name_leads_to_the_account_and_the_old_one_waits(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    world.call(&alice.device, rename("alina")).await.unwrap();
    let own = |keys: Option<wire::AccountKeys>| keys.map(|keys| (keys.user_name, keys.version)).unwrap();
    let first = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
    world.call(&alice.device, rename("alina")).await.unwrap();
    let again = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!(own(first.keys), own(again.keys), "a repetition changes nothing");

    let look_up = |name: &str| wire::LookUpUserRequest { user_name: name.to_owned() };
    assert_eq!(world.refused(&bob.device, look_up("alice")).await, ErrorCode::NotFound);
    world.call(&bob.device, look_up("alina")).await.unwrap();
    assert_eq!(world.refused(&bob.device, rename("alice")).await, ErrorCode::NameTaken);
    world.clock.advance(Duration::from_hours(90 * 24));
    let later = Device { session: SessionId::from_bytes(world.random()), ..bob.device };
    world.log_in(bob.account, &later).await;
    world.call(&later, rename("alice")).await.unwrap();
}

async fn names_of_others_and_their_likes_are_refused_m21(world: &World) {
    let (alice, _bob) = (world.register("alice").await, world.register("bob").await);
    assert_eq!(world.refused(&alice.device, rename("bob")).await, ErrorCode::NameTaken);
    for like in ["b0b", "b.o.b", "admin", "s0tt0", "support"] {
        assert_eq!(world.refused(&alice.device, rename(like)).await, ErrorCode::NameNotAllowed, "{like}");
    }
    for wrong in ["", "Al", "al ice", &"a".repeat(33), "аlice"] {
        assert_eq!(world.invalid(&alice.device, rename(wrong)).await, "user_name");
    }
}

async fn names_change_three_times_in_thirty_days_and_failures_do_not_count(world: &World) {
    let (alice, _bob) = (world.register("alice").await, world.register("bob").await);
    for name in ["bob", "anna", "bob", "annika", "b0b", "annegret"] {
        let _ = world.call(&alice.device, rename(name)).await;
    }
    assert_eq!(world.refused(&alice.device, rename("annelore")).await, ErrorCode::RateLimited);
    world.call(&alice.device, rename("annegret")).await.unwrap();
}

async fn names_change_only_after_a_fresh_login(world: &World) {
    let alice = world.register("alice").await;
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(world.refused(&alice.device, rename("anna")).await, ErrorCode::FreshLoginRequired);
    assert_eq!(world.refused(&alice.device, address("a@example.org")).await, ErrorCode::FreshLoginRequired);
    assert_eq!(world.refused(&alice.device, wire::GetVaultRequest {}).await, ErrorCode::FreshLoginRequired);
}

async fn an_address_belongs_to_one_account(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    world.call(&alice.device, address("Alice@Example.org")).await.unwrap();
    world.call(&alice.device, address("alice@example.org")).await.unwrap();
    let own = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!(own.email, "alice@example.org");
    assert_eq!(world.refused(&bob.device, address("ALICE@example.org")).await, ErrorCode::NameTaken);
    world.call(&alice.device, address("")).await.unwrap();
    world.call(&bob.device, address("alice@example.org")).await.unwrap();
    for wrong in ["alice", "@", "a@b@c", &format!("a@{}", "b".repeat(300))] {
        assert_eq!(world.invalid(&bob.device, address(wrong)).await, "email");
    }
}
