//! How a device comes into a conversation that the account is in: by the Welcome that was made for it, or, when it is newer than the
//! conversation, by waking the vault device, which can read everything that the account could.

use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::mls::group::{Group, Received};
use sotto_crypto::mls::key_package::KeyPackageSecret;
use sotto_crypto::mls::welcome;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::time::Time;
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::{Direction, ErrorCode};
use sotto_proto::{ConversationId, DeviceId, EntryBody, ID_LEN, LogEntry, WelcomeId, wire};

use super::change::Change;
use super::chat::{Chat, Membership, VaultStep, position_of};
use super::requests::Lane;
use super::step::{Mishap, Step};
use crate::history;
use crate::store::StoreError;

/// A Welcome as it waits here.
pub(super) struct Waiting {
    id: WelcomeId,
    device: DeviceId,
    pub(super) generation: u32,
    pub(super) epoch: u64,
    commit_seq: u64,
    welcome: Vec<u8>,
    sealed_private: Vec<u8>,
}

impl Step<'_, '_> {
    pub(super) fn take_welcome(&mut self, waiting: &wire::WaitingWelcome) -> Result<(), Mishap> {
        let id = ConversationId::parse("conversation_id", &waiting.conversation_id)?;
        let welcome_id = WelcomeId::parse("welcome_id", &waiting.welcome_id)?;
        let number = history::number_of(self.db, id)?;
        self.db
            .prepare_cached(
                "INSERT OR IGNORE INTO welcomes (welcome_id, device_id, conversation, generation, epoch, commit_seq, welcome,
                   sealed_private) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                welcome_id.as_bytes(),
                waiting.device_id.as_ref(),
                number,
                waiting.generation,
                waiting.epoch,
                waiting.commit_seq,
                waiting.welcome.as_ref(),
                waiting.sealed_private.as_ref(),
            ])?;
        if let Some(mut chat) = self.chat(id)? {
            chat.server_seq = chat.server_seq.max(waiting.commit_seq);
            chat.save(self.db)?;
        }
        self.revisit(id);
        Ok(())
    }

    /// Whether this device was added once more after all that it has read.
    pub(super) fn was_added_again(&self, chat: &Chat) -> Result<bool, Mishap> {
        let own = self.account()?.device;
        Ok(self.waiting(chat, own)?.is_some_and(|waiting| waiting.commit_seq > chat.high_seq().max(chat.joined_by)))
    }

    /// Whether a Welcome waits that leads beyond the epoch in which this device went.
    pub(super) fn is_welcome_again(&self, chat: &Chat) -> Result<bool, Mishap> {
        let own = self.account()?.device;
        let went = (chat.generation, chat.epoch);
        Ok(self.waiting(chat, own)?.is_some_and(|waiting| (waiting.generation, waiting.epoch) > went))
    }

    /// The next call on the way in.
    pub(super) fn come_in(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        let own = self.account()?.device;
        if let Some(waiting) = self.waiting(chat, own)? {
            return self.ask_for_tree(chat, &waiting);
        }
        let Some(vault) = self.account()?.vault.as_ref() else { return Ok(()) };
        if vault.certificate.is_none() {
            return Ok(());
        }
        let vault_device = vault.device;
        match chat.vault_step {
            VaultStep::Asleep => {
                let request = wire::GetCheckpointsRequest { conversation_ids: vec![chat.id.to_wire()] };
                Ok(self.call(Lane::Log(chat.id), &request)?)
            }
            VaultStep::NoCheckpoint => {
                if let Some(waiting) = self.waiting_for_vault(chat)? {
                    return self.ask_for_tree(chat, &waiting);
                }
                self.ask_for_welcomes(chat, vault_device)
            }
            VaultStep::Awake if chat.server_handshake > chat.vault_seq => {
                let request = wire::ReadRangeRequest {
                    conversation_id: chat.id.to_wire(),
                    from_seq: chat.vault_seq + 1,
                    direction: Direction::Forward.into(),
                    limit: 500,
                    handshakes_only: true,
                };
                Ok(self.call(Lane::Log(chat.id), &request)?)
            }
            VaultStep::Awake if chat.window.is_none() => self.look_at_the_end(chat),
            VaultStep::Awake if chat.is_over() => self.stay_outside(chat),
            VaultStep::Awake => self.join_from_outside(chat),
            VaultStep::Absent => Ok(()),
        }
    }

    /// The newest Welcome for a device.
    pub(super) fn waiting(&self, chat: &Chat, device: DeviceId) -> Result<Option<Waiting>, StoreError> {
        self.find_waiting(
            chat,
            device,
            0,
            "SELECT * FROM welcomes WHERE conversation = ?1 AND device_id = ?2
             AND generation > ?3 ORDER BY generation DESC, epoch DESC LIMIT 1",
        )
    }

    fn ask_for_welcomes(&mut self, chat: &Chat, device: DeviceId) -> Result<(), Mishap> {
        let request = wire::ListWelcomesRequest {
            device_id: device.to_wire(),
            conversation_id: chat.id.to_wire(),
            ..Default::default()
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// The next Welcome for a vault device, the present one first. It goes through the generations one by one, since each is judged by the
    /// one before.
    fn waiting_for_vault(&self, chat: &Chat) -> Result<Option<Waiting>, Mishap> {
        let asleep = self.vault_group(chat)?.map(|group| position_of(&group)).transpose()?;
        let beyond = asleep.map_or(0, |position| position.generation.get());
        let Some(vault) = self.account()?.vault.as_ref() else { return Ok(None) };
        for device in vault.devices() {
            let waiting = self.find_waiting(
                chat,
                device,
                beyond,
                "SELECT * FROM welcomes WHERE conversation = ?1 AND device_id = ?2
                 AND generation > ?3 ORDER BY generation, epoch DESC LIMIT 1",
            )?;
            if waiting.is_some() {
                return Ok(waiting);
            }
        }
        Ok(None)
    }

    fn find_waiting(
        &self,
        chat: &Chat,
        device: DeviceId,
        beyond: u32,
        sql: &str,
    ) -> Result<Option<Waiting>, StoreError> {
        Ok(self
            .db
            .prepare_cached(sql)?
            .query_row(params![chat.number, device.as_bytes(), beyond], |row| {
                Ok(Waiting {
                    id: WelcomeId::from_bytes(row.get::<_, [u8; ID_LEN]>("welcome_id")?),
                    device: DeviceId::from_bytes(row.get::<_, [u8; ID_LEN]>("device_id")?),
                    generation: row.get("generation")?,
                    epoch: row.get("epoch")?,
                    commit_seq: row.get("commit_seq")?,
                    welcome: row.get("welcome")?,
                    sealed_private: row.get("sealed_private")?,
                })
            })
            .optional()?)
    }

    fn ask_for_tree(&mut self, chat: &Chat, waiting: &Waiting) -> Result<(), Mishap> {
        let request = wire::GetTreeRequest {
            conversation_id: chat.id.to_wire(),
            generation: waiting.generation,
            epoch: waiting.epoch,
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// The tree that a Welcome needs is here: joins, or wakes the vault device. A newer Welcome that came meanwhile needs another tree,
    /// which is asked for next.
    pub(super) fn tree_came(
        &mut self,
        chat: &mut Chat,
        asked: &wire::GetTreeRequest,
        tree: &[u8],
    ) -> Result<(), Mishap> {
        let (own, now) = (self.account()?.device, self.now());
        let is_for = |waiting: &Waiting| (waiting.generation, waiting.epoch) == (asked.generation, asked.epoch);
        if let Some(waiting) = self.waiting(chat, own)? {
            return if is_for(&waiting) { self.join_by(chat, &waiting, tree) } else { Ok(()) };
        }
        let Some(waiting) = self.waiting_for_vault(chat)?.filter(is_for) else { return Ok(()) };
        let before = self.vault_group(chat)?.and_then(|group| group.standing().ok());
        let account = self.account()?;
        let Some(vault) = account.vault.as_ref() else { return Ok(()) };
        let reference = welcome::reference_of(&waiting.welcome).map_err(|_| Mishap::Bad("welcome"))?;
        let item = Item::KeyPackage(reference);
        let opened = vault.open(account.id, &item, Version::NONE, &waiting.sealed_private);
        let group =
            opened.ok().zip(vault.participant_of(waiting.device, now)).and_then(|((private, _), participant)| {
                let secret = KeyPackageSecret::from_secret(private);
                Group::join(&participant, &waiting.welcome, tree, &[&secret], before.as_ref()).ok()
            });
        let Some((mut group, _)) = group else { return self.cannot_wake(chat, &waiting) };
        chat.vault_seq = waiting.commit_seq;
        chat.vault_step = VaultStep::Awake;
        self.keep_epoch(chat, &group)?;
        self.put_vault_group(chat, &mut group)
    }

    /// The Welcome is too old for its tree: by a newer one, or by the newest state.
    pub(super) fn tree_is_gone(&mut self, chat: &mut Chat, asked: &wire::GetTreeRequest) -> Result<(), Mishap> {
        self.db.execute(
            "DELETE FROM welcomes WHERE conversation = ?1 AND generation = ?2 AND epoch = ?3",
            params![chat.number, asked.generation, asked.epoch],
        )?;
        let is_last =
            !self.db.prepare_cached("SELECT 1 FROM welcomes WHERE conversation = ?1")?.exists([chat.number])?;
        if is_last && chat.vault_step == VaultStep::NoCheckpoint {
            chat.vault_step = VaultStep::Absent;
        }
        Ok(())
    }

    /// A Welcome that opens nothing is as good as none.
    fn cannot_wake(&mut self, chat: &mut Chat, waiting: &Waiting) -> Result<(), Mishap> {
        self.drop_welcome(waiting)?;
        if waiting.device != self.account()?.device && self.waiting_for_vault(chat)?.is_none() {
            chat.vault_step = VaultStep::Absent;
        }
        Ok(())
    }

    fn join_by(&mut self, chat: &mut Chat, waiting: &Waiting, tree: &[u8]) -> Result<(), Mishap> {
        let reference = welcome::reference_of(&waiting.welcome).map_err(|_| Mishap::Bad("welcome"))?;
        let secret = self.key_package(&reference)?;
        let participant = self.account()?.participant(self.now())?;
        let before = self.take_group(chat)?.and_then(|group| group.standing().ok());
        let joined = secret
            .as_ref()
            .map(|(secret, _)| Group::join(&participant, &waiting.welcome, tree, &[secret], before.as_ref()));
        let Some(Ok((group, _))) = joined else { return self.cannot_wake(chat, waiting) };
        if let Some((_, false)) = secret {
            self.db.execute("DELETE FROM key_packages WHERE reference = ?1", [reference])?;
        }
        self.drop_welcome(waiting)?;
        self.become_member(chat, group, waiting.commit_seq)
    }

    fn become_member(&mut self, chat: &mut Chat, group: Group, joined_by: u64) -> Result<(), Mishap> {
        let position = self.keep_epoch(chat, &group)?;
        self.meet(&group)?;
        (chat.generation, chat.epoch) = (position.generation.get(), position.epoch.get());
        (chat.epoch_began_ms, chat.epoch_events) = (self.memory.clock.now_ms(self.moment), 0);
        chat.membership = Membership::Member;
        chat.joined_by = joined_by;
        chat.server_seq = chat.server_seq.max(joined_by);
        // What could not be said while this account was out can be said now.
        self.db.execute(
            "UPDATE outbox SET refusal = NULL WHERE conversation = ?1 AND refusal = ?2",
            params![chat.number, i32::from(ErrorCode::NotFound)],
        )?;
        self.put_group(chat, group)?;
        self.tell(Change::Chats);
        self.tell(Change::Members(chat.id));
        Ok(())
    }

    fn key_package(&self, reference: &[u8; 32]) -> Result<Option<(KeyPackageSecret, bool)>, StoreError> {
        Ok(self
            .db
            .prepare_cached("SELECT secret, last_resort FROM key_packages WHERE reference = ?1")?
            .query_row([reference], |row| Ok((KeyPackageSecret::from_secret(SecretVec::new(row.get(0)?)), row.get(1)?)))
            .optional()?)
    }

    fn drop_welcome(&mut self, waiting: &Waiting) -> Result<(), Mishap> {
        self.db.execute("DELETE FROM welcomes WHERE welcome_id = ?1", [waiting.id.as_bytes()])?;
        if waiting.device == self.account()?.device {
            // One that is not dropped there comes again, and is useless again.
            self.memory.traffic.call(&wire::AckWelcomesRequest { welcome_ids: vec![waiting.id.to_wire()] });
        }
        Ok(())
    }

    pub(super) fn welcomes_came(
        &mut self,
        chat: &mut Chat,
        asked: &wire::ListWelcomesRequest,
        reply: &wire::ListWelcomesResponse,
    ) -> Result<(), Mishap> {
        for waiting in &reply.welcomes {
            self.take_welcome(waiting)?;
        }
        // One to the generation in which the vault device was stuck leads there again.
        let stuck = self.vault_group(chat)?.map(|group| position_of(&group)).transpose()?;
        let stuck = stuck.map_or(0, |position| position.generation.get());
        if reply.welcomes.iter().any(|waiting| waiting.generation > stuck) {
            return Ok(());
        }
        // It may have been added as long as another vault device was in use.
        let devices = self.account()?.vault.as_ref().map(|vault| vault.devices().collect::<Vec<_>>());
        let mut rest = devices.into_iter().flatten().skip_while(|device| device.to_wire() != asked.device_id).skip(1);
        let Some(before) = rest.next() else {
            chat.vault_step = VaultStep::Absent;
            return Ok(());
        };
        self.ask_for_welcomes(chat, before)
    }

    /// Processes the handshakes that the vault device has slept through.
    pub(super) fn fast_forward(&mut self, chat: &mut Chat, entries: &[LogEntry], more: bool) -> Result<(), Mishap> {
        let Some(mut group) = self.vault_group(chat)? else { return Ok(()) };
        let known = chat.vault_seq;
        for entry in entries.iter().filter(|entry| entry.seq.get() > known) {
            let at = Time::from_unix_seconds(entry.received_at_ms / 1_000);
            if let EntryBody::Commit(handshake) | EntryBody::Proposal(handshake) = &entry.body {
                match group.process(handshake, at) {
                    Ok(Received::Commit(_)) => {
                        self.end_epochs(chat, entry.received_at_ms, false)?;
                        self.keep_epoch(chat, &group)?;
                    }
                    Ok(Received::Proposal(_)) => {}
                    Ok(Received::Removed(_)) => {
                        if !chat.is_over() {
                            chat.vault_step = VaultStep::Absent;
                        }
                        break;
                    }
                    // A bad commit: what comes after it begins with a Welcome to the next generation.
                    Err(_) => {
                        chat.vault_step = VaultStep::NoCheckpoint;
                        break;
                    }
                }
            }
            chat.vault_seq = entry.seq.get();
        }
        if !more {
            chat.vault_seq = chat.vault_seq.max(chat.server_handshake);
        }
        self.meet(&group)?;
        self.put_vault_group(chat, &mut group)
    }

    /// The newest entries are shown first; the device joins afterwards.
    pub(super) fn look_at_the_end(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: chat.server_seq.max(1),
            direction: Direction::Backward.into(),
            limit: FIRST_LOOK,
            handshakes_only: false,
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// The account has left: there is something to read, and nothing to join.
    fn stay_outside(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        chat.membership = Membership::Former;
        self.tell(Change::Chats);
        self.keep_checkpoint(chat)
    }

    fn join_from_outside(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        let Some(group) = self.vault_group(chat)? else { return Ok(()) };
        let now = self.now();
        let participant = self.account()?.participant(now)?;
        let (info, tree) = (group.group_info()?, group.tree()?);
        let join = Group::join_externally(&participant, &info, &tree, &mut self.moment.rng)?;
        let position = position_of(&group)?;
        let request = wire::CommitRequest {
            conversation_id: chat.id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            commit: join.commit.into(),
            welcomes: Vec::new(),
        };
        self.put_group(chat, join.group)?;
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// The server took this device's own commit to come in.
    pub(super) fn joined(&mut self, chat: &mut Chat, reply: &wire::CommitResponse) -> Result<(), Mishap> {
        let Some(group) = self.take_group(chat)? else { return Ok(()) };
        self.become_member(chat, group, reply.seq)?;
        self.keep_checkpoint(chat)
    }
}

/// Entries that a new device looks at first.
const FIRST_LOOK: u32 = 50;
