//! Keys of what lies over the screen. Esc always takes it away.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sotto_client::engine::KeyChoice;
use sotto_client::timeline::Standing;
use sotto_crypto::mls::governance::Role;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{ConversationId, UserName};
use unicode_normalization::UnicodeNormalization as _;

use super::layout::latin;
use super::{ask, going, paths, pick};
use crate::screen::compose;
use crate::screen::editor::Editor;
use crate::screen::events::Arrangement::{Archived, Muted, Pinned};
use crate::screen::events::{Act, Wish};
use crate::screen::model::{Deed, Model, Notice, Overlay, Question};
use crate::screen::view::{Bubble, Hit, Proof};
use crate::words::{Language, Message};

pub(super) fn press(model: &mut Model, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let Some(overlay) = model.overlay.take() else { return };
    if key.code == KeyCode::Esc {
        return;
    }
    match overlay {
        Overlay::Help { scroll } => help(model, scroll, latin(key)),
        Overlay::Ask { question, editor } => answer(model, question, editor, key, wishes),
        Overlay::Sure { what } => sure(model, what, key, wishes),
        Overlay::React { bubble, editor } => react(model, bubble, editor, key, wishes),
        Overlay::Search { editor, within, hits, at } => search(model, (editor, within, hits, at), key, wishes),
        Overlay::Pick { what, editor, at } => pick::press(model, (what, editor, at), key, wishes),
        Overlay::Path { what, editor, options, at } => {
            paths::press(model, (what, editor, options, at), key, wishes);
        }
        Overlay::Members { at } => members(model, at, latin(key), wishes),
        Overlay::Proof(proof) => prove(model, proof, latin(key), wishes),
        Overlay::Devices { devices, at } => {
            let chosen = devices.as_ref().and_then(|devices| devices.get(at)).cloned();
            model.overlay = Some(Overlay::Devices { devices, at });
            match (latin(key).code, chosen) {
                (KeyCode::Char('r') | KeyCode::Enter, Some(device)) => {
                    ask(model, Question::DeviceName(device.id), &device.name);
                }
                _ => step_by_key(model, key, wishes),
            }
        }
        Overlay::Settings { at } => settings(model, at, key, wishes),
    }
}

pub(super) fn paste(model: &mut Model, text: &str, wishes: &mut Vec<Wish>) {
    let line = text.lines().next().unwrap_or_default();
    match &mut model.overlay {
        Some(Overlay::Ask { editor, .. } | Overlay::React { editor, .. } | Overlay::Pick { editor, .. }) => {
            editor.insert(line);
        }
        Some(Overlay::Path { editor, .. }) => {
            editor.insert(line);
            wishes.push(Wish::List(editor.text().to_owned()));
        }
        Some(Overlay::Search { editor, within, .. }) => {
            editor.insert(line);
            wishes.push(Wish::Search { query: editor.text().to_owned(), within: *within });
        }
        _ => {}
    }
}

/// A step through what a list or a text shows: by the wheel or by the arrows.
pub(super) fn step(model: &mut Model, down: bool, _wishes: &mut [Wish]) {
    let people = model.open_room().map_or(0, |room| room.members.len());
    let move_in = |at: &mut usize, len: usize| {
        *at = if down { (*at + 1).min(len.saturating_sub(1)) } else { at.saturating_sub(1) };
    };
    let picks = match &model.overlay {
        Some(Overlay::Pick { what, editor, .. }) => pick::fitting(model, *what, editor.text()).len(),
        _ => 0,
    };
    match &mut model.overlay {
        Some(Overlay::Pick { at, .. }) => move_in(at, picks),
        Some(Overlay::Path { options, at, .. }) => {
            let mut chosen = at.unwrap_or_default();
            move_in(&mut chosen, options.len());
            *at = (!options.is_empty()).then_some(chosen);
        }
        Some(Overlay::Help { scroll }) => *scroll = if down { *scroll + 1 } else { scroll.saturating_sub(1) },
        Some(Overlay::Search { hits, at, .. }) => move_in(at, hits.len()),
        Some(Overlay::Members { at }) => move_in(at, people),
        Some(Overlay::Devices { devices, at }) => move_in(at, devices.as_ref().map_or(0, Vec::len)),
        Some(Overlay::Settings { at }) => move_in(at, SETTINGS),
        Some(Overlay::Ask { .. } | Overlay::Sure { .. } | Overlay::React { .. } | Overlay::Proof(_)) | None => {}
    }
}

fn step_by_key(model: &mut Model, key: KeyEvent, wishes: &mut [Wish]) {
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => step(model, false, wishes),
        KeyCode::Down | KeyCode::Char('j') => step(model, true, wishes),
        _ => {}
    }
}

fn help(model: &mut Model, scroll: u16, key: KeyEvent) {
    let scroll = match key.code {
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => scroll + 1,
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll + 10,
        _ => return,
    };
    let scroll = scroll.min(crate::screen::help::scroll_max(model));
    model.overlay = Some(Overlay::Help { scroll });
}

fn answer(model: &mut Model, question: Question, mut editor: Editor, key: KeyEvent, wishes: &mut Vec<Wish>) {
    if key.code != KeyCode::Enter {
        editor.press(key);
        model.overlay = Some(Overlay::Ask { question, editor });
        return;
    }
    let text: String = editor.text().trim().nfc().collect();
    if text.is_empty() {
        return;
    }
    let act = match question {
        Question::Whom | Question::Add(_) => {
            let Ok(name) = UserName::from_input(text.trim_start_matches('@')) else {
                let message = Message::BadUserName { name: crate::safe::line(&text) };
                model.notice = Some(Notice { message, is_alarm: true });
                model.overlay = Some(Overlay::Ask { question, editor });
                return;
            };
            name.as_str().clone_into(&mut model.asked_for);
            match question {
                Question::Add(chat) => Act::Invite(chat, name),
                _ => Act::StartDirect(name),
            }
        }
        Question::GroupTitle => Act::StartGroup(text),
        Question::Rename(chat) => Act::Say(chat, Box::new(compose::title(&text))),
        Question::Name => Act::SetName { name: text, about: model.me.about.clone() },
        Question::DeviceName(device) => Act::NameDevice(device, text),
    };
    if let Act::Invite(..) | Act::Say(..) = act {
        model.overlay = Some(Overlay::Members { at: 0 });
    }
    wishes.push(Wish::Do(act));
}

fn sure(model: &mut Model, what: Deed, key: KeyEvent, wishes: &mut Vec<Wish>) {
    match key.code {
        KeyCode::Char('y' | 'Y' | 'д' | 'Д') | KeyCode::Enter => {}
        KeyCode::Char('n' | 'N' | 'н' | 'Н') => return,
        _ => {
            model.overlay = Some(Overlay::Sure { what });
            return;
        }
    }
    let is_request = |chat: ConversationId| {
        model.chat(chat).is_some_and(|chat| chat.stand == sotto_client::engine::Stand::Requested)
    };
    wishes.push(Wish::Do(match what {
        Deed::Delete(chat, id, seq) => Act::Say(chat, Box::new(compose::delete(id, seq))),
        Deed::Leave(chat) => Act::Leave(chat),
        Deed::Remove(chat, account) => Act::Remove(chat, account),
        Deed::Block(chat, _) if is_request(chat) => Act::Decline { chat, block: true },
        Deed::Block(_, account) => Act::SetBlocked(account, true),
    }));
}

fn react(model: &mut Model, bubble: Box<Bubble>, mut editor: Editor, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let quick = match key.code {
        KeyCode::Char(c) if editor.is_empty() => {
            let index = c.to_digit(10).and_then(|digit| digit.checked_sub(1));
            index.and_then(|index| QUICK.get(index as usize)).map(|emoji| (*emoji).to_owned())
        }
        KeyCode::Enter => Some(editor.text().trim().to_owned()).filter(|emoji| !emoji.is_empty()),
        _ => None,
    };
    let Some(emoji) = quick else {
        editor.press(key);
        model.overlay = Some(Overlay::React { bubble, editor });
        return;
    };
    if let (Some(chat), Some(content)) = (model.open, compose::reaction(&bubble, &emoji)) {
        wishes.push(Wish::Do(Act::Say(chat, Box::new(content))));
    }
}

type Searching = (Editor, Option<ConversationId>, Vec<Hit>, usize);

fn search(model: &mut Model, searching: Searching, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let (mut editor, mut within, hits, at) = searching;
    match key.code {
        KeyCode::Enter => {
            if let Some(hit) = hits.get(at) {
                return going::show(model, hit.chat, hit.id, hit.seq, wishes);
            }
        }
        KeyCode::Up | KeyCode::Down => {
            model.overlay = Some(Overlay::Search { editor, within, hits, at });
            return step(model, key.code == KeyCode::Down, wishes);
        }
        _ => {
            let before = (editor.text().to_owned(), within);
            match key.code {
                KeyCode::Tab => within = if within.is_some() { None } else { model.open },
                _ => {
                    editor.press(key);
                }
            }
            if before != (editor.text().to_owned(), within) {
                wishes.push(Wish::Search { query: editor.text().to_owned(), within });
            }
        }
    }
    model.overlay = Some(Overlay::Search { editor, within, hits, at });
}

fn members(model: &mut Model, at: usize, key: KeyEvent, wishes: &mut Vec<Wish>) {
    model.overlay = Some(Overlay::Members { at });
    let Some(chat) = model.open_chat() else { return };
    let (id, is_group, title) = (chat.id, chat.kind == ConversationKind::Group, chat.name.clone());
    let arranged = |arrangement| Wish::Do(Act::Arrange(id, arrangement));
    let people = model.open_room().map(|room| room.members.as_slice()).unwrap_or_default();
    // In a chat of two it can only be about the other one.
    let other = people.iter().find(|member| !is_group && !member.own);
    let chosen = other.or_else(|| people.get(at)).cloned();
    match (key.code, chosen) {
        (KeyCode::Char('p'), _) => wishes.push(arranged(Pinned(!chat.pinned))),
        (KeyCode::Char('m'), _) => wishes.push(arranged(Muted(!chat.muted))),
        (KeyCode::Char('x'), _) => wishes.push(arranged(Archived(!chat.archived))),
        (KeyCode::Char('b'), _) => {
            let is_blocked = chat.blocked;
            let Some(other) = chat.other else { return };
            if is_blocked {
                wishes.push(Wish::Do(Act::SetBlocked(other, false)));
            } else {
                model.overlay = Some(Overlay::Sure { what: Deed::Block(id, other) });
            }
        }
        (KeyCode::Char('a'), _) if is_group => ask(model, Question::Add(id), ""),
        (KeyCode::Char('t'), _) if is_group => ask(model, Question::Rename(id), &title),
        (KeyCode::Char('l'), _) if is_group => model.overlay = Some(Overlay::Sure { what: Deed::Leave(id) }),
        (KeyCode::Char('r') | KeyCode::Delete, Some(member)) if is_group && !member.own => {
            model.overlay = Some(Overlay::Sure { what: Deed::Remove(id, member.account) });
        }
        (KeyCode::Char('v'), Some(member)) if !member.own => {
            wishes.push(Wish::Prove(member.account, member.name));
        }
        (KeyCode::Char('o'), Some(member)) if is_group => {
            wishes.push(Wish::Do(Act::SetRole(id, member.account, next_role(member.standing))));
        }
        _ => step_by_key(model, key, wishes),
    }
}

/// What the person says after comparing.
fn prove(model: &mut Model, proof: Box<Proof>, key: KeyEvent, wishes: &mut Vec<Wish>) {
    let act = match (key.code, proof.is_new_key) {
        (KeyCode::Char('v'), false) => Act::SetVerified(proof.account, !proof.verified),
        (KeyCode::Char('n'), true) => Act::DecideOnKey(proof.account, KeyChoice::New),
        (KeyCode::Char('k'), true) => Act::DecideOnKey(proof.account, KeyChoice::Known),
        _ => {
            model.overlay = Some(Overlay::Proof(proof));
            return;
        }
    };
    wishes.push(Wish::Do(act));
    wishes.push(Wish::Prove(proof.account, proof.name));
}

fn next_role(standing: Standing) -> Role {
    match standing {
        Standing::Member => Role::Admin,
        Standing::Admin => Role::Owner,
        Standing::Owner => Role::Member,
    }
}

fn settings(model: &mut Model, at: usize, key: KeyEvent, wishes: &mut Vec<Wish>) {
    model.overlay = Some(Overlay::Settings { at });
    let changes = matches!(key.code, KeyCode::Enter | KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right);
    if !changes || key.modifiers.contains(KeyModifiers::CONTROL) {
        return step_by_key(model, key, wishes);
    }
    match at {
        0 => {
            let name = model.me.name.clone();
            return ask(model, Question::Name, &name);
        }
        1 => {
            model.settings.language = match model.settings.language {
                Language::English => Language::Russian,
                Language::Russian => Language::English,
            };
            // What the engine's thread has put into words is asked for again.
            wishes.push(Wish::Look);
        }
        _ => model.settings.theme = model.settings.theme.next(),
    }
    model.lay_out();
    wishes.push(Wish::KeepSettings(model.settings));
}

/// Lines of the settings.
const SETTINGS: usize = 3;
/// Reactions that one key gives.
pub(in crate::screen) const QUICK: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🎉"];
