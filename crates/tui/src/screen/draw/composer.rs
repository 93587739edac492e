//! Where one writes, and what stands above it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use sotto_client::engine::Stand;

use super::put;
use crate::attachments::size_in_words;
use crate::screen::files::Attached;
use crate::screen::model::{Focus, Mode, Model, Spot};
use crate::screen::places::{PROMPT, Places};
use crate::screen::text;
use crate::screen::theme::Theme;
use crate::screen::view::{Body, Bubble};
use crate::words::Message;

pub(super) fn draw(model: &Model, theme: Theme, places: &Places, frame: &mut Frame<'_>) {
    typing(model, theme, places.typing, frame);
    let Some(chat) = model.open_chat() else { return };
    let instead = match chat.stand {
        Stand::Requested => Some(Message::RequestKeys),
        Stand::Left => Some(Message::YouLeft),
        Stand::Removed => Some(Message::YouWereRemoved),
        Stand::Member => None,
    };
    if let Some(message) = instead {
        let text =
            text::clip(&message.say(model.settings.language), usize::from(places.composer.width).saturating_sub(1));
        return put(frame, places.composer, Line::styled(format!(" {text}"), theme.accent()));
    }
    if let Some(spot) = model.spot() {
        write(model, spot, theme, places.composer, frame);
    }
}

/// The line between the timeline and the composer says who writes.
fn typing(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let line = Line::styled("─".repeat(usize::from(area.width)), theme.faint());
    put(frame, area, line);
    let below = model.rows_below();
    if below > 0 {
        put(frame, area, Line::styled(format!(" ↓ {below} "), theme.badge()).right_aligned());
    }
    let message = match model.writers().as_slice() {
        [] => return,
        [one] => Message::IsTyping { name: (*one).to_owned() },
        several => Message::AreTyping { names: several.join(", ") },
    };
    let text = text::clip(&message.say(model.settings.language), usize::from(area.width).saturating_sub(12));
    put(frame, Rect { x: area.x + 1, width: area.width - 1, ..area }, Line::styled(format!(" {text} "), theme.good()));
}

fn write(model: &Model, spot: &Spot, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let area = mode(model, &spot.mode, theme, area, frame);
    let area = attached(model, &spot.files, theme, area, frame);
    let room = Places::composer_room(area);
    let lines = spot.editor.lines(room);
    let (column, row) = spot.editor.cursor(room);
    let height = usize::from(area.height);
    let first = (row + 1).saturating_sub(height).min(lines.len().saturating_sub(height));
    let has_focus = model.focus == Focus::Composer && model.overlay.is_none();
    put(frame, Rect { height: 1, ..area }, Line::styled("›", if has_focus { theme.accent() } else { theme.faint() }));
    let text = Rect { x: area.x + PROMPT, width: area.width.saturating_sub(PROMPT), ..area };
    if spot.editor.is_empty() {
        let hint = Message::ComposerHint.say(model.settings.language);
        put(frame, text, Line::styled(text::clip(&hint, room), theme.faint()));
    }
    for (index, line) in lines.iter().skip(first).take(height).enumerate() {
        let y = text.y + u16::try_from(index).unwrap_or(u16::MAX);
        if !line.is_empty() {
            put(frame, Rect { y, height: 1, ..text }, Line::raw(line.clone()));
        }
    }
    if has_focus {
        let (column, row) = (u16::try_from(column).unwrap_or(0), u16::try_from(row - first).unwrap_or(0));
        frame.set_cursor_position(Position::new(text.x + column, text.y + row));
    }
}

/// The files that go along, in a line above the text.
fn attached(model: &Model, files: &[Attached], theme: Theme, area: Rect, frame: &mut Frame<'_>) -> Rect {
    if files.is_empty() {
        return area;
    }
    let language = model.settings.language;
    let names: Vec<_> =
        files.iter().map(|file| format!("{} ({})", file.name, size_in_words(file.size, language))).collect();
    let line = text::clip(&format!(" 📎 {}", names.join(" · ")), usize::from(area.width).saturating_sub(1));
    put(frame, Rect { height: 1, ..area }, Line::styled(line, theme.accent()));
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// What is answered or changed, in a line above the text. What is left is for the text.
fn mode(model: &Model, mode: &Mode, theme: Theme, area: Rect, frame: &mut Frame<'_>) -> Rect {
    let (title, bubble): (_, &Bubble) = match mode {
        Mode::New => return area,
        Mode::Reply(to) => (Message::Replying { name: to.name.clone() }, to),
        Mode::Edit(target, _) => (Message::Editing, target),
    };
    let said = match &bubble.body {
        Body::Text(_, text) => crate::safe::line(text),
        Body::Other(fragments) => fragments.iter().map(|fragment| fragment.text.as_str()).collect(),
        Body::Deleted => String::new(),
    };
    let line = format!(" ┃ {}: {said}", title.say(model.settings.language));
    let line = text::clip(&line, usize::from(area.width).saturating_sub(1));
    put(frame, Rect { height: 1, ..area }, Line::styled(line, theme.accent()));
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}
