//! Key packages come in only if they are good, and go out once.

use std::collections::BTreeSet;
use std::time::Duration;

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, Usage, VAULT_LIFETIME};
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, DeviceId};

use crate::support::{Device, Person, World, on_both};

on_both!(
    packages_are_published_counted_and_claimed,
    publishing_again_stores_nothing_twice,
    a_claim_that_is_repeated_gets_the_same,
    packages_of_other_devices_are_refused_s3,
    packages_outside_of_their_lifetime_are_refused_s12,
    malformed_packages_are_refused_m1_m5,
    other_suites_are_refused_s13,
    private_halves_are_the_vaults_alone_s28,
    foreign_and_absent_devices_publish_alike_nothing_a1,
    accounts_that_block_or_do_not_exist_are_left_out_alike_a1,
    one_claimer_does_not_use_a_device_up_a6,
    a_claimer_gets_a_thousand_devices_an_hour_and_what_is_left_is_named_a6,
    a_device_keeps_two_hundred,
);

mod without_rates {
    use super::two_hundred_claims_at_once_get_two_hundred_packages_a7;

    crate::support::on_both!(at 0 percent: two_hundred_claims_at_once_get_two_hundred_packages_a7);
}

/// Packages of a device: one for each number, good from now on.
fn packages(world: &World, of: &Device, suite: Suite, usage: Usage, count: usize) -> Vec<wire::KeyPackageUpload> {
    (0..count).map(|_| upload(package(world, of, suite, usage, 0, DEVICE_LIFETIME), usage)).collect()
}

/// A package that is good from so many hours after now on.
fn package(world: &World, of: &Device, suite: Suite, usage: Usage, after: u64, lifetime: Duration) -> Vec<u8> {
    let participant = of.participant(world.now());
    let from = world.now().saturating_add(Duration::from_hours(after));
    world.with_rng(|rng| key_package::generate(&participant, suite, usage, from, lifetime, rng)).unwrap().0
}

fn upload(key_package: Vec<u8>, usage: Usage) -> wire::KeyPackageUpload {
    wire::KeyPackageUpload {
        key_package: key_package.into(),
        last_resort: usage == Usage::LastResort,
        sealed_private: Vec::new().into(),
    }
}

fn offer(of: DeviceId, key_packages: Vec<wire::KeyPackageUpload>) -> wire::PublishKeyPackagesRequest {
    wire::PublishKeyPackagesRequest { device_id: of.to_wire(), key_packages }
}

pub(crate) async fn publish(
    world: &World,
    caller: &Device,
    of: &Device,
    suite: Suite,
    usage: Usage,
    count: usize,
) -> Result<wire::KeyPackageCount, ErrorDetail> {
    let request = offer(of.id, packages(world, of, suite, usage, count));
    world.call(caller, request).await.map(|published| published.count.unwrap())
}

pub(crate) fn claim(world: &World, accounts: &[AccountId], suite: Suite) -> wire::ClaimKeyPackagesRequest {
    wire::ClaimKeyPackagesRequest {
        request_id: world.random().to_vec().into(),
        account_ids: accounts.iter().map(|account| account.to_wire()).collect(),
        cipher_suite: suite.number().into(),
    }
}

/// Tries one package of Alice's phone, and returns how it was refused.
async fn refused(world: &World, alice: &Person, upload: wire::KeyPackageUpload) -> ErrorCode {
    world.refused(&alice.device, offer(alice.device.id, vec![upload])).await
}

async fn packages_are_published_counted_and_claimed(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let suite = Suite::PostQuantum;
    let count = publish(world, &bob.device, &bob.device, suite, Usage::Once, 2).await.unwrap();
    assert_eq!((count.single_use, count.last_resort), (2, false));
    let mut resort = upload(package(world, &bob.vault, suite, Usage::LastResort, 0, VAULT_LIFETIME), Usage::LastResort);
    resort.sealed_private = vec![7; 8 << 10].into();
    world.call(&bob.device, offer(bob.vault.id, vec![resort])).await.unwrap();

    let counts = world.call(&bob.device, wire::CountKeyPackagesRequest {}).await.unwrap().counts;
    assert_eq!(counts.iter().map(|count| count.single_use).collect::<Vec<_>>(), [2, 0]);
    assert!(
        counts[1].last_resort
            && counts[1].last_resort_expires_at_ms > 0
            && counts[0].device_id == bob.device.id.to_wire()
    );

    let mut seen = BTreeSet::new();
    for (round, vault_only) in [(0, false), (1, false), (2, true)] {
        let claimed = world.call(&alice.device, claim(world, &[bob.account], suite)).await.unwrap();
        assert_eq!((claimed.accounts.len(), claimed.remaining.len()), (1, 0), "round {round}");
        let keys = claimed.accounts[0].keys.as_ref().unwrap();
        assert_eq!(keys.user_name, "bob");
        let packages = &claimed.accounts[0].key_packages;
        assert_eq!(packages.len(), if vault_only { 1 } else { 2 });
        for package in packages {
            assert_eq!(package.last_resort, package.device_id == bob.vault.id.to_wire());
            assert!(package.last_resort || seen.insert(package.key_package.clone()), "handed out twice");
        }
    }
    let classical = world.call(&alice.device, claim(world, &[bob.account], Suite::Classical)).await.unwrap();
    assert_eq!(classical.accounts[0].key_packages, [], "of another suite there are none");
}

async fn publishing_again_stores_nothing_twice(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let request = offer(bob.device.id, packages(world, &bob.device, Suite::PostQuantum, Usage::Once, 3));
    let first = world.call(&bob.device, request.clone()).await.unwrap();
    assert_eq!(world.call(&bob.device, request.clone()).await.unwrap(), first);
    world.call(&alice.device, claim(world, &[bob.account], Suite::PostQuantum)).await.unwrap();
    world.clock.advance(Duration::from_mins(11));
    world.store.purge_expired(sotto_server::clock::Clock::now(&*world.clock)).await.unwrap();
    let again = world.call(&bob.device, request).await.unwrap();
    assert_eq!(again.count.unwrap().single_use, 2, "what was handed out is not stored again");
}

async fn a_claim_that_is_repeated_gets_the_same(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    publish(world, &bob.device, &bob.device, Suite::Classical, Usage::Once, 3).await.unwrap();
    let request = claim(world, &[bob.account], Suite::Classical);
    let first = world.call(&alice.device, request.clone()).await.unwrap();
    let repetitions = (0..30).map(|_| world.call(&alice.device, request.clone()));
    for again in futures_util::future::join_all(repetitions).await {
        assert_eq!(again.unwrap(), first, "whatever the limit on new ones");
    }
    let other = wire::ClaimKeyPackagesRequest { cipher_suite: 77, ..request.clone() };
    assert_eq!(world.refused(&alice.device, other).await, ErrorCode::IdTaken);
    // The id is the claimer's own.
    let foreign = world.call(&bob.device, request).await.unwrap();
    assert_eq!(foreign.accounts[0].key_packages, [], "nobody claims from the calling device");
}

async fn packages_of_other_devices_are_refused_s3(world: &World) {
    let (alice, mallory) = (world.register("alice").await, world.register("mallory").await);
    let reissued = {
        // The same device under a second certificate, which is not the one on file.
        let mut claims = *alice.device.verified(world.now()).claims();
        claims.issued = claims.issued.saturating_add(Duration::from_secs(1));
        sotto_crypto::certificate::DeviceCertificate::issue(&alice.identity, claims).unwrap()
    };
    let ghost = world.new_device(alice.account, &mallory.identity, Purpose::Device);
    let mut impostor = *ghost.verified(world.now()).claims();
    impostor.device = alice.device.id;
    let impostor = sotto_crypto::certificate::DeviceCertificate::issue(&mallory.identity, impostor).unwrap();
    let devices = [
        (alice.vault.certificate, &alice.vault.key),
        (mallory.device.certificate, &mallory.device.key),
        (ghost.certificate, &ghost.key),
        (impostor, &ghost.key),
        (reissued, &alice.device.key),
    ];
    for (certificate, key) in devices {
        let participant = sotto_crypto::mls::Participant::new(&certificate, key, world.now()).unwrap();
        let (suite, usage) = (Suite::Classical, Usage::Once);
        let made =
            world.with_rng(|rng| key_package::generate(&participant, suite, usage, world_time(), DEVICE_LIFETIME, rng));
        let refused = refused(world, &alice, upload(made.unwrap().0, usage)).await;
        assert_eq!(refused, ErrorCode::KeyPackageInvalid);
    }
}

/// When every world begins.
fn world_time() -> sotto_crypto::time::Time {
    sotto_crypto::time::Time::from_unix_seconds(1_800_000_000)
}

async fn packages_outside_of_their_lifetime_are_refused_s12(world: &World) {
    let alice = world.register("alice").await;
    let good_from = |after, lifetime| {
        upload(package(world, &alice.device, Suite::Classical, Usage::Once, after, lifetime), Usage::Once)
    };
    let future = good_from(48, DEVICE_LIFETIME);
    let eternal = good_from(0, VAULT_LIFETIME);
    for package in [future, eternal] {
        assert_eq!(refused(world, &alice, package).await, ErrorCode::KeyPackageInvalid);
    }
    let short = good_from(0, Duration::from_hours(1));
    world.call(&alice.device, offer(alice.device.id, vec![short.clone()])).await.unwrap();
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(refused(world, &alice, short).await, ErrorCode::KeyPackageInvalid);
    let counts = world.call(&alice.device, wire::CountKeyPackagesRequest {}).await.unwrap().counts;
    assert_eq!(counts[0].single_use, 0);
}

async fn malformed_packages_are_refused_m1_m5(world: &World) {
    let alice = world.register("alice").await;
    let good = package(world, &alice.device, Suite::Classical, Usage::Once, 0, DEVICE_LIFETIME);
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let bad = [
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        flipped(good.len() - 1),
        flipped(good.len() / 2),
        flipped(0),
        vec![0; 16 << 10],
        vec![0xff; 16 << 10],
        alice.device.certificate.encode().to_vec(),
    ];
    for bytes in bad {
        assert_eq!(refused(world, &alice, upload(bytes, Usage::Once)).await, ErrorCode::KeyPackageInvalid);
    }
    // Good in itself, but announced as what it is not.
    assert_eq!(refused(world, &alice, upload(good.clone(), Usage::LastResort)).await, ErrorCode::KeyPackageInvalid);
    let resort = package(world, &alice.device, Suite::Classical, Usage::LastResort, 0, DEVICE_LIFETIME);
    assert_eq!(refused(world, &alice, upload(resort, Usage::Once)).await, ErrorCode::KeyPackageInvalid);

    let invalid = |uploads| world.invalid(&alice.device, offer(alice.device.id, uploads));
    assert_eq!(invalid(vec![upload(vec![0; (16 << 10) + 1], Usage::Once)]).await, "key_packages.key_package");
    assert_eq!(invalid(Vec::new()).await, "key_packages");
    assert_eq!(invalid(vec![upload(good.clone(), Usage::Once); 101]).await, "key_packages");
    // One bad package among good ones: none is stored.
    let mixed = vec![upload(good, Usage::Once), upload(vec![1], Usage::Once)];
    let request = offer(alice.device.id, mixed);
    assert_eq!(world.refused(&alice.device, request).await, ErrorCode::KeyPackageInvalid);
    assert_eq!(world.store.count_key_packages(alice.device.id, 3, now(world)).await.unwrap().single_use, 0);
}

fn now(world: &World) -> sotto_server::clock::Timestamp {
    sotto_server::clock::Clock::now(&*world.clock)
}

async fn other_suites_are_refused_s13(world: &World) {
    let alice = world.register("alice").await;
    let mut weak = package(world, &alice.device, Suite::Classical, Usage::Once, 0, DEVICE_LIFETIME);
    // MLSMessage: version (2), wire format (2), KeyPackage: version (2), cipher suite (2).
    assert_eq!(weak[6..8], [0, 3]);
    weak[7] = 1;
    assert_eq!(refused(world, &alice, upload(weak, Usage::Once)).await, ErrorCode::SuiteNotAllowed);
    for cipher_suite in [0, 1, 2, 65_539, u32::MAX] {
        let claim = wire::ClaimKeyPackagesRequest { cipher_suite, ..claim(world, &[alice.account], Suite::Classical) };
        assert_eq!(world.invalid(&alice.device, claim).await, "cipher_suite");
    }
}

async fn private_halves_are_the_vaults_alone_s28(world: &World) {
    let alice = world.register("alice").await;
    let made = |of| upload(package(world, of, Suite::PostQuantum, Usage::Once, 0, DEVICE_LIFETIME), Usage::Once);
    let with_private = |upload, size| wire::KeyPackageUpload { sealed_private: vec![1; size].into(), ..upload };
    let invalid = |of, upload| world.invalid(&alice.device, offer(of, vec![upload]));
    let field = "key_packages.sealed_private";
    assert_eq!(invalid(alice.device.id, with_private(made(&alice.device), 1)).await, field);
    assert_eq!(invalid(alice.vault.id, made(&alice.vault)).await, field);
    assert_eq!(invalid(alice.vault.id, with_private(made(&alice.vault), (8 << 10) + 1)).await, field);
}

async fn foreign_and_absent_devices_publish_alike_nothing_a1(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let laptop = world.new_device(alice.account, &alice.identity, Purpose::Device);
    world.log_in(alice.account, &laptop).await;
    let add = wire::AddDeviceRequest { certificate: laptop.certificate.encode().to_vec().into(), ..Default::default() };
    world.call(&laptop, add).await.unwrap();
    let absent = world.new_device(alice.account, &alice.identity, Purpose::Device);
    // The account's other device in use is no more the caller's than anybody's.
    for of in [&bob.device, &bob.vault, &absent, &laptop] {
        let refused = publish(world, &alice.device, of, Suite::Classical, Usage::Once, 1).await.unwrap_err();
        assert_eq!(ErrorCode::of(&refused), ErrorCode::NotFound);
    }
}

async fn accounts_that_block_or_do_not_exist_are_left_out_alike_a1(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    publish(world, &bob.device, &bob.device, Suite::Classical, Usage::Once, 2).await.unwrap();
    world.call(&bob.device, wire::BlockAccountRequest { account_id: alice.account.to_wire() }).await.unwrap();
    let nobody = AccountId::from_bytes([9; 16]);
    let answer = world.call(&alice.device, claim(world, &[bob.account, nobody], Suite::Classical)).await.unwrap();
    assert_eq!(answer, wire::ClaimKeyPackagesResponse::default());
    let count = world.store.count_key_packages(bob.device.id, 3, now(world)).await.unwrap();
    assert_eq!(count.single_use, 2);

    for (field, request) in [
        ("account_ids", claim(world, &[], Suite::Classical)),
        ("account_ids", claim(world, &[bob.account, bob.account], Suite::Classical)),
        ("account_ids", claim(world, &[nobody; 101], Suite::Classical)),
        (
            "request_id",
            wire::ClaimKeyPackagesRequest { request_id: vec![1].into(), ..claim(world, &[nobody], Suite::Classical) },
        ),
    ] {
        assert_eq!(world.invalid(&alice.device, request).await, field);
    }
}

async fn one_claimer_does_not_use_a_device_up_a6(world: &World) {
    let (mallory, bob) = (world.register("mallory").await, world.register("bob").await);
    publish(world, &bob.device, &bob.device, Suite::Classical, Usage::Once, 30).await.unwrap();
    publish(world, &bob.device, &bob.device, Suite::Classical, Usage::LastResort, 1).await.unwrap();
    let mut last_resort = 0;
    for _ in 0..30 {
        let claimed = world.call(&mallory.device, claim(world, &[bob.account], Suite::Classical)).await.unwrap();
        last_resort += claimed.accounts[0].key_packages.iter().filter(|package| package.last_resort).count();
    }
    assert_eq!(last_resort, 10);
    let alice = world.register("alice").await;
    let claimed = world.call(&alice.device, claim(world, &[bob.account], Suite::Classical)).await.unwrap();
    assert!(!claimed.accounts[0].key_packages[0].last_resort);
    world.clock.advance(Duration::from_mins(9));
    let claimed = world.call(&mallory.device, claim(world, &[bob.account], Suite::Classical)).await.unwrap();
    assert!(!claimed.accounts[0].key_packages[0].last_resort);
}

async fn a_claimer_gets_a_thousand_devices_an_hour_and_what_is_left_is_named_a6(world: &World) {
    let mallory = world.register("mallory").await;
    let strangers: Vec<_> = (0..60).map(|_| AccountId::from_bytes(world.random())).collect();
    for _ in 0..16 {
        world.call(&mallory.device, claim(world, &strangers, Suite::Classical)).await.unwrap();
    }
    let answer = world.call(&mallory.device, claim(world, &strangers, Suite::Classical)).await.unwrap();
    let left: Vec<_> = strangers[40..].iter().map(|account| account.to_wire()).collect();
    assert_eq!(answer.remaining, left);
    let refused = world.refused(&mallory.device, claim(world, &strangers[40..], Suite::Classical)).await;
    assert_eq!(refused, ErrorCode::RateLimited);
}

async fn a_device_keeps_two_hundred(world: &World) {
    let alice = world.register("alice").await;
    for _ in 0..2 {
        publish(world, &alice.device, &alice.device, Suite::Classical, Usage::Once, 100).await.unwrap();
    }
    let refused = publish(world, &alice.device, &alice.device, Suite::Classical, Usage::Once, 1).await.unwrap_err();
    assert_eq!(ErrorCode::of(&refused), ErrorCode::LimitReached);
    assert_eq!(refused.limit.unwrap().name, "KEY_PACKAGES_MAX");
    // The limit is for each suite.
    publish(world, &alice.device, &alice.device, Suite::PostQuantum, Usage::Once, 1).await.unwrap();
}

async fn two_hundred_claims_at_once_get_two_hundred_packages_a7(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    for _ in 0..2 {
        publish(world, &bob.device, &bob.device, Suite::Classical, Usage::Once, 100).await.unwrap();
    }
    publish(world, &bob.device, &bob.device, Suite::Classical, Usage::LastResort, 1).await.unwrap();
    let claims = (0..200).map(|_| world.call(&alice.device, claim(world, &[bob.account], Suite::Classical)));
    let mut handed_out = BTreeSet::new();
    for claimed in futures_util::future::join_all(claims).await {
        let packages = claimed.unwrap().accounts.remove(0).key_packages;
        assert_eq!((packages.len(), packages[0].last_resort), (1, false));
        assert!(handed_out.insert(packages[0].key_package.clone()), "handed out twice");
    }
    assert_eq!(handed_out.len(), 200);
    let after = world.call(&alice.device, claim(world, &[bob.account], Suite::Classical)).await.unwrap();
    assert!(after.accounts[0].key_packages[0].last_resort);
}
