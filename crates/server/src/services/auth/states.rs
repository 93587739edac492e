//! What the server hands out between the halves of a login or a recovery, and gets back: sealed, so that any node can go on, and no
//! node has to remember it.

use std::time::Duration;

use sotto_crypto::login::server::LoginAttempt;
use sotto_crypto::primitives::sha256;
use sotto_crypto::secret::SecretVec;
use sotto_crypto::server_seal::{NOBODY, ServerSeal, Usage};
use sotto_proto::AccountId;

use super::patience::Guesser;
use crate::clock::Timestamp;
use crate::services::random;
use crate::store::AttemptId;

/// How long a person may take between the halves of a login.
pub(super) const LOGIN_WAITS: Duration = Duration::from_mins(2);
/// How long a person may take to find and type the recovery code, and a new password after it.
pub(super) const RECOVERY_WAITS: Duration = Duration::from_mins(10);
/// Longest state that a caller can have.
pub(super) const STATE_MAX: usize = 1024;

/// Any number of things may be wrong with a state; its bearer learns only that it is of no use.
pub(super) struct Unusable;

/// A login between its halves.
pub(super) struct LoginState {
    pub(super) attempt: AttemptId,
    pub(super) expires_at: Timestamp,
    /// Whose patience the login ends, if it succeeds.
    pub(super) guesser: Guesser,
    /// Digest of the record that was in force.
    pub(super) record: [u8; 32],
    pub(super) exchange: LoginAttempt,
}

/// A recovery that waits for the proof of the code.
pub(super) struct ChallengeState {
    pub(super) attempt: AttemptId,
    pub(super) expires_at: Timestamp,
    pub(super) account: AccountId,
    pub(super) challenge: [u8; 32],
}

/// A recovery whose code was proved.
pub(super) struct RecoveryState {
    pub(super) attempt: AttemptId,
    pub(super) expires_at: Timestamp,
    pub(super) account: AccountId,
    /// Digest of the record that it is to replace.
    pub(super) record: [u8; 32],
}

impl LoginState {
    pub(super) fn seal(&self, key: &ServerSeal) -> Vec<u8> {
        let exchange = self.exchange.expose_secret();
        let parts = [self.guesser.as_bytes().as_slice(), &self.record, exchange.expose_secret()];
        seal(key, Usage::Login, self.attempt, self.expires_at, &parts)
    }

    pub(super) fn open(key: &ServerSeal, sealed: &[u8], now: Timestamp) -> Result<Self, Unusable> {
        let opened = Opened::new(key, Usage::Login, sealed, now)?;
        let (attempt, expires_at, mut rest) = opened.split()?;
        Ok(Self {
            attempt,
            expires_at,
            guesser: Guesser::from_bytes(take(&mut rest)?),
            record: take(&mut rest)?,
            exchange: LoginAttempt::decode(rest).map_err(|_| Unusable)?,
        })
    }
}

impl ChallengeState {
    pub(super) fn seal(&self, key: &ServerSeal) -> Vec<u8> {
        let parts = [self.account.as_bytes().as_slice(), &self.challenge];
        seal(key, Usage::Challenge, self.attempt, self.expires_at, &parts)
    }

    pub(super) fn open(key: &ServerSeal, sealed: &[u8], now: Timestamp) -> Result<Self, Unusable> {
        let opened = Opened::new(key, Usage::Challenge, sealed, now)?;
        let (attempt, expires_at, mut rest) = opened.split()?;
        let account = AccountId::from_bytes(take(&mut rest)?);
        Ok(Self { attempt, expires_at, account, challenge: take(&mut rest)? })
    }
}

impl RecoveryState {
    pub(super) fn seal(&self, key: &ServerSeal) -> Vec<u8> {
        let parts = [self.account.as_bytes().as_slice(), &self.record];
        seal(key, Usage::Recovery, self.attempt, self.expires_at, &parts)
    }

    pub(super) fn open(key: &ServerSeal, sealed: &[u8], now: Timestamp) -> Result<Self, Unusable> {
        let opened = Opened::new(key, Usage::Recovery, sealed, now)?;
        let (attempt, expires_at, mut rest) = opened.split()?;
        let account = AccountId::from_bytes(take(&mut rest)?);
        Ok(Self { attempt, expires_at, account, record: take(&mut rest)? })
    }
}

/// A new attempt.
pub(super) fn new_attempt() -> AttemptId {
    AttemptId(random::bytes())
}

/// Stands for a login record in a state; for no record as well.
pub(super) fn record_digest(record: &[u8]) -> [u8; 32] {
    sha256(&[record])
}

fn seal(key: &ServerSeal, usage: Usage, attempt: AttemptId, expires_at: Timestamp, parts: &[&[u8]]) -> Vec<u8> {
    let ends = expires_at.unix_millis().to_be_bytes();
    let content = SecretVec::new([&[attempt.0.as_slice(), &ends], parts].concat().concat());
    key.seal(usage, &NOBODY, content.expose_secret(), &mut random::source())
}

/// A state that is ours and not too old.
struct Opened(SecretVec, Timestamp);

impl Opened {
    fn new(key: &ServerSeal, usage: Usage, sealed: &[u8], now: Timestamp) -> Result<Self, Unusable> {
        key.open(usage, &NOBODY, sealed).map(|content| Self(content, now)).map_err(|_| Unusable)
    }

    fn split(&self) -> Result<(AttemptId, Timestamp, &[u8]), Unusable> {
        let mut rest = self.0.expose_secret();
        let attempt = AttemptId(take(&mut rest)?);
        let expires_at = Timestamp::from_unix_millis(u64::from_be_bytes(take(&mut rest)?));
        if expires_at <= self.1 { Err(Unusable) } else { Ok((attempt, expires_at, rest)) }
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Unusable> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(Unusable)?;
    *bytes = rest;
    Ok(*taken)
}
