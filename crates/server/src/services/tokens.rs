//! Access tokens: JWTs (RFC 7519) signed with Ed25519 (RFC 8037), under a key of its own for each day.
//!
//! Keys come from the server's secret and the number of the day, so all nodes have them, none is stored, and they rotate without anybody
//! doing anything. A token says which session it is for, and when it ends; everything else about the session is looked up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use sotto_crypto::primitives::{Signature, SigningKey, VerifyingKey, hkdf};
use sotto_crypto::secret::Secret;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{SessionId, limits};

use super::{AccessToken, Failure};
use crate::clock::Timestamp;

/// How long an access token is good.
const GOOD_FOR: Duration = Duration::from_mins(15);

/// Signs and verifies access tokens.
pub(super) struct Tokens {
    secret: Secret<32>,
    days: Mutex<BTreeMap<u64, Arc<DayKey>>>,
}

/// A token, and for how long it is good.
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) expires_in_ms: u32,
}

struct DayKey {
    signing: EncodingKey,
    verifying: DecodingKey,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    /// The session, as 32 hexadecimal digits.
    sid: String,
    /// Seconds since 1970.
    iat: u64,
    /// Likewise.
    exp: u64,
}

impl Tokens {
    pub(super) fn new(secret: Secret<32>) -> Self {
        use_own_signatures();
        Self { secret, days: Mutex::default() }
    }

    /// A token for a session, which does not outlive it.
    pub(super) fn issue(&self, session: SessionId, ends: Timestamp, now: Timestamp) -> Result<Issued, Failure> {
        let (iat, exp) = (seconds(now), seconds(now.plus(GOOD_FOR).min(ends)));
        let day = iat / SECONDS_OF_DAY;
        let header = Header { kid: Some(day.to_string()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims { sid: session.to_string(), iat, exp };
        let token = encode(&header, &claims, &self.key(day, day).signing)
            .map_err(|error| Failure::internal("an access token cannot be signed", Some(&error)))?;
        let left = (exp * 1_000).saturating_sub(now.unix_millis());
        Ok(Issued { token, expires_in_ms: u32::try_from(left).unwrap_or(u32::MAX) })
    }

    /// What a token says, if it is one of ours and not past its time.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<AccessToken, Failure> {
        let today = seconds(now) / SECONDS_OF_DAY;
        let day = day_of(token).ok_or(ErrorCode::Unauthenticated)?;
        // Nodes may disagree about the day at midnight. What was signed before that is past its time, whoever signed it.
        if day + 1 < today {
            return Err(ErrorCode::TokenExpired.into());
        }
        if day > today + 1 {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let claims = decode::<Claims>(token, &self.key(day, today).verifying, &validation());
        let claims = claims.map_err(|_| ErrorCode::Unauthenticated)?.claims;
        // A key that leaks after its day must not sign for other days.
        if claims.iat / SECONDS_OF_DAY != day || claims.exp > claims.iat.saturating_add(GOOD_FOR.as_secs()) {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let session = claims.sid.parse().map_err(|_| ErrorCode::Unauthenticated)?;
        let expires_at = Timestamp::from_unix_millis(claims.exp.saturating_mul(1_000));
        if expires_at <= now {
            return Err(ErrorCode::TokenExpired.into());
        }
        Ok(AccessToken { session, expires_at })
    }

    fn key(&self, day: u64, today: u64) -> Arc<DayKey> {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        days.retain(|kept, _| kept.abs_diff(today) <= 1);
        days.entry(day).or_insert_with(|| Arc::new(DayKey::derive(&self.secret, day))).clone()
    }
}

impl DayKey {
    fn derive(secret: &Secret<32>, day: u64) -> Self {
        let seed = hkdf::<32>(&[], secret.expose_secret(), &[&day.to_be_bytes()]);
        let public = SigningKey::from_seed(&seed).verifying_key();
        Self {
            signing: EncodingKey::from_ed_der(seed.expose_secret()),
            verifying: DecodingKey::from_ed_der(public.as_bytes()),
        }
    }
}

fn day_of(token: &str) -> Option<u64> {
    if token.len() > limits::ACCESS_TOKEN_MAX {
        return None;
    }
    let header = decode_header(token).ok()?;
    let day = header.kid?.parse().ok()?;
    (header.alg == Algorithm::EdDSA && day <= DAYS_MAX).then_some(day)
}

/// The library asks the system for the time; we ask our own clock.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation
}

fn seconds(at: Timestamp) -> u64 {
    at.unix_millis() / 1_000
}

const SECONDS_OF_DAY: u64 = 86_400;
/// Beyond the last day that a clock can show.
const DAYS_MAX: u64 = 1 << 40;

/// The library's own choices of cryptography bring RSA and the NIST curves along; ours is there already.
fn use_own_signatures() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| PROVIDER.install_default().expect("nothing else in this program uses the library"));
}

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library calls it so")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    expect_ed25519(*algorithm)?;
    let seed = Secret::copy_from(key.as_bytes()).ok_or(ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Ed25519Signer(SigningKey::from_seed(&seed))))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library calls it so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    expect_ed25519(*algorithm)?;
    let key = key.try_get_as_bytes()?.try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Ed25519Verifier(key)))
}

fn expect_ed25519(algorithm: Algorithm) -> JwtResult<()> {
    if algorithm == Algorithm::EdDSA { Ok(()) } else { Err(ErrorKind::InvalidAlgorithm.into()) }
}

struct Ed25519Signer(SigningKey);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        self.0.sign_token(message).map(|signature| signature.to_bytes().to_vec()).ok_or_else(SignatureError::new)
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Ed25519Verifier(VerifyingKey);

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let signature = signature.as_slice().try_into().map_err(|_| SignatureError::new())?;
        self.0.verify_token(message, &Signature::from_bytes(signature)).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    const SESSION: SessionId = SessionId::from_bytes([7; 16]);
    const NOON: Timestamp = Timestamp::from_unix_millis(20_000 * 86_400_000 + 43_200_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn tokens(secret: u8) -> Tokens {
        Tokens::new(Secret::fill(|bytes| *bytes = [secret; 32]))
    }

    fn issued(now: Timestamp) -> String {
        tokens(1).issue(SESSION, now.plus(HOUR), now).unwrap().token
    }

    fn refused(token: &str, now: Timestamp) -> ErrorCode {
        tokens(1).verify(token, now).unwrap_err().code()
    }

    #[test]
    fn a_token_is_good_for_a_quarter_of_an_hour_n6() {
        let issued = tokens(1).issue(SESSION, NOON.plus(HOUR), NOON).unwrap();
        assert_eq!(issued.expires_in_ms, 900_000);
        assert!(issued.token.len() <= limits::ACCESS_TOKEN_MAX);
        let end = NOON.plus(GOOD_FOR);
        let read = tokens(1).verify(&issued.token, end.minus(Duration::from_millis(1))).unwrap();
        assert_eq!(read, AccessToken { session: SESSION, expires_at: end });
        assert_eq!(refused(&issued.token, end), ErrorCode::TokenExpired);
    }

    #[test]
    fn a_token_does_not_outlive_its_session() {
        let ends = NOON.plus(Duration::from_mins(5));
        let issued = tokens(1).issue(SESSION, ends, NOON).unwrap();
        assert_eq!(issued.expires_in_ms, 300_000);
        assert_eq!(refused(&issued.token, ends), ErrorCode::TokenExpired);
    }

    #[test]
    fn keys_change_at_midnight_and_nobody_notices() {
        let midnight = Timestamp::from_unix_millis(20_001 * 86_400_000);
        let (before, after) = (midnight.minus(Duration::from_secs(1)), midnight.plus(Duration::from_secs(1)));
        let (old, new) = (issued(before), issued(after));
        assert_ne!(old.split('.').next(), new.split('.').next(), "the header names the key");
        tokens(1).verify(&old, after).unwrap();
        // A node whose clock is behind.
        tokens(1).verify(&new, before).unwrap();
        assert_eq!(refused(&old, midnight.plus(Duration::from_hours(72))), ErrorCode::TokenExpired);
        assert_eq!(refused(&new, midnight.minus(Duration::from_hours(72))), ErrorCode::Unauthenticated);
    }

    #[test]
    fn another_servers_token_is_none() {
        let token = tokens(2).issue(SESSION, NOON.plus(HOUR), NOON).unwrap().token;
        assert_eq!(refused(&token, NOON), ErrorCode::Unauthenticated);
    }

    #[test]
    fn every_changed_character_is_found() {
        let token = issued(NOON);
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(tokens(1).verify(&changed, NOON).is_err(), "{place}");
        }
        for nonsense in ["", ".", "..", "a.b.c", &"x".repeat(5_000), &token[..token.len() - 1]] {
            assert_eq!(refused(nonsense, NOON), ErrorCode::Unauthenticated);
        }
    }

    #[test]
    fn weaker_algorithms_are_not_spoken() {
        let token = issued(NOON);
        let body = token.split('.').nth(1).unwrap();
        for algorithm in ["none", "HS256", "RS256", "ES256"] {
            let header = format!(r#"{{"typ":"JWT","alg":"{algorithm}","kid":"20000"}}"#);
            let forged =
                format!("{}.{body}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(b"x"));
            assert_eq!(refused(&forged, NOON), ErrorCode::Unauthenticated, "{algorithm}");
        }
    }

    #[test]
    fn yesterdays_key_signs_nothing_of_today() {
        let tokens = tokens(1);
        let forge = |iat: u64, exp: u64| {
            let header = Header { kid: Some("19999".to_owned()), ..Header::new(Algorithm::EdDSA) };
            encode(&header, &Claims { sid: SESSION.to_string(), iat, exp }, &tokens.key(19_999, 20_000).signing)
                .unwrap()
        };
        let noon = seconds(NOON);
        assert_eq!(refused(&forge(noon, noon + 60), NOON), ErrorCode::Unauthenticated);
        assert_eq!(refused(&forge(noon - 86_400, noon + 60), NOON), ErrorCode::Unauthenticated);
        assert_eq!(refused(&forge(u64::MAX, u64::MAX), NOON), ErrorCode::Unauthenticated);
    }
}
