//! How an account comes to be.

use bytes::Bytes;
use sotto_crypto::certificate::Purpose;
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::login::{Password, Registration, StretchCost};
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::vault::{RootSecret, Unlock, Version};
use sotto_proto::{AccountId, DeviceId, UserName, wire};
use zeroize::Zeroizing;

use super::account::{Account, State, Wants};
use super::change::Change;
use super::entrance::{Flow, encoded, sealed_name, take_flow};
use super::errands::{login_record, words_of};
use super::requests::Lane;
use super::step::{Mishap, Step};
use super::vault::Vault;

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

impl Step<'_, '_> {
    pub(super) fn start_registration(&mut self, chosen: NewAccount, server_key: VerifyingKey) -> Result<(), Mishap> {
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
        let mut vault = Vault::first(&root, vault_device);
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
            renewal_due: false,
            newer_vault: None,
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
}
