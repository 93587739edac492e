//! Replies: messages, then the status in the trailers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use sotto_proto::grpc::to_status;
use sotto_proto::wire::ErrorCode;
use tokio::time::Instant;

use super::form::Form;
use crate::services::{AccessToken, Failure, Items};
use crate::transport::front::Front;

pub(super) fn one(form: Form, message: Bytes) -> Response {
    many(form, stream::iter([Ok(message)]).boxed())
}

pub(super) fn many(form: Form, items: Items) -> Response {
    let frames = stream::unfold(Some(items), move |items| async move {
        let mut items = items?;
        Some(match items.next().await {
            Some(Ok(message)) => (form.message(&message), Some(items)),
            Some(Err(failure)) => (form.trailers(trailers(Err(failure))), None),
            None => (form.trailers(trailers(Ok(()))), None),
        })
    });
    respond(form, Body::new(StreamBody::new(frames.map(Ok::<Frame<Bytes>, Infallible>))))
}

/// A reply without messages has its trailers where its head is. A client of gRPC-Web finds them in either place.
pub(super) fn fail(form: Form, failure: Failure) -> Response {
    let mut response = respond(form, Body::empty());
    response.headers_mut().extend(trailers(Err(failure)));
    response
}

/// A stream ends with its session, and some time after its token (`docs/PROTOCOL.md` 12.3).
pub(super) fn guarded(front: Arc<Front>, token: Option<AccessToken>, items: Items) -> Items {
    let Some(token) = token else { return items };
    let check = Instant::now() + CHECK_INTERVAL;
    stream::unfold(Some((front, items, check)), move |state| async move {
        let (front, mut items, mut check) = state?;
        let mut stop = front.stop.clone();
        loop {
            tokio::select! {
                item = items.next() => return Some((item?, Some((front, items, check)))),
                () = stop.asked() => return Some((Err(ErrorCode::Unavailable.into()), None)),
                () = tokio::time::sleep_until(check) => {}
            }
            check = Instant::now() + CHECK_INTERVAL;
            if let Err(why) = still_good(&front, token).await {
                return Some((Err(why), None));
            }
        }
    })
    .boxed()
}

async fn still_good(front: &Front, token: AccessToken) -> Result<(), Failure> {
    if token.expires_at.plus(OUTLIVE) <= front.clock.now() {
        return Err(ErrorCode::TokenExpired.into());
    }
    match front.session_alive(token).await {
        Err(why) if why.code() == ErrorCode::SessionEnded => Err(why),
        // Whether it lives is not known just now, or the token is in its last seconds.
        _ => Ok(()),
    }
}

fn respond(form: Form, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, form.content_type());
    response
}

fn trailers(end: Result<(), Failure>) -> HeaderMap {
    let Err(failure) = end else {
        return HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    };
    let mut trailers = HeaderMap::new();
    to_status(failure.detail()).add_header(&mut trailers).expect("a status of ours is header values");
    trailers
}

const CHECK_INTERVAL: Duration = Duration::from_millis(2_500);
const OUTLIVE: Duration = Duration::from_secs(30);
