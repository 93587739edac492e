//! `Debug` of whatever holds a secret, as it would reach a log.

use std::collections::BTreeMap;

use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::directory::DirectorySigner;
use sotto_crypto::directory::position::PositionKey;
use sotto_crypto::event::{Header, Kind, open, seal};
use sotto_crypto::file::{FileKey, FileOpener, FileSealer, PartSealer, SequentialOpener};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::kept::KeptKey;
use sotto_crypto::login::server::{LoginServer, PasswordRecord};
use sotto_crypto::login::{ExportKey, Login, Password, Registration, SessionKey, StretchCost};
use sotto_crypto::mls::governance::{self, Governance, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group};
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, Usage};
use sotto_crypto::mls::provider::{MlsCrypto, Randomness};
use sotto_crypto::mls::{Participant, Suite};
use sotto_crypto::primitives::{AeadKey, Signature, SigningKey, VerifyingKey, X25519SecretKey};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::safety::{Party, SafetyNumber};
use sotto_crypto::secret::{EpochSecret, Secret, SecretVec};
use sotto_crypto::server_seal::ServerSeal;
use sotto_crypto::vault::{Generation, RootSecret, Unlock};
use sotto_proto::{ConversationId, DeviceId, EventId};

use crate::people::{NOW, Person, alice, bob, rng};

fn secret<const N: usize>() -> Secret<N> {
    Secret::fill(|bytes| *bytes = [0xab; N])
}

#[test]
fn debug_of_keys_prints_none_of_them() {
    let root = RootSecret::from_secret(secret());
    let code = RecoveryCode::from_secret(secret());
    let printed = [
        (format!("{:?}", secret::<32>()), "Secret<32>([redacted])"),
        (format!("{:?}", SecretVec::new(vec![0xab; 9])), "SecretVec(9 bytes, [redacted])"),
        (format!("{:?}", EpochSecret::from_secret(secret())), "EpochSecret([redacted])"),
        (format!("{:?}", AeadKey::from_secret(secret())), "AeadKey([redacted])"),
        (format!("{:?}", FileKey::from_secret(secret())), "FileKey([redacted])"),
        (format!("{:?}", ExportKey::from_secret(secret())), "ExportKey([redacted])"),
        (format!("{:?}", SessionKey::from_secret(secret())), "SessionKey([redacted])"),
        (format!("{:?}", ServerSeal::derive(&secret())), "ServerSeal([redacted])"),
        (format!("{:?}", X25519SecretKey::from_secret(secret())), "X25519SecretKey([redacted])"),
        (format!("{:?}", SigningKey::from_seed(&secret())), "SigningKey([redacted])"),
        (format!("{:?}", alice().key), "DeviceKey(SigningKey([redacted]))"),
        (format!("{:?}", alice().identity), "IdentityKey(SigningKey([redacted]))"),
        (format!("{root:?}"), "RootSecret([redacted])"),
        (format!("{:?}", root.derive_slot_key()), "SlotKey([redacted])"),
        (
            format!("{:?}", root.derive_store_key(Generation(3))),
            "StoreKey { key: Secret<32>([redacted]), generation: Generation(3) }",
        ),
        (format!("{:?}", KeptKey::from_secret(secret())), "KeptKey([redacted])"),
        (format!("{:?}", PositionKey::from_seed(&secret())), "PositionKey([redacted])"),
        (format!("{code:?}"), "RecoveryCode([redacted])"),
        (format!("{:?}", Unlock::RecoveryCode(&code)), "RecoveryCode(RecoveryCode([redacted]))"),
    ];
    for (printed, expected) in printed {
        assert_eq!(printed, expected);
    }
    let signer = format!("{:?}", DirectorySigner::derive(&secret()));
    let hidden = "DirectorySigner { heads: SigningKey([redacted]), positions: PositionKey([redacted]), public: ";
    assert!(signer.starts_with(hidden), "{signer}");
}

#[test]
fn debug_of_logins_prints_neither_passwords_nor_tokens() {
    let password = || Password::new("correct horse").unwrap();
    let server = LoginServer::generate(&mut rng(1));
    let (registration, request) = Registration::start(password(), &mut rng(2)).unwrap();
    let (login, ke1) = Login::start(password(), &mut rng(2)).unwrap();
    assert_eq!(format!("{:?} {registration:?}", password()), "Password([redacted]) Registration([redacted])");
    assert_eq!(format!("{login:?} {server:?}"), "Login([redacted]) LoginServer([redacted])");

    let reply = server.start_registration(alice().account, &request).unwrap();
    let registered = registration.finish(&reply, alice().account, StretchCost::MINIMUM, &mut rng(3)).unwrap();
    assert_eq!(format!("{registered:?}"), "Registered([redacted])");
    let record = PasswordRecord::from_upload(&registered.upload).unwrap();
    assert_eq!(format!("{record:?}"), "PasswordRecord([redacted])");
    let (attempt, reply) = server.start_login(alice().account, Some(record), &ke1, &mut rng(4)).unwrap();
    assert_eq!(format!("{attempt:?}"), "LoginAttempt([redacted])");
    let done = login.finish(&reply, alice().account, StretchCost::MINIMUM, &mut rng(5)).unwrap();
    assert_eq!(format!("{done:?}"), "LoggedIn([redacted])");

    let call = Call::Refresh { request: sotto_proto::RequestId::from_bytes([1; 16]), token: b"correct horse" };
    let statement = ProofStatement { account: alice().account, device: alice().device, signed_at_ms: 7, call };
    assert!(format!("{statement:?}").ends_with("signed_at_ms: 7, call: Call(3, [redacted]) }"));
}

#[test]
fn debug_of_what_is_public_says_what_it_is() {
    let key = VerifyingKey::from_bytes(SigningKey::from_seed(&secret()).verifying_key().as_bytes()).unwrap();
    let hex = data_encoding::HEXLOWER.encode(key.as_bytes());
    assert_eq!(format!("{key:?}"), format!("VerifyingKey({hex})"));
    assert_eq!(format!("{:?}", Signature::from_bytes([0xab; 64])), "Signature(..)");
    let party = |person: Person| Party { account: person.account, identity: person.identity.public() };
    let number = SafetyNumber::between(&party(alice()), &party(bob()));
    assert_eq!(format!("{number:?}"), format!("SafetyNumber({})", number.digits()));
}

#[test]
fn debug_of_events_and_files_prints_no_content() {
    let header = Header {
        conversation: ConversationId::from_bytes([1; 16]),
        generation: 1,
        epoch: 1,
        kind: Kind::Event(EventId::from_bytes([2; 16])),
    };
    let (alice, secret) = (alice(), EpochSecret::from_secret(secret()));
    let seen = sotto_crypto::chain::ChainHead::start(header.conversation);
    let sealed = seal(&secret, &header, alice.sender(), &alice.key, &seen, b"canary", &mut rng(1)).unwrap();
    let event = open(&secret, &header, &sealed, |_| Some(alice.key.public())).unwrap();
    let printed = format!("{event:?}");
    assert!(printed.starts_with("OpenedEvent {") && printed.contains("[redacted]"), "{printed}");
    assert!(!printed.contains("canary") && !printed.contains("99, 97, 110"), "{printed}");

    let mut parts = PartSealer::start(6, 65_536, &mut rng(1)).unwrap();
    parts.push(b"canary").unwrap();
    let printed = format!("{parts:?}");
    assert!(!printed.contains("canary") && !printed.contains("99, 97, 110"), "{printed}");

    let (mut sealer, header) = FileSealer::start(6, &mut rng(1)).unwrap();
    sealer.push(b"canary").unwrap();
    let printed = format!("{sealer:?}");
    assert!(!printed.contains("canary") && !printed.contains("99, 97, 110"), "{printed}");
    assert!(printed.contains("keys: FileKeys([redacted])"), "{printed}");

    sealer.pad().unwrap();
    let file = sealer.finish().unwrap();
    assert!(format!("{file:?}").starts_with("SealedFile { key: FileKey([redacted]), digest: ["));
    let opener = FileOpener::new(&file.key, 6, &header).unwrap();
    let expected = "FileOpener { keys: FileKeys([redacted]), layout: FileLayout { content_len: 6 } }";
    assert_eq!(format!("{opener:?}"), expected);
    let opener = SequentialOpener::new(&file.key, 6, &header).unwrap();
    let printed = format!("{opener:?}");
    assert_eq!(printed, format!("SequentialOpener {{ opener: {expected}, digest: Sha256 {{ ... }}, next_chunk: 0 }}"));
}

/// A device whose key is `ab` again and again, from its key package to the group that it founds, leaves behind and joins from outside.
#[test]
fn debug_of_groups_prints_no_key() {
    let device = |number| {
        let key = DeviceKey::from_seed(&Secret::fill(|seed| *seed = [number; 32]));
        let (device, device_key) = (DeviceId::from_bytes([number - 100; 16]), key.public());
        let claims = sotto_crypto::certificate::DeviceClaims { device, device_key, ..alice().claims() };
        Participant::new(&DeviceCertificate::issue(&alice().identity, claims).unwrap(), &key, NOW).unwrap()
    };
    let (alices, tablet, rng) = (device(171), device(172), &mut rng(1));
    let governance = Governance {
        conversation: ConversationId::from_bytes([3; 16]),
        generation: 1,
        kind: governance::Kind::Saved,
        suite: Suite::Classical,
        server_key: SigningKey::generate(rng).verifying_key(),
        policy: Policy::default_for(governance::Kind::Saved),
        roles: BTreeMap::from([(alice().account, Role::Owner)]),
    };
    let mut group = Group::found(&alices, &governance, NOW, rng).unwrap();
    let join = Group::join_externally(&tablet, &group.group_info().unwrap(), &group.tree().unwrap(), rng).unwrap();
    let before = group.standing().unwrap();
    let opening = Group::open_generation(&alices, &before, Vec::new(), NOW, rng).unwrap();
    let pending = group.commit(Changes::new(), NOW, rng).unwrap();
    let (_, secret) = key_package::generate(&alices, Suite::Classical, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap();
    let snapshot = group.snapshot().unwrap();

    let head = format!("Group {{ epoch: 0, own: {:?}, removed: false }}", alices.leaf());
    assert_eq!(format!("{group:?}"), head);
    assert_eq!(format!("{snapshot:?}"), format!("SecretVec({} bytes, [redacted])", snapshot.expose_secret().len()));
    let length = secret.expose_secret().len();
    assert_eq!(format!("{secret:?}"), format!("KeyPackageSecret(SecretVec({length} bytes, [redacted]))"));
    assert!(format!("{join:?}").starts_with("ExternalJoin { group: Group { epoch: 1, own: Leaf {"));
    assert!(format!("{opening:?}").starts_with(&format!("Opening {{ group: {head}, group_info: [")));
    assert!(format!("{alices:?}").ends_with("signer: SignatureSecretKey }"));
    let provider = MlsCrypto::new(Randomness::default());
    let suite = provider.suite(Suite::Classical);
    assert_eq!(format!("{provider:?}"), "MlsCrypto { randomness: Randomness([redacted]) }");
    assert_eq!(format!("{suite:?}"), "SuiteCrypto { suite: Classical, randomness: Randomness([redacted]) }");
    for printed in [format!("{join:?}"), format!("{opening:?}"), format!("{alices:?} {pending:?} {:?}", Changes::new())]
    {
        assert!(!printed.contains("171, 171") && !printed.contains("172, 172"), "{printed}");
    }
}
