//! HTTP on one connection, in whatever version the client speaks, with a bound on everything that it can hold open.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Request, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tower::Service as _;

use super::front::Front;
use super::peer::Peer;
use crate::metrics;

/// Serves connections.
#[derive(Clone)]
pub(super) struct Server {
    http: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    front: Arc<Front>,
}

impl Server {
    pub(super) fn new(router: Router, front: Arc<Front>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            // It would count from the end of the request before, and end connections that may rest. `Activity` ends them in time.
            .header_read_timeout(None)
            .max_headers(HEADERS_MAX)
            .max_buf_size(BUFFER_MAX);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_LIST_MAX)
            .max_send_buf_size(SEND_BUFFER_MAX)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_local_error_reset_streams(RESETS_MAX)
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        Self { http: Arc::new(http), router, front }
    }

    pub(super) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let _counted = self.front.metrics.connection(metrics::Connection::Http);
        let activity = Arc::new(Activity::default());
        let service = service_fn(|mut request: Request<Incoming>| {
            let under_way = activity.begin();
            request.extensions_mut().insert(peer.clone());
            name_host(&mut request);
            let answer = self.router.clone().call(request);
            async move { answer.await.map(|response| watched(response, under_way)) }
        });
        let mut connection = pin!(self.http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut stop = self.front.stop.clone();
        let mut stopping = false;
        loop {
            tokio::select! {
                // How it ended is the client's business.
                _ = &mut connection => return,
                () = stop.asked(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.idle() => return,
            }
        }
    }
}

/// In HTTP/2 the host is in the address (RFC 9113 §8.3.1), where nobody would look for it.
fn name_host<B>(request: &mut Request<B>) {
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(HOST).or_insert(host);
    }
}

/// What a connection is doing.
#[derive(Default)]
struct Activity {
    under_way: AtomicUsize,
    last: Mutex<Option<Instant>>,
}

/// A request, until the last byte of its answer.
struct UnderWay(Arc<Activity>);

impl Activity {
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// Ends when there has been nothing to do for too long; sooner for who has never asked for anything.
    async fn idle(&self) {
        let begun = Instant::now();
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let until = last.map_or(begun + HEAD_TIMEOUT, |last| last + IDLE_TIMEOUT);
            let busy = self.under_way.load(Ordering::Relaxed) > 0;
            if !busy && until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(if busy { Instant::now() + IDLE_TIMEOUT } else { until }).await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

fn watched(response: Response<Body>, under_way: UnderWay) -> Response<Watched> {
    response.map(|body| Watched { body, _under_way: under_way })
}

/// A body that counts as activity until it has been sent.
struct Watched {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long a client may take to say what it wants first.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may rest between requests, up to the end of the next one's head.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Silence after which a client of HTTP/2 is asked whether it is there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const HEADERS_MAX: usize = 64;
const BUFFER_MAX: usize = 64 * 1024;
const HEADER_LIST_MAX: u32 = 16 * 1024;
const STREAMS_MAX: u32 = 128;
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const SEND_BUFFER_MAX: usize = 128 * 1024;
/// Streams that a client resets before they are looked at, or that it breaks, until the connection is closed (CVE-2023-44487).
const RESETS_MAX: usize = 20;
