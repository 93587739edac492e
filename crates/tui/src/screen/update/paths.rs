//! Naming a file or a folder of this machine, with completion as in a shell.

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use sotto_client::engine::Stand;
use sotto_client::timeline::FILES_MAX;
use sotto_proto::ConversationId;

use super::set_focus;
use crate::screen::editor::Editor;
use crate::screen::events::{Act, Wish};
use crate::screen::files::{Attached, common_beginning};
use crate::screen::model::{Focus, Mode, Model, Notice, Overlay, PathFor};
use crate::words::Message;

/// Asks for a file to go with what is being written.
pub(super) fn attach(model: &mut Model, wishes: &mut Vec<Wish>) {
    let Some(chat) = model.open_chat().filter(|chat| chat.stand == Stand::Member).map(|chat| chat.id) else { return };
    let changes = model.spot().is_some_and(|spot| matches!(spot.mode, Mode::Edit(..)));
    if !changes {
        begin(model, PathFor::Attach(chat), "", wishes);
    }
}

pub(super) fn begin(model: &mut Model, what: PathFor, text: &str, wishes: &mut Vec<Wish>) {
    model.overlay = Some(Overlay::Path { what, editor: Editor::with(text), options: Vec::new(), at: None });
    wishes.push(Wish::List(text.to_owned()));
}

pub(super) type Asked = (PathFor, Editor, Vec<String>, Option<usize>);

pub(super) fn press(model: &mut Model, asked: Asked, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let (what, mut editor, options, mut at) = asked;
    let chosen = at.and_then(|at| options.get(at)).cloned();
    let before = editor.text().to_owned();
    match key.code {
        KeyCode::Enter => {
            let path = chosen.unwrap_or_else(|| before.trim().to_owned());
            let goes_in = path.ends_with('/') && matches!(what, PathFor::Attach(_));
            if !goes_in && !path.is_empty() {
                return take(what, path, wishes);
            }
            editor = Editor::with(&path);
        }
        KeyCode::Tab => {
            let beginning = common_beginning(&options);
            match chosen {
                Some(chosen) => editor = Editor::with(&chosen),
                None if beginning.len() > before.len() => editor = Editor::with(beginning),
                None => at = (!options.is_empty()).then_some(0),
            }
        }
        KeyCode::Up => at = at.and_then(|at| at.checked_sub(1)),
        KeyCode::Down => at = Some(at.map_or(0, |at| at + 1)).filter(|at| *at < options.len()).or(at),
        _ => {
            editor.press(key);
        }
    }
    let has_changed = editor.text() != before;
    if has_changed {
        wishes.push(Wish::List(editor.text().to_owned()));
    }
    let at = at.filter(|_| !has_changed);
    model.overlay = Some(Overlay::Path { what, editor, options, at });
}

fn take(what: PathFor, path: String, wishes: &mut Vec<Wish>) {
    wishes.push(match what {
        PathFor::Attach(chat) => Wish::Attach(chat, path),
        PathFor::Save(chat, event, count) => Wish::Do(Act::Fetch(chat, event, count, Some(path))),
    });
}

/// What there is, unless something else was typed meanwhile.
pub(super) fn take_listed(model: &mut Model, typed: &str, listed: Vec<String>) {
    if let Some(Overlay::Path { what, editor, options, at }) = &mut model.overlay
        && editor.text() == typed
    {
        let is_folder = |option: &String| option.ends_with('/');
        let takes_files = matches!(what, PathFor::Attach(_));
        *options = listed.into_iter().filter(|option| takes_files || is_folder(option)).collect();
        *at = None;
    }
}

pub(super) fn take_attached(model: &mut Model, chat: ConversationId, file: Attached) {
    let Some(spot) = model.spots.get_mut(&chat) else { return };
    if spot.files.len() >= FILES_MAX {
        let message = Message::TooManyFiles { max: FILES_MAX.to_string() };
        model.notice = Some(Notice { message, is_alarm: true });
        return;
    }
    spot.files.push(file);
    if model.open == Some(chat) && model.overlay.is_none() {
        set_focus(model, Focus::Composer);
    }
}
