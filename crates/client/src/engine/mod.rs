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
//! 4. keeps one live stream open from [`Engine::cursor`] on while that is not none, and hands in its items with [`Engine::item`].
//!
//! A shell that forgets everything and begins again with the same store loses nothing: what was not answered goes out again, byte by
//! byte.

mod account;
mod advance;
mod change;
mod chat;
mod entrance;
mod epochs;
mod errands;
mod expiry;
mod founding;
mod intents;
mod markers;
mod moment;
mod notices;
mod people;
mod reading;
mod recovery;
mod reopening;
mod replies;
mod requests;
mod sending;
mod settings;
mod step;
mod stream;
mod upkeep;
mod view;
mod waking;

use std::collections::BTreeSet;

use bytes::Bytes;
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::login::Password;
use sotto_crypto::mls::governance::{Policy, Role};
use sotto_proto::wire::ConversationKind;
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId, ReportId, UserName, decode, limits, wire};
use zeroize::Zeroizing;

pub use change::{Attempt, Change, Why};
pub use chat::{Stand, Trouble};
pub use entrance::{FactorCode, NewAccount, Returning};
pub use errands::{Errand, OwnDevice};
pub use markers::Reading;
pub use moment::Moment;
pub use notices::{Line, Placed};
pub use people::Contact;
pub use recovery::Recovering;
pub use requests::{Failure, Outgoing, Ticket};
pub use sending::Queued;
pub use settings::Preferences;
pub use view::{ChatView, MemberView};

use account::{Account, State, Wants};
use chat::{Chat, Membership};
use entrance::Visitor;
use intents::Intent;
use people::Search;
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
        self.memory.traffic.next_due_ms()
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
            if matches!(code, Some(wire::ErrorCode::TokenExpired | wire::ErrorCode::Unauthenticated)) {
                step.memory.token_is_stale = true;
            }
            if code == Some(wire::ErrorCode::SessionEnded) {
                return step.signed_out();
            }
            step.update(|account| account.wants.add(Wants::SYNC))
        })
    }

    /// What changed since this was last asked.
    pub fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    // --- The account -------------------------------------------------------------------------------------------------

    /// Makes a new account with this device as its first.
    pub fn register(&mut self, chosen: NewAccount, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        if self.memory.account.is_some() {
            return Err(EngineError::SignedIn);
        }
        self.enter(Visitor::New(chosen), moment)
    }

    /// Signs in to an account: with a new device, or again with this one.
    pub fn sign_in(&mut self, returning: Returning, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.enter(Visitor::Back(returning, None), moment)
    }

    /// Comes back without the password, by the recovery words.
    pub fn recover(&mut self, lost: Recovering, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.enter(Visitor::Lost(lost), moment)
    }

    /// Does something that needs the password. [`Change::Done`] or [`Change::Failed`] tells what became of it.
    pub fn run(&mut self, password: Password, errand: Errand, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let account = self.memory.account.as_ref().ok_or(EngineError::SignedOut)?;
        let returning = Returning { login_name: account.user_name.clone(), password, device_name: String::new() };
        self.enter(Visitor::Back(returning, Some(errand)), moment)
    }

    /// Proves that the authenticator has the secret of [`Errand::EnableFactor`].
    pub fn confirm_factor(&mut self, code: &str, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let request = wire::EnableTotpFinishRequest { totp_code: code.to_owned() };
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&request);
            Ok(())
        })
    }

    /// The secret for an authenticator, in the letters that people type into one, after [`Change::FactorDrawn`].
    pub fn expose_factor_secret(&self) -> Option<&str> {
        self.memory.papers.secret.as_ref().map(|secret| secret.as_str())
    }

    /// The ten codes to be written down after the second factor was turned on. They are given once.
    pub fn take_backup_codes(&mut self) -> Vec<Zeroizing<String>> {
        std::mem::take(&mut self.memory.papers.backup_codes)
    }

    /// Asks for the list of the own devices. [`Change::Devices`] tells when it came.
    pub fn ask_for_devices(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.memory.traffic.call(&wire::ListDevicesRequest {});
            Ok(())
        })
    }

    /// The own devices, as they were last asked for.
    pub fn devices(&self) -> &[OwnDevice] {
        &self.memory.devices
    }

    /// Takes this device out of the account and wipes everything here.
    pub fn log_out(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, errands::log_out)
    }

    fn enter(&mut self, visitor: Visitor, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.step(moment, |step| {
            step.enter(visitor);
            Ok(())
        })
    }

    /// Goes on with signing in, after [`Change::SecondFactorNeeded`].
    pub fn second_factor(&mut self, code: FactorCode, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        let waits = self.step(moment, |step| Ok(step.add_factor(code)))?;
        if waits { Ok(()) } else { Err(EngineError::Unusable("a code that nobody asked for")) }
    }

    /// The account that is signed in, or was.
    pub fn own_account(&self) -> Option<AccountId> {
        self.memory.account.as_ref().map(|account| account.id)
    }

    /// Its user name.
    pub fn user_name(&self) -> Option<&str> {
        self.memory.account.as_ref().map(|account| account.user_name.as_str())
    }

    /// This device.
    pub fn device(&self) -> Option<DeviceId> {
        self.memory.account.as_ref().map(|account| account.device)
    }

    /// The account's identity key, which contacts verify.
    pub fn identity(&self) -> Option<IdentityPublicKey> {
        self.memory.account.as_ref().map(|account| account.identity)
    }

    /// Whether this device is signed in and may do everything.
    pub fn is_signed_in(&self) -> bool {
        self.memory.account.as_ref().is_some_and(|account| account.state == State::InUse)
    }

    /// The recovery code of a new account, until the person has written it down.
    pub fn expose_recovery_words(&self) -> Option<&str> {
        self.memory.account.as_ref()?.recovery_words.as_deref()
    }

    /// The person has written the recovery code down: it is forgotten here.
    pub fn recovery_words_are_kept(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.update(|account| account.recovery_words = None))
    }

    // --- Conversations -----------------------------------------------------------------------------------------------

    /// Finds an account by its name and begins a chat with it, with a first message if there is one. [`Change::Started`] names the chat.
    pub fn start_direct(
        &mut self,
        name: &UserName,
        greeting: Option<Content>,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let greeting = greeting.map(|content| self.checked_event(content, "", moment)).transpose()?;
        self.signed_in_step(moment, |step| {
            step.search(name, Search::Direct { greeting });
            Ok(())
        })
    }

    /// Begins a group with accounts that are known already, by chats or by [`Engine::invite`].
    pub fn start_group(
        &mut self,
        title: &str,
        members: &[AccountId],
        moment: &mut Moment<'_>,
    ) -> Result<ConversationId, EngineError> {
        let title = wire::Title { title: title.to_owned(), description: String::new() };
        let title = self.checked_event(Content::Title(title), "", moment)?;
        self.signed_in_step(moment, |step| {
            let chat = step.begin_founding(ConversationKind::Group, members)?;
            step.enqueue(&chat, &title)?;
            Ok(chat.id)
        })
    }

    /// Finds an account by its name and adds it to a group.
    pub fn invite(
        &mut self,
        chat: ConversationId,
        name: &UserName,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            step.search(name, Search::Add(chat.id));
            Ok(())
        })
    }

    /// Adds accounts to a group.
    pub fn add(
        &mut self,
        chat: ConversationId,
        accounts: &[AccountId],
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::add(accounts), moment)
    }

    /// Removes an account from a group.
    pub fn remove(
        &mut self,
        chat: ConversationId,
        account: AccountId,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::remove(account), moment)
    }

    /// Gives an account a role.
    pub fn set_role(
        &mut self,
        chat: ConversationId,
        account: AccountId,
        role: Role,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::role(account, role), moment)
    }

    /// Changes the rules of a group.
    pub fn set_policy(
        &mut self,
        chat: ConversationId,
        policy: Policy,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::policy(policy), moment)
    }

    /// Takes another device of the own account out of a conversation.
    pub fn remove_own_device(
        &mut self,
        chat: ConversationId,
        device: DeviceId,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::remove_device(device), moment)
    }

    /// Leaves a conversation.
    pub fn leave(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.intend(chat, &Intent::leave(), moment)
    }

    fn intend(&mut self, chat: ConversationId, intent: &Intent, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| Ok(step.intend(chat, intent)?))
    }

    /// Accepts a request of a stranger.
    pub fn accept(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            let request = wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() };
            Ok(step.call(requests::Lane::Standing(chat.id), &request)?)
        })
    }

    /// Declines a request of a stranger, and blocks the account as well if wanted.
    pub fn decline(&mut self, chat: ConversationId, block: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            let request = wire::DeclineRequestRequest { conversation_id: chat.id.to_wire(), block };
            Ok(step.call(requests::Lane::Standing(chat.id), &request)?)
        })
    }

    /// Blocks an account, or takes the block back: it can start nothing with this one, and what it still writes into a chat of the two
    /// is not shown. It is not told.
    pub fn set_blocked(
        &mut self,
        account: AccountId,
        blocked: bool,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.set_blocked(account, blocked))
    }

    /// Reports an account to the operator, with what the person chooses to show.
    pub fn report(&mut self, report: wire::ReportRequest, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            let report_id = ReportId::from_bytes(step.moment.random()).to_wire();
            step.memory.traffic.call(&wire::ReportRequest { report_id, ..report });
            Ok(())
        })
    }

    // --- Messages ----------------------------------------------------------------------------------------------------

    /// Says something. It cannot be lost from the moment on in which this returns.
    pub fn send(
        &mut self,
        chat: ConversationId,
        content: Content,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        self.send_with(chat, content, "", moment)
    }

    /// Says something that older programs may not know, with a line that they show in its place.
    pub fn send_with(
        &mut self,
        chat: ConversationId,
        content: Content,
        fallback: &str,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        let body = self.checked_event(content, fallback, moment)?;
        self.in_chat(chat, moment, |step, chat| step.enqueue(chat, &body))
    }

    /// Takes back a message that was not sent yet. False if the server may have it already.
    pub fn unsend(&mut self, event: EventId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.step(moment, |step| Ok(step.take_back(event)?))
    }

    /// Everything up to a place of the log was seen.
    pub fn mark_read(&mut self, chat: ConversationId, seq: u64, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            if seq > chat.read_seq {
                chat.read_seq = seq.min(chat.high_seq());
                step.tell(Change::Chats);
            }
            Ok(())
        })
    }

    /// Keeps what was begun to be written.
    pub fn keep_draft(
        &mut self,
        chat: ConversationId,
        draft: &str,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |_, chat| {
            draft.clone_into(&mut chat.draft);
            Ok(())
        })
    }

    /// Sets what holds for a conversation on all devices of the account.
    pub fn set_preferences(
        &mut self,
        chat: ConversationId,
        wanted: &Preferences,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| step.set_preferences(chat.id, wanted))
    }

    /// Tells those who are there that the person is writing, or has stopped.
    pub fn typing(&mut self, chat: ConversationId, stopped: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| step.signal_typing(chat, stopped))
    }

    /// Asks for what lies before the stretch of the log that is here. [`Change::Timeline`] tells when it came.
    pub fn want_history(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |_, chat| {
            chat.wants_history = true;
            Ok(())
        })
    }

    /// Whether there is more of a conversation on the server than is here.
    pub fn has_more_history(&self, chat: ConversationId) -> Result<bool, EngineError> {
        let chat = Chat::load(self.store.connection(), chat)?;
        Ok(chat.is_some_and(|chat| chat.window.is_some_and(|window| window.low.seq() >= chat.server_first_seq)))
    }

    // --- Steps -------------------------------------------------------------------------------------------------------

    fn checked_event(
        &mut self,
        content: Content,
        fallback: &str,
        moment: &mut Moment<'_>,
    ) -> Result<Vec<u8>, EngineError> {
        if crate::timeline::Content::parse(content.clone()).is_err() {
            return Err(EngineError::Unusable("what was written"));
        }
        let body = self.step(moment, |step| Ok(step.event(content, fallback)))?;
        if body.len() > limits::EVENT_MAX {
            return Err(EngineError::TooLong { max: limits::EVENT_MAX, actual: body.len() });
        }
        Ok(body)
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
