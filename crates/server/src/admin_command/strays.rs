//! Bytes of files that no record knows. They come from nothing but an older database that was restored.

use std::io::Write;

use super::AdminError;
use crate::blobs::Blobs;
use crate::store::Store;

/// Counts the files whose parts are stored and which are not on record, and removes them if wanted. A server may run meanwhile.
pub(super) async fn sweep(
    store: &dyn Store,
    blobs: &dyn Blobs,
    remove: bool,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    let mut strays = 0;
    for first_byte in u8::MIN..=u8::MAX {
        // Listed before it is asked for: a file that is reserved in between is on record.
        let found = blobs.files(first_byte).await?;
        for some in found.chunks(AT_ONCE) {
            let known = store.known_files(some).await?;
            for stray in some.iter().filter(|file| !known.contains(file)) {
                if remove {
                    blobs.remove(*stray).await?;
                }
                strays += 1;
            }
        }
    }
    match (strays, remove) {
        (0, _) => writeln!(out, "All files that are stored are on record.")?,
        (_, true) => writeln!(out, "Removed {strays}: what is stored is on record now.")?,
        (_, false) => writeln!(out, "Stored and not on record: {strays}. With --remove they are removed for good.")?,
    }
    Ok(())
}

const AT_ONCE: usize = 256;
