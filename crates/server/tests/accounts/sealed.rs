//! What an account keeps sealed: versions that go up by one, repetitions that change nothing, bounds.

use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{ConversationId, ID_LEN};

use crate::support::{World, on_both};

on_both!(
    a_vault_is_replaced_by_the_next_version_only_s19,
    a_vault_that_is_not_there_is_not_found,
    vaults_are_checked_field_by_field,
    a_device_that_waits_for_its_certificate_reads_the_vault,
    settings_go_up_by_one_and_come_back_in_order,
    settings_are_checked_field_by_field,
    settings_count_against_the_quota_a8,
    checkpoints_of_foreign_and_absent_conversations_are_refused_alike_a1,
);

fn vault(version: u64) -> wire::Vault {
    wire::Vault { version, root_by_password: vec![1; 106].into(), ..Default::default() }
}

fn put_vault(vault: wire::Vault) -> wire::PutVaultRequest {
    wire::PutVaultRequest { vault: Some(vault) }
}

fn put_setting(slot: u8, version: u64, sealed: Vec<u8>) -> wire::PutSettingRequest {
    let setting = wire::Setting { slot_id: vec![slot; ID_LEN].into(), version, sealed: sealed.into(), change: 0 };
    wire::PutSettingRequest { setting: Some(setting) }
}

async fn a_vault_is_replaced_by_the_next_version_only_s19(world: &World) {
    let alice = world.register("alice").await;
    world.call(&alice.device, put_vault(vault(2))).await.unwrap();
    world.call(&alice.device, put_vault(vault(2))).await.unwrap();
    let other = wire::Vault { root_by_password: vec![9; 106].into(), ..vault(2) };
    for (stale, stored) in [(other, 2), (vault(1), 2), (vault(4), 2)] {
        let detail = world.call(&alice.device, put_vault(stale)).await.unwrap_err();
        assert_eq!((ErrorCode::of(&detail), detail.version), (ErrorCode::VersionConflict, stored));
    }
    let read = world.call(&alice.device, wire::GetVaultRequest {}).await.unwrap();
    assert_eq!(read.vault, Some(vault(2)));
}

async fn a_vault_that_is_not_there_is_not_found(world: &World) {
    let alice = world.register("alice").await;
    let out = wire::Vault { version: 2, ..Default::default() };
    world.call(&alice.device, put_vault(out)).await.unwrap();
    assert_eq!(world.refused(&alice.device, wire::GetVaultRequest {}).await, ErrorCode::NotFound);
    world.call(&alice.device, put_vault(vault(3))).await.unwrap();
    world.call(&alice.device, wire::GetVaultRequest {}).await.unwrap();
}

async fn vaults_are_checked_field_by_field(world: &World) {
    let alice = world.register("alice").await;
    let key = alice.identity.public();
    let with_code = |root: Vec<u8>, key: Vec<u8>| wire::Vault {
        root_by_recovery_code: root.into(),
        recovery_key: key.into(),
        ..vault(2)
    };
    let wrong = [
        ("vault.version", vault(0)),
        ("vault.root_by_password", wire::Vault { root_by_password: vec![1; 1_025].into(), ..vault(2) }),
        ("vault.root_by_recovery_code", with_code(vec![1; 1_025], key.as_bytes().to_vec())),
        ("vault.recovery_key", with_code(vec![1; 106], Vec::new())),
        ("vault.recovery_key", with_code(Vec::new(), key.as_bytes().to_vec())),
        ("vault.recovery_key", with_code(vec![1; 106], vec![1; 31])),
        ("vault.recovery_key", with_code(vec![1; 106], vec![0; 32])),
    ];
    for (field, vault) in wrong {
        assert_eq!(world.invalid(&alice.device, put_vault(vault)).await, field);
    }
    assert_eq!(world.invalid(&alice.device, wire::PutVaultRequest { vault: None }).await, "vault");
    world.call(&alice.device, put_vault(with_code(vec![1; 106], key.as_bytes().to_vec()))).await.unwrap();
}

async fn a_device_that_waits_for_its_certificate_reads_the_vault(world: &World) {
    let alice = world.register("alice").await;
    let laptop = world.new_device(alice.account, &alice.identity, sotto_crypto::certificate::Purpose::Device);
    world.log_in(alice.account, &laptop).await;
    world.call(&laptop, wire::GetVaultRequest {}).await.unwrap();
    assert_eq!(world.refused(&laptop, put_vault(vault(2))).await, ErrorCode::DeviceNotCertified);
    for _ in 1..60 {
        world.call(&laptop, wire::GetVaultRequest {}).await.unwrap();
    }
    assert_eq!(world.refused(&laptop, wire::GetVaultRequest {}).await, ErrorCode::RateLimited);
}

async fn settings_go_up_by_one_and_come_back_in_order(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let first = world.call(&alice.device, put_setting(1, 1, vec![1; 9])).await.unwrap().change;
    assert_eq!(world.call(&alice.device, put_setting(1, 1, vec![1; 9])).await.unwrap().change, first);
    let second = world.call(&alice.device, put_setting(2, 1, vec![2; 9])).await.unwrap().change;
    let deleted = world.call(&alice.device, put_setting(1, 2, Vec::new())).await.unwrap().change;
    assert!(first < second && second < deleted);
    let detail = world.call(&alice.device, put_setting(1, 2, vec![7])).await.unwrap_err();
    assert_eq!((ErrorCode::of(&detail), detail.version), (ErrorCode::VersionConflict, 2));

    let after = |after_change| wire::ListSettingsRequest { after_change };
    let list = world.call(&alice.device, after(0)).await.unwrap();
    let told: Vec<_> = list.settings.iter().map(|setting| (setting.change, setting.sealed.len())).collect();
    assert_eq!((told, list.more), (vec![(second, 9), (deleted, 0)], false));
    assert_eq!(world.call(&alice.device, after(second)).await.unwrap().settings.len(), 1);
    assert_eq!(world.call(&bob.device, after(0)).await.unwrap().settings.len(), 0);
}

async fn settings_are_checked_field_by_field(world: &World) {
    let alice = world.register("alice").await;
    world.call(&alice.device, put_setting(1, 1, vec![1; 65_536])).await.unwrap();
    assert_eq!(world.invalid(&alice.device, put_setting(2, 1, vec![1; 65_537])).await, "setting.sealed");
    assert_eq!(world.invalid(&alice.device, put_setting(2, 0, vec![1])).await, "setting.version");
    let short = wire::Setting { slot_id: vec![1; 15].into(), version: 1, ..Default::default() };
    let short = wire::PutSettingRequest { setting: Some(short) };
    assert_eq!(world.invalid(&alice.device, short).await, "setting.slot_id");
    assert_eq!(world.invalid(&alice.device, wire::PutSettingRequest { setting: None }).await, "setting");
    let beyond = wire::ListSettingsRequest { after_change: u64::MAX };
    assert_eq!(world.invalid(&alice.device, beyond).await, "after_change");
}

async fn settings_count_against_the_quota_a8(world: &World) {
    let alice = world.register("alice").await;
    for slot in 0..64 {
        world.call(&alice.device, put_setting(slot, 1, vec![1; 65_536])).await.unwrap();
    }
    assert_eq!(world.refused(&alice.device, put_setting(64, 1, vec![1])).await, ErrorCode::QuotaExceeded);
    world.call(&alice.device, put_setting(0, 2, Vec::new())).await.unwrap();
    world.call(&alice.device, put_setting(64, 1, vec![1])).await.unwrap();
    world.store.set_quota(alice.account, 8 << 20).await.unwrap();
    for slot in 65..70 {
        world.call(&alice.device, put_setting(slot, 1, vec![1; 65_536])).await.unwrap();
    }
    let mut settings = Vec::new();
    loop {
        let after_change = settings.last().map_or(0, |setting: &wire::Setting| setting.change);
        let page = world.call(&alice.device, wire::ListSettingsRequest { after_change }).await.unwrap();
        assert!(page.settings.iter().map(|setting| setting.sealed.len()).sum::<usize>() <= 4 << 20);
        settings.extend(page.settings);
        if !page.more {
            break;
        }
    }
    assert_eq!(settings.len(), 70);
}

async fn checkpoints_of_foreign_and_absent_conversations_are_refused_alike_a1(world: &World) {
    let alice = world.register("alice").await;
    let checkpoint = |size| wire::Checkpoint {
        conversation_id: ConversationId::from_bytes([1; 16]).to_wire(),
        version: 1,
        generation: 1,
        epoch: 0,
        sealed: vec![1; size].into(),
    };
    let put = |checkpoint| wire::PutCheckpointRequest { checkpoint: Some(checkpoint) };
    assert_eq!(world.refused(&alice.device, put(checkpoint(1 << 20))).await, ErrorCode::NotFound);
    let wrong = [
        ("checkpoint.sealed", checkpoint(0)),
        ("checkpoint.sealed", checkpoint((1 << 20) + 1)),
        ("checkpoint.version", wire::Checkpoint { version: 0, ..checkpoint(1) }),
        ("checkpoint.generation", wire::Checkpoint { generation: 0, ..checkpoint(1) }),
        ("checkpoint.epoch", wire::Checkpoint { epoch: u64::MAX, ..checkpoint(1) }),
        ("checkpoint.conversation_id", wire::Checkpoint { conversation_id: vec![1].into(), ..checkpoint(1) }),
    ];
    for (field, checkpoint) in wrong {
        assert_eq!(world.invalid(&alice.device, put(checkpoint)).await, field);
    }
    let get = |count| wire::GetCheckpointsRequest { conversation_ids: vec![vec![1; 16].into(); count] };
    assert_eq!(world.call(&alice.device, get(100)).await.unwrap(), wire::GetCheckpointsResponse::default());
    for count in [0, 101] {
        assert_eq!(world.invalid(&alice.device, get(count)).await, "conversation_ids");
    }
}
