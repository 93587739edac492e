//! Device certificates as MLS credentials (`docs/PROTOCOL.md` §7.2).
//!
//! Every leaf carries its device's certificate. The library asks [`Certificates`] whenever a leaf enters the tree, changes, or
//! is met for the first time. The server, as external sender, carries an empty credential of its own type.

use mls_rs::error::IntoAnyError;
use mls_rs::identity::{Credential, CredentialType, CustomCredential, SigningIdentity};
use mls_rs::time::MlsTime;
use mls_rs::{ExtensionList, IdentityProvider};
use mls_rs_core::identity::MemberValidationContext;
use sotto_proto::{AccountId, DeviceId};

use super::context::{ContextError, governance_of};
use super::standing::Leaf;
use crate::certificate::{CertificateError, DeviceCertificate, Purpose, VerifiedDevice};
use crate::codec::{Reader, Truncated};
use crate::primitives::VerifyingKey;
use crate::time::Time;
#[cfg(feature = "groups")]
use crate::{event::Sender, identity::DevicePublicKey};

/// The type of credential that holds a device certificate, from the private range (RFC 9420 §17.5).
pub const CERTIFICATE_CREDENTIAL: u16 = 0xF050;

/// The type of the server's credential, which is empty.
pub const SERVER_CREDENTIAL: u16 = 0xF051;

/// Why a credential was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Not a credential of the expected type.
    #[error("the credential is of type {0:#06x}")]
    WrongType(u16),
    /// The certificate is not acceptable.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The leaf is signed by another key than the certified one.
    #[error("the leaf's signature key is not the certified device key")]
    WrongDeviceKey,
    /// An external sender that is not the server named in the agreement.
    #[error("only the server of this conversation may send from outside")]
    UnknownExternalSender,
    /// The agreement cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
}

impl IntoAnyError for CredentialError {
    fn into_dyn_error(self) -> Result<Box<dyn std::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

/// What a leaf of `certificate`'s device shows to the group.
pub fn signing_identity(certificate: &DeviceCertificate, device: &VerifiedDevice) -> SigningIdentity {
    let credential = CustomCredential::new(CERTIFICATE_CREDENTIAL.into(), certificate.encode().to_vec());
    let key = device.claims().device_key.as_bytes().to_vec();
    SigningIdentity::new(Credential::Custom(credential), key.into())
}

/// What the server shows as external sender.
pub fn server_identity(key: &VerifyingKey) -> SigningIdentity {
    let credential = CustomCredential::new(SERVER_CREDENTIAL.into(), Vec::new());
    SigningIdentity::new(Credential::Custom(credential), key.as_bytes().to_vec().into())
}

/// Verifies the certificate in a leaf, at `now` where there is a moment to judge expiry by.
///
/// The identity key is the certificate's own: that all devices of an account have the same one is a matter of the rules, and
/// that it is the account's is for the client to compare with what it knows.
pub fn verify_leaf(identity: &SigningIdentity, now: Option<Time>) -> Result<VerifiedDevice, CredentialError> {
    let certificate = DeviceCertificate::decode(certificate_bytes(identity)?)?;
    let device = certificate.verify_on_first_use(now.unwrap_or(BEFORE_ANY_EXPIRY))?;
    let certified = device.claims().device_key.as_bytes().as_slice();
    if identity.signature_key.as_bytes() == certified { Ok(device) } else { Err(CredentialError::WrongDeviceKey) }
}

/// Reads who a leaf is, without verifying anything: for leaves of a tree that was verified when it was built or joined.
pub fn read_leaf(identity: &SigningIdentity) -> Result<Leaf, CredentialError> {
    let bytes = certificate_bytes(identity)?;
    let wrong_length = CertificateError::Length { expected: DeviceCertificate::LEN, actual: bytes.len() };
    if bytes.len() != DeviceCertificate::LEN {
        return Err(wrong_length.into());
    }
    read_ids(&mut Reader::new(bytes)).map_err(|Truncated| wrong_length)?.map_err(Into::into)
}

/// Who signs by a leaf's key, without verifying anything, as in [`read_leaf`].
#[cfg(feature = "groups")]
pub(super) fn read_key(identity: &SigningIdentity) -> Result<(Sender, DevicePublicKey), CredentialError> {
    let leaf = read_leaf(identity)?;
    let key = identity.signature_key.as_bytes().try_into().map_err(|_| CredentialError::WrongDeviceKey)?;
    let key = DevicePublicKey::from_bytes(key).map_err(|_| CredentialError::WrongDeviceKey)?;
    Ok((Sender::from(&leaf), key))
}

/// The certificate in a leaf, without verifying anything, as in [`read_leaf`].
#[cfg(feature = "groups")]
pub(super) fn read_certificate(identity: &SigningIdentity) -> Result<DeviceCertificate, CredentialError> {
    Ok(DeviceCertificate::decode(certificate_bytes(identity)?)?)
}

/// The same leaf, from a certificate that was verified.
pub fn leaf_of(device: &VerifiedDevice) -> Leaf {
    let claims = device.claims();
    let identity = *device.identity().as_bytes();
    Leaf { account: claims.account, device: claims.device, purpose: claims.purpose, identity }
}

/// Answers the group library's questions about credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Certificates;

impl IdentityProvider for Certificates {
    type Error = CredentialError;

    fn validate_member(
        &self,
        signing_identity: &SigningIdentity,
        timestamp: Option<MlsTime>,
        _context: MemberValidationContext<'_>,
    ) -> Result<(), CredentialError> {
        let now = timestamp.map(|time| Time::from_unix_seconds(time.seconds_since_epoch()));
        verify_leaf(signing_identity, now).map(drop)
    }

    fn validate_external_sender(
        &self,
        signing_identity: &SigningIdentity,
        _timestamp: Option<MlsTime>,
        extensions: Option<&ExtensionList>,
    ) -> Result<(), CredentialError> {
        let governance = governance_of(extensions.ok_or(ContextError::NoAgreement)?)?;
        let is_server = *signing_identity == server_identity(&governance.server_key);
        if is_server { Ok(()) } else { Err(CredentialError::UnknownExternalSender) }
    }

    /// Account and device: unique for each leaf (RFC 9420 §7.3).
    fn identity(&self, signing_identity: &SigningIdentity, _: &ExtensionList) -> Result<Vec<u8>, CredentialError> {
        let leaf = read_leaf(signing_identity)?;
        Ok([*leaf.account.as_bytes(), *leaf.device.as_bytes()].concat())
    }

    /// A leaf is only ever followed by the same device, with the same purpose, of the same account and identity.
    fn valid_successor(
        &self,
        predecessor: &SigningIdentity,
        successor: &SigningIdentity,
        _: &ExtensionList,
    ) -> Result<bool, CredentialError> {
        Ok(read_leaf(predecessor)? == read_leaf(successor)?)
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        vec![CERTIFICATE_CREDENTIAL.into(), SERVER_CREDENTIAL.into()]
    }
}

fn certificate_bytes(identity: &SigningIdentity) -> Result<&[u8], CredentialError> {
    match &identity.credential {
        Credential::Custom(custom) if *custom.credential_type == CERTIFICATE_CREDENTIAL => Ok(&custom.data),
        other => Err(CredentialError::WrongType(*other.credential_type())),
    }
}

/// The fields in the order of `docs/PROTOCOL.md` §4.2.
fn read_ids(bytes: &mut Reader<'_>) -> Result<Result<Leaf, CertificateError>, Truncated> {
    let (_version, purpose) = (bytes.u8()?, bytes.u8()?);
    let account = AccountId::from_bytes(bytes.array()?);
    let device = DeviceId::from_bytes(bytes.array()?);
    let identity = bytes.array()?;
    let purpose = Purpose::from_code(purpose).ok_or(CertificateError::UnknownPurpose(purpose));
    Ok(purpose.map(|purpose| Leaf { account, device, purpose, identity }))
}

/// No certificate expires at the epoch: it would have to be issued before it.
const BEFORE_ANY_EXPIRY: Time = Time::from_unix_seconds(0);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mls_rs::identity::basic::BasicCredential;
    use sotto_proto::ConversationId;

    use super::*;
    use crate::certificate::DeviceClaims;
    use crate::identity::{DeviceKey, IdentityKey};
    use crate::mls::context::extensions_for;
    use crate::mls::governance::{Governance, Kind, Policy, Role};
    use crate::mls::suite::Suite;
    use crate::primitives::SigningKey;
    use crate::secret::Secret;

    fn secret(byte: u8) -> Secret<32> {
        Secret::fill(|bytes| *bytes = [byte; 32])
    }

    fn identity() -> SigningIdentity {
        let (account, device) = (AccountId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let (issued, device_key) = (Time::from_unix_seconds(5), DeviceKey::from_seed(&secret(3)).public());
        let claims = DeviceClaims { account, device, device_key, purpose: Purpose::Device, issued, expires: None };
        let certificate = DeviceCertificate::issue(&IdentityKey::from_seed(&secret(4)), claims).unwrap();
        signing_identity(&certificate, &certificate.verify_on_first_use(issued).unwrap())
    }

    #[test]
    fn s4_only_the_server_in_the_agreement_sends_from_outside() {
        let key = |byte| SigningKey::from_seed(&secret(byte)).verifying_key();
        let governance = Governance {
            conversation: ConversationId::from_bytes([1; 16]),
            generation: 1,
            kind: Kind::Group,
            suite: Suite::default(),
            server_key: key(8),
            policy: Policy::default_for(Kind::Group),
            roles: BTreeMap::from([(AccountId::from_bytes([1; 16]), Role::Owner)]),
        };
        let extensions = extensions_for(&governance).unwrap();
        let judge =
            |sender: &SigningIdentity, extensions| Certificates.validate_external_sender(sender, None, extensions);
        assert_eq!(judge(&server_identity(&key(8)), Some(&extensions)), Ok(()));
        for other in [server_identity(&key(9)), identity()] {
            assert_eq!(judge(&other, Some(&extensions)), Err(CredentialError::UnknownExternalSender));
        }
        let no_agreement = Err(CredentialError::Context(ContextError::NoAgreement));
        assert_eq!(judge(&server_identity(&key(8)), None), no_agreement);
        assert_eq!(judge(&server_identity(&key(8)), Some(&ExtensionList::new())), no_agreement);
    }

    #[test]
    fn a_certificate_counts_as_its_own_type_of_credential_only() {
        let good = identity();
        assert!(verify_leaf(&good, None).is_ok() && read_leaf(&good).is_ok());
        let bytes = certificate_bytes(&good).unwrap().to_vec();
        let as_server = Credential::Custom(CustomCredential::new(SERVER_CREDENTIAL.into(), bytes.clone()));
        let as_basic = Credential::Basic(BasicCredential::new(bytes));
        for (credential, number) in [(as_server, SERVER_CREDENTIAL), (as_basic, 1)] {
            let other = SigningIdentity::new(credential, good.signature_key.clone());
            assert_eq!(verify_leaf(&other, None).unwrap_err(), CredentialError::WrongType(number));
            assert_eq!(read_leaf(&other).unwrap_err(), CredentialError::WrongType(number));
        }
    }
}
