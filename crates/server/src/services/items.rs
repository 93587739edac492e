//! What the store keeps, as the contract has it.

use bytes::Bytes;
use prost::Message as _;
use sotto_proto::wire::{self, subscribe_response::Item};
use sotto_proto::{AccountId, ConversationId};

use crate::store::{AccountNotice, Audience, Entry, EntryKind, Head, Kind, Marker, Notice, Role, Standing, Welcome};

pub(super) fn head(head: &Head) -> wire::ConversationHead {
    let is_in = matches!(head.standing, Standing::Member | Standing::Requested);
    let role = if is_in { role(head.role) } else { wire::Role::Unspecified };
    let requested_by = head.requested_by.filter(|_| head.standing == Standing::Requested);
    wire::ConversationHead {
        conversation_id: head.conversation.to_wire(),
        kind: kind(head.kind).into(),
        standing: standing(head.standing).into(),
        role: role.into(),
        generation: head.position.generation.get(),
        epoch: head.position.epoch.get(),
        first_seq: head.first_seq,
        last_seq: if head.last_seq < head.first_seq { 0 } else { head.last_seq },
        last_at_ms: head.last_at.unix_millis(),
        last_handshake_seq: head.last_handshake_seq,
        requested_by: requested_by.map_or_else(Bytes::new, AccountId::to_wire),
    }
}

/// A conversation that the account declined: nothing of it is left to read.
pub(super) fn declined_head(declined: &Head) -> wire::ConversationHead {
    head(&Head { standing: Standing::Left, last_seq: 0, last_handshake_seq: 0, ..declined.clone() })
}

pub(super) fn entry(entry: Entry) -> wire::LogEntry {
    let (kind, event_id) = match entry.kind {
        EntryKind::Commit => (wire::EntryKind::Commit, Bytes::new()),
        EntryKind::Proposal => (wire::EntryKind::Proposal, Bytes::new()),
        EntryKind::Event(id) => (wire::EntryKind::Event, id.to_wire()),
        EntryKind::Generation => (wire::EntryKind::Generation, Bytes::new()),
    };
    wire::LogEntry {
        seq: entry.seq,
        kind: kind.into(),
        generation: entry.position.generation.get(),
        epoch: entry.position.epoch.get(),
        event_id,
        body: entry.body.into(),
        received_at_ms: entry.received_at.unix_millis(),
    }
}

pub(super) fn welcome(welcome: Welcome) -> wire::WaitingWelcome {
    wire::WaitingWelcome {
        welcome_id: welcome.id.to_wire(),
        device_id: welcome.device.to_wire(),
        conversation_id: welcome.conversation.to_wire(),
        generation: welcome.position.generation.get(),
        epoch: welcome.position.epoch.get(),
        commit_seq: welcome.commit_seq,
        welcome: welcome.welcome.into(),
        sealed_private: welcome.sealed_private.into(),
    }
}

pub(super) fn marker(marker: Marker) -> wire::ReadMarker {
    let audience = match marker.audience {
        Audience::Members => wire::MarkerAudience::Members,
        Audience::OwnDevices => wire::MarkerAudience::OwnDevices,
    };
    wire::ReadMarker {
        conversation_id: marker.conversation.to_wire(),
        account_id: marker.account.to_wire(),
        audience: audience.into(),
        version: marker.version.get(),
        generation: marker.generation,
        epoch: marker.epoch,
        sealed: marker.sealed.into(),
    }
}

pub(super) fn notice(notice: AccountNotice) -> wire::AccountNotice {
    use wire::AccountNoticeKind as Kind;
    let kind = match notice.notice {
        Notice::Keys => Kind::Keys,
        Notice::Sessions => Kind::Sessions,
        Notice::Login => Kind::Login,
        Notice::Vault => Kind::Vault,
        Notice::Reset => Kind::Reset,
        Notice::RefreshReused => Kind::RefreshReused,
        Notice::Administration => Kind::Administration,
    };
    wire::AccountNotice { kind: kind.into(), account_id: notice.subject.to_wire(), version: notice.version }
}

/// An item of the stream that leaves its cursor where it was.
pub(super) fn item(item: Item) -> wire::SubscribeResponse {
    wire::SubscribeResponse { cursor: Bytes::new(), item: Some(item) }
}

/// An item, encoded once for all who get it.
pub(super) fn encoded(what: Item) -> Bytes {
    item(what).encode_to_vec().into()
}

/// An entry as an item, encoded once for all who get it.
pub(super) fn encoded_entry(conversation: ConversationId, entry: wire::LogEntry) -> Bytes {
    let entry = wire::StreamEntry { conversation_id: conversation.to_wire(), entry: Some(entry) };
    item(Item::Entry(entry)).encode_to_vec().into()
}

fn kind(kind: Kind) -> wire::ConversationKind {
    match kind {
        Kind::Direct(..) => wire::ConversationKind::Direct,
        Kind::Group => wire::ConversationKind::Group,
        Kind::Saved(_) => wire::ConversationKind::Saved,
    }
}

fn standing(standing: Standing) -> wire::Standing {
    match standing {
        Standing::Member => wire::Standing::Member,
        Standing::Requested => wire::Standing::Requested,
        Standing::Left => wire::Standing::Left,
        Standing::Removed => wire::Standing::Removed,
    }
}

fn role(role: Role) -> wire::Role {
    match role {
        Role::Member => wire::Role::Member,
        Role::Admin => wire::Role::Admin,
        Role::Owner => wire::Role::Owner,
    }
}
