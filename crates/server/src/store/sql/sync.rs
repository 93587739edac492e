//! What changed for an account since a change number.

use std::collections::HashMap;

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, DeviceId};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, Database, padded, placeholders};
use super::conversation::{HEAD, WELCOME, head, welcome};
use super::failure::broken;
use super::group::DECLINED;
use super::log::{Size, entry};
use super::tell::{tell_account, tell_members};
use super::value::{Arg, Row, args};
use super::{SqlStore, next_change};
use crate::store::{
    AccountNotice, Between, ChangeFeed, Changes, ChangesWanted, Entry, Head, Notice, Overview, Refusal, StoreError,
    Welcome,
};

#[async_trait]
impl ChangeFeed for SqlStore {
    async fn changes(
        &self,
        account: AccountId,
        devices: &[DeviceId],
        wanted: ChangesWanted,
    ) -> Result<Changes, StoreError> {
        // A page of nothing would end the list.
        let wanted = ChangesWanted { limit: wanted.limit.max(1), welcomes: wanted.welcomes.max(1), ..wanted };
        tell_account(&self.database, account).await?;
        let mut tx = self.database.snapshot().await?;
        let now = Now::read(&mut tx, account).await?;
        if wanted.after > now.change {
            return Err(Refusal::CursorUnknown.into());
        }
        let heads = changed_heads(&mut tx, account, &wanted).await?;
        let welcomes = changed_welcomes(&mut tx, devices, &wanted).await?;
        let notices = changed_notices(&mut tx, account, &wanted).await?;
        // Every list is complete up to its own last change: what lies beyond the shortest of them is for the next page.
        let full = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        let full_of_welcomes = usize::try_from(wanted.welcomes).unwrap_or(usize::MAX).saturating_add(devices.len());
        let ends = [
            heads.last().filter(|_| heads.len() >= full).map(|(head, _)| head.change),
            // A commit gives an account's devices their Welcomes under one number: the last number may be cut, those before are not.
            welcomes.last().filter(|_| welcomes.len() >= full_of_welcomes).map(|welcome| welcome.change - 1),
            notices.last().filter(|_| notices.len() >= full).map(|(change, _)| *change),
        ];
        let up_to = ends.into_iter().flatten().fold(now.change, u64::min);
        let mut changes = Changes {
            conversations: Vec::new(),
            declined: Vec::new(),
            welcomes: welcomes.into_iter().filter(|welcome| welcome.change <= up_to).collect(),
            notices: notices.into_iter().filter(|(change, _)| *change <= up_to).map(|(_, notice)| notice).collect(),
            settings_change: now.settings_change,
            vault_version: now.vault_version,
            up_to,
            more: up_to < now.change,
        };
        let mut shown = Vec::new();
        for (head, declined) in heads.into_iter().filter(|(head, _)| head.change <= up_to) {
            if declined { changes.declined.push(head) } else { shown.push(head) }
        }
        changes.conversations = with_entries(&mut tx, shown, wanted.entries, wanted.max_bytes).await?;
        Ok(changes)
    }

    async fn overview(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: u32,
        entries: u32,
        max_bytes: usize,
    ) -> Result<Overview, StoreError> {
        tell_account(&self.database, account).await?;
        let mut tx = self.database.snapshot().await?;
        let now = Now::read(&mut tx, account).await?;
        let sql = format!(
            "SELECT {HEAD} WHERE m.account = $1 AND m.change < $2 AND m.standing <> {DECLINED}
             ORDER BY m.change DESC LIMIT $3"
        );
        let args = args![&account, before.unwrap_or(u64::MAX), u64::from(limit) + 1];
        let rows = tx.rows(AssertSqlSafe(sql), args).await?;
        let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let heads = rows[..shown].iter().map(head).collect::<Result<Vec<_>, _>>()?;
        let conversations = with_entries(&mut tx, heads, entries, max_bytes).await?;
        let Now { change, settings_change, vault_version } = now;
        Ok(Overview { conversations, change, settings_change, vault_version, more: rows.len() > shown })
    }

    async fn change_numbers(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, u64)>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let list = placeholders(1, accounts.len());
        let sql = format!("SELECT id, change FROM accounts WHERE deleted_at IS NULL AND id IN {list}");
        let args = padded(accounts).collect::<Vec<_>>();
        let rows = self.database.read().await?.rows(AssertSqlSafe(sql), &args).await?;
        rows.iter().map(|row| Ok((row.id(0)?, row.number(1)?))).collect()
    }

    async fn notify(&self, account: AccountId, notice: AccountNotice) -> Result<u64, StoreError> {
        notify(&self.database, account, notice).await
    }

    async fn tell_members(&self, limit: u32) -> Result<u64, StoreError> {
        tell_members(&self.database, limit).await
    }
}

pub(super) async fn notify(database: &Database, account: AccountId, notice: AccountNotice) -> Result<u64, StoreError> {
    let mut tx = database.write().await?;
    let change = leave_notice(&mut tx, account, notice).await?;
    tx.commit().await?;
    Ok(change)
}

/// Within a transaction that changes what the notice is about.
pub(super) async fn leave_notice(
    tx: &mut Connection,
    account: AccountId,
    notice: AccountNotice,
) -> Result<u64, StoreError> {
    let change = next_change(tx, &account).await?;
    let sql = "INSERT INTO notices (account, kind, subject, version, change) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (account, kind, subject) DO UPDATE SET version = excluded.version, change = excluded.change";
    tx.run(sql, args![&account, code(notice.notice), &notice.subject, notice.version, change]).await?;
    Ok(change)
}

/// Where an account stands.
struct Now {
    change: u64,
    settings_change: u64,
    vault_version: u64,
}

impl Now {
    async fn read(tx: &mut Connection, account: AccountId) -> Result<Self, StoreError> {
        let sql = "SELECT change, settings_change, vault_version FROM accounts WHERE id = $1 AND deleted_at IS NULL";
        let row = tx.row(sql, args![&account]).await?;
        Ok(Self { change: row.number(0)?, settings_change: row.number(1)?, vault_version: row.number(2)? })
    }
}

/// With whether the account declined it.
async fn changed_heads(
    tx: &mut Connection,
    account: AccountId,
    wanted: &ChangesWanted,
) -> Result<Vec<(Head, bool)>, StoreError> {
    let columns = HEAD.replacen("m.change FROM", "m.change, m.standing FROM", 1);
    let sql = format!("SELECT {columns} WHERE m.account = $1 AND m.change > $2 ORDER BY m.change LIMIT $3");
    let rows = tx.rows(AssertSqlSafe(sql), args![&account, wanted.after, wanted.limit]).await?;
    rows.iter().map(|row| Ok((head(row)?, row.int(3)? == DECLINED))).collect()
}

async fn changed_welcomes(
    tx: &mut Connection,
    devices: &[DeviceId],
    wanted: &ChangesWanted,
) -> Result<Vec<Welcome>, StoreError> {
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {WELCOME} FROM welcomes WHERE change > $1 AND device IN {} ORDER BY change, id LIMIT $2",
        placeholders(3, devices.len())
    );
    let most = u64::from(wanted.welcomes) + u64::try_from(devices.len()).unwrap_or(u64::MAX);
    let mut args: Vec<Arg<'_>> = vec![wanted.after.into(), most.into()];
    args.extend(padded(devices));
    tx.rows(AssertSqlSafe(sql), &args).await?.iter().map(welcome).collect()
}

async fn changed_notices(
    tx: &mut Connection,
    account: AccountId,
    wanted: &ChangesWanted,
) -> Result<Vec<(u64, AccountNotice)>, StoreError> {
    let sql = "SELECT change, kind, subject, version FROM notices WHERE account = $1 AND change > $2
               ORDER BY change LIMIT $3";
    let rows = tx.rows(sql, args![&account, wanted.after, wanted.limit]).await?;
    let notice = |row: &Row| {
        let notice = AccountNotice { notice: kind(row.int(1)?)?, subject: row.id(2)?, version: row.number(3)? };
        Ok((row.number(0)?, notice))
    };
    rows.iter().map(notice).collect()
}

/// Gives each conversation its newest entries, in turn, until the bytes are used up. Without holes, the newest are those whose
/// numbers are close enough to the last.
async fn with_entries(
    tx: &mut Connection,
    heads: Vec<Head>,
    most: u32,
    max_bytes: usize,
) -> Result<Vec<(Head, Vec<Entry>)>, StoreError> {
    let mut left = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let mut conversations = Vec::with_capacity(heads.len());
    for part in heads.chunks(HEADS_AT_ONCE) {
        let wanted = newest(part, most);
        let sizes = if left == 0 { HashMap::new() } else { entry_sizes(tx, &wanted).await? };
        let taken: Vec<_> = wanted.iter().filter_map(|stretch| fitting(stretch, &sizes, &mut left)).collect();
        let mut entries = read_stretches(tx, &taken).await?;
        conversations.extend(part.iter().map(|head| {
            let entries = entries.remove(&head.conversation).unwrap_or_default();
            (head.clone(), entries)
        }));
    }
    Ok(conversations)
}

fn newest(heads: &[Head], most: u32) -> Vec<Between> {
    let stretch = |head: &Head| {
        let low = head.first_seq.max((head.last_seq + 1).saturating_sub(most.into()));
        (low <= head.last_seq).then_some((head.conversation, low, head.last_seq))
    };
    heads.iter().filter_map(stretch).collect()
}

/// The part of a stretch that still fits, from its end.
fn fitting(
    &(conversation, _, high): &Between,
    sizes: &HashMap<ConversationId, Vec<Size>>,
    left: &mut u64,
) -> Option<Between> {
    let mut low = None;
    for size in sizes.get(&conversation)?.iter().rev() {
        let Some(after) = left.checked_sub(size.bytes) else {
            // Later conversations get nothing rather than their gaps filled with what is small by chance.
            *left = 0;
            break;
        };
        *left = after;
        low = Some(size.seq);
    }
    low.map(|low| (conversation, low, high))
}

async fn entry_sizes(
    tx: &mut Connection,
    stretches: &[Between],
) -> Result<HashMap<ConversationId, Vec<Size>>, StoreError> {
    let columns = "l.conversation, l.seq, CAST(LENGTH(l.body) AS BIGINT)";
    let mut sizes = HashMap::new();
    for row in joined(tx, stretches, columns).await? {
        let size = Size { seq: row.number(1)?, bytes: row.number(2)? };
        sizes.entry(row.id(0)?).or_insert_with(Vec::new).push(size);
    }
    Ok(sizes)
}

async fn read_stretches(
    tx: &mut Connection,
    stretches: &[Between],
) -> Result<HashMap<ConversationId, Vec<Entry>>, StoreError> {
    let columns = "l.seq, l.kind, l.generation, l.epoch, l.event_id, l.body, l.received_at, l.conversation";
    let mut entries = HashMap::new();
    for row in joined(tx, stretches, columns).await? {
        entries.entry(row.id(7)?).or_insert_with(Vec::new).push(entry(&row)?);
    }
    Ok(entries)
}

/// One statement for all stretches: round trips do not grow with the number of conversations.
pub(super) async fn joined(tx: &mut Connection, stretches: &[Between], columns: &str) -> Result<Vec<Row>, StoreError> {
    let Some(&(last, ..)) = stretches.last() else { return Ok(Vec::new()) };
    let count = stretches.len().next_power_of_two();
    let values: Vec<String> = (0..count).map(|n| format!("(${},${},${})", n * 3 + 1, n * 3 + 2, n * 3 + 3)).collect();
    let of_stretch = tx.looked_up("log", "l", "l.conversation = w.conversation AND l.seq >= w.low AND l.seq <= w.high");
    let sql = format!(
        "WITH wanted (conversation, low, high) AS (VALUES {}) SELECT {columns} FROM wanted w {of_stretch}
         ORDER BY l.conversation, l.seq",
        values.join(",")
    );
    // Rounded up by stretches of nothing, so that few different statements have to be prepared.
    let nothing = (last, 1, 0);
    let padded = stretches.iter().chain(std::iter::repeat(&nothing)).take(count);
    let args: Vec<Arg<'_>> =
        padded.flat_map(|(conversation, low, high)| [conversation.into(), (*low).into(), (*high).into()]).collect();
    tx.rows(AssertSqlSafe(sql), &args).await
}

fn code(notice: Notice) -> i64 {
    match notice {
        Notice::Keys => 1,
        Notice::Sessions => 2,
        Notice::Login => 3,
        Notice::Vault => 4,
        Notice::Reset => 5,
        Notice::RefreshReused => 6,
        Notice::Administration => 7,
    }
}

fn kind(code: i64) -> Result<Notice, StoreError> {
    Ok(match code {
        1 => Notice::Keys,
        2 => Notice::Sessions,
        3 => Notice::Login,
        4 => Notice::Vault,
        5 => Notice::Reset,
        6 => Notice::RefreshReused,
        7 => Notice::Administration,
        _ => return Err(broken("a notice is of no known kind")),
    })
}

/// So many conversations have their entries read together.
const HEADS_AT_ONCE: usize = 64;
