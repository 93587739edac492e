//! Sealed files: the first eight bytes say how long the content is claimed to be, the rest is what the server sends, or what lies where a
//! device keeps its files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::file::{FileError, FileKey, FileLayout, FileOpener, SequentialOpener};
use sotto_crypto::kept::KeptKey;
use sotto_crypto::secret::Secret;
use sotto_fuzz as _;

fuzz_target!(|bytes: &[u8]| {
    let Some((len, sealed)) = bytes.split_first_chunk() else { return };
    let len = u64::from_be_bytes(*len);
    let kept = KeptKey::from_secret(Secret::fill(|key| *key = [7; 32]));
    assert!(kept.open(len, 0, sealed).is_err());
    if let Ok(layout) = FileLayout::new(len) {
        let last = layout.chunk_count() - 1;
        assert_eq!(layout.sealed_range(last).expect("the last chunk").end, layout.sealed_len());
        assert!(layout.sealed_range(last + 1).is_err());
    }
    let Some((header, mut rest)) = sealed.split_first_chunk() else { return };
    let key = FileKey::from_secret(Secret::fill(|key| *key = [7; 32]));
    let single = FileOpener::new(&key, len, header);
    assert_eq!(single.is_ok(), SequentialOpener::new(&key, len, header).is_ok());
    let (Ok(single), Ok(mut opener)) = (single, SequentialOpener::new(&key, len, header)) else { return };
    open_any(&single, rest);
    while let Some((chunk, after)) = opener.next_len().and_then(|len| rest.split_at_checked(len)) {
        if opener.open_next(chunk).is_err() {
            return;
        }
        rest = after;
    }
    let _ = opener.finish(&[0; 32]);
});

/// A chunk by itself, at the first place and beyond the last.
fn open_any(opener: &FileOpener, sealed: &[u8]) {
    let beyond = opener.layout().chunk_count();
    assert_eq!(opener.open_chunk(beyond, sealed).err(), Some(FileError::NoSuchChunk(beyond)));
    let _ = opener.open_chunk(0, sealed);
}
