//! The directory of keys: what the server hands out is looked up in it before it is used, the own entry is watched, and what others have
//! seen of it is compared (`docs/PROTOCOL.md` §14).
//!
//! Nothing here decides whose key is the right one: that is what people compare. It finds a server that shows different keys to different
//! people, or for a while, and says so in words that stay.

mod checking;
mod comparing;
mod own;
mod rows;

use prost::Message as _;
use sotto_crypto::directory::{Content, EntryDigest};
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, limits, wire};

use super::chat::{Chat, Membership};
use super::notices::Line;
use super::requests::Lane;
use super::step::{Mishap, Step};
use super::trouble::Trouble;
use super::verifying::{known_key, verified_key};
use super::view::roster_at;
use super::{Change, Engine, EngineError};
use crate::store::StoreError;

/// Something about the directory of keys that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFault {
    /// What.
    pub trouble: Trouble,
    /// Whose keys it is about, if not all.
    pub account: Option<AccountId>,
    /// When it was noticed, by the server's clock.
    pub at_ms: u64,
}

/// Whether the server has a directory of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryPresence {
    /// It was not asked yet.
    Unknown,
    /// It has, and this device has checked it up to the head of this number.
    Present {
        /// The head.
        epoch: u64,
    },
    /// It is older than directories are.
    Absent,
}

/// What is remembered of it while the program runs.
#[derive(Default)]
pub(super) struct Watch {
    /// The own entry was asked for since the connection was made.
    pub(super) has_begun: bool,
    /// The newest head is to be asked for, whatever else is due.
    wants_head: bool,
    /// A call was refused, and the next one waits.
    pauses: bool,
}

impl Engine {
    /// What does not add up in the directory of keys, the oldest first. It stays until this device leaves the account.
    pub fn key_faults(&self) -> Result<Vec<KeyFault>, EngineError> {
        Ok(rows::faults(self.store.connection())?)
    }

    /// Whether the server has a directory of keys.
    pub fn directory(&self) -> Result<DirectoryPresence, EngineError> {
        let view = rows::View::load(self.store.connection())?;
        Ok(match view.presence {
            rows::UNASKED => DirectoryPresence::Unknown,
            rows::ABSENT => DirectoryPresence::Absent,
            _ => DirectoryPresence::Present { epoch: view.epoch },
        })
    }
}

impl Step<'_, '_> {
    /// The server has handed out these keys: they are to be looked up, unless they were.
    pub(super) fn keys_were_shown(&mut self, account: AccountId, keys: &wire::AccountKeys) -> Result<(), Mishap> {
        let content = Content::of(&keys.identity_key, &keys.certificates, &keys.revocations);
        let content = content.map_err(|_| Mishap::Bad("identity_key"))?.encode();
        let digest = EntryDigest::of(account, keys.version, &content);
        Ok(rows::show(self.db, account, keys.version, &digest)?)
    }

    /// Asks for what is to be checked: accounts, heads that others have seen, and at each start the own entry.
    pub(super) fn settle_directory(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::Directory)? {
            return Ok(());
        }
        let view = rows::View::load(self.db)?;
        let own = self.account()?.id;
        if !self.memory.directory.has_begun {
            self.memory.directory.has_begun = true;
            self.memory.directory.wants_head = true;
            rows::look_again(self.db, own, self.memory.clock.now_ms(self.moment))?;
            if rows::kept(self.db, own)?.is_none() {
                self.call(Lane::OwnAccount, &wire::GetOwnAccountRequest {})?;
            }
        }
        if view.presence == rows::ABSENT && !self.memory.directory.wants_head {
            return Ok(());
        }
        let epochs = rows::epochs_to_prove(self.db, &view)?;
        let accounts = if view.presence == rows::PRESENT { rows::ask(self.db)? } else { Vec::new() };
        let has_stated = epochs.iter().any(|epoch| *epoch != view.epoch);
        if !accounts.is_empty() {
            self.call(Lane::Directory, &wire::LookUpRequest { accounts, epochs })?;
        } else if self.memory.directory.wants_head || has_stated {
            self.call(Lane::Directory, &wire::GetHeadRequest { epochs })?;
        } else {
            return Ok(());
        }
        self.memory.directory.wants_head = false;
        self.pause_directory()
    }

    /// After a refusal the next call waits.
    fn pause_directory(&mut self) -> Result<(), Mishap> {
        if !std::mem::take(&mut self.memory.directory.pauses) {
            return Ok(());
        }
        if let Some((ticket, _)) = self.kept_in(Lane::Directory)? {
            self.memory.traffic.postpone(ticket, PAUSE_MS, self.moment);
        }
        Ok(())
    }

    pub(super) fn directory_refused(&mut self, code: ErrorCode) -> Result<(), Mishap> {
        self.memory.directory.pauses = true;
        if code != ErrorCode::UnknownMethod {
            return Ok(());
        }
        let view = rows::View::load(self.db)?;
        if view.presence == rows::PRESENT {
            return self.directory_fault(Trouble::DirectoryWithdrawn, None);
        }
        if view.presence == rows::UNASKED {
            rows::set_presence(self.db, rows::ABSENT)?;
            self.tell(Change::Account);
        }
        self.revisit_unfinished()
    }

    /// Whether nothing stands against sealing something for the members of a conversation: their keys were looked up, or the person
    /// has compared them.
    pub(super) fn directory_allows(&self, chat: &Chat) -> Result<bool, Mishap> {
        let view = rows::View::load(self.db)?;
        let account = self.account()?;
        match view.presence {
            rows::ABSENT => return Ok(true),
            rows::UNASKED => return Ok(false),
            _ => {}
        }
        let Some(roster) = roster_at(self.db, chat)? else { return Ok(true) };
        let checks = !rows::has_general_fault(self.db)?;
        for (member, _) in roster.accounts().filter(|(member, _)| *member != account.id) {
            let stands = match rows::standing(self.db, member)? {
                rows::Standing::Checked => true,
                rows::Standing::Waiting => !checks,
                rows::Standing::Troubled => false,
            };
            if !stands {
                let known = known_key(self.db, member)?;
                if known.is_none() || verified_key(self.db, account, member)? != known {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The head that goes along with what this device says.
    pub(super) fn seen_head(&self) -> Result<Option<wire::SeenHead>, StoreError> {
        let view = rows::View::load(self.db)?;
        Ok(view.hash.map(|hash| wire::SeenHead { epoch: view.epoch, hash: hash.to_vec().into() }))
    }

    /// Somebody has seen a head. One that is not known to be in the directory's past is to be compared.
    pub(super) fn head_was_stated(&mut self, by: AccountId, seen: &wire::SeenHead) -> Result<(), Mishap> {
        let Ok(hash) = <[u8; 32]>::try_from(&seen.hash[..]) else { return Ok(()) };
        if !(1..=limits::NUMBER_MAX).contains(&seen.epoch) || self.account()?.id == by {
            return Ok(());
        }
        match rows::known_head(self.db, seen.epoch)? {
            Some(known) if known == hash => Ok(()),
            Some(_) => self.directory_fault(Trouble::DirectoryForked, Some(by)),
            None => Ok(rows::state(self.db, seen.epoch, &hash, by)?),
        }
    }

    /// Says once, and for good, what does not add up.
    pub(super) fn directory_fault(&mut self, trouble: Trouble, account: Option<AccountId>) -> Result<(), Mishap> {
        let now_ms = self.memory.clock.now_ms(self.moment);
        if !rows::add_fault(self.db, trouble, account, now_ms)? {
            return Ok(());
        }
        let own = self.account()?.id;
        let mut told = 0;
        for chat in Chat::all(self.db)? {
            let concerns = match account.filter(|account| *account != own) {
                Some(account) => roster_at(self.db, &chat)?.is_some_and(|roster| roster.has(account)),
                None => chat.membership == Membership::Member,
            };
            if concerns && told < TOLD_MAX {
                told += 1;
                self.note(&chat, chat.high_seq(), chat.server_at_ms, Line::Trouble(trouble))?;
                self.tell(Change::Timeline(chat.id));
            }
        }
        self.tell(account.map_or(Change::Account, Change::Contact));
        Ok(())
    }
}

/// With what this device has seen of the directory.
pub(super) fn with_head(event: &[u8], seen: Option<wire::SeenHead>) -> Vec<u8> {
    match wire::Event::decode(event) {
        Ok(decoded) if seen.is_some() && event.len() + HEAD_LEN <= limits::EVENT_MAX => {
            wire::Event { seen_head: seen, ..decoded }.encode_to_vec()
        }
        _ => event.to_vec(),
    }
}

/// A fault about the whole directory is a line in so many conversations.
const TOLD_MAX: usize = 100;
/// A server that refuses is not asked again at once.
const PAUSE_MS: u64 = 30_000;
/// Bytes of a head in an event.
const HEAD_LEN: usize = 64;
