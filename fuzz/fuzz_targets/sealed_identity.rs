//! The sealed identity key of an account without a vault, from wherever a person kept the copy: as it comes, and sealed anew by
//! somebody who has the words. The first byte says which.
//!
//! Held: what opens is the key that the account is known by, and no other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::identity::{DeviceKey, IdentityKey, IdentityPublicKey};
use sotto_crypto::labels;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::sealed_identity::SealedIdentity;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::{VaultError, Version};
use sotto_fuzz::forge::seal;
use sotto_proto::AccountId;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const HEADER_LEN: usize = 10;

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else { return };
    if how & 1 == 0 {
        as_it_comes(bytes);
    } else if let Some((header, content)) = bytes.split_at_checked(HEADER_LEN) {
        sealed_anew(header, content);
    }
});

fn as_it_comes(bytes: &[u8]) {
    let Ok(sealed) = SealedIdentity::decode(bytes) else { return };
    assert_eq!(sealed.as_bytes().as_slice(), bytes);
    assert!(open(&sealed).is_err());
}

/// The version is the last of the header, and is bound into the seal (`docs/PROTOCOL.md` §6.6).
fn sealed_anew(header: &[u8], content: &[u8]) {
    let context = [ACCOUNT.as_bytes(), &header[2..]].concat();
    let sealed = seal(code().expose_secret(), labels::IDENTITY_BY_RECOVERY_CODE, &context, header, content);
    let Ok(sealed) = SealedIdentity::decode(&[header, &sealed].concat()) else { return };
    match open(&sealed) {
        Ok((identity, version)) => {
            assert_eq!((identity.public(), content), (known(), KEY.as_slice()));
            assert_eq!(version.number().to_be_bytes(), header[2..]);
        }
        Err(VaultError::OtherIdentity) => assert_ne!(content, KEY),
        Err(error) => assert!(header[1] != METHOD || header[2..] == [0; 8], "{error}"),
    }
}

fn open(sealed: &SealedIdentity) -> Result<(IdentityKey, Version), VaultError> {
    sealed.open(&code(), ACCOUNT, &known(), Version::FIRST)
}

fn code() -> RecoveryCode {
    RecoveryCode::from_secret(Secret::fill(|code| *code = [7; 32]))
}

/// The key that the account is known by. Only its public half is needed, and that is of the same form for a device's key.
fn known() -> IdentityPublicKey {
    let key = DeviceKey::from_seed(&Secret::fill(|seed| *seed = KEY)).public();
    IdentityPublicKey::from_bytes(key.as_bytes()).expect("a real key")
}

const KEY: [u8; 32] = [9; 32];
const METHOD: u8 = 3;
