//! The mouse.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{going, overlay, set_focus};
use crate::screen::events::Wish;
use crate::screen::model::{Focus, Model, Overlay};
use crate::screen::places::{CHAT_ROWS, Places};

pub(super) fn take(model: &mut Model, event: MouseEvent, wishes: &mut Vec<Wish>) {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, at, false, wishes),
        MouseEventKind::ScrollDown => wheel(model, at, true, wishes),
        MouseEventKind::Down(MouseButton::Left) => click(model, at, wishes),
        _ => {}
    }
}

fn wheel(model: &mut Model, at: Position, down: bool, wishes: &mut Vec<Wish>) {
    if model.overlay.is_some() {
        return overlay::step(model, down, wishes);
    }
    let places = model.places();
    if places.chats.contains(at) {
        going::move_cursor(model, if down { 1 } else { -1 });
    } else if places.timeline.contains(at) {
        going::scroll(model, if down { WHEEL } else { -WHEEL }, wishes);
    }
}

fn click(model: &mut Model, at: Position, wishes: &mut Vec<Wish>) {
    model.notice = None;
    if model.overlay.take().is_some() {
        return;
    }
    let places = model.places();
    if places.chats.contains(at) {
        click_on_chat(model, at, &places, wishes);
    } else if places.timeline.contains(at) {
        click_on_message(model, at, &places);
    } else if places.composer.contains(at) {
        set_focus(model, Focus::Composer);
    } else if places.title.contains(at) {
        model.overlay = Some(Overlay::Members { at: 0 });
    } else if places.status.contains(at) {
        model.overlay = Some(Overlay::Help { scroll: 0 });
    }
}

fn click_on_chat(model: &mut Model, at: Position, places: &Places, wishes: &mut Vec<Wish>) {
    let Some(row) = at.y.checked_sub(places.chats.y + 1) else { return };
    let index = model.list_offset() + usize::from(row / CHAT_ROWS);
    let chat = model.listed().nth(index).map(|chat| chat.id);
    if let Some(chat) = chat {
        going::open(model, chat, wishes);
    }
}

fn click_on_message(model: &mut Model, at: Position, places: &Places) {
    let index = model.top_row() + usize::from(at.y - places.timeline.y);
    let Some(owner) = model.laid.rows.get(index).and_then(|row| row.owner) else { return };
    if let Some(spot) = model.spot_mut() {
        spot.selected = Some(owner);
    }
    set_focus(model, Focus::Timeline);
}

/// Rows that one step of the wheel moves.
const WHEEL: isize = 3;
