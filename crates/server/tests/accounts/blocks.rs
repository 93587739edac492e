//! Whom one blocks is one's own business.

use sotto_proto::AccountId;
use sotto_proto::wire::{self, ErrorCode};

use crate::support::{World, on_both};

on_both!(blocks_are_kept_listed_and_taken_back, blocks_are_listed_in_pages);

fn block(account: AccountId) -> wire::BlockAccountRequest {
    wire::BlockAccountRequest { account_id: account.to_wire() }
}

fn listed(after: Option<AccountId>) -> wire::ListBlockedRequest {
    wire::ListBlockedRequest { after_account_id: after.map(AccountId::to_wire).unwrap_or_default() }
}

async fn blocks_are_kept_listed_and_taken_back(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let nobody = AccountId::from_bytes([0; 16]);
    for account in [bob.account, bob.account, nobody] {
        world.call(&alice.device, block(account)).await.unwrap();
    }
    let list = world.call(&alice.device, listed(None)).await.unwrap();
    assert_eq!((list.account_ids, list.more), (vec![nobody.to_wire(), bob.account.to_wire()], false));
    assert_eq!(world.call(&bob.device, listed(None)).await.unwrap().account_ids.len(), 0);

    let unblock = wire::UnblockAccountRequest { account_id: nobody.to_wire() };
    world.call(&alice.device, unblock.clone()).await.unwrap();
    world.call(&alice.device, unblock).await.unwrap();
    assert_eq!(world.call(&alice.device, listed(None)).await.unwrap().account_ids, [bob.account.to_wire()]);
    assert_eq!(world.invalid(&alice.device, block(alice.account)).await, "account_id");
    let short = wire::BlockAccountRequest { account_id: vec![1; 17].into() };
    assert_eq!(world.invalid(&alice.device, short).await, "account_id");
}

async fn blocks_are_listed_in_pages(world: &World) {
    let alice = world.register("alice").await;
    for number in 0..1_001_u32 {
        let mut bytes = [7; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        world.store.block(alice.account, AccountId::from_bytes(bytes)).await.unwrap();
    }
    let page = world.call(&alice.device, listed(None)).await.unwrap();
    assert_eq!((page.account_ids.len(), page.more), (1_000, true));
    let last = AccountId::parse("account_id", &page.account_ids[999]).unwrap();
    let page = world.call(&alice.device, listed(Some(last))).await.unwrap();
    assert_eq!((page.account_ids.len(), page.more), (1, false));
    for _ in 0..600 {
        world.call(&alice.device, block(last)).await.unwrap();
    }
    assert_eq!(world.refused(&alice.device, block(last)).await, ErrorCode::RateLimited);
}
