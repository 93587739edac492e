//! What all transports share: the way to the services, watched and counted.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use sotto_proto::Method;
use sotto_proto::wire::ErrorCode;
use tracing::Instrument as _;

use super::Settings;
use super::stop::Stop;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::services::{AccessToken, Answer, Caller, Failure, Items, Services};

/// What transports need of the services. Tests put something smaller in their place.
pub(crate) trait Calls: Send + Sync + 'static {
    fn call(
        self: Arc<Self>,
        method: Method,
        caller: Caller,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Answer, Failure>>;

    /// Who presents a token, if it is one of ours and not past its time.
    fn verify_token(&self, token: &str) -> Result<AccessToken, Failure>;

    /// Whether the token's session still lives.
    fn session_alive(self: Arc<Self>, token: AccessToken) -> BoxFuture<'static, Result<(), Failure>>;

    /// Whether what the services stand on answers.
    fn ready(self: Arc<Self>) -> BoxFuture<'static, bool>;
}

impl Calls for Services {
    fn call(
        self: Arc<Self>,
        method: Method,
        caller: Caller,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Answer, Failure>> {
        async move { Self::call(&self, method, &caller, body).await }.boxed()
    }

    fn verify_token(&self, token: &str) -> Result<AccessToken, Failure> {
        Self::verify_token(self, token)
    }

    fn session_alive(self: Arc<Self>, token: AccessToken) -> BoxFuture<'static, Result<(), Failure>> {
        async move { Self::session_alive(&self, &token).await }.boxed()
    }

    fn ready(self: Arc<Self>) -> BoxFuture<'static, bool> {
        async move { Self::is_ready(&self).await }.boxed()
    }
}

/// Everything that a connection works with.
pub(crate) struct Front {
    calls: Arc<dyn Calls>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    pub(super) stop: Stop,
}

impl Front {
    pub(crate) fn new(
        calls: Arc<dyn Calls>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        settings: Settings,
        stop: Stop,
    ) -> Self {
        Self { calls, clock, metrics, settings, stop }
    }

    /// Makes a call. A bug in one of them ends that call and nothing else.
    pub(super) fn call(
        &self,
        method: Method,
        caller: Caller,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Answer, Failure>> {
        let metrics = self.metrics.clone();
        // Whatever is logged on the way says which call it was. It costs nothing unless such lines are wanted.
        let span = tracing::debug_span!("call", method = method.path());
        let call = self.calls.clone().call(method, caller, body);
        // A server that shuts down waits for what is under way, even if nobody else does any more.
        let stop = self.stop.clone();
        async move {
            let begun = Instant::now();
            let answer = AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| Err(panicked()));
            drop(stop);
            let code = answer.as_ref().err().map(Failure::code);
            metrics.called(method, code, begun.elapsed());
            if let Err(failure) = &answer {
                log_failure(method, failure, begun);
            }
            Ok(match answer? {
                Answer::Items(items) => Answer::Items(watched(method, items, metrics)),
                reply @ Answer::Reply(_) => reply,
            })
        }
        .instrument(span)
        .boxed()
    }

    pub(super) fn verify_token(&self, token: &str) -> Result<AccessToken, Failure> {
        self.calls.verify_token(token)
    }

    pub(super) fn session_alive(&self, token: AccessToken) -> BoxFuture<'static, Result<(), Failure>> {
        self.calls.clone().session_alive(token)
    }

    pub(super) fn ready(&self) -> BoxFuture<'static, bool> {
        self.calls.clone().ready()
    }
}

fn watched(method: Method, items: Items, metrics: Arc<Metrics>) -> Items {
    let open = metrics.stream(method);
    let begun = Instant::now();
    let mut over = false;
    AssertUnwindSafe(items)
        .catch_unwind()
        .map(move |item| {
            let _counted = &open;
            let item = item.unwrap_or_else(|_| Err(panicked()));
            if let Err(failure) = &item {
                metrics.stream_failed(method, failure.code());
                log_failure(method, failure, begun);
            }
            item
        })
        .take_while(move |item| {
            let wanted = !over;
            over = item.is_err();
            std::future::ready(wanted)
        })
        .boxed()
}

/// What went wrong is in the log already, by the panic's own message; it belongs to nobody else.
fn panicked() -> Failure {
    Failure::internal("a call panicked", None)
}

/// Failures that are the caller's own business are of interest only when one looks for them.
fn log_failure(method: Method, failure: &Failure, begun: Instant) {
    let code = failure.code();
    let (method, code_name, took_ms) = (method.path(), code.as_str_name(), millis(begun));
    if code == ErrorCode::Internal {
        let incident = data_encoding::HEXLOWER.encode(&failure.detail().incident_id);
        tracing::error!(method, incident, took_ms, "a call failed by a bug or damage");
    } else {
        tracing::debug!(method, code = code_name, took_ms, "a call failed");
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
