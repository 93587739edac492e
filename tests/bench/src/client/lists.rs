//! An account with many conversations: a new device, and a cold start.

use rusqlite::params;
use sotto_client::engine::{ChatView, Engine};

use super::words::{Words, text};
use super::world::{Device, World};
use super::{Figure, Scale};
use crate::clock::now_ms;

const CHATS_A_FRIEND: u32 = 20;
const MESSAGES_A_CHAT: u32 = 10;
/// As many as a screen shows.
const SCREEN: u32 = 20;

pub(super) fn figures(scale: Scale) -> Vec<Figure> {
    let mut world = World::new();
    let mut alice = world.register_other("alice");
    for friend in 0..scale.chats / CHATS_A_FRIEND {
        meet(&mut world, &mut alice, friend);
    }
    alice.catch_up(&mut world);
    let wanted = alice.engine.chats().unwrap().len();

    let mut laptop = world.begin_to_sign_in("alice", "laptop");
    laptop.settle_until(&mut world, Engine::is_signed_in);
    let login_ms = laptop.spent_ms;
    laptop.settle_until(&mut world, |engine| is_usable(engine, wanted));
    let usable_ms = laptop.spent_ms - login_ms;
    laptop.settle(&mut world);
    let all_ms = laptop.spent_ms - login_ms;
    assert!(laptop.engine.chats().unwrap().iter().all(|chat| chat.ready));

    drop((alice, laptop));
    let cold_ms = (0..5).map(|_| cold_start_ms(&world, wanted)).fold(f64::INFINITY, f64::min);
    let plain_ms = plain_list_ms(&world, wanted);
    vec![
        Figure::new(
            "a list of 1,000 chats from a cold start",
            "ms",
            cold_ms,
            "open plain SQLite, read a row each",
            plain_ms,
        ),
        Figure::new("a new device: 1,000 chats listed, a screen of them open", "ms", usable_ms, "its login", login_ms),
        Figure::new("a new device: all 1,000 chats open", "ms", all_ms, "its login", login_ms),
    ]
}

/// Somebody who starts a chat and some groups with Alice, and talks in each.
fn meet(world: &mut World, alice: &mut Device, number: u32) {
    let mut friend = world.register_other(&format!("friend{number}"));
    world.befriend(&mut friend, alice);
    let members = [alice.engine.own_account().unwrap()];
    for group in 1..CHATS_A_FRIEND {
        let title = format!("Group {group} of {number}");
        friend.act(world, |engine, moment| engine.start_group(&title, &members, moment)).unwrap();
        friend.settle(world);
    }
    let mut words = Words::new(number.into());
    let chats = friend.engine.chats().unwrap().into_iter().filter(|chat| !chat.title.is_empty());
    for chat in chats.collect::<Vec<ChatView>>() {
        for _ in 0..MESSAGES_A_CHAT {
            friend.act(world, |engine, moment| engine.send(chat.id, text(words.say()), moment)).unwrap();
        }
        friend.settle(world);
    }
}

/// Whether all conversations are there, and those on the screen have a name and a last line.
fn is_usable(engine: &Engine, wanted: usize) -> bool {
    if engine.progress().unwrap().ready < SCREEN {
        return false;
    }
    let chats = engine.chats().unwrap();
    let is_open = |chat: &ChatView| !chat.title.is_empty() && chat.last.is_some();
    chats.len() >= wanted && chats.iter().take(SCREEN as usize).all(is_open)
}

fn cold_start_ms(world: &World, wanted: usize) -> f64 {
    let start = now_ms();
    let engine = Engine::open(world.files.store("laptop")).unwrap();
    let chats = engine.chats().unwrap();
    let spent = now_ms() - start;
    assert_eq!(chats.len(), wanted);
    spent
}

fn plain_list_ms(world: &World, wanted: usize) -> f64 {
    let plain = world.files.plain("plain-list.db");
    plain.execute_batch("CREATE TABLE chats (number INTEGER PRIMARY KEY, body BLOB NOT NULL)").unwrap();
    for number in 0..wanted as u64 {
        plain.execute("INSERT INTO chats VALUES (?1, zeroblob(200))", params![number]).unwrap();
    }
    drop(plain);
    let read = |_| {
        let start = now_ms();
        let plain = world.files.plain("plain-list.db");
        let mut one = plain.prepare("SELECT body FROM chats WHERE number = ?1").unwrap();
        for number in 0..wanted as u64 {
            one.query_row([number], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        }
        now_ms() - start
    };
    (0..5).map(read).fold(f64::INFINITY, f64::min)
}
