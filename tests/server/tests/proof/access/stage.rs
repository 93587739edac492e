//! A group with somebody in each role, and others around it.

use bytes::Bytes;
use futures_util::StreamExt as _;
use rand::RngExt as _;
use sotto_crypto::mls::governance::{Kind, Policy, Role as GroupRole};
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, ConversationId, DeviceId, FileId, Method, SessionId, WelcomeId};
use sotto_server_tests::link::{Link, Refused, Transport};
use sotto_server_tests::people::{Device, Town, randomness};

use super::Outcome;
use crate::community::Community;

/// How somebody stands to the group, and to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Anonymous,
    Stranger,
    /// Was removed from the group.
    ExMember,
    /// A device of the member that was revoked.
    RemovedDevice,
    /// A member whom the operator has suspended.
    Suspended,
    Member,
    Admin,
    Owner,
    /// An admin of the server, and a stranger to the group.
    Operator,
}

impl Role {
    pub(super) const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Stranger,
        Self::ExMember,
        Self::RemovedDevice,
        Self::Suspended,
        Self::Member,
        Self::Admin,
        Self::Owner,
        Self::Operator,
    ];
}

pub(super) struct Stage {
    people: Vec<Actor>,
    pub(super) objects: Objects,
}

/// What requests name.
#[derive(Clone)]
pub(super) struct Objects {
    pub(super) chat: ConversationId,
    pub(super) epoch: u64,
    /// The owner's, complete, attached to the group and to the owner's saved messages.
    pub(super) file: FileId,
    /// The owner's, complete, for the owner to delete.
    pub(super) spare_file: FileId,
    pub(super) owner: AccountId,
    pub(super) owner_name: String,
    pub(super) owner_device: DeviceId,
    pub(super) owner_session: SessionId,
    pub(super) welcome: WelcomeId,
}

/// Somebody, with what their own requests name.
#[derive(Clone)]
pub(super) struct Actor {
    role: Role,
    link: Link,
    pub(super) device: DeviceId,
    pub(super) cursor: Bytes,
}

impl Stage {
    /// Only admins and owners may post, so that roles make a difference that the server can see.
    pub(super) async fn set(community: &mut Community, transport: Transport) -> Self {
        let town = community.town(transport).await;
        let operator = town.register("opal").await.unwrap();
        community.program.stop().unwrap();
        let made = community.program.operate(&["admin", "create", &operator.person.name]).unwrap();
        assert!(made.status.success(), "{made:?}");
        community.program.start_again().unwrap();
        let town = town.moved_to(community.program.address());
        Cast::gather(&town, operator).await.into_stage(&town).await
    }

    pub(super) async fn play(&self, role: Role, method: Method, request: Bytes) -> Outcome {
        match self.answer(role, method, request).await {
            Ok(()) => Outcome::Done,
            Err(detail) => Outcome::Refused(ErrorCode::of(&detail)),
        }
    }

    /// The refusal as it came, but for the number by which the operator finds it.
    pub(super) async fn answer(&self, role: Role, method: Method, request: Bytes) -> Result<(), ErrorDetail> {
        let link = &self.actor(role).link;
        let answer = if method.streams() {
            // A stream that has not ended has begun, which is all that matters here.
            link.stream_raw(method, request).await.next().await.unwrap_or(Ok(Bytes::new()))
        } else {
            link.call_raw(method, request).await
        };
        answer
            .map(drop)
            .map_err(|refused: Refused| ErrorDetail { incident_id: Bytes::new(), ..refused.detail().clone() })
    }

    pub(super) fn actor(&self, role: Role) -> &Actor {
        self.people.iter().find(|actor| actor.role == role).expect("every role is played")
    }

    /// The same people, who name what does not exist.
    pub(super) fn elsewhere(&self) -> Self {
        let mut rng = randomness();
        let objects = Objects {
            chat: ConversationId::from_bytes(rng.random()),
            file: FileId::from_bytes(rng.random()),
            spare_file: FileId::from_bytes(rng.random()),
            owner: AccountId::from_bytes(rng.random()),
            owner_name: "nobody.at.all".to_owned(),
            owner_device: DeviceId::from_bytes(rng.random()),
            owner_session: SessionId::from_bytes(rng.random()),
            welcome: WelcomeId::from_bytes(rng.random()),
            epoch: self.objects.epoch,
        };
        Self { people: self.people.clone(), objects }
    }
}

struct Cast {
    stranger: Device,
    ex_member: Device,
    member: Device,
    lost: Device,
    suspended: Device,
    admin: Device,
    owner: Device,
    operator: Device,
}

impl Cast {
    async fn gather(town: &Town, mut operator: Device) -> Self {
        operator.reconnect(town).await.unwrap();
        let member = town.register("mia").await.unwrap();
        Self {
            stranger: town.register("sue").await.unwrap(),
            ex_member: town.register("eve").await.unwrap(),
            lost: member.new_device().await.unwrap(),
            member,
            suspended: town.register("sam").await.unwrap(),
            admin: town.register("adam").await.unwrap(),
            owner: town.register("olive").await.unwrap(),
            operator,
        }
    }

    async fn into_stage(mut self, town: &Town) -> Stage {
        let chat = self.found_the_group().await;
        let file = upload(&self.owner.link, chat).await;
        let spare_file = upload(&self.owner.link, chat).await;
        let saved = self.owner.start(Kind::Saved, &[], Policy::default_for(Kind::Saved)).await.unwrap();
        let attach = wire::AttachFileRequest { file_id: file.to_wire(), conversation_id: saved.to_wire() };
        self.owner.link.call(attach).await.unwrap();
        self.member.revoke(&self.lost).await.unwrap();
        // What the owner's own vault device was welcomed with.
        let vault = self.owner.link.call(wire::ListDevicesRequest {}).await.unwrap().devices;
        let vault = vault.into_iter().find(|device| device.device_id != self.owner.id.to_wire()).unwrap();
        let waiting = wire::ListWelcomesRequest { device_id: vault.device_id, ..Default::default() };
        let welcome = self.owner.link.call(waiting).await.unwrap().welcomes.remove(0);
        let objects = Objects {
            chat,
            epoch: self.owner.head(chat).await.unwrap().epoch,
            file,
            spare_file,
            owner: self.owner.account(),
            owner_name: self.owner.person.name.clone(),
            owner_device: self.owner.id,
            owner_session: SessionId::try_from(&self.owner.session.session_id[..]).unwrap(),
            welcome: WelcomeId::try_from(&welcome.welcome_id[..]).unwrap(),
        };
        let suspend = wire::SetSuspendedRequest { account_id: self.suspended.account().to_wire(), suspended: true };
        self.operator.link.call(suspend).await.unwrap();
        until(&self.lost.link, ErrorCode::SessionEnded, wire::ListSessionsRequest {}).await;
        let block = wire::BlockAccountRequest { account_id: Bytes::from_static(&[1; 16]) };
        until(&self.suspended.link, ErrorCode::AccountSuspended, block).await;
        Stage { people: self.into_actors(town.link().await.unwrap()).await, objects }
    }

    async fn found_the_group(&mut self) -> ConversationId {
        let Self { ex_member, member, lost, suspended, admin, owner, .. } = self;
        let others = [&*ex_member, member, suspended, admin].map(Device::account);
        let policy = Policy { post: GroupRole::Admin, ..Policy::default_for(Kind::Group) };
        let chat = owner.start(Kind::Group, &others, policy).await.unwrap();
        for device in [&mut *ex_member, member, lost, suspended, admin] {
            device.hears(chat).await.unwrap();
            device.accepts(chat).await.unwrap();
        }
        let changes = Changes::new().set_role(admin.account(), GroupRole::Admin).remove_account(ex_member.account());
        owner.change(chat, changes).await.unwrap();
        chat
    }

    async fn into_actors(self, anonymous: Link) -> Vec<Actor> {
        let Self { stranger, ex_member, member, lost, suspended, admin, owner, operator } = self;
        let nobody =
            Actor { role: Role::Anonymous, link: anonymous, device: stranger.id, cursor: Bytes::from_static(&[1]) };
        let mut actors = vec![nobody];
        // A revoked device's connection is closed; over another one, its token is refused.
        let cursor = Bytes::from_static(&[1]);
        let link = Link::open(Transport::GrpcWeb, lost.town().address()).await.unwrap();
        link.authenticate(&lost.session.access_token).await.unwrap();
        actors.push(Actor { role: Role::RemovedDevice, link, device: lost.id, cursor });
        let others = [
            (Role::Stranger, stranger),
            (Role::ExMember, ex_member),
            (Role::Suspended, suspended),
            (Role::Member, member),
            (Role::Admin, admin),
            (Role::Owner, owner),
            (Role::Operator, operator),
        ];
        for (role, device) in others {
            let (_, cursor) = device.sync(Bytes::new()).await.unwrap();
            actors.push(Actor { role, link: device.link.clone(), device: device.id, cursor });
        }
        actors
    }
}

/// Calls until it is refused like that: what has ended is ended everywhere within 5 s.
async fn until<R: sotto_proto::Call + Clone>(link: &Link, code: ErrorCode, request: R) {
    for _ in 0..300 {
        match link.call(request.clone()).await {
            Err(refused) if refused.code() == code => return,
            _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    panic!("{:?} is never refused with {code:?}", R::METHOD);
}

async fn upload(link: &Link, chat: ConversationId) -> FileId {
    let file = FileId::from_bytes(randomness().random());
    let (file_id, conversation_id) = (file.to_wire(), chat.to_wire());
    let request = wire::ReserveFileRequest { file_id, conversation_id, size: 100, part_size: 65_536 };
    link.call(request).await.unwrap();
    let part = wire::UploadPartRequest { file_id: file.to_wire(), index: 0, data: vec![5; 100].into() };
    link.call(part).await.unwrap();
    link.call(wire::CompleteFileRequest { file_id: file.to_wire() }).await.unwrap();
    file
}

pub(super) fn encoded(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}
