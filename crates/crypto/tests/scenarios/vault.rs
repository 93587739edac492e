use proptest::prelude::*;
use sotto_crypto::login::ExportKey;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::{Generation, RootSecret, SealedRoot, Unlock, VaultError, Version};
use sotto_crypto::vault_store::{Item, StoreKey};
use sotto_proto::{ConversationId, DeviceId, SlotId};

use crate::people::{alice, bob, rng};

const FIRST: Generation = Generation(1);

fn export_key(byte: u8) -> ExportKey {
    ExportKey::from_secret(Secret::fill(|bytes| *bytes = [byte; 64]))
}

fn root() -> RootSecret {
    RootSecret::generate(&mut rng(20))
}

fn store_key() -> StoreKey {
    root().derive_store_key(FIRST)
}

fn checkpoint() -> Item {
    Item::Checkpoint(ConversationId::from_bytes([1; 16]))
}

#[test]
fn alice_opens_her_vault_with_password_or_recovery_code() {
    let (key, code) = (export_key(1), RecoveryCode::generate(&mut rng(2)));
    for unlock in [Unlock::Password(&key), Unlock::RecoveryCode(&code)] {
        let sealed = SealedRoot::seal(&root(), unlock, alice().account, Version::FIRST, &mut rng(3));
        let received = SealedRoot::decode(sealed.as_bytes()).unwrap();
        let (opened, version) = received.open(unlock, alice().account, Version::NONE).unwrap();
        assert_eq!(opened, root());
        assert_eq!(version, Version::FIRST);
        assert_eq!(opened.derive_identity_key().public(), root().derive_identity_key().public());
    }
}

#[test]
fn each_wrong_way_to_open_it_has_its_own_error_s19() {
    let (key, code) = (export_key(1), RecoveryCode::generate(&mut rng(2)));
    let unlock = Unlock::Password(&key);
    let sealed = SealedRoot::seal(&root(), unlock, alice().account, Version::from_number(5), &mut rng(3));
    let open = |unlock, account, seen| sealed.open(unlock, account, Version::from_number(seen)).unwrap_err();

    let other = export_key(2);
    assert_eq!(open(Unlock::Password(&other), alice().account, 0), VaultError::WrongKey);
    assert_eq!(open(unlock, bob().account, 0), VaultError::WrongKey);
    assert_eq!(open(Unlock::RecoveryCode(&code), alice().account, 0), VaultError::OtherMethod(1));
    let rolled_back = VaultError::RolledBack { seen: Version::from_number(6), offered: Version::from_number(5) };
    assert_eq!(open(unlock, alice().account, 6), rolled_back);

    let mut renumbered = *sealed.as_bytes();
    renumbered[9] = 6;
    let renumbered = SealedRoot::decode(&renumbered).unwrap();
    assert_eq!(renumbered.open(unlock, alice().account, Version::NONE), Err(VaultError::WrongKey));
    assert_eq!(SealedRoot::decode(&[1; 105]), Err(VaultError::Length(105)));
    assert_eq!(SealedRoot::decode(&[9; 106]), Err(VaultError::UnknownFormat(9)));
}

#[test]
fn the_two_ways_to_unlock_do_not_open_for_each_other() {
    let code = RecoveryCode::generate(&mut rng(2));
    let mut key = [0; 64];
    key[..32].copy_from_slice(code.expose_secret());
    let key = ExportKey::from_secret(Secret::fill(|bytes| *bytes = key));
    let sealed = SealedRoot::seal(&root(), Unlock::RecoveryCode(&code), alice().account, Version::FIRST, &mut rng(3));
    let mut relabelled = *sealed.as_bytes();
    relabelled[1] = 1;
    let relabelled = SealedRoot::decode(&relabelled).unwrap();
    assert_eq!(relabelled.open(Unlock::Password(&key), alice().account, Version::NONE), Err(VaultError::WrongKey));
}

#[test]
fn everything_derived_from_the_root_differs() {
    let root = root();
    let mut keys = vec![
        *root.derive_identity_key().public().as_bytes(),
        *root.derive_vault_device_key(FIRST).public().as_bytes(),
        *root.derive_vault_device_key(Generation(2)).public().as_bytes(),
        *root.derive_store_key(FIRST).expose_secret(),
        *root.derive_store_key(Generation(2)).expose_secret(),
        *root.derive_slot_key().expose_secret(),
        *root.expose_secret(),
    ];
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 7);
}

#[test]
fn slots_are_stable_and_say_nothing() {
    let slots = root().derive_slot_key();
    assert_eq!(slots.derive_slot("theme"), root().derive_slot_key().derive_slot("theme"));
    assert_ne!(slots.derive_slot("theme"), slots.derive_slot("themes"));
}

#[test]
fn no_item_opens_in_place_of_another_s18_s19() {
    let places = [
        checkpoint(),
        Item::Checkpoint(ConversationId::from_bytes([2; 16])),
        Item::Setting(SlotId::from_bytes([1; 16])),
        Item::KeyPackage([1; 32]),
        Item::Marker(ConversationId::from_bytes([1; 16])),
        Item::DeviceName(DeviceId::from_bytes([1; 16])),
    ];
    for sealed_as in &places {
        let sealed = store_key().seal(alice().account, sealed_as, Version::FIRST, b"content", &mut rng(1)).unwrap();
        for opened_as in &places {
            let opened = store_key().open(alice().account, opened_as, Version::NONE, &sealed);
            match opened {
                Ok((content, version)) => {
                    assert_eq!((sealed_as, version), (opened_as, Version::FIRST));
                    assert_eq!(content.expose_secret(), b"content");
                }
                Err(error) => {
                    assert_ne!(sealed_as, opened_as);
                    assert!(matches!(error, VaultError::WrongKey | VaultError::TooLong { .. }), "{error}");
                }
            }
        }
        let bobs = store_key().open(bob().account, sealed_as, Version::NONE, &sealed);
        assert_eq!(bobs, Err(VaultError::WrongKey));
    }
}

#[test]
fn an_older_checkpoint_is_refused_and_cannot_be_renumbered_s19() {
    let old = store_key().seal(alice().account, &checkpoint(), Version::FIRST, b"old", &mut rng(1)).unwrap();
    let open =
        |seen, bytes: &[u8]| store_key().open(alice().account, &checkpoint(), seen, bytes).map(|(_, version)| version);
    let second = Version::FIRST.next();
    assert_eq!(open(Version::FIRST, &old), Ok(Version::FIRST));
    assert_eq!(open(second, &old), Err(VaultError::RolledBack { seen: second, offered: Version::FIRST }));
    let mut renumbered = old.clone();
    renumbered[12] = 2;
    assert_eq!(open(second, &renumbered), Err(VaultError::WrongKey));
}

#[test]
fn keys_of_a_revoked_device_open_nothing_newer_s5() {
    let renewed = root().derive_store_key(Generation(2));
    let sealed = renewed.seal(alice().account, &checkpoint(), Version::FIRST, b"new", &mut rng(1)).unwrap();
    let open = |bytes: &[u8]| store_key().open(alice().account, &checkpoint(), Version::NONE, bytes);
    assert_eq!(open(&sealed), Err(VaultError::OtherGeneration(Generation(2))));
    let mut relabelled = sealed.clone();
    relabelled[4] = 1;
    assert_eq!(open(&relabelled), Err(VaultError::WrongKey));
}

#[test]
fn sealed_items_fit_the_room_on_the_wire_m7() {
    let limits = [
        (checkpoint(), 1 << 20),
        (Item::Setting(SlotId::from_bytes([1; 16])), 64 << 10),
        (Item::KeyPackage([1; 32]), 8 << 10),
        (Item::Marker(ConversationId::from_bytes([1; 16])), 1 << 10),
        (Item::DeviceName(DeviceId::from_bytes([1; 16])), 256),
    ];
    for (item, limit) in limits {
        let largest = vec![7; item.max_len()];
        let sealed = store_key().seal(alice().account, &item, Version::FIRST, &largest, &mut rng(1)).unwrap();
        assert_eq!(sealed.len(), item.max_sealed_len());
        assert!(sealed.len() <= limit, "{item:?}");
        let (opened, _) = store_key().open(alice().account, &item, Version::NONE, &sealed).unwrap();
        assert_eq!(opened.expose_secret(), largest);

        let too_long = vec![7; item.max_len() + 1];
        let refused = store_key().seal(alice().account, &item, Version::FIRST, &too_long, &mut rng(1));
        assert_eq!(refused, Err(VaultError::TooLong { actual: item.max_len() + 1, max: item.max_len() }));
        let too_long = vec![7; item.max_sealed_len() + 1];
        assert!(matches!(
            store_key().open(alice().account, &item, Version::NONE, &too_long),
            Err(VaultError::TooLong { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn items_round_trip(content in proptest::collection::vec(any::<u8>(), 0..5_000), version in 1..u64::MAX, seed: u64) {
        let version = Version::from_number(version);
        let sealed = store_key().seal(alice().account, &checkpoint(), version, &content, &mut rng(seed)).unwrap();
        let (opened, found) = store_key().open(alice().account, &checkpoint(), version, &sealed).unwrap();
        prop_assert_eq!((opened.expose_secret(), found), (content.as_slice(), version));
    }

    #[test]
    fn any_flipped_bit_keeps_the_vault_shut(bit in 0..SealedRoot::LEN * 8) {
        let key = export_key(1);
        let unlock = Unlock::Password(&key);
        let mut sealed = *SealedRoot::seal(&root(), unlock, alice().account, Version::FIRST, &mut rng(3)).as_bytes();
        sealed[bit / 8] ^= 1 << (bit % 8);
        let opened = SealedRoot::decode(&sealed).and_then(|root| root.open(unlock, alice().account, Version::NONE));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn any_flipped_bit_keeps_an_item_shut(bit in 0..333_usize * 8) {
        let mut sealed = store_key().seal(alice().account, &checkpoint(), Version::FIRST, b"state", &mut rng(1)).unwrap();
        prop_assert_eq!(sealed.len(), 333);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(store_key().open(alice().account, &checkpoint(), Version::NONE, &sealed).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(store_key().open(alice().account, &checkpoint(), Version::NONE, &bytes).is_err());
        if let Ok(root) = SealedRoot::decode(&bytes) {
            prop_assert!(root.open(Unlock::Password(&export_key(1)), alice().account, Version::NONE).is_err());
        }
    }
}
