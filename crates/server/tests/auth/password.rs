use sotto_proto::wire::{self, ErrorCode};

use crate::on_sqlite;
use crate::people::{Member, PASSWORD, code};
use crate::support::World;

on_sqlite!(a_new_password_replaces_the_old_one, a_new_password_comes_with_its_vault);

async fn new_password(
    world: &World,
    alice: &Member,
    version: u64,
    end_other_sessions: bool,
) -> wire::ChangePasswordFinishRequest {
    let (registration, opaque_request) = world.begin_password("another password");
    let start = wire::ChangePasswordStartRequest { opaque_request };
    let reply = world.with(&alice.session, start).await.unwrap();
    wire::ChangePasswordFinishRequest {
        record: Some(world.end_password(registration, &reply.opaque_response, alice.account)),
        vault: Some(alice.vault(version)),
        end_other_sessions,
    }
}

async fn a_new_password_replaces_the_old_one(world: &World) {
    let alice = world.join("alice").await;
    let (_, laptop) = world.another_device(&alice).await;
    let change = new_password(world, &alice, 2, true).await;
    world.with(&alice.session, change.clone()).await.unwrap();
    assert_eq!(code(world.with(&laptop, wire::ListSessionsRequest {}).await), ErrorCode::SessionEnded);
    world.with(&alice.session, change).await.unwrap();
    assert!(world.exchange("alice", PASSWORD).await.is_none());
    let exchange = world.exchange("alice", "another password").await.unwrap();
    let reply = world.ask(exchange.finish(world, &alice.phone, None)).await.unwrap();
    assert_eq!(reply.vault.unwrap(), alice.vault(2));
}

async fn a_new_password_comes_with_its_vault(world: &World) {
    let alice = world.join("alice").await;
    let (_, laptop) = world.another_device(&alice).await;
    let refused = world.with(&alice.session, new_password(world, &alice, 3, true).await).await.unwrap_err();
    assert_eq!((ErrorCode::of(&refused), refused.version), (ErrorCode::VersionConflict, 1));
    assert!(world.exchange("alice", PASSWORD).await.is_some(), "both or neither");
    world.with(&laptop, wire::ListSessionsRequest {}).await.unwrap();
    world.with(&alice.session, new_password(world, &alice, 2, false).await).await.unwrap();
    world.with(&laptop, wire::ListSessionsRequest {}).await.unwrap();
}
