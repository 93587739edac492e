//! The engine: everything that a client does, without a clock, a socket or a random number of its own.
//!
//! Commands, replies and items of the live stream go in; calls to make and changes to look at come out. Each step is one transaction:
//! after a crash there is the state before it or after it, and calls are released only after the transaction that decided on them.
//!
//! # The drain rule
//!
//! After each call of a method that takes a [`Moment`], a shell
//!
//! 1. takes [`Engine::outgoing`] and sends everything in it, in any order, and hands in each answer with [`Engine::reply`];
//! 2. takes [`Engine::changes`] and shows what changed;
//! 3. comes back with [`Engine::wake`] at [`Engine::next_due_ms`], if that is not none;
//! 4. does what [`Engine::file_jobs`] gives, and hands in each answer with [`Engine::file_answer`];
//! 5. keeps one live stream open from [`Engine::cursor`] on while that is not none, and hands in its items with [`Engine::item`].
//!
//! A shell that forgets everything and begins again with the same store loses nothing: what was not answered goes out again, byte by
//! byte.

mod account;
mod advance;
mod archive;
mod arrival;
mod arriving;
mod change;
mod chat;
mod checkpoint;
mod commands;
mod directory;
mod entrance;
mod epochs;
mod errands;
mod expiry;
mod founding;
mod handover;
mod health;
mod inheritance;
mod intents;
mod listing;
mod markers;
mod moment;
mod notices;
mod own;
mod people;
mod places;
mod profile;
mod ranges;
mod reading;
mod recovery;
mod registering;
mod renewal;
mod reopening;
mod replies;
mod requests;
mod sending;
mod sessions;
mod settings;
mod step;
mod stream;
mod succession;
mod tokens;
mod transfers;
mod trouble;
mod upkeep;
mod vault;
mod verifying;
mod view;
mod waking;

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message as _;
use sotto_proto::wire::ErrorCode;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, decode, limits, wire};

pub use archive::{ArchiveError, Archived};
pub use change::{Attempt, Change, Why};
pub use chat::Stand;
pub use directory::{DirectoryPresence, KeyFault};
pub use entrance::{FactorCode, Returning};
pub use errands::{Errand, OwnDevice};
pub use listing::ChatView;
pub use markers::Reading;
pub use moment::Moment;
pub use notices::{Line, Placed};
pub use own::OwnAccount;
pub use people::Contact;
pub use places::Abilities;
pub use recovery::Recovering;
pub use registering::NewAccount;
pub use renewal::VaultStand;
pub use requests::{Failure, Outgoing, Ticket};
pub use sending::Queued;
pub use sessions::OwnSession;
pub use settings::Preferences;
pub use sotto_crypto::secret::SecretVec;
pub use transfers::{
    Course, FileAnswer, FileFailure, FileJob, FileWork, JobNumber, Obstacle, PIECE_LEN, Source, TransferId,
    TransferState, TransferView, Waiting,
};
pub use trouble::Trouble;
pub use verifying::{KeyChoice, Safety};
pub use view::{MemberView, Progress};

use account::{Account, State, Wants};
use chat::{Chat, Membership};
use replies::Fate;
use requests::Traffic;
use step::{Memory, Mishap, Step};

use crate::store::{Store, StoreError};

/// Why a command could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed. Nothing of the step was done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody is signed in on this device.
    #[error("nobody is signed in")]
    SignedOut,
    /// Somebody is signed in on this device already.
    #[error("somebody is signed in already")]
    SignedIn,
    /// There is no such conversation here.
    #[error("there is no such conversation")]
    NoSuchChat,
    /// What was written is longer than a message can be.
    #[error("a message has at most {max} bytes, this one has {actual}")]
    TooLong {
        /// Most bytes.
        max: usize,
        /// Bytes found.
        actual: usize,
    },
    /// A file is larger than any that can be sent.
    #[error("a file has at most {max} bytes, this one has {actual}")]
    FileTooLarge {
        /// Most bytes.
        max: u64,
        /// Bytes found.
        actual: u64,
    },
    /// Something that was given does not make sense.
    #[error("{0} cannot be used like this")]
    Unusable(&'static str),
}

/// The engine of one account on one device.
pub struct Engine {
    store: Store,
    memory: Memory,
    changes: Vec<Change>,
}

impl Engine {
    /// Goes on with what is in the store.
    pub fn open(store: Store) -> Result<Self, EngineError> {
        let account = Account::load(store.connection())?;
        let mut memory = Memory { account, ..Memory::default() };
        // The token may be as old as the store.
        memory.token_is_stale = memory.account.as_ref().is_some_and(|account| account.state != State::Entering);
        Ok(Self { store, memory, changes: Vec::new() })
    }

    /// Ends the engine and gives the store back.
    pub fn close(self) -> Store {
        self.store
    }

    // --- Calls and changes -------------------------------------------------------------------------------------------

    /// The calls that are to go out now. Each is given once, until it is answered or due again.
    pub fn outgoing(&mut self, moment: &mut Moment<'_>) -> Result<Vec<Outgoing>, EngineError> {
        self.step(moment, Outgoing::all)
    }

    /// When [`Engine::wake`] should be called, by the clock of the moments.
    pub fn next_due_ms(&self) -> Option<u64> {
        // What needs a session waits for one, and for no moment.
        let is_out = self.memory.account.as_ref().is_some_and(|account| account.state == State::SignedOut);
        self.memory.traffic.next_due_ms(is_out)
    }

    /// Whether a call waits for another try, apart from those of transfers.
    pub fn has_failed_calls(&self) -> bool {
        self.memory.traffic.failed().any(|ticket| !self.memory.transfers.has_asked(ticket))
    }

    /// Looks whether anything is due. Also the way to begin.
    pub fn wake(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.step(moment, |step| {
            step.expire()?;
            if step.is_in_use() {
                step.revisit_unfinished()?;
            }
            Ok(())
        })
    }

    /// The connection is new: what has no answer goes out again, and what was missed is asked for.
    pub fn connected(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.memory.traffic.reconnected();
        self.memory.directory.has_begun = false;
        self.step(moment, |step| {
            if step.memory.account.is_some() {
                step.update(|account| account.wants.add(Wants::SYNC))?;
                step.expire()?;
                step.revisit_unfinished()?;
            }
            Ok(())
        })
    }

    /// Hands in the answer to a call: the reply, or all pieces of a streamed one.
    pub fn reply(
        &mut self,
        ticket: Ticket,
        answer: Result<Vec<Bytes>, Failure>,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let fleeting = Traffic::is_fleeting(ticket);
        if fleeting && self.memory.traffic.fleeting(ticket).is_none() {
            return Ok(());
        }
        let outcome = self.try_step(moment, |step| {
            let kept = match step.memory.traffic.fleeting(ticket) {
                Some(kept) => Some(kept.clone()),
                None => step.kept(ticket)?,
            };
            // What was answered before, or given up, has no meaning any more.
            let Some(kept) = kept else { return Ok(Fate::Over) };
            match answer {
                Ok(pieces) => {
                    step.answered(ticket)?;
                    step.succeed(ticket, &kept, pieces)?;
                    Ok(Fate::Over)
                }
                Err(failure) => {
                    let fate = step.fail_call(ticket, &kept, &failure)?;
                    if matches!(fate, Fate::Over) {
                        step.answered(ticket)?;
                        if let Some(chat) = kept.chat {
                            step.revisit(chat);
                        }
                    }
                    Ok(fate)
                }
            }
        });
        match outcome {
            Ok(Fate::Over) => self.memory.traffic.done(ticket),
            Ok(Fate::Again(wait_ms)) => self.memory.traffic.again(ticket, wait_ms, moment),
            Err(Mishap::Bad(what)) => {
                self.memory.traffic.again(ticket, None, moment);
                self.tell(Change::ServerMisbehaves(what));
            }
            Err(Mishap::Store(error)) => {
                self.memory.traffic.again(ticket, None, moment);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// From where on the live stream is to be read; none while there is nothing to listen to.
    pub fn cursor(&self) -> Option<Bytes> {
        let account = self.memory.account.as_ref()?;
        let listens = account.state == State::InUse
            && !self.memory.token_is_stale
            && !account.wants.has(Wants::SYNC)
            && !account.cursor.is_empty();
        listens.then(|| Bytes::copy_from_slice(&account.cursor))
    }

    /// The token for the live stream.
    pub fn token(&self) -> Option<&str> {
        let account = self.memory.account.as_ref().filter(|_| !self.memory.token_is_stale)?;
        (!account.access_token.is_empty()).then_some(account.access_token.as_str())
    }

    /// Hands in an item of the live stream, as it came.
    pub fn item(&mut self, item: Bytes, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let outcome = self.try_step(moment, |step| {
            let item = decode(item, limits::MESSAGE_MAX).map_err(|_| Mishap::Bad("an item of the live stream"))?;
            step.take_item(item)
        });
        self.answer(outcome)
    }

    /// The live stream ended. What was missed is asked for before the next one begins.
    pub fn stream_ended(&mut self, failure: &Failure, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let code = failure.code();
        self.step(moment, |step| {
            // Whether it was this session that ended, or one before it, new tokens tell.
            let is_stale = [ErrorCode::TokenExpired, ErrorCode::Unauthenticated, ErrorCode::SessionEnded];
            if code.is_some_and(|code| is_stale.contains(&code)) {
                step.memory.token_is_stale = true;
            }
            step.update(|account| account.wants.add(Wants::SYNC))
        })
    }

    /// What changed since this was last asked.
    pub fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    // --- Steps -------------------------------------------------------------------------------------------------------

    fn checked_event(
        &mut self,
        content: Content,
        fallback: &str,
        moment: &mut Moment<'_>,
    ) -> Result<Vec<u8>, EngineError> {
        Self::check(&content, fallback)?;
        self.step(moment, |step| Ok(step.event(content, fallback)))
    }

    /// Whether something can be said at all. Who asks first need not give away what was typed.
    pub fn check(content: &Content, fallback: &str) -> Result<(), EngineError> {
        if crate::timeline::Content::parse(content.clone()).is_err() {
            return Err(EngineError::Unusable("what was written"));
        }
        let (sent_at_ms, content) = (u64::MAX, Some(content.clone()));
        let actual =
            wire::Event { sent_at_ms, content, fallback: fallback.to_owned(), ..wire::Event::default() }.encoded_len();
        let max = limits::EVENT_MAX;
        if actual > max { Err(EngineError::TooLong { max, actual }) } else { Ok(()) }
    }

    fn in_chat<T>(
        &mut self,
        id: ConversationId,
        moment: &mut Moment<'_>,
        work: impl FnOnce(&mut Step<'_, '_>, &mut Chat) -> Result<T, Mishap>,
    ) -> Result<T, EngineError> {
        let found = Chat::load(self.store.connection(), id)?;
        let Some(mut chat) = found.filter(|chat| chat.membership != Membership::Former) else {
            return Err(EngineError::NoSuchChat);
        };
        self.signed_in_step(moment, |step| {
            let value = work(step, &mut chat)?;
            chat.save(step.db)?;
            step.revisit(id);
            Ok(value)
        })
    }

    fn signed_in_step<T>(
        &mut self,
        moment: &mut Moment<'_>,
        work: impl FnOnce(&mut Step<'_, '_>) -> Result<T, Mishap>,
    ) -> Result<T, EngineError> {
        if self.memory.account.is_none() {
            return Err(EngineError::SignedOut);
        }
        self.step(moment, work)
    }

    /// A step that only a failing store or a mistake of this program can stop.
    fn step<T>(
        &mut self,
        moment: &mut Moment<'_>,
        work: impl FnOnce(&mut Step<'_, '_>) -> Result<T, Mishap>,
    ) -> Result<T, EngineError> {
        match self.try_step(moment, work) {
            Ok(value) => Ok(value),
            Err(Mishap::Store(error)) => Err(error.into()),
            Err(Mishap::Bad(what)) => Err(EngineError::Unusable(what)),
        }
    }

    fn answer(&mut self, outcome: Result<(), Mishap>) -> Result<(), EngineError> {
        match outcome {
            Ok(()) => Ok(()),
            Err(Mishap::Store(error)) => Err(error.into()),
            Err(Mishap::Bad(what)) => {
                self.tell(Change::ServerMisbehaves(what));
                Ok(())
            }
        }
    }

    fn try_step<T>(
        &mut self,
        moment: &mut Moment<'_>,
        work: impl FnOnce(&mut Step<'_, '_>) -> Result<T, Mishap>,
    ) -> Result<T, Mishap> {
        let Self { store, memory, .. } = self;
        let outcome = store.transact(|db| {
            let mut step = Step { db, memory, moment, changes: Vec::new(), dirty: BTreeSet::new() };
            let value = work(&mut step)?;
            step.settle()?;
            Ok((value, step.changes))
        });
        match outcome {
            Ok((value, changes)) => {
                for change in changes {
                    self.tell(change);
                }
                Ok(value)
            }
            Err(mishap) => {
                // What is in memory may be ahead of what was undone.
                self.memory.groups.clear();
                let Memory { transfers, traffic, .. } = &mut self.memory;
                transfers.forget(traffic);
                self.memory.account = Account::load(self.store.connection())?;
                Err(mishap)
            }
        }
    }

    fn tell(&mut self, change: Change) {
        if matches!(change, Change::Typing { .. }) || !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("account", &self.memory.account).finish_non_exhaustive()
    }
}
