//! A conversation begins.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use sotto_crypto::mls::governance::Kind as AgreedKind;
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::mls::standing::{Leaf, Standing};
use sotto_crypto::primitives::{VerifyingKey, sha256};
use sotto_proto::wire::{self, ConversationKind, ErrorCode};
use sotto_proto::{AccountId, ConversationId, Epoch, Generation, GroupPosition, limits};

use super::fields::{self, FirstHandshakes};
use super::judging::{self, Judged};
use super::{Conversations, admission};
use crate::clock::Timestamp;
use crate::services::groups::{Group, heavy};
use crate::services::rates::Rate;
use crate::services::{Failure, items};
use crate::store::{Kind, NewConversation, Opening, Session};

const CREATIONS: Rate = Rate::per_day("create conversation", 100);
const REQUESTS: Rate = Rate::per_day("create conversation with a stranger", 20);

/// Most accounts in the first commit.
const FIRST_ACCOUNTS_MAX: usize = 100;

/// A group as its first handshakes make it.
pub(super) struct Founded {
    pub(super) group: Arc<Group>,
    pub(super) opening: Opening,
    pub(super) leaves: Vec<Leaf>,
    kind: Kind,
}

impl Conversations {
    pub(super) async fn create(
        &self,
        caller: &Session,
        request: wire::CreateConversationRequest,
    ) -> Result<wire::CreateConversationResponse, Failure> {
        let id = fields::conversation(&request.conversation_id)?;
        let kind = fields::kind(request.kind)?;
        let creation = sha256(&[&request.encode_to_vec()]);
        // Nothing is judged anew: a device that was added may have been revoked while the reply was lost.
        if let Some(head) = self.context.store.created(caller.account, id, creation).await? {
            return Ok(wire::CreateConversationResponse { head: Some(items::head(&head)) });
        }
        let wire::CreateConversationRequest { group_info, ratchet_tree, commit, welcomes, .. } = request;
        let first = FirstHandshakes { group_info, ratchet_tree, commit, welcomes }.check()?;
        self.context.rates.take(&CREATIONS, caller.account)?;

        let (at, server) = (self.context.now(), self.context.external_sender.verifying_key());
        let session = caller.clone();
        let size = first.commit.len();
        let mut founded = heavy(size, move || found(id, kind, first, &session, &server, at)).await?;
        admission::check_leaves(&self.context, &founded.leaves).await?;
        let strangers = self.strangers_in(caller.account, &founded.group.standing).await?;
        founded.opening.members = judging::member_changes(None, &founded.group.standing, |account| {
            strangers.contains(&account).then_some(caller.account)
        });

        let new = NewConversation { id, kind: founded.kind, creation, opening: founded.opening, at };
        let head = self.context.store.create_conversation(caller.account, new).await?;
        self.context.groups.put(id, founded.group.clone());
        self.tell(id, head.last_seq, founded.group.standing.accounts.keys().copied()).await;
        Ok(wire::CreateConversationResponse { head: Some(items::head(&head)) })
    }

    async fn strangers_in(
        &self,
        founder: AccountId,
        standing: &Standing,
    ) -> Result<std::collections::BTreeSet<AccountId>, Failure> {
        let newcomers = judging::newcomers(None, standing);
        let strangers = admission::strangers(&self.context, founder, &newcomers).await?;
        if !strangers.is_empty() {
            self.context.rates.take(&REQUESTS, founder)?;
        }
        Ok(strangers)
    }
}

fn found(
    id: ConversationId,
    kind: ConversationKind,
    first: FirstHandshakes,
    founder: &Session,
    server: &VerifyingKey,
    at: Timestamp,
) -> Result<Founded, Failure> {
    let FirstHandshakes { group_info, ratchet_tree, commit, welcomes } = first;
    let time = judging::time(at);
    let begun = Observer::begin(&group_info, &ratchet_tree, server, time).map_err(judging::refused_by_observer)?;
    let alone = begun.standing().map_err(|error| judging::refused(error.into()))?;
    check_agreement(id, kind, &alone)?;
    let beginning = begun.snapshot().map_err(judging::refused_by_observer)?;
    for leaf in alone.leaves() {
        judging::check_sender(&leaf, founder)?;
    }

    let (observer, standing, state, epoch, welcomes) = if commit.is_empty() {
        if !welcomes.is_empty() {
            return Err(ErrorCode::HandshakeInvalid.into());
        }
        let state = judging::state(&begun, &alone, alone.leaves().map(|leaf| leaf.device).collect())?;
        (begun, alone, state, 0, Vec::new())
    } else {
        let Judged { observer, standing, commit: effects, added, mut state } = judging::judge(&begun, &commit, at)?;
        judging::check_sender(&effects.committer, founder)?;
        state.added.push(founder.device);
        (observer, standing, state, effects.epoch, judging::welcomes_for(&added, welcomes)?)
    };
    check_size(&standing)?;
    let position = GroupPosition { generation: Generation::FIRST, epoch: Epoch::new(epoch).unwrap_or(Epoch::FIRST) };
    let kind = stored_kind(&standing)?;
    let leaves = standing.leaves().collect();
    let commit = (!commit.is_empty()).then(|| Bytes::into(commit));
    let entries = 1 + u64::from(commit.is_some());
    let opening = Opening { group_info: group_info.into(), beginning, commit, state, members: Vec::new(), welcomes };
    Ok(Founded { group: Group::new(position, entries, observer, standing), opening, leaves, kind })
}

fn check_agreement(id: ConversationId, kind: ConversationKind, standing: &Standing) -> Result<(), Failure> {
    let agreed = match standing.governance.kind {
        AgreedKind::Direct => ConversationKind::Direct,
        AgreedKind::Group => ConversationKind::Group,
        AgreedKind::Saved => ConversationKind::Saved,
    };
    if standing.governance.conversation == id && agreed == kind {
        Ok(())
    } else {
        Err(ErrorCode::HandshakeInvalid.into())
    }
}

/// Nobody founds the one chat of two people without the other.
fn check_size(standing: &Standing) -> Result<(), Failure> {
    let governance = &standing.governance;
    if governance.kind.is_closed() && standing.accounts.len() != governance.roles.len() {
        return Err(ErrorCode::HandshakeInvalid.into());
    }
    if standing.accounts.len() > FIRST_ACCOUNTS_MAX {
        return Err(judging::limit("MEMBERS_MAX", FIRST_ACCOUNTS_MAX.min(limits::MEMBERS_MAX)));
    }
    Ok(())
}

fn stored_kind(standing: &Standing) -> Result<Kind, Failure> {
    let listed: Vec<AccountId> = standing.governance.roles.keys().copied().collect();
    match (standing.governance.kind, &listed[..]) {
        (AgreedKind::Group, _) => Ok(Kind::Group),
        (AgreedKind::Direct, [one, other]) => Ok(Kind::Direct(*one, *other)),
        (AgreedKind::Saved, [account]) => Ok(Kind::Saved(*account)),
        _ => Err(ErrorCode::HandshakeInvalid.into()),
    }
}
