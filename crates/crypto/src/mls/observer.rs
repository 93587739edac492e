//! A group as the server sees it: the public handshakes, the tree and the agreement, and no secret.
//!
//! The observer refuses what any client would refuse, except what only members can check: confirmation tags, membership tags
//! and the encrypted part of paths (`docs/PROTOCOL.md` §7.9). Nothing here changes in place. [`Observer::process`] yields the
//! observer after the handshake, which the server keeps once it has stored the handshake, or drops.

use mls_rs::MlsMessage;
use mls_rs::crypto::SignatureSecretKey;
use mls_rs::external_client::builder::{ExternalBaseConfig, WithCryptoProvider, WithIdentityProvider, WithMlsRules};
use mls_rs::external_client::{ExternalClient, ExternalGroup, ExternalReceivedMessage, ExternalSnapshot};
use mls_rs::time::MlsTime;
use sotto_proto::{AccountId, DeviceId};

use super::context::{StandingError, standing_of};
use super::credential::{Certificates, read_leaf, server_identity};
use super::effect::{Commit, Withdrawal};
use super::handshake::{
    HandshakeError, MAX_HANDSHAKE_LEN, committer_of, conclude, judge_proposal, parse, parse_tree, pending_leaves,
};
use super::key_package::KeyPackage;
use super::policing::Police;
use super::provider::MlsCrypto;
use super::rules::{Refusal, judge_founding, judge_generation};
use super::standing::{Leaf, Standing};
use crate::primitives::{SigningKey, VerifyingKey, sha256};
use crate::revocation::DeviceRevocation;
use crate::time::Time;

type Config =
    WithMlsRules<Police, WithIdentityProvider<Certificates, WithCryptoProvider<MlsCrypto, ExternalBaseConfig>>>;

/// What a handshake would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// A commit begins a new epoch.
    Commit(Commit),
    /// A removal is proposed.
    Proposal(Withdrawal),
}

/// Why the observer refused.
#[derive(Debug, thiserror::Error)]
pub enum ObserverError {
    /// The group info, or the tree, is not that of a new group.
    #[error("not the beginning of a group")]
    NotABeginning,
    /// The agreement names another server as external sender.
    #[error("the agreement names another server")]
    AnotherServer,
    /// The snapshot is damaged.
    #[error("the snapshot cannot be read")]
    BadSnapshot,
    /// The protocol or the rules say no.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

impl From<mls_rs::error::MlsError> for ObserverError {
    fn from(error: mls_rs::error::MlsError) -> Self {
        Self::Handshake(error.into())
    }
}

impl From<Refusal> for ObserverError {
    fn from(refusal: Refusal) -> Self {
        Self::Handshake(refusal.into())
    }
}

impl From<StandingError> for ObserverError {
    fn from(error: StandingError) -> Self {
        Self::Handshake(error.into())
    }
}

/// The server's view of one group.
#[derive(Clone)]
pub struct Observer {
    group: ExternalGroup<Config>,
}

impl Observer {
    /// Begins to observe a new conversation, from the group info and tree of epoch 0. `server_key` is this server's public key
    /// as external sender, which the agreement must name.
    pub fn begin(group_info: &[u8], tree: &[u8], server_key: &VerifyingKey, now: Time) -> Result<Self, ObserverError> {
        let observer = Self::observe(group_info, tree, server_key, now)?;
        judge_founding(&observer.standing()?)?;
        Ok(observer)
    }

    /// Begins to observe a new generation after this one, from its group info and tree of epoch 0. It counts only together with
    /// the commit that [`Self::begin_generation`] judges.
    pub fn begin_next(parent: &Self, group_info: &[u8], tree: &[u8], now: Time) -> Result<Self, ObserverError> {
        let empty = Self::observe(group_info, tree, &parent.standing()?.governance.server_key, now)?;
        let alone = empty.standing()?;
        if alone.epoch == 0 && alone.leaves().count() == 1 { Ok(empty) } else { Err(ObserverError::NotABeginning) }
    }

    /// Judges a new generation after this one: its group info and tree of epoch 0, and the commit that brings the members.
    /// `parent` is the observer of the epoch that the refused commit started from.
    pub fn begin_generation(
        parent: &Self,
        group_info: &[u8],
        tree: &[u8],
        commit: &[u8],
        now: Time,
    ) -> Result<(Self, Commit), ObserverError> {
        let empty = Self::begin_next(parent, group_info, tree, now)?;
        let (observer, outcome) = empty.process(commit, now)?;
        let Observed::Commit(commit) = outcome else { return Err(ObserverError::NotABeginning) };
        judge_generation(&parent.standing()?, &commit.committer, &observer.standing()?)?;
        Ok((observer, commit))
    }

    /// Judges a handshake that arrives at `now`: the observer afterwards, and what it does.
    pub fn process(&self, handshake: &[u8], now: Time) -> Result<(Self, Observed), HandshakeError> {
        let message = parse(handshake)?;
        let committer = committer_of(&message, &self.group.roster())?;
        let (before, pending) = (self.standing()?, self.pending_removals()?);

        let mut next = self.clone();
        let received = next.group.process_incoming_message_with_time(message, MlsTime::from(now.unix_seconds()))?;
        let observed = match (received, committer) {
            (ExternalReceivedMessage::Proposal(proposal), None) => {
                Observed::Proposal(judge_proposal(&before, &pending, &self.group.roster(), &proposal)?)
            }
            (ExternalReceivedMessage::Commit(_), Some(committer)) => {
                Observed::Commit(conclude(&before, &pending, committer, &next.standing()?)?)
            }
            _ => return Err(HandshakeError::NotAPublicHandshake),
        };
        Ok((next, observed))
    }

    /// Proposes the removal of a device that its owner revoked: the proposal, for the log. It counts from the moment that it
    /// is processed.
    pub fn propose_revoked(
        &self,
        revocation: &DeviceRevocation,
        server: &SigningKey,
    ) -> Result<Vec<u8>, ObserverError> {
        let (account, device) = revocation.claimed_device();
        let number = self.number_of(account, device).ok_or(Refusal::NoSuchLeaf)?;
        let mut speaking = self.speaking_as(server)?;
        Ok(speaking.propose_remove(number, revocation.encode().to_vec())?.to_bytes()?)
    }

    /// Who is a member, and what they agreed on.
    pub fn standing(&self) -> Result<Standing, StandingError> {
        standing_of(self.group.group_context(), &self.group.roster())
    }

    /// The current epoch.
    pub fn epoch(&self) -> u64 {
        self.group.group_context().epoch()
    }

    /// The devices whose removal was proposed.
    pub fn pending_removals(&self) -> Result<Vec<Leaf>, HandshakeError> {
        Ok(pending_leaves(&self.group.get_cached_proposals(), &self.group.roster())?)
    }

    /// The ratchet tree, which joiners fetch.
    pub fn tree(&self) -> Result<Vec<u8>, ObserverError> {
        Ok(self.group.export_tree()?)
    }

    /// The hash of the tree.
    pub fn tree_hash(&self) -> &[u8] {
        self.group.tree_hash()
    }

    /// The whole state, after its digest. There is no secret in it.
    pub fn snapshot(&self) -> Result<Vec<u8>, ObserverError> {
        let state = self.group.snapshot().to_bytes()?;
        Ok([sha256(&[&state]).as_slice(), &state].concat())
    }

    /// Restores an observer from its snapshot, which only the server itself has written. One that was damaged since is
    /// refused here: the library trusts a state, and one that contradicts itself makes it panic at a later handshake.
    pub fn restore(snapshot: &[u8]) -> Result<Self, ObserverError> {
        let (digest, state) = snapshot.split_first_chunk().ok_or(ObserverError::BadSnapshot)?;
        if sha256(&[state]) != *digest {
            return Err(ObserverError::BadSnapshot);
        }
        let snapshot = ExternalSnapshot::from_bytes(state).map_err(|_| ObserverError::BadSnapshot)?;
        let group = client().load_group(snapshot).map_err(|_| ObserverError::BadSnapshot)?;
        Ok(Self { group })
    }

    fn observe(group_info: &[u8], tree: &[u8], server_key: &VerifyingKey, now: Time) -> Result<Self, ObserverError> {
        if group_info.len() > MAX_HANDSHAKE_LEN {
            return Err(HandshakeError::TooLong(group_info.len()).into());
        }
        let group_info = MlsMessage::from_bytes(group_info).map_err(|_| ObserverError::NotABeginning)?;
        let tree = parse_tree(tree).ok_or(ObserverError::NotABeginning)?;
        let now = MlsTime::from(now.unix_seconds());
        let observer = Self { group: client().observe_group(group_info, Some(tree), Some(now))? };
        let standing = observer.standing()?;
        if standing.governance.server_key == *server_key { Ok(observer) } else { Err(ObserverError::AnotherServer) }
    }

    fn number_of(&self, account: AccountId, device: DeviceId) -> Option<u32> {
        let is_it = |leaf: Leaf| (leaf.account, leaf.device) == (account, device);
        let mut members = self.group.roster().members_iter();
        members.find(|member| read_leaf(&member.signing_identity).is_ok_and(is_it)).map(|member| member.index)
    }

    /// The same group, in which the server can sign.
    fn speaking_as(&self, server: &SigningKey) -> Result<ExternalGroup<Config>, ObserverError> {
        let secret = SignatureSecretKey::new_slice(server.expose_seed().expose_secret());
        let client = builder().signer(secret, server_identity(&server.verifying_key())).build();
        Ok(client.load_group(self.group.snapshot())?)
    }
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { group: _ } = self;
        f.debug_struct("Observer").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

/// Checks a key package before the server takes it in: form, suite, certificate, lifetime and signature.
pub fn check_key_package(bytes: &[u8], now: Time) -> Result<KeyPackage, HandshakeError> {
    let key_package = KeyPackage::parse(bytes, now)?;
    client().validate_key_package(key_package.message.clone(), Some(MlsTime::from(now.unix_seconds())))?;
    Ok(key_package)
}

fn client() -> ExternalClient<Config> {
    builder().build()
}

fn builder() -> mls_rs::external_client::builder::ExternalClientBuilder<Config> {
    ExternalClient::builder()
        .crypto_provider(MlsCrypto::default())
        .identity_provider(Certificates)
        .mls_rules(Police)
        .extension_type(super::context::GOVERNANCE_EXTENSION.into())
}
