//! The client engine with everything that it does not have by itself: a clock, randomness, a connection that comes back, and a thread to
//! live on. One small asynchronous interface on top, for the terminal, bots and tests.
//!
//! ```no_run
//! use sotto_client::store::{Store, StoreKey};
//! use sotto_native_client::Client;
//! # async fn example(mut key: [u8; 32]) -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open("alice.db", &StoreKey::take(&mut key))?;
//! let client = Client::start(store, "https://chat.example.org")?;
//! let mut changes = client.changes();
//! let chats = client.with(|engine, _| engine.chats()).await??;
//! println!("{} chats; then {:?}", chats.len(), changes.recv().await);
//! # Ok(())
//! # }
//! ```

mod agent;
pub mod files;
mod link;
mod visit;

use std::sync::Arc;
use std::thread::JoinHandle;

use sotto_client::engine::{Change, Engine, EngineError, Moment};
use sotto_client::store::Store;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use visit::Visitor;

use agent::Agent;
use link::Link;

/// Why a client could not be started or asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address of the server is none.
    #[error("'{0}' is not the address of a server; it looks like https://chat.example.org")]
    Address(String),
    /// The machine gives no thread or no randomness.
    #[error("the operating system does not give what a client needs")]
    System(#[from] std::io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

/// Something to be done with the engine.
type Work = Box<dyn FnOnce(&mut Engine, &mut Moment<'_>) + Send>;

/// How things stand between the engine and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Whether the server answers.
    pub reach: Reach,
    /// Whether everything was asked and answered: nothing is on its way, and nothing waits for another try, apart from files.
    pub at_rest: bool,
}

/// Whether the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nothing was heard yet.
    #[default]
    Unknown,
    /// It answered when it was last asked.
    There,
    /// It could not be reached. It is tried again by itself.
    Away,
}

/// An engine at work. It ends with the last handle: whoever drops that waits until the step that is under way is on the disk.
#[derive(Clone)]
pub struct Client {
    at_work: Arc<AtWork>,
    changes: broadcast::Sender<Change>,
    line: watch::Receiver<Line>,
}

/// The thread that the engine lives on, and the way to it.
struct AtWork {
    work: Option<mpsc::UnboundedSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.work = None;
        // What was asked of the engine may hold the last handle itself.
        let thread = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Client {
    /// Goes on with what is in a store, on a thread of its own, against the server at `address`.
    pub fn start(store: Store, address: &str) -> Result<Self, ClientError> {
        let engine = Engine::open(store)?;
        let link = Link::to(address).ok_or_else(|| ClientError::Address(address.to_owned()))?;
        let (work, inbox) = mpsc::unbounded_channel();
        let (changes, _) = broadcast::channel(CHANGES_KEPT);
        let (put_line, line) = watch::channel(Line::default());
        let agent = Agent::new(engine, link, inbox, changes.clone(), put_line)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let live = move || {
            runtime.block_on(agent.run());
            // A name that is still being looked up must not keep anybody waiting.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("sotto".to_owned()).spawn(live)?;
        Ok(Self { at_work: Arc::new(AtWork { work: Some(work), thread: Some(thread) }), changes, line })
    }

    /// Does something with the engine at the present moment, and waits until it is done.
    pub async fn with<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        let (done, outcome) = oneshot::channel();
        let work: Work = Box::new(move |engine, moment| {
            // Whoever does not wait any more does not want to know.
            let _ = done.send(run(engine, moment));
        });
        let thread = self.at_work.work.as_ref().ok_or(ClientError::Ended)?;
        thread.send(work).map_err(|_| ClientError::Ended)?;
        outcome.await.map_err(|_| ClientError::Ended)
    }

    /// What changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// How things stand with the server, now and whenever it changes.
    pub fn line(&self) -> watch::Receiver<Line> {
        self.line.clone()
    }

    /// Waits until something can be seen in the engine, looking again with each change.
    pub async fn until<T: Send + 'static>(
        &self,
        look: impl Fn(&mut Engine) -> Option<T> + Clone + Send + 'static,
    ) -> Result<T, ClientError> {
        let mut changes = self.changes();
        loop {
            let look = look.clone();
            if let Some(found) = self.with(move |engine, _| look(engine)).await? {
                return Ok(found);
            }
            // Who is told that something was missed looks again as well.
            if let Err(broadcast::error::RecvError::Closed) = changes.recv().await {
                return Err(ClientError::Ended);
            }
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client(..)")
    }
}

/// Changes that a slow listener may be behind. One that is further behind is told so, and looks at everything.
const CHANGES_KEPT: usize = 1_024;
