//! What happens in a story, one line each.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use sotto_native_client::Reach;

use super::people;
use crate::screen::events::{Act, Input, Wish};
use crate::screen::model::Model;
use crate::screen::settings::ThemeName;
use crate::screen::update::update;
use crate::words::Language;

/// Does what a line says. What it makes the screen wish for is written down below it.
pub(super) fn take(model: &mut Model, step: &str, told: &mut String) {
    let step = step.trim_end_matches('\\').trim();
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    match verb {
        "keys" => rest.split(' ').for_each(|key| put(model, Input::Key(key_named(key)), told)),
        "type" => rest.chars().for_each(|c| put(model, Input::Key(KeyCode::Char(c).into()), told)),
        "paste" => put(model, Input::Pasted(rest.replace("\\n", "\n")), told),
        "click" => put(model, mouse(MouseEventKind::Down(MouseButton::Left), rest), told),
        "wheel-up" => put(model, mouse(MouseEventKind::ScrollUp, rest), told),
        "wheel-down" => put(model, mouse(MouseEventKind::ScrollDown, rest), told),
        "size" => {
            let (width, height) = pair(rest);
            put(model, Input::Resized(width, height), told);
        }
        "later" => {
            model.now_ms += rest.parse::<u64>().expect("milliseconds");
            put(model, Input::Tick, told);
        }
        "server" => {
            let reach = if rest == "away" { Reach::Away } else { Reach::There };
            put(model, Input::Reach(reach), told);
        }
        "russian" => model.settings.language = Language::Russian,
        "colourless" => model.settings.theme = ThemeName::NoColour,
        "comes" => people::comes(rest).into_iter().for_each(|input| put(model, as_asked(model, input), told)),
        other => panic!("nobody knows how to '{other}'"),
    }
}

/// The engine answers with the stretch that was asked for.
fn as_asked(model: &Model, input: Input) -> Input {
    let Input::Seen(mut seen) = input else { return input };
    if let (Some((window, _)), Some(spot)) = (&mut seen.room, model.spot()) {
        *window = spot.window;
    }
    Input::Seen(seen)
}

fn put(model: &mut Model, input: Input, told: &mut String) {
    let now_ms = model.now_ms;
    for wish in update(model, now_ms, input) {
        if let Some(wish) = in_words(&wish) {
            told.extend(["= ", wish.as_str(), "\n"]);
        }
    }
}

/// Wishes that a story is about; that something is looked at again is not.
fn in_words(wish: &Wish) -> Option<String> {
    match wish {
        Wish::Look => None,
        Wish::Do(Act::Say(_, content)) => Some(format!("say {}", said(content))),
        Wish::Do(Act::StartDirect(name)) => Some(format!("start a chat with @{}", name.as_str())),
        Wish::Do(Act::Invite(_, name)) => Some(format!("add @{}", name.as_str())),
        Wish::Do(Act::SendFiles(_, paths, caption)) => {
            let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            Some(format!("send {names} with {}", said(&sotto_proto::wire::event::Content::Text(*caption.clone()))))
        }
        Wish::Do(act) => Some(without_ids(&format!("{act:?}"))),
        Wish::List(typed) => Some(format!("list what begins with {typed:?}")),
        Wish::Attach(_, path) => Some(format!("attach {path}")),
        Wish::Search { query, within } => {
            Some(format!("search {query:?} {}", if within.is_some() { "here" } else { "everywhere" }))
        }
        Wish::Place { .. } => Some("look for the message that is quoted".to_owned()),
        Wish::Prove(_, name) => Some(format!("compare with {name}")),
        Wish::KeepSettings(settings) => Some(format!("keep {settings:?}")),
        Wish::Quit => Some("quit".to_owned()),
    }
}

fn said(content: &sotto_proto::wire::event::Content) -> String {
    use sotto_proto::wire::event::Content;
    let text_of = |text: &sotto_proto::wire::TextMessage| {
        let body = text.body.clone().unwrap_or_default();
        let quoted = text.quotation.as_ref().map(|quotation| format!(" to {:?}", quotation.quote));
        let mentions = if body.ranges.is_empty() { "" } else { " with a mention" };
        format!("{:?}{}{mentions}", body.text, quoted.unwrap_or_default())
    };
    match content {
        Content::Text(text) => text_of(text),
        Content::Edit(edit) => match &edit.content {
            Some(sotto_proto::wire::edit::Content::Text(text)) => format!("instead {}", text_of(text)),
            _ => "something else instead".to_owned(),
        },
        Content::Delete(_) => "that it is deleted".to_owned(),
        Content::Reaction(reaction) if reaction.remove => format!("no more {}", reaction.emoji),
        Content::Reaction(reaction) => reaction.emoji.clone(),
        Content::Title(title) => format!("that it is called {:?}", title.title),
        _ => "something".to_owned(),
    }
}

/// Ids say nothing to a reader: `ConversationId(00…)` becomes `it`.
fn without_ids(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) =
        ["ConversationId(", "AccountId(", "EventId(", "DeviceId("].iter().filter_map(|id| rest.find(id)).min()
    {
        let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
        told += &rest[..at];
        told += "it";
        rest = &rest[end..];
    }
    told + rest
}

fn mouse(kind: MouseEventKind, place: &str) -> Input {
    let (column, row) = pair(place);
    Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

fn pair(text: &str) -> (u16, u16) {
    let (one, other) = text.split_once(' ').expect("two numbers");
    (one.parse().expect("a number"), other.parse().expect("a number"))
}

pub(in crate::screen) fn key_named(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.split_once('+') {
        Some(("Ctrl", key)) => (KeyModifiers::CONTROL, key),
        Some(("Alt", key)) => (KeyModifiers::ALT, key),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        _ => match (name.strip_prefix('F').and_then(|number| number.parse().ok()), name.chars().next()) {
            (Some(number), _) => KeyCode::F(number),
            (None, Some(c)) => KeyCode::Char(c),
            (None, None) => panic!("a key without a name"),
        },
    };
    KeyEvent::new(code, modifiers)
}
