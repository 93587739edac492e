//! The calls that a client has open (12.4), and how much may be sent for them (12.6).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use sotto_proto::Method;
use sotto_proto::frame::{CallId, Request};
use sotto_proto::limits::{CREDIT_DEFAULT, CREDIT_MAX};

use super::violation::Violation;

/// How long a call of one reply may take if its caller does not say.
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Calls {
    open: BTreeMap<CallId, Open>,
    last: Option<CallId>,
}

pub(super) struct Open {
    pub(super) method: Method,
    deadline: Option<Instant>,
    /// Whether pieces of the request are still to come.
    arriving: bool,
    /// What may be sent; none for calls of one reply.
    stream: Option<Stream>,
}

struct Stream {
    balance: i64,
    /// An item waits for the transport; the next one waits for its own turn.
    item_waits: bool,
}

impl Calls {
    /// Takes up the next call, whatever then becomes of it.
    pub(super) fn take_up(&mut self, call: CallId) -> Result<(), Violation> {
        if !call.is_of_client() || self.last.is_some_and(|last| call <= last) {
            return Err(Violation::CallIdNotNext);
        }
        self.last = Some(call);
        Ok(())
    }

    /// The highest call that was taken up.
    pub(super) fn last(&self) -> Option<CallId> {
        self.last
    }

    /// Refuses frames for calls that never were.
    pub(super) fn check_known(&self, call: CallId) -> Result<(), Violation> {
        let known = call.is_of_client() && self.last.is_some_and(|last| call <= last);
        if known { Ok(()) } else { Err(Violation::CallNeverOpened) }
    }

    /// Opens a call; gives the time by which it has to be completed.
    pub(super) fn open(&mut self, now: Instant, method: Method, request: &Request) -> Option<Instant> {
        let asked = request.deadline_ms.map(|millis| Duration::from_millis(millis.get().into()));
        let deadline = match method {
            Method::StreamSubscribe => None,
            _ if method.streams() => asked,
            _ => Some(asked.unwrap_or(DEADLINE)),
        };
        let deadline = deadline.map(|after| now + after);
        let balance = request.credit.map_or(CREDIT_DEFAULT, NonZeroU32::get).into();
        let open = Open {
            method,
            deadline,
            arriving: !request.message.is_whole(),
            stream: method.streams().then_some(Stream { balance, item_waits: false }),
        };
        self.open.insert(request.call, open);
        deadline
    }

    /// The request is there as a whole.
    pub(super) fn arrived(&mut self, call: CallId) -> Option<Method> {
        let open = self.open.get_mut(&call)?;
        open.arriving = false;
        Some(open.method)
    }

    pub(super) fn complete(&mut self, call: CallId) -> Option<Open> {
        self.open.remove(&call)
    }

    pub(super) fn contains(&self, call: CallId) -> bool {
        self.open.contains_key(&call)
    }

    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn are_replies_due(&self) -> bool {
        self.open.values().any(|open| open.stream.is_none())
    }

    /// Adds credit. Calls of one reply need none and ignore it.
    pub(super) fn credit(&mut self, call: CallId, bytes: NonZeroU32) -> Result<(), Violation> {
        let Some(stream) = self.stream(call) else { return Ok(()) };
        stream.balance += i64::from(bytes.get());
        if stream.balance > i64::from(CREDIT_MAX) { Err(Violation::TooMuchCredit) } else { Ok(()) }
    }

    pub(super) fn wants_item(&self, call: CallId) -> bool {
        let stream = self.open.get(&call).and_then(|open| open.stream.as_ref());
        stream.is_some_and(|stream| stream.balance > 0 && !stream.item_waits)
    }

    /// An item is to be sent: its whole size is taken off, below zero if it must be.
    pub(super) fn item_begins(&mut self, call: CallId, size: usize) {
        if let Some(stream) = self.stream(call) {
            stream.balance -= i64::try_from(size).unwrap_or(i64::MAX);
            stream.item_waits = true;
        }
    }

    pub(super) fn item_has_left(&mut self, call: CallId) {
        if let Some(stream) = self.stream(call) {
            stream.item_waits = false;
        }
    }

    pub(super) fn overdue(&self, now: Instant) -> Vec<CallId> {
        self.find(|open| open.deadline.is_some_and(|deadline| deadline <= now))
    }

    pub(super) fn streams(&self) -> Vec<CallId> {
        self.find(|open| open.stream.is_some())
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.open.values().filter_map(|open| open.deadline).min()
    }

    /// Forgets all calls; gives those that the services have.
    pub(super) fn drain(&mut self) -> Vec<CallId> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().filter(|(_, open)| !open.arriving).map(|(call, _)| call).collect()
    }

    fn stream(&mut self, call: CallId) -> Option<&mut Stream> {
        self.open.get_mut(&call)?.stream.as_mut()
    }

    fn find(&self, wanted: impl Fn(&Open) -> bool) -> Vec<CallId> {
        self.open.iter().filter(|(_, open)| wanted(open)).map(|(call, _)| *call).collect()
    }
}

impl Open {
    pub(super) fn is_arriving(&self) -> bool {
        self.arriving
    }
}
