//! Registered people with devices, who call services in process and hold real groups.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::mls::Participant;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::secret::Secret;
use sotto_crypto::time::Time;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Call, DeviceId, SessionId, Version};
use sotto_server::blobs::Blobs;
use sotto_server::bus::{Bus, LocalBus};
use sotto_server::clock::{Clock as _, ManualClock, Timestamp};
use sotto_server::services::{AccessToken, Answer, Caller, Failure, Items, Ports, Services, Settings};
use sotto_server::store::{
    LoginRecord, Name, NewAccount, NewDevice, NewSession, Store, TokenHash, VaultRecord, open_sqlite,
};

/// One community: a store, a time, and the nodes that serve it.
pub(crate) struct Community {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bus: LocalBus,
    pub(crate) rng: StdRng,
    pub(crate) blobs: Arc<dyn Blobs>,
    /// Go last.
    folders: Vec<tempfile::TempDir>,
}

impl Community {
    /// On SQLite, in a folder of its own.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_sqlite(folder.path()).await.unwrap();
        let mut community = Self::on(store);
        community.folders.push(folder);
        community
    }

    /// On any store.
    pub(crate) fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_millis(1_800_000_000_000)));
        let folder = tempfile::tempdir().unwrap();
        let blobs = sotto_server::blobs::open(None, folder.path()).unwrap();
        let (bus, rng) = (LocalBus::default(), StdRng::seed_from_u64(1));
        Self { store, clock, bus, rng, blobs, folders: vec![folder] }
    }

    /// A node without limits of rates.
    pub(crate) fn node(&self) -> Arc<Services> {
        self.node_on(Arc::new(self.bus.another()))
    }

    pub(crate) fn node_on(&self, bus: Arc<dyn Bus>) -> Arc<Services> {
        self.node_over(self.store.clone(), bus)
    }

    pub(crate) fn node_over(&self, store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Arc<Services> {
        let secret = Arc::new(Secret::fill(|secret| *secret = [7; 32]));
        let ports = Ports { store, bus, blobs: self.blobs.clone(), clock: self.clock.clone(), secret };
        Services::new(ports, Settings { rate_percent: 0, ..Settings::default() })
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_unix_seconds(self.clock.now().unix_millis() / 1_000)
    }

    /// Registers somebody with one device and a vault device.
    pub(crate) async fn person(&mut self, name: &str) -> Person {
        let account = AccountId::from_bytes(self.rng.random());
        let identity = IdentityKey::generate(&mut self.rng);
        let mut device = Device::certified(account, &identity, Purpose::Device, self.now(), &mut self.rng);
        let vault = Device::certified(account, &identity, Purpose::Vault, self.now(), &mut self.rng);
        let text = name.to_owned();
        let new = NewAccount {
            id: account,
            registration: [1; 32],
            user_name: Name { text: text.clone(), skeleton: text },
            email: None,
            identity_key: *identity.public().as_bytes(),
            login: LoginRecord { opaque: vec![1; 192], memory_kib: 65_536, passes: 3 },
            vault: VaultRecord {
                version: Version::FIRST,
                root_by_password: vec![1; 106],
                root_by_recovery: Vec::new(),
                recovery_key: Vec::new(),
            },
            devices: vec![device.filed(), vault.filed()],
            storage_quota: 1 << 30,
            at: self.clock.now(),
        };
        self.store.create_account(new).await.unwrap();
        self.open_session(&mut device).await;
        Person { account, identity, device, vault }
    }

    /// Certifies and files another device of somebody.
    pub(crate) async fn another_device(&mut self, person: &Person) -> Device {
        let now = self.now();
        let mut device = Device::certified(person.account, &person.identity, Purpose::Device, now, &mut self.rng);
        self.store.add_device(person.account, device.filed(), self.clock.now()).await.unwrap();
        self.open_session(&mut device).await;
        device
    }

    async fn open_session(&mut self, device: &mut Device) {
        device.session = SessionId::from_bytes(self.rng.random());
        let new = NewSession {
            id: device.session,
            account: device.account,
            device: device.id,
            device_key: *device.key.public().as_bytes(),
            token: TokenHash(self.rng.random()),
            expires_at: self.clock.now().plus(Duration::from_hours(24 * 365)),
            at: self.clock.now(),
        };
        self.store.open_session(new).await.unwrap();
    }

    pub(crate) async fn revoke(&self, person: &Person, device: &Device) {
        let verified = device.certificate.verify_on_first_use(self.now()).unwrap();
        let revocation = DeviceRevocation::by_account(&person.identity, &verified, self.now()).unwrap();
        let at = self.clock.now();
        self.store.revoke_device(person.account, device.id, &revocation.encode(), at).await.unwrap();
    }
}

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) identity: IdentityKey,
    pub(crate) device: Device,
    pub(crate) vault: Device,
}

/// A device with its key and its session.
pub(crate) struct Device {
    pub(crate) account: AccountId,
    pub(crate) id: DeviceId,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) key: DeviceKey,
    pub(crate) participant: Participant,
    pub(crate) session: SessionId,
    is_vault: bool,
}

impl Device {
    pub(crate) fn certified(
        account: AccountId,
        identity: &IdentityKey,
        purpose: Purpose,
        now: Time,
        rng: &mut StdRng,
    ) -> Self {
        let (key, id) = (DeviceKey::generate(rng), DeviceId::from_bytes(rng.random()));
        let claims =
            DeviceClaims { account, device: id, device_key: key.public(), purpose, issued: now, expires: None };
        let certificate = DeviceCertificate::issue(identity, claims).unwrap();
        let participant = Participant::new(&certificate, &key, now).unwrap();
        let session = SessionId::from_bytes(rng.random());
        Self { account, id, certificate, key, participant, session, is_vault: purpose == Purpose::Vault }
    }

    fn filed(&self) -> NewDevice {
        NewDevice {
            id: self.id,
            is_vault: self.is_vault,
            device_key: *self.key.public().as_bytes(),
            certificate: self.certificate.encode().to_vec(),
            sealed_name: Vec::new(),
        }
    }

    fn caller(&self) -> Caller {
        let expires_at = Timestamp::from_unix_millis(u64::MAX);
        let token = Some(AccessToken { session: self.session, expires_at });
        Caller { address: IpAddr::V4(Ipv4Addr::LOCALHOST), token }
    }

    /// Makes a call that is answered with one message.
    pub(crate) async fn call<R: Call>(&self, node: &Services, request: R) -> Result<R::Response, Failure> {
        match node.call(R::METHOD, &self.caller(), request.encode_to_vec().into()).await? {
            Answer::Reply(reply) => Ok(R::Response::decode(reply).unwrap()),
            Answer::Items(_) => panic!("a reply was expected"),
        }
    }

    /// Makes a call that is answered with a stream.
    pub(crate) async fn stream<R: Call>(&self, node: &Services, request: R) -> Result<Items<R::Response>, Failure> {
        match node.call(R::METHOD, &self.caller(), request.encode_to_vec().into()).await? {
            Answer::Items(items) => Ok(items.map(|item| item.map(|item| R::Response::decode(item).unwrap())).boxed()),
            Answer::Reply(_) => panic!("a stream was expected"),
        }
    }
}

/// Why a call failed.
pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, Failure>) -> ErrorCode {
    answer.expect_err("the call must fail").code()
}

/// All pieces of a tree.
pub(crate) async fn tree(device: &Device, node: &Services, request: wire::GetTreeRequest) -> Result<Vec<u8>, Failure> {
    let mut pieces = device.stream(node, request).await?;
    let mut tree = Vec::new();
    while let Some(piece) = pieces.next().await {
        tree.extend(piece?.piece);
    }
    Ok(tree)
}
