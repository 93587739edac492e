//! The list of chats.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use sotto_client::engine::Stand;

use super::put;
use crate::screen::model::{Focus, Model};
use crate::screen::places::CHAT_ROWS;
use crate::screen::text;
use crate::screen::theme::Theme;
use crate::screen::timeline::short_time;
use crate::screen::view::ChatRow;
use crate::words::Message;

pub(super) fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    heading(model, theme, Rect { height: 1, ..area }, frame);
    let shown = model.listed().skip(model.list_offset()).take(model.places().chats_shown());
    for (row, chat) in shown.enumerate() {
        let y = area.y + 1 + u16::try_from(row).unwrap_or(u16::MAX) * CHAT_ROWS;
        draw_chat(model, chat, theme, Rect { y, height: CHAT_ROWS, ..area }, frame);
    }
}

fn heading(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let title = if model.shows_archive { Message::Archive } else { Message::Chats };
    let title = Span::styled(format!(" {}", title.say(model.settings.language)), Theme::strong());
    let unread: u32 = model.listed().filter(|chat| !chat.muted).map(|chat| chat.unread).sum();
    let count = if unread > 0 { format!("  {unread}") } else { String::new() };
    put(frame, area, Line::from(vec![title, Span::styled(count, theme.accent())]));
}

fn draw_chat(model: &Model, chat: &ChatRow, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let room = usize::from(area.width).saturating_sub(2);
    let is_chosen = model.cursor == Some(chat.id);
    let time = short_time(chat.at_ms, model.now_ms, &model.zone);
    let first = two_ends(
        &Span::styled(name(chat), if chat.unread > 0 { Theme::strong() } else { Theme::text() }),
        vec![Span::styled(time, theme.faint())],
        room,
        is_chosen,
    );
    let marks = marks(model, chat, theme);
    let second = two_ends(&preview(model, chat, theme), marks, room, is_chosen);
    put(frame, Rect { height: 1, ..area }, first);
    put(frame, Rect { y: area.y + 1, height: 1, ..area }, second);
    if is_chosen {
        frame.buffer_mut().set_style(area, theme.cursor(model.focus == Focus::Chats && model.overlay.is_none()));
    }
}

fn name(chat: &ChatRow) -> String {
    let pin = if chat.pinned { "▴ " } else { "" };
    let trouble = if chat.trouble.is_some() || chat.undecided.is_some() { "⚠ " } else { "" };
    format!("{pin}{trouble}{}", chat.name)
}

fn preview(model: &Model, chat: &ChatRow, theme: Theme) -> Span<'static> {
    let say = |message: Message| message.say(model.settings.language);
    let is_open = model.open == Some(chat.id);
    match chat.stand {
        Stand::Requested => Span::styled(say(Message::WantsToWrite), theme.accent()),
        Stand::Left => Span::styled(say(Message::YouLeft), theme.faint()),
        Stand::Removed => Span::styled(say(Message::YouWereRemoved), theme.faint()),
        Stand::Member if !chat.ready => Span::styled(say(Message::Unopened), theme.faint()),
        Stand::Member if !chat.draft.is_empty() && !is_open => {
            let draft = crate::safe::line(&chat.draft);
            Span::styled(format!("{} {draft}", say(Message::Draft)), theme.accent())
        }
        Stand::Member => Span::styled(chat.last.clone(), theme.faint()),
    }
}

fn marks(model: &Model, chat: &ChatRow, theme: Theme) -> Vec<Span<'static>> {
    let mut marks = Vec::new();
    // A request says itself that there is something.
    if chat.stand == Stand::Requested {
        return marks;
    }
    if chat.muted {
        marks.push(Span::styled(Message::MutedMark.say(model.settings.language), theme.faint()));
    }
    if chat.mentions > 0 {
        marks.push(Span::styled(" @ ", theme.badge()));
    }
    if chat.unread > 0 {
        let style = if chat.muted { theme.faint() } else { theme.badge() };
        let count = if chat.unread >= 1_000 { "999+".to_owned() } else { chat.unread.to_string() };
        marks.push(Span::styled(format!(" {count} "), style));
    }
    marks
}

/// Something at the beginning, clipped to what is left beside the rest at the end.
fn two_ends(start: &Span<'static>, end: Vec<Span<'static>>, room: usize, is_chosen: bool) -> Line<'static> {
    let end_width: usize = end.iter().map(|span| text::width(&span.content)).sum();
    let room = room.saturating_sub(end_width + usize::from(end_width > 0));
    let clipped = text::clip(&start.content, room);
    let gap = room.saturating_sub(text::width(&clipped)) + usize::from(end_width > 0);
    let mut spans = vec![
        Span::raw(if is_chosen { "▌" } else { " " }),
        Span::styled(clipped, start.style),
        Span::raw(" ".repeat(gap)),
    ];
    spans.extend(end);
    Line::from(spans)
}
