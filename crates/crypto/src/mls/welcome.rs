//! Welcomes, one for each device (RFC 9420 §12.4.3.1).
//!
//! The group library welcomes all devices that a commit adds in one message. The server delivers to each device what is for it
//! and no more, so a Welcome is split before it is sent; both ends find the device by the reference of its key package.

use mls_rs::MlsMessage;
use mls_rs::group::proposal::Proposal;
use mls_rs::mls_rs_codec::{MlsDecode, MlsEncode, VarInt};
use mls_rs_core::crypto::CryptoProvider;

use super::credential::read_leaf;
use super::handshake::{HandshakeError, parse};
use super::provider::MlsCrypto;
use super::standing::Leaf;
use crate::codec::{Reader, Truncated};

/// Length of a key-package reference: that of the suites' hash.
pub const REFERENCE_LEN: usize = 32;

/// The name of a key package (RFC 9420 §5.2).
pub type KeyPackageReference = [u8; REFERENCE_LEN];

/// The key package that a Welcome is for, if it is for exactly one.
pub fn reference_of(welcome: &[u8]) -> Result<KeyPackageReference, HandshakeError> {
    let message = MlsMessage::from_bytes(welcome).map_err(HandshakeError::Malformed)?;
    match &message.welcome_key_package_references()[..] {
        [reference] => reference[..].try_into().map_err(|_| HandshakeError::NotAWelcome),
        _ => Err(HandshakeError::NotAWelcome),
    }
}

/// The devices that a commit adds, each with the key package that it is added by.
pub fn additions(commit: &[u8]) -> Result<Vec<(Leaf, KeyPackageReference)>, HandshakeError> {
    let message = parse(commit)?;
    let mut additions = Vec::new();
    for proposal in message.proposals_by_value() {
        let Proposal::Add(add) = proposal else { continue };
        let key_package = add.key_package();
        let suite = key_package.cipher_suite();
        let provider = MlsCrypto::default().cipher_suite_provider(suite).ok_or(HandshakeError::UnknownSuite)?;
        let reference = key_package.to_reference(&provider)?;
        let reference = reference[..].try_into().map_err(|_| HandshakeError::UnknownSuite)?;
        additions.push((read_leaf(add.signing_identity())?, reference));
    }
    Ok(additions)
}

/// A Welcome for each key package that `welcome` is for, in its order.
pub fn split(welcome: &[u8]) -> Result<Vec<Vec<u8>>, HandshakeError> {
    let parts = Parts::read(welcome).map_err(|Truncated| HandshakeError::NotAWelcome)?;
    Ok(parts.secrets.iter().map(|secrets| parts.with(secrets)).collect())
}

/// `MLSMessage` with a Welcome: what comes before the encrypted group secrets, each of these, and what comes after.
struct Parts<'a> {
    head: &'a [u8],
    secrets: Vec<&'a [u8]>,
    group_info: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Version, wire format and cipher suite have two bytes each.
    const HEAD: usize = 6;
    /// Reference, KEM output and ciphertext.
    const FIELDS_OF_SECRETS: usize = 3;

    fn read(welcome: &'a [u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(welcome);
        let head = reader.slice(Self::HEAD)?;
        if head[2..4] != [0, 3] {
            return Err(Truncated);
        }
        let mut list = vector(&mut reader)?;
        let mut secrets = Vec::new();
        while !list.is_empty() {
            let mut rest = Reader::new(list);
            for _ in 0..Self::FIELDS_OF_SECRETS {
                vector(&mut rest)?;
            }
            let (one, others) = list.split_at(list.len() - rest.rest().len());
            secrets.push(one);
            list = others;
        }
        Ok(Self { head, secrets, group_info: reader.rest() })
    }

    fn with(&self, secrets: &[u8]) -> Vec<u8> {
        let length = u32::try_from(secrets.len()).ok().and_then(|length| VarInt::try_from(length).ok());
        let length =
            length.and_then(|length| length.mls_encode_to_vec().ok()).expect("a part is no longer than the whole");
        [self.head, &length, secrets, self.group_info].concat()
    }
}

/// A vector of variable size (RFC 9420 §2.1.2).
fn vector<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Truncated> {
    let mut rest = std::mem::replace(reader, Reader::new(&[])).rest();
    let length = VarInt::mls_decode(&mut rest).map_err(|_| Truncated)?;
    *reader = Reader::new(rest);
    reader.slice(usize::try_from(u32::from(length)).map_err(|_| Truncated)?)
}
