//! An account: what it keeps for itself, how it is entered, and what happens when the key is lost.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use data_encoding::BASE32_NOPAD;
use rand::RngExt as _;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DevicePublicKey, IdentityKey};
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_crypto::proof::Call;
use sotto_crypto::time::Time;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, SlotId};
use sotto_server_tests::link::Refused;
use sotto_server_tests::people::{Device, Town, randomness, unique_name};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::{Secrets, canary, random};
use crate::community::Community;

/// Everything that is kept sealed, or for the account alone.
pub(super) async fn keep_things(town: &Town) -> Result<()> {
    let (mut alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    alice.link.call(wire::GetServerInfoRequest {}).await?;
    let slot_id = SlotId::from_bytes(randomness().random()).to_wire();
    let setting = wire::Setting { slot_id, version: 1, sealed: random(300), change: 0 };
    alice.link.call(wire::PutSettingRequest { setting: Some(setting) }).await?;
    alice.link.call(wire::ListSettingsRequest { after_change: 0 }).await?;
    let name = wire::NameDeviceRequest { device_id: alice.id.to_wire(), sealed_name: random(128) };
    alice.link.call(name).await?;
    let chat = alice.start_group(&[&bob]).await?;
    let conversation_id = chat.to_wire();
    let sealed = random(300);
    let checkpoint = wire::Checkpoint { conversation_id, version: 1, generation: 1, epoch: 1, sealed };
    alice.link.call(wire::PutCheckpointRequest { checkpoint: Some(checkpoint) }).await?;
    alice.link.call(wire::GetCheckpointsRequest { conversation_ids: vec![chat.to_wire()] }).await?;
    let vault = next_vault(&alice).await?;
    alice.link.call(wire::PutVaultRequest { vault: Some(vault) }).await?;
    alice.link.call(wire::CountKeyPackagesRequest {}).await?;
    alice.link.call(wire::ListDevicesRequest {}).await?;

    alice.link.call(wire::ChangeUserNameRequest { user_name: unique_name("alicia") }).await?;
    alice.link.call(wire::ChangeEmailRequest { email: format!("{}@example.org", canary("alicia")) }).await?;
    alice.link.call(wire::GetOwnAccountRequest {}).await?;
    alice.link.call(wire::LookUpUserRequest { user_name: bob.person.name.clone() }).await?;
    alice.link.call(wire::GetHeadRequest { epochs: vec![1] }).await?;
    alice.link.call(wire::ListStepsRequest { after_epoch: 0 }).await?;
    let looked_up = wire::LookUpAccount { account_id: bob.account().to_wire(), known_revision: 0 };
    alice.link.call(wire::LookUpRequest { accounts: vec![looked_up], epochs: vec![1] }).await?;
    alice.link.call(wire::ListOwnEntriesRequest { after_revision: 0 }).await?;
    alice.link.call(wire::BlockAccountRequest { account_id: bob.account().to_wire() }).await?;
    alice.link.call(wire::ListBlockedRequest::default()).await?;
    alice.link.call(wire::UnblockAccountRequest { account_id: bob.account().to_wire() }).await?;
    Ok(())
}

/// The vault as it is, with another recovery code's half.
async fn next_vault(device: &Device) -> Result<wire::Vault> {
    let stored = device.link.call(wire::GetVaultRequest {}).await?.vault.context("there is a vault")?;
    Ok(wire::Vault { version: stored.version + 1, root_by_recovery_code: random(200), ..stored })
}

/// A login with a code from the authenticator, and one with a code from paper.
pub(super) async fn use_a_second_factor(town: &Town, told: &mut Secrets) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let secret = alice.link.call(wire::EnableTotpStartRequest {}).await?.secret;
    told.add("what is typed into an authenticator", BASE32_NOPAD.encode(&secret).as_bytes());
    let step = since_1970() / 30;
    let finish = wire::EnableTotpFinishRequest { totp_code: totp_code(&secret, step) };
    let codes = alice.link.call(finish).await?.backup_codes;
    for code in &codes {
        told.add("a backup code without its hyphens", code.replace('-', "").as_bytes());
    }
    let refused = log_in(&mut alice, None).await.expect_err("the second factor is asked for");
    ensure!(refused.downcast_ref().map(Refused::code) == Some(ErrorCode::SecondFactorRequired), "{refused:?}");
    // Each code is good once; the clocks may be off by a step.
    log_in(&mut alice, Some(SecondFactor::TotpCode(totp_code(&secret, step + 1)))).await?;
    log_in(&mut alice, Some(SecondFactor::BackupCode(codes[0].clone()))).await?;
    alice.link.call(wire::RenewBackupCodesRequest {}).await?;
    alice.link.call(wire::DisableTotpRequest {}).await?;

    // A person who types a password into the field of the name.
    let (_, ke1) = Login::start(Password::new("x")?, &mut randomness())?;
    alice.link.call(wire::LoginStartRequest { login_name: canary("mistyped"), ke1: ke1.into() }).await?;
    Ok(())
}

/// A login of the same device.
async fn log_in(device: &mut Device, second_factor: Option<SecondFactor>) -> Result<()> {
    let person = device.person.clone();
    let (login, ke1) = Login::start(Password::new(person.password())?, &mut randomness())?;
    let request = wire::LoginStartRequest { login_name: person.name.clone(), ke1: ke1.into() };
    // A connection belongs to one session.
    let link = device.town().link().await?;
    let reply = link.call(request).await?;
    let logged_in = login.finish(&reply.ke2, person.account, StretchCost::MINIMUM, &mut randomness())?;
    let proof = device.prove(Call::Login(&logged_in.finalization));
    let request = wire::LoginFinishRequest {
        login_state: reply.login_state,
        ke3: logged_in.finalization.into(),
        second_factor,
        device: Some(proof),
    };
    device.session = link.call(request).await?.session.context("a login opens a session")?;
    link.authenticate(&device.session.access_token).await?;
    device.link = link;
    Ok(())
}

/// The whole exchange, and what only its two ends know.
pub(super) async fn change_the_password(town: &Town, told: &mut Secrets) -> Result<()> {
    let paul = town.register("paul").await?;
    told.add("a password", paul.person.password().as_bytes());
    told.add("the root of a vault", &paul.person.expose_root());
    let record = Some(new_record(&paul, told).await?);
    let vault = Some(next_vault(&paul).await?);
    paul.link.call(wire::ChangePasswordFinishRequest { record, vault, end_other_sessions: true }).await?;
    Ok(())
}

async fn new_record(device: &Device, told: &mut Secrets) -> Result<wire::LoginRecord> {
    let (registration, opaque_request) = choose_password(told)?;
    let reply = device.link.call(wire::ChangePasswordStartRequest { opaque_request }).await?;
    finish_record(registration, &reply.opaque_response, device, told)
}

fn choose_password(told: &mut Secrets) -> Result<(Registration, Bytes)> {
    let password = canary("another password");
    told.add("another password", password.as_bytes());
    let (registration, request) = Registration::start(Password::new(&password)?, &mut randomness())?;
    Ok((registration, request.into()))
}

fn finish_record(
    registration: Registration,
    response: &[u8],
    device: &Device,
    told: &mut Secrets,
) -> Result<wire::LoginRecord> {
    let cost = StretchCost::MINIMUM;
    let done = registration.finish(response, device.account(), cost, &mut randomness())?;
    told.add("an export key", done.export_key.expose_secret());
    let hardening = wire::PasswordHardening { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: 1 };
    Ok(wire::LoginRecord { opaque_record: done.upload.into(), hardening: Some(hardening) })
}

/// Devices that come, go and are sent away, and an account that ends.
pub(super) async fn come_and_go_with_devices(town: &Town, told: &mut Secrets) -> Result<()> {
    let mut alice = town.register("alice").await?;
    let (laptop, tablet, lost) = (alice.new_device().await?, alice.new_device().await?, alice.new_device().await?);
    alice.refresh().await?;
    for device in [&alice, &laptop] {
        for token in [&device.session.access_token, &device.session.refresh_token] {
            told.add("the part of a token that makes it one", &token.as_bytes()[token.len() - 24..]);
        }
    }
    alice.link.call(wire::ListSessionsRequest {}).await?;
    let session_id = laptop.session.session_id.clone();
    alice.link.call(wire::RevokeSessionRequest { session_id }).await?;
    tablet.link.call(wire::LogoutRequest {}).await?;
    alice.revoke(&lost).await?;
    let device = Some(alice.prove(Call::DeleteAccount));
    alice.link.call(wire::DeleteAccountRequest { device }).await?;
    Ok(())
}

/// The password is forgotten, and the recovery code is there.
pub(super) async fn recover(town: &Town, told: &mut Secrets) -> Result<()> {
    let rita = town.register("rita").await?;
    told.add("a recovery code", &rita.person.expose_recovery_code());
    let login_name = rita.person.name.clone();
    let asked = rita.link.call(wire::RecoverStartRequest { login_name }).await?;
    let signature = rita.person.prove_recovery(&asked.challenge[..].try_into()?);
    let (registration, opaque_request) = choose_password(told)?;
    let prove = wire::RecoverProveRequest { recovery_state: asked.recovery_state, signature, opaque_request };
    let proved = rita.link.call(prove).await?;
    let stored = proved.vault.context("there is a vault")?;
    let finish = wire::RecoverFinishRequest {
        record: Some(finish_record(registration, &proved.opaque_response, &rita, told)?),
        vault: Some(wire::Vault { version: stored.version + 1, root_by_password: random(200), ..stored }),
        device: Some(rita.prove(Call::Recover(&proved.recovery_state))),
        recovery_state: proved.recovery_state,
    };
    rita.link.call(finish).await?;
    Ok(())
}

/// Password and recovery code are lost, and a device is signed in.
pub(super) async fn begin_anew(community: &Community, town: &Town, told: &mut Secrets) -> Result<()> {
    let rosa = town.register("rosa").await?;
    let request = || wire::RequestResetRequest { device: Some(rosa.prove(Call::RequestReset)) };
    rosa.link.call(request()).await?;
    rosa.link.call(wire::CancelResetRequest {}).await?;
    rosa.link.call(request()).await?;
    let (registration, opaque_request) = choose_password(told)?;
    let start = wire::ResetStartRequest { opaque_request };
    let early = rosa.link.call(start.clone()).await.expect_err("it is early");
    ensure!(early.code() == ErrorCode::NotApplicable, "{early:?}");

    wait_for_the_reset(community, rosa.account()).await?;
    let reply = rosa.link.call(start).await?;
    let identity = IdentityKey::generate(&mut randomness());
    let finish = wire::ResetFinishRequest {
        record: Some(finish_record(registration, &reply.opaque_response, &rosa, told)?),
        identity_key: Bytes::copy_from_slice(identity.public().as_bytes()),
        certificates: vec![new_certificate(&rosa, &identity)?],
        vault: Some(next_vault(&rosa).await?),
    };
    rosa.link.call(finish).await?;
    Ok(())
}

/// Three days pass: the server asks its own clock, so the record of the request is put back by as much.
async fn wait_for_the_reset(community: &Community, account: AccountId) -> Result<()> {
    let sql = "UPDATE accounts SET reset_ready_at = reset_ready_at - 259200000 WHERE id = $1";
    let account = account.as_bytes().to_vec();
    let changed = if let Some(url) = community.backing.database_url() {
        let mut database = PgConnection::connect(url).await?;
        sqlx::query(sql).bind(account).execute(&mut database).await?.rows_affected()
    } else {
        let file = community.program.data().join("sotto.db");
        let mut database = SqliteConnectOptions::new().filename(file).connect().await?;
        sqlx::query(sql).bind(account).execute(&mut database).await?.rows_affected()
    };
    ensure!(changed == 1, "there is no such account");
    Ok(())
}

/// The new identity vouches for the same device.
fn new_certificate(device: &Device, identity: &IdentityKey) -> Result<Bytes> {
    let key: [u8; 32] = device.prove(Call::RequestReset).device_key[..].try_into()?;
    let claims = DeviceClaims {
        account: device.account(),
        device: device.id,
        device_key: DevicePublicKey::from_bytes(&key)?,
        purpose: Purpose::Device,
        issued: Time::from_unix_seconds(since_1970()),
        expires: None,
    };
    Ok(Bytes::copy_from_slice(&DeviceCertificate::issue(identity, claims)?.encode()))
}

/// RFC 6238 with the contract's parameters, as an authenticator computes it.
fn totp_code(secret: &[u8], step: u64) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret).unwrap();
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let place = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes(hash[place..place + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn since_1970() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
