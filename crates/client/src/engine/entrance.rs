//! How a device gets its session: the way in for everybody, and the login of who comes back.

use bytes::Bytes;
use rand_core::CryptoRng;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::login::{ExportKey, Login, Password, StretchCost};
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::proof::{Call as Proof, ProofStatement};
use sotto_crypto::vault::{SealedRoot, Unlock, Version};
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::ErrorCode;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::{AccountId, DeviceId, PROTOCOL_VERSION, wire};

use super::account::State;
use super::arrival::{Arrival, Entered};
use super::change::{Attempt, Change, Why};
use super::errands::{Errand, Running};
use super::recovery::{Recovering, Recovery};
use super::registering::{NewAccount, Registering};
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use super::vault::Vault;

/// Who comes back, or comes with another device.
pub struct Returning {
    /// User name or e-mail address.
    pub login_name: String,
    /// The password.
    pub password: Password,
    /// What the person calls this device.
    pub device_name: String,
}

/// A code that proves the second factor.
pub enum FactorCode {
    /// The six digits of an authenticator.
    Totp(String),
    /// One of the codes on paper.
    Backup(String),
}

/// A registration or a login between two replies. A program that ends in between begins again.
pub(super) enum Flow {
    Greeting(Box<Visitor>),
    Registering(Box<Registering>),
    Proving(Box<Proving>),
    Entering(Box<Entering>),
    Running(Running),
    Recovering(Box<Recovery>),
    Recovered(Box<Entered>),
    Arriving(Box<Arrival>),
}

/// Takes over from a flow that waits in this state. A reply that belongs to none, or to one before, leaves it alone.
macro_rules! take_flow {
    ($step:expr, $state:ident) => {
        match $step.memory.flow.take() {
            Some(Flow::$state(waiting)) => Some(waiting),
            other => {
                $step.memory.flow = other;
                None
            }
        }
    };
}
pub(super) use take_flow;

pub(super) enum Visitor {
    New(NewAccount),
    Back(Returning, Option<Errand>),
    Lost(Recovering),
}

impl Visitor {
    fn attempt(&self) -> Attempt {
        match self {
            Self::New(_) => Attempt::Register,
            Self::Back(_, None) => Attempt::SignIn,
            Self::Back(_, Some(errand)) => errand.attempt(),
            Self::Lost(_) => Attempt::Recover,
        }
    }
}

pub(super) struct Proving {
    device_name: String,
    server_key: VerifyingKey,
    login: Login,
    errand: Option<Errand>,
}

pub(super) struct Entering {
    device_name: String,
    server_key: VerifyingKey,
    account: AccountId,
    device: DeviceId,
    key: DeviceKey,
    export_key: ExportKey,
    request: wire::LoginFinishRequest,
    errand: Option<Errand>,
}

impl Step<'_, '_> {
    /// Begins with a look at the server, whose clock and key everything else needs.
    pub(super) fn enter(&mut self, visitor: Visitor) {
        self.memory.visitor_token = None;
        self.memory.flow = Some(Flow::Greeting(Box::new(visitor)));
        self.memory.traffic.call(&wire::GetServerInfoRequest {});
    }

    pub(super) fn greeted(&mut self, info: &wire::GetServerInfoResponse) -> Result<(), Mishap> {
        self.memory.clock.set(info.time_ms, self.moment.now_ms);
        self.memory.clock_is_set = true;
        self.sign_refresh_again()?;
        let Some(visitor) = take_flow!(self, Greeting) else { return Ok(()) };
        if !(info.protocol_min..=info.protocol_max).contains(&PROTOCOL_VERSION) {
            self.fail(visitor.attempt(), Why::OtherProtocol);
            return Ok(());
        }
        let key = info.external_sender_key[..].try_into().map_err(|_| Mishap::Bad("external_sender_key"))?;
        let server_key = VerifyingKey::from_bytes(key).map_err(|_| Mishap::Bad("external_sender_key"))?;
        match *visitor {
            Visitor::New(chosen) => self.start_registration(chosen, server_key),
            Visitor::Back(returning, errand) => self.start_login(returning, errand, server_key),
            Visitor::Lost(lost) => self.start_recovery(lost, server_key),
        }
    }

    pub(super) fn greeting_refused(&mut self, code: ErrorCode) {
        if let Some(visitor) = take_flow!(self, Greeting) {
            self.fail(visitor.attempt(), Why::Refused(code));
        }
    }

    fn start_login(
        &mut self,
        returning: Returning,
        errand: Option<Errand>,
        server_key: VerifyingKey,
    ) -> Result<(), Mishap> {
        let Returning { login_name, password, device_name } = returning;
        let started = Login::start(password, &mut self.moment.rng);
        let (login, ke1) = started.map_err(|_| Mishap::Bad("the password"))?;
        self.memory.traffic.call(&wire::LoginStartRequest { login_name, ke1: ke1.into() });
        self.memory.flow = Some(Flow::Proving(Box::new(Proving { device_name, server_key, login, errand })));
        Ok(())
    }

    pub(super) fn login_started(&mut self, reply: wire::LoginStartResponse) -> Result<(), Mishap> {
        let Some(flow) = take_flow!(self, Proving) else { return Ok(()) };
        let Proving { device_name, server_key, login, errand } = *flow;
        let account = AccountId::parse("account_id", &reply.account_id)?;
        let hardening = reply.hardening.ok_or(Mishap::Bad("hardening"))?;
        let Ok(cost) = StretchCost::new(hardening.memory_kib, hardening.passes) else {
            self.fail(Attempt::SignIn, Why::WeakServer);
            return Ok(());
        };
        let Ok(done) = login.finish(&reply.ke2, account, cost, &mut self.moment.rng) else {
            self.fail(Attempt::SignIn, Why::WrongPassword);
            return Ok(());
        };
        let Some((device, key)) = self.device_for(account) else {
            self.fail(Attempt::SignIn, Why::OtherAccount);
            return Ok(());
        };
        let request = wire::LoginFinishRequest {
            login_state: reply.login_state,
            device: Some(self.prove(account, device, &key, Proof::Login(&done.finalization))),
            ke3: done.finalization.into(),
            second_factor: None,
        };
        self.memory.traffic.call(&request);
        let export_key = done.export_key;
        let flow = Entering { device_name, server_key, account, device, key, export_key, request, errand };
        self.memory.flow = Some(Flow::Entering(Box::new(flow)));
        Ok(())
    }

    /// Sends the login once more, now with the code. False when no login waits for one.
    pub(super) fn add_factor(&mut self, code: FactorCode) -> bool {
        let Some(Flow::Entering(flow)) = self.memory.flow.as_mut() else { return false };
        flow.request.second_factor = Some(match code {
            FactorCode::Totp(code) => SecondFactor::TotpCode(code),
            FactorCode::Backup(code) => SecondFactor::BackupCode(code),
        });
        self.memory.traffic.call(&flow.request);
        true
    }

    pub(super) fn logged_in(&mut self, reply: wire::LoginFinishResponse) -> Result<(), Mishap> {
        let Some(flow) = take_flow!(self, Entering) else { return Ok(()) };
        let Entering { device_name, server_key, account, device, key, export_key, request: _, errand } = *flow;
        let session = reply.session.ok_or(Mishap::Bad("session"))?;
        let vault = reply.vault.ok_or(Mishap::Bad("vault"))?;
        let seen = self.memory.account.as_ref().map_or(0, |known| known.vault_version);
        let opened = SealedRoot::decode(&vault.root_by_password)
            .and_then(|sealed| sealed.open(Unlock::Password(&export_key), account, Version::NONE));
        let (Ok((root, _)), true) = (opened, vault.version >= seen) else {
            self.fail(Attempt::SignIn, Why::BadVault);
            return Ok(());
        };
        if self.memory.account.is_some() {
            // New tokens for the session before this one are of no use any more.
            self.forget(Lane::Session)?;
            self.settle_words(&vault)?;
        }
        if let Some(errand) = errand.filter(|_| self.memory.account.is_some() && session.certified) {
            self.memory.token_is_stale = false;
            self.update(|known| known.take(&session))?;
            return self.run(errand, root, vault);
        }
        let (user_name, vault_version) = (reply.user_name, vault.version);
        let entered = Entered { account, user_name, device, key, device_name, server_key, root, vault_version };
        self.arrive(entered, session);
        Ok(())
    }

    /// A step of entering failed for good.
    pub(super) fn entrance_refused(&mut self, what: Attempt, failure: &Failure) -> Result<(), Mishap> {
        let Some(code) = failure.code() else { return Ok(()) };
        if code == ErrorCode::SecondFactorRequired {
            self.tell(Change::SecondFactorNeeded);
            return Ok(());
        }
        if code != ErrorCode::SecondFactorWrong {
            self.memory.flow = None;
            self.memory.visitor_token = None;
        }
        if what == Attempt::Register && self.memory.account.as_ref().is_some_and(|known| known.state == State::Entering)
        {
            self.drop_account()?;
        }
        let why = if code == ErrorCode::LoginFailed { Why::WrongPassword } else { Why::Refused(code) };
        self.fail(what, why);
        Ok(())
    }

    pub(super) fn fail(&mut self, what: Attempt, why: Why) {
        self.tell(Change::Failed { what, why });
    }

    pub(super) fn certify(
        &self,
        identity: &IdentityKey,
        account: AccountId,
        device: DeviceId,
        key: &DeviceKey,
        purpose: Purpose,
    ) -> Result<DeviceCertificate, Mishap> {
        let claims =
            DeviceClaims { account, device, device_key: key.public(), purpose, issued: self.now(), expires: None };
        DeviceCertificate::issue(identity, claims).map_err(|_| Mishap::Bad("the certificate of this device"))
    }

    pub(super) fn prove(
        &self,
        account: AccountId,
        device: DeviceId,
        key: &DeviceKey,
        call: Proof<'_>,
    ) -> wire::DeviceProof {
        let signed_at_ms = self.memory.clock.now_ms(self.moment);
        let signature = ProofStatement { account, device, signed_at_ms, call }.sign(key);
        wire::DeviceProof {
            device_id: device.to_wire(),
            device_key: Bytes::copy_from_slice(key.public().as_bytes()),
            signed_at_ms,
            signature: Bytes::copy_from_slice(&signature.to_bytes()),
        }
    }
}

pub(super) fn encoded(certificate: &DeviceCertificate) -> Bytes {
    Bytes::copy_from_slice(&certificate.encode())
}

/// A name that is too long is cut rather than refused: it is for the person alone.
pub(super) fn sealed_name(
    vault: &Vault,
    account: AccountId,
    device: DeviceId,
    version: Version,
    name: &str,
    rng: &mut impl CryptoRng,
) -> Bytes {
    let item = Item::DeviceName(device);
    let name = &name[..name.floor_char_boundary(item.max_len())];
    vault.store.seal(account, &item, version, name.as_bytes(), rng).map(Bytes::from).unwrap_or_default()
}
