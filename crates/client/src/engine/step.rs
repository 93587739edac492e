//! One step of the engine: what it may touch, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;
use sotto_crypto::mls::group::{Group, GroupError};
use sotto_crypto::time::Time;
use sotto_proto::{Access, AccountId, ConversationId, Invalid};
use zeroize::Zeroizing;

use super::account::{Account, State};
use super::change::Change;
use super::directory::Watch;
use super::entrance::Flow;
use super::errands::{FactorPapers, OwnDevice};
use super::moment::{Moment, ServerClock};
use super::own::OwnAccount;
use super::requests::Traffic;
use super::sessions::OwnSession;
use super::transfers::Transfers;
use crate::store::StoreError;

/// Why a step was undone.
#[derive(Debug)]
pub(super) enum Mishap {
    /// The store failed.
    Store(StoreError),
    /// What came does not keep the contract.
    Bad(&'static str),
}

/// What is kept in memory beside the store. All of it can be lost at any moment.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) account: Option<Account>,
    pub(super) groups: BTreeMap<ConversationId, Group>,
    pub(super) clock: ServerClock,
    pub(super) clock_is_set: bool,
    pub(super) traffic: Traffic,
    pub(super) transfers: Transfers,
    pub(super) flow: Option<Flow>,
    /// Of a session that was just opened, as long as the device is not in the account yet.
    pub(super) visitor_token: Option<Zeroizing<String>>,
    /// The access token was refused, and a new one is on its way.
    pub(super) token_is_stale: bool,
    /// This device is on its way out.
    pub(super) leaving: bool,
    pub(super) papers: FactorPapers,
    pub(super) devices: Vec<OwnDevice>,
    pub(super) sessions: Vec<OwnSession>,
    pub(super) own: Option<OwnAccount>,
    /// Until when those who said that they are there count as being there, by the clock of this device.
    pub(super) presence: BTreeMap<AccountId, u64>,
    /// Conversations of which the last reply said less than had been told before: they were asked about once more.
    pub(super) doubted: BTreeSet<ConversationId>,
    /// How often requests of strangers were looked at again for their first words.
    pub(super) looks: BTreeMap<ConversationId, u32>,
    pub(super) directory: Watch,
    /// Chats to be opened once an account was found.
    pub(super) searches: BTreeMap<super::Ticket, super::people::Search>,
}

/// A transaction with what belongs to it.
pub(super) struct Step<'s, 'm> {
    pub(super) db: &'s Transaction<'s>,
    pub(super) memory: &'s mut Memory,
    pub(super) moment: &'s mut Moment<'m>,
    pub(super) changes: Vec<Change>,
    pub(super) dirty: BTreeSet<ConversationId>,
}

impl Step<'_, '_> {
    pub(super) fn now(&self) -> Time {
        self.memory.clock.now(self.moment)
    }

    pub(super) fn account(&self) -> Result<&Account, Mishap> {
        self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))
    }

    /// The account, if the server lets this device do everything.
    pub(super) fn is_in_use(&self) -> bool {
        self.memory.account.as_ref().is_some_and(|account| account.state == State::InUse)
    }

    /// The access token for a call, if there is one and it is believed to be good.
    pub(super) fn token_for(&self, access: Access) -> Option<Zeroizing<String>> {
        if let (Access::Session, Some(token)) = (access, &self.memory.visitor_token) {
            return Some(token.clone());
        }
        let account = self.memory.account.as_ref()?;
        let enough = match access {
            Access::Anyone => true,
            Access::Session => account.state != State::SignedOut,
            Access::Device | Access::Fresh | Access::Admin => account.state == State::InUse,
        };
        (enough && !self.memory.token_is_stale && !account.access_token.is_empty())
            .then(|| account.access_token.clone())
    }

    pub(super) fn tell(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Looks at a conversation again before the step ends.
    pub(super) fn revisit(&mut self, chat: ConversationId) {
        self.dirty.insert(chat);
    }
}

impl From<StoreError> for Mishap {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Mishap {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Invalid> for Mishap {
    fn from(invalid: Invalid) -> Self {
        Self::Bad(invalid.field)
    }
}

impl From<GroupError> for Mishap {
    fn from(_: GroupError) -> Self {
        Self::Bad("the agreement on keys")
    }
}
