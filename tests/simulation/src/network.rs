//! A network between devices and a server, in virtual time.
//!
//! Each call meets a fate that follows from the seed: it is delivered, delayed, lost on the way there, lost on the way back after it
//! was carried out, or carried out twice. Replies to different calls overtake each other. A live stream keeps its order, as on a
//! connection, and breaks when something of it is lost.

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_proto::wire::{self, ErrorCode, ErrorDetail};
use sotto_proto::{Call as _, Method};

use crate::model::{Answer, Fault, Model};

/// A device, as the network knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(pub usize);

/// What stands at the other end: the model, or something between it and the devices.
pub trait Server {
    /// Carries out a call.
    fn call(
        &mut self,
        now_ms: u64,
        from: Peer,
        token: Option<&str>,
        method: Method,
        body: Bytes,
        rng: &mut StdRng,
    ) -> Result<Answer, Fault>;

    /// What waits on a stream.
    fn items(&mut self, now_ms: u64, from: Peer, token: &str) -> Result<Vec<Bytes>, Fault>;

    /// The connection of a stream is gone.
    fn hang_up(&mut self, token: &str);
}

impl Server for Model {
    fn call(
        &mut self,
        now_ms: u64,
        _: Peer,
        token: Option<&str>,
        method: Method,
        body: Bytes,
        rng: &mut StdRng,
    ) -> Result<Answer, Fault> {
        Self::call(self, now_ms, token, method, body, rng)
    }

    fn items(&mut self, now_ms: u64, _: Peer, token: &str) -> Result<Vec<Bytes>, Fault> {
        Self::items(self, now_ms, token)
    }

    fn hang_up(&mut self, token: &str) {
        Self::hang_up(self, token);
    }
}

/// How bad the network is. Shares are of 1,000 calls or items.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Calls that do not arrive.
    pub lost_there: u32,
    /// Calls that are carried out, and whose reply is lost.
    pub lost_back: u32,
    /// Calls that are carried out twice; both replies arrive.
    pub twice: u32,
    /// Calls and replies that take [`LATE_MS`] more.
    pub late: u32,
    /// Items of a stream at which it breaks.
    pub breaks: u32,
    /// Least and most milliseconds that anything takes.
    pub delay_ms: (u64, u64),
}

impl Weather {
    /// Nothing is lost, and nothing takes long.
    pub const FAIR: Self = Self { lost_there: 0, lost_back: 0, twice: 0, late: 0, breaks: 0, delay_ms: (1, 20) };
    /// A train between tunnels.
    pub const FOUL: Self = Self { lost_there: 60, lost_back: 60, twice: 40, late: 40, breaks: 30, delay_ms: (5, 800) };
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// It, or its reply, was lost.
    Unreachable,
    /// The server said no.
    Refused(ErrorDetail),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.detail().clone())
    }
}

/// Something that reaches a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<T> {
    /// When.
    pub at_ms: u64,
    /// Whom.
    pub to: Peer,
    /// What.
    pub what: Arrival<T>,
}

/// What reaches a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival<T> {
    /// The answer to a call: the reply, or the pieces of a streamed one.
    Reply {
        /// Names the call.
        ticket: T,
        /// The answer.
        result: Result<Vec<Bytes>, Failure>,
    },
    /// An item of the live stream.
    Item(Bytes),
    /// The live stream ended.
    StreamEnded(Failure),
}

/// The network, and the server at its end.
#[derive(Debug)]
pub struct Network<T, S = Model> {
    /// The server.
    pub server: S,
    /// How bad the network is from now on.
    pub weather: Weather,
    now_ms: u64,
    rng: StdRng,
    /// On its way, by time and by the order in which it was sent.
    flights: BTreeMap<(u64, u64), Flight<T>>,
    sent: u64,
    /// The connection that each device has now. What belongs to an earlier one does not reach it.
    lines: BTreeMap<Peer, u64>,
    streams: BTreeMap<Peer, Stream>,
}

#[derive(Debug)]
enum Flight<T> {
    Call { from: Peer, line: u64, ticket: T, call: Call, reply_lost: bool },
    Listen { from: Peer, line: u64, call: Call },
    Arrival { to: Peer, line: u64, what: Arrival<T> },
}

#[derive(Clone, Debug)]
struct Call {
    method: Method,
    token: Option<String>,
    body: Bytes,
}

#[derive(Debug)]
struct Stream {
    token: String,
    /// When the last item arrives: none overtakes it.
    last_ms: u64,
}

impl<T: Copy, S: Server> Network<T, S> {
    /// A network that begins at a time.
    pub fn new(server: S, weather: Weather, now_ms: u64, seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let (flights, lines, streams) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { server, weather, now_ms, rng, flights, sent: 0, lines, streams }
    }

    /// The time.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// When the next thing happens on the network.
    pub fn next_at(&self) -> Option<u64> {
        self.flights.keys().next().map(|(at, _)| *at)
    }

    /// Sends a call. Its answer comes as an event, also when it is lost.
    pub fn send(&mut self, from: Peer, ticket: T, method: Method, token: Option<String>, body: Bytes) {
        let (call, line) = (Call { method, token, body }, self.line(from));
        let roll = self.rng.random_range(0..1_000);
        let Weather { lost_there, lost_back, twice, .. } = self.weather;
        if roll < lost_there {
            self.give_up(from, line, ticket);
            return;
        }
        let reply_lost = (lost_there..lost_there + lost_back).contains(&roll);
        if (lost_there + lost_back..lost_there + lost_back + twice).contains(&roll) {
            let again = Flight::Call { from, line, ticket, call: call.clone(), reply_lost: false };
            self.dispatch(again);
        }
        self.dispatch(Flight::Call { from, line, ticket, call, reply_lost });
    }

    /// Opens the live stream of a device, in place of an earlier one.
    pub fn listen(&mut self, from: Peer, token: String, cursor: Bytes) {
        let body = prost::Message::encode_to_vec(&wire::SubscribeRequest { cursor }).into();
        let call = Call { method: wire::SubscribeRequest::METHOD, token: Some(token), body };
        let line = self.line(from);
        self.dispatch(Flight::Listen { from, line, call });
    }

    /// The device has another connection: nothing that belongs to the former one reaches it. What it sent still arrives.
    pub fn reconnect(&mut self, peer: Peer) {
        *self.lines.entry(peer).or_default() += 1;
        self.close(peer);
    }

    /// Goes on to the next event. None when nothing reaches anybody until then, which is the time now.
    pub fn step(&mut self, until_ms: u64) -> Option<Event<T>> {
        while self.next_at().is_some_and(|at_ms| at_ms <= until_ms) {
            let ((at_ms, _), flight) = self.flights.pop_first()?;
            self.now_ms = self.now_ms.max(at_ms);
            match flight {
                Flight::Call { from, line, ticket, call, reply_lost } => {
                    self.carry_out(from, line, ticket, call, reply_lost);
                    self.poll_streams();
                }
                Flight::Listen { from, line, call } => self.open(from, line, call),
                Flight::Arrival { to, line, what } => {
                    if line == self.line(to) {
                        return Some(Event { at_ms: self.now_ms, to, what });
                    }
                }
            }
        }
        self.now_ms = self.now_ms.max(until_ms);
        None
    }

    fn carry_out(&mut self, from: Peer, line: u64, ticket: T, call: Call, reply_lost: bool) {
        let Call { method, token, body } = call;
        let answer = self.server.call(self.now_ms, from, token.as_deref(), method, body, &mut self.rng);
        if reply_lost {
            self.give_up(from, line, ticket);
            return;
        }
        let result = match answer {
            Ok(Answer::Reply(reply)) => Ok(vec![reply]),
            Ok(Answer::Pieces(pieces)) => Ok(pieces),
            Ok(Answer::Subscribed) => Err(Failure::Refused(ErrorCode::UnknownMethod.detail())),
            Err(fault) => Err(fault.into()),
        };
        self.dispatch(Flight::Arrival { to: from, line, what: Arrival::Reply { ticket, result } });
    }

    fn open(&mut self, from: Peer, line: u64, call: Call) {
        if line != self.line(from) {
            return;
        }
        let (token, body) = (call.token.unwrap_or_default(), call.body);
        match self.server.call(self.now_ms, from, Some(&token), call.method, body, &mut self.rng) {
            Ok(_) => {
                self.streams.insert(from, Stream { token, last_ms: self.now_ms });
                self.poll_streams();
            }
            Err(fault) => self.end_stream(from, fault.into(), self.now_ms),
        }
    }

    /// Sends what waits on the streams.
    fn poll_streams(&mut self) {
        let peers: Vec<_> = self.streams.keys().copied().collect();
        for peer in peers {
            self.poll_stream(peer);
        }
    }

    fn poll_stream(&mut self, peer: Peer) {
        let Some(Stream { token, mut last_ms }) = self.streams.remove(&peer) else { return };
        let items = match self.server.items(self.now_ms, peer, &token) {
            Ok(items) => items,
            Err(fault) => return self.end_stream(peer, fault.into(), last_ms),
        };
        let line = self.line(peer);
        for item in items {
            if self.rng.random_range(0..1_000) < self.weather.breaks {
                self.server.hang_up(&token);
                return self.end_stream(peer, Failure::Unreachable, last_ms);
            }
            last_ms = last_ms.max(self.now_ms + self.delay());
            self.arrive(last_ms, Flight::Arrival { to: peer, line, what: Arrival::Item(item) });
        }
        self.streams.insert(peer, Stream { token, last_ms });
    }

    fn close(&mut self, peer: Peer) {
        if let Some(stream) = self.streams.remove(&peer) {
            self.server.hang_up(&stream.token);
        }
    }

    /// After everything that was sent on it.
    fn end_stream(&mut self, to: Peer, failure: Failure, after_ms: u64) {
        let line = self.line(to);
        let at = after_ms.max(self.now_ms) + self.delay();
        self.arrive(at, Flight::Arrival { to, line, what: Arrival::StreamEnded(failure) });
    }

    /// The device finds out by waiting.
    fn give_up(&mut self, to: Peer, line: u64, ticket: T) {
        let what = Arrival::Reply { ticket, result: Err(Failure::Unreachable) };
        self.arrive(self.now_ms + PATIENCE_MS, Flight::Arrival { to, line, what });
    }

    fn dispatch(&mut self, flight: Flight<T>) {
        let late = self.rng.random_range(0..1_000) < self.weather.late;
        let at = self.now_ms + self.delay() + if late { LATE_MS } else { 0 };
        self.arrive(at, flight);
    }

    fn arrive(&mut self, at_ms: u64, flight: Flight<T>) {
        self.sent += 1;
        self.flights.insert((at_ms, self.sent), flight);
    }

    fn delay(&mut self) -> u64 {
        let (least, most) = self.weather.delay_ms;
        self.rng.random_range(least..=most)
    }

    fn line(&self, peer: Peer) -> u64 {
        self.lines.get(&peer).copied().unwrap_or_default()
    }
}

/// After so long a device gives a call up.
pub const PATIENCE_MS: u64 = 10_000;
/// How much longer something takes that is late.
pub const LATE_MS: u64 = 7_000;
