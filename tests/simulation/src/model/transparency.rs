//! The directory of keys. What has changed is published when somebody looks, so that a copy of the server that was doctored publishes
//! its lies, as a careful liar would.

use std::collections::BTreeMap;

use sotto_crypto::directory::{
    Content, DirectorySigner, EntryDigest, Hash, Head, Position, SignedHead, State, Tree, log,
};
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, limits};

use super::gate::Session;
use super::{Fault, Model, Moment, fields};

/// Everything that was published.
#[derive(Clone, Default)]
pub(super) struct Directory {
    tree: Tree,
    heads: Vec<SignedHead>,
    nodes: BTreeMap<log::Node, Hash>,
    log: log::Growing,
    chains: BTreeMap<AccountId, Vec<Link>>,
    /// What the keys were in each version.
    contents: BTreeMap<(AccountId, u64), Vec<u8>>,
}

#[derive(Clone)]
struct Link {
    state: State,
    digest: EntryDigest,
    content: Vec<u8>,
    epoch: u64,
}

impl Model {
    pub(super) fn get_head(
        &mut self,
        request: wire::GetHeadRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::GetHeadResponse, Fault> {
        self.has_directory()?;
        self.publish(at.now)?;
        self.head_with_proofs(&request.epochs)
    }

    pub(super) fn look_up(
        &mut self,
        _: &Session,
        request: wire::LookUpRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::LookUpResponse, Fault> {
        self.has_directory()?;
        fields::counted("accounts", request.accounts.len(), 1, limits::DIRECTORY_LOOKUPS_MAX)?;
        self.publish(at.now)?;
        let (mut accounts, mut places) = (Vec::new(), Vec::new());
        for asked in request.accounts {
            let account = AccountId::parse("accounts.account_id", &asked.account_id)?;
            let (place, proof) = self.keys.directory.place(account);
            places.push(place);
            accounts.push(self.directory.shown(account, asked.known_revision, &proof));
        }
        places.sort_unstable();
        let head = Some(self.head_with_proofs(&request.epochs)?);
        Ok(wire::LookUpResponse { head, tree: self.directory.tree.encode_for(&places).into(), accounts })
    }

    pub(super) fn list_own_entries(
        &mut self,
        caller: &Session,
        request: wire::ListOwnEntriesRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::ListOwnEntriesResponse, Fault> {
        self.has_directory()?;
        self.publish(at.now)?;
        let links = self.directory.chains.get(&caller.account).into_iter().flatten();
        let news = links.filter(|link| link.state.revision > request.after_revision);
        let entry = |link: &Link| wire::OwnEntry {
            revision: link.state.revision,
            content: link.content.clone().into(),
            epoch: link.epoch,
        };
        Ok(wire::ListOwnEntriesResponse { entries: news.map(entry).collect(), more: false })
    }

    /// A server of before there were directories.
    pub fn forget_directory(&mut self) {
        self.is_older = true;
    }

    fn has_directory(&self) -> Result<(), Fault> {
        if self.is_older { Err(ErrorCode::UnknownMethod.into()) } else { Ok(()) }
    }

    /// Each version is published as it was, also when the next one comes before anybody looks.
    pub(super) fn remember_keys(&mut self, id: AccountId) {
        let Some(keys) = self.keys_of(id) else { return };
        let content = Content::of(&keys.identity_key, &keys.certificates, &keys.revocations);
        if let Ok(content) = content {
            self.directory.contents.insert((id, keys.version), content.encode());
        }
    }

    fn publish(&mut self, now: u64) -> Result<(), Fault> {
        let mut leaves = BTreeMap::new();
        for (id, account) in &self.accounts {
            let chain = self.directory.chains.get(id).cloned().unwrap_or_default();
            let mut state = chain.last().map_or(State::before(1), |link| link.state);
            while state.revision < account.keys_version {
                let content =
                    self.directory.contents.get(&(*id, state.revision + 1)).ok_or(ErrorCode::Internal)?.clone();
                let digest = EntryDigest::of(*id, state.revision + 1, &content);
                state = state.extended_by(&digest);
                leaves.insert(self.keys.directory.place(*id).0, (*id, state));
                let epoch = self.directory.heads.len() as u64 + 1;
                let link = Link { state, digest, content, epoch };
                self.directory.chains.entry(*id).or_default().push(link);
            }
        }
        if !leaves.is_empty() {
            self.directory.put(leaves, now, &self.keys.directory)?;
        }
        Ok(())
    }

    fn head_with_proofs(&self, epochs: &[u64]) -> Result<wire::GetHeadResponse, Fault> {
        let newest = self.directory.heads.len() as u64;
        let mut proofs = Vec::new();
        for &epoch in epochs.iter().filter(|epoch| (1..=newest).contains(*epoch)) {
            proofs.push(wire::HeadProof { epoch, path: self.directory.path(epoch, newest) });
        }
        let head = self.directory.heads.last().map(Into::into);
        Ok(wire::GetHeadResponse { keys: Some(self.keys.directory.public().into()), head, proofs })
    }
}

impl Directory {
    fn put(
        &mut self,
        leaves: BTreeMap<Position, (AccountId, State)>,
        now: u64,
        signer: &DirectorySigner,
    ) -> Result<(), Fault> {
        let states = leaves.into_iter().map(|(place, (_, state))| (place, state)).collect();
        self.tree = self.tree.with(&states).map_err(|_| ErrorCode::Internal)?;
        let head = Head {
            epoch: self.heads.len() as u64 + 1,
            time_ms: self.heads.last().map_or(0, |signed| signed.head.time_ms).max(now),
            tree_root: self.tree.root(),
            log_root: self.log.root(),
        };
        self.nodes.extend(self.log.push(head.hash()));
        self.heads.push(signer.sign_head(head));
        Ok(())
    }

    fn path(&self, epoch: u64, newest: u64) -> Vec<bytes::Bytes> {
        let root = |(start, end): (u64, u64)| {
            let hashes: Vec<Hash> = log::cover(start, end).iter().map(|node| self.nodes[node]).collect();
            log::fold(&hashes).to_vec().into()
        };
        log::inclusion(epoch - 1, newest - 1).into_iter().map(root).collect()
    }

    fn shown(&self, account: AccountId, known: u64, proof: &[u8]) -> wire::DirectoryAccount {
        let chain = self.chains.get(&account).map(Vec::as_slice).unwrap_or_default();
        let published = chain.last().map_or(0, |link| link.state.revision);
        let base = if (1..=published).contains(&known) { known } else { published.saturating_sub(1) };
        let before = chain.iter().find(|link| link.state.revision == base);
        let news = chain.iter().filter(|link| link.state.revision > base);
        wire::DirectoryAccount {
            account_id: account.to_wire(),
            position_proof: proof.to_vec().into(),
            base_revision: base,
            base_chain: before.map_or([0; 32], |link| link.state.chain.0).to_vec().into(),
            entries: news.map(|link| link.digest.0.to_vec().into()).collect(),
            promises: Vec::new(),
        }
    }
}
