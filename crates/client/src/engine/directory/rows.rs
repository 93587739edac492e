//! What is kept of the directory.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sotto_crypto::directory::{Chain, DirectoryKeys, EntryDigest, Hash, Promise, State};
use sotto_proto::{AccountId, limits, wire};

use super::KeyFault;
use crate::engine::trouble::Trouble;
use crate::store::StoreError;

pub(super) const UNASKED: u8 = 0;
pub(super) const PRESENT: u8 = 1;
pub(super) const ABSENT: u8 = 2;

/// The one row about the directory as a whole.
pub(super) struct View {
    pub(super) presence: u8,
    pub(super) keys: Option<DirectoryKeys>,
    pub(super) epoch: u64,
    pub(super) hash: Option<Hash>,
    pub(super) own: State,
}

impl View {
    pub(super) fn load(db: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT presence, heads_key, positions_key, epoch, hash, own_revision, own_chain FROM directory";
        // Whoever has left the account has no row; the next one begins with the first reply.
        let row = db.prepare_cached(sql)?.query_row([], Self::read).optional()?;
        Ok(row.unwrap_or(Self { presence: UNASKED, keys: None, epoch: 0, hash: None, own: State::before(1) }))
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (heads, positions): (Option<[u8; 32]>, Option<[u8; 32]>) = (row.get(1)?, row.get(2)?);
        Ok(Self {
            presence: row.get(0)?,
            keys: heads.zip(positions).map(|(heads, positions)| DirectoryKeys { heads, positions }),
            epoch: row.get(3)?,
            hash: row.get(4)?,
            own: State { revision: row.get(5)?, chain: Chain(row.get::<_, Option<Hash>>(6)?.unwrap_or_default()) },
        })
    }

    pub(super) fn save(&self, db: &Connection) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO directory
                     (only_row, presence, heads_key, positions_key, epoch, hash, own_revision, own_chain)
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (heads, positions) = (self.keys.map(|keys| keys.heads), self.keys.map(|keys| keys.positions));
        let State { revision, chain } = self.own;
        db.prepare_cached(sql)?.execute(params![
            self.presence,
            heads,
            positions,
            self.epoch,
            self.hash,
            revision,
            chain.0
        ])?;
        Ok(())
    }
}

pub(super) fn set_presence(db: &Connection, presence: u8) -> Result<(), StoreError> {
    View { presence, ..View::load(db)? }.save(db)
}

/// What is known of an account.
pub(super) struct Kept {
    pub(super) shown_revision: u64,
    pub(super) shown_digest: EntryDigest,
    pub(super) known: Option<(State, EntryDigest)>,
}

/// Whether an account's keys may be used.
pub(super) enum Standing {
    Checked,
    Waiting,
    Troubled,
}

pub(super) fn show(db: &Connection, account: AccountId, revision: u64, digest: &EntryDigest) -> Result<(), StoreError> {
    let sql = "INSERT INTO directory_accounts (account_id, shown_revision, shown_digest) VALUES (?1, ?2, ?3)
               ON CONFLICT (account_id) DO UPDATE SET shown_revision = ?2, shown_digest = ?3,
                 due = CASE WHEN shown_revision = ?2 AND shown_digest = ?3 THEN due ELSE 1 END";
    db.prepare_cached(sql)?.execute(params![account.as_bytes(), revision, digest.0])?;
    Ok(())
}

/// The own account, what is in doubt, and what should be published by now are looked up once more.
pub(super) fn look_again(db: &Connection, own: AccountId, now_ms: u64) -> Result<(), StoreError> {
    let sql = "UPDATE directory_accounts SET due = 1
               WHERE account_id = ?1 OR trouble <> 0
                 OR account_id IN (SELECT account_id FROM directory_promises WHERE due_ms <= ?2)";
    db.prepare_cached(sql)?.execute(params![own.as_bytes(), i64::try_from(now_ms).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// What is to be looked up, as much as one call takes, and is taken for asked from now on.
pub(super) fn ask(db: &Connection) -> Result<Vec<wire::LookUpAccount>, StoreError> {
    let sql = "UPDATE directory_accounts SET due = 2
               WHERE account_id IN (SELECT account_id FROM directory_accounts WHERE due <> 0 LIMIT ?1)
               RETURNING account_id, known_revision";
    let read = |row: &Row<'_>| {
        let account = AccountId::from_bytes(row.get(0)?);
        Ok(wire::LookUpAccount { account_id: account.to_wire(), known_revision: row.get(1)? })
    };
    Ok(db.prepare_cached(sql)?.query_map([limits::DIRECTORY_LOOKUPS_MAX], read)?.collect::<Result<_, _>>()?)
}

pub(super) fn kept(db: &Connection, account: AccountId) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT shown_revision, shown_digest, known_revision, known_chain, known_digest FROM directory_accounts
               WHERE account_id = ?1";
    let read = |row: &Row<'_>| {
        let (revision, chain, digest): (u64, Option<Hash>, Option<Hash>) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Kept {
            shown_revision: row.get(0)?,
            shown_digest: EntryDigest(row.get(1)?),
            known: chain
                .zip(digest)
                .map(|(chain, digest)| (State { revision, chain: Chain(chain) }, EntryDigest(digest))),
        })
    };
    Ok(db.prepare_cached(sql)?.query_row([account.as_bytes()], read).optional()?)
}

/// The chain was checked up to here.
pub(super) fn know(db: &Connection, account: AccountId, state: &State, digest: &EntryDigest) -> Result<(), StoreError> {
    let sql = "UPDATE directory_accounts SET known_revision = ?2, known_chain = ?3, known_digest = ?4
               WHERE account_id = ?1";
    db.prepare_cached(sql)?.execute(params![account.as_bytes(), state.revision, state.chain.0, digest.0])?;
    Ok(())
}

/// Whether the keys on hand are those that were asked about: a reply may be older than what was shown since.
pub(super) fn is_asked(db: &Connection, account: AccountId) -> Result<bool, StoreError> {
    Ok(db
        .prepare_cached("SELECT 1 FROM directory_accounts WHERE account_id = ?1 AND due = 2")?
        .exists([account.as_bytes()])?)
}

/// The account was looked up, and this is what does not add up about it.
pub(super) fn settle(db: &Connection, account: AccountId, trouble: Option<Trouble>) -> Result<(), StoreError> {
    let sql = "UPDATE directory_accounts SET due = 0, trouble = ?2 WHERE account_id = ?1";
    db.prepare_cached(sql)?.execute(params![account.as_bytes(), trouble.map_or(0, Trouble::number)])?;
    Ok(())
}

pub(super) fn standing(db: &Connection, account: AccountId) -> Result<Standing, StoreError> {
    let sql = "SELECT due <> 0 OR shown_revision < known_revision, trouble <> 0 FROM directory_accounts
               WHERE account_id = ?1";
    let read = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?));
    let found = db.prepare_cached(sql)?.query_row([account.as_bytes()], read).optional()?;
    Ok(match found {
        Some((_, true)) => Standing::Troubled,
        Some((false, false)) => Standing::Checked,
        Some((true, false)) | None => Standing::Waiting,
    })
}

pub(super) fn promise(db: &Connection, promise: &Promise) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO directory_promises (account_id, revision, entry, due_ms) VALUES (?1, ?2, ?3, ?4)";
    let due_ms = i64::try_from(promise.due_ms).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?.execute(params![promise.account.as_bytes(), promise.revision, promise.entry.0, due_ms])?;
    Ok(())
}

pub(super) fn promises(db: &Connection, account: AccountId) -> Result<Vec<Promise>, StoreError> {
    let sql = "SELECT revision, entry, due_ms FROM directory_promises WHERE account_id = ?1";
    let read = |row: &Row<'_>| {
        Ok(Promise { account, revision: row.get(0)?, entry: EntryDigest(row.get(1)?), due_ms: row.get(2)? })
    };
    Ok(db.prepare_cached(sql)?.query_map([account.as_bytes()], read)?.collect::<Result<_, _>>()?)
}

pub(super) fn drop_promise(db: &Connection, promise: &Promise) -> Result<(), StoreError> {
    let sql = "DELETE FROM directory_promises WHERE account_id = ?1 AND revision = ?2";
    db.prepare_cached(sql)?.execute(params![promise.account.as_bytes(), promise.revision])?;
    Ok(())
}

/// The newest head, and those that others have seen, as many as one call takes.
pub(super) fn epochs_to_prove(db: &Connection, view: &View) -> Result<Vec<u64>, StoreError> {
    let mut epochs: Vec<u64> = (view.epoch > 0).then_some(view.epoch).into_iter().collect();
    let sql = "SELECT DISTINCT epoch FROM directory_stated WHERE epoch <> ?1 ORDER BY epoch LIMIT ?2";
    let most = limits::DIRECTORY_STATED_MAX - 1;
    for epoch in db.prepare_cached(sql)?.query_map(params![view.epoch, most], |row| row.get(0))? {
        epochs.push(epoch?);
    }
    Ok(epochs)
}

pub(super) fn known_head(db: &Connection, epoch: u64) -> Result<Option<Hash>, StoreError> {
    let sql = "SELECT hash FROM directory_heads WHERE epoch = ?1";
    Ok(db.prepare_cached(sql)?.query_row([epoch], |row| row.get(0)).optional()?)
}

pub(super) fn know_head(db: &Connection, epoch: u64, hash: &Hash) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR IGNORE INTO directory_heads (epoch, hash) VALUES (?1, ?2)")?
        .execute(params![epoch, hash])?;
    let sql = "DELETE FROM directory_heads WHERE epoch <= (
                 SELECT epoch FROM directory_heads ORDER BY epoch DESC LIMIT 1 OFFSET ?1)";
    db.prepare_cached(sql)?.execute([HEADS_KEPT])?;
    Ok(())
}

pub(super) fn state(db: &Connection, epoch: u64, hash: &Hash, by: AccountId) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO directory_stated (epoch, hash, account_id)
               SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM directory_stated) < ?4";
    db.prepare_cached(sql)?.execute(params![epoch, hash, by.as_bytes(), STATED_KEPT])?;
    Ok(())
}

pub(super) fn stated(db: &Connection, epoch: u64) -> Result<Vec<(Hash, AccountId)>, StoreError> {
    let sql = "SELECT hash, account_id FROM directory_stated WHERE epoch = ?1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, AccountId::from_bytes(row.get(1)?)));
    Ok(db.prepare_cached(sql)?.query_map([epoch], read)?.collect::<Result<_, _>>()?)
}

pub(super) fn drop_stated(db: &Connection, epoch: u64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM directory_stated WHERE epoch = ?1")?.execute([epoch])?;
    Ok(())
}

/// Says whether it is new.
pub(super) fn add_fault(
    db: &Connection,
    trouble: Trouble,
    account: Option<AccountId>,
    at_ms: u64,
) -> Result<bool, StoreError> {
    let whose = account.map_or_else(Vec::new, |account| account.as_bytes().to_vec());
    let sql = "INSERT OR IGNORE INTO directory_faults (trouble, account_id, at_ms) VALUES (?1, ?2, ?3)";
    let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
    Ok(db.prepare_cached(sql)?.execute(params![trouble.number(), whose, at_ms])? > 0)
}

pub(super) fn has_general_fault(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM directory_faults WHERE length(account_id) = 0")?.exists([])?)
}

pub(super) fn faults(db: &Connection) -> Result<Vec<KeyFault>, StoreError> {
    let sql = "SELECT trouble, account_id, at_ms FROM directory_faults ORDER BY at_ms, trouble, account_id";
    let read = |row: &Row<'_>| {
        let whose: Vec<u8> = row.get(1)?;
        let account = whose.try_into().ok().map(AccountId::from_bytes);
        Ok((row.get::<_, u8>(0)?, account, row.get(2)?))
    };
    let rows = db.prepare_cached(sql)?.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
    let fault =
        |(number, account, at_ms)| Trouble::from_number(number).map(|trouble| KeyFault { trouble, account, at_ms });
    Ok(rows.into_iter().filter_map(fault).collect())
}

const HEADS_KEPT: u32 = 1_000;
const STATED_KEPT: u32 = 256;
