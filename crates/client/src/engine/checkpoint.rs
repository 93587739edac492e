//! What the vault device knows of a conversation, kept sealed on the server for the next new device (docs/PROTOCOL.md, 6.7).

use std::fmt;

use prost::Message as _;
use rusqlite::params;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::mls::group::Group;
use sotto_crypto::secret::{EpochSecret, Secret, SecretVec};
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, EventId, GroupPosition, wire};
use zeroize::Zeroize as _;

use super::chat::{Chat, Membership, VaultStep, Whose, position_of};
use super::epochs::Roster;
use super::requests::{Failure, Lane};
use super::sending::position;
use super::step::{Mishap, Step};
use super::waking::Waiting;
use crate::history::{self, Opened};
use crate::store::StoreError;
use crate::timeline::Standing;

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct Checkpoint {
    #[prost(bytes = "vec", tag = "1")]
    group: Vec<u8>,
    #[prost(uint64, tag = "2")]
    seq: u64,
    #[prost(message, repeated, tag = "3")]
    rosters: Vec<Roster>,
    #[prost(message, repeated, tag = "4")]
    epochs: Vec<KnownEpoch>,
    #[prost(message, repeated, tag = "5")]
    scene: Vec<SceneEntry>,
    /// Of the devices in the rosters, where they may have to be passed on.
    #[prost(bytes = "vec", repeated, tag = "6")]
    certificates: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct KnownEpoch {
    #[prost(uint32, tag = "1")]
    generation: u32,
    #[prost(uint64, tag = "2")]
    epoch: u64,
    #[prost(bytes = "vec", tag = "3")]
    secret: Vec<u8>,
    #[prost(uint32, tag = "4")]
    roster: u32,
    #[prost(bool, tag = "5")]
    given: bool,
}

/// An event about the conversation as a whole, so that a new device knows its name before it has read that far.
#[derive(Clone, PartialEq, prost::Message)]
struct SceneEntry {
    #[prost(uint64, tag = "1")]
    seq: u64,
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    author: Vec<u8>,
    #[prost(uint32, tag = "4")]
    standing: u32,
    #[prost(uint64, tag = "5")]
    received_at_ms: u64,
    #[prost(bytes = "vec", tag = "6")]
    body: Vec<u8>,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl fmt::Debug for KnownEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownEpoch").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.group.zeroize();
    }
}

impl Drop for KnownEpoch {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Step<'_, '_> {
    pub(super) fn checkpoint_came(
        &mut self,
        chat: &mut Chat,
        reply: &wire::GetCheckpointsResponse,
    ) -> Result<(), Mishap> {
        let found = reply.checkpoints.iter().find(|checkpoint| checkpoint.conversation_id == chat.id.to_wire());
        let account = self.account()?;
        let opened = found.zip(account.vault.as_ref()).and_then(|(checkpoint, vault)| {
            let seen = Version::from_number(chat.checkpoint_version);
            let (bytes, version) = vault.open(account.id, &Item::Checkpoint(chat.id), seen, &checkpoint.sealed).ok()?;
            Some((Checkpoint::decode(bytes.expose_secret()).ok()?, version))
        });
        let Some((mut checkpoint, version)) = opened else {
            chat.vault_step = VaultStep::NoCheckpoint;
            return Ok(());
        };
        let Ok(mut group) = Group::restore(&SecretVec::new(std::mem::take(&mut checkpoint.group))) else {
            chat.vault_step = VaultStep::NoCheckpoint;
            return Ok(());
        };
        chat.checkpoint_version = version.number();
        for known in &checkpoint.epochs {
            let roster = usize::try_from(known.roster).ok().and_then(|index| checkpoint.rosters.get(index));
            let (Some(roster), Some(secret)) = (roster, Secret::copy_from(&known.secret)) else { continue };
            let position = position(known.generation, known.epoch)?;
            self.keep_readable(chat, position, &EpochSecret::from_secret(secret), roster, known.given)?;
        }
        for certificate in checkpoint.certificates.iter().filter_map(|bytes| DeviceCertificate::decode(bytes).ok()) {
            self.keep_certificate(&certificate)?;
        }
        for entry in &checkpoint.scene {
            self.take_scene_entry(chat, entry)?;
        }
        if self.is_added_since(chat, position_of(&group)?)? {
            chat.vault_step = VaultStep::NoCheckpoint;
            return Ok(());
        }
        chat.vault_seq = checkpoint.seq;
        chat.vault_step = VaultStep::Awake;
        self.put_vault_group(chat, &mut group)
    }

    /// Whether the vault device was added again after a checkpoint, which then is of an earlier stay.
    fn is_added_since(&self, chat: &Chat, position: GroupPosition) -> Result<bool, Mishap> {
        let Some(vault) = self.account()?.vault.as_ref() else { return Ok(false) };
        let (generation, epoch) = (position.generation.get(), position.epoch.get());
        let waiting = vault.devices().map(|device| self.waiting(chat, device)).collect::<Result<Vec<_>, _>>()?;
        let is_later = |waiting: &Waiting| waiting.generation == generation && waiting.epoch > epoch;
        Ok(waiting.iter().flatten().any(is_later))
    }

    fn take_scene_entry(&mut self, chat: &Chat, entry: &SceneEntry) -> Result<(), Mishap> {
        let standing = u8::try_from(entry.standing).ok().and_then(Standing::from_number);
        let (Ok(id), Ok(author), Some(standing)) =
            (entry.id.as_slice().try_into(), entry.author.as_slice().try_into(), standing)
        else {
            return Ok(());
        };
        let opened = Opened {
            conversation: chat.id,
            seq: entry.seq,
            id: EventId::from_bytes(id),
            author: AccountId::from_bytes(author),
            standing,
            received_at_ms: entry.received_at_ms,
            body: entry.body.clone(),
        };
        Ok(history::record(self.db, &opened)?)
    }

    /// Stores what the vault device knows now, for the next new device, and lets it go back to sleep.
    pub(super) fn keep_checkpoint(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        self.put_checkpoint(chat)?;
        self.forget_group(chat, Whose::Vault)
    }

    /// Seals what the vault device knows now for the server. What would be too large is left out: the next device begins where this one
    /// did.
    pub(super) fn put_checkpoint(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        let Some(mut group) = self.vault_group(chat)? else { return Ok(()) };
        let at = position_of(&group)?;
        let mut checkpoint = Checkpoint {
            group: group.snapshot()?.expose_secret().to_vec(),
            seq: chat.vault_seq,
            rosters: Vec::new(),
            epochs: Vec::new(),
            scene: self.scene_entries(chat)?,
            certificates: self.certificates_to_pass_on(chat)?,
        };
        for (position, readable) in self.all_readable(chat)? {
            if position.generation == at.generation && position.epoch > at.epoch {
                continue;
            }
            let roster = checkpoint.rosters.iter().position(|roster| *roster == readable.roster);
            let roster = roster.unwrap_or_else(|| {
                checkpoint.rosters.push(readable.roster);
                checkpoint.rosters.len() - 1
            });
            checkpoint.epochs.push(KnownEpoch {
                generation: position.generation.get(),
                epoch: position.epoch.get(),
                secret: readable.secret.expose_secret().to_vec(),
                roster: u32::try_from(roster).unwrap_or(u32::MAX),
                given: readable.given,
            });
        }
        let version = Version::from_number(chat.checkpoint_version).next();
        let content = SecretVec::new(checkpoint.encode_to_vec());
        let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
        let Some(vault) = account.vault.as_ref() else { return Ok(()) };
        let item = Item::Checkpoint(chat.id);
        let Ok(sealed) = vault.store.seal(account.id, &item, version, content.expose_secret(), &mut self.moment.rng)
        else {
            return self.forget_group(chat, Whose::Vault);
        };
        let checkpoint = wire::Checkpoint {
            conversation_id: chat.id.to_wire(),
            version: version.number(),
            generation: at.generation.get(),
            epoch: at.epoch.get(),
            sealed: sealed.into(),
        };
        Ok(self.call(Lane::Checkpoint(chat.id), &wire::PutCheckpointRequest { checkpoint: Some(checkpoint) })?)
    }

    /// The server has it.
    pub(super) fn checkpoint_is_put(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        chat.checkpoint_version += 1;
        let now_ms = self.memory.clock.now_ms(self.moment);
        self.db
            .prepare_cached("UPDATE chats SET vault_sealed_ms = ?2, vault_stale = 0 WHERE conversation = ?1")?
            .execute(params![chat.number, now_ms])?;
        if chat.membership == Membership::Member {
            self.forget_group(chat, Whose::Vault)?;
        }
        Ok(())
    }

    /// The server does not take it: another device was first, and this one follows it; or it never will.
    pub(super) fn checkpoint_refused(&mut self, chat: &mut Chat, failure: &Failure) -> Result<(), Mishap> {
        match failure {
            Failure::Refused(detail) if ErrorCode::of(detail) == ErrorCode::VersionConflict => {
                chat.checkpoint_version = detail.version;
                Ok(())
            }
            _ if chat.membership == Membership::Member => self.forget_group(chat, Whose::Vault),
            _ => Ok(()),
        }
    }

    fn scene_entries(&self, chat: &Chat) -> Result<Vec<SceneEntry>, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT seq, event_id, author, standing, received_at_ms, body
                 FROM scenes CROSS JOIN entries USING (conversation, seq)
                 WHERE scenes.conversation = ?1 ORDER BY scenes.seq DESC LIMIT 1000",
            )?
            .query_map([chat.number], |row| {
                Ok(SceneEntry {
                    seq: row.get(0)?,
                    id: row.get(1)?,
                    author: row.get(2)?,
                    standing: row.get(3)?,
                    received_at_ms: row.get(4)?,
                    body: row.get(5)?,
                })
            })?
            .collect::<Result<_, _>>()?)
    }
}
