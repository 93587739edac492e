#![allow(clippy::similar_names, reason = "sealers make sealed bytes, and openers opened ones")]

use serde::Deserialize;
use sotto_crypto::file::{FileDigest, FileKey, FileLayout, FileSealer, SequentialOpener};

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

#[derive(Deserialize)]
struct Files {
    files: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    key: Hex,
    content_len: usize,
    sealed_len: u64,
    digest: Hex,
    sealed: Option<Hex>,
}

pub(crate) fn check() -> Checked {
    let files: Files = vectors(include_str!("../../sotto-file.json"))?;
    for vector in &files.files {
        check_one(vector).map_err(|error| format!("{} bytes: {error}", vector.content_len))?;
    }
    Ok(files.files.len())
}

fn check_one(vector: &Vector) -> Checked {
    let content: Vec<u8> = (0..vector.content_len).map(|i| (31 * i + (i >> 8)).to_le_bytes()[0]).collect();
    let (mut sealer, header) = FileSealer::start(content.len() as u64, &mut Replay::of(&[&vector.key]))?;
    let mut sealed = header.to_vec();
    sealed.extend(sealer.push(&content)?);
    while let Some(bytes) = sealer.pad()? {
        sealed.extend(bytes);
    }
    let file = sealer.finish()?;
    let digest: FileDigest = vector.digest.array()?;
    ensure!(vector.sealed.as_ref().is_none_or(|expected| sealed == expected.0), "sealed bytes");
    ensure!(sealed.len() as u64 == vector.sealed_len, "{} sealed bytes", sealed.len());
    ensure!(file.digest == digest, "digest");

    let key = FileKey::from_secret(vector.key.secret()?);
    let mut opener = SequentialOpener::new(&key, content.len() as u64, &header)?;
    let (mut rest, mut opened) = (&sealed[header.len()..], Vec::new());
    while let Some(len) = opener.next_len() {
        let (chunk, after) = rest.split_at_checked(len).ok_or("too short")?;
        opened.extend_from_slice(opener.open_next(chunk)?.expose_secret());
        rest = after;
    }
    opener.finish(&digest)?;
    ensure!(opened == content, "content");
    Ok(1)
}

#[derive(Deserialize)]
struct Padding {
    len: u64,
    padded_len: u64,
}

/// A file's sealed size is its padded size, 33 bytes, and 16 for each chunk of 64 KiB.
pub(crate) fn check_padding() -> Checked {
    let lengths: Vec<Padding> = vectors(include_str!("../../sotto-padding.json"))?;
    for padding in &lengths {
        let sealed_len = FileLayout::new(padding.len)?.sealed_len();
        let expected = padding.padded_len + 33 + padding.padded_len.div_ceil(65_536) * 16;
        ensure!(sealed_len == expected, "{} bytes", padding.len);
    }
    Ok(lengths.len())
}
