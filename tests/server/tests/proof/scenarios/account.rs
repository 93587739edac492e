//! Accounts: coming in, staying in, and what is kept for oneself.

use anyhow::{Result, ensure};
use bytes::Bytes;
use rand::RngExt as _;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{RequestId, SlotId};
use sotto_server_tests::people::{Town, randomness};

use super::{LIGHT, refusal};
use crate::community::{Scenario, scenarios};

pub(super) const SCENARIOS: &[Scenario] = scenarios![
    a_name_belongs_to_one,
    an_uncertified_device_may_read_the_vault_and_nothing_else,
    a_lost_refresh_locks_nobody_out_n7,
    a_stolen_refresh_token_ends_the_session_n7,
    logging_out_ends_the_session_n8,
    key_packages_are_handed_out_once_a7,
    settings_are_kept_in_order,
    unknown_names_are_answered_alike_a3,
];

async fn a_name_belongs_to_one(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    let own = alice.link.call(wire::GetOwnAccountRequest {}).await?;
    assert_eq!(own.keys.as_ref().unwrap().user_name, alice.person.name);
    assert_eq!(own.keys.unwrap().certificates.len(), 2, "the device and the vault device");
    let request = |user_name: String| wire::RegisterStartRequest {
        account_id: Bytes::copy_from_slice(&randomness().random::<[u8; 16]>()),
        user_name,
        opaque_request: Bytes::from_static(&[0; 32]),
    };
    let link = town.link().await?;
    let taken = link.call(request(alice.person.name.clone())).await;
    assert_eq!(refusal(taken.map_err(Into::into)), ErrorCode::NameTaken);
    let reserved = link.call(request("s0tto".to_owned())).await;
    assert_eq!(refusal(reserved.map_err(Into::into)), ErrorCode::NameNotAllowed);
    Ok(())
}

async fn an_uncertified_device_may_read_the_vault_and_nothing_else(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    let mut laptop = town.log_in_uncertified(&alice.person).await?;
    laptop.link.call(wire::GetVaultRequest {}).await?;
    let early = laptop.link.call(wire::ListDevicesRequest {}).await;
    ensure!(early.is_ok(), "listing devices asks for a session only: {early:?}");
    let early = laptop.link.call(wire::ListSettingsRequest { after_change: 0 }).await;
    assert_eq!(refusal(early.map_err(Into::into)), ErrorCode::DeviceNotCertified);
    laptop.file_certificate().await?;
    laptop.link.call(wire::ListSettingsRequest { after_change: 0 }).await?;
    assert_eq!(alice.link.call(wire::ListDevicesRequest {}).await?.devices.len(), 3);
    Ok(())
}

async fn a_lost_refresh_locks_nobody_out_n7(town: Town) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let request = alice.refresh_request();
    let first = alice.link.call(request.clone()).await?.session.unwrap();
    let again = alice.link.call(request).await?.session.unwrap();
    assert_eq!((&first.session_id, &first.refresh_token), (&again.session_id, &again.refresh_token));
    alice.session = again;
    alice.refresh().await?;
    alice.link.call(wire::GetOwnAccountRequest {}).await?;
    Ok(())
}

async fn a_stolen_refresh_token_ends_the_session_n7(town: Town) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let stolen = alice.refresh_request();
    alice.refresh().await?;
    let link = town.link().await?;
    assert_eq!(refusal(link.call(stolen).await.map_err(Into::into)), ErrorCode::RefreshReused);
    ends(&alice.link).await
}

async fn logging_out_ends_the_session_n8(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    alice.link.call(wire::LogoutRequest {}).await?;
    ends(&alice.link).await
}

async fn ends(link: &sotto_server_tests::link::Link) -> Result<()> {
    for _ in 0..300 {
        match link.call(wire::GetOwnAccountRequest {}).await {
            Err(refused) if refused.code() == ErrorCode::SessionEnded => return Ok(()),
            _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    anyhow::bail!("the session has not ended")
}

async fn key_packages_are_handed_out_once_a7(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    let claim = |request: RequestId| {
        let link = alice.link.clone();
        let request = wire::ClaimKeyPackagesRequest {
            request_id: request.to_wire(),
            account_ids: vec![bob.account().to_wire()],
            cipher_suite: LIGHT.number().into(),
        };
        async move { link.call(request).await }
    };
    let once = RequestId::from_bytes(randomness().random());
    let (first, repeated) = (claim(once).await?, claim(once).await?);
    assert_eq!(first, repeated, "the same request hands out the same ones");
    let mut seen = Vec::new();
    for _ in 0..5 {
        let reply = claim(RequestId::from_bytes(randomness().random())).await?;
        let packages = &reply.accounts[0].key_packages;
        assert_eq!(packages.len(), 2, "the device and the vault device");
        let own = packages.iter().find(|package| package.device_id == bob.id.to_wire()).unwrap();
        seen.push((own.last_resort, own.key_package.clone()));
    }
    let single: std::collections::BTreeSet<_> = seen.iter().filter(|(last, _)| !last).collect();
    assert_eq!(single.len(), 2, "three were published, one was handed out before");
    assert_eq!(seen.iter().filter(|(last, _)| *last).count(), 3);
    let counts = bob.link.call(wire::CountKeyPackagesRequest {}).await?.counts;
    assert_eq!(counts.len(), 2);
    Ok(())
}

async fn settings_are_kept_in_order(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    let slots: Vec<_> = (0..3).map(|_| SlotId::from_bytes(randomness().random())).collect();
    let put = |slot: SlotId, version, sealed: &'static [u8]| {
        let setting = wire::Setting { slot_id: slot.to_wire(), version, sealed: Bytes::from_static(sealed), change: 0 };
        let link = alice.link.clone();
        async move { link.call(wire::PutSettingRequest { setting: Some(setting) }).await }
    };
    for slot in &slots {
        put(*slot, 1, b"sealed once").await?;
    }
    put(slots[0], 2, b"sealed again").await?;
    put(slots[0], 2, b"sealed again").await?;
    let conflict = put(slots[1], 3, b"too early").await.expect_err("versions go up by one");
    assert_eq!((conflict.code(), conflict.detail().version), (ErrorCode::VersionConflict, 1));
    let settings = alice.link.call(wire::ListSettingsRequest { after_change: 0 }).await?.settings;
    let order: Vec<_> = settings.iter().map(|setting| setting.slot_id.clone()).collect();
    assert_eq!(order, [slots[1].to_wire(), slots[2].to_wire(), slots[0].to_wire()]);
    Ok(())
}

/// The same shape, the same sizes, the same constant account.
async fn unknown_names_are_answered_alike_a3(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    let link = town.link().await?;
    let start = |name: String| {
        let link = link.clone();
        let password = sotto_crypto::login::Password::new("guess").unwrap();
        let (_, ke1) = sotto_crypto::login::Login::start(password, &mut randomness()).unwrap();
        async move { link.call(wire::LoginStartRequest { login_name: name, ke1: ke1.into() }).await }
    };
    let known = start(alice.person.name.clone()).await?;
    let (nobody, again) = (start("nobody.at.all".to_owned()).await?, start("nobody.at.all".to_owned()).await?);
    let shape = |reply: &wire::LoginStartResponse| (reply.login_state.len(), reply.ke2.len(), reply.hardening);
    assert_eq!(shape(&known), shape(&nobody));
    assert_eq!(nobody.account_id, again.account_id);
    let recover = |name: String| {
        let link = link.clone();
        async move { link.call(wire::RecoverStartRequest { login_name: name }).await }
    };
    let (known, nobody) = (recover(alice.person.name.clone()).await?, recover("nobody.at.all".to_owned()).await?);
    let shape = |reply: &wire::RecoverStartResponse| (reply.recovery_state.len(), reply.challenge.len());
    assert_eq!(shape(&known), shape(&nobody));
    Ok(())
}
