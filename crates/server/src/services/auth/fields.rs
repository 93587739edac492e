//! What the calls of the auth service have in common: devices with their proofs, login records, certificates.

use std::time::Duration;

use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
use sotto_crypto::identity::{DevicePublicKey, IdentityPublicKey};
use sotto_crypto::login::server::PasswordRecord;
use sotto_crypto::login::{RECORD_LEN, REGISTRATION_REQUEST_LEN, StretchCost};
use sotto_crypto::primitives::{SIGNATURE_LEN, Signature};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, DeviceId, Invalid, LoginName, Reason, limits};

use crate::clock::Timestamp;
use crate::services::Failure;
use crate::services::fields::{check_count, check_size, required, seconds};
use crate::store::{LoginRecord, NewDevice, Session};

/// How far the clock of a device may be off.
const TOLERANCE: Duration = Duration::from_mins(5);

/// A device as it presents itself, with a signature that is yet to be checked.
#[derive(Clone, Copy)]
pub(super) struct ClaimedDevice {
    pub(super) id: DeviceId,
    pub(super) key: [u8; 32],
    signed_at: u64,
    signature: Signature,
}

impl ClaimedDevice {
    pub(super) fn parse(device: Option<wire::DeviceProof>) -> Result<Self, Invalid> {
        let device = required("device", device)?;
        Ok(Self {
            id: DeviceId::parse("device.device_id", &device.device_id)?,
            key: fixed("device.device_key", &device.device_key)?,
            signed_at: device.signed_at_ms,
            signature: Signature::from_bytes(fixed::<SIGNATURE_LEN>("device.signature", &device.signature)?),
        })
    }

    /// When the proof was made, by the device's clock.
    pub(super) const fn signed_at(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.signed_at)
    }

    /// Checks that the device holds its key, and made the proof for this very call.
    pub(super) fn prove(&self, account: AccountId, call: Call<'_>, now: Timestamp) -> Result<(), ErrorCode> {
        let statement = ProofStatement { account, device: self.id, signed_at_ms: self.signed_at, call };
        let recent = u128::from(self.signed_at.abs_diff(now.unix_millis())) <= TOLERANCE.as_millis();
        let key = DevicePublicKey::from_bytes(&self.key).map_err(|_| ErrorCode::DeviceProofInvalid)?;
        let proved = statement.verify(&key, &self.signature).is_ok();
        if recent && proved { Ok(()) } else { Err(ErrorCode::DeviceProofInvalid) }
    }

    /// The same, for a call that a session makes: the device must be the session's.
    pub(super) fn prove_caller(&self, caller: &Session, call: Call<'_>, now: Timestamp) -> Result<(), ErrorCode> {
        if (self.id, self.key) != (caller.device, caller.device_key) {
            return Err(ErrorCode::DeviceProofInvalid);
        }
        self.prove(caller.account, call, now)
    }
}

/// The name as it is looked up.
pub(super) fn login_name(text: &str) -> Result<String, Invalid> {
    Ok(match LoginName::parse("login_name", text)? {
        LoginName::User(name) => name.as_str().to_owned(),
        LoginName::Email(address) => address.as_str().to_owned(),
    })
}

/// A blinded password; what it must be besides its length is for OPAQUE to say.
pub(super) fn opaque_request(bytes: &[u8]) -> Result<&[u8], Invalid> {
    fixed::<REGISTRATION_REQUEST_LEN>("opaque_request", bytes).map(|_| bytes)
}

/// A blinded password that is no element of the group.
pub(super) fn malformed(field: &'static str) -> Failure {
    Invalid::new(field, Reason::Malformed("no message of OPAQUE")).into()
}

pub(super) fn login_record(record: Option<wire::LoginRecord>) -> Result<LoginRecord, Invalid> {
    let record = required("record", record)?;
    let hardening = required("record.hardening", record.hardening)?;
    fixed::<RECORD_LEN>("record.opaque_record", &record.opaque_record)?;
    PasswordRecord::from_upload(&record.opaque_record)
        .map_err(|_| Invalid::new("record.opaque_record", Reason::Malformed("no record of OPAQUE")))?;
    let (min, max) = (StretchCost::MINIMUM, StretchCost::MAXIMUM);
    let memory = (min.memory_kib(), max.memory_kib());
    within("record.hardening.lanes", hardening.lanes, (1, 1))?;
    Ok(LoginRecord {
        opaque: record.opaque_record.into(),
        memory_kib: within("record.hardening.memory_kib", hardening.memory_kib, memory)?,
        passes: within("record.hardening.passes", hardening.passes, (min.passes(), max.passes()))?,
    })
}

/// The devices that an account begins with: the one that asks and, where there is one, its vault device.
pub(super) fn first_devices(
    account: AccountId,
    identity: [u8; 32],
    certificates: &[bytes::Bytes],
    asking: (DeviceId, [u8; 32]),
    now: Timestamp,
) -> Result<Vec<NewDevice>, Failure> {
    check_count("certificates", certificates, 1..=2)?;
    let identity = IdentityPublicKey::from_bytes(&identity).map_err(|_| ErrorCode::CertificateInvalid)?;
    let mut devices = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        check_size("certificates", certificate, 0..=limits::CERTIFICATE_MAX)?;
        let verified = DeviceCertificate::decode(certificate)
            .and_then(|certificate| certificate.verify(account, &identity, seconds(now)))
            .map_err(|_| ErrorCode::CertificateInvalid)?;
        devices.push(new_device(verified.claims(), certificate));
    }
    let own: Vec<_> = devices.iter().filter(|device| !device.is_vault).map(|own| (own.id, own.device_key)).collect();
    let distinct = devices.len() < 2 || devices[0].id != devices[1].id;
    // One device that is in use, the caller's. What is left can only be one vault device.
    if own != [asking] || !distinct {
        return Err(ErrorCode::CertificateInvalid.into());
    }
    Ok(devices)
}

fn new_device(claims: &DeviceClaims, certificate: &[u8]) -> NewDevice {
    NewDevice {
        id: claims.device,
        is_vault: claims.purpose == Purpose::Vault,
        device_key: *claims.device_key.as_bytes(),
        certificate: certificate.to_vec(),
        sealed_name: Vec::new(),
    }
}

/// A byte string whose length is fixed.
pub(super) fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], Invalid> {
    bytes.try_into().map_err(|_| Invalid::new(field, Reason::Length { expected: N, actual: bytes.len() }))
}

fn within(field: &'static str, number: u32, (min, max): (u32, u32)) -> Result<u32, Invalid> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(Invalid::new(field, Reason::Range { min: min.into(), max: max.into(), actual: number.into() }))
}
