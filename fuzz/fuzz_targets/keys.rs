//! Public keys and signatures of strangers. What is no good key is refused at once, and nothing that the fuzzer makes up is
//! signed by a key that it does not have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::identity::{DeviceKey, DevicePublicKey, IdentityPublicKey};
use sotto_crypto::primitives::{Signature, SigningKey, VerifyingKey, X25519PublicKey, X25519SecretKey};
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_crypto::recovery::RecoveryVerifier;
use sotto_crypto::secret::Secret;
use sotto_fuzz as _;
use sotto_proto::{AccountId, DeviceId, RequestId};

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

fuzz_target!(|bytes: &[u8]| {
    let Some((key, rest)) = bytes.split_first_chunk::<32>() else { return };
    agreement(key);
    let Some((signature, message)) = rest.split_first_chunk::<64>() else { return };
    let signature = Signature::from_bytes(*signature);
    by_this_key(key, message, &signature);
    by_our_key(message, &signature);
});

/// A key that is taken in agrees on something other than zero, with every scalar.
fn agreement(key: &[u8; 32]) {
    let Ok(key) = X25519PublicKey::from_bytes(*key) else { return };
    let secret = X25519SecretKey::from_secret(Secret::fill(|bytes| *bytes = [7; 32]));
    assert!(secret.diffie_hellman(&key).is_ok());
}

/// Whatever the role, the same bytes are a key or are none.
fn by_this_key(key: &[u8; 32], message: &[u8], signature: &Signature) {
    let verifying = VerifyingKey::from_bytes(key);
    assert_eq!(IdentityPublicKey::from_bytes(key).is_ok(), verifying.is_ok());
    let (device, verifier) = (DevicePublicKey::from_bytes(key), RecoveryVerifier::from_bytes(key));
    assert_eq!((device.is_ok(), verifier.is_ok()), (verifying.is_ok(), verifying.is_ok()));
    let (Ok(verifying), Ok(device), Ok(verifier)) = (verifying, device, verifier) else { return };
    assert_eq!((verifying.as_bytes(), device.as_bytes()), (key, key));
    let _ = verifying.verify_unlabelled(message, signature);
    let _ = statement(message).verify(&device, signature);
    let _ = verifier.verify(ACCOUNT, &[3; 32], signature);
}

/// The fuzzer does not have this key.
fn by_our_key(message: &[u8], signature: &Signature) {
    let seed = Secret::fill(|seed| *seed = [9; 32]);
    assert!(SigningKey::from_seed(&seed).verifying_key().verify_token(message, signature).is_err());
    assert!(statement(message).verify(&DeviceKey::from_seed(&seed).public(), signature).is_err());
}

fn statement(token: &[u8]) -> ProofStatement<'_> {
    let call = Call::Refresh { request: RequestId::from_bytes([4; 16]), token };
    ProofStatement { account: ACCOUNT, device: DeviceId::from_bytes([2; 16]), signed_at_ms: 7, call }
}
