//! The server's half of the login.
//!
//! ```
//! use sotto_crypto::login::server::{LoginServer, PasswordRecord};
//! use sotto_crypto::login::{Login, Password, Registration, StretchCost};
//! use sotto_proto::AccountId;
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(1);
//!
//! let (server, account, cost) = (LoginServer::generate(&mut rng), AccountId::from_bytes([1; 16]), StretchCost::MINIMUM);
//!
//! let (registration, request) = Registration::start(Password::new("correct horse")?, &mut rng)?;
//! let reply = server.start_registration(account, &request)?;
//! let registered = registration.finish(&reply, account, cost, &mut rng)?;
//! let record = PasswordRecord::from_upload(&registered.upload)?;
//!
//! let (login, ke1) = Login::start(Password::new("correct horse")?, &mut rng)?;
//! let (attempt, ke2) = server.start_login(account, Some(record), &ke1, &mut rng)?;
//! let logged_in = login.finish(&ke2, account, cost, &mut rng)?;
//! let (who, session_key) = attempt.finish(&logged_in.finalization)?;
//!
//! assert_eq!((who, session_key), (account, logged_in.session_key));
//! assert_eq!(logged_in.export_key, registered.export_key);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand_core::CryptoRng;
use sotto_proto::AccountId;
use zeroize::Zeroizing;

use super::rng::Adapter;
use super::{
    KE1_LEN, KE3_LEN, LoginError, RECORD_LEN, REGISTRATION_REQUEST_LEN, SessionKey, Suite, exactly, identifiers, take,
};
use crate::labels;
use crate::primitives::{hkdf, hmac_sha256};
use crate::secret::{Secret, SecretVec};

const FORMAT: u8 = 1;
const DECOY_KEY_LEN: usize = 32;
const OPRF_SEED_LEN: usize = 64;
const SCALAR_LEN: usize = 32;
/// OPRF seed, private key, and the dummy public key for names that do not exist.
const SETUP_LEN: usize = OPRF_SEED_LEN + 2 * SCALAR_LEN;
/// The session key, and the MAC that the client's last message must carry.
const ATTEMPT_LEN: usize = 128;

/// The server's long-lived login keys. Whoever has them and the records can attack passwords offline, so they are kept apart
/// from the database; without them no record is of use, and no one can log in.
pub struct LoginServer {
    setup: ServerSetup<Suite>,
    decoy_key: Secret<DECOY_KEY_LEN>,
}

impl LoginServer {
    /// Draws the keys of a new server.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self { setup: ServerSetup::new(&mut Adapter(rng)), decoy_key: Secret::generate(rng) }
    }

    /// The keys that belong to a server's one secret: always the same, with whatever version of the library.
    ///
    /// Private keys are 252 uniform bits. That is below the order of the group, and within 2^-126 of uniform below it.
    pub fn derive(secret: &Secret<32>) -> Self {
        let derived = hkdf::<DERIVED_LEN>(&[], secret.expose_secret(), &[labels::SERVER_LOGIN.as_bytes()]);
        let (decoy_key, derived) = derived.expose_secret().split_at(DECOY_KEY_LEN);
        let (seed, scalars) = derived.split_at(OPRF_SEED_LEN);
        let (private_key, dummy) = scalars.split_at(SCALAR_LEN);
        // The library takes the dummy as a public key, and gives that of a private key only as part of a setup.
        let dummy = setup(seed, dummy, &GENERATOR).keypair().public().serialize();
        let decoy_key = Secret::fill(|bytes| bytes.copy_from_slice(decoy_key));
        Self { setup: setup(seed, private_key, &dummy), decoy_key }
    }

    /// The keys as bytes, to be stored apart from the database.
    pub fn expose_secret(&self) -> SecretVec {
        let setup = Zeroizing::new(self.setup.serialize().to_vec());
        SecretVec::new([&[FORMAT], self.decoy_key.expose_secret().as_slice(), &setup].concat())
    }

    /// Restores what [`expose_secret`](Self::expose_secret) gave.
    pub fn decode(bytes: &[u8]) -> Result<Self, LoginError> {
        let (format, rest) = bytes.split_first().ok_or(LoginError::Malformed)?;
        let (decoy_key, setup) = rest.split_at_checked(DECOY_KEY_LEN).ok_or(LoginError::Malformed)?;
        if *format != FORMAT {
            return Err(LoginError::Malformed);
        }
        let decoy_key = Secret::copy_from(decoy_key).ok_or(LoginError::Malformed)?;
        Ok(Self { setup: ServerSetup::deserialize(exactly::<SETUP_LEN>(setup)?)?, decoy_key })
    }

    /// The server's public key, which clients may pin.
    pub fn public_key(&self) -> Vec<u8> {
        self.setup.keypair().public().serialize().to_vec()
    }

    /// The account id to show for a login name that does not exist: always the same for the same name, and not
    /// distinguishable from a real one.
    pub fn decoy_account(&self, login_name: &str) -> AccountId {
        let mac = hmac_sha256(self.decoy_key.expose_secret(), &[labels::LOGIN_DECOY.as_bytes(), login_name.as_bytes()]);
        let (id, _) = mac.expose_secret().split_first_chunk().expect("an HMAC is longer than an id");
        AccountId::from_bytes(*id)
    }

    /// Replies to the client's first message of a registration.
    pub fn start_registration(&self, account: AccountId, request: &[u8]) -> Result<Vec<u8>, LoginError> {
        let request = RegistrationRequest::deserialize(exactly::<REGISTRATION_REQUEST_LEN>(request)?)?;
        let reply = ServerRegistration::start(&self.setup, request, account.as_bytes())?;
        Ok(reply.message.serialize().to_vec())
    }

    /// Replies to the client's first message of a login. Without a record, because the name does not exist, the reply looks
    /// and takes as long as any other, and the login fails at the end.
    pub fn start_login(
        &self,
        account: AccountId,
        record: Option<PasswordRecord>,
        request: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(LoginAttempt, Vec<u8>), LoginError> {
        let request = CredentialRequest::deserialize(exactly::<KE1_LEN>(request)?)?;
        let started = ServerLogin::start(
            &mut Adapter(rng),
            &self.setup,
            record.map(|record| record.0),
            request,
            account.as_bytes(),
            parameters(&account),
        )?;
        Ok((LoginAttempt { state: started.state, account }, started.message.serialize().to_vec()))
    }
}

fn setup(seed: &[u8], private_key: &[u8], dummy_public_key: &[u8]) -> ServerSetup<Suite> {
    let mut bytes = Zeroizing::new([seed, private_key, dummy_public_key].concat());
    bytes[OPRF_SEED_LEN + SCALAR_LEN - 1] &= 0x0f;
    ServerSetup::deserialize(&bytes).expect("a scalar below the order that is not zero, and an element")
}

const DERIVED_LEN: usize = DECOY_KEY_LEN + OPRF_SEED_LEN + 2 * SCALAR_LEN;

/// Generator of ristretto255 (RFC 9496 §4.3).
const GENERATOR: [u8; SCALAR_LEN] = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b,
    0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];

/// What the server stores of a password.
pub struct PasswordRecord(ServerRegistration<Suite>);

impl PasswordRecord {
    /// Accepts the client's last message of a registration.
    pub fn from_upload(upload: &[u8]) -> Result<Self, LoginError> {
        Ok(Self(ServerRegistration::finish(RegistrationUpload::deserialize(exactly::<RECORD_LEN>(upload)?)?)))
    }

    /// Restores a stored record.
    pub fn decode(bytes: &[u8]) -> Result<Self, LoginError> {
        Ok(Self(ServerRegistration::deserialize(exactly::<RECORD_LEN>(bytes)?)?))
    }

    /// The record as bytes, to be stored.
    pub fn encode(&self) -> Vec<u8> {
        self.0.serialize().to_vec()
    }
}

/// A login that awaits the client's last message.
pub struct LoginAttempt {
    state: ServerLogin<Suite>,
    account: AccountId,
}

impl LoginAttempt {
    /// Completes the login. Each attempt is used once, since completing consumes it.
    pub fn finish(self, finalization: &[u8]) -> Result<(AccountId, SessionKey), LoginError> {
        let message = CredentialFinalization::deserialize(exactly::<KE3_LEN>(finalization)?)?;
        let mut done = self.state.finish(message, parameters(&self.account))?;
        Ok((self.account, SessionKey::from_secret(take(&mut done.session_key))))
    }

    /// The attempt as secret bytes, for a server of several processes. They must be used up at most once.
    pub fn expose_secret(&self) -> SecretVec {
        let state = Zeroizing::new(self.state.serialize().to_vec());
        SecretVec::new([self.account.as_bytes().as_slice(), &state].concat())
    }

    /// Restores what [`expose_secret`](Self::expose_secret) gave.
    pub fn decode(bytes: &[u8]) -> Result<Self, LoginError> {
        let (account, state) = bytes.split_first_chunk().ok_or(LoginError::Malformed)?;
        Ok(Self {
            state: ServerLogin::deserialize(exactly::<ATTEMPT_LEN>(state)?)?,
            account: AccountId::from_bytes(*account),
        })
    }
}

macro_rules! redact {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}
redact!(LoginServer, PasswordRecord, LoginAttempt);

fn parameters(account: &AccountId) -> ServerLoginParameters<'static, '_> {
    ServerLoginParameters { context: Some(labels::LOGIN.as_bytes()), identifiers: identifiers(account) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::sha256;

    #[test]
    fn derived_keys_never_change() {
        let server = LoginServer::derive(&Secret::fill(|bytes| *bytes = [7; 32]));
        assert_eq!(
            server.expose_secret(),
            LoginServer::derive(&Secret::fill(|bytes| *bytes = [7; 32])).expose_secret()
        );
        assert_eq!(
            LoginServer::decode(server.expose_secret().expose_secret()).unwrap().public_key(),
            server.public_key()
        );
        let digest = data_encoding::HEXLOWER.encode(&sha256(&[server.expose_secret().expose_secret()]));
        assert_eq!(digest, "ca91a3e76db3a8378ad09cde396a6d44015b14a554df1077964cfde05ac61694");
        let other = LoginServer::derive(&Secret::fill(|bytes| *bytes = [8; 32]));
        assert_ne!(server.public_key(), other.public_key());
    }
}
