//! How a device gets its session: registration, login, second factor, new tokens, and the end.

use bytes::Bytes;
use rand_core::CryptoRng;
use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::login::{ExportKey, Login, Password, Registration, StretchCost};
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::proof::{Call as Proof, ProofStatement};
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::vault::{RootSecret, SealedRoot, Unlock, Version};
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::ErrorCode;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::{AccountId, DeviceId, Method, PROTOCOL_VERSION, RequestId, UserName, wire};
use zeroize::Zeroizing;

use super::account::{Account, State, Vault, Wants};
use super::change::{Attempt, Change, Why};
use super::errands::{Errand, Running, login_record, words_of};
use super::recovery::{Recovering, Recovery};
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};

/// What somebody who is new here chooses.
pub struct NewAccount {
    /// The user name.
    pub user_name: UserName,
    /// Another name to log in by.
    pub email: String,
    /// The password.
    pub password: Password,
    /// What trying a password shall cost.
    pub cost: StretchCost,
    /// What the person calls this device.
    pub device_name: String,
}

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

pub(super) struct Registering {
    chosen: NewAccountRest,
    account: AccountId,
    server_key: VerifyingKey,
    registration: Registration,
}

struct NewAccountRest {
    user_name: UserName,
    email: String,
    cost: StretchCost,
    device_name: String,
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

/// A device that the server let in, with the vault open.
pub(super) struct Entered {
    pub(super) account: AccountId,
    pub(super) user_name: String,
    pub(super) device: DeviceId,
    pub(super) key: DeviceKey,
    pub(super) device_name: String,
    pub(super) server_key: VerifyingKey,
    pub(super) root: RootSecret,
    pub(super) vault_version: u64,
}

impl Step<'_, '_> {
    /// Begins with a look at the server, whose clock and key everything else needs.
    pub(super) fn enter(&mut self, visitor: Visitor) {
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

    fn start_registration(&mut self, chosen: NewAccount, server_key: VerifyingKey) -> Result<(), Mishap> {
        let NewAccount { user_name, email, password, cost, device_name } = chosen;
        let account = AccountId::from_bytes(self.moment.random());
        let started = Registration::start(password, &mut self.moment.rng);
        let (registration, request) = started.map_err(|_| Mishap::Bad("the password"))?;
        let request = wire::RegisterStartRequest {
            account_id: account.to_wire(),
            user_name: user_name.as_str().to_owned(),
            opaque_request: request.into(),
        };
        self.memory.traffic.call(&request);
        let chosen = NewAccountRest { user_name, email, cost, device_name };
        self.memory.flow = Some(Flow::Registering(Box::new(Registering { chosen, account, server_key, registration })));
        Ok(())
    }

    /// The account is made here, whole, before the server hears of it.
    pub(super) fn registration_started(&mut self, reply: &wire::RegisterStartResponse) -> Result<(), Mishap> {
        let Some(flow) = take_flow!(self, Registering) else { return Ok(()) };
        let Registering { chosen, account, server_key, registration } = *flow;
        let done = registration.finish(&reply.opaque_response, account, chosen.cost, &mut self.moment.rng);
        let done = done.map_err(|_| Mishap::Bad("opaque_response"))?;

        let root = RootSecret::generate(&mut self.moment.rng);
        let code = RecoveryCode::generate(&mut self.moment.rng);
        let (identity, key) = (root.derive_identity_key(), DeviceKey::generate(&mut self.moment.rng));
        let device = DeviceId::from_bytes(self.moment.random());
        let vault_device = DeviceId::from_bytes(self.moment.random());
        let certificate = self.certify(&identity, account, device, &key, Purpose::Device)?;
        let mut vault = Vault::of(&root, vault_device);
        let vault_certificate = self.certify(&identity, account, vault_device, &vault.key, Purpose::Vault)?;
        vault.certificate = Some(vault_certificate);

        let mut sealed_vault = wire::Vault::default();
        for unlock in [Unlock::Password(&done.export_key), Unlock::RecoveryCode(&code)] {
            sealed_vault = self.resealed(&root, unlock, account, Version::FIRST, sealed_vault);
        }
        let sealed_device_name =
            sealed_name(&vault, account, device, Version::FIRST, &chosen.device_name, &mut self.moment.rng);
        let request = wire::RegisterFinishRequest {
            account_id: account.to_wire(),
            user_name: chosen.user_name.as_str().to_owned(),
            email: chosen.email,
            device: Some(self.prove(account, device, &key, Proof::Register(&done.upload))),
            record: Some(login_record(done.upload, chosen.cost)),
            identity_key: Bytes::copy_from_slice(identity.public().as_bytes()),
            certificates: vec![encoded(&certificate), encoded(&vault_certificate)],
            vault: Some(sealed_vault),
            sealed_device_name,
        };
        self.call(Lane::Session, &request)?;
        self.begin_account(Account {
            state: State::Entering,
            id: account,
            user_name: request.user_name,
            identity: identity.public(),
            device,
            key,
            certificate,
            server_key,
            vault: Some(vault),
            vault_version: Version::FIRST.number(),
            recovery_words: Some(words_of(&code)),
            next_words: None,
            access_token: Zeroizing::default(),
            refresh_token: Zeroizing::default(),
            cursor: Vec::new(),
            wants: Wants::of(Wants::PACKAGES | Wants::VAULT_PACKAGE | Wants::SYNC | Wants::SAVED),
            settings_change: 0,
        })?;
        Ok(self.know_own_device(device, false)?)
    }

    pub(super) fn registered(&mut self, reply: wire::RegisterFinishResponse) -> Result<(), Mishap> {
        let session = reply.session.ok_or(Mishap::Bad("session"))?;
        self.update(|account| {
            account.take(&session);
            account.state = State::InUse;
        })?;
        self.tell(Change::SignedIn);
        Ok(())
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
        self.come_home(entered, session)
    }

    /// Takes an opened session over. A device that the account does not vouch for yet is certified first.
    pub(super) fn come_home(&mut self, entered: Entered, session: wire::Session) -> Result<(), Mishap> {
        let Entered { account, user_name, device, key, device_name, server_key, root, vault_version } = entered;
        self.memory.token_is_stale = false;
        let identity = root.derive_identity_key();
        if session.certified && self.memory.account.is_some() {
            self.update(|known| {
                known.take(&session);
                known.vault_version = vault_version;
                known.state = State::InUse;
                known.wants.add(Wants::SYNC | Wants::OWN_ACCOUNT | Wants::PACKAGES);
            })?;
            self.tell(Change::SignedIn);
            return Ok(());
        }
        let certificate = self.certify(&identity, account, device, &key, Purpose::Device)?;
        // Whose the vault device is follows from the root; its id is read from the account's certificates.
        let vault = Vault::of(&root, DeviceId::from_bytes([0; 16]));
        let sealed_name = sealed_name(&vault, account, device, Version::FIRST, &device_name, &mut self.moment.rng);
        self.call(Lane::Certify, &wire::AddDeviceRequest { certificate: encoded(&certificate), sealed_name })?;
        self.begin_account(Account {
            state: State::Entering,
            id: account,
            user_name,
            identity: identity.public(),
            device,
            key,
            certificate,
            server_key,
            vault: Some(vault),
            vault_version,
            recovery_words: None,
            next_words: None,
            access_token: Zeroizing::new(session.access_token),
            refresh_token: Zeroizing::new(session.refresh_token),
            cursor: Vec::new(),
            wants: Wants::of(Wants::OWN_ACCOUNT | Wants::PACKAGES | Wants::SYNC | Wants::BLOCKED),
            settings_change: 0,
        })?;
        Ok(())
    }

    /// The account vouches for this device; a new token says so.
    pub(super) fn certified(&mut self) -> Result<(), Mishap> {
        self.update(|account| account.wants.add(Wants::TOKEN))?;
        self.refresh()
    }

    /// Asks for new tokens.
    pub(super) fn refresh(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::Session)? {
            return Ok(());
        }
        if !self.memory.clock_is_set {
            self.memory.traffic.call(&wire::GetServerInfoRequest {});
        }
        let id = RequestId::from_bytes(self.moment.random());
        let request = self.refresh_request(id)?;
        Ok(self.call(Lane::Session, &request)?)
    }

    /// The same request with a proof of now. It may have been answered, and to the server a second request for its token is a thief's.
    fn sign_refresh_again(&mut self) -> Result<(), Mishap> {
        let waiting = self.kept_in(Lane::Session)?;
        let Some((ticket, kept)) = waiting.filter(|(_, kept)| kept.method == Method::AuthRefresh) else {
            return Ok(());
        };
        let former: wire::RefreshRequest = kept.request()?;
        let id = RequestId::parse("request_id", &former.request_id).map_err(|_| Mishap::Bad("a stored call"))?;
        let request = self.refresh_request(id)?;
        self.replace(ticket, &request)?;
        self.memory.traffic.hurry(ticket);
        Ok(())
    }

    fn refresh_request(&self, id: RequestId) -> Result<wire::RefreshRequest, Mishap> {
        let account = self.account()?;
        let token = account.refresh_token.to_string();
        let call = Proof::Refresh { request: id, token: token.as_bytes() };
        let proof = self.prove(account.id, account.device, &account.key, call);
        Ok(wire::RefreshRequest { refresh_token: token, request_id: id.to_wire(), device: Some(proof) })
    }

    pub(super) fn refreshed(&mut self, reply: wire::RefreshResponse) -> Result<(), Mishap> {
        let session = reply.session.ok_or(Mishap::Bad("session"))?;
        self.memory.token_is_stale = false;
        let entering = self.account()?.state == State::Entering;
        self.update(|account| {
            account.take(&session);
            account.wants.remove(Wants::TOKEN);
            if session.certified {
                account.state = State::InUse;
            }
        })?;
        if entering && session.certified {
            self.tell(Change::SignedIn);
        }
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
        }
        if what == Attempt::Register && self.memory.account.as_ref().is_some_and(|known| known.state == State::Entering)
        {
            self.drop_account()?;
        }
        let why = if code == ErrorCode::LoginFailed { Why::WrongPassword } else { Why::Refused(code) };
        self.fail(what, why);
        Ok(())
    }

    /// The server ended the session. What is here stays.
    pub(super) fn signed_out(&mut self) -> Result<(), Mishap> {
        self.forget(Lane::Session)?;
        self.update(|account| account.state = State::SignedOut)?;
        self.tell(Change::SignedOut);
        Ok(())
    }

    pub(super) fn fail(&mut self, what: Attempt, why: Why) {
        self.tell(Change::Failed { what, why });
    }

    fn certify(
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
