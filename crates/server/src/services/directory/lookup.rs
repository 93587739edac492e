//! What the newest head says of accounts, and what it does not say yet.

use std::time::Duration;

use sotto_crypto::directory::{Chain, Promise, State};
use sotto_proto::{AccountId, limits, wire};

use super::{Directory, broken, check_epochs};
use crate::services::fields::{check_count, check_range};
use crate::services::rates::Rate;
use crate::services::{Context, Failure};
use crate::store::{DirectoryEntry, Session};

pub(super) async fn look_up(
    directory: &Directory,
    caller: &Session,
    request: wire::LookUpRequest,
) -> Result<wire::LookUpResponse, Failure> {
    check_count("accounts", &request.accounts, 1..=limits::DIRECTORY_LOOKUPS_MAX)?;
    check_epochs(&request.epochs)?;
    let wanted = request.accounts.iter().map(wanted).collect::<Result<Vec<_>, Failure>>()?;
    let count = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
    directory.context.rates.take_many(&LOOKED_UP, caller.account, count)?;

    let known = directory.newest().await?;
    let (mut accounts, mut places) = (Vec::new(), Vec::new());
    for (account, revision) in wanted {
        let (place, proof) = directory.signer.place(account);
        let state = known.tree.get(&place).map_err(|error| broken(&error))?;
        places.push(place);
        accounts.push(wire::DirectoryAccount {
            position_proof: proof.to_vec().into(),
            ..directory.links(account, state, revision).await?
        });
    }
    places.sort_unstable();
    Ok(wire::LookUpResponse {
        head: Some(directory.head_with_proofs(&known, &request.epochs).await?),
        tree: known.tree.encode_for(&places).into(),
        accounts,
    })
}

pub(super) async fn list_own_entries(
    context: &Context,
    caller: &Session,
    request: wire::ListOwnEntriesRequest,
) -> Result<wire::ListOwnEntriesResponse, Failure> {
    let after = check_range("after_revision", request.after_revision, limits::NUMBER_MAX)?;
    context.rates.take(&OWN_LISTED, caller.account)?;
    let mut entries = context.store.key_entries(caller.account, after + 1, OWN_AT_ONCE + 1).await?;
    let more = entries.len() > usize::try_from(OWN_AT_ONCE).unwrap_or(usize::MAX);
    if more {
        entries.pop();
    }
    let entry = |entry: DirectoryEntry| wire::OwnEntry {
        revision: entry.revision,
        content: entry.content.into(),
        epoch: entry.published.map_or(0, |(_, epoch)| epoch),
    };
    Ok(wire::ListOwnEntriesResponse { entries: entries.into_iter().map(entry).collect(), more })
}

impl Directory {
    /// How the chain of an account goes on from what the caller knows, and what is promised beyond its published state.
    async fn links(
        &self,
        account: AccountId,
        state: Option<State>,
        known_revision: u64,
    ) -> Result<wire::DirectoryAccount, Failure> {
        let published = state.map_or(0, |state| state.revision);
        let longest = published.saturating_sub(u64::try_from(limits::DIRECTORY_LINKS_MAX).unwrap_or(u64::MAX));
        let base = match known_revision {
            known if known > 0 && known <= published => known.max(longest),
            _ => published.saturating_sub(1),
        };
        let listed = self.context.store.key_entries(account, base, 2 * LINKS).await?;
        let chain = listed.iter().find(|entry| entry.revision == base).and_then(|entry| entry.published);
        let in_head = |entry: &&DirectoryEntry| entry.revision > base && entry.revision <= published;
        let beyond = |entry: &&DirectoryEntry| entry.revision > published;
        Ok(wire::DirectoryAccount {
            account_id: account.to_wire(),
            position_proof: bytes::Bytes::new(),
            base_revision: base,
            base_chain: chain.map_or(Chain::START, |(chain, _)| chain).0.to_vec().into(),
            entries: listed.iter().filter(in_head).map(|entry| entry.digest.0.to_vec().into()).collect(),
            promises: listed.iter().filter(beyond).map(|entry| self.promise(entry)).collect(),
        })
    }

    fn promise(&self, entry: &DirectoryEntry) -> wire::DirectoryPromise {
        let promise = Promise {
            account: entry.account,
            revision: entry.revision,
            entry: entry.digest,
            due_ms: entry.queued_at.plus(PROMISED_WITHIN).unix_millis(),
        };
        (&self.signer.sign_promise(promise)).into()
    }
}

fn wanted(account: &wire::LookUpAccount) -> Result<(AccountId, u64), Failure> {
    let id = AccountId::parse("accounts.account_id", &account.account_id)?;
    Ok((id, check_range("accounts.known_revision", account.known_revision, limits::NUMBER_MAX)?))
}

/// The maximum merge delay, as certificate transparency calls it.
const PROMISED_WITHIN: Duration = Duration::from_mins(10);
const LOOKED_UP: Rate = Rate::per_hour("LookUp", 10_000);
const OWN_LISTED: Rate = Rate::per_hour("ListOwnEntries", 600);
const OWN_AT_ONCE: u32 = 200;
const LINKS: u32 = 2_000;
