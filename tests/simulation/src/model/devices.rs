//! The devices of an account: certified, named, revoked by their owner.

use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, DeviceId, limits};

use super::account::Device;
use super::fields;
use super::gate::Session;
use super::{Fault, HOUR, Model, Moment};

const SEALED_NAME_MAX: usize = 256;

impl Model {
    pub(super) fn add_device(
        &mut self,
        caller: &Session,
        request: wire::AddDeviceRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::AddDeviceResponse, Fault> {
        fields::sized("sealed_name", &request.sealed_name, 0, SEALED_NAME_MAX)?;
        let identity = self.identity_of(caller.account)?;
        let mut device = fields::certified(caller.account, &identity, &request.certificate, at.now)?;
        let is_callers = (device.id, device.key) == (caller.device, caller.device_key);
        if device.is_vault == (device.id == caller.device) || !(device.is_vault || is_callers) {
            return Err(ErrorCode::CertificateInvalid.into());
        }
        device.sealed_name = request.sealed_name;
        if let Some((owner, filed)) = self.filed(device.id) {
            let same = owner == caller.account && filed.certificate == device.certificate;
            return if same && filed.revoked.is_none() {
                Ok(wire::AddDeviceResponse { keys_version: self.account(caller.account)?.keys_version })
            } else {
                Err(ErrorCode::IdTaken.into())
            };
        }
        let account = self.account_mut(caller.account)?;
        if account.devices_in_force().count() >= limits::DEVICES_MAX {
            return Err(Fault::limit("DEVICES_MAX", limits::DEVICES_MAX));
        }
        if device.is_vault && account.vault_devices().len() >= limits::VAULT_DEVICES_MAX {
            return Err(Fault::limit("VAULT_DEVICES_MAX", limits::VAULT_DEVICES_MAX));
        }
        account.devices.push(device);
        self.keys_changed(caller.account);
        Ok(wire::AddDeviceResponse { keys_version: self.account(caller.account)?.keys_version })
    }

    pub(super) fn revoke_device(
        &mut self,
        caller: &Session,
        request: wire::RevokeDeviceRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RevokeDeviceResponse, Fault> {
        fields::sized("revocation", &request.revocation, 0, limits::REVOCATION_MAX)?;
        let revocation = DeviceRevocation::decode(&request.revocation).map_err(|_| ErrorCode::CertificateInvalid)?;
        let (owner, id) = revocation.claimed_device();
        if owner != caller.account {
            return Err(ErrorCode::CertificateInvalid.into());
        }
        let (_, filed) = self.filed(id).filter(|(filed, _)| *filed == owner).ok_or(ErrorCode::NotFound)?;
        if filed.revoked.is_none() {
            self.check_revocation(owner, filed, &revocation)?;
            self.take_out(owner, id, &request.revocation, at);
        }
        Ok(wire::RevokeDeviceResponse { keys_version: self.account(owner)?.keys_version })
    }

    pub(super) fn list_devices(
        &mut self,
        caller: &Session,
        _: wire::ListDevicesRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::ListDevicesResponse, Fault> {
        let mut devices: Vec<_> = self.account(caller.account)?.devices_in_force().collect();
        devices.sort_by_key(|device| (device.added_at, device.id));
        let shown = |device: &Device| wire::Device {
            device_id: device.id.to_wire(),
            certificate: device.certificate.clone(),
            sealed_name: device.sealed_name.clone(),
            added_at_ms: device.added_at,
            last_used_at_ms: device.last_used_at / HOUR * HOUR,
            key_packages_left: device.single_use_left(),
        };
        Ok(wire::ListDevicesResponse { devices: devices.into_iter().map(shown).collect() })
    }

    pub(super) fn name_device(
        &mut self,
        caller: &Session,
        request: wire::NameDeviceRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::NameDeviceResponse, Fault> {
        let device = DeviceId::parse("device_id", &request.device_id)?;
        fields::sized("sealed_name", &request.sealed_name, 0, SEALED_NAME_MAX)?;
        let device = self.account_mut(caller.account)?.device_mut(device).ok_or(ErrorCode::NotFound)?;
        device.sealed_name = request.sealed_name;
        Ok(wire::NameDeviceResponse {})
    }

    /// A device that is or was on file, and whose.
    pub(super) fn filed(&self, id: DeviceId) -> Option<(AccountId, &Device)> {
        let of = |(owner, account): (&AccountId, &'_ super::account::Account)| {
            account.devices.iter().position(|device| device.id == id).map(|index| (*owner, index))
        };
        let (owner, index) = self.accounts.iter().find_map(of)?;
        Some((owner, self.accounts.get(&owner)?.devices.get(index)?))
    }

    fn check_revocation(&self, owner: AccountId, filed: &Device, revocation: &DeviceRevocation) -> Result<(), Fault> {
        let identity = self.identity_of(owner)?;
        let verified = DeviceCertificate::decode(&filed.certificate)
            .and_then(|certificate| certificate.verify(owner, &identity, fields::BEFORE_ANY_EXPIRY))
            .map_err(|_| ErrorCode::CertificateInvalid)?;
        revocation.verify(&verified).map_err(|_| ErrorCode::CertificateInvalid)?;
        Ok(())
    }

    /// Ends all that a device has, and proposes its removal wherever it is.
    fn take_out(&mut self, owner: AccountId, id: DeviceId, revocation: &bytes::Bytes, at: &Moment<'_>) {
        if let Some(account) = self.accounts.get_mut(&owner) {
            account.welcomes.retain(|waiting| waiting.message.device_id != id.to_wire());
            if let Some(device) = account.device_mut(id) {
                device.revoked = Some((at.now, revocation.clone()));
                device.packages.clear();
            }
        }
        let of_it = self.sessions.values().filter(|session| (session.account, session.device) == (owner, id));
        let ended: Vec<_> = of_it.map(|session| session.id).collect();
        for session in ended {
            self.end_session(session);
        }
        self.keys_changed(owner);
        self.note_removal(owner, id, revocation, at.now);
    }
}
