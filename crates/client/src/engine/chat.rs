//! One conversation on this device: the row that says where it stands, and the group that goes with it.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sotto_crypto::chain::ChainHead;
use sotto_crypto::mls::group::Group;
use sotto_crypto::secret::SecretVec;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationHead, ConversationId, GroupPosition, ID_LEN, Seq, Standing};

use super::step::{Mishap, Step};
use super::trouble::Trouble;
use crate::store::StoreError;

/// How this device takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// It does not have the group yet.
    Outside,
    /// It is making it.
    Founding,
    /// It holds the group.
    Member,
    /// It was a member.
    Former,
}

/// How the account stands to it, as the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// A member.
    Member,
    /// Added by a stranger, and not decided yet.
    Requested,
    /// Left by itself.
    Left,
    /// Removed by others.
    Removed,
}

#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) number: i64,
    pub(super) id: ConversationId,
    pub(super) kind: ConversationKind,
    pub(super) stand: Stand,
    pub(super) requested_by: Option<AccountId>,
    pub(super) membership: Membership,
    pub(super) server_seq: u64,
    pub(super) server_first_seq: u64,
    pub(super) server_handshake: u64,
    pub(super) server_epoch: u64,
    pub(super) server_at_ms: u64,
    /// The heads of the log before and after the stretch that was processed; none before the first entry.
    pub(super) window: Option<Window>,
    pub(super) wants_history: bool,
    pub(super) joined_by: u64,
    pub(super) vault_seq: u64,
    pub(super) vault_step: VaultStep,
    pub(super) checkpoint_version: u64,
    pub(super) generation: u32,
    pub(super) epoch: u64,
    pub(super) epoch_began_ms: u64,
    pub(super) epoch_events: u64,
    pub(super) trouble: Option<Trouble>,
    pub(super) trouble_seq: u64,
    pub(super) read_seq: u64,
    pub(super) marked_read: u64,
    pub(super) marked_delivered: u64,
    pub(super) marker_version: u64,
}

/// The stretch of a log that was processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) low: ChainHead,
    pub(super) high: ChainHead,
}

/// How far the vault device is awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VaultStep {
    /// Its last state on the server was not looked for.
    Asleep,
    /// There is none; the Welcome that it was added by was not looked for.
    NoCheckpoint,
    /// It has its group.
    Awake,
    /// It cannot be woken: it was never added.
    Absent,
}

/// Whose group of a conversation a stored one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// This device's.
    Own,
    /// This device's in the next generation, while the server has not answered.
    Next,
    /// The vault device's, while it is awake.
    Vault,
}

impl Whose {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Own => 1,
            Self::Next => 2,
            Self::Vault => 3,
        }
    }
}

impl Chat {
    pub(super) fn load(db: &Connection, id: ConversationId) -> Result<Option<Self>, StoreError> {
        Ok(db.prepare_cached(SELECT_ONE)?.query_row([id.as_bytes()], Self::read).optional()?)
    }

    pub(super) fn all(db: &Connection) -> Result<Vec<Self>, StoreError> {
        Ok(db.prepare_cached(SELECT_ALL)?.query_map([], Self::read)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn new(number: i64, id: ConversationId, kind: ConversationKind, membership: Membership) -> Self {
        Self {
            number,
            id,
            kind,
            stand: Stand::Member,
            requested_by: None,
            membership,
            server_seq: 0,
            server_first_seq: 1,
            server_handshake: 0,
            server_epoch: 0,
            server_at_ms: 0,
            window: None,
            wants_history: false,
            joined_by: 0,
            vault_seq: 0,
            vault_step: VaultStep::Asleep,
            checkpoint_version: 0,
            generation: 1,
            epoch: 0,
            epoch_began_ms: 0,
            epoch_events: 0,
            trouble: None,
            trouble_seq: 0,
            read_seq: 0,
            marked_read: 0,
            marked_delivered: 0,
            marker_version: 0,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let columns = &mut Columns { row, next: 0 };
        Ok(Self {
            id: ConversationId::from_bytes(columns.get::<[u8; ID_LEN]>()?),
            number: columns.get()?,
            kind: ConversationKind::try_from(columns.get::<i32>()?).unwrap_or_default(),
            stand: match columns.get()? {
                1 => Stand::Member,
                2 => Stand::Requested,
                3 => Stand::Left,
                _ => Stand::Removed,
            },
            requested_by: columns.get::<Option<[u8; ID_LEN]>>()?.map(AccountId::from_bytes),
            membership: match columns.get()? {
                0 => Membership::Outside,
                1 => Membership::Founding,
                2 => Membership::Member,
                _ => Membership::Former,
            },
            server_seq: columns.get()?,
            server_first_seq: columns.get()?,
            server_handshake: columns.get()?,
            server_at_ms: columns.get()?,
            window: {
                let (low, high) = (columns.head()?, columns.head()?);
                low.zip(high).map(|(low, high)| Window { low, high })
            },
            wants_history: columns.get()?,
            joined_by: columns.get()?,
            vault_seq: columns.get()?,
            vault_step: match columns.get()? {
                0 => VaultStep::Asleep,
                1 => VaultStep::NoCheckpoint,
                2 => VaultStep::Awake,
                _ => VaultStep::Absent,
            },
            checkpoint_version: columns.get()?,
            generation: columns.get()?,
            epoch: columns.get()?,
            epoch_began_ms: columns.get()?,
            epoch_events: columns.get()?,
            trouble: Trouble::from_number(columns.get()?),
            trouble_seq: columns.get()?,
            read_seq: columns.get()?,
            marked_read: columns.get()?,
            marked_delivered: columns.get()?,
            marker_version: columns.get()?,
            server_epoch: columns.get()?,
        })
    }

    pub(super) fn save(&self, db: &Connection) -> Result<(), StoreError> {
        let stand = match self.stand {
            Stand::Member => 1,
            Stand::Requested => 2,
            Stand::Left => 3,
            Stand::Removed => 4,
        };
        let membership = match self.membership {
            Membership::Outside => 0,
            Membership::Founding => 1,
            Membership::Member => 2,
            Membership::Former => 3,
        };
        let vault_step = match self.vault_step {
            VaultStep::Asleep => 0,
            VaultStep::NoCheckpoint => 1,
            VaultStep::Awake => 2,
            VaultStep::Absent => 3,
        };
        let (low, high) = (self.window.map(|window| window.low), self.window.map(|window| window.high));
        db.prepare_cached(SAVE)?.execute(params![
            self.number,
            i32::from(self.kind),
            stand,
            self.requested_by.map(|account| *account.as_bytes()),
            membership,
            self.server_seq,
            self.server_first_seq,
            self.server_handshake,
            self.server_at_ms,
            low.map_or(0, |head| head.seq()),
            low.map(|head| *head.hash()),
            high.map_or(0, |head| head.seq()),
            high.map(|head| *head.hash()),
            self.wants_history,
            self.joined_by,
            self.vault_seq,
            vault_step,
            self.checkpoint_version,
            self.generation,
            self.epoch,
            self.epoch_began_ms,
            self.epoch_events,
            self.trouble.map_or(0, Trouble::number),
            self.trouble_seq,
            self.read_seq,
            self.marked_read,
            self.marked_delivered,
            self.marker_version,
            self.server_epoch,
        ])?;
        Ok(())
    }

    pub(super) fn stored_group(&self, db: &Connection, whose: Whose) -> Result<Option<Group>, StoreError> {
        let state: Option<Vec<u8>> = db
            .prepare_cached("SELECT state FROM groups WHERE conversation = ?1 AND whose = ?2")?
            .query_row(params![self.number, whose.number()], |row| row.get(0))
            .optional()?;
        let restored = state.map(|state| Group::restore(&SecretVec::new(state))).transpose();
        restored.map_err(|_| StoreError::Contradiction("groups.state"))
    }

    /// The last entry that was processed.
    pub(super) fn high_seq(&self) -> u64 {
        self.window.map_or(0, |window| window.high.seq())
    }

    /// Whether the server has entries that were not processed here.
    pub(super) fn is_behind(&self) -> bool {
        self.server_seq > self.high_seq()
    }

    /// Takes over where the server says the conversation stands.
    pub(super) fn take_head(&mut self, head: &ConversationHead) {
        // A reply that was overtaken by the end of the membership knows nothing of it.
        if self.is_over() && head.last_seq.map_or(0, Seq::get) < self.server_seq {
            return;
        }
        self.come_back(head);
        (self.stand, self.requested_by) = match head.standing {
            Standing::Member(_) => (Stand::Member, None),
            Standing::Requested { by, .. } => (Stand::Requested, Some(by)),
            Standing::Left => (Stand::Left, None),
            Standing::Removed => (Stand::Removed, None),
        };
        // A reply that was overtaken tells of an earlier time. Whether the log became shorter, only one to a later call can tell.
        let last = head.last_seq.map_or(0, Seq::get);
        let is_shorter = last < self.high_seq() && self.stand == Stand::Member && self.trouble.is_none();
        self.server_seq = if is_shorter { self.high_seq() + 1 } else { last.max(self.high_seq()) };
        self.server_first_seq = head.first_seq.get();
        self.server_epoch = head.position.epoch.get();
        self.server_handshake = head.last_handshake_seq.map_or(0, Seq::get);
        self.server_at_ms = head.last_at_ms;
    }
}

impl Chat {
    /// Whether the account is out.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stand, Stand::Left | Stand::Removed)
    }

    /// Begins another stay, if the server says that one has begun after all that is known here. What was read in an earlier one stays.
    pub(super) fn come_back(&mut self, head: &ConversationHead) {
        let is_in = matches!(head.standing, Standing::Member(_) | Standing::Requested { .. });
        let known = self.high_seq().max(self.server_seq);
        if self.membership == Membership::Former && is_in && head.last_seq.map_or(0, Seq::get) > known {
            self.begin_again();
        }
    }

    /// What was read stays; what comes is not joined to it.
    pub(super) fn begin_again(&mut self) {
        (self.membership, self.vault_step, self.window) = (Membership::Outside, VaultStep::Asleep, None);
        self.joined_by = 0;
    }

    /// What lies before a place can be read now, and was passed over if it was looked at before.
    pub(super) fn look_back_from(&mut self, place: Option<ChainHead>) {
        if let (Some(window), Some(place)) = (self.window.as_mut(), place) {
            if place.seq() > window.low.seq() {
                window.low = place;
            }
            self.wants_history = true;
        }
    }

    /// Looks at the head in the reply to a call that asked for what follows an entry which was known then.
    pub(super) fn compare_with_asked(&mut self, head: &ConversationHead, known: u64) {
        let last = head.last_seq.map_or(0, Seq::get);
        if last < known && self.stand == Stand::Member && self.trouble.is_none() {
            (self.trouble, self.trouble_seq) = (Some(Trouble::LogTruncated), last);
            self.server_seq = self.high_seq();
        }
    }
}

/// The columns of a row, one after the other: looking for each by its name costs more than reading it.
struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl Columns<'_> {
    fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn head(&mut self) -> rusqlite::Result<Option<ChainHead>> {
        let (seq, hash) = (self.get()?, self.get::<Option<[u8; 32]>>()?);
        Ok(hash.map(|hash| ChainHead::from_parts(seq, hash)))
    }
}

impl Step<'_, '_> {
    pub(super) fn chat(&self, id: ConversationId) -> Result<Option<Chat>, StoreError> {
        Chat::load(self.db, id)
    }

    /// The conversation, made if it was not known.
    pub(super) fn chat_or_new(&mut self, id: ConversationId, kind: ConversationKind) -> Result<Chat, StoreError> {
        if let Some(chat) = self.chat(id)? {
            return Ok(chat);
        }
        let number = crate::history::number_of(self.db, id)?;
        Ok(Chat::new(number, id, kind, Membership::Outside))
    }

    /// Takes the group out of memory or the store. It is put back with [`Step::put_group`], changed or not.
    pub(super) fn take_group(&mut self, chat: &Chat) -> Result<Option<Group>, Mishap> {
        if let Some(group) = self.memory.groups.remove(&chat.id) {
            return Ok(Some(group));
        }
        Ok(self.stored_group(chat, Whose::Own)?)
    }

    /// Keeps the group for the next time without writing it: it did not change.
    pub(super) fn return_group(&mut self, chat: &Chat, group: Group) {
        if self.memory.groups.len() >= GROUPS_IN_MEMORY {
            self.memory.groups.pop_first();
        }
        self.memory.groups.insert(chat.id, group);
    }

    pub(super) fn put_group(&mut self, chat: &Chat, mut group: Group) -> Result<(), Mishap> {
        self.store_group(chat, Whose::Own, &mut group)?;
        self.return_group(chat, group);
        Ok(())
    }

    pub(super) fn vault_group(&self, chat: &Chat) -> Result<Option<Group>, Mishap> {
        Ok(self.stored_group(chat, Whose::Vault)?)
    }

    pub(super) fn put_vault_group(&mut self, chat: &Chat, group: &mut Group) -> Result<(), Mishap> {
        self.store_group(chat, Whose::Vault, group)
    }

    pub(super) fn stored_group(&self, chat: &Chat, whose: Whose) -> Result<Option<Group>, StoreError> {
        chat.stored_group(self.db, whose)
    }

    pub(super) fn store_group(&mut self, chat: &Chat, whose: Whose, group: &mut Group) -> Result<(), Mishap> {
        let state = group.snapshot()?;
        self.db
            .prepare_cached(
                "INSERT INTO groups (conversation, whose, state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (conversation, whose) DO UPDATE SET state = ?3",
            )?
            .execute(params![chat.number, whose.number(), state.expose_secret()])?;
        Ok(())
    }

    pub(super) fn forget_group(&mut self, chat: &Chat, whose: Whose) -> Result<(), Mishap> {
        self.db
            .prepare_cached("DELETE FROM groups WHERE conversation = ?1 AND whose = ?2")?
            .execute(params![chat.number, whose.number()])?;
        Ok(())
    }
}

/// Where a group stands. The generation is what its members agreed on.
pub(super) fn position_of(group: &Group) -> Result<GroupPosition, Mishap> {
    let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
    let generation = sotto_proto::Generation::new(standing.governance.generation).ok_or(Mishap::Bad("generation"))?;
    let epoch = sotto_proto::Epoch::new(group.epoch()).ok_or(Mishap::Bad("epoch"))?;
    Ok(GroupPosition { generation, epoch })
}

/// Groups are a few kilobytes to some megabytes each.
const GROUPS_IN_MEMORY: usize = 32;

/// The columns in the order in which they are read and written. The states of groups are read apart: they are large.
macro_rules! columns {
    () => {
        "conversation, kind, standing, requested_by, membership, server_seq, server_first_seq, server_handshake, server_at_ms,
         low_seq, low_hash, high_seq, high_hash, wants_history, joined_by, vault_seq, vault_step, checkpoint_version, generation,
         epoch, epoch_began_ms, epoch_events, trouble, trouble_seq, read_seq, marked_read, marked_delivered, marker_version,
         server_epoch"
    };
}
const SELECT_ONE: &str =
    concat!("SELECT id, ", columns!(), " FROM chats JOIN conversations ON number = conversation WHERE id = ?1");
const SELECT_ALL: &str = concat!(
    "SELECT id, ",
    columns!(),
    " FROM chats JOIN conversations ON number = conversation ORDER BY server_at_ms DESC"
);
const SAVE: &str = concat!(
    "INSERT INTO chats (",
    columns!(),
    ")
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
      ?25, ?26, ?27, ?28, ?29)
    ON CONFLICT (conversation) DO UPDATE SET kind = ?2, standing = ?3, requested_by = ?4, membership = ?5, server_seq = ?6,
      server_first_seq = ?7, server_handshake = ?8, server_at_ms = ?9, low_seq = ?10, low_hash = ?11, high_seq = ?12,
      high_hash = ?13, wants_history = ?14, joined_by = ?15, vault_seq = ?16, vault_step = ?17, checkpoint_version = ?18,
      generation = ?19, epoch = ?20, epoch_began_ms = ?21, epoch_events = ?22, trouble = ?23, trouble_seq = ?24, read_seq = ?25,
      marked_read = ?26, marked_delivered = ?27, marker_version = ?28, server_epoch = ?29"
);
