//! A conversation begins, and its group begins anew.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message as _;
use sotto_crypto::chain::ChainHead;
use sotto_crypto::mls::governance::Kind as AgreedKind;
use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_crypto::mls::standing::Standing;
use sotto_crypto::primitives::sha256;
use sotto_proto::wire::{self, ConversationKind, EntryKind, ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, ConversationId, Epoch, Generation, GroupPosition, Invalid, Reason, Seq, limits};

use super::conversation::{Conversation, beginning_after};
use super::fields;
use super::gate::Session;
use super::judging::{self, Judged, Outcome};
use super::{Fault, Model, Moment};

/// Most accounts in the first commit.
const FIRST_ACCOUNTS_MAX: usize = 100;
/// Bytes of a tree with one leaf.
const FIRST_TREE_MAX: usize = 16 << 10;

/// The first handshakes of a group.
struct First {
    group_info: Bytes,
    tree: Bytes,
    /// Empty when there is nobody to add.
    commit: Bytes,
    welcomes: Vec<Bytes>,
}

/// The epoch that a refused commit started from, and who made the commit.
struct Parent {
    observer: Observer,
    offender: AccountId,
}

impl Model {
    pub(super) fn create_conversation(
        &mut self,
        caller: &Session,
        request: wire::CreateConversationRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::CreateConversationResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let kind = kind(request.kind)?;
        let creation = sha256(&[&request.encode_to_vec()]);
        // The same request again is no error, and nothing is judged anew.
        if self.conversations.get(&id).is_some_and(|before| before.creation == creation) {
            let (conversation, member) = self.visible(caller.account, id)?;
            return Ok(wire::CreateConversationResponse { head: Some(conversation.head(member)) });
        }
        let wire::CreateConversationRequest { group_info, ratchet_tree, commit, welcomes, .. } = request;
        let first = First { group_info, tree: ratchet_tree, commit, welcomes }.check()?;

        let begun = Observer::begin(&first.group_info, &first.tree, &self.external_sender(), at.time())?;
        let alone = begun.standing()?;
        check_agreement(id, kind, &alone)?;
        alone.leaves().try_for_each(|leaf| judging::check_sender(&leaf, caller))?;
        let judged = first.judge(&begun, &alone, caller, at.now)?;
        check_size(&judged.standing)?;
        let leaves: Vec<_> = judged.standing.leaves().collect();
        self.check_leaves(&leaves)?;
        let strangers = self.strangers(caller.account, &judging::newcomers(None, &judged.standing))?;
        let welcomes = judging::addressed(&judged.added, first.welcomes)?;
        let unique_for = unique_for(&judged.standing);
        self.check_new(id, &unique_for)?;
        let mut conversation = new(id, kind, unique_for, creation, &begun, &alone);
        conversation.open(&first.group_info, &first.commit, &begun, at.now)?;
        self.conversations.insert(id, conversation);
        let Judged { observer, standing, .. } = judged;
        let outcome = Outcome { observer, standing, welcomes, by: caller.account, strangers };
        self.settle(id, outcome, at)?;
        let (conversation, member) = self.visible(caller.account, id)?;
        Ok(wire::CreateConversationResponse { head: Some(conversation.head(member)) })
    }

    pub(super) fn new_generation(
        &mut self,
        caller: &Session,
        request: wire::NewGenerationRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::NewGenerationResponse, Fault> {
        let id = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        let refused = Seq::parse("refused_seq", request.refused_seq)?;
        let wire::NewGenerationRequest { group_info, ratchet_tree, commit, welcomes, .. } = request;
        let first = First { group_info, tree: ratchet_tree, commit, welcomes }.check()?;
        fields::sized("commit", &first.commit, 1, usize::MAX)?;
        let conversation = self.joined(caller.account, id)?;
        let opened = beginning_after(position.generation).ok_or(ErrorCode::NotApplicable)?;
        if conversation.position == position {
            self.open_generation(caller, id, opened, refused, first, at)?;
        } else if conversation.taken_before(opened, &first.commit).is_none() {
            return Err(conversation.conflict());
        }
        let (conversation, member) = self.visible(caller.account, id)?;
        Ok(wire::NewGenerationResponse { head: Some(conversation.head(member)) })
    }

    fn open_generation(
        &mut self,
        caller: &Session,
        id: ConversationId,
        position: GroupPosition,
        refused: Seq,
        first: First,
        at: &mut Moment<'_>,
    ) -> Result<(), Fault> {
        let conversation = self.joined(caller.account, id)?;
        let parent = conversation.parent(refused.get())?;
        let empty = Observer::begin_next(&parent.observer, &first.group_info, &first.tree, at.time())?;
        let (observer, effects) =
            Observer::begin_generation(&parent.observer, &first.group_info, &first.tree, &first.commit, at.time())?;
        let judged = judging::conclude(observer, &effects, &first.commit)?;
        let standing = &judged.standing;
        if !standing.governance.kind.is_closed() && standing.accounts.contains_key(&parent.offender) {
            return Err(ErrorCode::HandshakeForbidden.into());
        }
        judging::check_sender(&judged.committer, caller)?;
        self.check_leaves(&standing.leaves().collect::<Vec<_>>())?;
        let welcomes = judging::addressed(&judged.added, first.welcomes)?;
        let conversation = self.conversation_mut(id)?;
        conversation.position = position;
        conversation.open(&first.group_info, &first.commit, &empty, at.now)?;
        let Judged { observer, standing, .. } = judged;
        let strangers = BTreeSet::new();
        self.settle(id, Outcome { observer, standing, welcomes, by: caller.account, strangers }, at)?;
        self.propose_due(id, at.now)
    }

    fn check_new(&self, id: ConversationId, unique_for: &BTreeSet<AccountId>) -> Result<(), Fault> {
        let mut others = self.conversations.values().filter(|other| other.id != id && !unique_for.is_empty());
        if let Some(other) = others.find(|other| other.unique_for == *unique_for) {
            return Err(ErrorDetail::conversation_exists(other.id).into());
        }
        if self.conversations.contains_key(&id) { Err(ErrorCode::IdTaken.into()) } else { Ok(()) }
    }
}

impl First {
    fn check(self) -> Result<Self, Invalid> {
        fields::sized("group_info", &self.group_info, 1, limits::GROUP_INFO_MAX)?;
        fields::sized("ratchet_tree", &self.tree, 1, FIRST_TREE_MAX)?;
        fields::sized("commit", &self.commit, 0, limits::COMMIT_MAX)?;
        fields::counted("welcomes", self.welcomes.len(), 0, limits::WELCOMES_MAX)?;
        self.welcomes.iter().try_for_each(|welcome| fields::sized("welcomes", welcome, 1, limits::WELCOME_MAX))?;
        Ok(self)
    }

    /// The group after its first commit, or as it begins when there is nobody to add.
    fn judge(&self, begun: &Observer, alone: &Standing, caller: &Session, now: u64) -> Result<Judged, Fault> {
        if !self.commit.is_empty() {
            let judged = judging::judge(begun, &self.commit, now)?;
            judging::check_sender(&judged.committer, caller)?;
            return Ok(judged);
        }
        let committer = alone.leaves().next().ok_or(ErrorCode::HandshakeInvalid)?;
        let (observer, standing) = (begun.clone(), alone.clone());
        Ok(Judged { observer, standing, committer, joined: false, added: Vec::new() })
    }
}

impl Conversation {
    /// Begins a generation: its group info, then the commit that adds the others.
    fn open(&mut self, group_info: &Bytes, commit: &Bytes, beginning: &Observer, now: u64) -> Result<(), Fault> {
        self.take_handshake(EntryKind::Generation, group_info.clone(), now)?;
        self.beginning = beginning.clone();
        if !commit.is_empty() {
            self.take_handshake(EntryKind::Commit, commit.clone(), now)?;
        }
        Ok(())
    }

    /// Goes from the beginning of the generation to the refused commit once more.
    fn parent(&self, refused_seq: u64) -> Result<Parent, Fault> {
        let generation = self.position.generation.get();
        let handshakes = self.log.values().map(|logged| &logged.entry).filter(|entry| {
            let is_handshake = [EntryKind::Commit, EntryKind::Proposal].map(i32::from).contains(&entry.kind);
            is_handshake && entry.generation == generation && entry.seq <= refused_seq
        });
        let mut observer = self.beginning.clone();
        for entry in handshakes {
            let (next, outcome) = observer.process(&entry.body, super::time(entry.received_at_ms))?;
            match outcome {
                Observed::Commit(commit) if entry.seq == refused_seq => {
                    return Ok(Parent { observer, offender: commit.committer.account });
                }
                _ => observer = next,
            }
        }
        Err(ErrorCode::HandshakeInvalid.into())
    }
}

fn new(
    id: ConversationId,
    kind: ConversationKind,
    unique_for: BTreeSet<AccountId>,
    creation: [u8; 32],
    begun: &Observer,
    alone: &Standing,
) -> Conversation {
    Conversation {
        id,
        kind,
        unique_for,
        creation,
        position: GroupPosition { generation: Generation::FIRST, epoch: Epoch::FIRST },
        chain: ChainHead::start(id),
        last_at: 0,
        last_handshake_seq: 0,
        pruned_seq: 0,
        log: BTreeMap::new(),
        observer: begun.clone(),
        standing: alone.clone(),
        beginning: begun.clone(),
        trees: BTreeMap::new(),
        members: BTreeMap::new(),
        markers: BTreeMap::new(),
        due: BTreeMap::new(),
    }
}

fn kind(value: i32) -> Result<ConversationKind, Invalid> {
    let kind = ConversationKind::try_from(value).ok().filter(|kind| *kind != ConversationKind::Unspecified);
    kind.ok_or(Invalid::new("kind", Reason::UnknownValue(value)))
}

fn check_agreement(id: ConversationId, kind: ConversationKind, standing: &Standing) -> Result<(), ErrorCode> {
    let agreed = match standing.governance.kind {
        AgreedKind::Direct => ConversationKind::Direct,
        AgreedKind::Group => ConversationKind::Group,
        AgreedKind::Saved => ConversationKind::Saved,
    };
    let agrees = standing.governance.conversation == id && agreed == kind;
    if agrees { Ok(()) } else { Err(ErrorCode::HandshakeInvalid) }
}

/// Nobody founds the one chat of two people without the other.
fn check_size(standing: &Standing) -> Result<(), Fault> {
    let governance = &standing.governance;
    if governance.kind.is_closed() && standing.accounts.len() != governance.roles.len() {
        return Err(ErrorCode::HandshakeInvalid.into());
    }
    if standing.accounts.len() > FIRST_ACCOUNTS_MAX {
        return Err(Fault::limit("MEMBERS_MAX", FIRST_ACCOUNTS_MAX));
    }
    Ok(())
}

/// The two people of a direct chat, the one of saved messages; nobody for groups.
fn unique_for(standing: &Standing) -> BTreeSet<AccountId> {
    match standing.governance.kind {
        AgreedKind::Group => BTreeSet::new(),
        AgreedKind::Direct | AgreedKind::Saved => standing.governance.roles.keys().copied().collect(),
    }
}
