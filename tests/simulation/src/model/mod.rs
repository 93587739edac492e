//! The server as the contract describes it, in memory, synchronous and deterministic.
//!
//! It does what `docs/PROTOCOL.md` says and what the real server does, without rates, quotas and files, and with nothing that can
//! fail: a call has happened, durably, when [`Model::call`] returns. A clone of it is a server that was copied, to be rolled back
//! to or to tell other people other things.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "one shape for all verbs"
)]

mod account;
mod auth;
mod commit;
mod conversation;
mod create;
mod devices;
mod directory;
mod dispatch;
mod doctor;
mod factor;
mod fault;
mod fields;
mod gate;
mod judging;
mod keys;
mod leave;
mod live;
mod log;
mod markers;
mod reading;
mod recovery;
mod registration;
mod removals;
mod reset;
mod sealed;
mod sync;
mod transparency;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use sotto_crypto::directory::DirectorySigner;
use sotto_crypto::login::server::LoginServer;
use sotto_crypto::primitives::{SigningKey, VerifyingKey};
use sotto_crypto::secret::Secret;
use sotto_crypto::time::Time;
use sotto_proto::{AccountId, ConversationId, RequestId, SessionId};

use account::{Account, Names};
use auth::{Attempts, RefreshToken};
use conversation::Conversation;
pub use factor::totp;
pub use fault::Fault;
use gate::{AccessToken, Session};
use keys::Claim;
use live::Subscription;
use transparency::Directory;

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One encoded message.
    Reply(Bytes),
    /// Encoded messages, one after the other, and then the end.
    Pieces(Vec<Bytes>),
    /// The stream is open: [`Model::items`] has what comes.
    Subscribed,
}

/// The server.
#[derive(Clone)]
pub struct Model {
    keys: Arc<Keys>,
    /// The version of the protocol that it speaks.
    protocol: u32,
    accounts: BTreeMap<AccountId, Account>,
    names: Names,
    sessions: BTreeMap<SessionId, Session>,
    access_tokens: BTreeMap<String, AccessToken>,
    refresh_tokens: BTreeMap<String, RefreshToken>,
    attempts: Attempts,
    conversations: BTreeMap<ConversationId, Conversation>,
    claims: BTreeMap<(AccountId, RequestId), Claim>,
    subscriptions: BTreeMap<SessionId, Subscription>,
    directory: Directory,
    /// Whether it is of before there were directories of keys.
    is_older: bool,
}

/// The keys that a server never changes.
struct Keys {
    login: LoginServer,
    external_sender: SigningKey,
    directory: DirectorySigner,
}

/// When a call arrives, and the randomness that it may draw.
struct Moment<'a> {
    now: u64,
    rng: &'a mut StdRng,
}

impl Moment<'_> {
    fn time(&self) -> Time {
        time(self.now)
    }
}

impl Model {
    /// A new server, on which nobody is.
    pub fn new(rng: &mut StdRng) -> Self {
        let keys = Keys {
            login: LoginServer::generate(rng),
            external_sender: SigningKey::generate(rng),
            directory: DirectorySigner::derive(&Secret::generate(rng)),
        };
        Self {
            keys: Arc::new(keys),
            protocol: 1,
            accounts: BTreeMap::new(),
            names: Names::default(),
            sessions: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            attempts: Attempts::default(),
            conversations: BTreeMap::new(),
            claims: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            directory: Directory::default(),
            is_older: false,
        }
    }

    /// The key that groups name as their external sender.
    pub fn external_sender(&self) -> VerifyingKey {
        self.keys.external_sender.verifying_key()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Model");
        shown.field("accounts", &self.accounts.len()).field("conversations", &self.conversations.len());
        shown.finish_non_exhaustive()
    }
}

fn time(now_ms: u64) -> Time {
    Time::from_unix_seconds(now_ms / 1_000)
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
