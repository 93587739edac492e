//! A group moves on.

use std::sync::Arc;

use bytes::Bytes;
use sotto_crypto::mls::standing::Leaf;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Commit, ConversationId};

use super::judging::{self, Judged};
use super::{Conversations, admission};
use crate::services::Failure;
use crate::services::groups::{Group, heavy};
use crate::services::rates::Rate;
use crate::store::{MemberChange, NewCommit, Receipt, Session, Standing};

const COMMITS: Rate = Rate::per_hour("commit", 300);

/// How often a commit is judged again because something came in between that does not end the epoch.
const ATTEMPTS: usize = 5;

impl Conversations {
    pub(super) async fn commit_handshake(
        &self,
        caller: &Session,
        request: wire::CommitRequest,
    ) -> Result<wire::CommitResponse, Failure> {
        let commit = Commit::try_from(request)?;
        self.context.rates.take(&COMMITS, caller.account)?;
        self.check_present(caller, commit.conversation).await?;
        let receipt = self.take_commit(caller, &commit).await?;
        Ok(wire::CommitResponse {
            seq: receipt.seq,
            epoch: receipt.position.epoch.get(),
            received_at_ms: receipt.received_at.unix_millis(),
        })
    }

    /// Whoever is not in a conversation, or no longer, does not learn that it exists.
    pub(super) async fn check_present(&self, caller: &Session, conversation: ConversationId) -> Result<(), Failure> {
        let head = self.context.store.head(caller.account, conversation).await?;
        match head.standing {
            Standing::Member | Standing::Requested => Ok(()),
            Standing::Left | Standing::Removed => Err(ErrorCode::NotFound.into()),
        }
    }

    async fn take_commit(&self, caller: &Session, commit: &Commit) -> Result<Receipt, Failure> {
        let Commit { conversation, position, .. } = *commit;
        let mut group = self.context.groups.at(conversation, position).await?;
        for _ in 0..ATTEMPTS {
            if group.position != position {
                return Ok(self.context.store.commit_receipt(conversation, position, &commit.commit).await?);
            }
            match self.try_commit(caller, commit, &group).await {
                Err(failure) if is_refusal(&failure) => {
                    group = self.newer_than(&group, conversation).await?.ok_or(failure)?;
                }
                other => return other,
            }
        }
        Err(ErrorCode::Unavailable.into())
    }

    /// The group as it is by now, if that is further than what a handshake was judged by: the refusal may have been for that.
    pub(super) async fn newer_than(
        &self,
        judged_by: &Group,
        conversation: ConversationId,
    ) -> Result<Option<Arc<Group>>, Failure> {
        let now = self.context.groups.reload(conversation).await?;
        Ok(now.is_newer_than(judged_by).then_some(now))
    }

    async fn try_commit(&self, caller: &Session, commit: &Commit, group: &Arc<Group>) -> Result<Receipt, Failure> {
        let at = self.context.now();
        let (parent, message): (_, Bytes) = (group.clone(), commit.commit.clone());
        let size = message.len().max(group.leaves() * LEAF_SIZE);
        let Judged { observer, standing, commit: effects, added, state } =
            heavy(size, move || judging::judge(&parent.observer, &message, at)).await?;
        judging::check_sender(&effects.committer, caller)?;
        let joiner = effects.joined.then_some(effects.committer);
        let leaves: Vec<Leaf> = added.iter().map(|(leaf, _)| *leaf).chain(joiner).collect();
        admission::check_leaves(&self.context, &leaves).await?;
        let newcomers = judging::newcomers(Some(&group.standing), &standing);
        let strangers = admission::strangers(&self.context, caller.account, &newcomers).await?;
        let members = judging::member_changes(Some(&group.standing), &standing, |account| {
            strangers.contains(&account).then_some(caller.account)
        });
        let welcomes = judging::welcomes_for(&added, commit.welcomes.clone())?;

        let concerned: Vec<AccountId> =
            members.iter().map(account_of).chain(welcomes.iter().map(|welcome| welcome.account)).collect();
        let new = NewCommit {
            conversation: commit.conversation,
            position: commit.position,
            judged_after: Some(group.last_handshake_seq),
            message: commit.commit.to_vec(),
            state,
            members,
            welcomes,
            at,
        };
        let receipt = self.context.store.commit(new).await?;
        let next = Group::new(receipt.position, receipt.seq, observer, standing);
        self.context.groups.put(commit.conversation, next);
        self.tell(commit.conversation, receipt.seq, concerned).await;
        if effects.joined {
            // A joiner's commit ends the epoch without the removals that were proposed in it.
            self.removals.are_due();
        }
        Ok(receipt)
    }

    /// Tells the members of new handshakes, and those whom these change of what they change.
    pub(super) async fn tell(
        &self,
        conversation: ConversationId,
        last_seq: u64,
        concerned: impl IntoIterator<Item = AccountId>,
    ) {
        self.context.live.grown(conversation, last_seq).await;
        for account in concerned {
            self.context.hint_account(account, sotto_proto::limits::NUMBER_MAX).await;
        }
    }
}

/// Whether a handshake was refused for what it is, or for what came in between.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    let code = failure.code();
    matches!(code, ErrorCode::EpochConflict | ErrorCode::HandshakeInvalid | ErrorCode::HandshakeForbidden)
}

fn account_of(change: &MemberChange) -> AccountId {
    match change {
        MemberChange::Joined { account, .. } | MemberChange::Role { account, .. } | MemberChange::Gone { account } => {
            *account
        }
    }
}

/// About what a leaf and its path take.
pub(super) const LEAF_SIZE: usize = 3 << 10;
