//! The model on the screen. Draws what is there and changes nothing.

mod chats;
mod composer;
mod overlay;
mod pickers;
mod timeline;

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sotto_native_client::Reach;
use sotto_proto::wire::ConversationKind;

use super::model::Model;
use super::text::{self, Fragment, Kind};
use super::theme::Theme;
use crate::words::{Language, Message};

pub(super) use overlay::{field, window};

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let places = model.places();
    if places.is_too_small {
        return too_small(model.size, model.settings.language, frame);
    }
    let theme = Theme::named(model.settings.theme);
    if places.chats.height > 0 {
        chats::draw(model, theme, places.chats, frame);
    }
    for y in 0..places.divider.height {
        put(frame, Rect::new(places.divider.x, y, 1, 1), Line::styled("│", theme.faint()));
    }
    if model.open.is_some() && places.timeline.width > 0 {
        title(model, theme, places.title, frame);
        timeline::draw(model, theme, places.timeline, frame);
        composer::draw(model, theme, &places, frame);
    } else if places.timeline.width > 0 {
        welcome(model, theme, places.timeline, frame);
    }
    status(model, theme, places.status, frame);
    if let Some(overlay) = &model.overlay {
        overlay::draw(model, overlay, theme, frame);
    }
}

pub(super) fn put(frame: &mut Frame<'_>, area: Rect, line: Line<'_>) {
    frame.render_widget(line, area);
}

/// Text that is there already, in pieces of their own faces.
fn spans(fragments: &[Fragment], theme: Theme, reveals: bool) -> Vec<Span<'static>> {
    let span = |fragment: &Fragment| {
        let is_hidden = fragment.face.kind == Kind::Spoiler && !reveals;
        let text = if is_hidden { "░".repeat(text::width(&fragment.text)) } else { fragment.text.clone() };
        Span::styled(text, theme.face(fragment.face))
    };
    fragments.iter().map(span).collect()
}

pub(super) fn too_small(size: (u16, u16), language: Language, frame: &mut Frame<'_>) {
    let text = Message::TooSmall.say(language);
    let line = text::clip(&text, usize::from(size.0));
    let area = Rect::new(0, size.1 / 2, size.0, 1).intersection(frame.area());
    frame.render_widget(Paragraph::new(line).alignment(Alignment::Center), area);
}

fn welcome(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let say = |message: Message| message.say(model.settings.language);
    let text = match () {
        () if !model.are_chats_known => String::new(),
        () if model.chats.iter().all(|chat| chat.kind == ConversationKind::Saved) => say(Message::ScreenNoChats),
        () => say(Message::ScreenChoose),
    };
    let lines: Vec<Line<'_>> = text.lines().map(|line| Line::styled(line.to_owned(), theme.faint())).collect();
    let height = u16::try_from(lines.len()).unwrap_or(1);
    let y = area.y + area.height.saturating_sub(height) / 2;
    let middle = Rect::new(area.x, y, area.width, height).intersection(area);
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), middle);
}

/// The name of the chat that is open, and what there is to know about it.
fn title(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(chat) = model.open_chat() else { return };
    let room = usize::from(area.width).saturating_sub(2);
    let name = Line::styled(format!(" {}", text::clip(&chat.name, room)), Theme::strong());
    put(frame, Rect { height: 1, ..area }, name);
    let decide = chat.undecided.map(|_| Message::DecideFirst.say(model.settings.language));
    let (about, style) = match (chat.trouble.as_ref().or(decide.as_ref()), about(model)) {
        (Some(trouble), _) => (format!("⚠ {trouble}"), theme.alarm()),
        (None, (about, true)) => (about, theme.good()),
        (None, (about, false)) => (about, theme.faint()),
    };
    let line = Line::styled(format!(" {}", text::clip(&about, room)), style);
    put(frame, Rect { y: area.y + 1, height: 1, ..area }, line);
}

/// Who is there, and whether that is somebody to talk with right now.
fn about(model: &Model) -> (String, bool) {
    let say = |message: Message| message.say(model.settings.language);
    let (Some(chat), Some(room)) = (model.open_chat(), model.open_room()) else { return (String::new(), false) };
    match chat.kind {
        _ if !chat.ready => (say(Message::Unopened), false),
        ConversationKind::Direct if chat.blocked => (say(Message::IsBlocked), false),
        ConversationKind::Direct if chat.verified => (say(Message::EncryptedVerified), room.is_there),
        ConversationKind::Direct if room.is_there => (say(Message::IsThere), true),
        ConversationKind::Direct => (say(Message::EncryptedChat), false),
        ConversationKind::Saved => (say(Message::SavedAbout), false),
        ConversationKind::Group | ConversationKind::Unspecified => {
            let names: Vec<_> = room.members.iter().map(|member| member.name.as_str()).collect();
            let count = room.members.len().to_string();
            (format!("{}: {}", say(Message::MemberCount { count }), names.join(", ")), false)
        }
    }
}

/// How things stand with the server, what was said last, and where help is.
fn status(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let say = |message: Message| message.say(model.settings.language);
    let hint = say(Message::StatusHint);
    let (state, style) = match (&model.notice, model.me.signed_in, model.reach) {
        (Some(notice), ..) => {
            let style = if notice.is_alarm { theme.alarm() } else { Theme::text() };
            (say(notice.message.clone()).replace('\n', " "), style)
        }
        (None, false, _) if model.are_chats_known => (say(Message::StatusSignedOut), theme.alarm()),
        (None, _, Reach::Away) => (say(Message::StatusOffline), theme.alarm()),
        (None, _, Reach::Unknown) => (say(Message::StatusConnecting), theme.faint()),
        (None, _, Reach::There) => (format!("@{}", model.me.user), theme.faint()),
    };
    let room = usize::from(area.width).saturating_sub(text::width(&hint) + 3);
    let state = if text::width(&state) > room && model.notice.is_some() {
        text::clip(&state, usize::from(area.width).saturating_sub(2))
    } else {
        text::clip(&state, room)
    };
    put(frame, area, Line::styled(format!(" {state}"), style));
    if text::width(&state) <= room {
        put(frame, area, Line::styled(format!("{hint} "), theme.faint()).right_aligned());
    }
}
