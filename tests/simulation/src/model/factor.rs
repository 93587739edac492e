//! The second factor: codes of an authenticator (RFC 6238) and codes on paper.

use std::collections::BTreeSet;

use bytes::Bytes;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use sha1::Sha1;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, AccountNoticeKind, ErrorCode};
use sotto_proto::{AccountId, Invalid, Reason};

use super::gate::Session;
use super::{Fault, MINUTE, Model, Moment, SECOND};

const SECRET_LEN: usize = 20;
const BACKUP_CODES: usize = 10;
const DIGITS: usize = 6;
const STEP: u64 = 30 * SECOND;
/// Steps that an authenticator's clock may be off, in either direction.
const DRIFT: u64 = 1;
/// How long a person may take to bring the secret into an authenticator.
const OFFER_WAITS: u64 = 10 * MINUTE;
const CODES_MAX: u32 = 5;

/// Where an account's second factor stands.
#[derive(Clone, Default)]
pub(super) enum Factor {
    /// It has none.
    #[default]
    Off,
    /// A secret was shown.
    Offered(Offer),
    /// It is on.
    On(InForce),
}

#[derive(Clone)]
pub(super) struct Offer {
    secret: [u8; SECRET_LEN],
    at: u64,
    tried: u32,
}

#[derive(Clone)]
pub(super) struct InForce {
    secret: [u8; SECRET_LEN],
    /// The last time step that was used: each is used once.
    last_step: u64,
    backup_codes: BTreeSet<String>,
    /// The codes that came with the secret, as long as their reply may be asked for again.
    shown_first: Vec<String>,
}

impl Factor {
    pub(super) fn is_on(&self) -> bool {
        matches!(self, Self::On(_))
    }

    pub(super) fn codes_left(&self) -> usize {
        match self {
            Self::On(factor) => factor.backup_codes.len(),
            Self::Off | Self::Offered(_) => 0,
        }
    }
}

impl Model {
    pub(super) fn enable_totp_start(
        &mut self,
        caller: &Session,
        _: wire::EnableTotpStartRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::EnableTotpStartResponse, Fault> {
        let account = self.account_mut(caller.account)?;
        if account.factor.is_on() {
            return Err(ErrorCode::NotApplicable.into());
        }
        let secret = at.rng.random();
        account.factor = Factor::Offered(Offer { secret, at: at.now, tried: 0 });
        Ok(wire::EnableTotpStartResponse { secret: Bytes::copy_from_slice(&secret) })
    }

    pub(super) fn enable_totp_finish(
        &mut self,
        caller: &Session,
        request: wire::EnableTotpFinishRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::EnableTotpFinishResponse, Fault> {
        check_code(&request.totp_code)?;
        let factor = &mut self.account_mut(caller.account)?.factor;
        let backup_codes = match factor {
            Factor::Off => return Err(ErrorCode::NotApplicable.into()),
            Factor::On(kept) => {
                // The very code that turned it on, once more: the reply was lost, and with it the codes.
                let same = step_of(&kept.secret, &request.totp_code, at.now) == Some(kept.last_step);
                return if same && !kept.shown_first.is_empty() {
                    Ok(wire::EnableTotpFinishResponse { backup_codes: kept.shown_first.clone() })
                } else {
                    Err(ErrorCode::NotApplicable.into())
                };
            }
            Factor::Offered(offer) => {
                let last_step = offer.prove(&request.totp_code, at.now)?;
                let codes = draw_codes(at);
                *factor = Factor::On(InForce {
                    secret: offer.secret,
                    last_step,
                    backup_codes: codes.iter().map(|code| normal(code)).collect(),
                    shown_first: codes.clone(),
                });
                codes
            }
        };
        self.note_own(caller.account, AccountNoticeKind::Login);
        Ok(wire::EnableTotpFinishResponse { backup_codes })
    }

    pub(super) fn disable_totp(
        &mut self,
        caller: &Session,
        _: wire::DisableTotpRequest,
        _: &mut Moment<'_>,
    ) -> Result<wire::DisableTotpResponse, Fault> {
        let account = self.account_mut(caller.account)?;
        if !account.factor.is_on() {
            return Err(ErrorCode::NotApplicable.into());
        }
        account.factor = Factor::Off;
        self.note_own(caller.account, AccountNoticeKind::Login);
        Ok(wire::DisableTotpResponse {})
    }

    pub(super) fn renew_backup_codes(
        &mut self,
        caller: &Session,
        _: wire::RenewBackupCodesRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::RenewBackupCodesResponse, Fault> {
        let Factor::On(kept) = &mut self.account_mut(caller.account)?.factor else {
            return Err(ErrorCode::NotApplicable.into());
        };
        let codes = draw_codes(at);
        kept.backup_codes = codes.iter().map(|code| normal(code)).collect();
        kept.shown_first.clear();
        self.note_own(caller.account, AccountNoticeKind::Login);
        Ok(wire::RenewBackupCodesResponse { backup_codes: codes })
    }

    /// Uses up what proves the second factor of an account, if it has one.
    pub(super) fn use_factor(
        &mut self,
        account: AccountId,
        given: Option<SecondFactor>,
        login_state: &Bytes,
        at: &Moment<'_>,
    ) -> Result<(), Fault> {
        if !self.account(account)?.factor.is_on() {
            return Ok(());
        }
        let given = given.ok_or(ErrorCode::SecondFactorRequired)?;
        self.count_code(login_state, CODES_MAX)?;
        let Factor::On(kept) = &mut self.account_mut(account)?.factor else { return Ok(()) };
        match given {
            SecondFactor::TotpCode(code) => {
                check_code(&code)?;
                let step = step_of(&kept.secret, &code, at.now).filter(|step| *step > kept.last_step);
                kept.last_step = step.ok_or(ErrorCode::SecondFactorWrong)?;
                kept.shown_first.clear();
            }
            SecondFactor::BackupCode(code) => {
                if !kept.backup_codes.remove(&normal(&code)) {
                    return Err(ErrorCode::SecondFactorWrong.into());
                }
            }
        }
        Ok(())
    }
}

impl Offer {
    /// The time step of the code by which a person shows that the authenticator has the secret.
    fn prove(&mut self, code: &str, now: u64) -> Result<u64, ErrorCode> {
        if now >= self.at + OFFER_WAITS || self.tried >= CODES_MAX {
            return Err(ErrorCode::NotApplicable);
        }
        self.tried += 1;
        step_of(&self.secret, code, now).ok_or(ErrorCode::SecondFactorWrong)
    }
}

/// The code that an authenticator shows at a time (RFC 6238 §4.2, RFC 4226 §5.3).
pub fn totp(secret: &[u8], now_ms: u64) -> String {
    code_of(secret, now_ms / STEP)
}

fn code_of(secret: &[u8], step: u64) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    let mac: [u8; 20] = mac.chain_update(step.to_be_bytes()).finalize().into_bytes().into();
    let offset = usize::from(mac[19] & 0x0f);
    let chosen = [mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]];
    format!("{:06}", u32::from_be_bytes(chosen) % 1_000_000)
}

fn step_of(secret: &[u8], code: &str, now: u64) -> Option<u64> {
    let present = now / STEP;
    (present.saturating_sub(DRIFT)..=present + DRIFT).rev().find(|step| code_of(secret, *step) == code)
}

fn check_code(code: &str) -> Result<(), Invalid> {
    if code.len() != DIGITS {
        return Err(Invalid::new("totp_code", Reason::Length { expected: DIGITS, actual: code.len() }));
    }
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(()) } else { Err(Invalid::new("totp_code", Reason::Malformed("not digits"))) }
}

fn draw_codes(at: &mut Moment<'_>) -> Vec<String> {
    let code = |_| {
        let drawn = BASE32_NOPAD.encode(&at.rng.random::<[u8; 8]>()).to_ascii_lowercase();
        format!("{}-{}-{}", &drawn[..4], &drawn[4..8], &drawn[8..12])
    };
    (0..BACKUP_CODES).map(code).collect()
}

/// Without what is put between its groups.
fn normal(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}
