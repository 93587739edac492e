//! What every handshake does to a conversation: entries, position, group, members and Welcomes in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use sotto_crypto::chain::{Entry, EntryHash};
use sotto_proto::{AccountId, ConversationId, Epoch, GroupPosition, limits};

use super::append::{LogEnd, end};
use super::connection::Connection;
use super::log::{COMMIT, GENERATION, NewHandshake, PROPOSAL, insert_handshake};
use super::next_change;
use super::removal::note_revoked;
use super::value::args;
use crate::clock::Timestamp;
use crate::store::{Counted, GroupState, MemberChange, NewWelcome, Opening, Receipt, Refusal, Role, Stand, StoreError};

/// A conversation whose lock is held, on its way to its next state.
pub(super) struct Group {
    id: ConversationId,
    end: LogEnd,
    last_handshake_seq: u64,
    at: Timestamp,
    /// Change numbers given in this transaction; each account gets one.
    changes: BTreeMap<AccountId, u64>,
}

impl Group {
    /// Locks a conversation.
    pub(super) async fn lock(tx: &mut Connection, id: ConversationId, at: Timestamp) -> Result<Self, StoreError> {
        let sql = "SELECT id, generation, epoch, last_seq, chain, last_at, last_handshake_seq FROM conversations WHERE id = $1";
        let row = tx.locked_row(sql, args![&id]).await?.ok_or(Refusal::NotFound)?;
        Ok(Self { id, end: end(&row)?, last_handshake_seq: row.number(6)?, at, changes: BTreeMap::new() })
    }

    /// Compare-and-set: only from here does the next handshake go on.
    pub(super) fn expect(&self, position: GroupPosition, judged_after: Option<u64>) -> Result<(), Refusal> {
        if self.end.position == position && judged_after.is_none_or(|seq| seq == self.last_handshake_seq) {
            return Ok(());
        }
        Err(Refusal::EpochConflict(Stand { position: self.end.position, last_seq: self.end.chain.seq() }))
    }

    pub(super) fn position(&self) -> GroupPosition {
        self.end.position
    }

    pub(super) fn receipt(&self) -> Receipt {
        Receipt { seq: self.end.chain.seq(), position: self.end.position, received_at: self.at }
    }

    /// Begins a generation: its group info, then the commit that adds the others.
    pub(super) async fn open(
        &mut self,
        tx: &mut Connection,
        position: GroupPosition,
        opening: &Opening,
    ) -> Result<(), StoreError> {
        self.end.position = position;
        self.take(tx, Entry::Generation(&opening.group_info)).await?;
        let sql = "INSERT INTO beginnings (conversation, snapshot) VALUES ($1, $2)
                   ON CONFLICT (conversation) DO UPDATE SET snapshot = excluded.snapshot";
        tx.run(sql, args![&self.id, &opening.beginning]).await?;
        if let Some(commit) = &opening.commit {
            self.take(tx, Entry::Commit(commit)).await?;
        }
        self.settle(tx, &opening.state, &opening.members, &opening.welcomes).await
    }

    /// Numbers a handshake. A commit ends the epoch.
    pub(super) async fn take(&mut self, tx: &mut Connection, entry: Entry<'_>) -> Result<(), StoreError> {
        let GroupPosition { generation, epoch } = self.end.position;
        let hash = EntryHash::of(generation.get(), epoch.get(), &entry);
        let chain = self.end.chain.extended_by(&hash).ok_or(Refusal::NotApplicable)?;
        let (kind, body) = match entry {
            Entry::Commit(body) => (COMMIT, body),
            Entry::Proposal(body) => (PROPOSAL, body),
            Entry::Generation(body) => (GENERATION, body),
            Entry::Event(..) => return Err(Refusal::NotApplicable.into()),
        };
        let entry = NewHandshake {
            conversation: self.id,
            seq: chain.seq(),
            kind,
            position: self.end.position,
            body,
            chain_before: *self.end.chain.hash(),
            at: self.at,
        };
        insert_handshake(tx, entry).await?;
        self.end.chain = chain;
        if kind == COMMIT {
            self.end.position.epoch = self.end.position.epoch.next().ok_or(Refusal::NotApplicable)?;
        }
        Ok(())
    }

    /// Projects what the handshakes did, and writes where the conversation stands.
    pub(super) async fn settle(
        &mut self,
        tx: &mut Connection,
        state: &GroupState,
        members: &[MemberChange],
        welcomes: &[NewWelcome],
    ) -> Result<(), StoreError> {
        self.write_end(tx, &state.observer).await?;
        self.number_changes(tx, members, welcomes).await?;
        for member in members {
            self.change_member(tx, *member).await?;
        }
        self.check_members(tx).await?;
        for welcome in welcomes {
            self.deliver(tx, welcome).await?;
        }
        let sql = "UPDATE conversations SET retention = $2 WHERE id = $1";
        tx.run(sql, args![&self.id, state.retention]).await?;
        note_revoked(tx, self.id, &state.added).await?;
        self.keep_tree(tx, &state.tree).await
    }

    /// Writes the end of the log and the validated view.
    pub(super) async fn write_end(&self, tx: &mut Connection, observer: &[u8]) -> Result<(), StoreError> {
        let LogEnd { position, chain, .. } = self.end;
        tx.run(
            "UPDATE conversations SET generation = $2, epoch = $3, last_seq = $4, last_handshake_seq = $4, last_at = $5,
             chain = $6, untold = 1 WHERE id = $1",
            args![&self.id, position.generation, position.epoch, chain.seq(), self.at, chain.hash()],
        )
        .await?;
        let sql = "INSERT INTO observers (conversation, snapshot) VALUES ($1, $2)
                   ON CONFLICT (conversation) DO UPDATE SET snapshot = excluded.snapshot";
        tx.run(sql, args![&self.id, observer]).await.map(drop)
    }

    /// Locks all accounts concerned, in the order of their ids.
    async fn number_changes(
        &mut self,
        tx: &mut Connection,
        members: &[MemberChange],
        welcomes: &[NewWelcome],
    ) -> Result<(), StoreError> {
        let changed = members.iter().map(|member| match member {
            MemberChange::Joined { account, .. }
            | MemberChange::Role { account, .. }
            | MemberChange::Gone { account } => *account,
        });
        let accounts: BTreeSet<AccountId> = changed.chain(welcomes.iter().map(|welcome| welcome.account)).collect();
        for account in accounts {
            // A deleted account has nobody to tell; its leaves are on their way out.
            match next_change(tx, &account).await {
                Ok(change) => drop(self.changes.insert(account, change)),
                Err(StoreError::Refused(Refusal::NotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn change_member(&self, tx: &mut Connection, member: MemberChange) -> Result<(), StoreError> {
        match member {
            MemberChange::Joined { account, role, whole_history, requested_by } => {
                let Some(change) = self.changes.get(&account) else { return Ok(()) };
                let standing = if requested_by.is_some() { REQUESTED } else { MEMBER };
                let from = if whole_history { 1 } else { self.end.chain.seq() };
                self.check_conversations(tx, &account).await?;
                // Those of an earlier stay lead to what the account may not read any more.
                self.drop_welcomes(tx, &account).await?;
                let sql = "INSERT INTO memberships
                             (account, conversation, standing, role, from_seq, requested_by, change)
                           VALUES ($1, $2, $3, $4, $5, $6, $7)
                           ON CONFLICT (account, conversation) DO UPDATE SET standing = excluded.standing,
                             role = excluded.role, from_seq = excluded.from_seq, requested_by = excluded.requested_by,
                             change = excluded.change, until_seq = NULL, until_generation = NULL, until_epoch = NULL,
                             until_at = NULL";
                let by = requested_by.as_ref();
                tx.run(sql, args![&account, &self.id, standing, role_code(role), from, by, *change]).await.map(drop)
            }
            MemberChange::Role { account, role } => {
                let sql = "UPDATE memberships SET role = $3, change = COALESCE($4, change)
                           WHERE account = $1 AND conversation = $2";
                let change = self.changes.get(&account).copied();
                tx.run(sql, args![&account, &self.id, role_code(role), change]).await.map(drop)
            }
            MemberChange::Gone { account } => self.end_membership(tx, account, REMOVED).await,
        }
    }

    /// Ends what an account may read at the newest entry, unless it ended before. Its Welcomes stay: they open what it may still read,
    /// for devices that were away, and for new ones through the vault device.
    pub(super) async fn end_membership(
        &self,
        tx: &mut Connection,
        account: AccountId,
        standing: i64,
    ) -> Result<(), StoreError> {
        let LogEnd { position, chain, .. } = self.end;
        let sql = "UPDATE memberships SET standing = $3, until_seq = $4, until_generation = $5, until_epoch = $6,
                     until_at = $7, change = COALESCE($8, change)
                   WHERE account = $1 AND conversation = $2 AND standing <= 2";
        let change = self.changes.get(&account).copied();
        let (generation, epoch) = (position.generation, position.epoch);
        let args = args![&account, &self.id, standing, chain.seq(), generation, epoch, self.at, change];
        tx.run(sql, args).await?;
        // Who declined has nothing to read.
        let sql = "DELETE FROM welcomes WHERE account = $1 AND conversation = $2 AND EXISTS
                     (SELECT 1 FROM memberships WHERE account = $1 AND conversation = $2 AND standing = $3)";
        tx.run(sql, args![&account, &self.id, DECLINED]).await.map(drop)
    }

    async fn drop_welcomes(&self, tx: &mut Connection, account: &AccountId) -> Result<(), StoreError> {
        let sql = "DELETE FROM welcomes WHERE account = $1 AND conversation = $2";
        tx.run(sql, args![account, &self.id]).await.map(drop)
    }

    /// Gives an account that leaves its change number.
    pub(super) async fn number_change(&mut self, tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
        let change = next_change(tx, &account).await?;
        self.changes.insert(account, change);
        Ok(())
    }

    async fn check_conversations(&self, tx: &mut Connection, account: &AccountId) -> Result<(), StoreError> {
        let sql = "SELECT COUNT(*) FROM memberships WHERE account = $1 AND conversation <> $2 AND standing <= 2";
        let count = tx.row(sql, args![account, &self.id]).await?.number(0)?;
        within(Counted::Conversations, count + 1, limits::CONVERSATIONS_MAX)
    }

    async fn check_members(&self, tx: &mut Connection) -> Result<(), StoreError> {
        let sql = "SELECT COUNT(*) FROM memberships WHERE conversation = $1 AND standing <> 3 AND standing <> 4";
        let count = tx.row(sql, args![&self.id]).await?.number(0)?;
        within(Counted::Members, count, limits::MEMBERS_MAX)
    }

    async fn deliver(&self, tx: &mut Connection, new: &NewWelcome) -> Result<(), StoreError> {
        let Some(change) = self.changes.get(&new.account) else { return Ok(()) };
        let LogEnd { position, chain, .. } = self.end;
        // The device must be the account's and in force; others have nobody who could use the Welcome.
        let sql = "INSERT INTO welcomes (id, account, device, conversation, generation, epoch, commit_seq, welcome,
                     sealed_private, change)
                   SELECT $1, d.account, d.id, $4, $5, $6, $7, $8, COALESCE(k.sealed_private, $11), $9
                   FROM devices d LEFT JOIN key_packages k ON k.device = d.id AND k.reference = $10
                   WHERE d.id = $3 AND d.account = $2 AND d.revoked_at IS NULL";
        let empty: &[u8] = &[];
        let (generation, epoch) = (position.generation, position.epoch);
        let args = args![
            &new.id,
            &new.account,
            &new.device,
            &self.id,
            generation,
            epoch,
            chain.seq(),
            &new.welcome,
            *change,
            &new.reference,
            empty
        ];
        tx.run(sql, args).await.map(drop)
    }

    /// Keeps the trees that somebody may still join by: of this epoch, of Welcomes that wait, of checkpoints.
    async fn keep_tree(&self, tx: &mut Connection, tree: &[u8]) -> Result<(), StoreError> {
        let GroupPosition { generation, epoch } = self.end.position;
        let sql = "DELETE FROM trees WHERE conversation = $1
                     AND NOT EXISTS (SELECT 1 FROM welcomes w WHERE w.conversation = trees.conversation
                                     AND w.generation = trees.generation AND w.epoch = trees.epoch)
                     AND NOT EXISTS (SELECT 1 FROM checkpoints p WHERE p.conversation = trees.conversation
                                     AND p.generation = trees.generation AND p.epoch = trees.epoch)";
        tx.run(sql, args![&self.id]).await?;
        let sql = "INSERT INTO trees (conversation, generation, epoch, tree) VALUES ($1, $2, $3, $4)";
        tx.run(sql, args![&self.id, generation, epoch, tree]).await.map(drop)
    }
}

/// The first position of a generation.
pub(super) fn beginning(generation: sotto_proto::Generation) -> GroupPosition {
    GroupPosition { generation, epoch: Epoch::FIRST }
}

pub(super) fn within(what: Counted, count: u64, max: usize) -> Result<(), StoreError> {
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    if count <= max { Ok(()) } else { Err(Refusal::LimitReached { what, max }.into()) }
}

fn role_code(role: Role) -> i64 {
    match role {
        Role::Member => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

pub(super) const MEMBER: i64 = 1;
pub(super) const REQUESTED: i64 = 2;
pub(super) const LEFT: i64 = 3;
pub(super) const REMOVED: i64 = 4;
pub(super) const DECLINED: i64 = 5;
