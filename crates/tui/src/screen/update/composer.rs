//! Writing.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sotto_client::engine::{Engine, Stand};
use sotto_proto::ConversationId;
use sotto_proto::wire::event::Content;

use super::layout::latin;
use super::{chats, going, set_focus};
use crate::failure::Failure;
use crate::screen::compose;
use crate::screen::editor::Editor;
use crate::screen::events::{Act, Wish};
use crate::screen::model::{Focus, Mode, Model, Notice, Spot};
use crate::screen::places::Places;
use crate::screen::view::{Body, Bubble, Delivery, Member};
use crate::words::Message;

pub(super) fn press(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    // Until the list has it, nothing can be written there.
    let Some(chat) = model.open_chat() else { return };
    let stand = chat.stand;
    let page = usize::from(model.places().timeline.height.saturating_sub(2)).cast_signed();
    match key.code {
        KeyCode::Esc => leave(model),
        KeyCode::PageUp => going::scroll(model, -page, wishes),
        KeyCode::PageDown => going::scroll(model, page, wishes),
        KeyCode::Char(_) if stand == Stand::Requested => {
            if let KeyCode::Char(c) = latin(key).code {
                chats::answer(model, c, wishes);
            }
        }
        _ if stand != Stand::Member => {}
        KeyCode::Enter if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT) => {
            type_in(model, wishes, |editor| editor.insert("\n"));
        }
        KeyCode::Enter => send(model, wishes),
        KeyCode::Up | KeyCode::Down => go(model, key.code == KeyCode::Down),
        _ => type_in(model, wishes, |editor| {
            editor.press(key);
        }),
    }
}

/// Leaves the mode, or else the files that were to go along, or else the composer.
fn leave(model: &mut Model) {
    match model.spot_mut() {
        Some(spot) if spot.mode != Mode::New => {
            if let Mode::Edit(_, draft) = std::mem::take(&mut spot.mode) {
                spot.editor = draft;
            }
            model.lay_out();
        }
        Some(spot) if !spot.files.is_empty() => {
            spot.files.clear();
            model.lay_out();
        }
        _ => set_focus(model, Focus::Chats),
    }
}

/// Through the lines of the text; above the first, into the timeline.
fn go(model: &mut Model, down: bool) {
    let room = Places::composer_room(model.places().composer);
    let Some(spot) = model.spot_mut() else { return };
    if spot.editor.go(down, room) || down {
        return;
    }
    set_focus(model, Focus::Timeline);
}

/// Changes the text, and lets the others know.
pub(super) fn type_in(model: &mut Model, wishes: &mut Vec<Wish>, change: impl FnOnce(&mut Editor)) {
    let (now_ms, told_ms, tells) = (model.now_ms, model.told_typing_ms, tells_typing(model));
    let Some(chat) = model.open else { return };
    let Some(spot) = model.spot_mut() else { return };
    let before = spot.editor.text().to_owned();
    change(&mut spot.editor);
    if spot.editor.text() == before {
        return;
    }
    let stopped = spot.editor.is_empty();
    if spot.mode == Mode::New || matches!(spot.mode, Mode::Reply(_)) {
        model.draft_due_ms = Some(now_ms + DRAFT_MS);
    }
    if tells && (stopped || now_ms.saturating_sub(told_ms) >= TELL_TYPING_MS) {
        model.told_typing_ms = if stopped { 0 } else { now_ms };
        wishes.push(Wish::Do(Act::Typing { chat, stopped }));
    }
    model.lay_out();
}

fn tells_typing(model: &Model) -> bool {
    model.open_chat().is_some_and(|chat| chat.stand == Stand::Member && chat.ready)
}

fn send(model: &mut Model, wishes: &mut Vec<Wish>) {
    let members = model.open_room().map(|room| room.members.clone()).unwrap_or_default();
    let (Some(chat), Some(spot)) = (model.open, model.spot_mut()) else { return };
    let Some(act) = said(chat, spot, &members) else { return };
    if let Some(message) = obstacle(&act) {
        // It stays where it can be mended.
        model.notice = Some(Notice { message, is_alarm: true });
        return;
    }
    spot.editor.take();
    if !matches!(spot.mode, Mode::Edit(..)) {
        spot.files.clear();
    }
    if let Mode::Edit(_, draft) = std::mem::take(&mut spot.mode) {
        spot.editor = draft;
    }
    // Who answers has seen what was new.
    spot.unread_from = None;
    model.told_typing_ms = 0;
    wishes.push(Wish::Do(act));
    keep_draft(model, wishes);
    going::to_end(model, wishes);
    model.lay_out();
}

/// What Enter says; none where there is nothing to say.
fn said(chat: ConversationId, spot: &Spot, members: &[Member]) -> Option<Act> {
    let typed = spot.editor.text();
    let answered = match &spot.mode {
        Mode::Edit(target, _) => return Some(Act::Say(chat, Box::new(compose::edit(target, typed, members)?))),
        Mode::New => None,
        Mode::Reply(to) => Some(to.as_ref()),
    };
    if !spot.files.is_empty() {
        let paths = spot.files.iter().map(|file| file.path.clone()).collect();
        return Some(Act::SendFiles(chat, paths, Box::new(compose::caption(typed, answered, members))));
    }
    let text = compose::text(typed, answered, members)?;
    Some(Act::Say(chat, Box::new(Content::Text(text))))
}

/// Why it cannot be said.
fn obstacle(act: &Act) -> Option<Message> {
    let Act::Say(_, content) = act else { return None };
    Engine::check(content, "").err().map(|error| Failure::from(error).message)
}

/// Keeps what is not sent yet, on all devices, if it is not kept already.
pub(super) fn keep_draft(model: &mut Model, wishes: &mut Vec<Wish>) {
    model.draft_due_ms = None;
    let Some(chat) = model.open else { return };
    let Some(spot) = model.spot_mut() else { return };
    let draft = match &spot.mode {
        Mode::Edit(_, draft) => draft.text(),
        Mode::New | Mode::Reply(_) => spot.editor.text(),
    };
    if draft != spot.kept {
        spot.kept = draft.to_owned();
        wishes.push(Wish::Do(Act::KeepDraft(chat, spot.kept.clone())));
    }
}

pub(super) fn reply(model: &mut Model, to: Bubble) {
    if to.seq.is_none() {
        return;
    }
    if let Some(spot) = model.spot_mut() {
        spot.mode = Mode::Reply(Box::new(to));
    }
    set_focus(model, Focus::Composer);
}

pub(super) fn edit(model: &mut Model, target: Bubble) {
    let (true, Some(_), Body::Text(_, text)) = (target.own, target.seq, &target.body) else { return };
    let editor = Editor::with(text);
    if let Some(spot) = model.spot_mut() {
        let draft = match std::mem::take(&mut spot.mode) {
            Mode::Edit(_, draft) => draft,
            Mode::New | Mode::Reply(_) => std::mem::take(&mut spot.editor),
        };
        spot.editor = editor;
        spot.mode = Mode::Edit(Box::new(target), draft);
    }
    set_focus(model, Focus::Composer);
}

/// What the server would not take goes back into the composer, or away.
pub(super) fn take_back(model: &mut Model, bubble: &Bubble, wishes: &mut Vec<Wish>) {
    if matches!(bubble.delivery, Delivery::Refused | Delivery::Queued) {
        wishes.push(Wish::Do(Act::Unsend(bubble.id)));
        if let (Some(spot), Body::Text(_, text)) = (model.spot_mut(), &bubble.body)
            && spot.editor.is_empty()
        {
            spot.editor = Editor::with(text);
        }
        set_focus(model, Focus::Composer);
    }
}

/// A pause in which a draft is kept.
const DRAFT_MS: u64 = 1_500;
/// The others are told again after this time.
const TELL_TYPING_MS: u64 = 4_000;

#[cfg(test)]
mod tests {
    use sotto_proto::limits::EVENT_MAX;

    use super::*;

    #[test]
    fn what_is_too_long_or_no_text_has_a_reason_not_to_be_sent() {
        let chat = ConversationId::from_bytes([7; 16]);
        let say = |typed: &str| {
            let text = compose::text(typed, None, &[]).unwrap();
            obstacle(&Act::Say(chat, Box::new(Content::Text(text))))
        };
        assert_eq!(say("Ciao"), None);
        let long = "x".repeat(EVENT_MAX);
        assert!(say(&long).is_some_and(|why| ["too-long", "unusable"].contains(&why.code().as_str())));
    }
}
