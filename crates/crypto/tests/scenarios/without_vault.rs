//! Alice's account has no vault: her identity key lives sealed under her recovery code, and nowhere else.

use proptest::prelude::*;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims};
use sotto_crypto::identity::IdentityKey;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::sealed_identity::SealedIdentity;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::{RootSecret, SealedRoot, Unlock, VaultError, Version};

use crate::people::{alice, bob, rng};

const FIFTH: Version = Version::from_number(5);

fn code(seed: u64) -> RecoveryCode {
    RecoveryCode::generate(&mut rng(seed))
}

fn sealed() -> SealedIdentity {
    SealedIdentity::seal(&alice().identity, &code(1), alice().account, FIFTH, &mut rng(2))
}

#[test]
fn alice_certifies_another_device_with_words_from_paper() {
    let on_paper = code(1).expose_words().join(" ");
    let copy = sealed().as_bytes().to_vec();

    let typed = RecoveryCode::parse(&on_paper).unwrap();
    let known = alice().identity.public();
    let (identity, version) =
        SealedIdentity::decode(&copy).unwrap().open(&typed, alice().account, &known, FIFTH).unwrap();
    assert_eq!((identity.public(), version), (known, FIFTH));
    let claims = DeviceClaims { device_key: bob().key.public(), ..alice().claims() };
    let certificate = DeviceCertificate::issue(&identity, claims).unwrap();
    assert!(certificate.verify(alice().account, &known, claims.issued).is_ok());
}

#[test]
fn each_wrong_way_to_open_it_has_its_own_error_s19() {
    let known = alice().identity.public();
    let open = |code: &RecoveryCode, account, seen| {
        sealed().open(code, account, &known, Version::from_number(seen)).map(drop).unwrap_err()
    };
    assert_eq!(open(&code(7), alice().account, 0), VaultError::WrongKey);
    assert_eq!(open(&code(1), bob().account, 0), VaultError::WrongKey);
    let rolled_back = VaultError::RolledBack { seen: Version::from_number(6), offered: FIFTH };
    assert_eq!(open(&code(1), alice().account, 6), rolled_back);

    assert_eq!(SealedIdentity::decode(&[1; 107]), Err(VaultError::Length(107)));
    assert_eq!(SealedIdentity::decode(&[2; 106]), Err(VaultError::UnknownFormat(2)));
}

/// Whoever knows the code could seal another key; the account is known by one.
#[test]
fn another_identity_is_not_taken_for_the_account_s2() {
    let other = IdentityKey::generate(&mut rng(9));
    let sealed = SealedIdentity::seal(&other, &code(1), alice().account, FIFTH, &mut rng(2));
    let opened = sealed.open(&code(1), alice().account, &alice().identity.public(), Version::NONE);
    assert_eq!(opened.map(drop), Err(VaultError::OtherIdentity));
}

#[test]
fn a_sealed_root_is_not_a_sealed_identity_s18() {
    let code = code(1);
    let root = RootSecret::from_secret(Secret::fill(|bytes| *bytes = [7; 32]));
    let sealed_root =
        SealedRoot::seal(&root, Unlock::RecoveryCode(&code), alice().account, Version::FIRST, &mut rng(3));
    let mut bytes = *sealed_root.as_bytes();
    let open = |bytes: &[u8]| {
        let sealed = SealedIdentity::decode(bytes).unwrap();
        sealed.open(&code, alice().account, &root.derive_identity_key().public(), Version::NONE).map(drop)
    };
    assert_eq!(open(&bytes), Err(VaultError::OtherMethod(2)));
    bytes[1] = 3;
    assert_eq!(open(&bytes), Err(VaultError::WrongKey));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_fails(bit in 0..SealedIdentity::LEN * 8) {
        let mut bytes = *sealed().as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let known = alice().identity.public();
        let opened = SealedIdentity::decode(&bytes)
            .and_then(|sealed| sealed.open(&code(1), alice().account, &known, Version::NONE));
        prop_assert!(opened.is_err());
    }
}
