//! The operator sees accounts and reports, and nothing that was said.

use std::time::Duration;

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, ReportId};
use sotto_server::clock::{Clock as _, Timestamp};
use sotto_server::store::Report;

use crate::support::{Person, World, on_both};

on_both!(
    everyone_but_admins_is_refused_alike,
    accounts_are_listed_and_read,
    a_suspended_account_reads_and_does_not_write,
    quotas_are_set_in_bounds,
    what_the_server_holds_is_counted_once_a_minute,
    reports_wait_oldest_first_and_are_closed_once,
);

async fn admin(world: &World) -> Person {
    let olga = world.register("olga").await;
    world.store.set_admin(olga.account, true).await.unwrap();
    olga
}

fn get(account: AccountId) -> wire::GetAccountRequest {
    wire::GetAccountRequest { account_id: account.to_wire() }
}

fn suspend(account: AccountId, suspended: bool) -> wire::SetSuspendedRequest {
    wire::SetSuspendedRequest { account_id: account.to_wire(), suspended }
}

async fn everyone_but_admins_is_refused_alike(world: &World) {
    let alice = world.register("alice").await;
    let nobody = AccountId::from_bytes([9; 16]);
    for account in [alice.account, nobody] {
        assert_eq!(world.refused(&alice.device, get(account)).await, ErrorCode::Forbidden);
        assert_eq!(world.refused(&alice.device, suspend(account, true)).await, ErrorCode::Forbidden);
    }
    assert_eq!(world.refused(&alice.device, wire::GetCountsRequest {}).await, ErrorCode::Forbidden);
    let nonsense = wire::CloseReportRequest { report_id: vec![1].into() };
    assert_eq!(world.refused(&alice.device, nonsense).await, ErrorCode::Forbidden);
}

async fn accounts_are_listed_and_read(world: &World) {
    let (olga, alice) = (admin(world).await, world.register("alice").await);
    world.register("alina").await;
    let list = |after: &str, prefix: &str| wire::ListAccountsRequest {
        after_user_name: after.to_owned(),
        prefix: prefix.to_owned(),
        suspended_only: false,
    };
    let names = |list: wire::ListAccountsResponse| {
        list.accounts.into_iter().map(|account| account.user_name).collect::<Vec<_>>()
    };
    assert_eq!(names(world.call(&olga.device, list("", "")).await.unwrap()), ["alice", "alina", "olga"]);
    assert_eq!(names(world.call(&olga.device, list("alice", "al")).await.unwrap()), ["alina"]);
    assert_eq!(world.invalid(&olga.device, list(&"a".repeat(33), "")).await, "after_user_name");
    assert_eq!(world.invalid(&olga.device, list("", &"a".repeat(33))).await, "prefix");

    let read = world.call(&olga.device, get(alice.account)).await.unwrap().account.unwrap();
    assert_eq!((read.user_name.as_str(), read.device_count, read.admin), ("alice", 2, false));
    assert_eq!(world.refused(&olga.device, get(AccountId::from_bytes([9; 16]))).await, ErrorCode::NotFound);
}

async fn a_suspended_account_reads_and_does_not_write(world: &World) {
    let (olga, alice) = (admin(world).await, world.register("alice").await);
    for _ in 0..2 {
        world.call(&olga.device, suspend(alice.account, true)).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(2));
    let own = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
    assert!(own.suspended);
    let block = wire::BlockAccountRequest { account_id: olga.account.to_wire() };
    assert_eq!(world.refused(&alice.device, block.clone()).await, ErrorCode::AccountSuspended);
    world.call(&olga.device, suspend(alice.account, false)).await.unwrap();
    world.clock.advance(Duration::from_secs(2));
    world.call(&alice.device, block).await.unwrap();

    assert_eq!(world.refused(&olga.device, suspend(olga.account, true)).await, ErrorCode::NotApplicable);
    let nobody = AccountId::from_bytes([9; 16]);
    assert_eq!(world.refused(&olga.device, suspend(nobody, true)).await, ErrorCode::NotFound);
}

async fn quotas_are_set_in_bounds(world: &World) {
    let (olga, alice) = (admin(world).await, world.register("alice").await);
    let quota = |storage_quota| wire::SetQuotaRequest { account_id: alice.account.to_wire(), storage_quota };
    for bytes in [0, (1 << 53) - 1] {
        world.call(&olga.device, quota(bytes)).await.unwrap();
        let own = world.call(&alice.device, wire::GetOwnAccountRequest {}).await.unwrap();
        assert_eq!(own.storage_quota, bytes);
    }
    assert_eq!(world.invalid(&olga.device, quota(1 << 53)).await, "storage_quota");
}

async fn what_the_server_holds_is_counted_once_a_minute(world: &World) {
    let olga = admin(world).await;
    world.store.report_node([1; 16], 3, world.clock.now()).await.unwrap();
    let first = world.call(&olga.device, wire::GetCountsRequest {}).await.unwrap();
    assert_eq!((first.accounts, first.devices, first.connections), (1, 2, 3));
    world.register("alice").await;
    assert_eq!(world.call(&olga.device, wire::GetCountsRequest {}).await.unwrap(), first);
    world.clock.advance(Duration::from_mins(1));
    let second = world.call(&olga.device, wire::GetCountsRequest {}).await.unwrap();
    assert_eq!((second.accounts, second.counted_at_ms), (2, first.counted_at_ms + 60_000));
    world.clock.advance(Duration::from_mins(1));
    let third = world.call(&olga.device, wire::GetCountsRequest {}).await.unwrap();
    assert_eq!(third.connections, 0, "the node went silent");
}

async fn reports_wait_oldest_first_and_are_closed_once(world: &World) {
    let (olga, alice) = (admin(world).await, world.register("alice").await);
    for number in 0..101_u8 {
        let report = Report {
            id: ReportId::from_bytes([number; 16]),
            reporter: alice.account,
            account: olga.account,
            conversation: None,
            reason: 1,
            comment: format!("number {number}"),
            shown: "what was said".to_owned(),
            at: Timestamp::from_unix_millis(1_000 + u64::from(number)),
        };
        world.store.report(report).await.unwrap();
    }
    let list = |after: &[u8]| wire::ListReportsRequest { after_report_id: after.to_vec().into() };
    let page = world.call(&olga.device, list(&[])).await.unwrap();
    assert_eq!((page.reports.len(), page.more, page.reports[0].comment.as_str()), (100, true, "number 0"));
    let page = world.call(&olga.device, list(&page.reports[99].report_id)).await.unwrap();
    assert_eq!((page.reports.len(), page.more, page.reports[0].shown.as_str()), (1, false, "what was said"));
    assert_eq!(world.invalid(&olga.device, list(&[200; 16])).await, "after_report_id");
    assert_eq!(world.invalid(&olga.device, list(&[1; 3])).await, "after_report_id");

    let close = |number: u8| wire::CloseReportRequest { report_id: vec![number; 16].into() };
    for _ in 0..2 {
        world.call(&olga.device, close(0)).await.unwrap();
    }
    assert_eq!(world.refused(&olga.device, close(200)).await, ErrorCode::NotFound);
    let page = world.call(&olga.device, list(&[])).await.unwrap();
    assert_eq!((page.reports.len(), page.reports[0].comment.as_str()), (100, "number 1"));
}
