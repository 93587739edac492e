//! The own entry: a key that its owner never made is seen by its owner.

use sotto_crypto::directory::{Content, EntryDigest};
use sotto_proto::wire;

use super::rows;
use crate::engine::requests::Lane;
use crate::engine::step::{Mishap, Step};
use crate::engine::trouble::Trouble;

impl Step<'_, '_> {
    /// Asks for what was published of the own keys since it was last looked at. What was there before this device is taken as it is.
    pub(super) fn look_at_own_entries(&mut self) -> Result<(), Mishap> {
        let own = self.account()?.id;
        let mut view = rows::View::load(self.db)?;
        let Some((known, _)) = rows::kept(self.db, own)?.and_then(|kept| kept.known) else { return Ok(()) };
        if view.own.revision == 0 {
            view.own = known;
            return Ok(view.save(self.db)?);
        }
        if view.own.revision < known.revision && !self.is_busy(Lane::OwnEntries)? {
            let request = wire::ListOwnEntriesRequest { after_revision: view.own.revision };
            self.call(Lane::OwnEntries, &request)?;
        }
        Ok(())
    }

    pub(in crate::engine) fn own_entries_came(&mut self, reply: &wire::ListOwnEntriesResponse) -> Result<(), Mishap> {
        let account = self.account()?;
        let (own, identity) = (account.id, *account.identity.as_bytes());
        let mut view = rows::View::load(self.db)?;
        let Some((known, _)) = rows::kept(self.db, own)?.and_then(|kept| kept.known) else { return Ok(()) };
        for entry in &reply.entries {
            if entry.revision != view.own.revision + 1 || entry.revision > known.revision {
                break;
            }
            view.own = view.own.extended_by(&EntryDigest::of(own, entry.revision, &entry.content));
            let is_own =
                matches!(Content::decode(&entry.content), Ok(Content::Keys { identity: of, .. }) if of == identity);
            if !is_own {
                self.directory_fault(Trouble::ForeignKey, Some(own))?;
            }
        }
        if view.own.revision == known.revision && view.own.chain != known.chain {
            // What its owner is told is not what everybody else is.
            self.directory_fault(Trouble::KeysNotInDirectory, Some(own))?;
            view.own = known;
        }
        view.save(self.db)?;
        if reply.more { self.look_at_own_entries() } else { Ok(()) }
    }
}
