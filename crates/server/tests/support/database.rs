//! Fresh databases: a folder for SQLite, a database of its own on one PostgreSQL server.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;

use sotto_server::store::{Store, StoreError, open_postgres, open_sqlite};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("sotto-store-").unwrap())
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        open_sqlite(self.0.path()).await
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }
}

pub(crate) struct Postgres {
    server: Server,
    name: String,
}

impl Postgres {
    pub(crate) async fn new() -> Self {
        let server = tokio::task::spawn_blocking(Server::shared).await.unwrap();
        let name = format!("store_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        server.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        server.run(&format!("CREATE DATABASE {name}")).await;
        Self { server, name }
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        open_postgres(&self.url(), 8).await
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.url().rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    pub(crate) async fn remove(self) {
        self.server.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// The server of `SOTTO_TEST_POSTGRES`, or one of our own that ends with the last test that uses it.
enum Server {
    Given(String),
    Own(Arc<OwnServer>),
}

impl Server {
    fn shared() -> Self {
        if let Ok(url) = std::env::var("SOTTO_TEST_POSTGRES") {
            return Self::Given(url);
        }
        let mut running = RUNNING.lock().unwrap();
        let server = running.upgrade().unwrap_or_else(|| Arc::new(OwnServer::start()));
        *running = Arc::downgrade(&server);
        Self::Own(server)
    }

    fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Own(server) => &server.url,
        }
    }

    async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(self.url()).await.unwrap();
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A server dies with the thread that started it, and the threads of tests end early: it gets a thread of its own.
struct OwnServer {
    url: String,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OwnServer {
    fn start() -> Self {
        let (stop, stopped) = channel::<()>();
        let (say, started) = channel();
        let thread = std::thread::spawn(move || {
            let server = sotto_test_services::Postgres::start().unwrap();
            say.send(server.url()).unwrap();
            // Ends when the other side is dropped.
            let _ = stopped.recv();
        });
        Self { url: started.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

static COUNT: AtomicU32 = AtomicU32::new(0);
static RUNNING: Mutex<Weak<OwnServer>> = Mutex::new(Weak::new());
