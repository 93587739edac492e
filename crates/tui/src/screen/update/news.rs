//! What the engine says.

use std::cmp::Reverse;

use sotto_native_client::Reach;
use sotto_proto::{AccountId, ConversationId, EventId};

use super::{going, paths};
use crate::screen::editor::Editor;
use crate::screen::events::{Input, Wish};
use crate::screen::look::{Seen, Window};
use crate::screen::model::{Mode, Model, Notice, Overlay, Scroll};
use crate::screen::view::{Body, ChatRow, Room};
use crate::words::Message;

pub(super) fn take(model: &mut Model, news: Input, wishes: &mut Vec<Wish>) {
    match news {
        Input::Seen(seen) => take_seen(model, *seen, wishes),
        Input::Reach(reach) => {
            model.was_there |= reach == Reach::There;
            model.reach = reach;
        }
        // What was said just now may be here before that it was being written.
        Input::Typing { chat, who, stopped: false } if has_just_said(model, chat, who) => {}
        Input::Typing { chat, who, stopped: false } => {
            model.typing.insert((chat, who), model.now_ms + TYPING_MS);
        }
        Input::Typing { chat, who, stopped: true } => {
            model.typing.remove(&(chat, who));
        }
        Input::Started(chat) => going::open(model, chat, wishes),
        Input::Found { query, hits } => take_hits(model, &query, hits),
        Input::Placed { chat, id, seq: Some(seq) } => going::show(model, chat, id, seq, wishes),
        Input::Placed { .. } => {
            model.notice = Some(Notice { message: Message::QuotedNotHere, is_alarm: false });
        }
        Input::Listed { typed, options } => paths::take_listed(model, &typed, options),
        Input::Attached(chat, file) => paths::take_attached(model, chat, file),
        Input::Devices(known) => {
            if let Some(Overlay::Devices { devices, at }) = &mut model.overlay {
                *at = (*at).min(known.len().saturating_sub(1));
                *devices = Some(known);
            }
        }
        Input::Proof(Some(proof)) => model.overlay = Some(Overlay::Proof(proof)),
        Input::Proof(None) => {
            model.notice = Some(Notice { message: Message::KeyNotKnown, is_alarm: false });
        }
        Input::Said(notice) => model.notice = Some(notice),
        Input::Key(_) | Input::Pasted(_) | Input::Mouse(_) | Input::Resized(..) | Input::LookedAt(_) | Input::Tick => {}
    }
}

fn take_hits(model: &mut Model, asked: &str, found: Vec<crate::screen::view::Hit>) {
    if let Some(Overlay::Search { editor, hits, at, .. }) = &mut model.overlay
        && editor.text() == asked
    {
        *at = 0;
        *hits = found;
    }
}

fn take_seen(model: &mut Model, seen: Seen, wishes: &mut Vec<Wish>) {
    model.me = seen.me;
    if let Some(all) = seen.all {
        model.chats = all;
        model.are_chats_known = true;
    }
    for row in seen.some {
        match model.chats.iter_mut().find(|known| known.id == row.id) {
            Some(known) => *known = row,
            None => model.chats.push(row),
        }
    }
    sort(&mut model.chats);
    if model.cursor.is_none() {
        let first = model.listed().next().map(|chat| chat.id);
        model.cursor = first;
    }
    take_draft(model);
    if let Some((window, room)) = seen.room
        && model.open == Some(room.chat)
        && model.spot().is_some_and(|spot| spot.window == window)
    {
        take_room(model, room);
    }
    going::mark_read(model, wishes);
}

/// Requests first, then what is pinned, then the last active.
fn sort(chats: &mut [ChatRow]) {
    let rank = |chat: &ChatRow| {
        let is_request = chat.stand == sotto_client::engine::Stand::Requested;
        (!is_request, !chat.pinned, Reverse(chat.at_ms), chat.id)
    };
    chats.sort_by_key(rank);
}

/// What was begun on another device goes on here, unless something else was begun here.
fn take_draft(model: &mut Model) {
    let Some(draft) = model.open_chat().map(|chat| chat.draft.clone()) else { return };
    let is_due = model.draft_due_ms.is_some();
    let Some(spot) = model.spot_mut() else { return };
    if spot.mode == Mode::New && !is_due && spot.editor.text() == spot.kept && draft != spot.kept {
        spot.editor = Editor::with(&draft);
        spot.kept = draft;
    }
}

fn take_room(model: &mut Model, room: Room) {
    let is_fresh = model.open_room().is_none();
    // A person who writes is done writing once it is there.
    let (chat, is_newest) = (room.chat, room.is_newest);
    let unread_from = if is_fresh { first_unread(model, &room) } else { None };
    model.room = Some(room);
    if let Some(spot) = model.spot_mut() {
        if is_newest {
            spot.window = Window::default();
        }
        if is_fresh {
            spot.unread_from = unread_from;
        }
    }
    forget_writers(model, chat);
    model.lay_out();
    if let (true, Some(unread)) = (is_fresh, unread_from) {
        show_unread(model, unread);
    }
}

/// Who was at the end begins with what is new, if it is more than the screen can show.
fn show_unread(model: &mut Model, unread: EventId) {
    let height = usize::from(model.places().timeline.height);
    let start = model.laid.rows_of(unread).map_or(0, |rows| rows.start);
    let is_long = model.laid.rows.len().saturating_sub(start) > height;
    if let Some(spot) = model.spot_mut()
        && is_long
        && spot.scroll == Scroll::End
    {
        spot.scroll = Scroll::Around(unread);
    }
}

/// The oldest of so many messages of others that were not read.
fn first_unread(model: &Model, room: &Room) -> Option<EventId> {
    let unread = model.chat(room.chat)?.unread;
    let bubbles = room.pieces.iter().rev().filter_map(|piece| match piece {
        crate::screen::view::Piece::Bubble(bubble) => Some(bubble),
        crate::screen::view::Piece::Line { .. } => None,
    });
    let others = bubbles.filter(|bubble| !bubble.own && bubble.body != Body::Deleted);
    others.take(unread as usize).last().map(|bubble| bubble.id)
}

/// Whoever has just said something does not write any more.
fn forget_writers(model: &mut Model, chat: ConversationId) {
    let Some(last) = model.bubbles().next_back() else { return };
    let (author, at_ms) = (last.author, last.at_ms);
    if let Some(until_ms) = model.typing.get(&(chat, author)).copied()
        && at_ms + TYPING_MS > until_ms
    {
        model.typing.remove(&(chat, author));
    }
}

fn has_just_said(model: &Model, chat: ConversationId, who: AccountId) -> bool {
    let last = model.bubbles().next_back().filter(|last| model.open == Some(chat) && last.author == who);
    last.is_some_and(|last| model.now_ms < last.at_ms + JUST_MS)
}

/// Longer than a word about writing takes to come.
const JUST_MS: u64 = 2_000;
/// Who has not said again in this time that they write has stopped.
const TYPING_MS: u64 = 7_000;
