//! What the server has of a conversation: the validated view of its group, its members, and its log.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::mls::standing::Standing;
use sotto_proto::wire::{self, ConversationKind, EntryKind, ErrorCode};
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId, Generation, GroupPosition};

use super::{Fault, Model};

#[derive(Clone)]
pub(super) struct Conversation {
    pub(super) id: ConversationId,
    pub(super) kind: ConversationKind,
    /// Those for whom there is only one of its kind.
    pub(super) unique_for: BTreeSet<AccountId>,
    /// Digest of the request that made it.
    pub(super) creation: [u8; 32],
    pub(super) position: GroupPosition,
    pub(super) chain: ChainHead,
    pub(super) last_at: u64,
    pub(super) last_handshake_seq: u64,
    pub(super) pruned_seq: u64,
    pub(super) log: BTreeMap<u64, Logged>,
    pub(super) observer: Observer,
    pub(super) standing: Standing,
    /// The view at epoch 0 of the current generation.
    pub(super) beginning: Observer,
    pub(super) trees: BTreeMap<GroupPosition, Bytes>,
    pub(super) members: BTreeMap<AccountId, Member>,
    pub(super) markers: BTreeMap<(AccountId, i32), PlacedMarker>,
    /// Revocations of devices whose leaves have to go.
    pub(super) due: BTreeMap<DeviceId, Bytes>,
}

/// An entry of the log, with the running hash before it.
#[derive(Clone)]
pub(super) struct Logged {
    pub(super) entry: wire::LogEntry,
    pub(super) chain_before: [u8; 32],
}

/// Somebody who is or was in a conversation.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) standing: MemberStanding,
    pub(super) role: wire::Role,
    /// First entry that it may read.
    pub(super) from_seq: u64,
    /// Where it ended for those who are out.
    pub(super) until: Option<Until>,
    pub(super) requested_by: Option<AccountId>,
    /// Change number of the account when this last changed.
    pub(super) change: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberStanding {
    Member,
    Requested,
    Left,
    Removed,
    /// In the group, and not there for the account itself.
    Declined,
}

#[derive(Clone, Copy)]
pub(super) struct Until {
    seq: u64,
    position: GroupPosition,
    at: u64,
}

#[derive(Clone)]
pub(super) struct PlacedMarker {
    pub(super) marker: wire::ReadMarker,
    pub(super) put_at: u64,
}

impl Until {
    pub(super) fn now(conversation: &Conversation) -> Self {
        Self { seq: conversation.last_seq(), position: conversation.position, at: conversation.last_at }
    }
}

impl Member {
    /// Whether it still gets what is new.
    pub(super) fn is_present(&self) -> bool {
        matches!(self.standing, MemberStanding::Member | MemberStanding::Requested)
    }
}

impl Conversation {
    pub(super) fn last_seq(&self) -> u64 {
        self.chain.seq()
    }

    /// Numbers a handshake. A commit ends the epoch.
    pub(super) fn take_handshake(&mut self, kind: EntryKind, body: Bytes, now: u64) -> Result<u64, Fault> {
        let entry = match kind {
            EntryKind::Commit => Entry::Commit(&body),
            EntryKind::Proposal => Entry::Proposal(&body),
            EntryKind::Generation => Entry::Generation(&body),
            EntryKind::Event | EntryKind::Unspecified => return Err(ErrorCode::Internal.into()),
        };
        let hash = EntryHash::of(self.position.generation.get(), self.position.epoch.get(), &entry);
        let seq = self.take(kind, Bytes::new(), body.clone(), &hash, now)?;
        self.last_handshake_seq = seq;
        if kind == EntryKind::Commit {
            self.position.epoch = self.position.epoch.next().ok_or(ErrorCode::NotApplicable)?;
        }
        Ok(seq)
    }

    /// Numbers an event.
    pub(super) fn take_event(&mut self, id: EventId, sealed: Bytes, now: u64) -> Result<u64, Fault> {
        let entry = Entry::Event(id, &sealed);
        let hash = EntryHash::of(self.position.generation.get(), self.position.epoch.get(), &entry);
        self.take(EntryKind::Event, id.to_wire(), sealed.clone(), &hash, now)
    }

    fn take(
        &mut self,
        kind: EntryKind,
        event_id: Bytes,
        body: Bytes,
        hash: &EntryHash,
        now: u64,
    ) -> Result<u64, Fault> {
        let chain_before = *self.chain.hash();
        self.chain = self.chain.extended_by(hash).ok_or(ErrorCode::NotApplicable)?;
        let entry = wire::LogEntry {
            seq: self.chain.seq(),
            kind: kind.into(),
            generation: self.position.generation.get(),
            epoch: self.position.epoch.get(),
            event_id,
            body,
            received_at_ms: now,
        };
        self.log.insert(self.chain.seq(), Logged { entry, chain_before });
        self.last_at = now;
        Ok(self.chain.seq())
    }

    /// The entry of the commit that ended an epoch, if it is this one.
    pub(super) fn taken_before(&self, position: GroupPosition, commit: &Bytes) -> Option<&wire::LogEntry> {
        let entries = self.log.values().map(|logged| &logged.entry);
        let mut commits = entries.filter(|entry| entry.kind == i32::from(EntryKind::Commit));
        let (generation, epoch) = (position.generation.get(), position.epoch.get());
        commits.find(|entry| (entry.generation, entry.epoch) == (generation, epoch) && entry.body == commit)
    }

    pub(super) fn conflict(&self) -> Fault {
        Fault::epoch_conflict(self.position, self.last_seq())
    }

    /// Those who get what is new.
    pub(super) fn present(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.members.iter().filter(|(_, member)| member.is_present()).map(|(account, _)| *account)
    }

    pub(super) fn has_present(&self, account: AccountId) -> bool {
        self.members.get(&account).is_some_and(Member::is_present)
    }

    /// Whether entries are delivered to an account: not to one that was added by a stranger and has not accepted.
    pub(super) fn listens(&self, account: AccountId) -> bool {
        self.members.get(&account).is_some_and(|member| member.standing == MemberStanding::Member)
    }

    /// First and last entry that an account may read; the last is below the first when there is none.
    pub(super) fn readable(&self, member: &Member) -> (u64, u64) {
        let last = member.until.map_or(self.last_seq(), |until| until.seq);
        (member.from_seq.max(self.pruned_seq + 1), last)
    }

    /// Where it stands, as an account sees it.
    pub(super) fn head(&self, member: &Member) -> wire::ConversationHead {
        let (first_seq, last_seq) = self.readable(member);
        let position = member.until.map_or(self.position, |until| until.position);
        let requested_by = member.requested_by.filter(|_| member.standing == MemberStanding::Requested);
        let declined = member.standing == MemberStanding::Declined;
        wire::ConversationHead {
            conversation_id: self.id.to_wire(),
            kind: self.kind.into(),
            standing: standing(member.standing).into(),
            role: if member.is_present() { member.role } else { wire::Role::Unspecified }.into(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            first_seq,
            last_seq: if declined || last_seq < first_seq { 0 } else { last_seq },
            last_at_ms: member.until.map_or(self.last_at, |until| until.at),
            last_handshake_seq: if declined { 0 } else { self.last_handshake_seq.min(last_seq) },
            requested_by: requested_by.map(AccountId::to_wire).unwrap_or_default(),
        }
    }
}

impl Model {
    /// A conversation that an account is or was in, and did not decline. Absent and foreign ones are refused alike.
    pub(super) fn visible(&self, account: AccountId, id: ConversationId) -> Result<(&Conversation, &Member), Fault> {
        let conversation = self.conversations.get(&id).ok_or(ErrorCode::NotFound)?;
        let member = conversation.members.get(&account).ok_or(ErrorCode::NotFound)?;
        if member.standing == MemberStanding::Declined {
            return Err(ErrorCode::NotFound.into());
        }
        Ok((conversation, member))
    }

    /// A conversation that an account is in.
    pub(super) fn joined(&self, account: AccountId, id: ConversationId) -> Result<&Conversation, Fault> {
        let (conversation, member) = self.visible(account, id)?;
        if member.is_present() { Ok(conversation) } else { Err(ErrorCode::NotFound.into()) }
    }

    pub(super) fn conversation_mut(&mut self, id: ConversationId) -> Result<&mut Conversation, Fault> {
        self.conversations.get_mut(&id).ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Gives those who are in a conversation, other than some, a new change number for it.
    pub(super) fn grown(&mut self, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        for (account, member) in conversation.members.iter_mut().filter(|(_, member)| member.is_present()) {
            if let Some(account) = self.accounts.get_mut(account).filter(|account| !account.deleted) {
                member.change = account.next_change();
            }
        }
    }

    /// Drops the events that the members agreed to keep no longer, as the server does from time to time.
    pub fn prune(&mut self, now_ms: u64) {
        let ids: Vec<_> = self.conversations.keys().copied().collect();
        for id in ids {
            if self.conversations.get_mut(&id).is_some_and(|conversation| conversation.prune(now_ms)) {
                self.grown(id);
            }
        }
    }
}

impl Conversation {
    /// Whether there was something to drop. Handshakes stay: who wakes up later has to go through them.
    fn prune(&mut self, now: u64) -> bool {
        let Some(retention) = self.standing.governance.policy.retention else { return false };
        let before = now.saturating_sub(u64::from(retention.get()) * 1_000);
        let events = self.log.values().map(|logged| &logged.entry);
        let events = events.filter(|entry| entry.kind == i32::from(EntryKind::Event));
        let Some(last) = events.take_while(|event| event.received_at_ms < before).last().map(|event| event.seq) else {
            return false;
        };
        self.log.retain(|seq, logged| *seq > last || logged.entry.kind != i32::from(EntryKind::Event));
        self.pruned_seq = last;
        true
    }
}

fn standing(standing: MemberStanding) -> wire::Standing {
    match standing {
        MemberStanding::Member => wire::Standing::Member,
        MemberStanding::Requested => wire::Standing::Requested,
        // What was declined looks like what was left, with nothing to read.
        MemberStanding::Left | MemberStanding::Declined => wire::Standing::Left,
        MemberStanding::Removed => wire::Standing::Removed,
    }
}

/// The first position of the generation after one.
pub(super) fn beginning_after(generation: Generation) -> Option<GroupPosition> {
    let generation = generation.next()?;
    Some(GroupPosition { generation, epoch: sotto_proto::Epoch::FIRST })
}
