//! What changed for an account since a cursor.

use bytes::Bytes;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Cursor, DeviceId};

use super::conversation::{Conversation, Member, MemberStanding};
use super::fields;
use super::gate::Session;
use super::{Fault, MINUTE, Model, Moment};

const CONVERSATIONS_MAX: u32 = 500;
const ENTRIES_EACH_MAX: u32 = 100;
const ENTRIES_MAX: u32 = 4_000;
const WELCOMES_MAX: usize = 60;
const MARKERS_MAX: usize = 100;

/// Markers that were put this long before a cursor was made are told again, so that clocks may differ and be set back.
pub(super) const OVERLAP: u64 = 10 * MINUTE;

/// Where an account's device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything up to a change number is told.
    Changes { after: u64, at: u64 },
    /// On the way through all conversations, the most recently changed first.
    Overview { base: u64, at: u64, before: u64 },
}

/// A page of what changed for an account.
pub(super) struct Changes<'a> {
    /// In the order of their change; those that are gone for the account come last.
    pub(super) conversations: Vec<(&'a Conversation, &'a Member)>,
    pub(super) welcomes: Vec<wire::WaitingWelcome>,
    pub(super) notices: Vec<wire::AccountNotice>,
    /// Everything up to this number is told.
    pub(super) up_to: u64,
    pub(super) more: bool,
}

impl Model {
    pub(super) fn sync(
        &mut self,
        caller: &Session,
        request: wire::SyncRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::SyncResponse, Fault> {
        let cursor = Cursor::parse_optional("cursor", request.cursor)?;
        let limit = fields::ranged("limit", request.limit, 1, CONVERSATIONS_MAX)?;
        let entries =
            fields::ranged("entries_per_conversation", request.entries_per_conversation, 0, ENTRIES_EACH_MAX)?;
        let limit = ENTRIES_MAX.checked_div(entries).map_or(limit, |most| limit.min(most.max(1))) as usize;
        let place = cursor.map(|cursor| Place::read(caller.account, cursor.as_bytes())).transpose()?;
        match place {
            Some(Place::Changes { after, at: since }) => self.since(caller, (after, since), at.now, limit, entries),
            Some(Place::Overview { base, at: since, before }) => {
                self.overview(caller, Some((base, since, before)), at.now, limit, entries)
            }
            None => self.overview(caller, None, at.now, limit, entries),
        }
    }

    /// A page of what changed after a number.
    pub(super) fn changes(
        &self,
        id: AccountId,
        devices: &[DeviceId],
        after: u64,
        limit: usize,
    ) -> Result<Changes<'_>, Fault> {
        let account = self.account(id)?;
        if after > account.change {
            return Err(ErrorCode::CursorExpired.into());
        }
        let mut heads = self.memberships(id);
        heads.retain(|(_, member)| member.change > after);
        heads.sort_by_key(|(_, member)| member.change);
        let served = |welcome: &&super::account::Welcome| {
            devices.iter().any(|device| welcome.message.device_id == device.to_wire())
        };
        let welcomes = account.welcomes.iter().filter(|welcome| welcome.change > after);
        let welcomes: Vec<_> = welcomes.filter(served).collect();
        let notices = account.notices_after(after);
        // Every list is complete up to its own last change: what lies beyond the shortest of them is for the next page.
        let most_welcomes = WELCOMES_MAX + devices.len();
        let ends = [
            heads.get(limit - 1).map(|(_, member)| member.change),
            // One commit's Welcomes have one number: the last number may be cut, those before are not.
            welcomes.get(most_welcomes).map(|welcome| welcome.change - 1),
            notices.get(limit - 1).map(|(change, _)| *change),
        ];
        let up_to = ends.into_iter().flatten().fold(account.change, u64::min);
        heads.retain(|(_, member)| member.change <= up_to);
        heads.sort_by_key(|(_, member)| member.standing == MemberStanding::Declined);
        let welcomes = welcomes.into_iter().filter(|welcome| welcome.change <= up_to);
        let notices = notices.into_iter().filter(|(change, _)| *change <= up_to);
        Ok(Changes {
            conversations: heads,
            welcomes: welcomes.map(|welcome| welcome.message.clone()).collect(),
            notices: notices.map(|(_, notice)| notice).collect(),
            up_to,
            more: up_to < account.change,
        })
    }

    fn since(
        &self,
        caller: &Session,
        (after, since): (u64, u64),
        now: u64,
        limit: usize,
        entries: u32,
    ) -> Result<wire::SyncResponse, Fault> {
        let account = self.account(caller.account)?;
        let changes = self.changes(caller.account, &account.devices_served(caller.device), after, limit)?;
        let markers_since = since.saturating_sub(OVERLAP);
        let conversations = changes.conversations.iter();
        let conversations =
            conversations.map(|(talk, member)| change(talk, member, caller.account, markers_since, entries));
        let keys = i32::from(wire::AccountNoticeKind::Keys);
        let about_keys = changes.notices.iter().filter(|notice| notice.kind == keys);
        // On the way to the end, what comes next is still as old as the cursor.
        let told_at = if changes.more { since } else { now };
        Ok(wire::SyncResponse {
            conversations: conversations.collect(),
            accounts_changed: about_keys.map(|notice| notice.account_id.clone()).collect(),
            settings_change: account.settings_change,
            vault_version: account.vault.version,
            next_cursor: Place::Changes { after: changes.up_to, at: told_at }.write(caller.account),
            more: changes.more,
            welcomes: changes.welcomes,
        })
    }

    /// A page of all conversations; the first comes with the Welcomes that wait.
    fn overview(
        &self,
        caller: &Session,
        place: Option<(u64, u64, u64)>,
        now: u64,
        limit: usize,
        entries: u32,
    ) -> Result<wire::SyncResponse, Fault> {
        let account = self.account(caller.account)?;
        let (base, at, before) = place.unwrap_or((account.change, now, u64::MAX));
        let mut heads = self.memberships(caller.account);
        heads.retain(|(_, member)| member.change < before && member.standing != MemberStanding::Declined);
        heads.sort_by_key(|(_, member)| std::cmp::Reverse(member.change));
        let more = heads.len() > limit;
        heads.truncate(limit);
        let last = heads.last().map(|(_, member)| member.change);
        let next = match last {
            Some(before) if more => Place::Overview { base, at, before },
            _ => Place::Changes { after: base, at },
        };
        let served = account.devices_served(caller.device);
        let waiting = account.welcomes.iter().map(|waiting| &waiting.message);
        let waiting = waiting.filter(|welcome| served.iter().any(|device| device.to_wire() == welcome.device_id));
        let most_welcomes = if place.is_none() { WELCOMES_MAX } else { 0 };
        let conversations = heads.iter();
        Ok(wire::SyncResponse {
            conversations: conversations
                .map(|(talk, member)| change(talk, member, caller.account, 0, entries))
                .collect(),
            welcomes: waiting.take(most_welcomes).cloned().collect(),
            settings_change: account.settings_change,
            vault_version: account.vault.version,
            next_cursor: next.write(caller.account),
            more,
            accounts_changed: Vec::new(),
        })
    }

    fn memberships(&self, account: AccountId) -> Vec<(&Conversation, &Member)> {
        let membership = |conversation| Some((conversation, Conversation::members_of(conversation, account)?));
        self.conversations.values().filter_map(membership).collect()
    }
}

impl Conversation {
    fn members_of(&self, account: AccountId) -> Option<&Member> {
        self.members.get(&account)
    }

    /// The newest entries that a member may read, ascending, without holes among them.
    pub(super) fn newest(&self, member: &Member, most: u32) -> Vec<wire::LogEntry> {
        if member.standing == MemberStanding::Declined {
            return Vec::new();
        }
        let (first, last) = self.readable(member);
        let low = first.max((last + 1).saturating_sub(most.into()));
        let entries = self.log.range(low..).take_while(|(seq, _)| **seq <= last);
        entries.map(|(_, logged)| logged.entry.clone()).collect()
    }
}

fn change(
    conversation: &Conversation,
    member: &Member,
    account: AccountId,
    markers_since: u64,
    entries: u32,
) -> wire::ConversationChange {
    wire::ConversationChange {
        head: Some(conversation.head(member)),
        entries: conversation.newest(member, entries),
        markers: conversation.markers_for(account, markers_since, MARKERS_MAX),
    }
}

impl Place {
    /// A model's cursors need not be sealed: who they are for and what they say is enough to recognise what is none.
    pub(super) fn write(self, account: AccountId) -> Bytes {
        let (kind, numbers) = match self {
            Self::Changes { after, at } => (CHANGES, [after, at, 0]),
            Self::Overview { base, at, before } => (OVERVIEW, [base, at, before]),
        };
        let numbers = numbers.map(u64::to_be_bytes).concat();
        [&[kind][..], account.as_bytes(), &numbers].concat().into()
    }

    pub(super) fn read(account: AccountId, bytes: &[u8]) -> Result<Self, Fault> {
        Self::parse(account, bytes).ok_or_else(|| ErrorCode::CursorExpired.into())
    }

    fn parse(account: AccountId, bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let numbers = rest.strip_prefix(account.as_bytes())?;
        let number = |index: usize| Some(u64::from_be_bytes(numbers.get(index * 8..index * 8 + 8)?.try_into().ok()?));
        let (first, at, before) = (number(0)?, number(1)?, number(2)?);
        match (*kind, numbers.len()) {
            (CHANGES, 24) => Some(Self::Changes { after: first, at }),
            (OVERVIEW, 24) => Some(Self::Overview { base: first, at, before }),
            _ => None,
        }
    }
}

const CHANGES: u8 = 1;
const OVERVIEW: u8 = 2;
