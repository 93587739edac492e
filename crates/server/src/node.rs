//! One server: its parts put together, served, and taken apart in order.

use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sotto_crypto::secret::Secret;
use sotto_proto::limits;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::blobs::{self, BlobError};
use crate::bus::{Bus, BusError, LocalBus, NatsBus};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, TlsConfig};
use crate::metrics::Metrics;
use crate::server_key;
use crate::services::{Ports, Services, Settings, random_bytes};
use crate::store::{self, Store, StoreError};
use crate::transport::tls::{Acme, CertificateFiles, Tls, TlsError};
use crate::transport::{self, Front, Stop, stopper};

/// A server that is ready to serve.
pub struct Node {
    services: Arc<Services>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    certificates: Certificates,
    transport: transport::Settings,
}

impl Node {
    /// Opens what the settings name.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        make_private(&config.data)?;
        let certificates = match &config.tls {
            TlsConfig::Off => Certificates::None,
            TlsConfig::Files { certificate, key } => Certificates::Files(CertificateFiles::open(certificate, key)?),
            TlsConfig::Acme(acme) => Certificates::Acme(Acme::open(acme, &config.data.join("acme"))?),
        };
        let store = open_store(config).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let secret = open_key(&config.server_key_file())?;
        let blobs = blobs::open(config.blobs.as_ref().map(crate::config::Secret::expose), &config.data)
            .map_err(StartError::Blobs)?;
        let bus = open_bus(config).await?;
        let ports = Ports { store: store.clone(), bus, blobs, clock: clock.clone(), secret };
        let services = Services::new(ports, service_settings(config));
        if !services.owns_store().await.map_err(|_| StartError::NoAnswer)? {
            return Err(StartError::ForeignKey { file: config.server_key_file() });
        }
        Ok(Self {
            services,
            store,
            clock,
            metrics: Arc::new(Metrics::new()),
            certificates,
            transport: transport_settings(config),
        })
    }

    /// Whether connections speak TLS.
    pub fn has_tls(&self) -> bool {
        !matches!(self.certificates, Certificates::None)
    }

    /// Serves until `shutdown` ends; then takes nothing new, finishes what is under way, and closes the store.
    pub async fn serve(
        self,
        listener: TcpListener,
        metrics_listener: Option<TcpListener>,
        shutdown: impl Future<Output = ()>,
    ) {
        let (stopper, stop) = stopper();
        let calls = self.services.clone();
        let clock = self.clock.clone();
        let front = Front::new(calls, self.clock, self.metrics.clone(), self.transport, stop.clone());
        if let Some(listener) = metrics_listener {
            tokio::spawn(transport::serve_metrics(listener, self.metrics.clone(), stop.clone()));
        }
        let tls = self.certificates.start(&stop);
        tokio::spawn(transport::accept(listener, tls, Arc::new(front)));
        drop(stop);
        let services = self.services;
        let upkeep = tokio::spawn(async move { services.keep_up().await });
        let reporter = tokio::spawn(report_connections(self.store.clone(), clock, self.metrics));

        shutdown.await;
        reporter.abort();
        stopper.ask();
        if tokio::time::timeout(DRAIN, stopper.all_stopped()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        upkeep.abort();
        self.store.close().await;
    }
}

/// Where certificates come from.
enum Certificates {
    None,
    Files(Arc<CertificateFiles>),
    Acme(Arc<Acme>),
}

impl Certificates {
    /// Keeps them up to date until it is time to stop.
    fn start(self, stop: &Stop) -> Option<Tls> {
        match self {
            Self::None => None,
            Self::Files(files) => {
                let tls = files.tls();
                tokio::spawn(files.watch(stop.clone()));
                Some(tls)
            }
            Self::Acme(acme) => {
                let tls = acme.tls();
                tokio::spawn(acme.keep_fresh(stop.clone()));
                Some(tls)
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// Lets the operator know how many connections all nodes have together. What fails is said again in a moment.
async fn report_connections(store: Arc<dyn Store>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) {
    let node = random_bytes();
    loop {
        if let Err(error) = store.report_node(node, metrics.open_connections(), clock.now()).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "connections could not be reported");
        }
        tokio::time::sleep(BETWEEN_REPORTS).await;
    }
}

/// What is kept is for this user alone.
fn make_private(folder: &Path) -> Result<(), StartError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StartError::Data { folder: folder.to_owned(), source })
}

async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    match &config.database {
        None => store::open_sqlite(&config.data)
            .await
            .map_err(|source| StartError::Sqlite { folder: config.data.clone(), source }),
        Some(url) => {
            store::open_postgres(url.expose(), config.database_connections).await.map_err(StartError::Postgres)
        }
    }
}

fn open_key(file: &Path) -> Result<Arc<Secret<32>>, StartError> {
    server_key::open(file).map_err(|source| StartError::ServerKey { file: file.to_owned(), source })
}

async fn open_bus(config: &Config) -> Result<Arc<dyn Bus>, StartError> {
    Ok(match &config.bus {
        None => Arc::new(LocalBus::default()),
        Some(url) => Arc::new(NatsBus::connect(url.expose(), &config.bus_subject).await.map_err(StartError::Bus)?),
    })
}

fn service_settings(config: &Config) -> Settings {
    Settings {
        registration_open: config.registration,
        storage_quota: config.storage_quota,
        file_max: config.file_max.min(limits::FILE_MAX),
        rate_percent: config.rate_percent,
    }
}

fn transport_settings(config: &Config) -> transport::Settings {
    transport::Settings {
        connections: config.connections,
        connections_per_address: config.connections_per_address,
        proxies: config.proxies.clone(),
        origins: config.origins.clone(),
    }
}

/// Why the server did not start; each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {address}: {source}. Choose another with --{setting} ADDRESS:PORT.")]
    Listen {
        /// The setting.
        setting: &'static str,
        /// Its value.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot make the folder {}: {source}. Choose another with --data FOLDER.", folder.display())]
    Data {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The embedded database cannot be opened.
    #[error("cannot open the database in {}: {}. Is another server using the folder? Choose another with --data FOLDER.", folder.display(), innermost(source))]
    Sqlite {
        /// The folder.
        folder: PathBuf,
        /// What the store said.
        source: StoreError,
    },
    /// PostgreSQL cannot be reached, or refuses.
    #[error("cannot use the PostgreSQL database: {}. Is it running, and is the setting database right?", innermost(.0))]
    Postgres(#[source] StoreError),
    /// The place for files cannot be used.
    #[error("cannot use the place for files: {}. Is the setting blobs right?", innermost(.0))]
    Blobs(#[source] BlobError),
    /// NATS cannot be reached, or refuses.
    #[error("cannot reach the NATS server: {}. Is it running, and is the setting bus right?", innermost(.0))]
    Bus(#[source] BusError),
    /// The server's own key cannot be used.
    #[error("cannot use the server's key in {}: {source}", file.display())]
    ServerKey {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The key is not the one that the accounts were made under.
    #[error(
        "the key in {} is not the one that the accounts of this database were made under: nobody could log in. \
         Put the right file there, from the backup or from another node.",
        file.display()
    )]
    ForeignKey {
        /// The file.
        file: PathBuf,
    },
    /// The database was opened and then did not answer; the log says why.
    #[error("the database does not answer; the log says why")]
    NoAnswer,
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The operating system does not tell when to stop.
    #[error("cannot hear signals: {0}")]
    Signals(io::Error),
}

/// What went wrong in the end; what lies above it says less.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

/// A node that is silent for two minutes is gone.
const BETWEEN_REPORTS: Duration = Duration::from_secs(30);
/// How long what is under way may take at the end.
const DRAIN: Duration = Duration::from_secs(20);
