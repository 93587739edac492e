//! What happens when something happens: the only place that changes the model.

mod chats;
mod composer;
mod going;
mod layout;
mod mouse;
mod news;
mod overlay;
mod paths;
mod pick;
mod timeline;

pub(super) use overlay::QUICK;
pub(super) use pick::fitting;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::editor::Editor;
use super::events::{Act, Input, Wish};
use super::model::{Focus, Model, Overlay, Pick, Question};

/// Takes in what happened at a time, and says what is to be done about it.
pub(super) fn update(model: &mut Model, now_ms: u64, input: Input) -> Vec<Wish> {
    model.now_ms = now_ms;
    let mut wishes = Vec::new();
    match input {
        Input::Key(key) if key.kind != KeyEventKind::Release => press(model, key, &mut wishes),
        Input::Key(_) => {}
        Input::Pasted(text) => paste(model, &text, &mut wishes),
        Input::Mouse(event) => mouse::take(model, event, &mut wishes),
        Input::Resized(width, height) => {
            model.size = (width, height);
            model.lay_out();
        }
        Input::LookedAt(looked_at) => {
            model.is_looked_at = looked_at;
            going::mark_read(model, &mut wishes);
        }
        Input::Tick => tick(model, &mut wishes),
        other => news::take(model, other, &mut wishes),
    }
    wishes
}

fn press(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    model.notice = None;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control && matches!(key.code, KeyCode::Char('c' | 'q')) {
        return quit(model, wishes);
    }
    if model.overlay.is_some() {
        return overlay::press(model, key, wishes);
    }
    if press_anywhere(model, key, wishes) {
        return;
    }
    match model.focus {
        Focus::Chats => chats::press(model, layout::latin(key), wishes),
        Focus::Timeline => timeline::press(model, layout::latin(key), wishes),
        Focus::Composer => composer::press(model, key, wishes),
    }
}

/// Keys that mean the same wherever one is. False if it is none of them.
fn press_anywhere(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::F(1) => model.overlay = Some(Overlay::Help { scroll: 0 }),
        KeyCode::F(2) if model.open.is_some() => model.overlay = Some(Overlay::Members { at: 0 }),
        KeyCode::F(3) => search(model),
        KeyCode::Char('f') if control => search(model),
        KeyCode::F(4) => {
            model.overlay = Some(Overlay::Devices { devices: None, at: 0 });
            wishes.push(Wish::Do(Act::AskDevices));
        }
        KeyCode::F(5) => model.overlay = Some(Overlay::Settings { at: 0 }),
        KeyCode::F(6) if model.are_chats_known && !model.me.signed_in => {
            model.signs_in = true;
            quit(model, wishes);
        }
        KeyCode::Char('g') if control => pick::begin(model, Pick::Open),
        KeyCode::Char('o') if control => paths::attach(model, wishes),
        KeyCode::Char('n') if control => ask(model, Question::Whom, ""),
        KeyCode::Char('t') if control => ask(model, Question::GroupTitle, ""),
        KeyCode::Up if alt => going::step(model, false, wishes),
        KeyCode::Down if alt => going::step(model, true, wishes),
        KeyCode::Tab => turn_focus(model, true),
        KeyCode::BackTab => turn_focus(model, false),
        _ => return false,
    }
    true
}

fn search(model: &mut Model) {
    let within = model.open.filter(|_| model.focus != Focus::Chats);
    model.overlay = Some(Overlay::Search { editor: Editor::default(), within, hits: Vec::new(), at: 0 });
}

fn ask(model: &mut Model, question: Question, text: &str) {
    model.overlay = Some(Overlay::Ask { question, editor: Editor::with(text) });
}

fn turn_focus(model: &mut Model, forward: bool) {
    let next = match (model.focus, forward) {
        (Focus::Chats, true) | (Focus::Composer, false) => Focus::Timeline,
        (Focus::Timeline, true) | (Focus::Chats, false) => Focus::Composer,
        (Focus::Composer, true) | (Focus::Timeline, false) => Focus::Chats,
    };
    set_focus(model, next);
}

/// Gives the keys to a part of the screen. Without a chat that is open there is only the list.
fn set_focus(model: &mut Model, focus: Focus) {
    model.focus = if model.open.is_some() { focus } else { Focus::Chats };
    let last = model.bubbles().next_back().map(|bubble| bubble.id);
    let is_there = model.selected().is_some();
    let is_timeline = model.focus == Focus::Timeline;
    if let Some(spot) = model.spot_mut() {
        match (is_timeline, is_there) {
            (true, false) => spot.selected = last,
            (true, true) => {}
            (false, _) => spot.selected = None,
        }
    }
    model.lay_out();
}

fn paste(model: &mut Model, text: &str, wishes: &mut Vec<Wish>) {
    if model.overlay.is_some() {
        return overlay::paste(model, text, wishes);
    }
    if model.open.is_some() {
        set_focus(model, Focus::Composer);
        composer::type_in(model, wishes, |editor| editor.insert(text));
    }
}

fn quit(model: &mut Model, wishes: &mut Vec<Wish>) {
    composer::keep_draft(model, wishes);
    if model.me.signed_in {
        wishes.push(Wish::Do(Act::Appear(false)));
    }
    wishes.push(Wish::Quit);
}

fn tick(model: &mut Model, wishes: &mut Vec<Wish>) {
    let now_ms = model.now_ms;
    model.typing.retain(|_, until_ms| *until_ms > now_ms);
    if model.draft_due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
        composer::keep_draft(model, wishes);
    }
    if model.me.signed_in && model.appear_due_ms <= now_ms {
        model.appear_due_ms = now_ms + APPEAR_MS;
        if model.is_looked_at {
            wishes.push(Wish::Do(Act::Appear(true)));
        }
        // Whoever was there may have gone without a word.
        if model.open_room().is_some_and(|room| room.is_there) {
            wishes.push(Wish::Look);
        }
    }
}

const APPEAR_MS: u64 = 60_000;
