//! Bytes that are damaged or too long: an error each, and nothing has changed.

use sotto_crypto::mls::Suite;
use sotto_crypto::mls::group::{Group, GroupError};
use sotto_crypto::mls::handshake::{HandshakeError, MAX_HANDSHAKE_LEN};
use sotto_crypto::mls::key_package::{
    self, CLOCK_TOLERANCE, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, MAX_KEY_PACKAGE_LEN, Usage, VAULT_LIFETIME,
};
use sotto_crypto::mls::observer::{Observer, ObserverError, check_key_package};
use sotto_crypto::secret::SecretVec;

use crate::people::{NOW, Person, rng};
use crate::scene::{Scene, scene};

#[test]
fn m1_damaged_handshakes_change_nothing() {
    let Scene { mut chat, mut mallory, .. } = scene(Suite::Classical);
    let good = mallory.commits(|commit| commit);
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        for group in chat.groups.values_mut() {
            assert!(group.process(&bad, NOW).is_err(), "flipped at {at}");
        }
    }
    for len in 0..good.len() {
        assert!(chat.observer.process(&good[..len], NOW).is_err());
    }
    chat.assert_agreement();
    chat.deliver(&good, None).unwrap();
    chat.assert_agreement();
}

#[test]
fn m1_damaged_bytes_of_every_kind_are_an_error() {
    let Scene { mut chat, b, b_vault, .. } = scene(Suite::Classical);
    let mut rng = rng(30);
    let device = Person::new(&mut rng).device(&mut rng);
    let make = |rng: &mut _| {
        key_package::generate(&device.participant, Suite::Classical, Usage::Once, NOW, DEVICE_LIFETIME, rng).unwrap()
    };
    let (package, secret) = make(&mut rng);
    let (info, tree) = (chat.of(&b_vault).group_info().unwrap(), chat.observer.tree().unwrap());
    let snapshot = chat.of(&b).snapshot().unwrap();
    let observer = chat.observer.snapshot().unwrap();

    each_damage(&package, |bytes| drop(check_key_package(bytes, NOW)));
    each_damage(&info, |bytes| {
        assert!(Group::join_externally(&b.participant, bytes, &tree, &mut rng).is_err());
    });
    each_damage(&tree, |bytes| {
        assert!(Group::join_externally(&b.participant, &info, bytes, &mut rng).is_err());
    });
    each_damage(&observer, |bytes| {
        assert!(matches!(Observer::restore(bytes), Err(ObserverError::BadSnapshot)));
    });
    each_damage(snapshot.expose_secret(), |bytes| drop(Group::restore(&SecretVec::new(bytes.to_vec()))));
    each_damage(secret.expose_secret(), |bytes| {
        let damaged = KeyPackageSecret::from_secret(SecretVec::new(bytes.to_vec()));
        assert!(Group::join(&device.participant, &info, &tree, &[&damaged], None).is_err());
    });
}

/// Cuts and flips, spread over the bytes.
fn each_damage(bytes: &[u8], mut check: impl FnMut(&[u8])) {
    let step = (bytes.len() / 60).max(1);
    for at in (0..bytes.len()).step_by(step) {
        check(&bytes[..at]);
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 0x81;
        check(&flipped);
    }
    check(&[bytes, &[0]].concat());
}

#[test]
fn m7_too_long_handshakes_are_not_looked_at() {
    let Scene { mut chat, a, .. } = scene(Suite::Classical);
    let (server, device) = (chat.server.verifying_key(), Person::new(&mut rng(31)).device(&mut rng(32)));
    let (most, tree) = (vec![0; MAX_HANDSHAKE_LEN], chat.observer.tree().unwrap());
    let more = [most.as_slice(), &[0]].concat();
    assert!(matches!(chat.observer.process(&more, NOW), Err(HandshakeError::TooLong(_))));
    assert!(matches!(chat.of(&a).process(&more, NOW), Err(GroupError::Handshake(HandshakeError::TooLong(_)))));

    let begin = |info: &[u8]| Observer::begin(info, &tree, &server, NOW).unwrap_err();
    assert!(matches!(begin(&most), ObserverError::NotABeginning));
    assert!(matches!(begin(&more), ObserverError::Handshake(HandshakeError::TooLong(_))));
    let join = |info: &[u8]| Group::join_externally(&device.participant, info, &tree, &mut rng(33)).unwrap_err();
    assert!(matches!(join(&most), GroupError::Handshake(HandshakeError::Malformed(_))));
    assert!(matches!(join(&more), GroupError::Handshake(HandshakeError::TooLong(_))));

    let package = |len| KeyPackage::parse(&vec![0; len], NOW).unwrap_err();
    assert!(matches!(package(MAX_KEY_PACKAGE_LEN), HandshakeError::Malformed(_)));
    assert!(matches!(package(MAX_KEY_PACKAGE_LEN + 1), HandshakeError::TooLong(_)));
}

/// Numbers that others rely on, written out: changing one is a change of the protocol.
#[test]
fn limits_and_lifetimes_are_what_they_are() {
    assert_eq!((MAX_HANDSHAKE_LEN, MAX_KEY_PACKAGE_LEN), (16_777_216, 16_384));
    let lifetimes = [DEVICE_LIFETIME, VAULT_LIFETIME, CLOCK_TOLERANCE].map(|lifetime| lifetime.as_secs());
    assert_eq!(lifetimes, [7_776_000, 630_720_000, 86_400]);
}
