//! People who register and log in as a client does, with a password of their own.

use bytes::Bytes;
use prost::Message as _;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_crypto::proof::{Call as Proof, ProofStatement};
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};
use sotto_proto::{AccountId, Call, DeviceId, RequestId};
use sotto_server::clock::Clock as _;
use sotto_server::services::{Answer, Caller};

use crate::support::{World, contract};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Somebody with an account, and the device that it was made on.
pub(crate) struct Member {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) identity: IdentityKey,
    pub(crate) code: RecoveryCode,
    pub(crate) phone: Handset,
    pub(crate) session: wire::Session,
}

/// A device and its key.
pub(crate) struct Handset {
    pub(crate) id: DeviceId,
    pub(crate) key: DeviceKey,
}

/// A login whose key exchange is done on the client's side.
pub(crate) struct Exchange {
    pub(crate) account: AccountId,
    pub(crate) state: Bytes,
    pub(crate) ke3: Bytes,
}

impl Handset {
    pub(crate) fn new(world: &World) -> Self {
        Self { id: DeviceId::from_bytes(world.random()), key: world.with_rng(DeviceKey::generate) }
    }

    pub(crate) fn prove(&self, world: &World, account: AccountId, call: Proof<'_>) -> wire::DeviceProof {
        self.prove_at(world.clock.now().unix_millis(), account, call)
    }

    pub(crate) fn prove_at(&self, signed_at_ms: u64, account: AccountId, call: Proof<'_>) -> wire::DeviceProof {
        let statement = ProofStatement { account, device: self.id, signed_at_ms, call };
        wire::DeviceProof {
            device_id: self.id.to_wire(),
            device_key: copied(self.key.public().as_bytes()),
            signed_at_ms,
            signature: copied(&statement.sign(&self.key).to_bytes()),
        }
    }

    pub(crate) fn certificate(
        &self,
        world: &World,
        account: AccountId,
        identity: &IdentityKey,
        purpose: Purpose,
    ) -> Bytes {
        let claims = DeviceClaims {
            account,
            device: self.id,
            device_key: self.key.public(),
            purpose,
            issued: world.now(),
            expires: None,
        };
        copied(&DeviceCertificate::issue(identity, claims).unwrap().encode())
    }
}

impl World {
    /// Calls without a session.
    pub(crate) async fn ask<R: Call>(&self, request: R) -> Result<R::Response, ErrorDetail> {
        self.ask_from(1, request).await
    }

    /// Likewise, from an address of one's own.
    pub(crate) async fn ask_from<R: Call>(&self, address: u8, request: R) -> Result<R::Response, ErrorDetail> {
        self.send(Caller { address: [192, 0, 2, address].into(), token: None }, request).await
    }

    /// Calls with an access token, as transports do.
    pub(crate) async fn with<R: Call>(&self, session: &wire::Session, request: R) -> Result<R::Response, ErrorDetail> {
        let token =
            self.services.verify_token(&session.access_token).map_err(sotto_server::services::Failure::into_detail)?;
        self.send(Caller { address: [192, 0, 2, 1].into(), token: Some(token) }, request).await
    }

    async fn send<R: Call>(&self, caller: Caller, request: R) -> Result<R::Response, ErrorDetail> {
        match self.services.call(R::METHOD, &caller, request.encode_to_vec().into()).await {
            Ok(Answer::Reply(reply)) => Ok(R::Response::decode(reply).unwrap()),
            Ok(Answer::Items(_)) => panic!("{:?} streams", R::METHOD),
            Err(failure) => {
                contract::expect_named(R::METHOD, failure.code());
                Err(failure.into_detail())
            }
        }
    }

    /// A registration, ready to be sent.
    pub(crate) async fn registration(&self, name: &str) -> (Member, wire::RegisterFinishRequest) {
        let member = Member {
            account: AccountId::from_bytes(self.random()),
            name: name.to_owned(),
            identity: self.with_rng(IdentityKey::generate),
            code: self.with_rng(RecoveryCode::generate),
            phone: Handset::new(self),
            session: wire::Session::default(),
        };
        let (registration, blinded) = self.begin_password(PASSWORD);
        let request = wire::RegisterStartRequest {
            account_id: member.account.to_wire(),
            user_name: name.to_owned(),
            opaque_request: blinded,
        };
        let reply = self.ask(request).await.unwrap();
        let record = self.end_password(registration, &reply.opaque_response, member.account);
        let sleeping = Handset::new(self);
        let request = wire::RegisterFinishRequest {
            account_id: member.account.to_wire(),
            user_name: name.to_owned(),
            email: format!("{name}@example.org"),
            identity_key: copied(member.identity.public().as_bytes()),
            certificates: vec![
                member.phone.certificate(self, member.account, &member.identity, Purpose::Device),
                sleeping.certificate(self, member.account, &member.identity, Purpose::Vault),
            ],
            vault: Some(member.vault(1)),
            device: Some(member.phone.prove(self, member.account, Proof::Register(&record.opaque_record))),
            record: Some(record),
            sealed_device_name: Bytes::from_static(b"sealed"),
        };
        (member, request)
    }

    /// Somebody registers.
    pub(crate) async fn join(&self, name: &str) -> Member {
        let (member, request) = self.registration(name).await;
        let session = self.ask(request).await.unwrap().session.unwrap();
        Member { session, ..member }
    }

    pub(crate) fn begin_password(&self, password: &str) -> (Registration, Bytes) {
        let password = Password::new(password).unwrap();
        let (registration, blinded) = self.with_rng(|rng| Registration::start(password, rng)).unwrap();
        (registration, blinded.into())
    }

    pub(crate) fn end_password(
        &self,
        registration: Registration,
        reply: &[u8],
        account: AccountId,
    ) -> wire::LoginRecord {
        let cost = StretchCost::MINIMUM;
        let done = self.with_rng(|rng| registration.finish(reply, account, cost, rng)).unwrap();
        wire::LoginRecord { opaque_record: done.upload.into(), hardening: Some(hardening()) }
    }

    /// The key exchange of a login; none if the password is wrong.
    pub(crate) async fn exchange(&self, login_name: &str, password: &str) -> Option<Exchange> {
        let password = Password::new(password).unwrap();
        let (login, ke1) = self.with_rng(|rng| Login::start(password, rng)).unwrap();
        let request = wire::LoginStartRequest { login_name: login_name.to_owned(), ke1: ke1.into() };
        let reply = self.ask(request).await.unwrap();
        let hardening = reply.hardening.unwrap();
        let cost = StretchCost::new(hardening.memory_kib, hardening.passes).unwrap();
        let account = AccountId::try_from(&reply.account_id[..]).unwrap();
        let done = self.with_rng(|rng| login.finish(&reply.ke2, account, cost, rng)).ok()?;
        Some(Exchange { account, state: reply.login_state, ke3: done.finalization.into() })
    }

    /// A login on a device.
    pub(crate) async fn enter(
        &self,
        member: &Member,
        device: &Handset,
        factor: Option<SecondFactor>,
    ) -> Result<wire::LoginFinishResponse, ErrorDetail> {
        let exchange = self.exchange(&member.name, PASSWORD).await.unwrap();
        self.ask(exchange.finish(self, device, factor)).await
    }

    /// The same, which must succeed.
    pub(crate) async fn session_on(&self, member: &Member, device: &Handset) -> wire::Session {
        self.enter(member, device, None).await.unwrap().session.unwrap()
    }

    /// A new device that is certified.
    pub(crate) async fn another_device(&self, member: &Member) -> (Handset, wire::Session) {
        let device = Handset::new(self);
        let session = self.session_on(member, &device).await;
        let certificate = device.certificate(self, member.account, &member.identity, Purpose::Device);
        let add = wire::AddDeviceRequest { certificate, sealed_name: Bytes::new() };
        self.with(&session, add).await.unwrap();
        (device, session)
    }
}

impl Exchange {
    pub(crate) fn finish(
        &self,
        world: &World,
        device: &Handset,
        factor: Option<SecondFactor>,
    ) -> wire::LoginFinishRequest {
        wire::LoginFinishRequest {
            login_state: self.state.clone(),
            ke3: self.ke3.clone(),
            second_factor: factor,
            device: Some(device.prove(world, self.account, Proof::Login(&self.ke3))),
        }
    }
}

impl Member {
    /// A vault; the server cannot tell what is in it.
    pub(crate) fn vault(&self, version: u64) -> wire::Vault {
        wire::Vault {
            version,
            root_by_password: Bytes::from(vec![u8::try_from(version).unwrap(); 106]),
            root_by_recovery_code: Bytes::from(vec![2; 106]),
            recovery_key: copied(self.code.verifier().as_bytes()),
        }
    }

    /// A trade of the session's refresh token.
    pub(crate) fn refresh(&self, world: &World, session: &wire::Session, request: u8) -> wire::RefreshRequest {
        refresh(world, self.account, &self.phone, session, request)
    }
}

pub(crate) fn refresh(
    world: &World,
    account: AccountId,
    device: &Handset,
    session: &wire::Session,
    request: u8,
) -> wire::RefreshRequest {
    let request = RequestId::from_bytes([request; 16]);
    let token = session.refresh_token.as_bytes();
    let proof = device.prove(world, account, Proof::Refresh { request, token });
    wire::RefreshRequest {
        refresh_token: session.refresh_token.clone(),
        request_id: request.to_wire(),
        device: Some(proof),
    }
}

pub(crate) fn hardening() -> wire::PasswordHardening {
    let cost = StretchCost::MINIMUM;
    wire::PasswordHardening { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: 1 }
}

pub(crate) fn copied(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// The code of a call that must fail.
pub(crate) fn code<T>(outcome: Result<T, ErrorDetail>) -> ErrorCode {
    match outcome {
        Ok(_) => panic!("the call was not refused"),
        Err(detail) => ErrorCode::of(&detail),
    }
}
