//! The way back in without the password: by the words on paper.

use sotto_crypto::identity::DeviceKey;
use sotto_crypto::login::{Password, Registration, StretchCost};
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::vault::{SealedRoot, Unlock, Version};
use sotto_proto::{AccountId, DeviceId, wire};

use super::arrival::Entered;
use super::change::{Attempt, Why};
use super::entrance::{Flow, take_flow};
use super::errands::login_record;
use super::step::{Mishap, Step};

/// Who lost a password and kept the words.
pub struct Recovering {
    /// User name or e-mail address.
    pub login_name: String,
    /// The words.
    pub code: RecoveryCode,
    /// The new password.
    pub password: Password,
    /// What trying it shall cost.
    pub cost: StretchCost,
    /// What the person calls this device.
    pub device_name: String,
}

/// A recovery between two replies.
pub(super) struct Recovery {
    code: RecoveryCode,
    cost: StretchCost,
    device_name: String,
    server_key: VerifyingKey,
    registration: Registration,
    opaque_request: Vec<u8>,
    account: Option<AccountId>,
}

impl Step<'_, '_> {
    pub(super) fn start_recovery(&mut self, lost: Recovering, server_key: VerifyingKey) -> Result<(), Mishap> {
        let Recovering { login_name, code, password, cost, device_name } = lost;
        let started = Registration::start(password, &mut self.moment.rng);
        let (registration, opaque_request) = started.map_err(|_| Mishap::Bad("the password"))?;
        self.memory.traffic.call(&wire::RecoverStartRequest { login_name });
        let flow = Recovery { code, cost, device_name, server_key, registration, opaque_request, account: None };
        self.memory.flow = Some(Flow::Recovering(Box::new(flow)));
        Ok(())
    }

    pub(super) fn recovery_challenged(&mut self, reply: wire::RecoverStartResponse) -> Result<(), Mishap> {
        let Some(mut flow) = take_flow!(self, Recovering) else { return Ok(()) };
        let account = AccountId::parse("account_id", &reply.account_id)?;
        let challenge = reply.challenge[..].try_into().map_err(|_| Mishap::Bad("challenge"))?;
        let signature = flow.code.prove(account, challenge);
        self.memory.traffic.call(&wire::RecoverProveRequest {
            recovery_state: reply.recovery_state,
            signature: signature.to_bytes().to_vec().into(),
            opaque_request: std::mem::take(&mut flow.opaque_request).into(),
        });
        flow.account = Some(account);
        self.memory.flow = Some(Flow::Recovering(flow));
        Ok(())
    }

    pub(super) fn recovery_proved(&mut self, reply: wire::RecoverProveResponse) -> Result<(), Mishap> {
        let Some(flow) = take_flow!(self, Recovering) else { return Ok(()) };
        let Recovery { code, cost, device_name, server_key, registration, account, .. } = *flow;
        let account = account.ok_or(Mishap::Bad("a proof before its challenge"))?;
        let vault = reply.vault.ok_or(Mishap::Bad("vault"))?;
        let opened = SealedRoot::decode(&vault.root_by_recovery_code)
            .and_then(|sealed| sealed.open(Unlock::RecoveryCode(&code), account, Version::NONE));
        let Ok((root, _)) = opened else {
            self.fail(Attempt::Recover, Why::BadVault);
            return Ok(());
        };
        let done = registration.finish(&reply.opaque_response, account, cost, &mut self.moment.rng);
        let done = done.map_err(|_| Mishap::Bad("opaque_response"))?;
        let version = Version::from_number(vault.version).next();
        let vault = self.resealed(&root, Unlock::Password(&done.export_key), account, version, vault);
        let Some((device, key)) = self.device_for(account) else {
            self.fail(Attempt::Recover, Why::OtherAccount);
            return Ok(());
        };
        self.memory.traffic.call(&wire::RecoverFinishRequest {
            device: Some(self.prove(account, device, &key, Proof::Recover(&reply.recovery_state))),
            recovery_state: reply.recovery_state,
            record: Some(login_record(done.upload, cost)),
            vault: Some(vault),
        });
        let user_name = reply.user_name;
        let entered =
            Entered { account, user_name, device, key, device_name, server_key, root, vault_version: version.number() };
        self.memory.flow = Some(Flow::Recovered(Box::new(entered)));
        Ok(())
    }

    pub(super) fn recovered(&mut self, reply: wire::RecoverFinishResponse) -> Result<(), Mishap> {
        let Some(entered) = take_flow!(self, Recovered) else { return Ok(()) };
        let session = reply.session.ok_or(Mishap::Bad("session"))?;
        self.arrive(*entered, session);
        Ok(())
    }

    /// The device that enters an account: this one, if it was in it before, or a new one. None if it is in another account.
    pub(super) fn device_for(&mut self, account: AccountId) -> Option<(DeviceId, DeviceKey)> {
        match self.memory.account.as_ref() {
            Some(known) if known.id != account => None,
            Some(known) => Some((known.device, DeviceKey::from_seed(&known.key.expose_seed()))),
            None => Some((DeviceId::from_bytes(self.moment.random()), DeviceKey::generate(&mut self.moment.rng))),
        }
    }
}
