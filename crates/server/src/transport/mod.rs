//! How the outside world reaches the services. Transports translate; they never decide.

mod frames;
mod front;
mod grpc;
mod http;
mod listener;
mod metrics_page;
mod origin;
mod paced;
mod peer;
mod security;
mod stop;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
mod web;
mod websocket;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{Request, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get};

pub(crate) use front::Front;
pub(crate) use listener::accept;
pub(crate) use metrics_page::serve as serve_metrics;
pub(crate) use stop::{Stop, stopper};

use peer::Peer;

/// What an operator can set about transports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Connections at once, in all.
    pub(crate) connections: usize,
    /// Connections at once from one address, or one network of version 6.
    pub(crate) connections_per_address: usize,
    /// Proxies that say who is behind them.
    pub(crate) proxies: Vec<IpAddr>,
    /// Origins beside our own whose pages may call.
    pub(crate) origins: Vec<String>,
}

/// Everything that is served on the one port.
fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/ws", any(frames_over_websocket))
        .fallback(call_or_page)
        .layer(map_response(security::add_headers))
        .with_state(front)
}

async fn ready(State(front): State<Arc<Front>>) -> (StatusCode, &'static str) {
    if front.ready().await { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn frames_over_websocket(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    websocket::upgrade(&front, peer, request)
}

async fn call_or_page(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    if grpc::is_call(&request) { grpc::serve(&front, peer, request).await } else { web::serve(&request) }
}

/// A random time between two, so that many do not come at once.
fn jitter(from: Duration, to: Duration) -> Duration {
    let share = f64::from(u32::from_le_bytes(crate::services::random_bytes())) / f64::from(u32::MAX);
    from + to.saturating_sub(from).mul_f64(share)
}
