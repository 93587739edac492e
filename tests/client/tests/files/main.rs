//! Files between people, over the services of a real server and files on a real disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod judged;
mod lifetime;
mod on_the_way;
mod pictures;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sotto_client::engine::{Change, Course, Engine, EngineError, Obstacle, Source, TransferState, TransferView};
use sotto_client::history::What;
use sotto_client::timeline::{Look, Message, State, Text};
use sotto_client_tests::{Handset, Town, text};
use sotto_native_client::files::source;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::file_ref::Media;
use sotto_proto::{ConversationId, EventId, wire};

/// Bytes that no two pieces of have in common.
fn content(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).take(len).collect()
}

fn write(town: &Town, name: &str, content: &[u8]) -> PathBuf {
    let path = town.folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn caption(words: &str) -> wire::TextMessage {
    let Content::Text(caption) = text(words) else { unreachable!() };
    caption
}

fn posts(who: &mut Handset<'_>, chat: ConversationId, paths: &[&Path], words: &str) -> EventId {
    let sources = paths.iter().map(|path| source(path).unwrap()).collect();
    who.with(|engine, moment| engine.send_files(chat, sources, &caption(words), moment)).unwrap()
}

/// The last message of a conversation.
fn last(who: &Handset<'_>, chat: ConversationId) -> (EventId, Text) {
    let item = who.engine.page(chat, None, 1).unwrap().pop().unwrap();
    match item.what {
        What::Message(Message { state: State::Standing { text, .. }, .. }) => (item.id, text),
        other => panic!("no message: {other:?}"),
    }
}

/// A folder of somebody's own to put files in.
fn folder(town: &Town, name: &str) -> PathBuf {
    let folder = town.folder().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn begins_to_fetch(who: &mut Handset<'_>, chat: ConversationId, event: EventId, place: usize, to: &Path) {
    let to = to.to_str().unwrap();
    who.with(|engine, moment| engine.download(chat, event, place, to, moment)).unwrap();
}

fn fetches(who: &mut Handset<'_>, chat: ConversationId, event: EventId, place: usize, to: &Path) -> TransferView {
    begins_to_fetch(who, chat, event, place, to);
    who.settle();
    transfer(who)
}

/// The newest transfer.
fn transfer(who: &Handset<'_>) -> TransferView {
    who.engine.transfers(None).unwrap().pop().unwrap()
}

/// What there is in a folder, hidden things included.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
