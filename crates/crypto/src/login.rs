//! Login by password with OPAQUE (RFC 9807): the password never leaves the client, and the server stores nothing that can be
//! attacked offline without its own key.
//!
//! Configuration (RFC 9807 §7): OPRF `ristretto255-SHA512`, HKDF-SHA-512, HMAC-SHA-512, SHA-512, Argon2id, 3DH over
//! ristretto255, context [`labels::LOGIN`], client identity = account id, server identity = the server's public key.
//! This file is the client's half and what both halves share; the server's half is [`server`], a cargo feature.

mod cost;
mod rng;
#[cfg(feature = "server")]
pub mod server;

use opaque_ke::errors::ProtocolError;
use opaque_ke::key_exchange::tripledh::TripleDh;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, Identifiers, RegistrationResponse, Ristretto255,
};
use rand_core::CryptoRng;
use sotto_proto::AccountId;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

pub use cost::{CostError, StretchCost};

use crate::labels;
use crate::secret::{Secret, secret_newtype};
use cost::Argon2id;
use rng::Adapter;

/// Longest password, in bytes of UTF-8.
pub const MAX_PASSWORD_LEN: usize = 1024;

/// Length of the client's first message of a registration (RFC 9807 §5.1).
pub const REGISTRATION_REQUEST_LEN: usize = 32;
/// Length of the server's reply to it.
pub const REGISTRATION_REPLY_LEN: usize = 64;
/// Length of the record that the client uploads at the end, and that the server stores.
pub const RECORD_LEN: usize = 192;
/// Length of the client's first message of a login, KE1 (RFC 9807 §6.1).
pub const KE1_LEN: usize = 96;
/// Length of the server's reply, KE2.
pub const KE2_LEN: usize = 320;
/// Length of the client's last message, KE3.
pub const KE3_LEN: usize = 64;

/// The OPAQUE configuration.
#[derive(Debug)]
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_for_opaque::Sha512>;
    type Ksf = Argon2id;
}

secret_newtype! {
    /// What only the right password yields, and the server never learns: it seals the vault's root (RFC 9807 §6.1).
    ExportKey, 64
}

secret_newtype! {
    /// What client and server share after a login (RFC 9807 §6.1).
    SessionKey, 64
}

/// Why a login or a registration failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Longer than [`MAX_PASSWORD_LEN`], or empty.
    #[error("a password is 1 to {MAX_PASSWORD_LEN} bytes long")]
    PasswordLength,
    /// The other side's message is not one of the protocol.
    #[error("the login message is malformed")]
    Malformed,
    /// The password is wrong, or the other side does not have the account's record. The two look alike by design.
    #[error("the password is wrong")]
    WrongPassword,
    /// The other side sent our own value back.
    #[error("the login message was reflected")]
    Reflected,
    /// Argon2id could not have its memory, or the library failed.
    #[error("the login computation failed")]
    Computation,
}

impl From<ProtocolError> for LoginError {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::InvalidLoginError => Self::WrongPassword,
            ProtocolError::SerializationError | ProtocolError::SizeError { .. } => Self::Malformed,
            ProtocolError::ReflectedValueError => Self::Reflected,
            ProtocolError::LibraryError(_) => Self::Computation,
            ProtocolError::Custom(never) => match never {},
        }
    }
}

/// A password in Unicode's NFC, so that the same characters from another keyboard are the same password (RFC 8265 §4.2).
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes what a person typed. Wiping the source is the caller's duty.
    pub fn new(typed: &str) -> Result<Self, LoginError> {
        if typed.is_empty() || typed.len() > MAX_PASSWORD_LEN {
            return Err(LoginError::PasswordLength);
        }
        // NFC triples a text's length at most (UAX #15 §9), so the allocation never moves.
        let mut bytes = Zeroizing::new(Vec::with_capacity(3 * typed.len()));
        for character in typed.nfc() {
            let mut utf8 = [0; 4];
            bytes.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
            utf8.zeroize();
        }
        Ok(Self(bytes))
    }

    /// What the password becomes by Argon2id, with no server that takes part.
    pub(crate) fn stretch(&self, cost: StretchCost, salt: &[u8; 16]) -> Result<Secret<32>, LoginError> {
        let mut outcome = Ok(());
        let stretched = Secret::fill(|output| outcome = Argon2id::new(cost).stretch(&self.0, salt, output));
        outcome.map(|()| stretched).map_err(|_| LoginError::Computation)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// A registration, or a change of password, that awaits the server's reply.
pub struct Registration {
    state: ClientRegistration<Suite>,
    password: Password,
}

/// A registration as the client completed it.
pub struct Registered {
    /// Goes to the server, which keeps it as the account's record.
    pub upload: Vec<u8>,
    /// Seals the vault's root.
    pub export_key: ExportKey,
}

impl Registration {
    /// Begins; the bytes go to the server.
    pub fn start(password: Password, rng: &mut impl CryptoRng) -> Result<(Self, Vec<u8>), LoginError> {
        let started = ClientRegistration::start(&mut Adapter(rng), &password.0)?;
        Ok((Self { state: started.state, password }, started.message.serialize().to_vec()))
    }

    /// Completes with the server's reply.
    pub fn finish(
        self,
        reply: &[u8],
        account: AccountId,
        cost: StretchCost,
        rng: &mut impl CryptoRng,
    ) -> Result<Registered, LoginError> {
        let reply = RegistrationResponse::deserialize(exactly::<REGISTRATION_REPLY_LEN>(reply)?)?;
        let stretch = Argon2id::new(cost);
        let parameters = ClientRegistrationFinishParameters::new(identifiers(&account), Some(&stretch));
        let mut done = self.state.finish(&mut Adapter(rng), &self.password.0, reply, parameters)?;
        let export_key = ExportKey::from_secret(take(&mut done.export_key));
        Ok(Registered { upload: done.message.serialize().to_vec(), export_key })
    }
}

/// A login that awaits the server's reply.
pub struct Login {
    state: ClientLogin<Suite>,
    password: Password,
}

/// A login in which the server proved that it holds the account's record, and the client that it has the password.
pub struct LoggedIn {
    /// Goes to the server, which then knows too.
    pub finalization: Vec<u8>,
    /// Shared with the server.
    pub session_key: SessionKey,
    /// Opens the vault.
    pub export_key: ExportKey,
}

impl Login {
    /// Begins; the bytes go to the server.
    pub fn start(password: Password, rng: &mut impl CryptoRng) -> Result<(Self, Vec<u8>), LoginError> {
        let started = ClientLogin::start(&mut Adapter(rng), &password.0)?;
        Ok((Self { state: started.state, password }, started.message.serialize().to_vec()))
    }

    /// Completes with the server's reply, and the account and cost that came with it. Another account's record fails like a
    /// wrong password, since the account id is part of what is authenticated.
    pub fn finish(
        self,
        reply: &[u8],
        account: AccountId,
        cost: StretchCost,
        rng: &mut impl CryptoRng,
    ) -> Result<LoggedIn, LoginError> {
        let reply = CredentialResponse::deserialize(exactly::<KE2_LEN>(reply)?)?;
        let stretch = Argon2id::new(cost);
        let parameters =
            ClientLoginFinishParameters::new(Some(labels::LOGIN.as_bytes()), identifiers(&account), Some(&stretch));
        let mut done = self.state.finish(&mut Adapter(rng), &self.password.0, reply, parameters)?;
        Ok(LoggedIn {
            finalization: done.message.serialize().to_vec(),
            session_key: SessionKey::from_secret(take(&mut done.session_key)),
            export_key: ExportKey::from_secret(take(&mut done.export_key)),
        })
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration([redacted])")
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login([redacted])")
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { upload: _, export_key: _ } = self;
        f.write_str("Registered([redacted])")
    }
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { finalization: _, session_key: _, export_key: _ } = self;
        f.write_str("LoggedIn([redacted])")
    }
}

fn identifiers(account: &AccountId) -> Identifiers<'_> {
    Identifiers { client: Some(account.as_bytes()), server: None }
}

/// The library does not look at what follows a message; nothing may.
fn exactly<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], LoginError> {
    bytes.try_into().map_err(|_| LoginError::Malformed)
}

/// Moves a key out of where the library left it, and wipes that place.
fn take(key: &mut [u8]) -> Secret<64> {
    let secret = Secret::copy_from(key).expect("the suite's keys are SHA-512 outputs");
    key.zeroize();
    secret
}
