//! `Debug` of whatever holds a secret, as it would reach a log.

use sotto_crypto::event::{Header, Kind, open, seal};
use sotto_crypto::file::FileSealer;
use sotto_crypto::login::server::{LoginServer, PasswordRecord};
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_crypto::primitives::{AeadKey, Signature, SigningKey, VerifyingKey, X25519SecretKey};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::safety::{Party, SafetyNumber};
use sotto_crypto::secret::{EpochSecret, Secret, SecretVec};
use sotto_crypto::vault::{Generation, RootSecret, Unlock};
use sotto_proto::{ConversationId, EventId};

use crate::people::{Person, alice, bob, rng};

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
        (format!("{code:?}"), "RecoveryCode([redacted])"),
        (format!("{:?}", Unlock::RecoveryCode(&code)), "RecoveryCode(RecoveryCode([redacted]))"),
    ];
    for (printed, expected) in printed {
        assert_eq!(printed, expected);
    }
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
    assert!(printed.contains("[redacted]"), "{printed}");
    assert!(!printed.contains("canary") && !printed.contains("99, 97, 110"), "{printed}");

    let (mut file, _) = FileSealer::start(6, &mut rng(1)).unwrap();
    file.push(b"canary").unwrap();
    let printed = format!("{file:?}");
    assert!(!printed.contains("canary") && !printed.contains("99, 97, 110"), "{printed}");
    assert!(printed.contains("keys: FileKeys([redacted])"), "{printed}");
}
