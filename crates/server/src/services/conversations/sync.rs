//! What changed since a cursor, at the cost of what changed.

use std::collections::HashMap;
use std::time::Duration;

use sotto_proto::{AccountId, ConversationId, Cursor, wire};

use super::{Conversations, fields};
use crate::clock::Timestamp;
use crate::services::cursor::Place;
use crate::services::rates::Rate;
use crate::services::{Context, Failure, items};
use crate::store::{Changes, ChangesWanted, Entry, Head, Notice, Overview, Session};

const SYNCS: Rate = Rate::per_hour("sync", 600);

const CONVERSATIONS_MAX: u32 = 500;
const ENTRIES_EACH_MAX: u32 = 100;
const ENTRIES_MAX: u32 = 4_000;
/// Bytes of entries: with Welcomes and markers a reply stays within 4 MiB and what one change needs.
const ENTRY_BYTES_MAX: usize = 2 << 20;
const WELCOMES_MAX: u32 = 60;
const MARKERS_EACH_MAX: u32 = 100;
const MARKERS_MAX: usize = 2_000;

/// Markers that were put this long before a cursor was made are told again, so that clocks of nodes may differ and be set back.
pub(in crate::services) const OVERLAP: Duration = Duration::from_mins(10);

/// What a request asks for.
struct Wanted {
    conversations: u32,
    entries: u32,
}

impl Conversations {
    pub(super) async fn changes(
        &self,
        caller: &Session,
        request: wire::SyncRequest,
    ) -> Result<wire::SyncResponse, Failure> {
        let cursor = Cursor::parse_optional("cursor", request.cursor)?;
        let limit = fields::ranged("limit", request.limit, 1, CONVERSATIONS_MAX)?;
        let entries =
            fields::ranged("entries_per_conversation", request.entries_per_conversation, 0, ENTRIES_EACH_MAX)?;
        let conversations = ENTRIES_MAX.checked_div(entries).map_or(limit, |most| limit.min(most.max(1)));
        self.context.rates.take(&SYNCS, caller.account)?;
        let place = cursor.map(|cursor| self.context.cursors.open(caller.account, &cursor)).transpose()?;
        let (now, wanted) = (self.context.now(), Wanted { conversations, entries });
        match place {
            Some(Place::Changes { after, at }) => self.since(caller, after, at, now, &wanted).await,
            Some(Place::Overview { base, at, before }) => self.overview(caller, base, at, before, &wanted).await,
            None => self.beginning(caller, now, &wanted).await,
        }
    }

    async fn since(
        &self,
        caller: &Session,
        after: u64,
        at: Timestamp,
        now: Timestamp,
        wanted: &Wanted,
    ) -> Result<wire::SyncResponse, Failure> {
        let devices = self.context.devices_served(caller).await?;
        let wanted = ChangesWanted {
            after,
            limit: wanted.conversations,
            welcomes: WELCOMES_MAX,
            entries: wanted.entries,
            max_bytes: ENTRY_BYTES_MAX,
        };
        let changes = self.context.store.changes(caller.account, &devices, wanted).await?;
        let Changes { conversations, declined, welcomes, notices, settings_change, vault_version, up_to, more } =
            changes;
        // On the way to the end, what comes next is still as old as the cursor.
        let told_at = if more { at } else { now };
        let mut conversations = self.with_markers(caller.account, conversations, at.minus(OVERLAP)).await?;
        conversations.extend(declined.iter().map(|head| change(items::declined_head(head), Vec::new())));
        let keys = notices.iter().filter(|notice| notice.notice == Notice::Keys);
        Ok(wire::SyncResponse {
            conversations,
            welcomes: welcomes.into_iter().map(items::welcome).collect(),
            accounts_changed: keys.map(|notice| notice.subject.to_wire()).collect(),
            settings_change,
            vault_version,
            next_cursor: self.context.cursors.seal(caller.account, Place::Changes { after: up_to, at: told_at }),
            more,
        })
    }

    /// The first page of all conversations, with the Welcomes that wait.
    async fn beginning(
        &self,
        caller: &Session,
        now: Timestamp,
        wanted: &Wanted,
    ) -> Result<wire::SyncResponse, Failure> {
        let overview = self.read_overview(caller, None, wanted).await?;
        let mut welcomes = Vec::new();
        for device in self.context.devices_served(caller).await? {
            welcomes.extend(self.context.store.welcomes(device, None, None, WELCOMES_MAX / 2).await?.0);
        }
        let base = overview.change;
        let mut reply = self.overview_page(caller, overview, base, now).await?;
        reply.welcomes = welcomes.into_iter().map(items::welcome).collect();
        Ok(reply)
    }

    async fn overview(
        &self,
        caller: &Session,
        base: u64,
        at: Timestamp,
        before: u64,
        wanted: &Wanted,
    ) -> Result<wire::SyncResponse, Failure> {
        let overview = self.read_overview(caller, Some(before), wanted).await?;
        self.overview_page(caller, overview, base, at).await
    }

    async fn read_overview(&self, caller: &Session, before: Option<u64>, wanted: &Wanted) -> Result<Overview, Failure> {
        let Wanted { conversations, entries } = *wanted;
        let store = &self.context.store;
        Ok(store.overview(caller.account, before, conversations, entries, ENTRY_BYTES_MAX).await?)
    }

    async fn overview_page(
        &self,
        caller: &Session,
        overview: Overview,
        base: u64,
        at: Timestamp,
    ) -> Result<wire::SyncResponse, Failure> {
        let Overview { conversations, change: _, settings_change, vault_version, more } = overview;
        let last = conversations.last().map(|(head, _)| head.change);
        let next = match last {
            Some(before) if more => Place::Overview { base, at, before },
            _ => Place::Changes { after: base, at },
        };
        Ok(wire::SyncResponse {
            conversations: self.with_markers(caller.account, conversations, Timestamp::ZERO).await?,
            settings_change,
            vault_version,
            next_cursor: self.context.cursors.seal(caller.account, next),
            more,
            ..wire::SyncResponse::default()
        })
    }

    async fn with_markers(
        &self,
        account: AccountId,
        conversations: Vec<(Head, Vec<Entry>)>,
        since: Timestamp,
    ) -> Result<Vec<wire::ConversationChange>, Failure> {
        let ids: Vec<_> = conversations.iter().map(|(head, _)| head.conversation).collect();
        let mut markers = markers_by_conversation(&self.context, account, &ids, since).await?;
        let with_markers = conversations.into_iter().map(|(head, entries)| {
            let markers = markers.remove(&head.conversation).unwrap_or_default();
            wire::ConversationChange { markers, ..change(items::head(&head), entries) }
        });
        Ok(with_markers.collect())
    }
}

/// Markers put since a time, the most recent first.
async fn markers_by_conversation(
    context: &Context,
    account: AccountId,
    ids: &[ConversationId],
    since: Timestamp,
) -> Result<HashMap<ConversationId, Vec<wire::ReadMarker>>, Failure> {
    let each = u32::try_from(MARKERS_MAX / ids.len().max(1)).unwrap_or(MARKERS_EACH_MAX);
    let markers = context.store.markers_since(account, ids, since, each.clamp(1, MARKERS_EACH_MAX)).await?;
    let mut by_conversation: HashMap<_, Vec<_>> = HashMap::new();
    for marker in markers {
        by_conversation.entry(marker.conversation).or_default().push(items::marker(marker));
    }
    Ok(by_conversation)
}

fn change(head: wire::ConversationHead, entries: Vec<Entry>) -> wire::ConversationChange {
    let entries = entries.into_iter().map(items::entry).collect();
    wire::ConversationChange { head: Some(head), entries, markers: Vec::new() }
}
