//! What a device that was away has to do with what was said meanwhile; and what it costs to say something.

use std::hint::black_box;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::params;
use sotto_client::engine::Engine;
use sotto_crypto::primitives::SigningKey;
use sotto_proto::ConversationId;

use super::words::{Words, event, text};
use super::world::{Device, World};
use super::{Figure, Scale};
use crate::clock::now_ms;

const PAGE: u32 = 50;
const ENTRIES_A_RANGE: usize = 500;
/// What is sent for the average.
const SENT: usize = 300;
const ROUNDS: usize = 20;

pub(super) fn figures(scale: Scale) -> Vec<Figure> {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.register_other("alice"), world.register("bob"));
    let chat = world.befriend(&mut alice, &mut bob);
    let said: Vec<_> = {
        let mut words = Words::new(1);
        (0..scale.backlog).map(|_| words.say()).collect()
    };

    say(&mut world, &mut alice, chat, &said);
    bob.spent_ms = 0.0;
    bob.catch_up(&mut world);
    let applied = f64::from(scale.backlog) / bob.spent_ms * 1e3;
    assert_eq!(bob.engine.page(chat, None, scale.backlog + 10).unwrap().len(), said.len());

    let sending_us = say(&mut world, &mut bob, chat, &said[..SENT]);
    let bodies: Vec<_> = said.into_iter().map(event).collect();
    let inserted = inserts_a_second(&world, &bodies);
    let verified = verifications_a_second(&bodies);
    let sealed_us = 1e6 / signatures_a_second(&bodies);
    let page_ms = fastest_ms(|| drop(black_box(bob.engine.page(chat, None, PAGE).unwrap())));
    let read_ms = plain_page_ms(&world);
    vec![
        Figure::new("apply a backlog", "events/s", applied, "verify their signatures", verified),
        Figure::new(
            "apply a backlog",
            "events/s",
            applied,
            "insert them into plain SQLite, 500 a transaction",
            inserted,
        ),
        Figure::new("send a message: from the tap to the request", "µs", sending_us, "sign it", sealed_us),
        Figure::new("a page of 50 messages", "ms", page_ms, "50 rows of plain SQLite", read_ms),
    ]
}

/// Says all of it, and tells how long it takes on average until a request is there to be sent.
fn say(world: &mut World, alice: &mut Device, chat: ConversationId, said: &[String]) -> f64 {
    let mut spent_ms = 0.0;
    for words in said {
        let content = text(words.clone());
        let start = alice.spent_ms;
        alice.act(world, |engine, moment| engine.send(chat, content, moment)).unwrap();
        let outgoing = alice.act(world, Engine::outgoing).unwrap();
        spent_ms += alice.spent_ms - start;
        for call in &outgoing {
            alice.answer(world, call);
        }
        alice.settle(world);
    }
    spent_ms * 1e3 / count(said)
}

fn verifications_a_second(bodies: &[Vec<u8>]) -> f64 {
    let key = SigningKey::generate(&mut StdRng::seed_from_u64(1));
    let public = key.verifying_key();
    let signed: Vec<_> = bodies.iter().take(2_000).map(|body| (body, key.sign_unlabelled(body))).collect();
    a_second(count(&signed), || {
        for (body, signature) in &signed {
            public.verify_unlabelled(body, signature).unwrap();
        }
    })
}

fn signatures_a_second(bodies: &[Vec<u8>]) -> f64 {
    let key = SigningKey::generate(&mut StdRng::seed_from_u64(1));
    let bodies = &bodies[..bodies.len().min(2_000)];
    a_second(count(bodies), || {
        for body in bodies {
            black_box(key.sign_unlabelled(body));
        }
    })
}

fn inserts_a_second(world: &World, bodies: &[Vec<u8>]) -> f64 {
    let mut plain = world.files.plain("plain.db");
    plain.execute_batch("CREATE TABLE entries (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)").unwrap();
    let start = now_ms();
    for some in bodies.chunks(ENTRIES_A_RANGE) {
        let transaction = plain.transaction().unwrap();
        for body in some {
            let mut insert = transaction.prepare_cached("INSERT INTO entries (body) VALUES (?1)").unwrap();
            insert.execute(params![body]).unwrap();
        }
        transaction.commit().unwrap();
    }
    count(bodies) / (now_ms() - start) * 1e3
}

fn plain_page_ms(world: &World) -> f64 {
    let plain = world.files.plain("plain.db");
    let mut page = plain.prepare("SELECT body FROM entries ORDER BY seq DESC LIMIT ?1").unwrap();
    fastest_ms(|| {
        let rows = page.query_map([PAGE], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        black_box(rows.collect::<Result<Vec<_>, _>>().unwrap());
    })
}

fn a_second(times: f64, work: impl FnMut()) -> f64 {
    times / fastest_ms(work) * 1e3
}

fn count<T>(things: &[T]) -> f64 {
    u32::try_from(things.len()).unwrap().into()
}

pub(super) fn fastest_ms(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = now_ms();
        work();
        now_ms() - start
    };
    (0..ROUNDS).map(time).fold(f64::INFINITY, f64::min)
}
