//! What the server does for its callers: verbs of the domain, free of any transport.
//!
//! [`Services::call`] is the one way in. It knows who may call what, bounds and decodes the request, and answers with bytes
//! or with the reason why not. Transports find out who calls, and carry the bytes.

mod accounts;
mod admin;
mod auth;
mod caller;
mod context;
mod conversations;
mod cursor;
mod directory;
mod dispatch;
mod failure;
mod fields;
mod files;
mod gate;
mod groups;
mod items;
mod keys;
mod live;
mod random;
mod rates;
mod recent;
mod removals;
mod secrets;
mod settings;
mod stream;
mod tokens;
mod upkeep;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use sotto_crypto::directory::DirectorySigner;
use sotto_crypto::primitives::VerifyingKey;

pub use caller::{AccessToken, Caller, Visitor};
pub use context::Ports;
pub use failure::Failure;
pub(crate) use random::{bytes as random_bytes, source as random_source};
pub use settings::Settings;

use accounts::Accounts;
use admin::Admin;
use auth::Auth;
use context::Context;
use conversations::Conversations;
use directory::Directory;
use files::Files;
use gate::Gate;
use keys::Keys;
use rates::Rates;
use removals::Removals;
use stream::LiveStream;
use upkeep::Upkeep;

/// The items of a stream, until it ends or fails.
pub type Items<T = Bytes> = BoxStream<'static, Result<T, Failure>>;

/// What a call is answered with.
pub enum Answer {
    /// One encoded message.
    Reply(Bytes),
    /// Encoded messages, one after the other.
    Items(Items),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reply(_) => "Reply(..)",
            Self::Items(_) => "Items(..)",
        })
    }
}

/// All services of one node.
pub struct Services {
    gate: Arc<Gate>,
    auth: Auth,
    accounts: Accounts,
    keys: Keys,
    conversations: Conversations,
    stream: LiveStream,
    files: Arc<Files>,
    admin: Admin,
    directory: Directory,
    upkeep: Arc<Upkeep>,
    context: Arc<Context>,
}

impl Services {
    /// Services over the given ports.
    pub fn new(ports: Ports, settings: Settings) -> Arc<Self> {
        let signer = DirectorySigner::derive(&ports.secret);
        let context = Arc::new(Context::new(ports, settings));
        let removals = Arc::new(Removals::new(context.clone()));
        let files = Arc::new(Files::new(context.clone()));
        let upkeep = Arc::new(Upkeep::new(context.clone(), removals.clone(), files.clone()));
        let gate = Arc::new(Gate::new(context.clone()));
        Arc::new(Self {
            auth: Auth::new(context.clone(), gate.clone()),
            gate,
            accounts: Accounts::new(context.clone(), removals.clone()),
            keys: Keys::new(context.clone()),
            conversations: Conversations::new(context.clone(), removals.clone()),
            stream: LiveStream::new(context.clone()),
            files,
            admin: Admin::new(context.clone()),
            directory: Directory::new(context.clone(), signer),
            upkeep,
            context,
        })
    }

    /// Who presents an access token, if it is one of ours and not past its time.
    pub fn verify_token(&self, token: &str) -> Result<AccessToken, Failure> {
        self.context.secrets.tokens.verify(token, self.context.now())
    }

    /// Whether the session of a token still lives. What is answered may be two seconds old.
    pub async fn session_alive(&self, token: &AccessToken) -> Result<(), Failure> {
        self.gate.session(*token).await.map(drop)
    }

    /// Whether the accounts in the store were made under this server's secret; with another one nobody could log in.
    pub async fn owns_store(&self) -> Result<bool, Failure> {
        self.context.secrets.own(&*self.context.store).await
    }

    /// Prunes, purges, publishes and finishes what was interrupted, again and again, until dropped. Any number of nodes may.
    pub async fn keep_up(&self) {
        tokio::join!(self.upkeep.run(), self.directory.keep_publishing());
    }

    /// Does once what [`Self::keep_up`] repeats.
    pub async fn keep_up_once(&self) -> Result<(), Failure> {
        self.upkeep.once().await?;
        self.directory.publish_due().await
    }

    /// The key that groups name as their external sender.
    pub fn external_sender(&self) -> VerifyingKey {
        self.upkeep.external_sender()
    }

    /// Whether what the services stand on answers.
    pub async fn is_ready(&self) -> bool {
        self.context.store.check().await.is_ok()
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services(..)")
    }
}
