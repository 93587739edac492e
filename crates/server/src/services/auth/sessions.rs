//! Sessions that go on, and how they end.

use sotto_crypto::proof::Call;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{Invalid, Reason, RequestId, SessionId, limits};

use super::fields::ClaimedDevice;
use super::issue::{REFRESH_GOOD_FOR, RefreshToken};
use super::{Auth, issue};
use crate::services::rates::Rate;
use crate::services::{Failure, Visitor};
use crate::store::{Refusal, Session, StoreError, Trade};

/// A program trades its token each time that it starts, which shows at once that its store was copied or rolled back. A script starts
/// it for each command.
const REFRESHED: Rate = Rate::per_hour("Refresh", 600);
const REVOKED: Rate = Rate::per_hour("RevokeSession", 60);
const REFRESH_TOKEN_MAX: usize = 256;

pub(super) async fn refresh(
    auth: &Auth,
    _: &Visitor,
    request: wire::RefreshRequest,
) -> Result<wire::RefreshResponse, Failure> {
    let context = &auth.context;
    let now = context.now();
    let token = refresh_token(&request.refresh_token)?;
    let by = RequestId::parse("request_id", &request.request_id)?;
    let device = ClaimedDevice::parse(request.device)?;

    // Before the trade: who has a copy of the token, but not the key, must not be able to end the session.
    let session = context.store.session_of_token(issue::hash(token), now).await?;
    device.prove_caller(&session, Call::Refresh { request: by, token: token.as_bytes() }, now)?;
    context.rates.take(&REFRESHED, session.id)?;

    let next = RefreshToken::next(context, token, by);
    let trade = Trade {
        presented: issue::hash(token),
        request: by,
        successor: next.hash(),
        expires_at: now.plus(REFRESH_GOOD_FOR),
        signed_at: device.signed_at(),
        at: now,
    };
    match context.store.trade_token(trade).await {
        Ok(session) => Ok(wire::RefreshResponse { session: Some(issue::reply(context, &session, next)?) }),
        Err(StoreError::Refused(Refusal::RefreshReused)) => {
            tracing::warn!("a refresh token was used twice; its session has ended");
            // Which number the notice got is not known; this one is beyond it.
            auth.ended(session.account, &[session.id], limits::NUMBER_MAX).await;
            Err(ErrorCode::RefreshReused.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn logout(auth: &Auth, caller: &Session) -> Result<wire::LogoutResponse, Failure> {
    match auth.context.store.end_session(caller.account, caller.id).await {
        Ok(change) => auth.ended(caller.account, &[caller.id], change).await,
        Err(StoreError::Refused(Refusal::NotFound)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(wire::LogoutResponse {})
}

pub(super) async fn list(auth: &Auth, caller: &Session) -> Result<wire::ListSessionsResponse, Failure> {
    let sessions = auth.context.store.sessions(caller.account, auth.context.now()).await?;
    Ok(wire::ListSessionsResponse { sessions: sessions.iter().map(|session| info(session, caller)).collect() })
}

pub(super) async fn revoke(
    auth: &Auth,
    caller: &Session,
    request: wire::RevokeSessionRequest,
) -> Result<wire::RevokeSessionResponse, Failure> {
    let session = SessionId::parse("session_id", &request.session_id)?;
    auth.context.rates.take(&REVOKED, caller.account)?;
    let change = auth.context.store.end_session(caller.account, session).await?;
    auth.ended(caller.account, &[session], change).await;
    Ok(wire::RevokeSessionResponse {})
}

fn refresh_token(token: &str) -> Result<&str, Invalid> {
    if (1..=REFRESH_TOKEN_MAX).contains(&token.len()) {
        return Ok(token);
    }
    Err(Invalid::new("refresh_token", Reason::Size { min: 1, max: REFRESH_TOKEN_MAX, actual: token.len() }))
}

fn info(session: &Session, caller: &Session) -> wire::SessionInfo {
    wire::SessionInfo {
        session_id: session.id.to_wire(),
        device_id: session.device.to_wire(),
        opened_at_ms: session.opened_at.unix_millis(),
        last_used_at_ms: session.last_used_at.unix_millis(),
        current: session.id == caller.id,
    }
}
