//! Metrics, on a listener of their own: who may see them is the operator's choice of address.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::stop::Stop;
use crate::metrics::Metrics;

pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>, mut stop: Stop) -> io::Result<()> {
    let router = Router::new().route("/metrics", get(page)).with_state(metrics);
    axum::serve(listener, router).with_graceful_shutdown(async move { stop.asked().await }).await
}

async fn page(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.text())
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
