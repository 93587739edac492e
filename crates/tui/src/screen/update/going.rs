//! Going from chat to chat, and through a timeline.

use sotto_client::engine::Stand;
use sotto_proto::{ConversationId, EventId};

use super::composer;
use crate::screen::editor::Editor;
use crate::screen::events::{Act, Wish};
use crate::screen::look::PAGE;
use crate::screen::model::{Focus, Model, Scroll, Spot};
use crate::screen::view::Earlier;

/// Opens a chat where one was in it.
pub(super) fn open(model: &mut Model, chat: ConversationId, wishes: &mut Vec<Wish>) {
    if model.open == Some(chat) {
        return super::set_focus(model, Focus::Composer);
    }
    composer::keep_draft(model, wishes);
    let draft = model.chat(chat).map(|row| row.draft.clone()).unwrap_or_default();
    let fresh = || Spot { editor: Editor::with(&draft), kept: draft.clone(), ..Spot::default() };
    let spot = model.spots.entry(chat).or_insert_with(fresh);
    spot.selected = None;
    // Those who were at the end come back to the end, and see where the new begins.
    spot.unread_from = None;
    model.cursor = Some(chat);
    model.open = Some(chat);
    model.focus = Focus::Composer;
    model.room = None;
    model.lay_out();
    wishes.push(Wish::Look);
}

/// The next chat of the list, or the one before.
pub(super) fn step(model: &mut Model, down: bool, wishes: &mut Vec<Wish>) {
    move_cursor(model, if down { 1 } else { -1 });
    if let Some(chat) = model.cursor {
        open(model, chat, wishes);
    }
}

pub(super) fn move_cursor(model: &mut Model, by: isize) {
    let listed: Vec<_> = model.listed().map(|chat| chat.id).collect();
    let at = model.cursor.and_then(|cursor| listed.iter().position(|id| *id == cursor));
    let to = match at {
        Some(at) => at.saturating_add_signed(by).min(listed.len().saturating_sub(1)),
        None => 0,
    };
    model.cursor = listed.get(to).copied();
}

pub(super) fn close(model: &mut Model, wishes: &mut Vec<Wish>) {
    composer::keep_draft(model, wishes);
    model.open = None;
    model.room = None;
    model.focus = Focus::Chats;
    model.lay_out();
    wishes.push(Wish::Look);
}

/// Shows a message of a chat, wherever it is.
pub(super) fn show(model: &mut Model, chat: ConversationId, id: EventId, seq: u64, wishes: &mut Vec<Wish>) {
    if model.open != Some(chat) {
        open(model, chat, wishes);
    }
    let is_here = model.bubbles().any(|bubble| bubble.id == id);
    if let Some(spot) = model.spot_mut() {
        spot.selected = Some(id);
        spot.scroll = Scroll::Around(id);
        if !is_here {
            spot.window.before = Some(seq + u64::from(PAGE / 2));
        }
    }
    model.focus = Focus::Timeline;
    wishes.push(Wish::Look);
}

/// Scrolls by rows: up where the number is negative.
pub(super) fn scroll(model: &mut Model, by: isize, wishes: &mut Vec<Wish>) {
    let height = usize::from(model.places().timeline.height);
    let last = model.laid.rows.len().saturating_sub(height);
    let before = model.top_row();
    let top = before.saturating_add_signed(by).min(last);
    set_top(model, top, last);
    if by < 0 && top == 0 {
        earlier(model, wishes);
    }
    if by > 0 && top == last {
        later(model, wishes);
    }
    mark_read(model, wishes);
}

fn set_top(model: &mut Model, top: usize, last: usize) {
    let is_newest = model.open_room().is_none_or(|room| room.is_newest);
    let scroll = if top >= last && is_newest { Scroll::End } else { anchor(model, top) };
    if let Some(spot) = model.spot_mut() {
        spot.scroll = scroll;
    }
}

/// A row, by the message that is next to it: what comes in above or below does not move it.
fn anchor(model: &Model, top: usize) -> Scroll {
    let owner = model.laid.rows.iter().skip(top).find_map(|row| row.owner);
    let start = owner.and_then(|id| Some((id, model.laid.rows_of(id)?.start)));
    start.map_or(Scroll::End, |(id, start)| Scroll::Top { id, row: top.cast_signed() - start.cast_signed() })
}

/// Holds the rows that are seen where they are, whatever comes.
fn hold(model: &mut Model) {
    let top = model.top_row();
    let anchored = anchor(model, top);
    if let Some(spot) = model.spot_mut() {
        spot.scroll = anchored;
    }
}

/// Brings in what lies before.
pub(super) fn earlier(model: &mut Model, wishes: &mut Vec<Wish>) {
    let Some(room) = model.open_room() else { return };
    let (chat, earlier) = (room.chat, room.has_earlier);
    let middle = room.pieces.get(room.pieces.len() / 2).and_then(crate::screen::view::Piece::seq);
    match earlier {
        Earlier::Nothing => {}
        Earlier::OnServer => {
            hold(model);
            wishes.push(Wish::Do(Act::WantHistory(chat)));
        }
        Earlier::Here => {
            hold(model);
            if let Some(spot) = model.spot_mut() {
                spot.window.before = middle;
            }
            wishes.push(Wish::Look);
        }
    }
}

/// Brings in what comes after, if the newest is not here.
pub(super) fn later(model: &mut Model, wishes: &mut Vec<Wish>) {
    if model.open_room().is_none_or(|room| room.is_newest) {
        return;
    }
    hold(model);
    if let Some(before) = model.spot_mut().and_then(|spot| spot.window.before.as_mut()) {
        *before += u64::from(PAGE / 2);
        wishes.push(Wish::Look);
    }
}

pub(super) fn to_end(model: &mut Model, wishes: &mut Vec<Wish>) {
    if let Some(spot) = model.spot_mut() {
        spot.scroll = Scroll::End;
        if spot.window.before.take().is_some() {
            wishes.push(Wish::Look);
        }
    }
    mark_read(model, wishes);
}

/// What somebody has before their eyes is read.
pub(super) fn mark_read(model: &mut Model, wishes: &mut Vec<Wish>) {
    let Some(room) = model.open_room() else { return };
    let (chat, last, is_newest) = (room.chat, room.last_seq, room.is_newest);
    let is_member = model.chat(chat).is_some_and(|row| row.stand == Stand::Member && row.ready);
    let height = usize::from(model.places().timeline.height);
    let is_at_end = is_newest && model.top_row() + height >= model.laid.rows.len();
    if !(is_member && is_at_end && model.is_looked_at && height > 0) {
        return;
    }
    if let Some(spot) = model.spot_mut()
        && spot.read_seq < last
    {
        spot.read_seq = last;
        wishes.push(Wish::Do(Act::Read(chat, last)));
    }
}
