//! What the server hands out as the vault, and what a hostile device of the account could have sealed in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::labels;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::{Generation, SealedRoot, Unlock, Version};
use sotto_crypto::vault_store::{Item, StoreKey};
use sotto_fuzz::forge::seal;
use sotto_proto::{AccountId, ConversationId, DeviceId, SlotId};

fuzz_target!(|bytes: &[u8]| {
    let account = AccountId::from_bytes([1; 16]);
    if let Ok(root) = SealedRoot::decode(bytes) {
        assert_eq!(root.as_bytes().as_slice(), bytes);
        let code = RecoveryCode::from_secret(Secret::fill(|code| *code = [7; 32]));
        assert!(root.open(Unlock::RecoveryCode(&code), account, Version::NONE).is_err());
    }
    let key = StoreKey::new(Secret::fill(|key| *key = [7; 32]), Generation(1));
    let items = [
        Item::Checkpoint(ConversationId::from_bytes([1; 16])),
        Item::Setting(SlotId::from_bytes([1; 16])),
        Item::KeyPackage([1; 32]),
        Item::Marker(ConversationId::from_bytes([1; 16])),
        Item::DeviceName(DeviceId::from_bytes([1; 16])),
    ];
    for item in items {
        assert!(key.open(account, &item, Version::NONE, bytes).is_err());
    }
    let header = [&[1], [0, 0, 0, 1].as_slice(), &[0, 0, 0, 0, 0, 0, 0, 1]].concat();
    let context = [account.as_bytes(), [1; 16].as_slice(), &header].concat();
    let sealed = seal(key.expose_secret(), labels::VAULT_SETTING, &context, &[], bytes);
    let sealed = [header, sealed].concat();
    if let Ok((content, _)) = key.open(account, &Item::Setting(SlotId::from_bytes([1; 16])), Version::NONE, &sealed) {
        let len = content.expose_secret().len();
        assert_eq!(
            bytes[..4 + len],
            [&u32::try_from(len).expect("short").to_be_bytes(), content.expose_secret()].concat()
        );
    }
});
