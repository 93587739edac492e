//! The sleeping device, by which a new device gets every conversation with its whole history and nobody's help.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use sotto_crypto::mls::group::Group;
use sotto_crypto::mls::key_package::KeyPackageSecret;
use sotto_crypto::secret::EpochSecret;
use sotto_crypto::time::Time;
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::Direction;
use sotto_proto::{ConversationId, EntryBody, Epoch, Generation, GroupPosition, LogEntry, wire};

use super::person::FIRST;
use super::{Chat, Device};

impl Device {
    /// Wakes the vault device in a conversation, learns what it could read, and joins from outside by what it says.
    pub async fn join_through_the_vault(&mut self, chat: ConversationId) -> Result<()> {
        let waiting = self.waiting_welcomes(self.person.vault_device, Some(chat)).await?;
        let waiting = waiting.into_iter().next().context("a Welcome waits for the vault device")?;
        let mut asleep = self.wake(&waiting).await?;
        let secrets = self.fast_forward(&mut asleep, chat, waiting.commit_seq).await?;

        let tree = self.tree(chat.to_wire(), waiting.generation, asleep.epoch()).await?;
        let join = Group::join_externally(&self.participant, &asleep.group_info()?, &tree, &mut self.rng)?;
        let request = wire::CommitRequest {
            conversation_id: chat.to_wire(),
            generation: waiting.generation,
            epoch: asleep.epoch(),
            commit: join.commit.into(),
            welcomes: Vec::new(),
        };
        let reply = self.link.call(request).await?;
        let mut joined = Chat::joined(chat, join.group, reply.seq)?;
        joined.inherit(secrets);
        joined.begin_reading_at(waiting.commit_seq);
        self.chats.insert(chat, joined);
        self.catch_up(chat).await
    }

    async fn wake(&mut self, waiting: &wire::WaitingWelcome) -> Result<Group> {
        let reference = sotto_crypto::mls::welcome::reference_of(&waiting.welcome)?;
        let store = self.person.root.derive_store_key(FIRST);
        let item = Item::KeyPackage(reference);
        let (private, _) = store.open(self.account(), &item, Version::NONE, &waiting.sealed_private)?;
        let secret = KeyPackageSecret::from_secret(private);
        let tree = self.tree(waiting.conversation_id.clone(), waiting.generation, waiting.epoch).await?;
        let vault = self.person.vault_participant()?;
        Ok(Group::join(&vault, &waiting.welcome, &tree, &[&secret], None)?.0)
    }

    /// Processes the handshakes that the vault device has slept through, and collects the secrets of all epochs.
    async fn fast_forward(
        &self,
        group: &mut Group,
        chat: ConversationId,
        after: u64,
    ) -> Result<BTreeMap<GroupPosition, EpochSecret>> {
        let mut secrets = BTreeMap::from([(position(group)?, group.epoch_secret()?)]);
        let mut next = after + 1;
        loop {
            let request = wire::ReadRangeRequest {
                conversation_id: chat.to_wire(),
                from_seq: next,
                direction: Direction::Forward.into(),
                limit: 500,
                handshakes_only: true,
            };
            let page = self.link.call(request).await?;
            for entry in page.entries {
                let entry = LogEntry::try_from(entry)?;
                let at = Time::from_unix_seconds(entry.received_at_ms / 1_000);
                if let EntryBody::Commit(handshake) | EntryBody::Proposal(handshake) = &entry.body {
                    group.process(handshake, at)?;
                    secrets.insert(position(group)?, group.epoch_secret()?);
                }
                next = entry.seq.get() + 1;
            }
            if !page.more {
                return Ok(secrets);
            }
        }
    }
}

fn position(group: &Group) -> Result<GroupPosition> {
    let generation = Generation::new(group.standing()?.governance.generation).context("generations begin at 1")?;
    Ok(GroupPosition { generation, epoch: Epoch::new(group.epoch()).context("an epoch is a number")? })
}
