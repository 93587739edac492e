//! What the group library needs from cryptography, on the crate's own primitives.

use mls_rs::crypto::{HpkeCiphertext, HpkePsk, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey};
use mls_rs::error::IntoAnyError;
use mls_rs::{CipherSuite, CipherSuiteProvider, CryptoProvider};
use zeroize::Zeroizing;

use super::kem;
pub use super::kem::{Opener, Sealer};
pub use super::randomness::{NoRandomness, Randomness};
use super::suite::Suite;
use crate::primitives::{
    self, AEAD_KEY_LEN, AEAD_NONCE_LEN, AeadKey, HASH_LEN, PrimitiveError, Signature, SigningKey, VerifyingKey,
};
use crate::secret::Secret;

/// Why the provider refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// A public key or KEM output does not have the suite's form.
    #[error("not a public key of this cipher suite")]
    BadPublicKey,
    /// The X25519 part of a public key or KEM output is of low order (RFC 7748 §6.1).
    #[error("the public key is of low order")]
    LowOrderPublicKey,
    /// A private key does not have the suite's length.
    #[error("not a private key of this cipher suite")]
    BadSecretKey,
    /// A key, nonce or signature has the wrong length.
    #[error("a key, nonce or signature has the wrong length")]
    BadLength,
    /// HPKE refused: the ciphertext is for other keys or other context.
    #[error("the ciphertext cannot be opened")]
    Hpke,
    /// A primitive refused.
    #[error(transparent)]
    Primitive(#[from] PrimitiveError),
    /// The caller lent no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl IntoAnyError for ProviderError {
    fn into_dyn_error(self) -> Result<Box<dyn std::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

/// The provider for both suites.
#[derive(Clone, Debug, Default)]
pub struct MlsCrypto {
    randomness: Randomness,
}

impl MlsCrypto {
    /// A provider that draws from `randomness`, and only while something is lent to it.
    pub fn new(randomness: Randomness) -> Self {
        Self { randomness }
    }

    /// The provider for one suite.
    pub fn suite(&self, suite: Suite) -> SuiteCrypto {
        SuiteCrypto { suite, randomness: self.randomness.clone() }
    }
}

impl CryptoProvider for MlsCrypto {
    type CipherSuiteProvider = SuiteCrypto;

    fn supported_cipher_suites(&self) -> Vec<CipherSuite> {
        Suite::ALL.into_iter().map(CipherSuite::from).collect()
    }

    fn cipher_suite_provider(&self, cipher_suite: CipherSuite) -> Option<SuiteCrypto> {
        Suite::from_number(cipher_suite.into()).map(|suite| self.suite(suite))
    }
}

/// The provider for one suite.
#[derive(Clone, Debug)]
pub struct SuiteCrypto {
    suite: Suite,
    randomness: Randomness,
}

impl SuiteCrypto {
    fn seal(
        &self,
        recipient: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        plaintext: &[u8],
        psk: Option<&HpkePsk<'_>>,
    ) -> Result<HpkeCiphertext, ProviderError> {
        let (kem_output, mut sealer) =
            self.randomness.with(|rng| kem::setup_sealer(self.suite, recipient, info, psk, rng))??;
        let ciphertext = sealer.seal_once(aad.unwrap_or_default(), plaintext)?;
        Ok(HpkeCiphertext { kem_output, ciphertext })
    }

    fn open(
        &self,
        sealed: &HpkeCiphertext,
        secret: &HpkeSecretKey,
        info: &[u8],
        aad: Option<&[u8]>,
        psk: Option<&HpkePsk<'_>>,
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        kem::setup_opener(self.suite, secret, &sealed.kem_output, info, psk)?
            .open_once(aad.unwrap_or_default(), &sealed.ciphertext)
    }
}

impl CipherSuiteProvider for SuiteCrypto {
    type Error = ProviderError;
    type HpkeContextS = Sealer;
    type HpkeContextR = Opener;

    fn cipher_suite(&self) -> CipherSuite {
        self.suite.into()
    }

    fn hash(&self, data: &[u8]) -> Result<Vec<u8>, ProviderError> {
        Ok(primitives::sha256(&[data]).to_vec())
    }

    fn mac(&self, key: &[u8], data: &[u8]) -> Result<Vec<u8>, ProviderError> {
        Ok(primitives::hmac_sha256(key, &[data]).expose_secret().to_vec())
    }

    fn aead_seal(&self, key: &[u8], data: &[u8], aad: Option<&[u8]>, nonce: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let (key, nonce) = (aead_key(key)?, nonce.try_into().map_err(|_| ProviderError::BadLength)?);
        Ok(key.seal_with_nonce(nonce, aad.unwrap_or_default(), data)?)
    }

    fn aead_open(
        &self,
        key: &[u8],
        ciphertext: &[u8],
        aad: Option<&[u8]>,
        nonce: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let (key, nonce) = (aead_key(key)?, nonce.try_into().map_err(|_| ProviderError::BadLength)?);
        let plaintext = key.open_with_nonce(nonce, aad.unwrap_or_default(), ciphertext)?;
        Ok(Zeroizing::new(plaintext.expose_secret().to_vec()))
    }

    fn aead_key_size(&self) -> usize {
        AEAD_KEY_LEN
    }

    fn aead_nonce_size(&self) -> usize {
        AEAD_NONCE_LEN
    }

    fn kdf_extract(&self, salt: &[u8], ikm: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        Ok(Zeroizing::new(primitives::hkdf_extract(salt, ikm).expose_secret().to_vec()))
    }

    fn kdf_expand(&self, prk: &[u8], info: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let mut output = Zeroizing::new(vec![0; len]);
        primitives::hkdf_expand(prk, &[info], &mut output)?;
        Ok(output)
    }

    fn kdf_extract_size(&self) -> usize {
        HASH_LEN
    }

    fn hpke_seal(
        &self,
        remote_key: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        pt: &[u8],
    ) -> Result<HpkeCiphertext, ProviderError> {
        self.seal(remote_key, info, aad, pt, None)
    }

    fn hpke_seal_psk(
        &self,
        remote_key: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        pt: &[u8],
        psk: HpkePsk<'_>,
    ) -> Result<HpkeCiphertext, ProviderError> {
        self.seal(remote_key, info, aad, pt, Some(&psk))
    }

    fn hpke_open(
        &self,
        ciphertext: &HpkeCiphertext,
        local_secret: &HpkeSecretKey,
        _local_public: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        self.open(ciphertext, local_secret, info, aad, None)
    }

    fn hpke_open_psk(
        &self,
        ciphertext: &HpkeCiphertext,
        local_secret: &HpkeSecretKey,
        _local_public: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        psk: HpkePsk<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        self.open(ciphertext, local_secret, info, aad, Some(&psk))
    }

    fn hpke_setup_s(&self, remote_key: &HpkePublicKey, info: &[u8]) -> Result<(Vec<u8>, Sealer), ProviderError> {
        self.randomness.with(|rng| kem::setup_sealer(self.suite, remote_key, info, None, rng))?
    }

    fn hpke_setup_r(
        &self,
        kem_output: &[u8],
        local_secret: &HpkeSecretKey,
        _local_public: &HpkePublicKey,
        info: &[u8],
    ) -> Result<Opener, ProviderError> {
        kem::setup_opener(self.suite, local_secret, kem_output, info, None)
    }

    fn kem_derive(&self, ikm: &[u8]) -> Result<(HpkeSecretKey, HpkePublicKey), ProviderError> {
        Ok(kem::derive_key_pair(self.suite, ikm))
    }

    fn kem_generate(&self) -> Result<(HpkeSecretKey, HpkePublicKey), ProviderError> {
        let mut input = Zeroizing::new([0; 32]);
        self.randomness.fill(input.as_mut())?;
        self.kem_derive(input.as_ref())
    }

    fn kem_public_key_validate(&self, key: &HpkePublicKey) -> Result<(), ProviderError> {
        kem::check_public_key(self.suite, key)
    }

    fn random_bytes(&self, out: &mut [u8]) -> Result<(), ProviderError> {
        Ok(self.randomness.fill(out)?)
    }

    fn signature_key_generate(&self) -> Result<(SignatureSecretKey, SignaturePublicKey), ProviderError> {
        let mut seed = Zeroizing::new([0; 32]);
        self.randomness.fill(seed.as_mut())?;
        let secret = SignatureSecretKey::new_slice(seed.as_ref());
        let public = self.signature_key_derive_public(&secret)?;
        Ok((secret, public))
    }

    fn signature_key_derive_public(
        &self,
        secret_key: &SignatureSecretKey,
    ) -> Result<SignaturePublicKey, ProviderError> {
        Ok(SignaturePublicKey::new_slice(signing_key(secret_key)?.verifying_key().as_bytes()))
    }

    fn sign(&self, secret_key: &SignatureSecretKey, data: &[u8]) -> Result<Vec<u8>, ProviderError> {
        Ok(signing_key(secret_key)?.sign_as_it_is(data).to_bytes().to_vec())
    }

    fn verify(&self, public_key: &SignaturePublicKey, signature: &[u8], data: &[u8]) -> Result<(), ProviderError> {
        let key = public_key.as_bytes().try_into().map_err(|_| ProviderError::BadLength)?;
        let signature = signature.try_into().map_err(|_| ProviderError::BadLength)?;
        Ok(VerifyingKey::from_bytes(key)?.verify_as_it_is(data, &Signature::from_bytes(signature))?)
    }
}

fn aead_key(bytes: &[u8]) -> Result<AeadKey, ProviderError> {
    Secret::copy_from(bytes).map(AeadKey::from_secret).ok_or(ProviderError::BadLength)
}

/// Signature keys are kept as the 32-byte private key of RFC 8032.
fn signing_key(secret: &SignatureSecretKey) -> Result<SigningKey, ProviderError> {
    Secret::copy_from(secret.as_bytes()).map(|seed| SigningKey::from_seed(&seed)).ok_or(ProviderError::BadSecretKey)
}
