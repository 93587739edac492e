//! Hints between those who write and those who deliver: "there is something to read"; and signals, which are not kept.
//!
//! A word on the bus may be lost, doubled or late; nothing depends on it. Truth is in the store, and whoever missed a hint finds the
//! same there. Every node hears every word and knows by itself whom it serves (`docs/adr/0021`).

mod local;
mod nats;
mod word;

use async_trait::async_trait;
use bytes::Bytes;
use sotto_proto::{AccountId, ConversationId};
use thiserror::Error;

pub use local::LocalBus;
pub use nats::NatsBus;

/// What one node tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// The log of a conversation has an entry with this number.
    Grown {
        /// The conversation.
        conversation: ConversationId,
        /// The entry.
        up_to: u64,
    },
    /// Who is in a conversation, or how they stand to it, has changed without a commit.
    Members(ConversationId),
    /// Something that concerns an account's devices has changed.
    Account {
        /// The account.
        account: AccountId,
        /// Its change number.
        change: u64,
    },
    /// Something for whoever of a conversation's members is connected now.
    ToMembers {
        /// The conversation.
        conversation: ConversationId,
        /// Members that do not get it.
        except: Vec<AccountId>,
        /// An encoded item of the live stream.
        item: Bytes,
    },
    /// Something for whichever of an account's devices is connected now.
    ToAccount {
        /// The account.
        account: AccountId,
        /// An encoded item of the live stream.
        item: Bytes,
    },
}

/// What a listener gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A word of another node.
    Word(Word),
    /// Words were lost: look at everything.
    Missed,
}

/// The bus does not work. Nothing is lost by it but time.
#[derive(Debug, Error)]
#[error("the bus does not answer")]
pub struct BusError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Carries words between nodes. A node does not hear itself.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Tells all other nodes that listen. Never waits for slow ones.
    async fn publish(&self, word: Word) -> Result<(), BusError>;

    /// Hears what others say from now on.
    async fn listen(&self) -> Result<Box<dyn Listener>, BusError>;
}

/// Hears other nodes until dropped.
#[async_trait]
pub trait Listener: Send {
    /// The next word. None when the bus has closed.
    async fn next(&mut self) -> Option<Heard>;
}

/// A number that tells a node's own words from those of others.
fn speaker() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
