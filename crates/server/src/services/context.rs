//! What every service works with.

use std::fmt;
use std::sync::Arc;

use sotto_crypto::labels;
use sotto_crypto::primitives::{SigningKey, hkdf};
use sotto_crypto::secret::Secret;
use sotto_proto::{AccountId, DeviceId};

use super::cursor::Cursors;
use super::groups::Groups;
use super::live::Live;
use super::secrets::Secrets;
use super::{Failure, Rates, Settings};
use crate::blobs::Blobs;
use crate::bus::Bus;
use crate::clock::{Clock, Timestamp};
use crate::store::{Session, Store};

/// The ports that services stand on.
#[derive(Clone)]
pub struct Ports {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Hints to and from other nodes.
    pub bus: Arc<dyn Bus>,
    /// The bytes of files.
    pub blobs: Arc<dyn Blobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the server's keys are derived from; the same on all nodes.
    pub secret: Arc<Secret<32>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("clock", &self.clock).finish_non_exhaustive()
    }
}

pub(super) struct Context {
    pub(super) store: Arc<dyn Store>,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) rates: Rates,
    pub(super) groups: Arc<Groups>,
    pub(super) live: Live,
    pub(super) cursors: Cursors,
    pub(super) secrets: Secrets,
    /// Signs the removals of revoked devices, as the external sender that every group names.
    pub(super) external_sender: Arc<SigningKey>,
}

impl Context {
    /// Starts what delivers; it ends with the context.
    pub(super) fn new(ports: Ports, settings: Settings) -> Self {
        let Ports { store, bus, blobs, clock, secret } = ports;
        let groups = Arc::new(Groups::new(store.clone()));
        let derive = |label: &str| hkdf::<32>(&[], secret.expose_secret(), &[label.as_bytes()]);
        Self {
            rates: Rates::new(clock.clone(), settings.rate_percent),
            live: Live::start(&store, &bus, &groups),
            secrets: Secrets::derive(&secret),
            cursors: Cursors::new(derive(labels::SERVER_CURSORS)),
            external_sender: Arc::new(SigningKey::from_seed(&derive(labels::SERVER_EXTERNAL_SENDER))),
            groups,
            store,
            blobs,
            clock,
            settings,
        }
    }

    /// Tells the devices of an account, on whatever node, that something about it has changed.
    pub(super) async fn hint_account(&self, account: AccountId, change: u64) {
        self.live.account_changed(account, change).await;
    }

    /// The vault devices of an account: none, one, or two while one takes the places of the other.
    pub(super) async fn vault_devices(&self, account: AccountId) -> Result<Vec<DeviceId>, Failure> {
        let devices = self.store.devices(account).await?;
        Ok(devices.iter().filter(|device| device.filed.is_vault).map(|device| device.filed.id).collect())
    }

    /// The devices whose Welcomes concern a caller: its own, and the account's vault devices.
    pub(super) async fn devices_served(&self, caller: &Session) -> Result<Vec<DeviceId>, Failure> {
        let vaults = self.vault_devices(caller.account).await?;
        Ok([caller.device].into_iter().chain(vaults).collect())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
