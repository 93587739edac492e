//! The timeline of the chat that is open.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{put, spans};
use crate::screen::model::Model;
use crate::screen::text;
use crate::screen::theme::Theme;
use crate::screen::timeline::{META, Meta, Row, RowKind};
use crate::screen::view::{Delivery, Earlier};
use crate::words::Message;

pub(super) fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let rows = &model.laid.rows;
    let height = usize::from(area.height);
    let top = model.top_row();
    // A short timeline stands above the composer, where the next message comes.
    let empty = height.saturating_sub(rows.len());
    let selected = model.spot().and_then(|spot| spot.selected);
    for (index, row) in rows.iter().skip(top).take(height).enumerate() {
        let y = area.y + u16::try_from(empty + index).unwrap_or(u16::MAX);
        let place = Rect { y, height: 1, ..area };
        let is_chosen = row.owner.is_some() && row.owner == selected;
        draw_row(row, is_chosen, theme, place, frame);
        if is_chosen {
            frame.buffer_mut().set_style(place, theme.chosen());
        }
    }
    if rows.is_empty() {
        nothing(model, theme, area, frame);
    }
}

fn nothing(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(room) = model.open_room() else { return };
    let message = match room.has_earlier {
        Earlier::OnServer => Message::EarlierOnServer,
        Earlier::Here | Earlier::Nothing => Message::NothingWritten,
    };
    let text = text::clip(&message.say(model.settings.language), usize::from(area.width));
    let place = Rect { y: area.y + area.height / 2, height: 1, ..area };
    put(frame, place, Line::styled(text, theme.faint()).centered());
}

fn draw_row(row: &Row, is_chosen: bool, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let bar = match (is_chosen, row.own) {
        (true, _) => Span::styled("▌ ", theme.accent()),
        (false, true) => Span::styled("▎ ", theme.accent()),
        (false, false) => Span::raw("  "),
    };
    match &row.what {
        RowKind::Blank => {}
        RowKind::Day(title) => between_lines(title, theme.faint(), area, frame),
        RowKind::Unread(title) => between_lines(title, theme.accent(), area, frame),
        RowKind::Said(text) => put(frame, area, Line::styled(text.clone(), theme.faint()).centered()),
        RowKind::Author(name) => {
            let style = if row.own { theme.accent() } else { Theme::strong() };
            put(frame, area, Line::from(vec![bar, Span::styled(name.clone(), style)]));
        }
        RowKind::Text { parts, meta } => {
            let mut line = vec![bar];
            line.extend(spans(parts, theme, is_chosen));
            let text = Rect { width: area.width.saturating_sub(u16::try_from(META).unwrap_or(0)), ..area };
            put(frame, text, Line::from(line));
            if let Some(meta) = meta {
                put(frame, area, meta_line(meta, theme));
            }
        }
    }
}

/// The time, and how far an own message has come.
fn meta_line(meta: &Meta, theme: Theme) -> Line<'static> {
    let (mark, style) = match meta.delivery {
        Delivery::NotOwn => ("  ", theme.faint()),
        Delivery::Queued => ("… ", theme.faint()),
        Delivery::Sent => ("✓ ", theme.faint()),
        Delivery::Delivered => ("✓✓", theme.faint()),
        Delivery::Read => ("✓✓", theme.accent()),
        Delivery::Refused => ("✗ ", theme.alarm()),
    };
    let time = Span::styled(format!("{} ", meta.time), theme.faint());
    Line::from(vec![time, Span::styled(mark, style)]).right_aligned()
}

fn between_lines(title: &str, style: Style, area: Rect, frame: &mut Frame<'_>) {
    let room = usize::from(area.width);
    let title = text::clip(title, room.saturating_sub(4));
    let lines = room.saturating_sub(text::width(&title) + 2);
    let line = format!("{} {title} {}", "─".repeat(lines / 2), "─".repeat(lines - lines / 2));
    put(frame, area, Line::styled(line, style));
}
