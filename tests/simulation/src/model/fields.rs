//! Fields of requests, checked as the real server checks them.

use bytes::Bytes;
use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::identity::{DevicePublicKey, IdentityPublicKey};
use sotto_crypto::login::server::PasswordRecord;
use sotto_crypto::login::{RECORD_LEN, REGISTRATION_REQUEST_LEN, StretchCost};
use sotto_crypto::primitives::{SIGNATURE_LEN, Signature, VerifyingKey};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::time::Time;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{
    AccountId, ConversationId, DeviceId, Epoch, Generation, GroupPosition, Invalid, LoginName, Reason, Version, limits,
};

use super::account::Device;
use super::gate::Session;
use super::{Fault, MINUTE};

/// How far the clock of a device may be off.
const TOLERANCE: u64 = 5 * MINUTE;
const ROOT_MAX: usize = 1_024;

/// A device as it presents itself, with a signature that is yet to be checked.
pub(super) struct ClaimedDevice {
    pub(super) id: DeviceId,
    pub(super) key: [u8; 32],
    pub(super) signed_at: u64,
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

    /// The device of a session, which has proved itself.
    pub(super) fn of_session(session: &Session) -> Self {
        let signature = Signature::from_bytes([0; SIGNATURE_LEN]);
        Self { id: session.device, key: session.device_key, signed_at: 0, signature }
    }

    /// Checks that the device holds its key, and made the proof for this very call.
    pub(super) fn prove(&self, account: AccountId, call: Call<'_>, now: u64) -> Result<(), ErrorCode> {
        let statement = ProofStatement { account, device: self.id, signed_at_ms: self.signed_at, call };
        let key = DevicePublicKey::from_bytes(&self.key).map_err(|_| ErrorCode::DeviceProofInvalid)?;
        let proved = self.signed_at.abs_diff(now) <= TOLERANCE && statement.verify(&key, &self.signature).is_ok();
        if proved { Ok(()) } else { Err(ErrorCode::DeviceProofInvalid) }
    }

    /// The same, for a call that a session makes: the device must be the session's.
    pub(super) fn prove_caller(&self, caller: &Session, call: Call<'_>, now: u64) -> Result<(), ErrorCode> {
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

pub(super) fn opaque_request(bytes: &[u8]) -> Result<&[u8], Invalid> {
    fixed::<REGISTRATION_REQUEST_LEN>("opaque_request", bytes).map(|_| bytes)
}

/// A blinded password that is no element of the group.
pub(super) fn malformed(field: &'static str) -> Fault {
    Invalid::new(field, Reason::Malformed("no message of OPAQUE")).into()
}

pub(super) fn login_record(record: Option<wire::LoginRecord>) -> Result<wire::LoginRecord, Invalid> {
    let record = required("record", record)?;
    let hardening = record.hardening.ok_or(Invalid::new("record.hardening", Reason::Missing))?;
    fixed::<RECORD_LEN>("record.opaque_record", &record.opaque_record)?;
    PasswordRecord::from_upload(&record.opaque_record)
        .map_err(|_| Invalid::new("record.opaque_record", Reason::Malformed("no record of OPAQUE")))?;
    let (min, max) = (StretchCost::MINIMUM, StretchCost::MAXIMUM);
    ranged("record.hardening.lanes", hardening.lanes, 1, 1)?;
    ranged("record.hardening.memory_kib", hardening.memory_kib, min.memory_kib(), max.memory_kib())?;
    ranged("record.hardening.passes", hardening.passes, min.passes(), max.passes())?;
    Ok(record)
}

/// The devices that an account begins with: the one that asks and, where there is one, its vault device.
pub(super) fn first_devices(
    account: AccountId,
    identity: [u8; 32],
    certificates: &[Bytes],
    asking: &ClaimedDevice,
    now: u64,
) -> Result<Vec<Device>, Fault> {
    counted("certificates", certificates.len(), 1, 2)?;
    let identity = IdentityPublicKey::from_bytes(&identity).map_err(|_| ErrorCode::CertificateInvalid)?;
    let filed = certificates.iter().map(|certificate| certified(account, &identity, certificate, now));
    let devices = filed.collect::<Result<Vec<_>, Fault>>()?;
    let own: Vec<_> = devices.iter().filter(|device| !device.is_vault).map(|own| (own.id, own.key)).collect();
    let distinct = devices.len() < 2 || devices[0].id != devices[1].id;
    if own == [(asking.id, asking.key)] && distinct { Ok(devices) } else { Err(ErrorCode::CertificateInvalid.into()) }
}

/// A device whose certificate verifies.
pub(super) fn certified(
    account: AccountId,
    identity: &IdentityPublicKey,
    certificate: &Bytes,
    now: u64,
) -> Result<Device, Fault> {
    sized("certificate", certificate, 0, limits::CERTIFICATE_MAX)?;
    let verified = DeviceCertificate::decode(certificate)
        .and_then(|certificate| certificate.verify(account, identity, super::time(now)))
        .map_err(|_| ErrorCode::CertificateInvalid)?;
    let claims = verified.claims();
    let is_vault = claims.purpose == Purpose::Vault;
    Ok(Device::new(claims.device, is_vault, *claims.device_key.as_bytes(), certificate.clone(), now))
}

/// A vault as a request brings it, for whatever call it comes with.
pub(super) fn vault(vault: Option<wire::Vault>) -> Result<wire::Vault, Invalid> {
    let vault = required("vault", vault)?;
    sized("vault.root_by_password", &vault.root_by_password, 0, ROOT_MAX)?;
    sized("vault.root_by_recovery_code", &vault.root_by_recovery_code, 0, ROOT_MAX)?;
    Version::parse("vault.version", vault.version)?;
    check_recovery_key(&vault)?;
    Ok(vault)
}

/// There is a key if and only if there is something that the recovery code opens.
fn check_recovery_key(vault: &wire::Vault) -> Result<(), Invalid> {
    let malformed = |why| Invalid::new("vault.recovery_key", Reason::Malformed(why));
    if vault.recovery_key.is_empty() != vault.root_by_recovery_code.is_empty() {
        return Err(malformed("goes with root_by_recovery_code"));
    }
    if vault.recovery_key.is_empty() {
        return Ok(());
    }
    let key = fixed("vault.recovery_key", &vault.recovery_key)?;
    VerifyingKey::from_bytes(&key).map(drop).map_err(|_| malformed("is no public key"))
}

pub(super) fn conversation(bytes: &[u8]) -> Result<ConversationId, Invalid> {
    ConversationId::parse("conversation_id", bytes)
}

pub(super) fn position(generation: u32, epoch: u64) -> Result<GroupPosition, Invalid> {
    Ok(GroupPosition { generation: Generation::parse("generation", generation)?, epoch: Epoch::parse("epoch", epoch)? })
}

pub(super) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Invalid> {
    value.ok_or(Invalid::new(field, Reason::Missing))
}

/// An id, or nothing where the field is empty.
pub(super) fn optional<T>(bytes: &[u8], parse: impl FnOnce(&[u8]) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    (!bytes.is_empty()).then(|| parse(bytes)).transpose()
}

/// A byte string whose length is fixed.
pub(super) fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], Invalid> {
    bytes.try_into().map_err(|_| Invalid::new(field, Reason::Length { expected: N, actual: bytes.len() }))
}

pub(super) fn sized(field: &'static str, bytes: &[u8], min: usize, max: usize) -> Result<(), Invalid> {
    let actual = bytes.len();
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Size { min, max, actual })) }
}

pub(super) fn counted(field: &'static str, actual: usize, min: usize, max: usize) -> Result<(), Invalid> {
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Count { min, max, actual })) }
}

pub(super) fn ranged(field: &'static str, actual: u32, min: u32, max: u32) -> Result<u32, Invalid> {
    let reason = Reason::Range { min: min.into(), max: max.into(), actual: actual.into() };
    if (min..=max).contains(&actual) { Ok(actual) } else { Err(Invalid::new(field, reason)) }
}

/// A certificate counts whatever its expiry.
pub(super) const BEFORE_ANY_EXPIRY: Time = Time::from_unix_seconds(0);
