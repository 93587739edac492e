//! People with real keys and certified devices, and the services that they call.

pub(crate) mod contract;
pub(crate) mod database;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose, VerifiedDevice};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::mls::Participant;
use sotto_crypto::secret::Secret;
use sotto_crypto::time::Time;
use sotto_proto::wire::{ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, Call, DeviceId, SessionId, UserName, Version};
use sotto_server::bus::LocalBus;
use sotto_server::clock::{Clock as _, ManualClock, Timestamp};
use sotto_server::services::{AccessToken, Answer, Caller, Ports, Services, Settings};
use sotto_server::store::{LoginRecord, Name, NewAccount, NewDevice, NewSession, Store, TokenHash, VaultRecord};

/// One node over a store, at a time that stands still.
pub(crate) struct World {
    pub(crate) services: Arc<Services>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    rng: Mutex<StdRng>,
    ports: Ports,
    /// Of the bytes of files.
    _folder: tempfile::TempDir,
}

/// An account with a device and a vault device, both certified.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) identity: IdentityKey,
    pub(crate) device: Device,
    pub(crate) vault: Device,
}

/// A device and its session; a vault device has one too, which nobody uses.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) key: DeviceKey,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) session: SessionId,
}

impl World {
    pub(crate) fn over(store: Arc<dyn Store>, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_millis(1_800_000_000_000)));
        let bus = Arc::new(LocalBus::default());
        let mut rng = StdRng::seed_from_u64(7);
        let secret = Arc::new(Secret::generate(&mut rng));
        let folder = tempfile::tempdir().unwrap();
        let blobs = sotto_server::blobs::open(None, folder.path()).unwrap();
        let ports = Ports { store: store.clone(), bus, blobs, clock: clock.clone(), secret };
        let rng = Mutex::new(rng);
        Self { services: Services::new(ports.clone(), settings), store, clock, rng, ports, _folder: folder }
    }

    /// Another node over the same store.
    pub(crate) fn second_node(&self) -> Arc<Services> {
        Services::new(self.ports.clone(), Settings::default())
    }

    /// Sixteen bytes that no other call gives.
    pub(crate) fn random(&self) -> [u8; 16] {
        self.rng.lock().unwrap().random()
    }

    /// Lends the source of randomness.
    pub(crate) fn with_rng<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap())
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_unix_seconds(self.clock.now().unix_millis() / 1_000)
    }

    /// Somebody new, as if by registration and login.
    pub(crate) async fn register(&self, name: &str) -> Person {
        let account = AccountId::from_bytes(self.random());
        let identity = self.with_rng(IdentityKey::generate);
        let device = self.new_device(account, &identity, Purpose::Device);
        let vault = self.new_device(account, &identity, Purpose::Vault);
        let parsed = UserName::parse("user_name", name).unwrap();
        let new = NewAccount {
            id: account,
            registration: [1; 32],
            user_name: Name { text: name.to_owned(), skeleton: parsed.skeleton() },
            email: None,
            identity_key: *identity.public().as_bytes(),
            login: LoginRecord { opaque: vec![7; 192], memory_kib: 65_536, passes: 3 },
            vault: VaultRecord {
                version: Version::FIRST,
                root_by_password: vec![1; 106],
                root_by_recovery: Vec::new(),
                recovery_key: Vec::new(),
            },
            devices: vec![device.to_file(false), vault.to_file(true)],
            storage_quota: 4 << 20,
            at: self.clock.now(),
        };
        self.store.create_account(new).await.unwrap();
        self.log_in(account, &device).await;
        Person { account, identity, device, vault }
    }

    /// A certified device that is not on file.
    pub(crate) fn new_device(&self, account: AccountId, identity: &IdentityKey, purpose: Purpose) -> Device {
        let key = self.with_rng(DeviceKey::generate);
        let claims = DeviceClaims {
            account,
            device: DeviceId::from_bytes(self.random()),
            device_key: key.public(),
            purpose,
            issued: self.now(),
            expires: None,
        };
        let certificate = DeviceCertificate::issue(identity, claims).unwrap();
        Device { id: claims.device, key, certificate, session: SessionId::from_bytes(self.random()) }
    }

    /// Opens the device's session.
    pub(crate) async fn log_in(&self, account: AccountId, device: &Device) {
        let at = self.clock.now();
        let mut token = [0; 32];
        token[..16].copy_from_slice(device.session.as_bytes());
        let session = NewSession {
            id: device.session,
            account,
            device: device.id,
            device_key: *device.key.public().as_bytes(),
            token: TokenHash(token),
            expires_at: at.plus(Duration::from_hours(30 * 24)),
            at,
        };
        self.store.open_session(session).await.unwrap();
    }

    /// Calls in the name of a device.
    pub(crate) async fn call<R: Call>(&self, device: &Device, request: R) -> Result<R::Response, ErrorDetail> {
        let expires_at = self.clock.now().plus(Duration::from_mins(15));
        let token = Some(AccessToken { session: device.session, expires_at });
        let caller = Caller { address: [127, 0, 0, 1].into(), token };
        let body = Bytes::from(request.encode_to_vec());
        match self.services.call(R::METHOD, &caller, body).await {
            Ok(Answer::Reply(reply)) => Ok(R::Response::decode(reply).unwrap()),
            Ok(Answer::Items(_)) => panic!("{:?} streams", R::METHOD),
            Err(failure) => {
                contract::expect_named(R::METHOD, failure.code());
                Err(failure.into_detail())
            }
        }
    }

    /// Calls, and expects to be refused.
    pub(crate) async fn refused<R: Call>(&self, device: &Device, request: R) -> ErrorCode {
        match self.call(device, request).await {
            Ok(_) => panic!("{:?} was not refused", R::METHOD),
            Err(detail) => ErrorCode::of(&detail),
        }
    }

    /// Calls, and expects that a field of the request is at fault.
    pub(crate) async fn invalid<R: Call>(&self, device: &Device, request: R) -> String {
        let detail = self.call(device, request).await.err().unwrap();
        assert_eq!(ErrorCode::of(&detail), ErrorCode::InvalidArgument, "{detail:?}");
        detail.field
    }
}

impl Device {
    pub(crate) fn to_file(&self, is_vault: bool) -> NewDevice {
        NewDevice {
            id: self.id,
            is_vault,
            device_key: *self.key.public().as_bytes(),
            certificate: self.certificate.encode().to_vec(),
            sealed_name: Vec::new(),
        }
    }

    pub(crate) fn verified(&self, now: Time) -> VerifiedDevice {
        self.certificate.verify_on_first_use(now).unwrap()
    }

    pub(crate) fn participant(&self, now: Time) -> Participant {
        Participant::new(&self.certificate, &self.key, now).unwrap()
    }
}

/// Runs each scenario on a node over a fresh database of either kind.
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => { $crate::support::on_both!(at 100 percent: $($scenario),*); };
    (at $percent:literal percent: $($scenario:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let home = $crate::support::database::Sqlite::new();
                let store = home.open().await.unwrap();
                super::$scenario(&$crate::support::world(store.clone(), $percent)).await;
                store.close().await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let home = $crate::support::database::Postgres::new().await;
                let store = home.open().await.unwrap();
                super::$scenario(&$crate::support::world(store.clone(), $percent)).await;
                store.close().await;
                home.remove().await;
            })*
        }
    };
}
pub(crate) use on_both;

pub(crate) fn world(store: Arc<dyn Store>, rate_percent: u32) -> World {
    World::over(store, Settings { rate_percent, ..Settings::default() })
}
