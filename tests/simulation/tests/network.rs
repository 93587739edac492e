//! What the network does to calls and streams, with a server that only counts.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use bytes::Bytes;
use rand::rngs::StdRng;
use sotto_proto::Method;
use sotto_simulation::model::{Answer, Fault};
use sotto_simulation::network::{Arrival, Event, Failure, Network, PATIENCE_MS, Peer, Server, Weather};

/// Answers each call with its own body, and gives a stream what was said since it last looked.
#[derive(Default)]
struct Echo {
    heard: Vec<Bytes>,
    streamed: usize,
}

impl Server for Echo {
    fn call(
        &mut self,
        _: u64,
        _: Peer,
        _: Option<&str>,
        method: Method,
        body: Bytes,
        _: &mut StdRng,
    ) -> Result<Answer, Fault> {
        if method == Method::StreamSubscribe {
            return Ok(Answer::Subscribed);
        }
        self.heard.push(body.clone());
        Ok(Answer::Reply(body))
    }

    fn items(&mut self, _: u64, _: Peer, _: &str) -> Result<Vec<Bytes>, Fault> {
        let items = self.heard[self.streamed..].to_vec();
        self.streamed = self.heard.len();
        Ok(items)
    }

    fn hang_up(&mut self, _: &str) {}
}

const ANN: Peer = Peer(0);
const BEN: Peer = Peer(1);
const CALLS: u32 = 200;

fn network(weather: Weather, seed: u64) -> Network<u32, Echo> {
    Network::new(Echo::default(), weather, 1_000, seed)
}

fn send_all(network: &mut Network<u32, Echo>) {
    for ticket in 0..CALLS {
        let body = Bytes::copy_from_slice(&ticket.to_be_bytes());
        network.send(ANN, ticket, Method::ConversationAppend, None, body);
    }
}

fn events(network: &mut Network<u32, Echo>) -> Vec<Event<u32>> {
    std::iter::from_fn(|| network.step(u64::MAX - 1)).collect()
}

fn tickets(events: &[Event<u32>]) -> Vec<u32> {
    let ticket = |event: &Event<u32>| match &event.what {
        Arrival::Reply { ticket, result: Ok(_) } => Some(*ticket),
        _ => None,
    };
    events.iter().filter_map(ticket).collect()
}

#[test]
fn the_same_seed_is_the_same_weather() {
    let run = |seed| {
        let mut network = network(Weather::FOUL, seed);
        send_all(&mut network);
        events(&mut network)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn in_fair_weather_each_call_is_carried_out_once_and_replies_overtake() {
    let mut network = network(Weather::FAIR, 1);
    send_all(&mut network);
    let mut answered = tickets(&events(&mut network));
    assert!(!answered.is_sorted());
    answered.sort_unstable();
    assert_eq!(answered, (0..CALLS).collect::<Vec<_>>());
    assert_eq!(network.server.heard.len(), answered.len());
}

#[test]
fn a_call_that_is_lost_is_given_up_whether_it_was_carried_out_or_not() {
    let lost_there = Weather { lost_there: 1_000, ..Weather::FAIR };
    let lost_back = Weather { lost_back: 1_000, ..Weather::FAIR };
    for (weather, carried_out) in [(lost_there, 0), (lost_back, CALLS as usize)] {
        let mut network = network(weather, 1);
        send_all(&mut network);
        let events = events(&mut network);
        let lost = |event: &Event<u32>| {
            matches!(event.what, Arrival::Reply { result: Err(Failure::Unreachable), .. })
                && event.at_ms >= 1_000 + PATIENCE_MS
        };
        assert_eq!(events.iter().filter(|event| lost(event)).count(), CALLS as usize);
        assert_eq!(network.server.heard.len(), carried_out);
    }
}

#[test]
fn a_call_may_be_carried_out_twice_but_for_one_that_is_good_once() {
    let twice = Weather { twice: 1_000, ..Weather::FAIR };
    for (method, times) in [(Method::ConversationAppend, 2), (Method::AuthRefresh, 1)] {
        let mut network = network(twice, 1);
        network.send(ANN, 7, method, None, Bytes::from_static(b"once"));
        assert_eq!(tickets(&events(&mut network)), vec![7; times]);
        assert_eq!(network.server.heard.len(), times);
    }
}

#[test]
fn a_stream_keeps_its_order_and_breaks_where_something_is_lost() {
    for (breaks, ends) in [(0, 0), (20, 1)] {
        let mut network = network(Weather { breaks, delay_ms: (1, 500), ..Weather::FAIR }, 3);
        network.listen(BEN, "token".to_owned(), Bytes::from_static(b"cursor"));
        assert_eq!(network.step(2_000), None);
        send_all(&mut network);
        let events = events(&mut network);
        let item = |event: &Event<u32>| match &event.what {
            Arrival::Item(item) => Some(item.clone()),
            _ => None,
        };
        let items: Vec<_> = events.iter().filter_map(item).collect();
        assert_eq!(items, network.server.heard[..items.len()]);
        let ended = events.iter().filter(|event| matches!(event.what, Arrival::StreamEnded(_))).count();
        assert_eq!((ended, items.len() == CALLS as usize), (ends, ends == 0));
    }
}

#[test]
fn nothing_of_a_former_connection_arrives() {
    let mut network = network(Weather::FAIR, 1);
    send_all(&mut network);
    network.reconnect(ANN);
    assert_eq!(events(&mut network), []);
    assert_eq!(network.server.heard.len(), CALLS as usize, "what was sent is carried out");
}
