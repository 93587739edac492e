//! Passive clients: the library on our provider joins by a Welcome and follows commits.

use mls_rs::client_builder::MlsConfig;
use mls_rs::crypto::SignatureSecretKey;
use mls_rs::error::MlsError;
use mls_rs::group::ExportedTree;
use mls_rs::identity::basic::BasicIdentityProvider;
use mls_rs::mls_rs_codec::MlsEncode;
use mls_rs::storage_provider::in_memory::InMemoryKeyPackageStorage;
use mls_rs::{Client, KeyPackageStorage, MlsMessage};
use mls_rs_core::key_package::KeyPackageData;
use serde::Deserialize;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::provider::MlsCrypto;

use super::formulas::suite;
use super::{Failure, cases, same, vectors};
use crate::fixture::{Checked, Hex, ensure};

#[derive(Deserialize)]
struct Passive {
    external_psks: Vec<serde_json::Value>,
    key_package: Hex,
    signature_priv: Hex,
    encryption_priv: Hex,
    init_priv: Hex,
    welcome: Hex,
    ratchet_tree: Option<Hex>,
    initial_epoch_authenticator: Hex,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    proposals: Vec<Hex>,
    commit: Hex,
    epoch_authenticator: Hex,
}

/// Clients join by a Welcome. Half of the cases use a PSK, which the library is built without.
pub(crate) fn welcomed() -> Checked {
    let cases = cases::<Passive>(vectors!("passive-client-welcome"))?;
    let without_psk: Vec<_> = cases.iter().filter(|case| case.external_psks.is_empty()).collect();
    ensure!((cases.len(), without_psk.len()) == (8, 4), "{} of {} are without a PSK", without_psk.len(), cases.len());
    without_psk.iter().try_for_each(|case| follow(case))?;
    Ok(without_psk.len())
}

/// Clients follow commits. Six of the cases carry a PSK proposal, by value or by reference, which the library is built not to
/// read: they must be refused.
pub(crate) fn following() -> Checked {
    let cases = cases::<Passive>(vectors!("passive-client-handling-commit"))?;
    let (mut followed, mut refused) = (0, 0);
    for case in &cases {
        match follow(case) {
            Ok(()) => followed += 1,
            Err(error) if matches!(error.downcast_ref(), Some(MlsError::SerializationError(_))) => refused += 1,
            Err(error) => return Err(error),
        }
    }
    ensure!(refused == 6, "{refused} cases were refused");
    Ok(followed)
}

fn follow(case: &Passive) -> Result<(), Failure> {
    let client = client(&case.key_package, &case.init_priv, &case.encryption_priv, Some(&case.signature_priv))?;
    let tree = case.ratchet_tree.as_deref().map(ExportedTree::from_bytes).transpose()?;
    let (mut group, _) = client.join_group(tree, &MlsMessage::from_bytes(&case.welcome)?, None)?;
    same("first authenticator", group.epoch_authenticator()?.as_bytes(), &case.initial_epoch_authenticator)?;
    for epoch in &case.epochs {
        for handshake in epoch.proposals.iter().chain([&epoch.commit]) {
            group.process_incoming_message(MlsMessage::from_bytes(handshake)?)?;
        }
        same("authenticator", group.epoch_authenticator()?.as_bytes(), &epoch.epoch_authenticator)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct WelcomeCase {
    init_priv: Hex,
    key_package: Hex,
    welcome: Hex,
}

/// A Welcome is opened as far as its group info.
pub(crate) fn welcome() -> Checked {
    let cases = cases::<WelcomeCase>(vectors!("welcome"))?;
    for case in &cases {
        let client = client(&case.key_package, &case.init_priv, &[0; 32], None)?;
        let info = client.examine_welcome_message(&MlsMessage::from_bytes(&case.welcome)?)?;
        ensure!(u16::from(info.group_context().cipher_suite()) == Suite::Classical.number(), "suite");
    }
    Ok(cases.len())
}

fn client(
    key_package: &[u8],
    init: &[u8],
    leaf: &[u8],
    signer: Option<&[u8]>,
) -> Result<Client<impl MlsConfig>, Failure> {
    let package = MlsMessage::from_bytes(key_package)?.into_key_package().ok_or("not a key package")?;
    let reference = package.to_reference(&suite())?;
    let data = KeyPackageData::new(
        package.mls_encode_to_vec()?,
        init.to_vec().into(),
        leaf.to_vec().into(),
        package.expiration()?.seconds_since_epoch(),
    );
    let mut packages = InMemoryKeyPackageStorage::default();
    KeyPackageStorage::insert(&mut packages, reference.to_vec(), data)?;
    let signer = SignatureSecretKey::new_slice(signer.unwrap_or(&[0; 32]));
    Ok(Client::builder()
        .crypto_provider(MlsCrypto::default())
        .identity_provider(BasicIdentityProvider)
        .key_package_repo(packages)
        .signing_identity(package.signing_identity().clone(), signer, Suite::Classical.into())
        .build())
}
