use std::time::Duration;

use proptest::prelude::*;
use sotto_crypto::certificate::{CertificateError, DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::revocation::{DeviceRevocation, RevocationError, RevokedBy};
use sotto_crypto::time::Time;
use sotto_proto::{DeviceId, RequestId};

use crate::people::{NOW, Person, alice, bob, mallory};

fn verify(certificate: &DeviceCertificate, person: &Person) -> Result<DeviceClaims, CertificateError> {
    certificate.verify(person.account, &person.identity.public(), NOW).map(|device| *device.claims())
}

#[test]
fn bob_accepts_the_device_that_alice_certified() {
    let alice = alice();
    let received = DeviceCertificate::decode(&alice.certificate().encode()).unwrap();
    assert_eq!(verify(&received, &alice), Ok(alice.claims()));
    assert_eq!(received.claimed_account(), alice.account);
    assert_eq!(*received.claimed_identity(), alice.identity.public());
}

#[test]
fn a_ghost_device_certified_by_the_server_is_refused_s1() {
    let (alice, server) = (alice(), mallory());
    let ghost = DeviceClaims { device_key: server.key.public(), ..alice.claims() };
    let certificate = DeviceCertificate::issue(&server.identity, ghost).unwrap();
    assert_eq!(verify(&certificate, &alice), Err(CertificateError::WrongIdentity));

    let mut forged = certificate.encode();
    forged[34..66].copy_from_slice(alice.identity.public().as_bytes());
    let forged = DeviceCertificate::decode(&forged).unwrap();
    assert_eq!(verify(&forged, &alice), Err(CertificateError::BadSignature));
    assert_eq!(forged.verify_on_first_use(NOW), Err(CertificateError::BadSignature));
}

#[test]
fn a_device_cannot_be_moved_to_another_account_s3() {
    let (alice, bob) = (alice(), bob());
    assert_eq!(verify(&alice.certificate(), &bob), Err(CertificateError::WrongAccount));

    for (offset, replacement) in [(2, bob.account.as_bytes()), (18, bob.device.as_bytes())] {
        let mut moved = alice.certificate().encode();
        moved[offset..offset + 16].copy_from_slice(replacement);
        let moved = DeviceCertificate::decode(&moved).unwrap();
        assert_eq!(moved.verify_on_first_use(NOW), Err(CertificateError::BadSignature));
    }
}

#[test]
fn a_vault_device_cannot_pass_for_a_device_in_use_s3() {
    let alice = alice();
    let mut certificate = alice.certificate().encode();
    certificate[1] = 2;
    let certificate = DeviceCertificate::decode(&certificate).unwrap();
    assert_eq!(certificate.verify_on_first_use(NOW), Err(CertificateError::BadSignature));
}

#[test]
fn a_certificate_holds_until_it_expires_and_whatever_clock_issued_it_c11() {
    let alice = alice();
    let expires = NOW.saturating_add(Duration::from_secs(10));
    let claims = DeviceClaims { expires: Some(expires), ..alice.claims() };
    let certificate = DeviceCertificate::issue(&alice.identity, claims).unwrap();
    let at = |seconds| {
        let now = Time::from_unix_seconds(NOW.unix_seconds() + seconds);
        certificate.verify(alice.account, &alice.identity.public(), now).map(|_| ())
    };
    assert_eq!((at(9), at(10)), (Ok(()), Err(CertificateError::Expired)));

    let long_before = Time::from_unix_seconds(1);
    assert!(certificate.verify(alice.account, &alice.identity.public(), long_before).is_ok());
    let backwards = DeviceClaims { expires: Some(NOW), ..alice.claims() };
    assert_eq!(DeviceCertificate::issue(&alice.identity, backwards), Err(CertificateError::ExpiresBeforeIssued));
}

#[test]
fn malformed_certificates_say_what_is_wrong_m1() {
    let good = alice().certificate().encode();
    let altered = |offset: usize, bytes: &[u8]| {
        let mut altered = good;
        altered[offset..offset + bytes.len()].copy_from_slice(bytes);
        DeviceCertificate::decode(&altered).unwrap_err()
    };
    assert_eq!(altered(0, &[2]), CertificateError::UnknownVersion(2));
    assert_eq!(altered(1, &[0]), CertificateError::UnknownPurpose(0));
    assert_eq!(altered(1, &[3]), CertificateError::UnknownPurpose(3));
    assert_eq!(altered(98, &[0; 16]), CertificateError::ExpiresBeforeIssued);
    for short in 0..good.len() {
        let length = CertificateError::Length { expected: 178, actual: short };
        assert_eq!(DeviceCertificate::decode(&good[..short]), Err(length));
    }
    assert!(DeviceCertificate::decode(&[good.as_slice(), &[0]].concat()).is_err());
}

/// Small-order points, and an encoding that is not canonical (RFC 8032 §5.1.3).
#[test]
fn bad_public_keys_are_refused_before_use_s29() {
    let mut order_four = [0; 32];
    let mut identity_point = [0; 32];
    identity_point[0] = 1;
    let mut not_canonical = [0xff; 32];
    not_canonical[0] = 0xee;
    not_canonical[31] = 0x7f;
    order_four[31] = 0x80;
    for key in [[0; 32], identity_point, order_four, not_canonical, [0xff; 32]] {
        let mut certificate = alice().certificate().encode();
        certificate[34..66].copy_from_slice(&key);
        assert_eq!(DeviceCertificate::decode(&certificate), Err(CertificateError::BadIdentityKey));
        let mut certificate = alice().certificate().encode();
        certificate[66..98].copy_from_slice(&key);
        assert_eq!(DeviceCertificate::decode(&certificate), Err(CertificateError::BadDeviceKey));
    }
}

#[test]
fn the_account_and_the_device_itself_can_end_it() {
    let alice = alice();
    let device = alice.verified();
    let stolen = DeviceRevocation::by_account(&alice.identity, &device, NOW).unwrap();
    let signed_out = DeviceRevocation::by_device(&alice.key, &device, NOW).unwrap();
    for (revocation, by) in [(stolen, RevokedBy::Account), (signed_out, RevokedBy::Device)] {
        let received = DeviceRevocation::decode(&revocation.encode()).unwrap();
        assert_eq!(received.claimed_device(), (alice.account, alice.device));
        assert_eq!(received.verify(&device), Ok((by, NOW)));
    }
}

#[test]
fn nobody_else_can_end_a_device() {
    let (alice, bob) = (alice(), bob());
    assert_eq!(DeviceRevocation::by_account(&bob.identity, &alice.verified(), NOW), None);
    assert_eq!(DeviceRevocation::by_device(&bob.key, &alice.verified(), NOW), None);

    let bobs = DeviceRevocation::by_account(&bob.identity, &bob.verified(), NOW).unwrap();
    assert_eq!(bobs.verify(&alice.verified()), Err(RevocationError::WrongDevice));
    let mut moved = bobs.encode();
    moved[2..66]
        .copy_from_slice(&DeviceRevocation::by_device(&alice.key, &alice.verified(), NOW).unwrap().encode()[2..66]);
    let moved = DeviceRevocation::decode(&moved).unwrap();
    assert_eq!(moved.verify(&alice.verified()), Err(RevocationError::BadSignature));
}

#[test]
fn malformed_revocations_say_what_is_wrong_m1() {
    let good = DeviceRevocation::by_device(&alice().key, &alice().verified(), NOW).unwrap().encode();
    let altered = |offset: usize, bytes: &[u8]| {
        let mut altered = good;
        altered[offset..offset + bytes.len()].copy_from_slice(bytes);
        DeviceRevocation::decode(&altered).unwrap_err()
    };
    assert_eq!(altered(0, &[0]), RevocationError::UnknownVersion(0));
    assert_eq!(altered(1, &[3]), RevocationError::UnknownSigner(3));
    assert_eq!(altered(34, &[0; 32]), RevocationError::BadDeviceKey);
    let length = RevocationError::Length { expected: 138, actual: 137 };
    assert_eq!(DeviceRevocation::decode(&good[..137]), Err(length));
}

#[test]
fn a_stolen_refresh_token_is_worthless_without_the_device_n6() {
    let (alice, mallory) = (alice(), mallory());
    let request = RequestId::from_bytes([9; 16]);
    let statement = ProofStatement {
        account: alice.account,
        device: alice.device,
        signed_at_ms: 1_800_000_000_000,
        call: Call::Refresh { request, token: b"token" },
    };
    let proof = statement.sign(&alice.key);
    assert_eq!(statement.verify(&alice.key.public(), &proof), Ok(()));
    assert!(statement.verify(&alice.key.public(), &statement.sign(&mallory.key)).is_err());

    let others = [
        ProofStatement { account: mallory.account, ..statement },
        ProofStatement { device: mallory.device, ..statement },
        ProofStatement { signed_at_ms: 1_800_000_000_001, ..statement },
        ProofStatement { call: Call::Refresh { request, token: b"other" }, ..statement },
        ProofStatement {
            call: Call::Refresh { request: RequestId::from_bytes([8; 16]), token: b"token" },
            ..statement
        },
        ProofStatement { call: Call::Login(b"token"), ..statement },
        ProofStatement { call: Call::Register(b"token"), ..statement },
        ProofStatement { call: Call::Recover(b"token"), ..statement },
        ProofStatement { call: Call::RequestReset, ..statement },
        ProofStatement { call: Call::DeleteAccount, ..statement },
    ];
    for other in others {
        assert!(other.verify(&alice.key.public(), &proof).is_err(), "{other:?}");
    }
    let reset = ProofStatement { call: Call::RequestReset, ..statement };
    let deletion = ProofStatement { call: Call::DeleteAccount, ..statement };
    assert!(deletion.verify(&alice.key.public(), &reset.sign(&alice.key)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn certificates_round_trip(device: [u8; 16], issued in 0..u64::MAX - 2, life in 1..1_000_u64, vault: bool, ends: bool) {
        let alice = alice();
        let claims = DeviceClaims {
            device: DeviceId::from_bytes(device),
            purpose: if vault { Purpose::Vault } else { Purpose::Device },
            issued: Time::from_unix_seconds(issued),
            expires: ends.then(|| Time::from_unix_seconds(issued.saturating_add(life).min(u64::MAX - 1))),
            ..alice.claims()
        };
        let certificate = DeviceCertificate::issue(&alice.identity, claims).unwrap();
        let decoded = DeviceCertificate::decode(&certificate.encode()).unwrap();
        prop_assert_eq!(decoded, certificate);
        let at_issue = decoded.verify(alice.account, &alice.identity.public(), Time::from_unix_seconds(issued));
        prop_assert_eq!(at_issue.map(|device| *device.claims()), Ok(claims));
    }

    #[test]
    fn any_flipped_bit_makes_a_certificate_or_revocation_worthless(bit in 0..178_usize * 8) {
        let alice = alice();
        let mut certificate = alice.certificate().encode();
        certificate[bit / 8] ^= 1 << (bit % 8);
        let opened = DeviceCertificate::decode(&certificate).and_then(|flipped| flipped.verify_on_first_use(NOW));
        prop_assert!(opened.is_err());

        let mut revocation = DeviceRevocation::by_account(&alice.identity, &alice.verified(), NOW).unwrap().encode();
        let bit = bit % (DeviceRevocation::LEN * 8);
        revocation[bit / 8] ^= 1 << (bit % 8);
        let opened = DeviceRevocation::decode(&revocation).and_then(|flipped| flipped.verify(&alice.verified()));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn any_bytes_are_a_certificate_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(DeviceCertificate::decode(&bytes).is_err());
        prop_assert!(DeviceRevocation::decode(&bytes).is_err());
    }
}
