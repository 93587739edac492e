use sotto_proto::{AccountId, ReportId};
use sotto_server::store::{AccountFilter, Done, Refusal, Report, Store};

use crate::people::*;

crate::on_both!(accounts_are_listed_in_pages, counts_count, reports_wait_until_closed, what_has_expired_goes);

async fn accounts_are_listed_in_pages(store: &dyn Store) {
    let names = ["zoe", "ann", "b_2", "b.1", "b%3"];
    for (number, user_name) in (1_u8..).zip(names) {
        register(store, &[(AccountId::from_bytes([number; 16]), user_name)]).await;
    }
    let list = |after: &str, prefix: &str, suspended_only, limit| {
        let filter = AccountFilter { after: after.to_owned(), prefix: prefix.to_owned(), suspended_only };
        async move {
            let (accounts, more) = store.list_accounts(&filter, limit).await.unwrap();
            (accounts.into_iter().map(|account| account.user_name).collect::<Vec<_>>(), more)
        }
    };
    assert_eq!(list("", "", false, 2).await, (vec!["ann".into(), "b%3".into()], true));
    assert_eq!(list("b%3", "", false, 9).await, (vec!["b.1".into(), "b_2".into(), "zoe".into()], false));
    assert_eq!(list("", "b_", false, 9).await, (vec!["b_2".into()], false), "no wildcards");
    store.set_suspended(AccountId::from_bytes([1; 16]), true).await.unwrap();
    assert_eq!(list("", "", true, 9).await, (vec!["zoe".into()], false));
    assert_eq!(refused(store.set_suspended(NOBODY, true).await), Refusal::NotFound);
}

async fn counts_count(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    say(store, 1).await;
    let session = new_session(ANN, 1);
    store.open_session(session.clone()).await.unwrap();
    store.touch_session(session.id, at(90_000_000)).await.unwrap();
    store.revoke_device(BEN, device_of(BEN), b"r", at(1)).await.unwrap();
    store.report_node([1; 16], 7, at(0)).await.unwrap();
    store.report_node([2; 16], 9, at(50_000)).await.unwrap();
    store.report_node([2; 16], 2, at(80_000)).await.unwrap();
    let counts = store.counts(at(120_000)).await.unwrap();
    assert_eq!((counts.accounts, counts.active_accounts, counts.devices), (2, 1, 3));
    assert_eq!((counts.conversations, counts.entries, counts.open_reports), (1, 3, 0));
    assert_eq!(counts.connections, 2, "the first node is gone");
    let summary = store.account_summary(ANN).await.unwrap();
    assert_eq!((summary.devices, summary.conversations, summary.vault_version), (2, 1, 1));
}

async fn reports_wait_until_closed(store: &dyn Store) {
    let report = |number: u8, reporter| Report {
        id: ReportId::from_bytes([number; 16]),
        reporter,
        account: BEN,
        conversation: (number > 1).then_some(CHAT),
        reason: 2,
        comment: "harasses".to_owned(),
        shown: "what he wrote".to_owned(),
        at: at(9 - u64::from(number)),
    };
    for number in 1..=3 {
        assert_eq!(store.report(report(number, ANN)).await.unwrap(), Done::Now);
    }
    assert_eq!(store.report(report(1, ANN)).await.unwrap(), Done::Before);
    assert_eq!(refused(store.report(report(1, CAT)).await), Refusal::IdTaken);
    assert_eq!(store.open_reports(None, 2).await.unwrap(), (vec![report(3, ANN), report(2, ANN)], true));
    assert_eq!(store.open_reports(Some(report(2, ANN).id), 2).await.unwrap(), (vec![report(1, ANN)], false));
    assert_eq!(store.close_report(report(2, ANN).id, at(20)).await.unwrap(), Done::Now);
    assert_eq!(store.close_report(report(2, ANN).id, at(20)).await.unwrap(), Done::Before);
    assert_eq!(refused(store.close_report(report(9, ANN).id, at(20)).await), Refusal::NotFound);
    assert_eq!(store.open_reports(Some(report(2, ANN).id), 2).await.unwrap().0, [report(1, ANN)]);
}

async fn what_has_expired_goes(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.open_session(new_session(ANN, 1)).await.unwrap();
    store.change_user_name(ANN, name("anna"), at(1000), at(1)).await.unwrap();
    assert_eq!(store.purge_expired(at(999)).await.unwrap(), 0);
    assert_eq!(store.purge_expired(at(1000)).await.unwrap(), 1);
    assert_eq!(store.purge_expired(at(1_000_000)).await.unwrap(), 1);
    assert_eq!(store.purge_expired(at(2_000_000)).await.unwrap(), 0);
}
