//! The vault device's place in a conversation: given to the vault device of a new generation, or given anew so that what it keeps on the
//! server no longer leads to messages that have expired. Either way it is one commit, and one state to be sealed.

use rusqlite::{OptionalExtension as _, Row, params};
use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::effect::Commit;
use sotto_crypto::mls::governance::VaultPolicy;
use sotto_crypto::mls::group::{Changes, Group};
use sotto_crypto::mls::key_package::{KeyPackage, KeyPackageSecret};
use sotto_crypto::mls::standing::Standing;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::vault::Generation;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{ConversationId, DeviceId};

use super::account::Wants;
use super::change::Change;
use super::chat::{Chat, Whose, position_of};
use super::requests::Lane;
use super::step::{Mishap, Step};

/// A place as a commit of this device gives it to the vault device.
struct Given {
    position: (u32, u64),
    welcome: Vec<u8>,
    secret: KeyPackageSecret,
}

/// What is to be done about the vault device's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Nothing.
    No,
    /// It is looked at who has it.
    Look,
    /// It is given anew, whoever has it.
    Anew,
}

/// What has to change in a conversation.
enum Succession {
    /// Nothing.
    Settled,
    /// Something for which the vault device's key package has to be made first.
    Waits,
    /// This.
    Changes(Changes),
}

impl Step<'_, '_> {
    /// Conversations in which the vault device's place is to be looked at, the last active first.
    pub(super) fn next_to_succeed(&self) -> Result<Vec<ConversationId>, Mishap> {
        if !self.is_in_use() || !self.has_generations()? {
            return Ok(Vec::new());
        }
        let next = self
            .db
            .prepare_cached(
                "SELECT id FROM chats CROSS JOIN conversations ON number = conversation
                 WHERE vault_due > 0 AND membership = 2 AND standing = 1 AND trouble = 0 ORDER BY server_at_ms DESC LIMIT ?1",
            )?
            .query_map([AT_A_TIME], |row| Ok(ConversationId::from_bytes(row.get(0)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let is_free = |id: &ConversationId| self.is_busy(Lane::Log(*id)).map(|busy| !busy);
        let mut free = next.iter().map(is_free).collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(next.into_iter().filter(|_| free.next() == Some(true)).collect())
    }

    /// Brings the present vault device to its place, and takes a lost device out. Says whether a commit was decided on.
    pub(super) fn succeed_vault(&mut self, chat: &mut Chat, group: &mut Group) -> Result<bool, Mishap> {
        let due = self.vault_due(chat)?;
        if due == Due::No {
            return Ok(false);
        }
        let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        let changes = match self.succession(&standing, due)? {
            Succession::Settled => {
                self.vault_is_settled(chat)?;
                return Ok(false);
            }
            Succession::Waits => return Ok(false),
            Succession::Changes(changes) => changes,
        };
        let Some(welcomes) = self.commit_with(chat, group, changes)? else {
            // The rules do not allow it, and will not.
            self.vault_is_settled(chat)?;
            return Ok(false);
        };
        if let Some(welcome) = welcomes.first() {
            self.keep_vault_welcome(chat, group, welcome)?;
        }
        Ok(true)
    }

    fn succession(&mut self, standing: &Standing, due: Due) -> Result<Succession, Mishap> {
        let account = self.account()?;
        let Some(vault) = account.vault.as_ref() else { return Ok(Succession::Settled) };
        let (present, allowed) = (vault.device, standing.governance.policy.vault == VaultPolicy::Allowed);
        let seat = standing.accounts.get(&account.id).map(|seat| seat.devices.clone()).unwrap_or_default();
        let holder = seat.iter().find(|(_, purpose)| **purpose == Purpose::Vault).map(|(device, _)| *device);
        let lost = self.lost_device()?.filter(|lost| seat.contains_key(lost));
        let comes = allowed && (holder != Some(present) || due == Due::Anew);
        if !comes && lost.is_none() {
            return Ok(Succession::Settled);
        }
        let mut changes = Changes::new();
        if comes {
            let Some(package) = self.vault_package(present)? else {
                self.update(|account| account.wants.add(Wants::VAULT_PACKAGE))?;
                return Ok(Succession::Waits);
            };
            changes = holder.into_iter().fold(changes, Changes::remove_own_device).add_device(package);
        }
        Ok(Succession::Changes(lost.into_iter().fold(changes, Changes::remove_own_device)))
    }

    /// The commit that gave the vault device its place was taken: wakes it, and seals what it knows.
    pub(super) fn vault_succeeded(
        &mut self,
        chat: &mut Chat,
        group: &Group,
        commit: &Commit,
        seq: u64,
    ) -> Result<(), Mishap> {
        let Some(given) = self.take_vault_welcome(chat)? else { return Ok(()) };
        let is_it = commit.committer == *group.own_leaf() && given.position == (chat.generation, chat.epoch);
        if !is_it {
            return Ok(());
        }
        self.vault_is_settled(chat)?;
        let now = self.now();
        let participant = self.account()?.vault.as_ref().and_then(|vault| vault.participant(now));
        let Some(participant) = participant else { return Ok(()) };
        // One that does not open is as good as none: the next device opens the one that the server has.
        let joined = Group::join(&participant, &given.welcome, &group.tree()?, &[&given.secret], None);
        let Ok((mut awake, _)) = joined else { return Ok(()) };
        chat.vault_seq = seq;
        self.put_vault_group(chat, &mut awake)
    }

    /// Seals the state of a vault device that was just given its place, until the server has it.
    pub(super) fn seal_vault(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        if !self.has_vault_group(chat)? || self.is_busy(Lane::Checkpoint(chat.id))? {
            return Ok(());
        }
        self.put_checkpoint(chat)
    }

    /// Of the first generation nothing has to be looked at but what expires.
    fn has_generations(&self) -> Result<bool, Mishap> {
        let later = self.account()?.vault.as_ref().is_some_and(|vault| vault.generation() > Generation::FIRST);
        Ok(later || self.db.prepare_cached("SELECT 1 FROM chats WHERE vault_due = 2")?.exists([])?)
    }

    fn vault_due(&self, chat: &Chat) -> Result<Due, Mishap> {
        let due: u8 = self
            .db
            .prepare_cached("SELECT vault_due FROM chats WHERE conversation = ?1")?
            .query_row([chat.number], |row| row.get(0))
            .optional()?
            .unwrap_or_default();
        Ok(match due {
            0 => Due::No,
            1 => Due::Look,
            _ => Due::Anew,
        })
    }

    /// Who has the place is who should.
    fn vault_is_settled(&mut self, chat: &Chat) -> Result<(), Mishap> {
        self.db.prepare_cached("UPDATE chats SET vault_due = 0 WHERE conversation = ?1")?.execute([chat.number])?;
        if chat.kind == ConversationKind::Saved && self.is_renewing()? {
            self.pass_vault_keys(chat)?;
        }
        self.tell(Change::Account);
        Ok(())
    }

    /// A commit of this device that was to give the place was refused for good.
    pub(super) fn vault_commit_failed(&mut self, chat: &Chat, for_good: bool) -> Result<bool, Mishap> {
        let was_it = self.take_vault_welcome(chat)?.is_some();
        if was_it && for_good {
            self.vault_is_settled(chat)?;
        }
        Ok(was_it)
    }

    fn vault_package(&self, device: DeviceId) -> Result<Option<KeyPackage>, Mishap> {
        let bytes: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT key_package FROM vault_package WHERE device_id = ?1")?
            .query_row([device.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(bytes.and_then(|bytes| KeyPackage::parse(&bytes, self.now()).ok()))
    }

    fn keep_vault_welcome(&mut self, chat: &Chat, group: &Group, welcome: &[u8]) -> Result<(), Mishap> {
        let position = position_of(group)?;
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO vault_welcomes (conversation, generation, epoch, welcome, secret)
                 SELECT ?1, ?2, ?3, ?4, secret FROM vault_package",
            )?
            .execute(params![chat.number, position.generation.get(), position.epoch.get() + 1, welcome])?;
        Ok(())
    }

    fn take_vault_welcome(&mut self, chat: &Chat) -> Result<Option<Given>, Mishap> {
        let sql = "DELETE FROM vault_welcomes WHERE conversation = ?1 RETURNING generation, epoch, welcome, secret";
        let given = |row: &Row<'_>| {
            Ok(Given {
                position: (row.get(0)?, row.get(1)?),
                welcome: row.get(2)?,
                secret: KeyPackageSecret::from_secret(SecretVec::new(row.get(3)?)),
            })
        };
        Ok(self.db.prepare_cached(sql)?.query_row([chat.number], given).optional()?)
    }

    /// Whether the vault device is awake here.
    fn has_vault_group(&self, chat: &Chat) -> Result<bool, Mishap> {
        let sql = "SELECT 1 FROM groups WHERE conversation = ?1 AND whose = ?2";
        Ok(self.db.prepare_cached(sql)?.exists(params![chat.number, Whose::Vault.number()])?)
    }
}

/// As many as a device comes into at a time.
const AT_A_TIME: u32 = 20;
