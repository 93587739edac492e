//! A chunk of a file, against the bare cipher over as many bytes. Sealing also hashes, for the digest that the event carries.

use std::hint::black_box;

use rand::{SeedableRng, rngs::StdRng};
use sotto_crypto::file::{CHUNK_LEN, FileOpener, FileSealer, MAX_FILE_LEN};
use sotto_crypto::primitives::{AeadKey, sha256};
use sotto_crypto::secret::Secret;

use crate::pair::{Pair, Work};

pub(crate) fn pairs() -> Vec<Pair> {
    vec![
        Pair::new("open a chunk of 64 KiB", "bare AEAD", opening(), bare_opening()),
        Pair::new("seal a chunk of 64 KiB", "bare AEAD and SHA-256", sealing(), bare_sealing_and_hashing()),
        Pair::new("seal a chunk of 64 KiB", "bare AEAD", sealing(), bare_sealing()),
        Pair::new("bare AEAD of 64 KiB", "SHA-256 of them", bare_sealing(), hashing()),
    ]
}

fn content() -> Vec<u8> {
    vec![7; CHUNK_LEN]
}

/// A file with room for more chunks than are measured.
fn sealing() -> impl Work {
    let (mut sealer, _) = FileSealer::start(MAX_FILE_LEN, &mut StdRng::seed_from_u64(3)).unwrap();
    let content = content();
    move || drop(black_box(sealer.push(black_box(&content)).unwrap()))
}

fn opening() -> impl Work {
    let (mut sealer, header) = FileSealer::start(2 * CHUNK_LEN as u64, &mut StdRng::seed_from_u64(4)).unwrap();
    let first = sealer.push(&content()).unwrap();
    sealer.push(&content()).unwrap();
    let file = sealer.finish().unwrap();
    let opener = FileOpener::new(&file.key, file.layout.content_len(), &header).unwrap();
    move || drop(black_box(opener.open_chunk(0, black_box(&first)).unwrap()))
}

fn key() -> AeadKey {
    AeadKey::from_secret(Secret::generate(&mut StdRng::seed_from_u64(5)))
}

fn bare_sealing() -> impl Work {
    let (key, content) = (key(), content());
    move || drop(black_box(key.seal_with_nonce(&[0; 12], &[], black_box(&content)).unwrap()))
}

fn bare_opening() -> impl Work {
    let key = key();
    let sealed = key.seal_with_nonce(&[0; 12], &[], &content()).unwrap();
    move || drop(black_box(key.open_with_nonce(&[0; 12], &[], black_box(&sealed)).unwrap()))
}

fn hashing() -> impl Work {
    let content = content();
    move || {
        black_box(sha256(&[black_box(&content)]));
    }
}

fn bare_sealing_and_hashing() -> impl Work {
    let (key, content) = (key(), content());
    move || {
        let sealed = key.seal_with_nonce(&[0; 12], &[], black_box(&content)).unwrap();
        black_box(sha256(&[&sealed]));
    }
}
