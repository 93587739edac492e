//! A group begins anew, without the member whose commit the others refuse (PROTOCOL 7.8).

use sotto_crypto::mls::observer::{Observed, Observer};
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, ConversationId, Epoch, GroupPosition, Seq};

use super::fields::{self, FirstHandshakes};
use super::judging::{self, Judged};
use super::{Conversations, admission};
use crate::clock::Timestamp;
use crate::services::groups::{Group, heavy};
use crate::services::rates::Rate;
use crate::services::{Failure, items};
use crate::store::{Entry, EntryKind, Opening, Session};

const GENERATIONS: Rate = Rate::per_day("new generation", 10);

/// Handshakes that are gone through at once on the way to the refused commit.
const PAGE: u32 = 100;

/// The epoch that a refused commit started from, and who made the commit.
struct Parent {
    observer: Observer,
    offender: AccountId,
}

struct Opened {
    beginning: Vec<u8>,
    judged: Judged,
}

impl Conversations {
    pub(super) async fn open_generation(
        &self,
        caller: &Session,
        request: wire::NewGenerationRequest,
    ) -> Result<wire::NewGenerationResponse, Failure> {
        let id = fields::conversation(&request.conversation_id)?;
        let position = fields::position(request.generation, request.epoch)?;
        let refused_seq = Seq::parse("refused_seq", request.refused_seq)?;
        let wire::NewGenerationRequest { group_info, ratchet_tree, commit, welcomes, .. } = request;
        let first = FirstHandshakes { group_info, ratchet_tree, commit, welcomes }.check()?;
        fields::sized("commit", &first.commit, 1, usize::MAX)?;
        self.context.rates.take(&GENERATIONS, id)?;
        self.check_present(caller, id).await?;

        let group = self.context.groups.at(id, position).await?;
        if group.position == position {
            self.open(caller, id, &group, refused_seq, first).await?;
        } else {
            let beginning = beginning_after(position)?;
            self.context.store.commit_receipt(id, beginning, &first.commit).await?;
        }
        let head = self.context.store.head(caller.account, id).await?;
        Ok(wire::NewGenerationResponse { head: Some(items::head(&head)) })
    }

    async fn open(
        &self,
        caller: &Session,
        id: ConversationId,
        group: &Group,
        refused_seq: Seq,
        first: FirstHandshakes,
    ) -> Result<(), Failure> {
        let at = self.context.now();
        let parent = self.parent(id, group.position, refused_seq).await?;
        let FirstHandshakes { group_info, ratchet_tree, commit, welcomes } = first;
        let (info, message, founder) = (group_info.clone(), commit.clone(), caller.clone());
        let size = commit.len();
        let Opened { beginning, mut judged } = heavy(size, move || {
            let opened = opened(&parent, &info, &ratchet_tree, &message, at)?;
            judging::check_sender(&opened.judged.commit.committer, &founder)?;
            Ok(opened)
        })
        .await?;
        let leaves: Vec<_> = judged.standing.leaves().collect();
        admission::check_leaves(&self.context, &leaves).await?;
        judged.state.added.push(caller.device);
        let members = judging::member_changes(Some(&group.standing), &judged.standing, |_| None);
        let welcomes = judging::welcomes_for(&judged.added, welcomes)?;

        let opening = Opening {
            group_info: group_info.into(),
            beginning,
            commit: Some(commit.into()),
            state: judged.state,
            members,
            welcomes,
        };
        let receipt = self.context.store.open_generation(id, group.position, opening, at).await?;
        let concerned = group.standing.accounts.keys().chain(judged.standing.accounts.keys()).copied();
        let concerned: std::collections::BTreeSet<AccountId> = concerned.collect();
        let next = Group::new(receipt.position, receipt.seq, judged.observer, judged.standing);
        self.context.groups.put(id, next);
        self.tell(id, receipt.seq, concerned).await;
        self.removals.are_due();
        Ok(())
    }

    /// Goes from the beginning of the generation to the refused commit once more.
    async fn parent(&self, id: ConversationId, position: GroupPosition, refused_seq: Seq) -> Result<Parent, Failure> {
        let (generation, snapshot) = self.context.store.beginning(id).await?;
        if generation != position.generation {
            // Somebody was faster.
            return Err(ErrorCode::EpochConflict.into());
        }
        let mut observer = Observer::restore(&snapshot).map_err(judging::refused_by_observer)?;
        let mut after = 0;
        loop {
            let page = self.context.store.handshakes(id, generation, after, PAGE).await?;
            after = page.last().ok_or(ErrorCode::HandshakeInvalid)?.seq;
            let size: usize = page.iter().map(|entry| entry.body.len()).sum();
            let step = heavy(size, move || follow(observer, &page, refused_seq.get())).await?;
            match step {
                Step::Found(parent) => return Ok(parent),
                Step::Further(next) => observer = next,
            }
        }
    }
}

enum Step {
    Found(Parent),
    Further(Observer),
}

fn follow(mut observer: Observer, page: &[Entry], refused_seq: u64) -> Result<Step, Failure> {
    for entry in page.iter().filter(|entry| entry.kind != EntryKind::Generation) {
        let processed = observer.process(&entry.body, judging::time(entry.received_at));
        let (next, outcome) = processed.map_err(|error| {
            Failure::internal("a handshake of the log is refused when it is judged again", Some(&error))
        })?;
        match outcome {
            Observed::Commit(commit) if entry.seq == refused_seq => {
                return Ok(Step::Found(Parent { observer, offender: commit.committer.account }));
            }
            _ if entry.seq >= refused_seq => return Err(ErrorCode::HandshakeInvalid.into()),
            _ => observer = next,
        }
    }
    Ok(Step::Further(observer))
}

fn opened(parent: &Parent, group_info: &[u8], tree: &[u8], commit: &[u8], at: Timestamp) -> Result<Opened, Failure> {
    let time = judging::time(at);
    let empty = Observer::begin_next(&parent.observer, group_info, tree, time).map_err(judging::refused_by_observer)?;
    let beginning = empty.snapshot().map_err(judging::refused_by_observer)?;
    let (observer, effects) = Observer::begin_generation(&parent.observer, group_info, tree, commit, time)
        .map_err(judging::refused_by_observer)?;
    let judged = judging::conclude(observer, effects, commit)?;
    let standing = &judged.standing;
    if !standing.governance.kind.is_closed() && standing.accounts.contains_key(&parent.offender) {
        return Err(ErrorCode::HandshakeForbidden.into());
    }
    Ok(Opened { beginning, judged })
}

fn beginning_after(position: GroupPosition) -> Result<GroupPosition, Failure> {
    let generation = position.generation.next().ok_or(ErrorCode::NotApplicable)?;
    Ok(GroupPosition { generation, epoch: Epoch::FIRST })
}
