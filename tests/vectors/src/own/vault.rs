use std::error::Error;

use serde::Deserialize;
use sotto_crypto::login::ExportKey;
use sotto_crypto::primitives::Signature;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::vault::{Generation, RootSecret, SealedRoot, Unlock, Version};
use sotto_crypto::vault_store::{Item, StoreKey};
use sotto_proto::{AccountId, ConversationId, DeviceId, SlotId};

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names in the file")]
struct Vault {
    root: Hex,
    account: Hex,
    identity_key: Hex,
    generation: u32,
    vault_device_key: Hex,
    store_key: Hex,
    slots: Vec<Slot>,
    salt: Hex,
    version: u64,
    export_key: Hex,
    root_by_password: Hex,
    recovery_code: Hex,
    recovery_words: String,
    root_by_recovery_code: Hex,
    recovery_key: Hex,
    challenge: Hex,
    recovery_proof: Hex,
    items: Vec<StoredItem>,
}

#[derive(Deserialize)]
struct Slot {
    name: String,
    slot: Hex,
}

#[derive(Deserialize)]
struct StoredItem {
    kind: String,
    place: Hex,
    content: Hex,
    sealed: Hex,
}

pub(crate) fn check() -> Checked {
    let vault: Vault = vectors(include_str!("../../sotto-vault.json"))?;
    Ok(check_derived(&vault)? + check_recovery(&vault)? + check_roots(&vault)? + check_items(&vault)?)
}

fn check_derived(vault: &Vault) -> Checked {
    let root = RootSecret::from_secret(vault.root.secret()?);
    let generation = Generation(vault.generation);
    ensure!(root.derive_identity_key().public().as_bytes() == &vault.identity_key.array()?, "identity key");
    let device = root.derive_vault_device_key(generation).public();
    ensure!(device.as_bytes() == &vault.vault_device_key.array()?, "vault device key");
    ensure!(root.derive_store_key(generation).expose_secret() == &vault.store_key.array()?, "store key");
    for slot in &vault.slots {
        let derived = root.derive_slot_key().derive_slot(&slot.name);
        ensure!(derived.as_bytes() == &slot.slot.array()?, "slot {:?}", slot.name);
    }
    Ok(3 + vault.slots.len())
}

fn check_recovery(vault: &Vault) -> Checked {
    let code = RecoveryCode::from_secret(vault.recovery_code.secret()?);
    ensure!(code.expose_words().join(" ") == vault.recovery_words, "words");
    ensure!(RecoveryCode::parse(&vault.recovery_words)? == code, "parsing the words");
    ensure!(code.verifier().as_bytes() == &vault.recovery_key.array()?, "recovery key");
    let (account, challenge) = (account(vault)?, vault.challenge.array()?);
    ensure!(code.prove(account, &challenge).to_bytes().as_slice() == vault.recovery_proof.0, "proof");
    code.verifier().verify(account, &challenge, &Signature::from_bytes(vault.recovery_proof.array()?))?;
    Ok(3)
}

fn check_roots(vault: &Vault) -> Checked {
    let export_key = ExportKey::from_secret(vault.export_key.secret()?);
    let code = RecoveryCode::from_secret(vault.recovery_code.secret()?);
    let roots = [
        (Unlock::Password(&export_key), &vault.root_by_password),
        (Unlock::RecoveryCode(&code), &vault.root_by_recovery_code),
    ];
    for (unlock, expected) in roots {
        let root = RootSecret::from_secret(vault.root.secret()?);
        let version = Version::from_number(vault.version);
        let sealed = SealedRoot::seal(&root, unlock, account(vault)?, version, &mut Replay::of(&[&vault.salt]));
        ensure!(sealed.as_bytes().as_slice() == expected.0, "{unlock:?}");
        let opened = SealedRoot::decode(&expected.0)?.open(unlock, account(vault)?, version)?;
        ensure!(opened == (root, version), "opening by {unlock:?}");
    }
    Ok(2)
}

fn check_items(vault: &Vault) -> Checked {
    let key = StoreKey::new(vault.store_key.secret()?, Generation(vault.generation));
    let version = Version::from_number(vault.version);
    for stored in &vault.items {
        let item = item(stored)?;
        let mut salt = Replay::of(&[&vault.salt]);
        let sealed = key.seal(account(vault)?, &item, version, &stored.content.0, &mut salt)?;
        ensure!(sealed == stored.sealed.0, "{}", stored.kind);
        let (opened, found) = key.open(account(vault)?, &item, version, &stored.sealed.0)?;
        ensure!(opened.expose_secret() == stored.content.0 && found == version, "opening {}", stored.kind);
    }
    Ok(vault.items.len())
}

fn account(vault: &Vault) -> Result<AccountId, Box<dyn Error>> {
    vault.account.array().map(AccountId::from_bytes)
}

fn item(stored: &StoredItem) -> Result<Item, Box<dyn Error>> {
    Ok(match stored.kind.as_str() {
        "checkpoint" => Item::Checkpoint(ConversationId::from_bytes(stored.place.array()?)),
        "setting" => Item::Setting(SlotId::from_bytes(stored.place.array()?)),
        "key_package" => Item::KeyPackage(stored.place.array()?),
        "marker" => Item::Marker(ConversationId::from_bytes(stored.place.array()?)),
        "device_name" => Item::DeviceName(DeviceId::from_bytes(stored.place.array()?)),
        other => return Err(format!("unknown kind {other}").into()),
    })
}
