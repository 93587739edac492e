//! What people do in conversations.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use rand::RngExt as _;
use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{self, Kind as Sealed};
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group, PendingCommit};
use sotto_crypto::mls::key_package::{KeyPackage, KeyPackageSecret};
use sotto_crypto::mls::standing::Standing;
use sotto_crypto::mls::welcome;
use sotto_proto::wire::{ConversationKind, Direction, ErrorCode};
use sotto_proto::{AccountId, ConversationId, EventId, GroupPosition, LogEntry, RequestId, wire};

use super::{Chat, Device, now};
use crate::link::code_of;

impl Device {
    /// Starts a direct chat.
    pub async fn start_direct(&mut self, other: &Self) -> Result<ConversationId> {
        self.start(Kind::Direct, &[other.account()], Policy::default_for(Kind::Direct)).await
    }

    /// Starts a group with others.
    pub async fn start_group(&mut self, others: &[&Self]) -> Result<ConversationId> {
        let accounts: Vec<_> = others.iter().map(|device| device.account()).collect();
        self.start(Kind::Group, &accounts, Policy::default_for(Kind::Group)).await
    }

    /// Starts a conversation of any kind.
    pub async fn start(&mut self, kind: Kind, others: &[AccountId], policy: Policy) -> Result<ConversationId> {
        let (request, group) = self.prepare(kind, others, policy).await?;
        let id = ConversationId::try_from(&request.conversation_id[..])?;
        self.link.call(request).await?;
        self.chats.insert(id, Chat::joined(id, group, 0)?);
        self.catch_up(id).await?;
        Ok(id)
    }

    /// Everything that a new conversation needs, not sent yet.
    pub async fn prepare(
        &mut self,
        kind: Kind,
        others: &[AccountId],
        policy: Policy,
    ) -> Result<(wire::CreateConversationRequest, Group)> {
        let id = ConversationId::from_bytes(self.rng.random());
        let owners = if kind == Kind::Direct { others } else { &[] };
        let owners = owners.iter().copied().chain([self.account()]);
        let governance = Governance {
            conversation: id,
            generation: 1,
            kind,
            suite: self.town.suite,
            server_key: self.town.server_key,
            policy,
            roles: owners.map(|account| (account, Role::Owner)).collect(),
        };
        let mut group = Group::found(&self.participant, &governance, now(), &mut self.rng)?;
        let (group_info, ratchet_tree) = (group.group_info()?.into(), group.tree()?.into());
        let everybody: Vec<_> = others.iter().copied().chain([self.account()]).collect();
        let added = self.claim(&everybody).await?;
        let pending = group.commit(added, now(), &mut self.rng)?;
        let kind = match kind {
            Kind::Direct => ConversationKind::Direct,
            Kind::Group => ConversationKind::Group,
            Kind::Saved => ConversationKind::Saved,
        };
        let request = wire::CreateConversationRequest {
            conversation_id: id.to_wire(),
            kind: kind.into(),
            group_info,
            ratchet_tree,
            welcomes: welcomes(&pending)?,
            commit: pending.commit.into(),
        };
        Ok((request, group))
    }

    /// Adds people to a group.
    pub async fn add(&mut self, chat: ConversationId, others: &[&Self]) -> Result<()> {
        let accounts: Vec<_> = others.iter().map(|device| device.account()).collect();
        let changes = self.claim(&accounts).await?;
        self.change(chat, changes).await
    }

    /// Removes an account from a group.
    pub async fn remove(&mut self, chat: ConversationId, other: &Self) -> Result<()> {
        self.change(chat, Changes::new().remove_account(other.account())).await
    }

    /// Commits changes. When somebody else's commit was first, it catches up and leaves the decision to the caller.
    pub async fn change(&mut self, chat: ConversationId, changes: Changes) -> Result<()> {
        let request = self.commit(chat, changes)?;
        self.submit(chat, request).await
    }

    /// Sends a commit, for the first time or again.
    pub async fn submit(&mut self, chat: ConversationId, commit: wire::CommitRequest) -> Result<()> {
        match self.link.call(commit).await {
            Ok(_) => self.catch_up(chat).await,
            Err(refused) => {
                self.chat_mut(chat)?.group.discard_pending();
                if refused.code() == ErrorCode::EpochConflict {
                    self.catch_up(chat).await?;
                }
                Err(refused.into())
            }
        }
    }

    /// A commit, not sent yet.
    pub fn commit(&mut self, chat: ConversationId, changes: Changes) -> Result<wire::CommitRequest> {
        let Self { chats, rng, .. } = self;
        let chat = chats.get_mut(&chat).context("the device knows the conversation")?;
        let GroupPosition { generation, epoch } = chat.position();
        let pending = chat.group.commit(changes, now(), rng)?;
        Ok(wire::CommitRequest {
            conversation_id: chat.id.to_wire(),
            generation: generation.get(),
            epoch: epoch.get(),
            welcomes: welcomes(&pending)?,
            commit: pending.commit.into(),
        })
    }

    /// Commits the removals that were proposed, as the first member that sees them does.
    pub async fn tidy(&mut self, chat: ConversationId) -> Result<()> {
        self.catch_up(chat).await?;
        if self.chat(chat)?.group.pending_removals()?.is_empty() {
            return Ok(());
        }
        self.change(chat, Changes::new()).await
    }

    /// Opens the next generation of a broken group, with these people's devices beside the own ones.
    pub async fn open_generation(
        &mut self,
        chat: ConversationId,
        before: &Standing,
        refused_seq: u64,
        others: &[&Self],
    ) -> Result<()> {
        let accounts: Vec<_> = others.iter().map(|device| device.account()).chain([self.account()]).collect();
        let packages = self.claimed(&accounts).await?;
        let Self { participant, rng, .. } = self;
        let opening = Group::open_generation(participant, before, packages, now(), rng)?;
        let head = self.head(chat).await?;
        let request = wire::NewGenerationRequest {
            conversation_id: chat.to_wire(),
            generation: head.generation,
            epoch: head.epoch,
            refused_seq,
            group_info: opening.group_info.into(),
            ratchet_tree: opening.tree.into(),
            welcomes: welcomes(&opening.pending)?,
            commit: opening.pending.commit.into(),
        };
        self.link.call(request).await?;
        self.chat_mut(chat)?.begin_generation(opening.group)?;
        self.catch_up(chat).await
    }

    /// Lets a stranger in.
    pub async fn accepts(&self, chat: ConversationId) -> Result<()> {
        self.link.call(wire::AcceptRequestRequest { conversation_id: chat.to_wire() }).await?;
        Ok(())
    }

    /// Where a conversation stands, as the server sees it.
    pub async fn head(&self, chat: ConversationId) -> Result<wire::ConversationHead> {
        let request = wire::ReadRangeRequest {
            conversation_id: chat.to_wire(),
            from_seq: 1,
            direction: Direction::Forward.into(),
            limit: 1,
            handshakes_only: true,
        };
        self.link.call(request).await?.head.context("a range comes with the head")
    }

    /// Leaves a conversation with all devices.
    pub async fn leave(&mut self, chat: ConversationId) -> Result<u64> {
        self.catch_up(chat).await?;
        let chat = self.chat(chat)?;
        let GroupPosition { generation, epoch } = chat.position();
        let request = wire::LeaveRequest {
            conversation_id: chat.id.to_wire(),
            generation: generation.get(),
            epoch: epoch.get(),
            proposals: chat.group.leave()?.into_iter().map(Bytes::from).collect(),
        };
        Ok(self.link.call(request).await?.last_seq)
    }

    /// Says something, and knows that it is kept when this returns. When the group has moved on, it is sealed again.
    pub async fn says(&mut self, chat: ConversationId, text: &str) -> Result<u64> {
        let id = EventId::from_bytes(self.rng.random());
        for _ in 0..SEALINGS_MAX {
            let request = self.seal(chat, id, text)?;
            match self.link.call(request).await {
                Ok(reply) => return Ok(reply.seq),
                Err(refused) if refused.code() == ErrorCode::EpochConflict => self.catch_up(chat).await?,
                Err(refused) => return Err(refused.into()),
            }
        }
        bail!("the group never stands still")
    }

    /// A sealed event, not sent yet.
    pub fn seal(&mut self, chat: ConversationId, id: EventId, text: &str) -> Result<wire::AppendRequest> {
        let sender = self.as_sender();
        let Self { chats, rng, key, .. } = self;
        let chat = chats.get(&chat).context("the device knows the conversation")?;
        let position = chat.position();
        let header = chat.header(position, Sealed::Event(id));
        let seen = chat.head.unwrap_or(ChainHead::start(chat.id));
        let sealed = event::seal(chat.secret()?, &header, sender, key, &seen, text.as_bytes(), rng)?;
        Ok(wire::AppendRequest {
            conversation_id: chat.id.to_wire(),
            event_id: id.to_wire(),
            generation: position.generation.get(),
            epoch: position.epoch.get(),
            sealed: sealed.into(),
        })
    }

    /// Reads what there is, after joining whatever the device was added to.
    pub async fn hears(&mut self, chat: ConversationId) -> Result<Vec<&str>> {
        if !self.chats.contains_key(&chat) {
            self.join_by_welcome().await?;
        }
        self.catch_up(chat).await?;
        Ok(self.chat(chat)?.texts())
    }

    /// Joins every conversation that waits for this device.
    pub async fn join_by_welcome(&mut self) -> Result<()> {
        let waiting = self.waiting_welcomes(self.id, None).await?;
        for waiting in &waiting {
            let tree = self.tree(waiting.conversation_id.clone(), waiting.generation, waiting.epoch).await?;
            let secrets: Vec<&KeyPackageSecret> = self.secrets.iter().collect();
            let (group, _) = Group::join(&self.participant, &waiting.welcome, &tree, &secrets, None)?;
            let id = ConversationId::try_from(&waiting.conversation_id[..])?;
            self.chats.insert(id, Chat::joined(id, group, waiting.commit_seq)?);
        }
        if !waiting.is_empty() {
            let welcome_ids = waiting.into_iter().map(|waiting| waiting.welcome_id).collect();
            self.link.call(wire::AckWelcomesRequest { welcome_ids }).await?;
        }
        Ok(())
    }

    /// Reads and processes the log to its end.
    pub async fn catch_up(&mut self, chat: ConversationId) -> Result<()> {
        loop {
            let known = self.chat(chat)?;
            let from_seq = if known.head.is_some() { known.last_seq() + 1 } else { known.reads_from };
            let request = wire::ReadRangeRequest {
                conversation_id: chat.to_wire(),
                from_seq,
                direction: Direction::Forward.into(),
                limit: 500,
                handshakes_only: false,
            };
            let page = self.link.call(request).await?;
            let first = page.entries.first().map(|entry| entry.seq);
            // "Beyond either end reads from that end": what is there already is not new.
            if first.is_none_or(|first| first < from_seq) {
                return Ok(());
            }
            let known = self.chat_mut(chat)?;
            if known.head.is_none() {
                known.head = Some(ChainHead::from_parts(from_seq - 1, page.chain_before[..].try_into()?));
            }
            for entry in page.entries {
                self.take(chat, LogEntry::try_from(entry)?).await?;
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Processes one entry that is the next one. One that was processed before changes nothing.
    pub async fn take(&mut self, chat: ConversationId, entry: LogEntry) -> Result<()> {
        if entry.seq.get() <= self.chat(chat)?.last_seq() {
            return Ok(());
        }
        let known: BTreeSet<_> = self.contacts.keys().map(|(account, device)| (*account, *device)).collect();
        let standing = self.chat(chat)?.group.standing()?;
        let strangers = standing.leaves().filter(|leaf| !known.contains(&(leaf.account, leaf.device)));
        let strangers: BTreeSet<_> = strangers.map(|leaf| leaf.account).collect();
        self.meet(strangers).await?;
        let mut chat = self.chats.remove(&chat).context("the device knows the conversation")?;
        let outcome = chat.process(&entry, |sender| self.key_of(sender));
        self.chats.insert(chat.id, chat);
        outcome
    }

    /// Key packages of all devices of these accounts, as additions to a group.
    async fn claim(&mut self, accounts: &[AccountId]) -> Result<Changes> {
        Ok(self.claimed(accounts).await?.into_iter().fold(Changes::new(), Changes::add_device))
    }

    async fn claimed(&mut self, accounts: &[AccountId]) -> Result<Vec<KeyPackage>> {
        let request = wire::ClaimKeyPackagesRequest {
            request_id: RequestId::from_bytes(self.rng.random()).to_wire(),
            account_ids: accounts.iter().map(|account| account.to_wire()).collect(),
            cipher_suite: self.town.suite.number().into(),
        };
        let reply = self.link.call(request).await?;
        ensure!(reply.remaining.is_empty(), "a few accounts fit one reply");
        let mut packages = Vec::new();
        for claimed in reply.accounts {
            self.remember(&claimed.keys.context("a claim comes with keys")?)?;
            for package in claimed.key_packages {
                packages.push(KeyPackage::parse(&package.key_package, now())?);
            }
        }
        Ok(packages)
    }

    pub(super) async fn waiting_welcomes(
        &self,
        device: sotto_proto::DeviceId,
        chat: Option<ConversationId>,
    ) -> Result<Vec<wire::WaitingWelcome>> {
        let request = wire::ListWelcomesRequest {
            device_id: device.to_wire(),
            conversation_id: chat.map(ConversationId::to_wire).unwrap_or_default(),
            after_welcome_id: Bytes::new(),
        };
        Ok(self.link.call(request).await?.welcomes)
    }

    pub(super) async fn tree(&self, conversation_id: Bytes, generation: u32, epoch: u64) -> Result<Bytes> {
        let mut pieces = self.link.stream(wire::GetTreeRequest { conversation_id, generation, epoch }).await;
        let mut tree = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            tree.extend_from_slice(&piece?.piece);
        }
        Ok(tree.freeze())
    }

    /// A conversation that it knows.
    pub fn chat(&self, chat: ConversationId) -> Result<&Chat> {
        self.chats.get(&chat).context("the device knows the conversation")
    }

    pub(super) fn chat_mut(&mut self, chat: ConversationId) -> Result<&mut Chat> {
        self.chats.get_mut(&chat).context("the device knows the conversation")
    }
}

/// Whether a verb failed because somebody else's commit came first.
pub fn lost_the_race(error: &anyhow::Error) -> bool {
    code_of(error) == Some(ErrorCode::EpochConflict)
}

fn welcomes(pending: &PendingCommit) -> Result<Vec<Bytes>> {
    let split = pending.welcome.as_deref().map(welcome::split).transpose()?.unwrap_or_default();
    Ok(split.into_iter().map(Bytes::from).collect())
}

/// How often an event is sealed again for a newer epoch before something must be wrong.
const SEALINGS_MAX: usize = 50;
