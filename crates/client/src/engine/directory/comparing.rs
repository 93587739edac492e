//! Heads: each goes on from those before it, whoever was shown them.

use sotto_crypto::directory::{DirectoryError, DirectoryKeys, Head, SignedHead, hashes};
use sotto_proto::wire;

use super::rows;
use crate::engine::step::{Mishap, Step};
use crate::engine::trouble::Trouble;

impl Step<'_, '_> {
    pub(in crate::engine) fn head_came(
        &mut self,
        asked: &wire::GetHeadRequest,
        reply: &wire::GetHeadResponse,
    ) -> Result<(), Mishap> {
        self.take_head(&asked.epochs, reply)?;
        self.revisit_unfinished()
    }

    /// Takes over a newer head, if it goes on from everything that was seen. None when nothing can be built upon it.
    pub(super) fn take_head(
        &mut self,
        asked: &[u64],
        reply: &wire::GetHeadResponse,
    ) -> Result<Option<(DirectoryKeys, Head)>, Mishap> {
        let keys = reply.keys.as_ref().ok_or(DirectoryError::Malformed).and_then(DirectoryKeys::try_from);
        let Ok(keys) = keys else { return Err(Mishap::Bad("keys of the directory")) };
        let mut view = rows::View::load(self.db)?;
        if view.keys.is_some_and(|known| known != keys) {
            self.directory_fault(Trouble::DirectoryForked, None)?;
            return Ok(None);
        }
        (view.keys, view.presence) = (Some(keys), rows::PRESENT);
        view.save(self.db)?;
        let Some(signed) = &reply.head else {
            if view.epoch == 0 {
                return Ok(Some((keys, Head::NONE)));
            }
            self.directory_fault(Trouble::DirectoryWentBack, None)?;
            return Ok(None);
        };
        let Ok(head) = SignedHead::try_from(signed).and_then(|signed| keys.verify_head(&signed)) else {
            self.directory_fault(Trouble::DirectoryBadProof, None)?;
            return Ok(None);
        };
        if head.epoch < view.epoch {
            self.directory_fault(Trouble::DirectoryWentBack, None)?;
            return Ok(None);
        }
        if let Some(known) = view.hash
            && goes_on(&head, view.epoch, &known, reply).is_err()
        {
            self.directory_fault(Trouble::DirectoryForked, None)?;
            return Ok(None);
        }
        (view.epoch, view.hash) = (head.epoch, Some(head.hash()));
        view.save(self.db)?;
        rows::know_head(self.db, head.epoch, &head.hash())?;
        self.compare_stated(asked, &head, reply)?;
        Ok(Some((keys, head)))
    }

    /// What others have seen is in the past of this head, or the server has shown them something else.
    fn compare_stated(&mut self, asked: &[u64], head: &Head, reply: &wire::GetHeadResponse) -> Result<(), Mishap> {
        for &epoch in asked {
            for (hash, by) in rows::stated(self.db, epoch)? {
                // A proof that cannot be read is as good as none.
                match goes_on(head, epoch, &hash, reply) {
                    Ok(()) => rows::know_head(self.db, epoch, &hash)?,
                    Err(_) => self.directory_fault(Trouble::DirectoryForked, Some(by))?,
                }
            }
            rows::drop_stated(self.db, epoch)?;
        }
        Ok(())
    }
}

fn goes_on(head: &Head, epoch: u64, hash: &[u8; 32], reply: &wire::GetHeadResponse) -> Result<(), DirectoryError> {
    let proof = reply.proofs.iter().find(|proof| proof.epoch == epoch);
    let path = proof.map_or(Ok(Vec::new()), |proof| hashes(&proof.path))?;
    head.goes_on_from(epoch, hash, &path)
}
