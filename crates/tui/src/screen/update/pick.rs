//! Choosing one of the chats by a part of its name.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use sotto_client::engine::Stand;

use super::going;
use crate::screen::editor::Editor;
use crate::screen::events::{Act, Wish};
use crate::screen::model::{Model, Notice, Overlay, Pick};
use crate::screen::view::ChatRow;
use crate::words::Message;

pub(super) fn begin(model: &mut Model, what: Pick) {
    model.overlay = Some(Overlay::Pick { what, editor: Editor::default(), at: 0 });
}

/// Chats that fit, in the order of the list. Something can be said only where one is.
pub(in crate::screen) fn fitting<'m>(model: &'m Model, what: Pick, part: &str) -> Vec<&'m ChatRow> {
    let part = part.trim().to_lowercase();
    let can_be = |chat: &&ChatRow| match what {
        Pick::Open => true,
        Pick::Forward(..) => chat.stand == Stand::Member && chat.ready && chat.undecided.is_none(),
    };
    let fits = |chat: &&ChatRow| chat.name.to_lowercase().contains(&part);
    model.chats.iter().filter(can_be).filter(fits).collect()
}

pub(super) fn press(
    model: &mut Model,
    (what, mut editor, mut at): (Pick, Editor, usize),
    key: KeyEvent,
    wishes: &mut Vec<Wish>,
) {
    let fitting = fitting(model, what, editor.text());
    match key.code {
        KeyCode::Enter => {
            let chosen = fitting.get(at).map(|chat| (chat.id, chat.name.clone()));
            if let Some((chat, name)) = chosen {
                return match what {
                    Pick::Open => going::open(model, chat, wishes),
                    Pick::Forward(from, event) => {
                        model.notice = Some(Notice { message: Message::ForwardedTo { chat: name }, is_alarm: false });
                        wishes.push(Wish::Do(Act::Forward(from, event, chat)));
                    }
                };
            }
        }
        KeyCode::Up => at = at.saturating_sub(1),
        KeyCode::Down => at = (at + 1).min(fitting.len().saturating_sub(1)),
        _ => {
            editor.press(key);
            at = 0;
        }
    }
    model.overlay = Some(Overlay::Pick { what, editor, at });
}
