//! The provider under the group library: known answers, refused keys, and where its randomness comes from.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use mls_rs::crypto::{HpkeCiphertext, HpkeContextR, HpkeContextS, HpkePsk, HpkePublicKey, HpkeSecretKey};
use mls_rs::{CipherSuite, CipherSuiteProvider, CryptoProvider};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::provider::{MlsCrypto, NoRandomness, ProviderError, Randomness, SuiteCrypto};

/// X-Wing's `DeriveKeyPair`, frozen: the vectors are those of draft-ietf-hpke-pq, made by another implementation.
#[test]
fn xwing_key_pairs_and_contexts_are_the_published_ones() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/vectors/xwing-hpke.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(!vectors.is_empty());
    let suite = MlsCrypto::default().suite(Suite::PostQuantum);
    for vector in vectors {
        let (secret, public) = suite.kem_derive(&bytes(&vector["ikmR"])).unwrap();
        assert_eq!(secret.to_vec(), bytes(&vector["skRm"]));
        assert_eq!(public.to_vec(), bytes(&vector["pkRm"]));
        let (enc, info) = (bytes(&vector["enc"]), bytes(&vector["info"]));
        let mut context = suite.hpke_setup_r(&enc, &secret, &public, &info).unwrap();
        for sealed in vector["encryptions"].as_array().unwrap() {
            let opened = context.open(Some(&bytes(&sealed["aad"])), &bytes(&sealed["ct"])).unwrap();
            assert_eq!(opened.to_vec(), bytes(&sealed["pt"]));
        }
        for export in vector["exports"].as_array().unwrap() {
            let length = usize::try_from(export["L"].as_u64().unwrap()).unwrap();
            let exported = context.export(&bytes(&export["exporter_context"]), length).unwrap();
            assert_eq!(exported.to_vec(), bytes(&export["exported_value"]));
        }
    }
}

#[test]
fn both_suites_and_no_other() {
    let crypto = MlsCrypto::default();
    assert_eq!(crypto.supported_cipher_suites(), Suite::ALL.map(CipherSuite::from));
    for suite in Suite::ALL {
        let provider = crypto.cipher_suite_provider(suite.into()).unwrap();
        assert_eq!(provider.cipher_suite(), suite.into());
    }
    for other in (0..=u16::MAX).filter(|number| Suite::from_number(*number).is_none()) {
        assert!(crypto.cipher_suite_provider(other.into()).is_none());
    }
    assert_eq!(Suite::default(), Suite::PostQuantum);
}

#[test]
fn s29_low_order_keys_are_refused_wherever_they_come_in() {
    for (suite, randomness, provider) in providers() {
        let (secret, public) = generate(&randomness, &provider);
        for point in LOW_ORDER {
            let bad = HpkePublicKey::from(with_point(&public, &point));
            assert_eq!(provider.kem_public_key_validate(&bad), Err(ProviderError::LowOrderPublicKey), "{suite:?}");
            let sealed = lend(&randomness, || provider.hpke_seal(&bad, b"", None, b"text"));
            assert_eq!(sealed.unwrap_err(), ProviderError::LowOrderPublicKey);
            assert!(lend(&randomness, || provider.hpke_setup_s(&bad, b"")).is_err());

            let good = lend(&randomness, || provider.hpke_seal(&public, b"", None, b"text")).unwrap();
            let damaged = HpkeCiphertext { kem_output: with_point(&good.kem_output, &point), ..good };
            let opened = provider.hpke_open(&damaged, &secret, &public, b"", None);
            assert_eq!(opened.unwrap_err(), ProviderError::LowOrderPublicKey);
        }
    }
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for (_, randomness, provider) in providers() {
        let (secret, public) = generate(&randomness, &provider);
        provider.kem_public_key_validate(&public).unwrap();
        for length in [0, 1, 31, public.len() - 1, public.len() + 1] {
            let mut bytes = public.to_vec();
            bytes.resize(length, 7);
            assert_eq!(provider.kem_public_key_validate(&bytes.into()), Err(ProviderError::BadPublicKey));
        }
        let sealed = lend(&randomness, || provider.hpke_seal(&public, b"", None, b"text")).unwrap();
        let short = HpkeSecretKey::from(secret[1..].to_vec());
        assert_eq!(provider.hpke_open(&sealed, &short, &public, b"", None), Err(ProviderError::BadSecretKey));
    }
}

#[test]
fn what_was_sealed_is_opened_and_nothing_else() {
    for (_, randomness, provider) in providers() {
        let (secret, public) = generate(&randomness, &provider);
        // HPKE's context is as long as a large group context, or an encrypted group info, can be.
        let info = vec![3; 100_000];
        let sealed = lend(&randomness, || provider.hpke_seal(&public, &info, Some(b"aad"), b"text")).unwrap();
        let open = |info: &[u8], aad| provider.hpke_open(&sealed, &secret, &public, info, aad);
        assert_eq!(open(&info, Some(b"aad")).unwrap().as_slice(), b"text");
        assert_eq!(open(&info, Some(b"other")), Err(ProviderError::Hpke));
        assert_eq!(open(&info[1..], Some(b"aad")), Err(ProviderError::Hpke));
    }
}

#[test]
fn a_pre_shared_key_is_needed_where_it_was_used() {
    for (_, randomness, provider) in providers() {
        let (secret, public) = generate(&randomness, &provider);
        let psk = |value: &'static [u8]| HpkePsk { id: b"id", value };
        let key = b"a pre-shared key of 32 bytes ...";
        let seal = || provider.hpke_seal_psk(&public, b"info", Some(b"aad"), b"text", psk(key));
        let sealed = lend(&randomness, seal).unwrap();
        let open = |value| provider.hpke_open_psk(&sealed, &secret, &public, b"info", Some(b"aad"), psk(value));
        assert_eq!(open(key).unwrap().as_slice(), b"text");
        assert_eq!(open(b"another key that is 32 bytes too"), Err(ProviderError::Hpke));
        assert_eq!(provider.hpke_open(&sealed, &secret, &public, b"info", Some(b"aad")), Err(ProviderError::Hpke));
    }
}

#[test]
fn both_ends_of_a_context_agree() {
    for (_, randomness, provider) in providers() {
        let (secret, public) = generate(&randomness, &provider);
        let (kem_output, mut sealer) = lend(&randomness, || provider.hpke_setup_s(&public, b"info")).unwrap();
        let mut opener = provider.hpke_setup_r(&kem_output, &secret, &public, b"info").unwrap();
        for text in [b"first".as_slice(), b"second"] {
            let ciphertext = sealer.seal(Some(b"aad"), text).unwrap();
            assert_eq!(opener.open(Some(b"aad"), &ciphertext).unwrap().as_slice(), text);
        }
        let exported = sealer.export(b"context", 40).unwrap();
        assert_eq!((exported.len(), &exported), (40, &opener.export(b"context", 40).unwrap()));
        assert_ne!(exported, opener.export(b"other", 40).unwrap());
    }
}

#[test]
fn nothing_random_happens_without_a_loan() {
    let none = ProviderError::Randomness(NoRandomness);
    for (_, randomness, provider) in providers() {
        let (_, public) = generate(&randomness, &provider);
        assert_eq!(provider.kem_generate().unwrap_err(), none);
        assert_eq!(provider.random_bytes(&mut [0; 8]).unwrap_err(), none);
        assert_eq!(provider.signature_key_generate().unwrap_err(), none);
        assert_eq!(provider.hpke_seal(&public, b"", None, b"").unwrap_err(), none);
        assert!(provider.hpke_setup_s(&public, b"").is_err());
    }
}

#[test]
fn the_same_loan_gives_the_same_bytes_and_each_draw_others() {
    for (_, randomness, provider) in providers() {
        let draw = || (provider.random_bytes_vec(32).unwrap(), provider.random_bytes_vec(32).unwrap());
        let (first, again) = (lend(&randomness, draw), lend(&randomness, draw));
        assert_eq!(first, again);
        assert_ne!(first.0, first.1);
    }
}

fn providers() -> impl Iterator<Item = (Suite, Randomness, SuiteCrypto)> {
    Suite::ALL.into_iter().map(|suite| {
        let randomness = Randomness::default();
        (suite, randomness.clone(), MlsCrypto::new(randomness).suite(suite))
    })
}

fn generate(randomness: &Randomness, provider: &SuiteCrypto) -> (HpkeSecretKey, HpkePublicKey) {
    lend(randomness, || provider.kem_generate()).unwrap()
}

fn lend<T>(randomness: &Randomness, work: impl FnOnce() -> T) -> T {
    randomness.lend(&mut StdRng::seed_from_u64(1), work)
}

fn with_point(bytes: &[u8], point: &[u8; 32]) -> Vec<u8> {
    let (rest, _) = bytes.split_last_chunk::<32>().unwrap();
    [rest, point].concat()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let text = hex.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Zero, one with the ignored bit set, and p - 1.
const LOW_ORDER: [[u8; 32]; 3] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one[31] = 0x80;
        one
    },
    {
        let mut almost = [0xFF; 32];
        almost[0] = 0xEC;
        almost[31] = 0x7F;
        almost
    },
];
