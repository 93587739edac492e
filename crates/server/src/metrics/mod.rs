//! What an operator watches: counts, times and sizes, and nothing that names anybody.

mod process;

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sotto_proto::Method;
use sotto_proto::wire::ErrorCode;

/// All metrics of one node.
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    /// Of the calls that went well, which are most: found without a look-up.
    successes: Vec<Counter>,
    durations: Vec<Histogram>,
    stream_failures: Family<CallLabels, Counter>,
    streams: Family<MethodLabels, Gauge>,
    connections: Family<ConnectionLabels, Gauge>,
    refused: Family<RefusedLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    kind: Connection,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    reason: Refused,
}

/// What a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Connection {
    /// HTTP; gRPC is among it.
    Http,
    /// Frames.
    WebSocket,
}

/// Why a connection was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Refused {
    /// There are too many.
    Full,
    /// There are too many from its address.
    AddressFull,
    /// It did not finish its TLS handshake.
    Tls,
}

/// Counts something as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let calls: Family<CallLabels, Counter> = Family::default();
        let durations = Family::<MethodLabels, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let (stream_failures, streams) = (Family::default(), Family::default());
        let (connections, refused) = (Family::default(), Family::default());

        let mut all = Registry::default();
        all.register_collector(Box::new(process::Process));
        let registry = all.sub_registry_with_prefix("sotto");
        registry.register("calls", "Calls by method and code", calls.clone());
        registry.register("call_duration_seconds", "Time until a call was answered", durations.clone());
        registry.register("stream_failures", "Streams that ended early, by method and code", stream_failures.clone());
        registry.register("streams", "Streams that are open", streams.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        registry.register("connections_refused", "Connections that were not taken", refused.clone());

        let successes = Method::ALL.iter().map(|method| calls.get_or_create_owned(&labels(*method, None))).collect();
        let durations = Method::ALL
            .iter()
            .map(|method| durations.get_or_create_owned(&MethodLabels { method: method.path() }))
            .collect();
        Self { registry: all, calls, successes, durations, stream_failures, streams, connections, refused }
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if text::encode(&mut text, &self.registry).is_err() {
            tracing::error!("metrics cannot be written");
        }
        text
    }

    pub(crate) fn called(&self, method: Method, failure: Option<ErrorCode>, took: Duration) {
        match failure {
            None => self.successes[method as usize].inc(),
            Some(_) => self.calls.get_or_create(&labels(method, failure)).inc(),
        };
        self.durations[method as usize].observe(took.as_secs_f64());
    }

    pub(crate) fn stream_failed(&self, method: Method, code: ErrorCode) {
        self.stream_failures.get_or_create(&labels(method, Some(code))).inc();
    }

    pub(crate) fn stream(&self, method: Method) -> Counted {
        Counted::new(self.streams.get_or_create_owned(&MethodLabels { method: method.path() }))
    }

    pub(crate) fn connection(&self, kind: Connection) -> Counted {
        Counted::new(self.connections.get_or_create_owned(&ConnectionLabels { kind }))
    }

    /// Connections that are open now.
    pub(crate) fn open_connections(&self) -> u64 {
        let open = |kind| self.connections.get_or_create(&ConnectionLabels { kind }).get();
        u64::try_from(open(Connection::Http) + open(Connection::WebSocket)).unwrap_or_default()
    }

    pub(crate) fn refused(&self, reason: Refused) {
        self.refused.get_or_create(&RefusedLabels { reason }).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

fn labels(method: Method, failure: Option<ErrorCode>) -> CallLabels {
    let code = failure.map_or("OK", |code| code.as_str_name().trim_start_matches("ERROR_CODE_"));
    CallLabels { method: method.path(), code }
}

/// From what an append takes to what a client waits for at most.
const SECONDS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// How the names of all our metrics begin.
    const OURS: [&str; 2] = ["sotto_", "process_"];

    #[test]
    fn open_connections_are_those_of_all_kinds() {
        let metrics = Metrics::new();
        let open = [metrics.connection(Connection::Http), metrics.connection(Connection::WebSocket)];
        assert_eq!(metrics.open_connections(), 2);
        drop(open);
        assert_eq!(metrics.open_connections(), 0);
    }

    #[test]
    fn calls_are_counted_by_method_and_code() {
        let metrics = Metrics::new();
        let method = Method::ConversationAppend;
        metrics.called(method, None, Duration::from_millis(2));
        metrics.called(method, Some(ErrorCode::EpochConflict), Duration::from_secs(20));
        let text = metrics.text();
        let path = "method=\"sotto.v1.ConversationService/Append\"";
        assert!(text.contains(&format!("sotto_calls_total{{{path},code=\"OK\"}} 1\n")), "{text}");
        assert!(text.contains(&format!("sotto_calls_total{{{path},code=\"EPOCH_CONFLICT\"}} 1\n")), "{text}");
        assert!(text.contains(&format!("sotto_call_duration_seconds_count{{{path}}} 2\n")), "{text}");
        assert!(text.contains(&format!("sotto_call_duration_seconds_bucket{{le=\"0.0025\",{path}}} 1\n")), "{text}");
    }

    #[test]
    fn what_is_open_is_counted_until_it_is_dropped() {
        let metrics = Metrics::new();
        let first = metrics.connection(Connection::WebSocket);
        let second = metrics.connection(Connection::WebSocket);
        drop(first);
        assert!(metrics.text().contains("sotto_connections{kind=\"WebSocket\"} 1\n"));
        drop(second);
        assert!(metrics.text().contains("sotto_connections{kind=\"WebSocket\"} 0\n"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_dashboard_and_alerts_ask_for_exists() {
        let metrics = Metrics::new();
        let method = Method::ConversationAppend;
        metrics.called(method, None, Duration::ZERO);
        metrics.stream_failed(method, ErrorCode::SlowConsumer);
        metrics.refused(Refused::Full);
        let _open = (metrics.stream(method), metrics.connection(Connection::Http));
        let text = metrics.text();
        let told: BTreeSet<&str> = text.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
        for asked in
            [include_str!("../../../../deploy/grafana/sotto.json"), include_str!("../../../../deploy/alerts.yml")]
        {
            let words = asked.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let asked: BTreeSet<&str> = words.filter(|word| OURS.iter().any(|ours| word.starts_with(ours))).collect();
            assert!(asked.len() > 2, "{asked:?}");
            assert_eq!(asked.difference(&told).collect::<Vec<_>>(), [&""; 0]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_tells_what_it_uses() {
        let text = Metrics::new().text();
        for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
            let line = text.lines().find(|line| line.starts_with(name)).expect(name);
            let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(value > 0.0 || name.contains("cpu"), "{line}");
        }
    }
}
