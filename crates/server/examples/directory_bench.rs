//! How fast a directory of keys publishes what waits, and how large its proofs are.
//!
//!     cargo run --release -p sotto-server --example directory_bench -- FOLDER [ACCOUNTS]
//!
//! The folder should be on the disk that is to be measured, and empty.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use prost::Message as _;
use sotto_crypto::secret::Secret;
use sotto_proto::{AccountId, DeviceId, Version, wire};
use sotto_server::bus::LocalBus;
use sotto_server::clock::{SystemClock, Timestamp};
use sotto_server::services::{Answer, Caller, Ports, Services, Settings};
use sotto_server::store::{LoginRecord, Name, NewAccount, NewDevice, Store, StoreError, VaultRecord, open_sqlite};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("FOLDER is missing")?);
    let accounts: u32 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let store = open_sqlite(&folder).await?;
    let blobs = sotto_server::blobs::open(None, &folder)?;
    let secret = Arc::new(Secret::fill(|secret| *secret = [7; 32]));
    let ports =
        Ports { store: store.clone(), bus: Arc::new(LocalBus::default()), blobs, clock: Arc::new(SystemClock), secret };
    let services = Services::new(ports, Settings { rate_percent: 0, ..Settings::default() });

    let begin = Instant::now();
    for number in 0..accounts {
        store.create_account(account(number)).await?;
    }
    println!("{accounts} accounts registered in {:?}", begin.elapsed());
    publish("accounts", accounts, &services).await?;
    let changes = accounts.min(10_000);
    for number in 0..changes {
        add_device(&*store, number).await?;
    }
    publish("changes", changes, &services).await?;
    let audit = steps(&services).await?;
    println!("the last step takes {audit} bytes");
    store.close().await;
    Ok(())
}

async fn publish(what: &str, count: u32, services: &Services) -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    services.keep_up_once().await.map_err(|failure| format!("{:?}", failure.code()))?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{count} {what} published in {seconds:.1} s: {:.0}/s", f64::from(count) / seconds);
    Ok(())
}

async fn steps(services: &Services) -> Result<usize, Box<dyn std::error::Error>> {
    let caller = Caller { address: [127, 0, 0, 1].into(), token: None };
    let newest = wire::GetHeadRequest::default().encode_to_vec().into();
    let reply = services.call(sotto_proto::Method::DirectoryGetHead, &caller, newest).await;
    let Ok(Answer::Reply(reply)) = reply else { return Err("no head".into()) };
    let epoch = wire::GetHeadResponse::decode(reply)?.head.map_or(0, |head| head.epoch);
    let last = wire::ListStepsRequest { after_epoch: epoch.saturating_sub(1) }.encode_to_vec().into();
    let reply = services.call(sotto_proto::Method::DirectoryListSteps, &caller, last).await;
    let Ok(Answer::Reply(reply)) = reply else { return Err("no steps".into()) };
    Ok(wire::ListStepsResponse::decode(reply)?.steps.last().map_or(0, |step| step.audit.len()))
}

fn id(number: u32, of: u8) -> [u8; 16] {
    let mut id = [of; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

fn device(number: u32, of: u8) -> NewDevice {
    NewDevice {
        id: DeviceId::from_bytes(id(number, of)),
        is_vault: false,
        device_key: [of; 32],
        certificate: [&id(number, of)[..], &[of; 162]].concat(),
        sealed_name: Vec::new(),
    }
}

async fn add_device(store: &dyn Store, number: u32) -> Result<(), StoreError> {
    let account = AccountId::from_bytes(id(number, 1));
    store.add_device(account, device(number, 3), Timestamp::ZERO).await.map(drop)
}

fn account(number: u32) -> NewAccount {
    let empty = Vec::new;
    NewAccount {
        id: AccountId::from_bytes(id(number, 1)),
        registration: [0; 32],
        user_name: Name { text: format!("a{number}"), skeleton: format!("a{number}") },
        email: None,
        identity_key: [7; 32],
        login: LoginRecord { opaque: empty(), memory_kib: 1, passes: 1 },
        vault: VaultRecord {
            version: Version::FIRST,
            root_by_password: empty(),
            root_by_recovery: empty(),
            recovery_key: empty(),
        },
        devices: vec![device(number, 2)],
        storage_quota: 0,
        at: Timestamp::ZERO,
    }
}
