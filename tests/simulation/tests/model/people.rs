//! People who call the model directly, each call answered at once.

use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{self, Header, Kind as Sealed, Sender};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::login::{ExportKey, Login, Password, Registration, StretchCost};
use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group, PendingCommit};
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackage, KeyPackageSecret, Usage, VAULT_LIFETIME};
use sotto_crypto::mls::{Participant, Suite, welcome};
use sotto_crypto::proof::{Call as Proof, ProofStatement};
use sotto_crypto::time::Time;
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::{ConversationKind, Direction, ErrorCode};
use sotto_proto::{AccountId, Call, ConversationId, DeviceId, EventId, LogEntry, RequestId, limits, wire};
use sotto_simulation::model::{Answer, Fault, Model};

use crate::chat::Chat;
use crate::person::{FIRST, Person, certify, encoded};

/// The model, with a clock that only tests move.
pub(crate) struct Town {
    pub(crate) model: Model,
    pub(crate) now: u64,
    pub(crate) rng: StdRng,
}

/// One of their devices.
pub(crate) struct Device {
    pub(crate) person: Rc<Person>,
    pub(crate) id: DeviceId,
    pub(crate) key: DeviceKey,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) session: wire::Session,
    participant: Participant,
    secrets: Vec<KeyPackageSecret>,
    pub(crate) chats: BTreeMap<ConversationId, Chat>,
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Self { model: Model::new(&mut rng), now: 1_800_000_000_000, rng }
    }

    pub(crate) fn time(&self) -> Time {
        Time::from_unix_seconds(self.now / 1_000)
    }

    pub(crate) fn call<C: Call>(&mut self, token: Option<&str>, request: &C) -> Result<C::Response, Fault> {
        let body = Bytes::from(prost::Message::encode_to_vec(request));
        match self.model.call(self.now, token, C::METHOD, body, &mut self.rng)? {
            Answer::Reply(reply) => Ok(sotto_proto::decode(reply, limits::MESSAGE_MAX).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// Somebody new arrives, with their first device.
    pub(crate) fn register(&mut self, name: &str) -> Device {
        let person = Person::new(name, self);
        let (mut device, request) = self.registration(Rc::new(person));
        device.session = self.call(None, &request).unwrap().session.unwrap();
        device.publish(self);
        device.publish_for_the_vault(self);
        device
    }

    pub(crate) fn registration(&mut self, person: Rc<Person>) -> (Device, wire::RegisterFinishRequest) {
        let device = Device::new(person, self);
        let (record, export_key) = self.choose_password(&device.person, "a horse");
        let proof = device.prove(Proof::Register(&record.opaque_record), self.now);
        let person = &device.person;
        let request = wire::RegisterFinishRequest {
            account_id: person.account.to_wire(),
            user_name: person.name.clone(),
            record: Some(record),
            identity_key: Bytes::copy_from_slice(person.root.derive_identity_key().public().as_bytes()),
            certificates: vec![encoded(&device.certificate), encoded(&person.vault_certificate)],
            vault: Some(person.sealed_vault(&export_key, 1, &mut self.rng)),
            device: Some(proof),
            ..wire::RegisterFinishRequest::default()
        };
        (device, request)
    }

    fn choose_password(&mut self, person: &Person, password: &str) -> (wire::LoginRecord, ExportKey) {
        let (registration, blinded) = Registration::start(Password::new(password).unwrap(), &mut self.rng).unwrap();
        let request = wire::RegisterStartRequest {
            account_id: person.account.to_wire(),
            user_name: person.name.clone(),
            opaque_request: blinded.into(),
        };
        let reply = self.call(None, &request).unwrap();
        self.finish_password(registration, &reply.opaque_response, person.account)
    }

    pub(crate) fn finish_password(
        &mut self,
        registration: Registration,
        reply: &[u8],
        account: AccountId,
    ) -> (wire::LoginRecord, ExportKey) {
        let cost = StretchCost::MINIMUM;
        let done = registration.finish(reply, account, cost, &mut self.rng).unwrap();
        let hardening = wire::PasswordHardening { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: 1 };
        (wire::LoginRecord { opaque_record: done.upload.into(), hardening: Some(hardening) }, done.export_key)
    }

    /// The second half of a login by a new device, not sent yet.
    pub(crate) fn login(&mut self, person: &Rc<Person>, password: &str) -> Option<(Device, wire::LoginFinishRequest)> {
        let device = Device::new(person.clone(), self);
        let request = device.login_request(password, self)?;
        Some((device, request))
    }

    /// Another device of somebody, certified.
    pub(crate) fn log_in(&mut self, person: &Rc<Person>) -> Device {
        let (mut device, request) = self.login(person, "a horse").unwrap();
        device.session = self.call(None, &request).unwrap().session.unwrap();
        let request = wire::AddDeviceRequest { certificate: encoded(&device.certificate), sealed_name: Bytes::new() };
        device.call(self, &request).unwrap();
        device.publish(self);
        device
    }
}

impl Device {
    fn new(person: Rc<Person>, town: &mut Town) -> Self {
        let (id, key) = (DeviceId::from_bytes(town.rng.random()), DeviceKey::generate(&mut town.rng));
        let certificate = certify(&person.root, person.account, id, key.public(), Purpose::Device, town.time());
        let participant = Participant::new(&certificate, &key, town.time()).unwrap();
        let (session, secrets, chats) = (wire::Session::default(), Vec::new(), BTreeMap::new());
        Self { person, id, key, certificate, session, participant, secrets, chats }
    }

    pub(crate) fn account(&self) -> AccountId {
        self.person.account
    }

    pub(crate) fn call<C: Call>(&self, town: &mut Town, request: &C) -> Result<C::Response, Fault> {
        town.call(Some(&self.session.access_token), request)
    }

    pub(crate) fn refusal<C: Call>(&self, town: &mut Town, request: &C) -> ErrorCode
    where
        C::Response: std::fmt::Debug,
    {
        self.call(town, request).unwrap_err().code()
    }

    pub(crate) fn prove(&self, call: Proof<'_>, signed_at_ms: u64) -> wire::DeviceProof {
        let signature = ProofStatement { account: self.account(), device: self.id, signed_at_ms, call }.sign(&self.key);
        wire::DeviceProof {
            device_id: self.id.to_wire(),
            device_key: Bytes::copy_from_slice(self.key.public().as_bytes()),
            signed_at_ms,
            signature: Bytes::copy_from_slice(&signature.to_bytes()),
        }
    }

    /// Nothing when the password is wrong.
    pub(crate) fn login_request(&self, password: &str, town: &mut Town) -> Option<wire::LoginFinishRequest> {
        let (login, ke1) = Login::start(Password::new(password).unwrap(), &mut town.rng).unwrap();
        let request = wire::LoginStartRequest { login_name: self.person.name.clone(), ke1: ke1.into() };
        let reply = town.call(None, &request).unwrap();
        let cost = reply.hardening.unwrap();
        let cost = StretchCost::new(cost.memory_kib, cost.passes).unwrap();
        let account = AccountId::try_from(&reply.account_id[..]).unwrap();
        let done = login.finish(&reply.ke2, account, cost, &mut town.rng).ok()?;
        let proof = self.prove(Proof::Login(&done.finalization), town.now);
        Some(wire::LoginFinishRequest {
            login_state: reply.login_state,
            ke3: done.finalization.into(),
            second_factor: None,
            device: Some(proof),
        })
    }

    pub(crate) fn refresh_request(&self, town: &mut Town) -> wire::RefreshRequest {
        let request = RequestId::from_bytes(town.rng.random());
        let token = self.session.refresh_token.clone();
        let proof = self.prove(Proof::Refresh { request, token: token.as_bytes() }, town.now);
        wire::RefreshRequest { refresh_token: token, request_id: request.to_wire(), device: Some(proof) }
    }

    fn publish(&mut self, town: &mut Town) {
        let mut key_packages = Vec::new();
        for usage in [Usage::Once, Usage::Once, Usage::LastResort] {
            let now = town.time();
            let (key_package, secret) =
                key_package::generate(&self.participant, SUITE, usage, now, DEVICE_LIFETIME, &mut town.rng).unwrap();
            self.secrets.push(secret);
            let last_resort = usage == Usage::LastResort;
            let (key_package, sealed_private) = (key_package.into(), Bytes::new());
            key_packages.push(wire::KeyPackageUpload { key_package, last_resort, sealed_private });
        }
        let request = wire::PublishKeyPackagesRequest { device_id: self.id.to_wire(), key_packages };
        self.call(town, &request).unwrap();
    }

    fn vault_participant(&self, town: &Town) -> Participant {
        let key = self.person.root.derive_vault_device_key(FIRST);
        Participant::new(&self.person.vault_certificate, &key, town.time()).unwrap()
    }

    fn publish_for_the_vault(&mut self, town: &mut Town) {
        let (vault, now) = (self.vault_participant(town), town.time());
        let usage = Usage::LastResort;
        let (key_package, secret) =
            key_package::generate(&vault, SUITE, usage, now, VAULT_LIFETIME, &mut town.rng).unwrap();
        let item = Item::KeyPackage(secret.reference().unwrap());
        let store = self.person.root.derive_store_key(FIRST);
        let sealed = store.seal(self.account(), &item, Version::FIRST, secret.expose_secret(), &mut town.rng).unwrap();
        let (key_package, sealed_private) = (key_package.into(), sealed.into());
        let upload = wire::KeyPackageUpload { key_package, last_resort: true, sealed_private };
        let device_id = self.person.vault_device.to_wire();
        self.call(town, &wire::PublishKeyPackagesRequest { device_id, key_packages: vec![upload] }).unwrap();
    }

    pub(crate) fn claim(&mut self, town: &mut Town, accounts: &[AccountId]) -> Vec<KeyPackage> {
        let request = wire::ClaimKeyPackagesRequest {
            request_id: RequestId::from_bytes(town.rng.random()).to_wire(),
            account_ids: accounts.iter().map(|account| account.to_wire()).collect(),
            cipher_suite: SUITE.number().into(),
        };
        let reply = self.call(town, &request).unwrap();
        let packages = reply.accounts.into_iter().flat_map(|claimed| claimed.key_packages);
        packages.map(|package| KeyPackage::parse(&package.key_package, town.time()).unwrap()).collect()
    }

    fn additions(&mut self, town: &mut Town, accounts: &[AccountId]) -> Changes {
        self.claim(town, accounts).into_iter().fold(Changes::new(), Changes::add_device)
    }

    /// Everything that a new conversation needs, not sent yet.
    pub(crate) fn founding(
        &mut self,
        town: &mut Town,
        kind: Kind,
        others: &[AccountId],
    ) -> (wire::CreateConversationRequest, Group) {
        let id = ConversationId::from_bytes(town.rng.random());
        let owners = if kind == Kind::Direct { others } else { &[] };
        let owners = owners.iter().copied().chain([self.account()]);
        let governance = Governance {
            conversation: id,
            generation: 1,
            kind,
            suite: SUITE,
            server_key: town.model.external_sender(),
            policy: Policy::default_for(kind),
            roles: owners.map(|account| (account, Role::Owner)).collect(),
        };
        let now = town.time();
        let mut group = Group::found(&self.participant, &governance, now, &mut town.rng).unwrap();
        let (group_info, ratchet_tree) = (group.group_info().unwrap().into(), group.tree().unwrap().into());
        let everybody: Vec<_> = others.iter().copied().chain([self.account()]).collect();
        let added = self.additions(town, &everybody);
        let pending = group.commit(added, now, &mut town.rng).unwrap();
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
            welcomes: welcomes(&pending),
            commit: pending.commit.into(),
        };
        (request, group)
    }

    pub(crate) fn start(&mut self, town: &mut Town, kind: Kind, others: &[&Self]) -> ConversationId {
        let accounts: Vec<_> = others.iter().map(|device| device.account()).collect();
        let (request, group) = self.founding(town, kind, &accounts);
        let id = ConversationId::try_from(&request.conversation_id[..]).unwrap();
        self.call(town, &request).unwrap();
        self.chats.insert(id, Chat::joined(group, 0, 1));
        self.catch_up(town, id);
        id
    }

    /// A commit, not sent yet.
    pub(crate) fn commit(&mut self, town: &mut Town, id: ConversationId, changes: Changes) -> wire::CommitRequest {
        let now = town.time();
        let group = &mut self.chats.get_mut(&id).unwrap().group;
        let epoch = group.epoch();
        let pending = group.commit(changes, now, &mut town.rng).unwrap();
        let generation = group.standing().unwrap().governance.generation;
        let welcomes = welcomes(&pending);
        wire::CommitRequest {
            conversation_id: id.to_wire(),
            generation,
            epoch,
            welcomes,
            commit: pending.commit.into(),
        }
    }

    pub(crate) fn change(&mut self, town: &mut Town, id: ConversationId, changes: Changes) {
        let request = self.commit(town, id, changes);
        self.call(town, &request).unwrap();
        self.catch_up(town, id);
    }

    pub(crate) fn add(&mut self, town: &mut Town, id: ConversationId, other: &Self) {
        let changes = self.additions(town, &[other.account()]);
        self.change(town, id, changes);
    }

    /// A sealed event, not sent yet.
    pub(crate) fn seal(&self, town: &mut Town, id: ConversationId, text: &str) -> wire::AppendRequest {
        let chat = &self.chats[&id];
        let event = EventId::from_bytes(town.rng.random());
        let (generation, epoch) = chat.place();
        let header = Header { conversation: id, generation, epoch, kind: Sealed::Event(event) };
        let sender = Sender { account: self.account(), device: self.id };
        let seen = chat.head.unwrap_or(ChainHead::start(id));
        let secret = &chat.secrets[&(generation, epoch)];
        let sealed = event::seal(secret, &header, sender, &self.key, &seen, text.as_bytes(), &mut town.rng).unwrap();
        let (conversation_id, event_id) = (id.to_wire(), event.to_wire());
        wire::AppendRequest { conversation_id, event_id, generation, epoch, sealed: sealed.into() }
    }

    pub(crate) fn says(&self, town: &mut Town, id: ConversationId, text: &str) -> u64 {
        let request = self.seal(town, id, text);
        self.call(town, &request).unwrap().seq
    }

    pub(crate) fn read(&self, town: &mut Town, id: ConversationId, from_seq: u64) -> wire::ReadRangeResponse {
        let request = wire::ReadRangeRequest {
            conversation_id: id.to_wire(),
            from_seq,
            direction: Direction::Forward.into(),
            limit: 500,
            handshakes_only: false,
        };
        self.call(town, &request).unwrap()
    }

    /// Reads what there is, after joining what it was added to.
    pub(crate) fn hears(&mut self, town: &mut Town, id: ConversationId) -> Vec<&str> {
        if !self.chats.contains_key(&id) {
            self.join(town);
        }
        self.catch_up(town, id);
        self.chats[&id].heard.iter().map(String::as_str).collect()
    }

    pub(crate) fn waiting(&self, town: &mut Town, device: DeviceId) -> Vec<wire::WaitingWelcome> {
        let request = wire::ListWelcomesRequest { device_id: device.to_wire(), ..wire::ListWelcomesRequest::default() };
        self.call(town, &request).unwrap().welcomes
    }

    fn join(&mut self, town: &mut Town) {
        for waiting in self.waiting(town, self.id) {
            let tree = self.tree(town, &waiting);
            let secrets: Vec<_> = self.secrets.iter().collect();
            let (group, _) = Group::join(&self.participant, &waiting.welcome, &tree, &secrets, None).unwrap();
            let id = ConversationId::try_from(&waiting.conversation_id[..]).unwrap();
            self.chats.insert(id, Chat::joined(group, waiting.commit_seq, waiting.commit_seq));
            self.call(town, &wire::AckWelcomesRequest { welcome_ids: vec![waiting.welcome_id] }).unwrap();
        }
    }

    pub(crate) fn tree(&self, town: &mut Town, waiting: &wire::WaitingWelcome) -> Vec<u8> {
        let request = wire::GetTreeRequest {
            conversation_id: waiting.conversation_id.clone(),
            generation: waiting.generation,
            epoch: waiting.epoch,
        };
        let body = Bytes::from(prost::Message::encode_to_vec(&request));
        let (method, token) = (wire::GetTreeRequest::METHOD, Some(self.session.access_token.as_str()));
        let Answer::Pieces(pieces) = town.model.call(town.now, token, method, body, &mut town.rng).unwrap() else {
            panic!("a tree comes in pieces");
        };
        let decode = |piece| sotto_proto::decode::<wire::GetTreeResponse>(piece, limits::MESSAGE_MAX).unwrap().piece;
        pieces.into_iter().flat_map(decode).collect()
    }

    /// Reads and processes the log to its end.
    pub(crate) fn catch_up(&mut self, town: &mut Town, id: ConversationId) {
        let chat = &self.chats[&id];
        let from_seq = chat.head.map_or(chat.reads_from, |head| head.seq() + 1);
        let page = self.read(town, id, from_seq);
        assert!(!page.more);
        let Some(first) = page.entries.first().map(|entry| entry.seq) else { return };
        if first < from_seq {
            return;
        }
        let chat = self.chats.get_mut(&id).unwrap();
        chat.head.get_or_insert(ChainHead::from_parts(from_seq - 1, page.chain_before[..].try_into().unwrap()));
        for entry in page.entries {
            chat.process(id, &LogEntry::try_from(entry).unwrap());
        }
    }

    /// Wakes the vault device in a conversation, learns what it could read, and joins from outside by what it says.
    pub(crate) fn join_through_the_vault(&mut self, town: &mut Town, id: ConversationId) {
        let waiting = self.waiting(town, self.person.vault_device);
        let waiting = waiting.into_iter().find(|waiting| waiting.conversation_id == id.to_wire()).unwrap();
        let item = Item::KeyPackage(welcome::reference_of(&waiting.welcome).unwrap());
        let store = self.person.root.derive_store_key(FIRST);
        let (private, _) = store.open(self.account(), &item, Version::NONE, &waiting.sealed_private).unwrap();
        let secret = KeyPackageSecret::from_secret(private);
        let (tree, vault) = (self.tree(town, &waiting), self.vault_participant(town));
        let asleep = Group::join(&vault, &waiting.welcome, &tree, &[&secret], None).unwrap().0;
        let mut chat = Chat::joined(asleep, waiting.commit_seq, waiting.commit_seq);
        for entry in self
            .read(town, id, waiting.commit_seq + 1)
            .entries
            .into_iter()
            .filter(|entry| entry.seq > waiting.commit_seq)
        {
            chat.handshake(&LogEntry::try_from(entry).unwrap());
        }
        let (generation, epoch) = chat.place();
        let current = wire::WaitingWelcome { generation, epoch, ..waiting.clone() };
        let (tree, info) = (self.tree(town, &current), chat.group.group_info().unwrap());
        let join = Group::join_externally(&self.participant, &info, &tree, &mut town.rng).unwrap();
        let (conversation_id, commit) = (id.to_wire(), join.commit.into());
        let request = wire::CommitRequest { conversation_id, generation, epoch, commit, welcomes: Vec::new() };
        let seq = self.call(town, &request).unwrap().seq;
        let mut joined = Chat::joined(join.group, seq, waiting.commit_seq);
        joined.secrets.extend(chat.secrets);
        self.chats.insert(id, joined);
        self.catch_up(town, id);
    }

    /// Opens the next generation of a broken group.
    pub(crate) fn generation_request(
        &mut self,
        town: &mut Town,
        id: ConversationId,
        refused_seq: u64,
        others: &[AccountId],
    ) -> wire::NewGenerationRequest {
        let head = self.read(town, id, 1).head.unwrap();
        let accounts: Vec<_> = others.iter().copied().chain([self.account()]).collect();
        let packages = self.claim(town, &accounts);
        let before = self.chats[&id].group.standing().unwrap();
        let now = town.time();
        let opening = Group::open_generation(&self.participant, &before, packages, now, &mut town.rng).unwrap();
        let request = wire::NewGenerationRequest {
            conversation_id: id.to_wire(),
            generation: head.generation,
            epoch: head.epoch,
            refused_seq,
            group_info: opening.group_info.into(),
            ratchet_tree: opening.tree.into(),
            welcomes: welcomes(&opening.pending),
            commit: opening.pending.commit.into(),
        };
        self.chats.get_mut(&id).unwrap().group = opening.group;
        request
    }
}

fn welcomes(pending: &PendingCommit) -> Vec<Bytes> {
    let split = pending.welcome.as_deref().map(|whole| welcome::split(whole).unwrap()).unwrap_or_default();
    split.into_iter().map(Bytes::from).collect()
}

const SUITE: Suite = Suite::PostQuantum;
