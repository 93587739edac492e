//! Who is in a conversation: what every message asks, so that no message has to ask the store.
//!
//! Membership is a function of the group's position, but for leaving, accepting and declining, after which the roster is
//! forgotten on every node. An entry for another position than a roster's has it read anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sotto_proto::{AccountId, ConversationId, GroupPosition};

use crate::services::Failure;
use crate::services::groups::{Group, Groups};
use crate::services::recent::Recent;
use crate::store::{Member, Standing, Store};

/// The members of a conversation at a position.
#[derive(Debug)]
pub(in crate::services) struct Roster {
    pub(in crate::services) position: GroupPosition,
    /// In the order of accounts.
    members: Box<[Seat]>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(in crate::services) struct Seat {
    pub(in crate::services) account: AccountId,
    /// First entry that it may read.
    pub(super) joined_seq: u64,
    /// Whether entries are delivered to it: not to one that was added by a stranger and has not accepted.
    pub(in crate::services) listens: bool,
    /// Whether its role may post.
    pub(in crate::services) posts: bool,
}

impl Roster {
    fn new(group: &Group, members: &[Member]) -> Self {
        let seat = |member: &Member| {
            // Whoever is not in the group at this position came or went at another one, and has it read anew.
            group.standing.accounts.contains_key(&member.account).then(|| Seat {
                account: member.account,
                joined_seq: member.joined_seq,
                listens: member.standing == Standing::Member,
                posts: group.standing.may_post(&member.account),
            })
        };
        let mut members: Box<[Seat]> = members.iter().filter_map(seat).collect();
        members.sort_unstable_by_key(|seat| seat.account);
        Self { position: group.position, members }
    }

    pub(in crate::services) fn seat(&self, account: AccountId) -> Option<&Seat> {
        let index = self.members.binary_search_by_key(&account, |seat| seat.account).ok()?;
        self.members.get(index)
    }

    pub(in crate::services) fn members(&self) -> &[Seat] {
        &self.members
    }

    pub(super) fn listeners(&self) -> impl Iterator<Item = &Seat> {
        self.members.iter().filter(|seat| seat.listens)
    }
}

pub(in crate::services) struct Rosters {
    store: Arc<dyn Store>,
    groups: Arc<Groups>,
    known: Mutex<Known>,
}

struct Known {
    rosters: Recent<ConversationId, Arc<Roster>>,
    /// How often something was forgotten: what was read before that may be out of date.
    forgotten: u64,
}

impl Rosters {
    pub(super) fn new(store: Arc<dyn Store>, groups: Arc<Groups>) -> Self {
        Self { store, groups, known: Mutex::new(Known { rosters: Recent::new(SEATS_KNOWN), forgotten: 0 }) }
    }

    /// The roster, if it is known and not from before `position`.
    pub(in crate::services) fn known_at(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Option<Arc<Roster>> {
        self.known().rosters.get(&conversation).filter(|roster| roster.position >= position)
    }

    /// The roster, read if it must be; not from before `position` as far as the store has got there.
    pub(in crate::services) async fn at(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Result<Arc<Roster>, Failure> {
        match self.known_at(conversation, position) {
            Some(roster) => Ok(roster),
            None => self.read(conversation, position).await,
        }
    }

    /// The roster as of any time.
    pub(super) async fn some(&self, conversation: ConversationId) -> Result<Arc<Roster>, Failure> {
        self.at(conversation, BEGINNING).await
    }

    pub(super) fn forget(&self, conversation: ConversationId) {
        let mut known = self.known();
        known.forgotten += 1;
        known.rosters.remove(&conversation);
    }

    pub(super) fn forget_all(&self) {
        let mut known = self.known();
        known.forgotten += 1;
        known.rosters.clear();
    }

    async fn read(&self, conversation: ConversationId, position: GroupPosition) -> Result<Arc<Roster>, Failure> {
        let forgotten = self.known().forgotten;
        let group = self.groups.at(conversation, position).await?;
        let members = self.store.members(conversation).await?;
        let roster = Arc::new(Roster::new(&group, &members));
        let mut known = self.known();
        if known.forgotten == forgotten {
            known.rosters.put(conversation, roster.clone(), 1 + roster.members.len());
        }
        Ok(roster)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Before every position.
const BEGINNING: GroupPosition =
    GroupPosition { generation: sotto_proto::Generation::FIRST, epoch: sotto_proto::Epoch::FIRST };
/// Members of all rosters that are known; one takes about 40 bytes.
const SEATS_KNOWN: usize = 500_000;
