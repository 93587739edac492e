//! Calls on their way: which there are, which may go out now, and when one is tried again.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rusqlite::{OptionalExtension as _, params};
use sotto_proto::wire::{ErrorCode, ErrorDetail};
use sotto_proto::{Access, AccountId, Call, ConversationId, FileId, Method, SlotId, decode};
use zeroize::Zeroizing;

use super::moment::Moment;
use super::replies::conversation_of;
use super::step::{Mishap, Step};
use crate::store::StoreError;

/// Names a call between the engine and its shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) i64);

/// A call for the shell to make. The same ticket comes again after a failure, with the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// By which the reply is handed in.
    pub ticket: Ticket,
    /// What to call.
    pub method: Method,
    /// The encoded request.
    pub body: Bytes,
    /// Whether it belongs to a transfer, for which nobody waits who waits for everything else.
    pub background: bool,
    /// The access token to go with it, if the call needs one.
    pub token: Option<Zeroizing<String>>,
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server was not reached, or the reply was lost.
    Unreachable,
    /// The server said no.
    Refused(ErrorDetail),
}

/// What a call is for. Two calls for one thing are never on their way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    Session,
    Certify,
    OwnAccount,
    Packages,
    VaultPackages,
    Keys,
    Sync,
    Blocked,
    Block(AccountId),
    Settings,
    Setting(SlotId),
    Vault,
    Directory,
    OwnEntries,
    Renewal,
    /// What is to become of a file on the server.
    File(FileId),
    Log(ConversationId),
    History(ConversationId),
    Send(ConversationId),
    Marker(ConversationId),
    Checkpoint(ConversationId),
    Standing(ConversationId),
}

impl Lane {
    fn encode(self) -> Vec<u8> {
        let chat = |id: ConversationId| Some(*id.as_bytes());
        let (tag, id) = match self {
            Self::Session => (1, None),
            Self::Certify => (2, None),
            Self::OwnAccount => (3, None),
            Self::Packages => (4, None),
            Self::VaultPackages => (5, None),
            Self::Keys => (6, None),
            Self::Sync => (7, None),
            Self::Blocked => (8, None),
            Self::Block(account) => (9, Some(*account.as_bytes())),
            Self::Settings => (10, None),
            Self::Setting(slot) => (11, Some(*slot.as_bytes())),
            Self::Vault => (12, None),
            Self::Directory => (14, None),
            Self::OwnEntries => (15, None),
            Self::Renewal => (16, None),
            Self::File(file) => (13, Some(*file.as_bytes())),
            Self::Log(id) => (20, chat(id)),
            Self::History(id) => (21, chat(id)),
            Self::Send(id) => (22, chat(id)),
            Self::Marker(id) => (23, chat(id)),
            Self::Checkpoint(id) => (24, chat(id)),
            Self::Standing(id) => (25, chat(id)),
        };
        let mut bytes = vec![tag];
        bytes.extend_from_slice(id.as_ref().map_or(&[], |id| id.as_slice()));
        bytes
    }
}

/// Lanes from this tag on are of one conversation each.
pub(super) const OF_CONVERSATIONS: u8 = 20;

/// A call as it is kept until it is answered.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) method: Method,
    pub(super) body: Bytes,
    /// The conversation that it is about.
    pub(super) chat: Option<ConversationId>,
}

/// Tickets of calls that end with the program: nothing is lost when they do.
const FLEETING: i64 = 1 << 60;

/// What is remembered of calls while the program runs.
#[derive(Default)]
pub(super) struct Traffic {
    fleeting: BTreeMap<Ticket, Kept>,
    fleeting_made: i64,
    in_flight: BTreeSet<Ticket>,
    tries: BTreeMap<Ticket, Tries>,
}

#[derive(Clone, Copy, Default)]
struct Tries {
    count: u32,
    due_ms: u64,
}

impl Traffic {
    /// Makes a call that does not outlive the program.
    pub(super) fn call<C: Call>(&mut self, request: &C) -> Ticket {
        self.fleeting_made += 1;
        let ticket = Ticket(FLEETING + self.fleeting_made);
        self.fleeting.insert(ticket, Kept { method: C::METHOD, body: request.encode_to_vec().into(), chat: None });
        ticket
    }

    pub(super) fn fleeting(&self, ticket: Ticket) -> Option<&Kept> {
        self.fleeting.get(&ticket)
    }

    pub(super) fn is_fleeting(ticket: Ticket) -> bool {
        ticket.0 >= FLEETING
    }

    /// How often a call has failed.
    pub(super) fn tries(&self, ticket: Ticket) -> u32 {
        self.tries.get(&ticket).map_or(0, |tries| tries.count)
    }

    /// Forgets a call that was answered.
    pub(super) fn done(&mut self, ticket: Ticket) {
        self.fleeting.remove(&ticket);
        self.in_flight.remove(&ticket);
        self.tries.remove(&ticket);
    }

    /// Lets a call go out again, later.
    pub(super) fn again(&mut self, ticket: Ticket, wait_ms: Option<u64>, moment: &mut Moment<'_>) {
        self.in_flight.remove(&ticket);
        let tries = self.tries.entry(ticket).or_default();
        tries.count = tries.count.saturating_add(1);
        let wait_ms = wait_ms.unwrap_or_else(|| back_off(tries.count, moment));
        tries.due_ms = moment.now_ms.saturating_add(wait_ms);
    }

    /// Lets a call go out for the first time later.
    pub(super) fn postpone(&mut self, ticket: Ticket, wait_ms: u64, moment: &Moment<'_>) {
        self.tries.entry(ticket).or_default().due_ms = moment.now_ms.saturating_add(wait_ms);
    }

    /// Lets a call go out again now.
    pub(super) fn hurry(&mut self, ticket: Ticket) {
        if let Some(tries) = self.tries.get_mut(&ticket) {
            tries.due_ms = 0;
        }
    }

    /// The connection is there again: everything that has no answer goes out at once.
    pub(super) fn reconnected(&mut self) {
        self.in_flight.clear();
        self.tries.values_mut().for_each(|tries| tries.due_ms = 0);
    }

    /// Whether a call may go out; if so, it counts as gone.
    fn release(&mut self, ticket: Ticket, now_ms: u64) -> bool {
        let due = self.tries.get(&ticket).is_none_or(|tries| tries.due_ms <= now_ms);
        due && self.in_flight.insert(ticket)
    }

    /// The calls that wait for another try.
    pub(super) fn failed(&self) -> impl Iterator<Item = Ticket> {
        let failed = self.tries.iter().filter(|(ticket, tries)| tries.count > 0 && !self.in_flight.contains(ticket));
        failed.map(|(ticket, _)| *ticket)
    }

    /// When the next call that waits is due, or the next one of those that somebody waits for in front of the screen.
    pub(super) fn next_due_ms(&self, only_fleeting: bool) -> Option<u64> {
        let may_go =
            |ticket: &Ticket| !self.in_flight.contains(ticket) && (!only_fleeting || Self::is_fleeting(*ticket));
        let waiting = self.tries.iter().filter(|(ticket, _)| may_go(ticket));
        waiting.map(|(_, tries)| tries.due_ms).min()
    }
}

/// Half a second doubled with each try, sixteen at most, since somebody may be waiting, and anything from half of that to all of it, so
/// that many devices which lost their server together do not come back together.
fn back_off(tries: u32, moment: &mut Moment<'_>) -> u64 {
    let ceiling = 500_u64 << tries.min(5);
    let share = u64::from(u16::from_be_bytes(moment.random()));
    ceiling / 2 + ceiling / 2 * share / u64::from(u16::MAX)
}

impl Step<'_, '_> {
    /// Decides on a call, unless one for the same thing is on its way.
    pub(super) fn call<C: Call>(&mut self, lane: Lane, request: &C) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO requests (lane, method, body) VALUES (?1, ?2, ?3) ON CONFLICT (lane) DO NOTHING",
            )?
            .execute(params![lane.encode(), C::METHOD.path(), request.encode_to_vec()])?;
        Ok(())
    }

    pub(super) fn is_busy(&self, lane: Lane) -> Result<bool, StoreError> {
        Ok(self.db.prepare_cached("SELECT 1 FROM requests WHERE lane = ?1")?.exists([lane.encode()])?)
    }

    /// Gives up a call whose answer has become meaningless.
    pub(super) fn forget(&mut self, lane: Lane) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM requests WHERE lane = ?1")?.execute([lane.encode()])?;
        Ok(())
    }

    /// The call that holds a lane.
    pub(super) fn kept_in(&self, lane: Lane) -> Result<Option<(Ticket, Kept)>, Mishap> {
        let ticket = self
            .db
            .prepare_cached("SELECT ticket FROM requests WHERE lane = ?1")?
            .query_row([lane.encode()], |row| row.get(0).map(Ticket))
            .optional()?;
        let Some(ticket) = ticket else { return Ok(None) };
        Ok(self.kept(ticket)?.map(|kept| (ticket, kept)))
    }

    /// Puts another body in the place of one that may have gone out.
    pub(super) fn replace<C: Call>(&mut self, ticket: Ticket, request: &C) -> Result<(), StoreError> {
        self.db
            .prepare_cached("UPDATE requests SET body = ?2 WHERE ticket = ?1")?
            .execute(params![ticket.0, request.encode_to_vec()])?;
        Ok(())
    }

    pub(super) fn kept(&self, ticket: Ticket) -> Result<Option<Kept>, Mishap> {
        let row = self
            .db
            .prepare_cached("SELECT method, body, lane FROM requests WHERE ticket = ?1")?
            .query_row([ticket.0], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
            })
            .optional()?;
        let Some((path, body, lane)) = row else { return Ok(None) };
        let method = Method::from_path(&path).ok_or(Mishap::Bad("a call of a later version"))?;
        Ok(Some(Kept { method, body: body.into(), chat: conversation_of(&lane) }))
    }

    pub(super) fn answered(&mut self, ticket: Ticket) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM requests WHERE ticket = ?1")?.execute([ticket.0])?;
        Ok(())
    }

    fn body_of(&self, ticket: Ticket) -> Result<Bytes, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT body FROM requests WHERE ticket = ?1")?;
        Ok(statement.query_row([ticket.0], |row| row.get::<_, Vec<u8>>(0))?.into())
    }
}

impl Outgoing {
    /// All calls that may go out now.
    pub(super) fn all(step: &mut Step<'_, '_>) -> Result<Vec<Self>, Mishap> {
        let mut waiting = step
            .db
            .prepare_cached("SELECT ticket, method FROM requests ORDER BY ticket")?
            .query_map([], |row| Ok((Ticket(row.get(0)?), row.get::<_, String>(1)?)))?
            .map(|row| row.map(|(ticket, path)| (ticket, Method::from_path(&path))))
            .collect::<Result<Vec<_>, _>>()?;
        let fleeting = step.memory.traffic.fleeting.iter();
        waiting.extend(fleeting.map(|(ticket, kept)| (*ticket, Some(kept.method))));

        let mut outgoing = Vec::new();
        for (ticket, method) in waiting {
            let method = method.ok_or(Mishap::Bad("a call of a later version"))?;
            let token = step.token_for(method.access());
            let may_go = token.is_some() || method.access() == Access::Anyone;
            if !may_go || !step.memory.traffic.release(ticket, step.moment.now_ms) {
                continue;
            }
            let body = match step.memory.traffic.fleeting(ticket) {
                Some(kept) => kept.body.clone(),
                None => step.body_of(ticket)?,
            };
            let token = token.filter(|_| method.access() != Access::Anyone);
            let background = step.memory.transfers.has_asked(ticket);
            outgoing.push(Self { ticket, method, body, background, token });
        }
        Ok(outgoing)
    }
}

/// Neither the token nor what is called with it belongs into a log.
impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("ticket", &self.ticket).field("method", &self.method).finish_non_exhaustive()
    }
}

impl Kept {
    /// The request that it was.
    pub(super) fn request<C: Call>(&self) -> Result<C, Mishap> {
        decode(self.body.clone(), C::METHOD.request_max()).map_err(|_| Mishap::Bad("a stored call"))
    }
}

impl Failure {
    /// The code of a refusal.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Unreachable => None,
            Self::Refused(detail) => Some(ErrorCode::of(detail)),
        }
    }
}
