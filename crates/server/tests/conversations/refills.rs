//! Devices are asked for more key packages before they run out.

use sotto_crypto::mls::Suite;
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, Usage};
use sotto_proto::wire::{self, subscribe_response::Item};
use sotto_server::services::Services;

use crate::community::{Community, Device};
use crate::feed::{Feed, sync_all};

async fn publish(community: &mut Community, node: &Services, device: &Device, count: usize) {
    let now = community.now();
    let mut packages = Vec::new();
    for _ in 0..count {
        let (participant, rng) = (&device.participant, &mut community.rng);
        let made =
            key_package::generate(participant, Suite::PostQuantum, Usage::Once, now, DEVICE_LIFETIME, rng).unwrap();
        packages.push(wire::KeyPackageUpload { key_package: made.0.into(), ..Default::default() });
    }
    let request = wire::PublishKeyPackagesRequest { device_id: device.id.to_wire(), key_packages: packages };
    device.call(node, request).await.unwrap();
}

fn refill(item: Item) -> Option<wire::KeyPackageCount> {
    match item {
        Item::Refill(count) => Some(count),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_asked_for_more_when_it_comes_and_when_it_runs_low_a6() {
    let mut community = Community::new().await;
    let (here, there) = (community.node(), community.node());
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let cursor = sync_all(&here, &ben.device).await;
    let before = Feed::from(&here, &ben.device, cursor).await.unwrap().until_ready().await;
    let asked: Vec<_> = before.into_iter().filter_map(refill).map(|count| count.device_id).collect();
    assert_eq!(asked, [ben.device.id.to_wire(), ben.vault.id.to_wire()]);

    publish(&mut community, &here, &ben.device, 21).await;
    let mut feed = Feed::open(&here, &ben.device).await;
    for number in 0..2_u8 {
        // From another node.
        let claim = wire::ClaimKeyPackagesRequest {
            request_id: vec![number; 16].into(),
            account_ids: vec![ben.account.to_wire()],
            cipher_suite: Suite::PostQuantum.number().into(),
        };
        ann.device.call(&there, claim).await.unwrap();
    }
    let count = feed.until(refill).await;
    assert_eq!((count.device_id, count.single_use), (ben.device.id.to_wire(), 19));
}
