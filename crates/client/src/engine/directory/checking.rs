//! Accounts: what the server hands out of their keys is what it publishes, and what it publishes only grows.

use sotto_crypto::directory::{
    Chain, DirectoryError, DirectoryKeys, EntryDigest, Head, Shown, SignedPromise, State, hashes,
};
use sotto_proto::{AccountId, wire};

use super::rows::{self, Kept};
use crate::engine::step::{Mishap, Step};
use crate::engine::trouble::Trouble;

/// What one head says of one account, with all proofs checked.
struct Published {
    /// Where its chain stands; the start for one that is in no head yet.
    state: State,
    /// The version before the first of the digests.
    base: u64,
    digests: Vec<EntryDigest>,
}

impl Published {
    /// The digest of a version, as far as it was shown.
    fn digest(&self, revision: u64, kept: &Kept) -> Option<EntryDigest> {
        match &kept.known {
            Some((state, digest)) if state.revision == revision => Some(*digest),
            _ => {
                let place = revision.checked_sub(self.base + 1)?;
                self.digests.get(usize::try_from(place).ok()?).copied()
            }
        }
    }
}

impl Step<'_, '_> {
    pub(in crate::engine) fn looked_up(
        &mut self,
        asked: &wire::LookUpRequest,
        reply: &wire::LookUpResponse,
    ) -> Result<(), Mishap> {
        let head = reply.head.as_ref().ok_or(Mishap::Bad("head"))?;
        let same = |(asked, came): (&wire::LookUpAccount, &wire::DirectoryAccount)| asked.account_id == came.account_id;
        if reply.accounts.len() != asked.accounts.len() || !asked.accounts.iter().zip(&reply.accounts).all(same) {
            return Err(Mishap::Bad("accounts of the directory"));
        }
        let Some((keys, head)) = self.take_head(&asked.epochs, head)? else {
            return self.give_up_looking_up(asked);
        };
        let Ok(shown) = Shown::verify(&head, &reply.tree) else {
            self.directory_fault(Trouble::DirectoryBadProof, None)?;
            return self.give_up_looking_up(asked);
        };
        for came in &reply.accounts {
            let account = AccountId::parse("account_id", &came.account_id)?;
            if !rows::is_asked(self.db, account)? {
                continue;
            }
            let trouble = self.check(account, &keys, &head, &shown, came)?;
            rows::settle(self.db, account, trouble)?;
            if let Some(trouble) = trouble {
                self.directory_fault(trouble, Some(account))?;
            }
        }
        self.look_at_own_entries()?;
        self.revisit_unfinished()
    }

    /// Nothing of this directory can be believed any more, which the person has been told.
    fn give_up_looking_up(&mut self, asked: &wire::LookUpRequest) -> Result<(), Mishap> {
        for account in &asked.accounts {
            rows::settle(self.db, AccountId::parse("account_id", &account.account_id)?, None)?;
        }
        self.revisit_unfinished()
    }

    /// Says what does not add up.
    fn check(
        &mut self,
        account: AccountId,
        keys: &DirectoryKeys,
        head: &Head,
        shown: &Shown,
        came: &wire::DirectoryAccount,
    ) -> Result<Option<Trouble>, Mishap> {
        let Some(kept) = rows::kept(self.db, account)? else { return Ok(None) };
        let published = match published(account, keys, shown, came, &kept) {
            Ok(published) => published,
            Err(DirectoryError::BrokenChain | DirectoryError::WentBack) => return Ok(Some(Trouble::KeysTakenBack)),
            Err(_) => return Ok(Some(Trouble::DirectoryBadProof)),
        };
        if !self.promises_are_kept(account, head, &published, &kept)? {
            return Ok(Some(Trouble::PromiseBroken));
        }
        if let Some(digest) = published.digest(published.state.revision, &kept) {
            rows::know(self.db, account, &published.state, &digest)?;
        }
        if kept.shown_revision > published.state.revision {
            return self.is_promised(account, keys, head, came, &kept);
        }
        if published.digest(kept.shown_revision, &kept).is_some_and(|digest| digest != kept.shown_digest) {
            return Ok(Some(Trouble::KeysNotInDirectory));
        }
        if kept.shown_revision < published.state.revision {
            self.keys_are_outdated(account, kept.shown_revision)?;
        }
        Ok(None)
    }

    /// Every promise that was due is kept, word for word.
    fn promises_are_kept(
        &mut self,
        account: AccountId,
        head: &Head,
        published: &Published,
        kept: &Kept,
    ) -> Result<bool, Mishap> {
        for promise in rows::promises(self.db, account)? {
            if promise.revision > published.state.revision {
                if head.time_ms >= promise.due_ms {
                    return Ok(false);
                }
                continue;
            }
            if published.digest(promise.revision, kept).is_some_and(|digest| digest != promise.entry) {
                return Ok(false);
            }
            rows::drop_promise(self.db, &promise)?;
        }
        Ok(true)
    }

    /// Keys that are in no head yet are used on the server's signed word that they will be.
    fn is_promised(
        &mut self,
        account: AccountId,
        keys: &DirectoryKeys,
        head: &Head,
        came: &wire::DirectoryAccount,
        kept: &Kept,
    ) -> Result<Option<Trouble>, Mishap> {
        for promise in &came.promises {
            let promise = SignedPromise::for_account(account, promise).and_then(|signed| keys.verify_promise(&signed));
            let Ok(promise) = promise else { return Ok(Some(Trouble::DirectoryBadProof)) };
            if promise.revision == kept.shown_revision {
                let is_good = promise.entry == kept.shown_digest && promise.due_ms > head.time_ms;
                rows::promise(self.db, &promise)?;
                return Ok((!is_good).then_some(Trouble::KeysNotInDirectory));
            }
        }
        Ok(Some(Trouble::KeysNotInDirectory))
    }
}

/// Checks the proofs of an account, and that its chain goes on from what was known of it.
fn published(
    account: AccountId,
    keys: &DirectoryKeys,
    shown: &Shown,
    came: &wire::DirectoryAccount,
    kept: &Kept,
) -> Result<Published, DirectoryError> {
    let state = shown.standing(keys, account, &came.position_proof)?;
    let chain = hashes(std::slice::from_ref(&came.base_chain))?;
    let base = State { revision: came.base_revision, chain: Chain(chain[0]) };
    let digests: Vec<EntryDigest> = hashes(&came.entries)?.into_iter().map(EntryDigest).collect();
    if kept.known.is_some_and(|(known, _)| known != base) {
        return Err(DirectoryError::BrokenChain);
    }
    match state {
        Some(state) if base.extended_by_all(&digests) == state => Ok(Published { state, base: base.revision, digests }),
        Some(_) => Err(DirectoryError::WrongTree),
        None if kept.known.is_some() => Err(DirectoryError::WentBack),
        None => Ok(Published { state: State { revision: 0, chain: Chain::START }, base: 0, digests: Vec::new() }),
    }
}
