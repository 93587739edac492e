use std::collections::BTreeSet;

use sotto_proto::RequestId;
use sotto_server::store::{Claim, Claimed, Counted, NewCommit, NewKeyPackage, NewWelcome, Refusal, Store};

use crate::people::*;

crate::on_both!(
    two_hundred_claims_at_once_get_two_hundred_packages_a7,
    the_last_resort_is_what_is_left_a6,
    a_lost_reply_hands_out_the_same_again,
    a_claim_ends_before_its_reply_is_too_large,
    what_was_published_before_is_not_stored_again_s12,
    blocked_revoked_and_absent_devices_are_left_out_alike_a1,
    expired_packages_are_not_handed_out_s12,
    a_device_keeps_no_more_than_its_limit,
    a_vault_device_gets_its_private_half_with_the_welcome,
);

const SUITE: u16 = 77;

fn package(number: u16, last_resort: bool) -> NewKeyPackage {
    NewKeyPackage {
        reference: [&[u8::from(last_resort)][..], &number.to_be_bytes()].concat(),
        suite: SUITE,
        package: format!("package {number} {last_resort}").into(),
        last_resort,
        sealed_private: Vec::new(),
        expires_at: at(1_000_000),
    }
}

fn claim(request: u8) -> Claim {
    Claim {
        claimer: ANN,
        device: device_of(ANN),
        request: RequestId::from_bytes([request; 16]),
        digest: [request; 32],
        accounts: vec![BEN],
        suite: SUITE,
        last_resort_only: Vec::new(),
        enough: 2,
        max_bytes: 1 << 20,
        at: at(5),
    }
}

async fn publish(store: &dyn Store, numbers: std::ops::Range<u16>, last_resort: bool) {
    let packages: Vec<_> = numbers.map(|number| package(number, last_resort)).collect();
    store.publish_key_packages(BEN, device_of(BEN), &packages, at(1)).await.unwrap();
}

async fn two_hundred_claims_at_once_get_two_hundred_packages_a7(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..200, false).await;
    publish(store, 0..1, true).await;
    let claims = futures_util::future::join_all((0..200).map(|request| store.claim_key_packages(claim(request)))).await;
    let mut handed_out = BTreeSet::new();
    for claimed in claims {
        let claimed = claimed.unwrap().packages;
        assert_eq!((claimed.len(), claimed[0].device, claimed[0].last_resort), (1, device_of(BEN), false));
        assert!(handed_out.insert(claimed[0].package.clone()), "handed out twice");
    }
    assert_eq!(handed_out.len(), 200);
    assert_eq!(store.count_key_packages(device_of(BEN), SUITE, at(5)).await.unwrap().single_use, 0);
}

async fn the_last_resort_is_what_is_left_a6(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..2, false).await;
    publish(store, 0..2, false).await;
    publish(store, 0..1, true).await;
    publish(store, 1..2, true).await;
    let count = store.count_key_packages(device_of(BEN), SUITE, at(5)).await.unwrap();
    assert_eq!((count.single_use, count.last_resort_expires_at), (2, Some(at(1_000_000))));

    let greedy = Claim { last_resort_only: vec![device_of(BEN)], ..claim(9) };
    assert!(store.claim_key_packages(greedy).await.unwrap().packages[0].last_resort);
    let mut got = Vec::new();
    for request in 0..4 {
        let claimed = store.claim_key_packages(claim(request)).await.unwrap().packages;
        got.push(String::from_utf8(claimed[0].package.clone()).unwrap());
    }
    assert_eq!(got, ["package 0 false", "package 1 false", "package 1 true", "package 1 true"]);
}

async fn a_lost_reply_hands_out_the_same_again(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..3, false).await;
    let first = store.claim_key_packages(claim(1)).await.unwrap();
    assert_eq!(store.claim_key_packages(claim(1)).await.unwrap(), first);
    assert_eq!(store.claimed_before(ANN, request(1), &[1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(store.claimed_before(ANN, request(2), &[1; 32]).await.unwrap(), None);
    assert_eq!(refused(store.claimed_before(ANN, request(1), &[9; 32]).await), Refusal::IdTaken);
    let other = Claim { digest: [9; 32], ..claim(1) };
    assert_eq!(refused(store.claim_key_packages(other).await), Refusal::IdTaken);
    assert_eq!(store.count_key_packages(device_of(BEN), SUITE, at(5)).await.unwrap().single_use, 2);

    store.purge_expired(at(11 * 60_000)).await.unwrap();
    assert_ne!(store.claim_key_packages(claim(1)).await.unwrap(), first, "ten minutes later it is a new request");
}

async fn a_claim_ends_before_its_reply_is_too_large(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben"), (CAT, "cat")]).await;
    publish(store, 0..3, false).await;
    store.publish_key_packages(CAT, device_of(CAT), &[package(7, false)], at(1)).await.unwrap();
    let both = |byte, max_bytes| Claim { accounts: vec![CAT, NOBODY, BEN], max_bytes, ..claim(byte) };

    let tight = store.claim_key_packages(both(1, 1)).await.unwrap();
    assert_eq!((tight.packages.len(), tight.reached), (1, 2), "the first is reached, and nobody takes no bytes");
    assert_eq!(tight.packages[0].account, CAT);
    assert_eq!(tight.running_low, [(CAT, device_of(CAT))]);
    let again = store.claim_key_packages(both(1, 1 << 20)).await.unwrap();
    assert_eq!(again, Claimed { running_low: Vec::new(), ..tight }, "a repetition reaches no further");
    assert_eq!(store.count_key_packages(device_of(BEN), SUITE, at(5)).await.unwrap().single_use, 3, "none was lost");
    let rest = store.claim_key_packages(both(2, 1 << 20)).await.unwrap();
    assert_eq!((rest.packages.len(), rest.packages[0].account, rest.reached), (1, BEN, 3));
}

async fn what_was_published_before_is_not_stored_again_s12(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..1, false).await;
    publish(store, 1..2, true).await;
    publish(store, 2..3, true).await;
    let handed_out = store.claim_key_packages(claim(1)).await.unwrap().packages;
    assert!(!handed_out[0].last_resort);
    store.purge_expired(at(11 * 60_000)).await.unwrap();

    // The device repeats all that it ever published, because it never got the replies.
    publish(store, 0..1, false).await;
    publish(store, 1..2, true).await;
    let next = store.claim_key_packages(claim(2)).await.unwrap().packages;
    assert_eq!((next[0].last_resort, &next[0].package[..]), (true, &b"package 2 true"[..]));
    assert_eq!(store.purge_expired(at(11 * 60_000)).await.unwrap(), 1, "the second claim, and nothing twice");
}

async fn blocked_revoked_and_absent_devices_are_left_out_alike_a1(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..3, false).await;
    let absent = Claim { accounts: vec![NOBODY], ..claim(1) };
    assert_eq!(store.claim_key_packages(absent).await.unwrap().packages, []);
    store.block(BEN, ANN).await.unwrap();
    assert_eq!(store.claim_key_packages(claim(2)).await.unwrap().packages, []);
    store.unblock(BEN, ANN).await.unwrap();
    store.revoke_device(BEN, device_of(BEN), b"revoked", at(3)).await.unwrap();
    assert_eq!(store.claim_key_packages(claim(3)).await.unwrap().packages, []);
    let late = store.publish_key_packages(BEN, device_of(BEN), &[package(9, false)], at(4)).await;
    assert_eq!(refused(late), Refusal::NotFound);
    let foreign = store.publish_key_packages(BEN, device_of(ANN), &[package(9, false)], at(4)).await;
    assert_eq!(refused(foreign), Refusal::NotFound);
}

async fn expired_packages_are_not_handed_out_s12(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    publish(store, 0..3, false).await;
    let late = Claim { at: at(1_000_000), ..claim(1) };
    assert_eq!(store.claim_key_packages(late).await.unwrap().packages, []);
    assert_eq!(store.count_key_packages(device_of(BEN), SUITE, at(1_000_000)).await.unwrap().single_use, 0);
}

async fn a_device_keeps_no_more_than_its_limit(store: &dyn Store) {
    register(store, &[(BEN, "ben")]).await;
    publish(store, 0..200, false).await;
    let one_more = store.publish_key_packages(BEN, device_of(BEN), &[package(200, false)], at(1)).await;
    assert_eq!(refused(one_more), Refusal::LimitReached { what: Counted::KeyPackages, max: 200 });
    publish(store, 0..1, true).await;
    assert_eq!(store.count_key_packages(device_of(BEN), SUITE, at(1)).await.unwrap().single_use, 200);
}

async fn a_vault_device_gets_its_private_half_with_the_welcome(store: &dyn Store) {
    group(store, &[]).await;
    register(store, &[(BEN, "ben")]).await;
    let vault_package = NewKeyPackage { sealed_private: b"private half".to_vec(), ..package(1, true) };
    let (vault, reference) = (vault_device_of(BEN), vault_package.reference.clone());
    store.publish_key_packages(BEN, vault, &[vault_package], at(1)).await.unwrap();
    assert_eq!(store.claim_key_packages(claim(1)).await.unwrap().packages.len(), 1);
    // The vault publishes a newer one before the Welcome for the former arrives.
    let newer = NewKeyPackage { sealed_private: b"newer".to_vec(), ..package(2, true) };
    store.publish_key_packages(BEN, vault, &[newer], at(2)).await.unwrap();

    let welcomes = vec![NewWelcome { reference, ..welcome(BEN, vault) }];
    let adds_ben = commit(1, b"adds ben", vec![joined(BEN, sotto_server::store::Role::Member)]);
    store.commit(NewCommit { welcomes, ..adds_ben }).await.unwrap();
    let (waiting, _) = store.welcomes(vault, None, None, 10).await.unwrap();
    assert_eq!(waiting[0].sealed_private, b"private half");
}
