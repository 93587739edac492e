//! OpenMLS on Sotto's provider: the only way to one X-Wing for both, as the drafts that libraries implement differ.

use mls_rs::CipherSuiteProvider;
use mls_rs::crypto::{
    HpkeCiphertext as MlsCiphertext, HpkeContextR, HpkeContextS, HpkePublicKey, SignaturePublicKey, SignatureSecretKey,
};
use openmls_rust_crypto::MemoryStorage;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKemType, HpkeKeyPair,
    KemOutput, SignatureScheme,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::provider::{MlsCrypto, Randomness, SuiteCrypto};
use std::sync::Mutex;
use tls_codec::SecretVLBytes;

/// Provider and storage for OpenMLS.
pub(crate) struct Shared {
    crypto: SharedCrypto,
    storage: MemoryStorage,
}

impl Default for Shared {
    fn default() -> Self {
        let mut seed = [0; 8];
        std::hash::Hasher::finish(&std::hash::BuildHasher::build_hasher(&std::hash::RandomState::new()))
            .to_be_bytes()
            .clone_into(&mut seed);
        let rng = Mutex::new(StdRng::seed_from_u64(u64::from_be_bytes(seed)));
        Self { crypto: SharedCrypto { randomness: Randomness::default(), rng }, storage: MemoryStorage::default() }
    }
}

impl OpenMlsProvider for Shared {
    type CryptoProvider = SharedCrypto;
    type RandProvider = SharedCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &SharedCrypto {
        &self.crypto
    }

    fn rand(&self) -> &SharedCrypto {
        &self.crypto
    }
}

pub(crate) struct SharedCrypto {
    randomness: Randomness,
    rng: Mutex<StdRng>,
}

impl SharedCrypto {
    fn suite(&self, config: &HpkeConfig) -> SuiteCrypto {
        let suite = match config.0 {
            HpkeKemType::DhKem25519 => Suite::Classical,
            HpkeKemType::XWingKemDraft6 => Suite::PostQuantum,
            other => panic!("unexpected KEM {other:?}"),
        };
        MlsCrypto::new(self.randomness.clone()).suite(suite)
    }

    fn any(&self) -> SuiteCrypto {
        MlsCrypto::new(self.randomness.clone()).suite(Suite::PostQuantum)
    }

    fn lend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.randomness.lend(&mut *self.rng.lock().unwrap(), work)
    }
}

fn secret(bytes: &[u8]) -> SecretVLBytes {
    SecretVLBytes::new(bytes.to_vec())
}

impl OpenMlsCrypto for SharedCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        let known = self.supported_ciphersuites().contains(&ciphersuite);
        if known { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![
            Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
            Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519,
        ]
    }

    fn hkdf_extract(&self, _: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        Ok(secret(&self.any().kdf_extract(salt, ikm).unwrap()))
    }

    fn hmac(&self, _: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        Ok(secret(&self.any().mac(key, message).unwrap()))
    }

    fn hkdf_expand(&self, _: HashType, prk: &[u8], info: &[u8], len: usize) -> Result<SecretVLBytes, CryptoError> {
        let output = self.any().kdf_expand(prk, info, len).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        Ok(secret(&output))
    }

    fn hash(&self, _: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(self.any().hash(data).unwrap())
    }

    fn aead_encrypt(
        &self,
        _: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.any().aead_seal(key, data, Some(aad), nonce).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        _: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let opened = self.any().aead_open(key, ct_tag, Some(aad), nonce);
        opened.map(|plaintext| plaintext.to_vec()).map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        let (private, public) = self.lend(|| self.any().signature_key_generate()).unwrap();
        Ok((private.as_bytes().to_vec(), public.as_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        _: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let key = SignaturePublicKey::new_slice(pk);
        self.any().verify(&key, signature, data).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, _: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.any().sign(&SignatureSecretKey::new_slice(key), data).map_err(|_| CryptoError::SigningError)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let (suite, key) = (self.suite(&config), HpkePublicKey::from(pk_r.to_vec()));
        let sealed = self.lend(|| suite.hpke_seal(&key, info, Some(aad), ptxt));
        let sealed = sealed.map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext { kem_output: sealed.kem_output.into(), ciphertext: sealed.ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let sealed = MlsCiphertext {
            kem_output: input.kem_output.as_slice().to_vec(),
            ciphertext: input.ciphertext.as_slice().to_vec(),
        };
        let unused = HpkePublicKey::from(Vec::new());
        let opened = self.suite(&config).hpke_open(&sealed, &sk_r.to_vec().into(), &unused, info, Some(aad));
        opened.map(|plaintext| plaintext.to_vec()).map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let (suite, key) = (self.suite(&config), HpkePublicKey::from(pk_r.to_vec()));
        let (output, context) =
            self.lend(|| suite.hpke_setup_s(&key, info)).map_err(|_| CryptoError::SenderSetupError)?;
        let exported = context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok((output, exported.to_vec().into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        let unused = HpkePublicKey::from(Vec::new());
        let context = self.suite(&config).hpke_setup_r(enc, &sk_r.to_vec().into(), &unused, info);
        let context = context.map_err(|_| CryptoError::ReceiverSetupError)?;
        let exported = context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok(exported.to_vec().into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let (private, public) = self.suite(&config).kem_derive(ikm).unwrap();
        Ok(HpkeKeyPair { private: private.to_vec().into(), public: public.to_vec() })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no randomness")]
pub(crate) struct NoRandom;

impl OpenMlsRand for SharedCrypto {
    type Error = NoRandom;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandom> {
        self.random_vec(N)?.try_into().map_err(|_| NoRandom)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, NoRandom> {
        self.lend(|| self.any().random_bytes_vec(len)).map_err(|_| NoRandom)
    }
}
