//! Making conversations and moving their groups.

use async_trait::async_trait;
use sotto_crypto::chain::{ChainHead, Entry};
use sotto_proto::{AccountId, ConversationId, DeviceId, Epoch, Generation, GroupPosition, WelcomeId};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::connection::{Connection, padded, placeholders};
use super::failure::broken;
use super::group::{DECLINED, Group, LEFT, MEMBER, REMOVED, REQUESTED, beginning};
use super::value::{Arg, Row, args};
use crate::clock::Timestamp;
use crate::store::{
    Conversations, Head, Kind, Member, MemberChange, NewCommit, NewConversation, NewProposals, ObserverRecord, Opening,
    Receipt, Refusal, Role, Stand, Standing, StoreError, Welcome,
};

#[async_trait]
impl Conversations for SqlStore {
    async fn create_conversation(&self, creator: AccountId, mut new: NewConversation) -> Result<Head, StoreError> {
        let mut tx = self.database.write().await?;
        begin_with(&mut new.opening.members, creator);
        if insert(&mut tx, &new).await? {
            let mut group = Group::lock(&mut tx, new.id, new.at).await?;
            group.open(&mut tx, beginning(Generation::FIRST), &new.opening).await?;
        } else {
            made_by_same_request(&mut tx, &new).await?;
        }
        let head = visible_head(&mut tx, creator, new.id).await?;
        tx.commit().await?;
        Ok(head)
    }

    async fn created(
        &self,
        creator: AccountId,
        conversation: ConversationId,
        creation: [u8; 32],
    ) -> Result<Option<Head>, StoreError> {
        let sql = format!(
            "SELECT {HEAD} WHERE m.account = $1 AND m.conversation = $2 AND m.standing <> {DECLINED} AND c.creation = $3"
        );
        let mut tx = self.database.snapshot().await?;
        let row = tx.maybe_row(AssertSqlSafe(sql), args![&creator, &conversation, &creation]).await?;
        row.as_ref().map(head).transpose()
    }

    async fn commit(&self, commit: NewCommit) -> Result<Receipt, StoreError> {
        let mut tx = self.database.write().await?;
        let mut group = Group::lock(&mut tx, commit.conversation, commit.at).await?;
        if let Err(conflict) = group.expect(commit.position, commit.judged_after) {
            let taken = taken_before(&mut tx, commit.conversation, commit.position, &commit.message).await?;
            return taken.ok_or_else(|| conflict.into());
        }
        group.take(&mut tx, Entry::Commit(&commit.message)).await?;
        group.settle(&mut tx, &commit.state, &commit.members, &commit.welcomes).await?;
        tx.commit().await?;
        Ok(group.receipt())
    }

    async fn commit_receipt(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
        message: &[u8],
    ) -> Result<Receipt, StoreError> {
        let mut tx = self.database.snapshot().await?;
        if let Some(receipt) = taken_before(&mut tx, conversation, position, message).await? {
            return Ok(receipt);
        }
        let sql = "SELECT generation, epoch, last_seq FROM conversations WHERE id = $1";
        let row = tx.row(sql, args![&conversation]).await?;
        Err(Refusal::EpochConflict(Stand { position: row.position(0)?, last_seq: row.number(2)? }).into())
    }

    async fn open_generation(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
        opening: Opening,
        at: Timestamp,
    ) -> Result<Receipt, StoreError> {
        let mut tx = self.database.write().await?;
        let mut group = Group::lock(&mut tx, conversation, at).await?;
        let next = position.generation.next().ok_or(Refusal::NotApplicable)?;
        if let Err(conflict) = group.expect(position, None) {
            let opened = opened_before(&mut tx, conversation, beginning(next), &opening).await?;
            return opened.ok_or_else(|| conflict.into());
        }
        group.open(&mut tx, beginning(next), &opening).await?;
        tx.commit().await?;
        Ok(group.receipt())
    }

    async fn propose(&self, new: NewProposals) -> Result<Receipt, StoreError> {
        let mut tx = self.database.write().await?;
        let mut group = Group::lock(&mut tx, new.conversation, new.at).await?;
        group.expect(new.position, new.judged_after)?;
        take_proposals(&mut tx, &mut group, &new).await?;
        tx.commit().await?;
        Ok(group.receipt())
    }

    async fn leave(&self, account: AccountId, new: NewProposals) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let mut group = Group::lock(&mut tx, new.conversation, new.at).await?;
        let head = visible_head(&mut tx, account, new.conversation).await?;
        if !matches!(head.standing, Standing::Member | Standing::Requested) {
            // Left before: the lost reply of then.
            return Ok(head.last_seq);
        }
        group.expect(new.position, new.judged_after)?;
        take_proposals(&mut tx, &mut group, &new).await?;
        group.number_change(&mut tx, account).await?;
        group.end_membership(&mut tx, account, LEFT).await?;
        tx.commit().await?;
        Ok(group.receipt().seq)
    }

    async fn observer(&self, conversation: ConversationId) -> Result<ObserverRecord, StoreError> {
        let sql = "SELECT c.generation, c.epoch, c.last_handshake_seq, o.snapshot FROM conversations c
                   JOIN observers o ON o.conversation = c.id WHERE c.id = $1";
        let row = self.database.read().await?.row(sql, args![&conversation]).await?;
        Ok(ObserverRecord { position: row.position(0)?, last_handshake_seq: row.number(2)?, snapshot: row.bytes(3)? })
    }

    async fn beginning(&self, conversation: ConversationId) -> Result<(Generation, Vec<u8>), StoreError> {
        let sql = "SELECT c.generation, c.epoch, b.snapshot FROM conversations c
                   JOIN beginnings b ON b.conversation = c.id WHERE c.id = $1";
        let row = self.database.read().await?.row(sql, args![&conversation]).await?;
        Ok((row.position(0)?.generation, row.bytes(2)?))
    }

    async fn tree(&self, conversation: ConversationId, position: GroupPosition) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT tree FROM trees WHERE conversation = $1 AND generation = $2 AND epoch = $3";
        let args = args![&conversation, position.generation, position.epoch];
        let row = self.database.read().await?.maybe_row(sql, args).await?;
        row.ok_or(Refusal::TreeGone)?.bytes(0)
    }

    async fn is_welcome_at(
        &self,
        account: AccountId,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM welcomes WHERE conversation = $1 AND generation = $2 AND epoch = $3 AND account = $4 LIMIT 1";
        let args = args![&conversation, position.generation, position.epoch, &account];
        Ok(self.database.read().await?.maybe_row(sql, args).await?.is_some())
    }

    async fn head(&self, account: AccountId, conversation: ConversationId) -> Result<Head, StoreError> {
        visible_head(&mut self.database.read().await?, account, conversation).await
    }

    async fn members(&self, conversation: ConversationId) -> Result<Vec<Member>, StoreError> {
        let sql = "SELECT account, standing, role, from_seq FROM memberships WHERE conversation = $1
                   AND standing <> 3 AND standing <> 4 ORDER BY account";
        let rows = self.database.read().await?.rows(sql, args![&conversation]).await?;
        rows.iter().map(member).collect()
    }

    async fn conversations_of(
        &self,
        account: AccountId,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT conversation FROM memberships WHERE account = $1 AND conversation > $2
                   AND standing <> 3 AND standing <> 4 ORDER BY conversation LIMIT $3";
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let rows = self.database.read().await?.rows(sql, args![&account, &after, limit]).await?;
        rows.iter().map(|row| row.id(0)).collect()
    }

    async fn welcomes(
        &self,
        device: DeviceId,
        conversation: Option<ConversationId>,
        after: Option<WelcomeId>,
        limit: u32,
    ) -> Result<(Vec<Welcome>, bool), StoreError> {
        let mut tx = self.database.snapshot().await?;
        let after = match after {
            Some(id) => change_of(&mut tx, device, id).await?,
            None => (0, Vec::new()),
        };
        let sql = format!(
            "SELECT {WELCOME} FROM welcomes WHERE device = $1 AND (change > $2 OR (change = $2 AND id > $3))
             AND ($4 = 1 OR conversation = $5) ORDER BY change, id LIMIT $6"
        );
        let anywhere = conversation.is_none();
        let conversation = conversation.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let args = args![&device, after.0, &after.1, anywhere, &conversation, u64::from(limit) + 1];
        let rows = tx.rows(AssertSqlSafe(sql), args).await?;
        let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok((rows[..shown].iter().map(welcome).collect::<Result<_, _>>()?, rows.len() > shown))
    }

    async fn drop_welcomes(&self, account: AccountId, welcomes: &[WelcomeId]) -> Result<(), StoreError> {
        if welcomes.is_empty() {
            return Ok(());
        }
        let mut tx = self.database.write().await?;
        let sql = format!("DELETE FROM welcomes WHERE account = $1 AND id IN {}", placeholders(2, welcomes.len()));
        let mut args: Vec<Arg<'_>> = vec![(&account).into()];
        args.extend(padded(welcomes));
        tx.run(AssertSqlSafe(sql), &args).await?;
        tx.commit().await
    }
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        account: row.id(0)?,
        standing: standing(row.int(1)?)?,
        role: role(row.int(2)?)?,
        joined_seq: row.number(3)?,
    })
}

/// Whoever makes a conversation was there from its first entry on, before the commit that added the others.
fn begin_with(members: &mut [MemberChange], creator: AccountId) {
    for member in members {
        if let MemberChange::Joined { account, whole_history, .. } = member {
            *whole_history |= *account == creator;
        }
    }
}

/// Whether it is new. A direct chat or saved messages that exist already are refused by name.
async fn insert(tx: &mut Connection, new: &NewConversation) -> Result<bool, StoreError> {
    let (kind, accounts) = kind_code(new.kind);
    let sql = "INSERT INTO conversations
                 (id, kind, accounts, creation, generation, epoch, last_seq, last_at, last_handshake_seq, chain)
               VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, $8) ON CONFLICT DO NOTHING";
    let start = ChainHead::start(new.id);
    let args =
        args![&new.id, kind, accounts.as_deref(), &new.creation, Generation::FIRST, Epoch::FIRST, new.at, start.hash()];
    if tx.run(sql, args).await? == 1 {
        return Ok(true);
    }
    let Some(accounts) = accounts else { return Ok(false) };
    let sql = "SELECT id FROM conversations WHERE accounts = $1";
    match tx.maybe_row(sql, args![&accounts]).await?.map(|row| row.id(0)).transpose()? {
        Some(other) if other != new.id => Err(Refusal::ConversationExists(other).into()),
        _ => Ok(false),
    }
}

async fn made_by_same_request(tx: &mut Connection, new: &NewConversation) -> Result<(), StoreError> {
    let sql = "SELECT creation FROM conversations WHERE id = $1";
    let creation: [u8; 32] = tx.row(sql, args![&new.id]).await?.array(0)?;
    if creation == new.creation { Ok(()) } else { Err(Refusal::IdTaken.into()) }
}

/// The receipt of the commit that ended an epoch, if it is this one.
async fn taken_before(
    tx: &mut Connection,
    conversation: ConversationId,
    position: GroupPosition,
    message: &[u8],
) -> Result<Option<Receipt>, StoreError> {
    let sql = "SELECT seq, received_at, body FROM log
               WHERE conversation = $1 AND kind = 1 AND generation = $2 AND epoch = $3";
    let args = args![&conversation, position.generation, position.epoch];
    let Some(row) = tx.maybe_row(sql, args).await? else { return Ok(None) };
    let Some(epoch) = position.epoch.next().filter(|_| row.bytes(2).is_ok_and(|body| body == message)) else {
        return Ok(None);
    };
    let position = GroupPosition { epoch, ..position };
    Ok(Some(Receipt { seq: row.number(0)?, position, received_at: row.time(1)? }))
}

/// The receipt of the opening of a generation, if it is this one.
async fn opened_before(
    tx: &mut Connection,
    conversation: ConversationId,
    beginning: GroupPosition,
    opening: &Opening,
) -> Result<Option<Receipt>, StoreError> {
    if let Some(commit) = &opening.commit {
        return taken_before(tx, conversation, beginning, commit).await;
    }
    let sql = "SELECT seq, received_at, body FROM log WHERE conversation = $1 AND kind = 4 AND generation = $2";
    let Some(row) = tx.maybe_row(sql, args![&conversation, beginning.generation]).await? else { return Ok(None) };
    if row.bytes(2)? != opening.group_info {
        return Ok(None);
    }
    Ok(Some(Receipt { seq: row.number(0)?, position: beginning, received_at: row.time(1)? }))
}

/// Takes those that are not in the log of this epoch already.
async fn take_proposals(tx: &mut Connection, group: &mut Group, new: &NewProposals) -> Result<(), StoreError> {
    let sql = "SELECT body FROM log WHERE conversation = $1 AND kind <> 3 AND kind = 2 AND generation = $2
               AND epoch = $3";
    let GroupPosition { generation, epoch } = group.position();
    let taken = tx.rows(sql, args![&new.conversation, generation, epoch]).await?;
    let taken = taken.iter().map(|row| row.bytes(0)).collect::<Result<Vec<_>, _>>()?;
    for proposal in new.proposals.iter().filter(|proposal| !taken.contains(proposal)) {
        group.take(tx, Entry::Proposal(proposal)).await?;
    }
    group.write_end(tx, &new.observer).await
}

/// A conversation as an account sees it.
pub(super) async fn visible_head(
    tx: &mut Connection,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Head, StoreError> {
    let sql = format!("SELECT {HEAD} WHERE m.account = $1 AND m.conversation = $2 AND m.standing <> {DECLINED}");
    head(&tx.row(AssertSqlSafe(sql), args![&account, &conversation]).await?)
}

/// What [`head`] reads. Those who are out see where the group was when they went.
pub(super) const HEAD: &str = "c.id, c.kind, c.accounts, m.standing, m.role, \
    COALESCE(m.until_generation, c.generation), COALESCE(m.until_epoch, c.epoch), m.from_seq, c.pruned_seq, \
    COALESCE(m.until_seq, c.last_seq), COALESCE(m.until_at, c.last_at), c.last_handshake_seq, m.requested_by, m.change \
    FROM memberships m JOIN conversations c ON c.id = m.conversation";

pub(super) fn head(row: &Row) -> Result<Head, StoreError> {
    let (joined_seq, last_seq) = (row.number(7)?, row.number(9)?);
    Ok(Head {
        conversation: row.id(0)?,
        kind: kind(row.int(1)?, row.maybe_bytes(2)?.as_deref())?,
        standing: standing(row.int(3)?)?,
        role: role(row.int(4)?)?,
        position: row.position(5)?,
        joined_seq,
        first_seq: joined_seq.max(row.number(8)? + 1),
        last_seq,
        last_at: row.time(10)?,
        last_handshake_seq: row.number(11)?.min(last_seq),
        requested_by: row.maybe_id(12)?,
        change: row.number(13)?,
    })
}

/// What [`welcome`] reads.
pub(super) const WELCOME: &str =
    "id, device, conversation, generation, epoch, commit_seq, welcome, sealed_private, change";

pub(super) fn welcome(row: &Row) -> Result<Welcome, StoreError> {
    Ok(Welcome {
        id: row.id(0)?,
        device: row.id(1)?,
        conversation: row.id(2)?,
        position: row.position(3)?,
        commit_seq: row.number(5)?,
        welcome: row.bytes(6)?,
        sealed_private: row.bytes(7)?,
        change: row.number(8)?,
    })
}

/// Where a Welcome stands in the order of arrival. One that was dropped meanwhile leaves no place to go on from.
async fn change_of(tx: &mut Connection, device: DeviceId, id: WelcomeId) -> Result<(u64, Vec<u8>), StoreError> {
    let sql = "SELECT change, id FROM welcomes WHERE id = $1 AND device = $2";
    match tx.maybe_row(sql, args![&id, &device]).await? {
        Some(row) => Ok((row.number(0)?, row.bytes(1)?)),
        None => Err(Refusal::CursorUnknown.into()),
    }
}

/// The two accounts of a direct chat in byte order, so that it does not matter who began.
fn kind_code(kind: Kind) -> (i64, Option<Vec<u8>>) {
    match kind {
        Kind::Direct(one, other) => {
            let (low, high) = if one < other { (one, other) } else { (other, one) };
            (1, Some([*low.as_bytes(), *high.as_bytes()].concat()))
        }
        Kind::Group => (2, None),
        Kind::Saved(account) => (3, Some(account.as_bytes().to_vec())),
    }
}

fn kind(code: i64, accounts: Option<&[u8]>) -> Result<Kind, StoreError> {
    let id = |bytes: &[u8]| AccountId::try_from(bytes).map_err(|_| broken("an id has the wrong length"));
    match (code, accounts) {
        (1, Some(pair)) if pair.len() == 32 => Ok(Kind::Direct(id(&pair[..16])?, id(&pair[16..])?)),
        (2, None) => Ok(Kind::Group),
        (3, Some(account)) => Ok(Kind::Saved(id(account)?)),
        _ => Err(broken("a conversation is of no known kind")),
    }
}

pub(super) fn standing(code: i64) -> Result<Standing, StoreError> {
    match code {
        MEMBER => Ok(Standing::Member),
        // To the others a request that was declined looks like one that waits.
        REQUESTED | DECLINED => Ok(Standing::Requested),
        LEFT => Ok(Standing::Left),
        REMOVED => Ok(Standing::Removed),
        _ => Err(broken("a standing is not known")),
    }
}

fn role(code: i64) -> Result<Role, StoreError> {
    match code {
        1 => Ok(Role::Member),
        2 => Ok(Role::Admin),
        3 => Ok(Role::Owner),
        _ => Err(broken("a role is not known")),
    }
}
