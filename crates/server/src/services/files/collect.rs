//! Removing what nobody has any more.

use std::time::Duration;

use super::Files;
use crate::services::Failure;

impl Files {
    /// Ends reservations that got no part for long, and removes the parts of files that are gone. Can be interrupted, repeated, and
    /// done by several nodes at once.
    pub(in crate::services) async fn collect(&self) -> Result<(), Failure> {
        let now = self.context.now();
        while self.context.store.end_reservations(now, AT_ONCE).await? > 0 {}
        loop {
            let gone = self.context.store.files_to_remove(now, AT_ONCE).await?;
            if gone.is_empty() {
                return Ok(());
            }
            for file in gone {
                self.context.blobs.remove(file).await?;
                self.context.store.file_removed(file, now, now.plus(ON_THEIR_WAY)).await?;
            }
        }
    }
}

const AT_ONCE: u32 = 64;
/// A part that was being uploaded while its file was deleted is stored by then, and removed the second time. For as long, a
/// repetition of the deletion is recognised.
const ON_THEIR_WAY: Duration = Duration::from_hours(24);
