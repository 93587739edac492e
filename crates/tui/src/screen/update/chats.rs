//! Keys of the list of chats.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use sotto_client::engine::Stand;

use super::{ask, going, quit, search};
use crate::screen::events::{Act, Arrangement, Wish};
use crate::screen::model::{Deed, Focus, Model, Overlay, Question};

pub(super) fn press(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let page = model.places().chats_shown().cast_signed();
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => going::move_cursor(model, -1),
        KeyCode::Down | KeyCode::Char('j') => going::move_cursor(model, 1),
        KeyCode::PageUp => going::move_cursor(model, -page),
        KeyCode::PageDown => going::move_cursor(model, page),
        KeyCode::Home => going::move_cursor(model, isize::MIN),
        KeyCode::End => going::move_cursor(model, isize::MAX),
        KeyCode::Enter | KeyCode::Right => {
            if let Some(chat) = model.cursor {
                going::open(model, chat, wishes);
            }
        }
        KeyCode::Esc if model.open.is_some() => going::close(model, wishes),
        KeyCode::Char('?') => model.overlay = Some(Overlay::Help { scroll: 0 }),
        KeyCode::Char('/') => search(model),
        KeyCode::Char('n') => ask(model, Question::Whom, ""),
        KeyCode::Char('g') => ask(model, Question::GroupTitle, ""),
        KeyCode::Char('q') => quit(model, wishes),
        KeyCode::Char('A') => {
            model.shows_archive = !model.shows_archive;
            let first = model.listed().next().map(|chat| chat.id);
            model.cursor = first;
        }
        KeyCode::Char(c) => press_on_chat(model, c, wishes),
        _ => {}
    }
}

fn press_on_chat(model: &mut Model, key: char, wishes: &mut Vec<Wish>) {
    let Some(chat) = model.cursor.and_then(|cursor| model.chat(cursor)) else { return };
    let (id, is_request) = (chat.id, chat.stand == Stand::Requested);
    let arrangement = match key {
        'p' => Arrangement::Pinned(!chat.pinned),
        'm' => Arrangement::Muted(!chat.muted),
        'x' => Arrangement::Archived(!chat.archived),
        _ if is_request => return answer(model, key, wishes),
        _ => return,
    };
    wishes.push(Wish::Do(Act::Arrange(id, arrangement)));
}

/// What is done with the request of a stranger, in the list as well as where it is open.
pub(super) fn answer(model: &mut Model, key: char, wishes: &mut Vec<Wish>) {
    let asked = if model.focus == Focus::Chats { model.cursor } else { model.open };
    let Some(chat) = asked.and_then(|asked| model.chat(asked)) else { return };
    let (id, other) = (chat.id, chat.other);
    match key {
        'a' => wishes.push(Wish::Do(Act::Accept(id))),
        'd' => wishes.push(Wish::Do(Act::Decline { chat: id, block: false })),
        'b' => {
            if let Some(other) = other {
                model.overlay = Some(Overlay::Sure { what: Deed::Block(id, other) });
            }
        }
        _ => {}
    }
}
