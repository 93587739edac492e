//! The keys that come from the one secret of a server (`docs/adr/0019`).
//!
//! Every key of the server is derived from 32 bytes, so that the nodes of a cluster agree on all of them, and a backup needs one small
//! file besides the database.

use sotto_crypto::labels;
use sotto_crypto::login::server::LoginServer;
use sotto_crypto::primitives::{hkdf, hmac_sha256};
use sotto_crypto::secret::Secret;
use sotto_crypto::server_seal::ServerSeal;

use super::Failure;
use super::tokens::Tokens;
use crate::store::{Refusal, Store, StoreError};

/// The keys of the auth service.
pub(super) struct Secrets {
    pub(super) login: LoginServer,
    pub(super) seal: ServerSeal,
    pub(super) tokens: Tokens,
    repeatable: Secret<32>,
    fingerprint: [u8; 32],
}

impl Secrets {
    pub(super) fn derive(secret: &Secret<32>) -> Self {
        let derive = |label: &str| hkdf::<32>(&[], secret.expose_secret(), &[label.as_bytes()]);
        Self {
            login: LoginServer::derive(secret),
            seal: ServerSeal::derive(secret),
            tokens: Tokens::new(derive(labels::SERVER_TOKENS)),
            repeatable: derive(labels::SERVER_REPEATABLE),
            fingerprint: *derive(labels::SERVER_FINGERPRINT).expose_secret(),
        }
    }

    /// Bytes that nobody else can tell, and that are the same each time for the same label and content.
    pub(super) fn repeatable(&self, label: &str, content: &[&[u8]]) -> Secret<32> {
        hmac_sha256(self.repeatable.expose_secret(), &[&[label.as_bytes()], content].concat())
    }

    pub(super) async fn own(&self, store: &dyn Store) -> Result<bool, Failure> {
        match store.belong_to(&self.fingerprint).await {
            Ok(()) => Ok(true),
            Err(StoreError::Refused(Refusal::NotApplicable)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
