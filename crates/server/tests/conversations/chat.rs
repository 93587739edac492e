//! A conversation as its members' devices hold it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt as _;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group, PendingCommit};
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage};
use sotto_crypto::mls::welcome;
use sotto_proto::wire;
use sotto_proto::{AccountId, ConversationId, DeviceId};
use sotto_server::services::{Failure, Services};

use crate::community::{Community, Device, Person, tree};

/// A conversation, the node that its members use, and their groups.
pub(crate) struct Chat {
    pub(crate) id: ConversationId,
    pub(crate) node: Arc<Services>,
    pub(crate) generation: u32,
    pub(crate) groups: BTreeMap<DeviceId, Group>,
}

/// What a device needs to create a conversation: the request, and what it and the others hold once it is accepted.
pub(crate) struct Draft {
    pub(crate) request: wire::CreateConversationRequest,
    group: Group,
    secrets: Vec<KeyPackageSecret>,
}

pub(crate) fn governance(
    id: ConversationId,
    kind: Kind,
    node: &Services,
    owners: &[AccountId],
    policy: Policy,
) -> Governance {
    let roles = owners.iter().map(|account| (*account, Role::Owner)).collect();
    let server_key = node.external_sender();
    Governance { conversation: id, generation: 1, kind, suite: Suite::Classical, server_key, policy, roles }
}

pub(crate) fn package(community: &mut Community, device: &Device) -> (KeyPackage, KeyPackageSecret) {
    let now = community.now();
    let (public, secret) = key_package::generate(
        &device.participant,
        Suite::Classical,
        Usage::Once,
        now,
        DEVICE_LIFETIME,
        &mut community.rng,
    )
    .unwrap();
    (KeyPackage::parse(&public, now).unwrap(), secret)
}

fn wire_kind(kind: Kind) -> wire::ConversationKind {
    match kind {
        Kind::Direct => wire::ConversationKind::Direct,
        Kind::Group => wire::ConversationKind::Group,
        Kind::Saved => wire::ConversationKind::Saved,
    }
}

pub(crate) fn welcomes(pending: &PendingCommit) -> Vec<bytes::Bytes> {
    let split = pending.welcome.as_deref().map(|all| welcome::split(all).unwrap()).unwrap_or_default();
    split.into_iter().map(Into::into).collect()
}

/// Makes a group in which `founder` adds its vault device, and all devices of `others`.
pub(crate) fn draft(
    community: &mut Community,
    node: &Services,
    kind: Kind,
    policy: Policy,
    founder: &Person,
    others: &[&Person],
) -> Draft {
    let id = ConversationId::from_bytes(community.rng.random());
    let mut owners = vec![founder.account];
    if kind == Kind::Direct {
        owners.extend(others.iter().map(|person| person.account));
    }
    let agreed = governance(id, kind, node, &owners, policy);
    let now = community.now();
    let mut group = Group::found(&founder.device.participant, &agreed, now, &mut community.rng).unwrap();
    let (group_info, ratchet_tree) = (group.group_info().unwrap(), group.tree().unwrap());

    let others = others.iter().flat_map(|person| [&person.device, &person.vault]);
    let added: Vec<&Device> = [&founder.vault].into_iter().chain(others).collect();
    let (packages, secrets): (Vec<_>, Vec<_>) = added.iter().map(|device| package(community, device)).unzip();
    let changes = packages.into_iter().fold(Changes::new(), Changes::add_device);
    let pending = group.commit(changes, now, &mut community.rng).unwrap();
    let request = wire::CreateConversationRequest {
        conversation_id: id.to_wire(),
        kind: wire_kind(kind).into(),
        group_info: group_info.into(),
        ratchet_tree: ratchet_tree.into(),
        welcomes: welcomes(&pending),
        commit: pending.commit.into(),
    };
    Draft { request, group, secrets }
}

impl Chat {
    /// Creates a conversation, and lets everybody join.
    pub(crate) async fn create(
        community: &mut Community,
        node: &Arc<Services>,
        kind: Kind,
        policy: Policy,
        founder: &Person,
        others: &[&Person],
    ) -> Self {
        let Draft { request, mut group, secrets } = draft(community, node, kind, policy, founder, others);
        let id = ConversationId::parse("", &request.conversation_id).unwrap();
        founder.device.call(node, request).await.unwrap();
        group.apply_pending().unwrap();
        let groups = BTreeMap::from([(founder.device.id, group)]);
        let mut chat = Self { id, node: node.clone(), generation: 1, groups };
        for person in others {
            chat.join(&person.device, &secrets).await;
        }
        chat
    }

    pub(crate) async fn group(
        community: &mut Community,
        node: &Arc<Services>,
        founder: &Person,
        others: &[&Person],
    ) -> Self {
        Self::create(community, node, Kind::Group, Policy::default_for(Kind::Group), founder, others).await
    }

    pub(crate) fn of(&mut self, device: &Device) -> &mut Group {
        self.groups.get_mut(&device.id).expect("the device is in the chat")
    }

    pub(crate) fn epoch(&self, device: &Device) -> u64 {
        self.groups[&device.id].epoch()
    }

    /// Joins by the Welcome that waits, and drops it.
    pub(crate) async fn join(&mut self, device: &Device, secrets: &[KeyPackageSecret]) {
        let waiting = self.welcome_for(device).await.expect("a Welcome waits");
        let request = wire::GetTreeRequest {
            conversation_id: self.id.to_wire(),
            generation: waiting.generation,
            epoch: waiting.epoch,
        };
        let tree = tree(device, &self.node, request).await.unwrap();
        let secrets: Vec<_> = secrets.iter().collect();
        let before = self.groups.get(&device.id).map(|group| group.standing().unwrap());
        let joined = Group::join(&device.participant, &waiting.welcome, &tree, &secrets, before.as_ref());
        self.groups.insert(device.id, joined.unwrap().0);
        let request = wire::AckWelcomesRequest { welcome_ids: vec![waiting.welcome_id] };
        device.call(&self.node, request).await.unwrap();
    }

    pub(crate) async fn welcome_for(&self, device: &Device) -> Option<wire::WaitingWelcome> {
        let request = wire::ListWelcomesRequest {
            device_id: device.id.to_wire(),
            conversation_id: self.id.to_wire(),
            after_welcome_id: bytes::Bytes::new(),
        };
        device.call(&self.node, request).await.unwrap().welcomes.pop()
    }

    /// A commit of `by`, not sent yet.
    pub(crate) fn prepare(&mut self, community: &mut Community, by: &Device, changes: Changes) -> wire::CommitRequest {
        let (id, generation, epoch) = (self.id, self.generation, self.epoch(by));
        let now = community.now();
        let pending = self.of(by).commit(changes, now, &mut community.rng).unwrap();
        wire::CommitRequest {
            conversation_id: id.to_wire(),
            generation,
            epoch,
            welcomes: welcomes(&pending),
            commit: pending.commit.into(),
        }
    }

    pub(crate) async fn send(&self, by: &Device, commit: wire::CommitRequest) -> Result<wire::CommitResponse, Failure> {
        by.call(&self.node, commit).await
    }

    /// `by` commits, and everybody follows.
    pub(crate) async fn change(
        &mut self,
        community: &mut Community,
        by: &Device,
        changes: Changes,
    ) -> Result<wire::CommitResponse, Failure> {
        let commit = self.prepare(community, by, changes);
        let message = commit.commit.clone();
        match self.send(by, commit).await {
            Ok(receipt) => {
                self.of(by).apply_pending().unwrap();
                self.follow(community, &message, Some(by.id));
                Ok(receipt)
            }
            Err(failure) => {
                self.of(by).discard_pending();
                Err(failure)
            }
        }
    }

    /// Every member but one processes a handshake.
    pub(crate) fn follow(&mut self, community: &Community, handshake: &[u8], but: Option<DeviceId>) {
        for (id, group) in &mut self.groups {
            if Some(*id) != but && group.is_member() {
                group.process(handshake, community.now()).unwrap();
            }
        }
    }

    /// `by` adds a person with all devices, and the person joins.
    pub(crate) async fn add(
        &mut self,
        community: &mut Community,
        by: &Device,
        person: &Person,
    ) -> Result<wire::CommitResponse, Failure> {
        let (device, secret) = package(community, &person.device);
        let (vault, _) = package(community, &person.vault);
        let changes = Changes::new().add_device(device).add_device(vault);
        let receipt = self.change(community, by, changes).await?;
        self.join(&person.device, &[secret]).await;
        Ok(receipt)
    }

    pub(crate) fn event(&self, community: &mut Community, by: &Device) -> wire::AppendRequest {
        wire::AppendRequest {
            conversation_id: self.id.to_wire(),
            event_id: bytes::Bytes::copy_from_slice(&community.rng.random::<[u8; 16]>()),
            generation: self.generation,
            epoch: self.epoch(by),
            sealed: vec![0x5e; 400].into(),
        }
    }

    pub(crate) async fn say(&self, community: &mut Community, by: &Device) -> Result<wire::AppendResponse, Failure> {
        let event = self.event(community, by);
        by.call(&self.node, event).await
    }

    pub(crate) async fn log(&self, by: &Device) -> Result<wire::ReadRangeResponse, Failure> {
        let request = wire::ReadRangeRequest {
            conversation_id: self.id.to_wire(),
            from_seq: 1,
            direction: wire::Direction::Forward.into(),
            limit: 500,
            handshakes_only: false,
        };
        by.call(&self.node, request).await
    }

    pub(crate) async fn head(&self, by: &Device) -> wire::ConversationHead {
        self.log(by).await.unwrap().head.unwrap()
    }
}
