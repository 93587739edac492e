//! What a server stands on: its database and its bus, real ones, and gone with the test.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use rand::RngExt as _;
use sotto_test_services::{Nats, Postgres, ServiceError};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::people::randomness;

/// Where a server keeps what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// How the nodes of a community tell each other what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusKind {
    /// There is one node.
    Local,
    /// NATS.
    Nats,
}

/// A database and a bus for one community.
pub struct Backing {
    database: Option<Database>,
    bus: Option<Bus>,
}

impl Backing {
    /// Uses the services that the environment names, or starts what is asked for.
    pub async fn new(store: StoreKind, bus: BusKind) -> Result<Self> {
        let database = match (store, std::env::var("SOTTO_TEST_POSTGRES")) {
            (StoreKind::Sqlite, _) => None,
            (StoreKind::Postgres, Ok(url)) => Some(Database::on(url, None).await?),
            (StoreKind::Postgres, Err(_)) => Some(Database::own().await?),
        };
        let bus = match (bus, std::env::var("SOTTO_TEST_NATS")) {
            (BusKind::Local, _) => None,
            (BusKind::Nats, Ok(url)) => Some(Bus { url, subject: subject(), own: None }),
            (BusKind::Nats, Err(_)) => Some(Bus::own().await?),
        };
        Ok(Self { database, bus })
    }

    /// PostgreSQL and NATS that nobody else uses, to be stopped at will.
    pub async fn own_cluster() -> Result<Self> {
        Ok(Self { database: Some(Database::own().await?), bus: Some(Bus::own().await?) })
    }

    /// What points a server to them.
    pub fn flags(&self) -> Vec<String> {
        let database = self.database.iter().flat_map(|database| ["--database", &database.url]);
        let bus = self.bus.iter().flat_map(|bus| ["--bus", &bus.url, "--bus-subject", &bus.subject]);
        database.chain(bus).map(str::to_owned).collect()
    }

    /// Where the database is, if it is PostgreSQL.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// The database server, to be stopped and started.
    pub fn postgres(&self) -> Option<&Kept<Postgres>> {
        self.database.as_ref()?.own.as_ref()
    }

    /// The bus's server, to be stopped and started.
    pub fn nats(&self) -> Option<&Kept<Nats>> {
        self.bus.as_ref()?.own.as_ref()
    }

    /// Drops the database of a server that many tests share. Call it when the server has ended.
    pub async fn remove(self) -> Result<()> {
        match self.database {
            Some(database) => database.run(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await,
            None => Ok(()),
        }
    }
}

/// A database of its own on a PostgreSQL server.
struct Database {
    server: String,
    name: String,
    url: String,
    own: Option<Kept<Postgres>>,
}

impl Database {
    async fn own() -> Result<Self> {
        let server = kept(Postgres::start).await?;
        let url = server.run(|server| server.url()).await?;
        Self::on(url, Some(server)).await
    }

    async fn on(server: String, own: Option<Kept<Postgres>>) -> Result<Self> {
        let (host, _) = server.rsplit_once('/').context("the URL of a database names one")?;
        let name = format!("rig_{:032x}", randomness().random::<u128>());
        let database = Self { url: format!("{host}/{name}"), server, name, own };
        database.run(&format!("CREATE DATABASE {}", database.name)).await?;
        Ok(database)
    }

    async fn run(&self, sql: &str) -> Result<()> {
        let mut connection = PgConnection::connect(&self.server).await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(connection.close().await?)
    }
}

struct Bus {
    url: String,
    subject: String,
    own: Option<Kept<Nats>>,
}

impl Bus {
    async fn own() -> Result<Self> {
        let server = kept(Nats::start).await?;
        Ok(Self { url: server.run(|server| server.url()).await?, subject: subject(), own: Some(server) })
    }
}

/// Keeps communities on one NATS server apart.
fn subject() -> String {
    format!("rig-{:032x}", randomness().random::<u128>())
}

async fn kept<S: 'static>(start: fn() -> Result<S, ServiceError>) -> Result<Kept<S>> {
    tokio::task::spawn_blocking(move || Kept::start(start)).await?
}

/// A service on a thread of its own: it dies with the thread that started it, and threads of a runtime come and go.
pub struct Kept<S> {
    jobs: Option<Sender<Job<S>>>,
    thread: Option<JoinHandle<()>>,
}

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

impl<S: 'static> Kept<S> {
    fn start(start: fn() -> Result<S, ServiceError>) -> Result<Self> {
        let (jobs, queue) = channel::<Job<S>>();
        let (say, started) = channel();
        let thread = std::thread::spawn(move || {
            let mut service = match start() {
                Ok(service) => service,
                Err(error) => return drop(say.send(Err(error))),
            };
            // Whoever starts it waits.
            let _ = say.send(Ok(()));
            for job in queue {
                job(&mut service);
            }
        });
        started.recv()??;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does something with the service, on its thread.
    pub async fn run<R: Send + 'static>(&self, job: impl FnOnce(&mut S) -> R + Send + 'static) -> Result<R> {
        let (say, done) = tokio::sync::oneshot::channel();
        let jobs = self.jobs.as_ref().context("the service runs until it is dropped")?;
        // A failure shows in that nothing comes back.
        let _ = jobs.send(Box::new(move |service| drop(say.send(job(service)))));
        done.await.context("the service's thread has ended")
    }
}

impl<S> Drop for Kept<S> {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
