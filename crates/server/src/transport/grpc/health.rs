//! The health service that load balancers ask (`grpc.health.v1`).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use sotto_proto::wire::ErrorCode;

use super::form::Form;
use super::{reply, request};
use crate::services::Failure;
use crate::transport::front::Front;

#[derive(Clone, Copy)]
pub(super) enum Call {
    Check,
    Watch,
}

impl Call {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "grpc.health.v1.Health/Check" => Some(Self::Check),
            "grpc.health.v1.Health/Watch" => Some(Self::Watch),
            _ => None,
        }
    }

    pub(super) async fn respond(self, front: &Arc<Front>, form: Form, mut body: Body) -> Response {
        let asked = tokio::time::timeout(PATIENCE, request::read(form, &mut body, REQUEST_MAX)).await;
        match asked.unwrap_or_else(|_| Err(ErrorCode::DeadlineExceeded.into())).and_then(is_about_us) {
            Err(failure) => reply::fail(form, failure),
            Ok(()) => match self {
                Self::Check => reply::one(form, status(front).await),
                Self::Watch => reply::many(form, watch(front.clone())),
            },
        }
    }
}

/// What is asked about: the server as a whole, or one of its services. They live and die together.
fn is_about_us(request: Bytes) -> Result<(), Failure> {
    let asked = Request::decode(request).map_err(|_| ErrorCode::Malformed)?;
    let ours = asked.service.is_empty() || asked.service.starts_with("sotto.v1.");
    if ours { Ok(()) } else { Err(ErrorCode::NotFound.into()) }
}

/// The state now, and again whenever it has changed.
fn watch(front: Arc<Front>) -> crate::services::Items {
    stream::unfold((front, Bytes::from_static(b"none")), |(front, before)| async move {
        let mut stop = front.stop.clone();
        loop {
            let now = status(&front).await;
            if now != before {
                return Some((Ok(now.clone()), (front, now)));
            }
            tokio::select! {
                () = stop.asked() => return None,
                () = tokio::time::sleep(WATCH_INTERVAL) => {}
            }
        }
    })
    .boxed()
}

async fn status(front: &Front) -> Bytes {
    let status = if front.ready().await { SERVING } else { NOT_SERVING };
    Reply { status }.encode_to_vec().into()
}

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Reply {
    #[prost(int32, tag = "1")]
    status: i32,
}

const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;
const REQUEST_MAX: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(10);
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
