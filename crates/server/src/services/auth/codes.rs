//! Codes of the second factor: those of an authenticator (RFC 6238) and those on paper.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sotto_crypto::labels;
use sotto_crypto::primitives::sha256;
use sotto_crypto::secret::{Secret, SecretVec};
use sotto_crypto::server_seal::Usage;
use sotto_proto::wire::ErrorCode;
use sotto_proto::wire::login_finish_request::SecondFactor as GivenFactor;
use sotto_proto::{AccountId, Invalid, Reason};
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::services::{Context, Failure, random};
use crate::store::{FactorProof, SecondFactor};

/// Bytes of the secret that server and authenticator share.
pub(super) const SECRET_LEN: usize = 20;
/// Backup codes that an account has at most.
pub(super) const BACKUP_CODES: usize = 10;

const DIGITS: usize = 6;
const STEP_SECONDS: u64 = 30;
/// Steps that an authenticator's clock may be off, in either direction.
const DRIFT: u64 = 1;
const BACKUP_CODE_LEN: usize = 12;

/// A code that a person typed.
pub(super) enum Given {
    Totp(TotpCode),
    Backup(BackupCode),
}

/// Six digits.
pub(super) struct TotpCode(SecretVec);

/// Without what was put between its groups.
pub(super) struct BackupCode(SecretVec);

impl Given {
    pub(super) fn parse(given: GivenFactor) -> Result<Self, Invalid> {
        match given {
            GivenFactor::TotpCode(code) => TotpCode::parse(code).map(Self::Totp),
            GivenFactor::BackupCode(code) => BackupCode::parse(code).map(Self::Backup),
        }
    }

    /// What uses the code up. Whether a backup code is one of the account's shows only then.
    pub(super) fn prove(
        &self,
        context: &Context,
        account: AccountId,
        factor: &SecondFactor,
    ) -> Result<FactorProof, Failure> {
        match self {
            Self::Totp(code) => {
                let offer = Offer::open(context, account, &factor.sealed_secret)?;
                let step = code.step(&offer.secret, context.now()).ok_or(ErrorCode::SecondFactorWrong)?;
                Ok(FactorProof::TimeStep(step))
            }
            Self::Backup(code) => Ok(FactorProof::BackupCode(code.hash(context, account))),
        }
    }
}

impl TotpCode {
    pub(super) fn parse(code: String) -> Result<Self, Invalid> {
        let code = SecretVec::new(code.into_bytes());
        let digits = code.expose_secret();
        if digits.len() != DIGITS {
            return Err(Invalid::new("totp_code", Reason::Length { expected: DIGITS, actual: digits.len() }));
        }
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Invalid::new("totp_code", Reason::Malformed("not digits")));
        }
        Ok(Self(code))
    }

    /// The time step that the code belongs to, if it is one of the present.
    pub(super) fn step(&self, secret: &Secret<SECRET_LEN>, now: Timestamp) -> Option<u64> {
        let present = now.unix_millis() / 1_000 / STEP_SECONDS;
        let steps = present.saturating_sub(DRIFT)..=present + DRIFT;
        let matches = |step: &u64| bool::from(totp(secret, *step).as_bytes().ct_eq(self.0.expose_secret()));
        // All are compared, whichever it is.
        steps.fold(None, |found, step| if matches(&step) { Some(step) } else { found })
    }
}

impl BackupCode {
    fn parse(code: String) -> Result<Self, Invalid> {
        let code = SecretVec::new(code.into_bytes());
        let actual = code.expose_secret().len();
        if !(8..=16).contains(&actual) {
            return Err(Invalid::new("backup_code", Reason::Size { min: 8, max: 16, actual }));
        }
        let mut normal = Vec::with_capacity(actual);
        normal.extend(
            code.expose_secret().iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase),
        );
        Ok(Self(SecretVec::new(normal)))
    }

    /// What the database knows of it. Without the server's secret nobody can try codes against it.
    fn hash(&self, context: &Context, account: AccountId) -> [u8; 32] {
        let content: [&[u8]; 2] = [account.as_bytes(), self.0.expose_secret()];
        *context.secrets.repeatable(labels::BACKUP_CODE_HASH, &content).expose_secret()
    }
}

/// A secret as the server keeps it: sealed for its account, with the time at which it was offered.
pub(super) struct Offer {
    pub(super) secret: Secret<SECRET_LEN>,
    pub(super) offered_at: Timestamp,
}

impl Offer {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { secret: Secret::generate(&mut random::source()), offered_at: now }
    }

    pub(super) fn seal(&self, context: &Context, account: AccountId) -> Vec<u8> {
        let at = self.offered_at.unix_millis().to_be_bytes();
        let content = SecretVec::new([&at, self.secret.expose_secret().as_slice()].concat());
        let seal = &context.secrets.seal;
        seal.seal(Usage::SecondFactor, account.as_bytes(), content.expose_secret(), &mut random::source())
    }

    pub(super) fn open(context: &Context, account: AccountId, sealed: &[u8]) -> Result<Self, Failure> {
        let damaged = || Failure::internal("the secret of a second factor cannot be opened", None);
        let seal = &context.secrets.seal;
        let content = seal.open(Usage::SecondFactor, account.as_bytes(), sealed).map_err(|_| damaged())?;
        let (at, secret) = content.expose_secret().split_first_chunk().ok_or_else(damaged)?;
        Ok(Self {
            secret: Secret::copy_from(secret).ok_or_else(damaged)?,
            offered_at: Timestamp::from_unix_millis(u64::from_be_bytes(*at)),
        })
    }
}

/// Backup codes as their owner sees them, with what the database knows of them.
pub(super) struct BackupCodes {
    pub(super) shown: Vec<String>,
    pub(super) hashes: Vec<[u8; 32]>,
}

impl BackupCodes {
    /// New ones.
    pub(super) fn draw(context: &Context, account: AccountId) -> Self {
        Self::of(context, account, &random::bytes::<32>())
    }

    /// Those that come with a secret: the same for a request whose reply was lost.
    pub(super) fn with_secret(context: &Context, account: AccountId, sealed_secret: &[u8]) -> Self {
        Self::of(context, account, &sha256(&[sealed_secret]))
    }

    fn of(context: &Context, account: AccountId, origin: &[u8; 32]) -> Self {
        let code = |number: u8| {
            let content: [&[u8]; 3] = [account.as_bytes(), origin, &[number]];
            let derived = context.secrets.repeatable(labels::BACKUP_CODES, &content);
            let mut code = BASE32_NOPAD.encode(&derived.expose_secret()[..8]).to_ascii_lowercase();
            code.truncate(BACKUP_CODE_LEN);
            code
        };
        let codes: Vec<String> = (0..).take(BACKUP_CODES).map(code).collect();
        let hash = |code: &String| BackupCode(SecretVec::new(code.clone().into_bytes())).hash(context, account);
        let hashes = codes.iter().map(hash).collect();
        let shown = codes.iter().map(|code| format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..])).collect();
        Self { shown, hashes }
    }
}

/// The code of a time step (RFC 6238 §4.2, RFC 4226 §5.3).
fn totp(secret: &Secret<SECRET_LEN>, step: u64) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret.expose_secret()).expect("HMAC takes a key of any length");
    let mac: [u8; 20] = mac.chain_update(step.to_be_bytes()).finalize().into_bytes().into();
    let offset = usize::from(mac[19] & 0x0f);
    let chosen = [mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]];
    format!("{:06}", u32::from_be_bytes(chosen) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret<SECRET_LEN> {
        Secret::copy_from(b"12345678901234567890").unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, of whose eight digits we use the last six.
        let published = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in published {
            assert_eq!(totp(&secret(), seconds / STEP_SECONDS), code);
        }
    }

    #[test]
    fn a_clock_may_be_off_by_one_step() {
        let code = |text: &str| TotpCode::parse(text.to_owned()).unwrap();
        let now = Timestamp::from_unix_millis(59_000);
        let step = |step| code(&totp(&secret(), step)).step(&secret(), now);
        assert_eq!([step(0), step(1), step(2), step(3), step(4)], [Some(0), Some(1), Some(2), None, None]);
        assert_eq!(code(&totp(&secret(), 0)).step(&secret(), Timestamp::ZERO), Some(0));
        assert_eq!(code("000000").step(&secret(), now), None);
    }

    #[test]
    fn what_cannot_be_a_code_is_refused() {
        for wrong in ["", "12345", "1234567", "12345a", "１２"] {
            assert!(TotpCode::parse(wrong.to_owned()).is_err(), "{wrong}");
        }
        for wrong in ["", "abcdefg", "abcd-efgh-ijkl-mn"] {
            assert!(BackupCode::parse(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
