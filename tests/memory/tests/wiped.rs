//! Secrets are gone from memory after drop.
//!
//! This file needs `unsafe`, which the crate itself forbids: it reads memory that was freed through an allocator that it owns,
//! which keeps what is freed. Reading it is the only way to see whether a drop wiped it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::Mutex;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{Header, Kind, Sender, open, seal};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::login::{ExportKey, Password};
use sotto_crypto::mls::governance::{self, Governance, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group};
use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, KeyPackage, Usage, generate};
use sotto_crypto::mls::{Participant, Suite};
use sotto_crypto::primitives::{SigningKey, hkdf};
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::secret::{EpochSecret, Secret, SecretVec};
use sotto_crypto::time::Time;
use sotto_crypto::vault::{RootSecret, SealedRoot, Unlock, Version};
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

/// Records what every freed block held at the moment it was freed, while the test asks for it.
struct Witness;

static FREED: Mutex<Option<Vec<Vec<u8>>>> = Mutex::new(None);

// SAFETY: every call is passed on to the system's allocator unchanged; freed blocks are read before they are passed on, within
// the bounds of their layout, while they still belong to us.
unsafe impl GlobalAlloc for Witness {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract, and zeroed memory keeps the reads below defined.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is live, as long as its layout says, and was zeroed when it was allocated.
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        // `try_lock`, since the recording itself allocates and frees.
        if let Ok(mut freed) = FREED.try_lock()
            && let Some(freed) = freed.as_mut()
        {
            freed.push(bytes.to_vec());
        }
        // SAFETY: passed on unchanged.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static WITNESS: Witness = Witness;

const CANARY: &[u8; 32] = b"canary: it must not stay behind.";

/// Whether `run` freed a block that still held the canary.
fn leaves_behind(canary: &[u8], run: impl FnOnce()) -> bool {
    *FREED.lock().unwrap() = Some(Vec::with_capacity(100_000));
    run();
    let freed = FREED.lock().unwrap().take().unwrap();
    freed.iter().any(|block| block.windows(canary.len()).any(|window| window == canary))
}

fn canary() -> Secret<32> {
    Secret::fill(|bytes| *bytes = *CANARY)
}

/// One test, since the allocator sees the whole process.
#[test]
fn nothing_secret_stays_behind() {
    assert!(leaves_behind(CANARY, || drop(CANARY.to_vec())), "the witness sees what is not wiped");

    assert!(!leaves_behind(CANARY, || drop(canary())));
    assert!(!leaves_behind(CANARY, || drop(SecretVec::new(CANARY.to_vec()))));
    assert!(!leaves_behind(CANARY, || drop(EpochSecret::from_secret(canary()))));
    assert!(!leaves_behind(CANARY, || drop(SigningKey::from_seed(&canary()))));
    assert!(!leaves_behind(CANARY, || drop(DeviceKey::from_seed(&canary()).expose_seed())));
    assert!(!leaves_behind(CANARY, || drop(Password::new(std::str::from_utf8(CANARY).unwrap()))));
    assert!(!leaves_behind(CANARY, || drop(hkdf::<32>(&[], canary().expose_secret(), &[]))));
    let code = RecoveryCode::from_secret(canary());
    let words = code.expose_words().join(" ");
    assert!(!leaves_behind(CANARY, || drop(RecoveryCode::parse(&words))));
    let (account, export_key) = (AccountId::from_bytes([1; 16]), ExportKey::from_secret(Secret::fill(|_| ())));
    assert!(!leaves_behind(CANARY, || {
        let (root, unlock) = (RootSecret::from_secret(canary()), Unlock::Password(&export_key));
        let sealed = SealedRoot::seal(&root, unlock, account, Version::FIRST, &mut StdRng::seed_from_u64(1));
        drop(sealed.open(unlock, account, Version::NONE).unwrap());
    }));
    the_text_of_an_event_is_wiped();
    keys_in_groups_are_wiped();
}

fn the_text_of_an_event_is_wiped() {
    let header = Header {
        conversation: ConversationId::from_bytes([1; 16]),
        generation: 1,
        epoch: 1,
        kind: Kind::Event(EventId::from_bytes([2; 16])),
    };
    let sender = Sender { account: AccountId::from_bytes([3; 16]), device: DeviceId::from_bytes([4; 16]) };
    let secret = EpochSecret::from_secret(Secret::fill(|bytes| *bytes = [9; 32]));
    let key = DeviceKey::from_seed(&Secret::fill(|bytes| *bytes = [8; 32]));
    let mut rng = StdRng::seed_from_u64(1);
    let seen = ChainHead::start(header.conversation);
    assert!(!leaves_behind(CANARY, || {
        let sealed = seal(&secret, &header, sender, &key, &seen, CANARY, &mut rng).unwrap();
        let event = open(&secret, &header, &sealed, |_| Some(key.public())).unwrap();
        assert_eq!(event.expose_body(), CANARY);
    }));
}

/// A device's key goes through everything that a group does; so do an epoch's secrets.
fn keys_in_groups_are_wiped() {
    let rng = &mut StdRng::seed_from_u64(2);
    let (key, bobs_key) = (DeviceKey::from_seed(&canary()), DeviceKey::generate(rng));
    let (alice, bob) = (participant(&key, rng), participant(&bobs_key, rng));
    let suite = Suite::PostQuantum;
    assert!(!leaves_behind(CANARY, || drop(generate(&alice, suite, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap())));

    let (bobs, secret) = generate(&bob, suite, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap();
    let mut group = None;
    assert!(!leaves_behind(CANARY, || group = Some(found(&alice, suite, rng))));
    let mut group = group.unwrap();
    let mut pending = None;
    let bobs = KeyPackage::parse(&bobs, NOW).unwrap();
    let change = Changes::new().add_device(bobs);
    assert!(!leaves_behind(CANARY, || pending = Some(group.commit(change, NOW, rng).unwrap())));
    // The library keeps a pending commit encoded, and does not wipe it: THREAT-MODEL §3.4 says so. When this fails, it does.
    assert!(leaves_behind(CANARY, || drop(group.apply_pending().unwrap())));

    assert!(!leaves_behind(CANARY, || drop(Group::restore(&group.snapshot().unwrap()).unwrap())));
    let (welcome, tree) = (pending.unwrap().welcome.unwrap(), group.tree().unwrap());
    let (mut bobs, _) = Group::join(&bob, &welcome, &tree, &[&secret], None).unwrap();
    let update = bobs.commit(Changes::new(), NOW, rng).unwrap().commit;
    let old = [group.epoch_secret().unwrap().expose_secret().to_vec(), authenticator(&group)];
    assert!(!leaves_behind(CANARY, || drop(group.process(&update, NOW).unwrap())));

    let new = [group.epoch_secret().unwrap().expose_secret().to_vec(), authenticator(&group)];
    for secret in old.iter().chain(&new) {
        let mut restored = Group::restore(&group.snapshot().unwrap()).unwrap();
        assert!(!leaves_behind(secret, || {
            drop(restored.epoch_secret().unwrap());
            drop(restored.epoch_authenticator().unwrap());
            drop(restored.snapshot().unwrap());
            drop(restored);
        }));
    }
    assert!(!leaves_behind(CANARY, || drop((group, alice, key))));
}

fn authenticator(group: &Group) -> Vec<u8> {
    group.epoch_authenticator().unwrap().expose_secret().to_vec()
}

fn participant(key: &DeviceKey, rng: &mut StdRng) -> Participant {
    let claims = DeviceClaims {
        account: AccountId::from_bytes(rng.random()),
        device: DeviceId::from_bytes(rng.random()),
        device_key: key.public(),
        purpose: Purpose::Device,
        issued: NOW,
        expires: None,
    };
    let certificate = DeviceCertificate::issue(&IdentityKey::generate(rng), claims).unwrap();
    Participant::new(&certificate, key, NOW).unwrap()
}

fn found(founder: &Participant, suite: Suite, rng: &mut StdRng) -> Group {
    let governance = Governance {
        conversation: ConversationId::from_bytes(rng.random()),
        generation: 1,
        kind: governance::Kind::Group,
        suite,
        server_key: SigningKey::generate(rng).verifying_key(),
        policy: Policy::default_for(governance::Kind::Group),
        roles: BTreeMap::from([(founder.leaf().account, Role::Owner)]),
    };
    Group::found(founder, &governance, NOW, rng).unwrap()
}

const NOW: Time = Time::from_unix_seconds(1_800_000_000);
