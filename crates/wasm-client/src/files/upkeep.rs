//! What stays of the files that lie here, and what goes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sotto_client::engine::{Change, Course, TransferId, TransferState};
use wasm_bindgen_futures::spawn_local;

use super::drawer::{Drawer, Kept};
use super::{Files, number_of};
use crate::agent::Agent;
use crate::time::sleep;

/// How much lies here, in bytes and in files.
pub(crate) struct Room {
    pub(crate) used: u64,
    pub(crate) count: usize,
}

/// A file that was fetched and can be fetched again.
type Dispensable = BTreeMap<u64, TransferId>;

impl Agent {
    /// Tidies up a moment after something may have become superfluous.
    pub(crate) fn mind_files(self: &Rc<Self>, changes: &[Change]) {
        let matters = changes.iter().any(|change| matches!(change, Change::Transfer(_) | Change::CaughtUp));
        if matters && self.files().drawer().is_some() && !self.files().tidying.replace(true) {
            let agent = self.clone();
            spawn_local(async move {
                sleep(TIDY_MS).await;
                agent.files().tidying.set(false);
                // Where the room has ended, all goes that can be fetched again.
                let is_short = agent.files().drawer().is_some_and(Drawer::is_short);
                agent.tidy(if is_short { 0 } else { KEPT_MAX }).await;
            });
        }
    }

    /// Removes what no transfer speaks of; then, of what can be fetched again, what nobody has looked at for the longest time, until the rest
    /// is no more than a size. What was used last stays: somebody is looking at it.
    pub(crate) async fn tidy(self: &Rc<Self>, max: u64) {
        let Some(drawer) = self.files().drawer() else { return };
        let Ok(mut kept) = drawer.list().await else { return };
        // Looked at after the list was made, so that nothing of it is younger.
        let Some((spoken_of, dispensable)) = self.spoken_of() else { return };
        kept.sort_by(|one, other| other.used_ms.total_cmp(&one.used_ms));
        let mut size = 0;
        for (place, Kept { number, size: of, .. }) in kept.into_iter().enumerate() {
            size += of;
            let superfluous = !spoken_of.contains(&number) && !self.files().is_in_the_making(number);
            let transfer = dispensable.get(&number).filter(|_| size > max && (place > 0 || max == 0));
            if superfluous || transfer.is_some() {
                size -= of;
                self.drop_file(drawer, number, transfer.copied()).await;
            }
        }
    }

    /// How much room the files take.
    pub(crate) async fn room_of_files(&self) -> Room {
        let kept = match self.files().drawer() {
            Some(drawer) => drawer.list().await.unwrap_or_default(),
            None => Vec::new(),
        };
        Room { used: kept.iter().map(|kept| kept.size).sum(), count: kept.len() }
    }

    async fn drop_file(self: &Rc<Self>, drawer: &Drawer, number: u64, transfer: Option<TransferId>) {
        if let Some(transfer) = transfer {
            // The store fails for everybody, and whoever asks next is told.
            let _ = self.act(|engine, moment| engine.cancel_download(transfer, moment));
        }
        // What cannot be removed now is tried again with the next change.
        let _ = drawer.remove(number).await;
    }

    fn spoken_of(self: &Rc<Self>) -> Option<(BTreeSet<u64>, Dispensable)> {
        let transfers = self.act(|engine, _| engine.transfers(None)).ok()?;
        let locations = transfers.iter().map(|transfer| transfer.location.clone()).collect();
        self.files().keep_sources(&locations);
        let is_done =
            |state: &TransferState, course: &Course| (state, course) == (&TransferState::Done, &Course::Download);
        let dispensable = transfers.iter().filter(|one| is_done(&one.state, &one.course));
        let dispensable = dispensable.filter_map(|one| Some((number_of(&one.location)?, one.id))).collect();
        Some((locations.iter().filter_map(|location| number_of(location)).collect(), dispensable))
    }
}

impl Files {
    /// All of the room that files may take here.
    pub(crate) const fn room() -> u64 {
        KEPT_MAX
    }
}

/// Room for files that can be fetched again.
const KEPT_MAX: u64 = 1 << 30;
/// Whoever opens a chat fetches many at once; one round is enough for all of them.
const TIDY_MS: u64 = 3_000;
