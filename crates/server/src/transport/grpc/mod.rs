//! gRPC over HTTP/2 and gRPC-Web over both versions: one handler for all methods, which carries bytes.

mod deadline;
mod form;
mod health;
mod reply;
mod request;

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AUTHORIZATION, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method as Verb, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sotto_proto::wire::ErrorCode;
use sotto_proto::{Access, Method};

use super::front::Front;
use super::origin;
use super::peer::Peer;
use crate::services::{AccessToken, Answer, Caller, Failure};

pub(super) use form::Form;

/// Whether a request is a call, or a browser's question whether it may make one.
pub(super) fn is_call(request: &Request<Body>) -> bool {
    Form::of(request.headers()).is_some() || is_preflight(request)
}

/// Answers a call.
pub(super) async fn serve(front: &Arc<Front>, peer: Peer, request: Request<Body>) -> Response {
    let origins = &front.settings.origins;
    if !origin::is_allowed(request.headers(), origins) {
        return (StatusCode::FORBIDDEN, "This page may not call here.\n").into_response();
    }
    let foreign = origin::foreign(request.headers(), origins).and_then(|origin| HeaderValue::from_str(origin).ok());
    let mut response = match Form::of(request.headers()) {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(form) => answer(front, peer, form, request).await,
    };
    if let Some(origin) = foreign {
        allow(response.headers_mut(), origin);
    }
    response
}

async fn answer(front: &Arc<Front>, peer: Peer, form: Form, request: Request<Body>) -> Response {
    if request.method() != Verb::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if let Some(answer) = health::Call::of(path) {
        return answer.respond(front, form, request.into_body()).await;
    }
    let Some(method) = Method::from_path(path) else {
        return reply::fail(form, ErrorCode::UnknownMethod.into());
    };
    match call(front, &peer, form, method, request).await {
        Ok((Answer::Reply(message), _)) => reply::one(form, message),
        Ok((Answer::Items(items), token)) => reply::many(form, reply::guarded(front.clone(), token, items)),
        Err(failure) => reply::fail(form, failure),
    }
}

async fn call(
    front: &Arc<Front>,
    peer: &Peer,
    form: Form,
    method: Method,
    request: Request<Body>,
) -> Result<(Answer, Option<AccessToken>), Failure> {
    let (head, mut body) = request.into_parts();
    let work = async {
        let caller = Caller { address: peer.address(&head.headers), token: token(front, method, &head.headers)? };
        let message = request::read(form, &mut body, method.request_max()).await?;
        // In a task of its own: a client that hangs up must not leave an effect half told to others.
        let call = tokio::spawn(front.call(method, caller, message));
        let answer = call.await.unwrap_or_else(|_| Err(ErrorCode::Unavailable.into()))?;
        Ok((answer, caller.token))
    };
    let answer = tokio::time::timeout(deadline::of(method, &head.headers), work).await;
    let answer = answer.unwrap_or_else(|_| Err(ErrorCode::DeadlineExceeded.into()));
    if answer.is_err() {
        request::discard_rest(form, body).await;
    }
    answer
}

/// The token that a call presents, where one is looked at.
fn token(front: &Front, method: Method, headers: &HeaderMap) -> Result<Option<AccessToken>, Failure> {
    if method.access() == Access::Anyone {
        return Ok(None);
    }
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let (scheme, token) = header.and_then(|header| header.split_once(' ')).ok_or(ErrorCode::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > sotto_proto::limits::ACCESS_TOKEN_MAX {
        return Err(ErrorCode::Unauthenticated.into());
    }
    front.verify_token(token.trim()).map(Some)
}

/// RFC-less but common: a browser asks before it sends what a form could not.
fn is_preflight(request: &Request<Body>) -> bool {
    request.method() == Verb::OPTIONS && Method::from_path(request.uri().path().trim_start_matches('/')).is_some()
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ASKED_HEADERS));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(TOLD_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
}

const ASKED_HEADERS: &str = "authorization, content-type, grpc-timeout, x-grpc-web, x-user-agent";
const TOLD_HEADERS: &str = "grpc-status, grpc-message, grpc-status-details-bin";
