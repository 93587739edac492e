//! A provider that spoils one of the ciphertexts of a commit's path, and is honest otherwise: signature, confirmation tag and
//! everything that a server can check are good.

use std::sync::{Arc, Mutex};

use mls_rs::crypto::{HpkeCiphertext, HpkePsk, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey};
use mls_rs::{CipherSuite, CipherSuiteProvider, CryptoProvider};
use sotto_crypto::mls::provider::{MlsCrypto, Opener, ProviderError, Randomness, Sealer, SuiteCrypto};
use zeroize::Zeroizing;

/// What is done to a ciphertext.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    /// It does not open.
    Ciphertext,
    /// It opens, to another secret than the path's.
    Secret,
}

/// Which of the path's ciphertexts, counted from 0, is spoiled.
#[derive(Clone, Default)]
pub(crate) struct Plan(Arc<Mutex<Option<(usize, Spoil)>>>);

impl Plan {
    pub(crate) fn spoil(&self, number: usize, how: Spoil) {
        *self.0.lock().unwrap() = Some((number, how));
    }

    fn next(&self) -> Option<Spoil> {
        let mut plan = self.0.lock().unwrap();
        match plan.take()? {
            (0, how) => Some(how),
            (number, how) => {
                *plan = Some((number - 1, how));
                None
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Saboteur {
    honest: MlsCrypto,
    plan: Plan,
}

impl Saboteur {
    pub(crate) fn new(randomness: Randomness, plan: Plan) -> Self {
        Self { honest: MlsCrypto::new(randomness), plan }
    }
}

impl CryptoProvider for Saboteur {
    type CipherSuiteProvider = SaboteurSuite;

    fn supported_cipher_suites(&self) -> Vec<CipherSuite> {
        self.honest.supported_cipher_suites()
    }

    fn cipher_suite_provider(&self, cipher_suite: CipherSuite) -> Option<SaboteurSuite> {
        let honest = self.honest.cipher_suite_provider(cipher_suite)?;
        Some(SaboteurSuite { honest, plan: self.plan.clone() })
    }
}

#[derive(Clone)]
pub(crate) struct SaboteurSuite {
    honest: SuiteCrypto,
    plan: Plan,
}

macro_rules! honestly {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $result {
            self.honest.$name($($argument),*)
        })*
    };
}

type Done<T> = Result<T, ProviderError>;
type KeyPair = (HpkeSecretKey, HpkePublicKey);

impl CipherSuiteProvider for SaboteurSuite {
    type Error = ProviderError;
    type HpkeContextS = Sealer;
    type HpkeContextR = Opener;

    fn hpke_seal(&self, to: &HpkePublicKey, info: &[u8], aad: Option<&[u8]>, secret: &[u8]) -> Done<HpkeCiphertext> {
        let in_path = info[1..].starts_with(b"MLS 1.0 UpdatePathNode");
        match in_path.then(|| self.plan.next()).flatten() {
            None => self.honest.hpke_seal(to, info, aad, secret),
            Some(Spoil::Ciphertext) => {
                let mut sealed = self.honest.hpke_seal(to, info, aad, secret)?;
                sealed.ciphertext[0] ^= 1;
                Ok(sealed)
            }
            Some(Spoil::Secret) => {
                let mut other = secret.to_vec();
                *other.last_mut().unwrap() ^= 1;
                self.honest.hpke_seal(to, info, aad, &other)
            }
        }
    }

    honestly! {
        fn cipher_suite() -> CipherSuite;
        fn hash(data: &[u8]) -> Done<Vec<u8>>;
        fn mac(key: &[u8], data: &[u8]) -> Done<Vec<u8>>;
        fn aead_seal(key: &[u8], data: &[u8], aad: Option<&[u8]>, nonce: &[u8]) -> Done<Vec<u8>>;
        fn aead_open(key: &[u8], sealed: &[u8], aad: Option<&[u8]>, nonce: &[u8]) -> Done<Zeroizing<Vec<u8>>>;
        fn aead_key_size() -> usize;
        fn aead_nonce_size() -> usize;
        fn kdf_extract(salt: &[u8], input: &[u8]) -> Done<Zeroizing<Vec<u8>>>;
        fn kdf_expand(key: &[u8], info: &[u8], len: usize) -> Done<Zeroizing<Vec<u8>>>;
        fn kdf_extract_size() -> usize;
        fn hpke_seal_psk(
            to: &HpkePublicKey, info: &[u8], aad: Option<&[u8]>, secret: &[u8], psk: HpkePsk<'_>
        ) -> Done<HpkeCiphertext>;
        fn hpke_open(
            sealed: &HpkeCiphertext, secret: &HpkeSecretKey, public: &HpkePublicKey, info: &[u8], aad: Option<&[u8]>
        ) -> Done<Zeroizing<Vec<u8>>>;
        fn hpke_open_psk(
            sealed: &HpkeCiphertext, secret: &HpkeSecretKey, public: &HpkePublicKey, info: &[u8], aad: Option<&[u8]>,
            psk: HpkePsk<'_>
        ) -> Done<Zeroizing<Vec<u8>>>;
        fn hpke_setup_s(to: &HpkePublicKey, info: &[u8]) -> Done<(Vec<u8>, Sealer)>;
        fn hpke_setup_r(output: &[u8], secret: &HpkeSecretKey, public: &HpkePublicKey, info: &[u8]) -> Done<Opener>;
        fn kem_derive(input: &[u8]) -> Done<KeyPair>;
        fn kem_generate() -> Done<KeyPair>;
        fn kem_public_key_validate(key: &HpkePublicKey) -> Done<()>;
        fn random_bytes(out: &mut [u8]) -> Done<()>;
        fn signature_key_generate() -> Done<(SignatureSecretKey, SignaturePublicKey)>;
        fn signature_key_derive_public(key: &SignatureSecretKey) -> Done<SignaturePublicKey>;
        fn sign(key: &SignatureSecretKey, data: &[u8]) -> Done<Vec<u8>>;
        fn verify(key: &SignaturePublicKey, signature: &[u8], data: &[u8]) -> Done<()>;
    }
}
