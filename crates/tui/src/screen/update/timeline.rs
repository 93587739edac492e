//! Keys of the timeline: choosing a message, and doing something with it.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use sotto_client::engine::Stand;
use sotto_client::timeline::Standing;

use super::{chats, composer, going, paths, pick, search, set_focus};
use crate::screen::editor::Editor;
use crate::screen::events::{Act, Wish};
use crate::screen::model::{Deed, Focus, Model, Overlay, PathFor, Pick, Scroll};
use crate::screen::view::{Body, Bubble};

pub(super) fn press(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let page = usize::from(model.places().timeline.height.saturating_sub(2)).cast_signed();
    match key.code {
        KeyCode::Esc => set_focus(model, Focus::Composer),
        KeyCode::Up | KeyCode::Char('k') => choose(model, false, wishes),
        KeyCode::Down | KeyCode::Char('j') => choose(model, true, wishes),
        KeyCode::PageUp => turn_page(model, -page, wishes),
        KeyCode::PageDown => turn_page(model, page, wishes),
        KeyCode::Home => {
            turn_page(model, isize::MIN / 2, wishes);
        }
        KeyCode::End | KeyCode::Char('G') => {
            going::to_end(model, wishes);
            choose_last(model);
        }
        KeyCode::Char('?') => model.overlay = Some(Overlay::Help { scroll: 0 }),
        KeyCode::Char('/') => search(model),
        KeyCode::Char(c) if is_request(model) => chats::answer(model, c, wishes),
        _ => press_on_message(model, key, wishes),
    }
}

fn is_request(model: &Model) -> bool {
    model.open_chat().is_some_and(|chat| chat.stand == Stand::Requested)
}

fn press_on_message(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let (Some(bubble), Some(chat)) = (model.selected().cloned(), model.open) else { return };
    if !model.open_chat().is_some_and(|chat| chat.stand == Stand::Member) {
        return;
    }
    match key.code {
        KeyCode::Enter if bubble.quote.is_some() => {
            if let Some(quote) = &bubble.quote {
                wishes.push(Wish::Place { chat, id: quote.target });
            }
        }
        KeyCode::Char('r') | KeyCode::Enter => composer::reply(model, bubble),
        KeyCode::Char('e') if bubble.own => composer::edit(model, bubble),
        KeyCode::Char('f') if bubble.seq.is_some() && matches!(bubble.body, Body::Text(..)) => {
            pick::begin(model, Pick::Forward(chat, bubble.id));
        }
        KeyCode::Char('s') if bubble.files > 0 => {
            wishes.push(Wish::Do(Act::Fetch(chat, bubble.id, bubble.files, None)));
        }
        KeyCode::Char('S') if bubble.files > 0 => {
            paths::begin(model, PathFor::Save(chat, bubble.id, bubble.files), "~/", wishes);
        }
        KeyCode::Char('p') => wishes.push(Wish::Do(Act::Halt(chat, bubble.id))),
        KeyCode::Char('u') if bubble.files > 0 => wishes.push(Wish::Do(Act::GiveUp(chat, bubble.id))),
        KeyCode::Char('u') => composer::take_back(model, &bubble, wishes),
        KeyCode::Char('d') | KeyCode::Delete => {
            if let (true, Some(seq)) = (may_delete(model, &bubble), bubble.seq) {
                model.overlay = Some(Overlay::Sure { what: Deed::Delete(chat, bubble.id, seq) });
            }
        }
        KeyCode::Char('+') if bubble.seq.is_some() && bubble.body != Body::Deleted => {
            model.overlay = Some(Overlay::React { bubble: Box::new(bubble), editor: Editor::default() });
        }
        _ => {}
    }
}

fn may_delete(model: &Model, bubble: &Bubble) -> bool {
    let members = model.open_room().map(|room| room.members.as_slice()).unwrap_or_default();
    let moderates = members.iter().any(|member| member.own && member.standing >= Standing::Admin);
    bubble.body != Body::Deleted && (bubble.own || moderates)
}

/// The next message, or the one before. Past the last one goes back to writing.
fn choose(model: &mut Model, down: bool, wishes: &mut Vec<Wish>) {
    let ids: Vec<_> = model.bubbles().map(|bubble| bubble.id).collect();
    let selected = model.spot().and_then(|spot| spot.selected);
    let at = selected.and_then(|selected| ids.iter().position(|id| *id == selected));
    let to = match (at, down) {
        (None, _) => ids.len().checked_sub(1),
        (Some(at), true) if at + 1 >= ids.len() => {
            going::later(model, wishes);
            if model.open_room().is_some_and(|room| room.is_newest) {
                set_focus(model, Focus::Composer);
            }
            return;
        }
        (Some(at), true) => Some(at + 1),
        (Some(0), false) => {
            going::scroll(model, -1, wishes);
            return going::earlier(model, wishes);
        }
        (Some(at), false) => Some(at - 1),
    };
    let id = to.and_then(|to| ids.get(to)).copied();
    if let Some(spot) = model.spot_mut() {
        spot.selected = id;
    }
    if id == ids.last().copied() && model.open_room().is_some_and(|room| room.is_newest) {
        return going::to_end(model, wishes);
    }
    bring_into_view(model);
}

fn choose_last(model: &mut Model) {
    let last = model.bubbles().next_back().map(|bubble| bubble.id);
    if let Some(spot) = model.spot_mut() {
        spot.selected = last;
    }
}

fn bring_into_view(model: &mut Model) {
    let Some(id) = model.spot().and_then(|spot| spot.selected) else { return };
    let Some(rows) = model.laid.rows_of(id) else { return };
    let (top, height) = (model.top_row(), usize::from(model.places().timeline.height));
    let row = match () {
        () if rows.start < top => 0,
        () if rows.end > top + height => rows.len().cast_signed() - height.cast_signed(),
        () => return,
    };
    if let Some(spot) = model.spot_mut() {
        spot.scroll = Scroll::Top { id, row: row.min(0) };
    }
}

/// Turns a page; what was selected and is not seen any more gives way to what is.
fn turn_page(model: &mut Model, by: isize, wishes: &mut Vec<Wish>) {
    going::scroll(model, by, wishes);
    let (top, height) = (model.top_row(), usize::from(model.places().timeline.height));
    let mut seen = model.laid.rows.iter().skip(top).take(height).filter_map(|row| row.owner);
    let chosen = if by < 0 { seen.next() } else { seen.next_back() };
    if let Some(spot) = model.spot_mut() {
        spot.selected = chosen;
    }
}
