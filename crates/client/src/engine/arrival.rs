//! The last steps of every way in: with the vault open, a device sees how far the account's keys have come, and takes its place.

use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::vault::{RootSecret, Version};
use sotto_proto::{AccountId, DeviceId, wire};
use zeroize::Zeroizing;

use super::account::{Account, State, Wants};
use super::change::Change;
use super::entrance::{Flow, encoded, sealed_name, take_flow};
use super::own::decoded;
use super::requests::Lane;
use super::step::{Mishap, Step};
use super::vault::Vault;

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

/// A device in its session, that has yet to see which other devices the account has.
pub(super) struct Arrival {
    entered: Entered,
    session: wire::Session,
}

impl Step<'_, '_> {
    /// Asks for the account's devices, by which it vouches for the vault devices of the present.
    pub(super) fn arrive(&mut self, entered: Entered, session: wire::Session) {
        self.memory.visitor_token = Some(Zeroizing::new(session.access_token.clone()));
        self.memory.flow = Some(Flow::Arriving(Box::new(Arrival { entered, session })));
        self.memory.traffic.call(&wire::ListDevicesRequest {});
    }

    pub(super) fn is_arriving(&self) -> bool {
        matches!(self.memory.flow, Some(Flow::Arriving(_)))
    }

    /// Says whether it was an arriving device that waited for the list.
    pub(super) fn arrived(&mut self, reply: &wire::ListDevicesResponse) -> Result<bool, Mishap> {
        let Some(arrival) = take_flow!(self, Arriving) else { return Ok(false) };
        self.memory.visitor_token = None;
        let certificates: Vec<_> = decoded(reply.devices.iter().map(|device| &device.certificate)).collect();
        self.come_home(*arrival, &certificates)?;
        Ok(true)
    }

    /// Takes an opened session over. A device that the account does not vouch for yet is certified first.
    fn come_home(&mut self, arrival: Arrival, certificates: &[DeviceCertificate]) -> Result<(), Mishap> {
        let Arrival { entered, session } = arrival;
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
            self.take_over_from(&root, certificates)?;
            return self.renew_if_due(&root);
        }
        let certificate = self.certify(&identity, account, device, &key, Purpose::Device)?;
        let vault = Vault::found_in(&root, account, certificates, self.now());
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
            renewal_due: false,
            newer_vault: None,
            recovery_words: None,
            next_words: None,
            access_token: Zeroizing::new(session.access_token),
            refresh_token: Zeroizing::new(session.refresh_token),
            cursor: Vec::new(),
            wants: Wants::of(Wants::OWN_ACCOUNT | Wants::PACKAGES | Wants::SYNC | Wants::BLOCKED),
            settings_change: 0,
        })?;
        self.renew_if_due(&root)
    }

    /// The account vouches for this device; a new token says so.
    pub(super) fn certified(&mut self) -> Result<(), Mishap> {
        self.update(|account| account.wants.add(Wants::TOKEN))?;
        self.refresh()
    }
}
