//! Sessions and their tokens, as callers get them.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use sotto_crypto::labels;
use sotto_crypto::primitives::sha256;
use sotto_proto::{AccountId, RequestId, SessionId, wire};

use super::fields::ClaimedDevice;
use crate::services::{Context, Failure, random};
use crate::store::{AttemptId, NewSession, Session, TokenHash};

/// How long a refresh token is good.
pub(super) const REFRESH_GOOD_FOR: Duration = Duration::from_hours(30 * 24);

/// A refresh token.
pub(super) struct RefreshToken(String);

impl RefreshToken {
    /// The first one of a session.
    fn first(context: &Context, session: SessionId) -> Self {
        Self::derive(context, labels::FIRST_REFRESH_TOKEN, &[session.as_bytes()])
    }

    /// What a token is traded for: the same in every repetition of the request, so that nobody is locked out by a lost reply.
    pub(super) fn next(context: &Context, traded: &str, request: RequestId) -> Self {
        Self::derive(context, labels::NEXT_REFRESH_TOKEN, &[request.as_bytes(), traded.as_bytes()])
    }

    fn derive(context: &Context, label: &str, content: &[&[u8]]) -> Self {
        Self(BASE64URL_NOPAD.encode(context.secrets.repeatable(label, content).expose_secret()))
    }

    pub(super) fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

/// What the database knows of a refresh token.
pub(super) fn hash(token: &str) -> TokenHash {
    TokenHash(sha256(&[labels::REFRESH_TOKEN_HASH.as_bytes(), token.as_bytes()]))
}

/// A session that nothing else may ever lead to.
pub(super) fn random_session() -> SessionId {
    SessionId::from_bytes(random::bytes())
}

/// The session of a login by a device: the same in every repetition of the request, and another one for another device.
pub(super) fn session_of(context: &Context, attempt: AttemptId, device: &ClaimedDevice) -> SessionId {
    let content: [&[u8]; 3] = [&attempt.0, device.id.as_bytes(), &device.key];
    let derived = context.secrets.repeatable(labels::SESSION_OF_LOGIN, &content);
    let (id, _) = derived.expose_secret().split_first_chunk().expect("an HMAC is longer than an id");
    SessionId::from_bytes(*id)
}

/// A session to be opened, with its first refresh token.
pub(super) fn new_session(
    context: &Context,
    id: SessionId,
    account: AccountId,
    device: &ClaimedDevice,
) -> (NewSession, RefreshToken) {
    let token = RefreshToken::first(context, id);
    let at = context.now();
    let session = NewSession {
        id,
        account,
        device: device.id,
        device_key: device.key,
        token: token.hash(),
        expires_at: at.plus(REFRESH_GOOD_FOR),
        at,
    };
    (session, token)
}

/// What the caller gets of a session that was opened or went on.
pub(super) fn reply(context: &Context, session: &Session, refresh: RefreshToken) -> Result<wire::Session, Failure> {
    let now = context.now();
    let access = context.secrets.tokens.issue(session.id, session.expires_at, now)?;
    Ok(wire::Session {
        session_id: session.id.to_wire(),
        access_token: access.token,
        access_expires_in_ms: access.expires_in_ms,
        refresh_token: refresh.0,
        refresh_expires_in_ms: session.expires_at.unix_millis().saturating_sub(now.unix_millis()),
        certified: session.certified,
    })
}

/// The same for a session that was just opened.
pub(super) async fn reply_opened(
    context: &Context,
    session: SessionId,
    refresh: RefreshToken,
) -> Result<wire::Session, Failure> {
    reply(context, &context.store.session(session, context.now()).await?, refresh)
}
