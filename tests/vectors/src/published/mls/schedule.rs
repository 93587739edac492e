//! Key schedule, PSK secret, secret tree and transcript hashes.

use mls_rs::CipherSuiteProvider;
use serde::Deserialize;

use super::formulas::{HASH, derive, derive_tree, expand, extract, opaque, suite};
use super::{Failure, cases, same, vectors};
use crate::fixture::{Checked, Hex, ensure};

#[derive(Deserialize)]
struct Schedule {
    cipher_suite: u16,
    group_id: Hex,
    initial_init_secret: Hex,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    tree_hash: Hex,
    commit_secret: Hex,
    psk_secret: Hex,
    confirmed_transcript_hash: Hex,
    group_context: Hex,
    joiner_secret: Hex,
    welcome_secret: Hex,
    init_secret: Hex,
    sender_data_secret: Hex,
    encryption_secret: Hex,
    exporter_secret: Hex,
    epoch_authenticator: Hex,
    external_secret: Hex,
    confirmation_key: Hex,
    membership_key: Hex,
    resumption_psk: Hex,
    external_pub: Hex,
    exporter: Exporter,
}

#[derive(Deserialize)]
struct Exporter {
    label: String,
    context: Hex,
    length: usize,
    secret: Hex,
}

pub(crate) fn key_schedule() -> Checked {
    let cases = cases::<Schedule>(vectors!("key-schedule"))?;
    for case in &cases {
        let mut init_secret = case.initial_init_secret.to_vec();
        for (number, epoch) in (0_u64..).zip(&case.epochs) {
            let context = [
                &1_u16.to_be_bytes()[..],
                &case.cipher_suite.to_be_bytes(),
                &opaque(&case.group_id),
                &number.to_be_bytes(),
                &opaque(&epoch.tree_hash),
                &opaque(&epoch.confirmed_transcript_hash),
                &opaque(b""),
            ]
            .concat();
            same("group context", &context, &epoch.group_context)?;
            check_epoch(epoch, &context, &init_secret)?;
            init_secret = epoch.init_secret.to_vec();
        }
    }
    Ok(cases.iter().map(|case| case.epochs.len()).sum())
}

fn check_epoch(epoch: &Epoch, context: &[u8], init_secret: &[u8]) -> Result<(), Failure> {
    let joiner = expand(&extract(init_secret, &epoch.commit_secret)?, "joiner", context, HASH)?;
    same("joiner", &joiner, &epoch.joiner_secret)?;
    let member = extract(&joiner, &epoch.psk_secret)?;
    same("welcome", &derive(&member, "welcome")?, &epoch.welcome_secret)?;
    let secret = expand(&member, "epoch", context, HASH)?;
    for (label, expected) in [
        ("init", &epoch.init_secret),
        ("sender data", &epoch.sender_data_secret),
        ("encryption", &epoch.encryption_secret),
        ("exporter", &epoch.exporter_secret),
        ("authentication", &epoch.epoch_authenticator),
        ("external", &epoch.external_secret),
        ("confirm", &epoch.confirmation_key),
        ("membership", &epoch.membership_key),
        ("resumption", &epoch.resumption_psk),
    ] {
        same(label, &derive(&secret, label)?, expected)?;
    }
    let (_, external) = suite().kem_derive(&epoch.external_secret)?;
    same("external public key", &external, &epoch.external_pub)?;
    let Exporter { label, context, length, secret } = &epoch.exporter;
    let hashed = suite().hash(context)?;
    same("exporter", &expand(&derive(&epoch.exporter_secret, label)?, "exported", &hashed, *length)?, secret)
}

#[derive(Deserialize)]
struct PskCase {
    psks: Vec<Psk>,
    psk_secret: Hex,
}

#[derive(Deserialize)]
struct Psk {
    psk_id: Hex,
    psk: Hex,
    psk_nonce: Hex,
}

pub(crate) fn psk_secret() -> Checked {
    let cases = cases::<PskCase>(vectors!("psk-secret"))?;
    for case in &cases {
        let count = u16::try_from(case.psks.len())?;
        let mut secret = vec![0; HASH];
        for (index, psk) in (0_u16..).zip(&case.psks) {
            let external = 1;
            let label = [
                &[external][..],
                &opaque(&psk.psk_id),
                &opaque(&psk.psk_nonce),
                &index.to_be_bytes(),
                &count.to_be_bytes(),
            ]
            .concat();
            let input = expand(&extract(&[0; HASH], &psk.psk)?, "derived psk", &label, HASH)?;
            secret = extract(&input, &secret)?;
        }
        same("psk secret", &secret, &case.psk_secret)?;
    }
    Ok(cases.len())
}

#[derive(Deserialize)]
struct SecretTree {
    encryption_secret: Hex,
    sender_data: SenderData,
    leaves: Vec<Vec<Generation>>,
}

#[derive(Deserialize)]
struct SenderData {
    sender_data_secret: Hex,
    ciphertext: Hex,
    key: Hex,
    nonce: Hex,
}

#[derive(Deserialize)]
struct Generation {
    generation: u32,
    handshake_key: Hex,
    handshake_nonce: Hex,
    application_key: Hex,
    application_nonce: Hex,
}

pub(crate) fn secret_tree() -> Checked {
    let cases = cases::<SecretTree>(vectors!("secret-tree"))?;
    for case in &cases {
        let data = &case.sender_data;
        let sample = &data.ciphertext[..HASH];
        same("sender data key", &expand(&data.sender_data_secret, "key", sample, 32)?, &data.key)?;
        same("sender data nonce", &expand(&data.sender_data_secret, "nonce", sample, 12)?, &data.nonce)?;
        for (leaf, generations) in case.leaves.iter().enumerate() {
            let node = node_secret(&case.encryption_secret, leaf, case.leaves.len())?;
            for it in generations {
                check_ratchet(&node, "handshake", it.generation, (&it.handshake_key, &it.handshake_nonce))?;
                check_ratchet(&node, "application", it.generation, (&it.application_key, &it.application_nonce))?;
            }
        }
    }
    Ok(cases.len())
}

/// The secret of a leaf in a full tree: left or right at each level down from the root (§9).
fn node_secret(root: &[u8], leaf: usize, leaves: usize) -> Result<Vec<u8>, Failure> {
    ensure!(leaves.is_power_of_two(), "the tree is full");
    let mut secret = root.to_vec();
    for level in (0..leaves.trailing_zeros()).rev() {
        let side: &[u8] = if leaf >> level & 1 == 0 { b"left" } else { b"right" };
        secret = expand(&secret, "tree", side, HASH)?;
    }
    Ok(secret)
}

fn check_ratchet(node: &[u8], kind: &str, generation: u32, (key, nonce): (&[u8], &[u8])) -> Result<(), Failure> {
    let mut secret = derive(node, kind)?;
    for at in 0..generation {
        secret = derive_tree(&secret, "secret", at, HASH)?;
    }
    same("key", &derive_tree(&secret, "key", generation, 32)?, key)?;
    same("nonce", &derive_tree(&secret, "nonce", generation, 12)?, nonce)
}

#[derive(Deserialize)]
struct Transcript {
    confirmation_key: Hex,
    authenticated_content: Hex,
    interim_transcript_hash_before: Hex,
    confirmed_transcript_hash_after: Hex,
    interim_transcript_hash_after: Hex,
}

pub(crate) fn transcript_hashes() -> Checked {
    let cases = cases::<Transcript>(vectors!("transcript-hashes"))?;
    for case in &cases {
        let (input, tag) = case.authenticated_content.split_at(case.authenticated_content.len() - 33);
        let confirmed = suite().hash(&[&case.interim_transcript_hash_before, input].concat())?;
        same("confirmed hash", &confirmed, &case.confirmed_transcript_hash_after)?;
        same("confirmation tag", &opaque(&suite().mac(&case.confirmation_key, &confirmed)?), tag)?;
        let interim = suite().hash(&[&confirmed, tag].concat())?;
        same("interim hash", &interim, &case.interim_transcript_hash_after)?;
    }
    Ok(cases.len())
}
