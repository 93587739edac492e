#![allow(clippy::similar_names, reason = "sealers make sealed bytes, and openers opened ones")]

use proptest::prelude::*;
use sotto_crypto::file::{
    CHUNK_LEN, FileError, FileKey, FileLayout, FileOpener, FileSealer, HEADER_LEN, MAX_FILE_LEN, PartSealer,
    SEALED_CHUNK_LEN, SealedFile, SealedPart, SequentialOpener,
};

use crate::people::rng;

fn content(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_be_bytes).take(len).collect()
}

fn seal(content: &[u8], piece_len: usize) -> (SealedFile, Vec<u8>) {
    let (mut sealer, header) = FileSealer::start(content.len() as u64, &mut rng(content.len() as u64)).unwrap();
    let mut sealed = header.to_vec();
    for piece in content.chunks(piece_len) {
        sealed.extend(sealer.push(piece).unwrap());
    }
    while let Some(chunk) = sealer.pad().unwrap() {
        sealed.extend(chunk);
    }
    (sealer.finish().unwrap(), sealed)
}

/// Opens as a receiver does who has the sealed bytes and what the event says.
fn open(file: &SealedFile, sealed: &[u8]) -> Result<Vec<u8>, FileError> {
    let (header, mut rest) = sealed.split_first_chunk().ok_or(FileError::Truncated)?;
    let mut opener = SequentialOpener::new(&file.key, file.layout.content_len(), header)?;
    let mut content = Vec::new();
    while !rest.is_empty() {
        let len = opener.next_len().ok_or(FileError::Extended)?;
        let (chunk, after) = rest.split_at_checked(len).ok_or(FileError::Truncated)?;
        content.extend_from_slice(opener.open_next(chunk)?.expose_secret());
        rest = after;
    }
    opener.finish(&file.digest)?;
    Ok(content)
}

#[test]
fn files_of_every_size_around_the_edges_come_back() {
    for len in [0, 1, 255, 256, 257, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN, 3 * CHUNK_LEN + 7] {
        let content = content(len);
        let (file, sealed) = seal(&content, 50_000);
        assert_eq!(sealed.len() as u64, file.layout.sealed_len());
        assert_eq!(open(&file, &sealed), Ok(content), "{len}");
    }
}

#[test]
fn any_place_opens_by_itself() {
    let content = content(5 * CHUNK_LEN + 100);
    let (file, sealed) = seal(&content, 1 << 20);
    let opener = FileOpener::new(&file.key, content.len() as u64, sealed.first_chunk().unwrap()).unwrap();
    for offset in [0, CHUNK_LEN - 1, CHUNK_LEN, 4 * CHUNK_LEN + 9, 5 * CHUNK_LEN + 99] {
        let chunk = opener.layout().chunk_at(offset as u64).unwrap();
        let range = opener.layout().sealed_range(chunk).unwrap();
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let opened = opener.open_chunk(chunk, &sealed[range]).unwrap();
        assert_eq!(opened.expose_secret()[offset % CHUNK_LEN], content[offset]);
    }
    assert_eq!(opener.layout().chunk_at(content.len() as u64), None);
    let beyond = opener.layout().chunk_count();
    assert_eq!(opener.open_chunk(beyond, &[]), Err(FileError::NoSuchChunk(beyond)));
    assert_eq!(opener.open_chunk(u32::MAX, &[]), Err(FileError::NoSuchChunk(u32::MAX)));
}

#[test]
fn reordered_truncated_and_extended_files_are_refused_s22() {
    let (file, sealed) = seal(&content(3 * CHUNK_LEN), 1 << 20);
    let chunk = |number: usize| HEADER_LEN + number * SEALED_CHUNK_LEN..HEADER_LEN + (number + 1) * SEALED_CHUNK_LEN;

    let mut swapped = sealed.clone();
    swapped[chunk(0)].copy_from_slice(&sealed[chunk(1)]);
    swapped[chunk(1)].copy_from_slice(&sealed[chunk(0)]);
    assert_eq!(open(&file, &swapped), Err(FileError::NotAuthentic(0)));

    let mut doubled = sealed.clone();
    doubled[chunk(1)].copy_from_slice(&sealed[chunk(0)]);
    assert_eq!(open(&file, &doubled), Err(FileError::NotAuthentic(1)));

    assert_eq!(open(&file, &sealed[..chunk(2).start]), Err(FileError::Truncated));
    assert_eq!(open(&file, &sealed[..sealed.len() - 1]), Err(FileError::Truncated));
    assert_eq!(open(&file, &sealed[..10]), Err(FileError::Truncated));
    let extended = [sealed.as_slice(), &sealed[chunk(0)]].concat();
    assert_eq!(open(&file, &extended), Err(FileError::Extended));
}

#[test]
fn a_shorter_or_longer_file_cannot_be_claimed_s22() {
    let (file, sealed) = seal(&content(3 * CHUNK_LEN), 1 << 20);
    let header = sealed.first_chunk().unwrap();
    for claimed in [2 * CHUNK_LEN, 3 * CHUNK_LEN - 1, 3 * CHUNK_LEN + 1] {
        let refused = FileOpener::new(&file.key, claimed as u64, header).unwrap_err();
        assert_eq!(refused, FileError::WrongKey);
    }
    let too_large = FileOpener::new(&file.key, MAX_FILE_LEN + 1, header).unwrap_err();
    assert_eq!(too_large, FileError::TooLarge);
}

#[test]
fn another_file_under_the_event_is_refused_s22() {
    let (file, sealed) = seal(&content(1_000), 1 << 20);
    let (other, other_sealed) = seal(&content(1_001), 1 << 20);
    assert_eq!(open(&file, &other_sealed), Err(FileError::WrongKey));

    let swapped = SealedFile { digest: other.digest, ..file };
    assert_eq!(open(&swapped, &sealed), Err(FileError::WrongDigest));
}

#[test]
fn a_chunk_of_the_wrong_length_is_named() {
    let (file, sealed) = seal(&content(CHUNK_LEN + 1), 1 << 20);
    let opener = FileOpener::new(&file.key, CHUNK_LEN as u64 + 1, sealed.first_chunk().unwrap()).unwrap();
    let refused = opener.open_chunk(0, &sealed[HEADER_LEN..HEADER_LEN + 100]).unwrap_err();
    assert_eq!(refused, FileError::ChunkLength { chunk: 0, expected: SEALED_CHUNK_LEN, actual: 100 });
}

#[test]
fn a_sealer_takes_exactly_what_was_announced() {
    let (mut sealer, _) = FileSealer::start(100, &mut rng(1)).unwrap();
    assert_eq!(sealer.push(&[0; 101]), Err(FileError::ContentLength));
    assert_eq!(sealer.push(&[0; 60]), Ok(vec![]));
    assert_eq!(sealer.pad(), Err(FileError::ContentLength));
    assert_eq!(sealer.push(&[0; 41]), Err(FileError::ContentLength));
    assert_eq!(sealer.finish().unwrap_err(), FileError::ContentLength);
    assert_eq!(FileSealer::start(MAX_FILE_LEN + 1, &mut rng(1)).unwrap_err(), FileError::TooLarge);
}

#[test]
fn the_largest_file_fits_the_wire_and_its_layout_is_exact() {
    let layout = FileLayout::new(MAX_FILE_LEN).unwrap();
    assert!(layout.sealed_len() <= 16 << 30);
    let last = layout.chunk_count() - 1;
    assert_eq!(layout.sealed_range(last).unwrap().end, layout.sealed_len());
    assert_eq!(layout.chunk_at(MAX_FILE_LEN - 1), Some(last));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_size_in_any_pieces_comes_back(len in 0..300_000_usize, piece_len in 1..100_000_usize) {
        let content = content(len);
        let (file, sealed) = seal(&content, piece_len);
        prop_assert_eq!(open(&file, &sealed), Ok(content));
    }

    #[test]
    fn any_flipped_bit_is_refused(place in 0.0..1.0_f64, bit in 0..8_u8) {
        let (file, mut sealed) = seal(&content(70_000), 1 << 20);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let byte = (sealed.len() as f64 * place) as usize;
        sealed[byte] ^= 1 << bit;
        prop_assert!(open(&file, &sealed).is_err());
    }

    #[test]
    fn layouts_have_no_gaps(len in 0..MAX_FILE_LEN) {
        let layout = FileLayout::new(len).unwrap();
        let last = layout.sealed_range(layout.chunk_count() - 1).unwrap();
        prop_assert_eq!(last.end, layout.sealed_len());
        prop_assert_eq!(layout.sealed_range(0).unwrap().start, HEADER_LEN as u64);
        prop_assert!(layout.sealed_range(layout.chunk_count()).is_err());
        prop_assert!(layout.sealed_len() - len <= len / 8 + 400 + u64::from(layout.chunk_count()) * 16);
    }
}

const PART: usize = 64 * 1024;

fn all_parts(mut sealer: PartSealer, content: &[u8]) -> Result<(SealedFile, Vec<SealedPart>), FileError> {
    let mut parts = Vec::new();
    for piece in content.chunks(100_000) {
        parts.extend(sealer.push(piece)?);
    }
    while let Some(part) = sealer.pad()? {
        parts.push(part);
    }
    Ok((sealer.finish()?, parts))
}

fn copy(key: &FileKey) -> FileKey {
    FileKey::from_secret(sotto_crypto::secret::Secret::copy_from(key.expose_secret()).unwrap())
}

#[test]
fn an_upload_goes_on_with_the_same_bytes() {
    for len in [0, 1, CHUNK_LEN, 3 * CHUNK_LEN + 5, 9 * CHUNK_LEN] {
        let content = content(len);
        let sealer = PartSealer::start(len as u64, PART, &mut rng(1)).unwrap();
        let (file, parts) = all_parts(sealer, &content).unwrap();
        assert!(parts.iter().all(|part| !part.was_noted));
        let whole: Vec<u8> = parts.iter().flat_map(|part| part.sealed.clone()).collect();
        assert_eq!(open(&file, &whole).unwrap(), content);

        let noted: Vec<_> = parts.iter().take(parts.len() / 2).map(|part| part.digest).collect();
        let again = PartSealer::again(copy(&file.key), len as u64, PART, noted.clone()).unwrap();
        let (same, others) = all_parts(again, &content).unwrap();
        assert_eq!(same.digest, file.digest);
        assert!(parts.iter().zip(&others).all(|(one, other)| one.sealed == other.sealed));
        assert!(others.iter().enumerate().all(|(place, part)| part.was_noted == (place < noted.len())));
    }
}

#[test]
fn nothing_else_leaves_under_the_same_key() {
    let content = content(5 * CHUNK_LEN);
    let (file, parts) =
        all_parts(PartSealer::start(content.len() as u64, PART, &mut rng(2)).unwrap(), &content).unwrap();
    let noted: Vec<_> = parts.iter().map(|part| part.digest).collect();
    for at in [0, CHUNK_LEN, 3 * CHUNK_LEN + 17, 5 * CHUNK_LEN - 1] {
        let mut other = content.clone();
        other[at] ^= 1;
        let again = PartSealer::again(copy(&file.key), content.len() as u64, PART, noted.clone()).unwrap();
        let changed = all_parts(again, &other).unwrap_err();
        assert!(matches!(changed, FileError::Changed(part) if part as usize <= (at + 40 + at / CHUNK_LEN * 16) / PART));
    }
}

#[test]
fn a_download_goes_on_with_what_it_has() {
    let content = content(4 * CHUNK_LEN + 9);
    let (file, sealed) = seal(&content, 1 << 20);
    for kept in 0..=5 {
        let mut opener = SequentialOpener::again(&file.key, content.len() as u64).unwrap();
        for chunk in content.chunks(CHUNK_LEN).take(kept) {
            opener.take_opened(chunk).unwrap();
        }
        let mut rest = &sealed[HEADER_LEN + (kept * SEALED_CHUNK_LEN).min(sealed.len() - HEADER_LEN)..];
        while let Some(len) = opener.next_len() {
            opener.open_next(&rest[..len]).unwrap();
            rest = &rest[len..];
        }
        opener.finish(&file.digest).unwrap();
    }
    let mut opener = SequentialOpener::again(&file.key, content.len() as u64).unwrap();
    assert_eq!(opener.take_opened(&content[..CHUNK_LEN - 1]), Err(FileError::ContentLength));
    for (place, chunk) in content.chunks(CHUNK_LEN).enumerate() {
        let mut chunk = chunk.to_vec();
        chunk[0] ^= u8::from(place == 2);
        opener.take_opened(&chunk).unwrap();
    }
    assert_eq!(opener.next_len(), None, "the padding fits into the last chunk");
    assert_eq!(opener.finish(&file.digest), Err(FileError::WrongDigest), "what was kept has changed");
}
