//! Signatures of the server's access tokens, which bring their own separation of domains.

use super::{PrimitiveError, Signature, SigningKey, VerifyingKey};

impl SigningKey {
    /// Signs the signing input of a JSON web token (RFC 7515 §5.1). `None` when it is none.
    ///
    /// A signing input consists of letters, digits, `-`, `_` and a dot, so it is never what begins with one of our labels, or what
    /// MLS signs (RFC 9420 §5.1.2): both contain spaces.
    pub fn sign_token(&self, signing_input: &[u8]) -> Option<Signature> {
        is_signing_input(signing_input).then(|| self.sign_as_it_is(signing_input))
    }
}

impl VerifyingKey {
    /// Checks the signature of a JSON web token.
    pub fn verify_token(&self, signing_input: &[u8], signature: &Signature) -> Result<(), PrimitiveError> {
        if is_signing_input(signing_input) {
            self.verify_as_it_is(signing_input, signature)
        } else {
            Err(PrimitiveError::BadSignature)
        }
    }
}

/// Two parts in base64url with a dot between them.
fn is_signing_input(bytes: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut parts = bytes.split(|byte| *byte == b'.');
    parts.next().is_some_and(is_part) && parts.next().is_some_and(is_part) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::secret::Secret;

    fn key() -> SigningKey {
        SigningKey::from_seed(&Secret::fill(|bytes| *bytes = [7; 32]))
    }

    /// RFC 8037 §A.4.
    #[test]
    fn a_token_is_signed_as_others_sign_it() {
        let seed = data_encoding::BASE64URL_NOPAD.decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(&Secret::copy_from(&seed).unwrap());
        let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = key.sign_token(input).unwrap();
        assert_eq!(
            data_encoding::BASE64URL_NOPAD.encode(&signature.to_bytes()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
        assert_eq!(key.verifying_key().verify_token(input, &signature), Ok(()));
        let other = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd";
        assert_eq!(key.verifying_key().verify_token(other, &signature), Err(PrimitiveError::BadSignature));
    }

    #[test]
    fn nothing_else_is_signed_as_a_token() {
        let labelled = labels::ALL.iter().map(|label| [label.as_bytes(), b".eyJ"].concat());
        let others = ["", ".", "a", "a.", ".b", "a.b.c", "a b.c", "a.b\n", "\x20MLS 1.0 LeafNodeTBS.x"];
        for input in labelled.chain(others.map(|other| other.as_bytes().to_vec())) {
            assert!(key().sign_token(&input).is_none(), "{input:?}");
            let signature = key().sign_as_it_is(&input);
            assert!(key().verifying_key().verify_token(&input, &signature).is_err(), "{input:?}");
        }
    }
}
