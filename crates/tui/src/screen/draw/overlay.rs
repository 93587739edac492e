//! What lies over the screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};
use sotto_client::timeline::Standing;
use sotto_proto::wire::ConversationKind;

use super::{put, spans};
use crate::screen::editor::Editor;
use crate::screen::help;
use crate::screen::model::{Deed, Model, Overlay, Question};
use crate::screen::role_in_words;
use crate::screen::settings::ThemeName;
use crate::screen::text;
use crate::screen::theme::Theme;
use crate::screen::timeline::short_time;
use crate::screen::update::QUICK;
use crate::screen::view::{Device, Hit, Proof};
use crate::words::{Language, Message};

pub(super) fn draw(model: &Model, overlay: &Overlay, theme: Theme, frame: &mut Frame<'_>) {
    let drawing = Drawing { model, theme };
    match overlay {
        Overlay::Help { scroll } => drawing.help(*scroll, frame),
        Overlay::Ask { question, editor } => drawing.ask(*question, editor, frame),
        Overlay::Sure { what } => drawing.sure(*what, frame),
        Overlay::React { editor, .. } => drawing.react(editor, frame),
        Overlay::Search { editor, within, hits, at } => drawing.search(editor, within.is_some(), hits, *at, frame),
        Overlay::Pick { what, editor, at } => drawing.pick(*what, editor, *at, frame),
        Overlay::Path { what, editor, options, at } => drawing.path(*what, editor, options, *at, frame),
        Overlay::Members { at } => drawing.members(*at, frame),
        Overlay::Proof(proof) => drawing.proof(proof, frame),
        Overlay::Devices { devices, at } => drawing.devices(devices.as_deref(), *at, frame),
        Overlay::Settings { at } => drawing.settings(*at, frame),
    }
}

pub(super) struct Drawing<'m> {
    pub(super) model: &'m Model,
    pub(super) theme: Theme,
}

/// An empty window in the middle; what is returned is inside its frame.
pub(in crate::screen) fn window(
    (all_width, all_height): (u16, u16),
    theme: Theme,
    title: &str,
    (width, height): (u16, u16),
    frame: &mut Frame<'_>,
) -> Rect {
    let (width, height) = (width.min(all_width - 2), height.min(all_height - 2));
    let area = Rect::new((all_width - width) / 2, (all_height - height) / 2, width, height);
    let title = Span::styled(format!(" {} ", text::clip(title, usize::from(width) - 6)), Theme::strong());
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.accent()).title(title);
    // Half of a wide letter at the edge would push the frame aside.
    let around = Rect::new(area.x.saturating_sub(1), area.y, area.width + 1, area.height);
    let edge = Rect { width: 1, ..around };
    clear_wide(edge, frame);
    frame.render_widget(Clear, area);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// A line that is typed into, with the cursor in it.
pub(in crate::screen) fn field(theme: Theme, shown: String, column: usize, area: Rect, frame: &mut Frame<'_>) {
    put(frame, area, Line::styled("›", theme.accent()));
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let skipped = (column + 1).saturating_sub(usize::from(area.width));
    let skipped = u16::try_from(skipped).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(shown).scroll((0, skipped)), area);
    let column = u16::try_from(column).unwrap_or(u16::MAX).saturating_sub(skipped);
    frame.set_cursor_position(Position::new(area.x + column, area.y));
}

impl Drawing<'_> {
    pub(super) fn say(&self, message: &Message) -> String {
        message.say(self.model.settings.language)
    }

    pub(super) fn window(&self, title: &str, width: u16, height: u16, frame: &mut Frame<'_>) -> Rect {
        window(self.model.size, self.theme, title, (width, height), frame)
    }

    /// Lines, of which one is chosen, scrolled so that it is seen; and a line about the keys at the bottom.
    pub(super) fn list(
        &self,
        area: Rect,
        lines: Vec<Line<'static>>,
        at: Option<usize>,
        keys: &str,
        frame: &mut Frame<'_>,
    ) {
        let keys = text::wrap(&[text::Fragment::of(text::Kind::Faint, keys)], usize::from(area.width));
        let height = usize::from(area.height).saturating_sub(keys.len() + 1);
        let first = at.unwrap_or_default().saturating_sub(height / 2).min(lines.len().saturating_sub(height));
        for (index, line) in lines.into_iter().enumerate().skip(first).take(height) {
            let y = area.y + u16::try_from(index - first).unwrap_or(u16::MAX);
            let place = Rect { y, height: 1, ..area };
            put(frame, place, line);
            if at == Some(index) {
                put(frame, Rect { x: place.x - 1, width: 1, ..place }, Line::styled("›", self.theme.accent()));
                frame.buffer_mut().set_style(place, self.theme.cursor(true));
            }
        }
        for (index, line) in keys.iter().rev().take(usize::from(area.height)).enumerate() {
            let y = area.y + area.height - 1 - u16::try_from(index).unwrap_or(0);
            put(frame, Rect { y, height: 1, ..area }, Line::from(spans(line, self.theme, false)));
        }
    }

    fn help(&self, scroll: u16, frame: &mut Frame<'_>) {
        let area = self.window(&self.say(&Message::HelpTitle), 76, self.model.size.1, frame);
        let lines: Vec<Line<'static>> = help::lines(self.model.settings.language)
            .into_iter()
            .map(|line| match line {
                help::Line::Heading(heading) => Line::styled(heading, self.theme.accent()),
                help::Line::Keys(keys, what) => {
                    let gap = " ".repeat(KEYS.saturating_sub(text::width(keys)));
                    Line::from(vec![Span::styled(format!("  {keys}{gap}"), Theme::strong()), Span::raw(what)])
                }
            })
            .collect();
        let is_more = usize::from(scroll) + usize::from(area.height) < lines.len();
        frame.render_widget(Paragraph::new(lines).scroll((scroll, 0)), area);
        let corner = Rect { height: 1, ..area };
        if scroll > 0 {
            put(frame, corner, Line::styled("↑", self.theme.accent()).right_aligned());
        }
        if is_more {
            let corner = Rect { y: area.y + area.height - 1, ..corner };
            put(frame, corner, Line::styled("↓", self.theme.accent()).right_aligned());
        }
    }

    fn ask(&self, question: Question, editor: &Editor, frame: &mut Frame<'_>) {
        let (title, hint) = match question {
            Question::Whom => (Message::AskWhom, Message::AskWhomHint),
            Question::GroupTitle => (Message::AskGroupTitle, Message::AskGroupTitleHint),
            Question::Add(_) => (Message::AskAdd, Message::AskWhomHint),
            Question::Rename(_) => (Message::AskRename, Message::EnterToKeep),
            Question::Name => (Message::AskName, Message::AskNameHint),
            Question::DeviceName(_) => (Message::AskDeviceName, Message::EnterToKeep),
        };
        let area = self.window(&self.say(&title), 60, 6, frame);
        self.field(editor, Rect { height: 1, ..area }, frame);
        self.list(area, Vec::new(), None, &self.say(&hint), frame);
    }

    /// One line to type into; what is typed last is seen.
    pub(super) fn field(&self, editor: &Editor, area: Rect, frame: &mut Frame<'_>) {
        let (column, _) = editor.cursor(usize::MAX);
        field(self.theme, crate::safe::line(editor.text()), column, area, frame);
    }

    fn sure(&self, what: Deed, frame: &mut Frame<'_>) {
        let name = |chat| self.model.chat(chat).map(|chat| chat.name.clone()).unwrap_or_default();
        let message = match what {
            Deed::Delete(..) => Message::SureDelete,
            Deed::Leave(chat) => Message::SureLeave { chat: name(chat) },
            Deed::Remove(chat, account) => {
                let room = self.model.open_room().filter(|room| room.chat == chat);
                let member = room.and_then(|room| room.members.iter().find(|member| member.account == account));
                Message::SureRemove { name: member.map(|member| member.name.clone()).unwrap_or_default() }
            }
            Deed::Block(chat, _) => Message::SureBlock { name: name(chat) },
        };
        let lines = text::wrap(&[text::Fragment::plain(self.say(&message))], 54);
        let height = u16::try_from(lines.len()).unwrap_or(4) + 4;
        let area = self.window(&self.say(&Message::SureTitle), 60, height, frame);
        let lines = lines.iter().map(|line| Line::from(spans(line, self.theme, true))).collect();
        self.list(area, lines, None, &self.say(&Message::SureKeys), frame);
    }

    fn react(&self, editor: &Editor, frame: &mut Frame<'_>) {
        let area = self.window(&self.say(&Message::ReactTitle), 60, 7, frame);
        let quick: Vec<_> = QUICK.iter().zip(1..).map(|(emoji, key)| format!("{key} {emoji}")).collect();
        put(frame, Rect { height: 1, ..area }, Line::raw(quick.join("   ")));
        self.field(editor, Rect { y: area.y + 2, height: 1, ..area }, frame);
        self.list(area, Vec::new(), None, &self.say(&Message::ReactHint), frame);
    }

    fn search(&self, editor: &Editor, is_within: bool, hits: &[Hit], at: usize, frame: &mut Frame<'_>) {
        let title = if is_within { Message::SearchHere } else { Message::SearchAll };
        let area = self.window(&self.say(&title), 100, self.model.size.1, frame);
        self.field(editor, Rect { height: 1, ..area }, frame);
        let lines = hits.iter().map(|hit| self.hit(hit, is_within, usize::from(area.width))).collect();
        let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if hits.is_empty() && !editor.text().trim().is_empty() {
            put(frame, Rect { height: 1, ..list }, Line::styled(self.say(&Message::NothingFound), self.theme.faint()));
        }
        self.list(list, lines, Some(at).filter(|_| !hits.is_empty()), &self.say(&Message::SearchKeys), frame);
    }

    fn hit(&self, hit: &Hit, is_within: bool, room: usize) -> Line<'static> {
        let time = short_time(hit.at_ms, self.model.now_ms, &self.model.zone);
        let place =
            if is_within || hit.chat_name == hit.name { String::new() } else { format!(" · {}", hit.chat_name) };
        let who = text::clip(&format!("{}{place}", hit.name), room / 3);
        let gap = " ".repeat((room / 3).saturating_sub(text::width(&who)) + 1);
        let mut line = vec![
            Span::styled(format!("{time:>6} "), self.theme.faint()),
            Span::styled(who, Theme::strong()),
            Span::raw(gap),
        ];
        line.extend(spans(&hit.text, self.theme, false));
        Line::from(line)
    }

    fn members(&self, at: usize, frame: &mut Frame<'_>) {
        let Some(chat) = self.model.open_chat() else { return };
        let members = self.model.open_room().map(|room| room.members.as_slice()).unwrap_or_default();
        let is_group = chat.kind == ConversationKind::Group;
        let keys = if is_group { Message::GroupKeys } else { Message::ChatKeys };
        let rows = u16::try_from(members.len()).unwrap_or(u16::MAX).clamp(3, 20);
        let area = self.window(&chat.name, 70, rows + 7, frame);
        let room = usize::from(area.width);
        let lines = members.iter().map(|member| {
            let own = if member.own { format!(" ({})", self.say(&Message::You)) } else { String::new() };
            let role = match member.standing {
                Standing::Member => String::new(),
                standing if is_group => self.say(&role_in_words(standing)),
                _ => String::new(),
            };
            let verified = if member.verified { " ✔" } else { "" };
            let name =
                text::clip(&format!("{}{own}{verified}", member.name), room.saturating_sub(text::width(&role) + 1));
            let gap = " ".repeat(room.saturating_sub(text::width(&name) + text::width(&role)));
            Line::from(vec![Span::raw(name), Span::raw(gap), Span::styled(role, self.theme.faint())])
        });
        self.list(area, lines.collect(), Some(at), &self.say(&keys), frame);
    }

    /// Digits and words to read aloud, and the code beside them.
    fn proof(&self, proof: &Proof, frame: &mut Frame<'_>) {
        let (area, code) = self.place_for_proof(proof, frame);
        let rows: Vec<String> = proof.digits.chunks(3).map(|groups| groups.join(" ")).collect();
        let (state, keys) = match (proof.is_new_key, proof.verified) {
            (true, _) => (Message::ProofNewKey, Message::ProofNewKeyKeys),
            (false, true) => (Message::VerifiedMark, Message::ProofVerifiedKeys),
            (false, false) => (Message::ProofCompare, Message::ProofKeys),
        };
        let mut lines: Vec<_> = rows.into_iter().map(|row| vec![text::Fragment::plain(row)]).collect();
        let hint = if code.is_empty() { self.say(&Message::ProofLarger) } else { String::new() };
        for (kind, said) in [
            (text::Kind::Plain, proof.words.clone()),
            (if proof.is_new_key { text::Kind::Alarm } else { text::Kind::Faint }, self.say(&state)),
            (text::Kind::Mention, self.say(&keys)),
            (text::Kind::Faint, hint),
        ] {
            lines.push(Vec::new());
            lines.extend(text::wrap(&[text::Fragment::of(kind, said)], usize::from(area.width)));
        }
        let lines: Vec<Line<'static>> = lines.iter().map(|line| Line::from(spans(line, self.theme, true))).collect();
        frame.render_widget(Paragraph::new(lines), area);
    }

    /// Draws the code where one fits, and gives the room that is left for words. In a small window it takes the whole screen.
    fn place_for_proof<'p>(&self, proof: &'p Proof, frame: &mut Frame<'_>) -> (Rect, &'p [String]) {
        let title = self.say(&Message::ProofTitle { name: proof.name.clone() });
        let (window, whole) = (self.window(&title, 100, self.model.size.1, frame), frame.area());
        if let Some(rest) = draw_code(&proof.code, window, frame) {
            return (rest, &proof.code);
        }
        let Some(rest) = draw_code(&proof.narrow_code, whole, frame) else { return (window, &[]) };
        let rest = Rect { x: rest.x + 1, width: rest.width - 1, ..rest };
        frame.render_widget(Clear, Rect { x: whole.x, width: rest.width + 3, ..whole });
        let title = Line::styled(text::clip(&title, usize::from(rest.width)), Theme::strong());
        put(frame, Rect { height: 1, ..rest }, title);
        (Rect { y: rest.y + 2, height: rest.height - 2, ..rest }, &proof.narrow_code)
    }

    fn devices(&self, devices: Option<&[Device]>, at: usize, frame: &mut Frame<'_>) {
        let area = self.window(&self.say(&Message::DevicesTitle), 70, 14, frame);
        let Some(devices) = devices else {
            return put(frame, Rect { height: 1, ..area }, Line::styled("…", self.theme.faint()));
        };
        let lines = devices.iter().map(|device| {
            let name = if device.name.is_empty() { self.say(&Message::NoName) } else { device.name.clone() };
            let time = short_time(device.used_at_ms, self.model.now_ms, &self.model.zone);
            let about = if device.this { self.say(&Message::ThisDevice) } else { time };
            let name = text::clip(&name, usize::from(area.width).saturating_sub(text::width(&about) + 1));
            let gap = usize::from(area.width).saturating_sub(text::width(&name) + text::width(&about));
            Line::from(vec![Span::raw(name), Span::raw(" ".repeat(gap)), Span::styled(about, self.theme.faint())])
        });
        self.list(area, lines.collect(), Some(at), &self.say(&Message::DevicesKeys), frame);
    }

    fn settings(&self, at: usize, frame: &mut Frame<'_>) {
        let area = self.window(&self.say(&Message::SettingsTitle), 60, 8, frame);
        let (me, settings) = (&self.model.me, self.model.settings);
        let name = if me.name.is_empty() { format!("@{}", me.user) } else { format!("{} (@{})", me.name, me.user) };
        let language = match settings.language {
            Language::English => "English",
            Language::Russian => "Русский",
        };
        let theme = match settings.theme {
            ThemeName::Dark => Message::ThemeDark,
            ThemeName::Light => Message::ThemeLight,
            ThemeName::NoColour => Message::ThemeNoColour,
        };
        let values = [
            (Message::SettingName, name),
            (Message::SettingLanguage, language.to_owned()),
            (Message::SettingTheme, self.say(&theme)),
        ];
        let lines = values.into_iter().map(|(title, value)| {
            let title = self.say(&title);
            let gap = " ".repeat(16_usize.saturating_sub(text::width(&title)));
            let value = text::clip(&value, usize::from(area.width).saturating_sub(16));
            Line::from(vec![Span::styled(format!("{title}{gap}"), self.theme.faint()), Span::raw(value)])
        });
        self.list(area, lines.collect(), Some(at), &self.say(&Message::SettingsKeys), frame);
    }
}

/// Draws a code at the right, and gives what is left beside it. None if it does not fit.
fn draw_code(code: &[String], area: Rect, frame: &mut Frame<'_>) -> Option<Rect> {
    let width = u16::try_from(code.first().map_or(0, |row| text::width(row))).ok()?;
    if usize::from(area.height) < code.len() || area.width < width + WORDS_BESIDE_CODE {
        return None;
    }
    // Light on dark whatever the theme is, as the one who scans needs it.
    let style = Style::new().fg(Color::White).bg(Color::Black);
    let x = area.x + area.width - width;
    frame.render_widget(Clear, Rect { x, width, ..area });
    for (row, y) in code.iter().zip(area.y..) {
        put(frame, Rect { x, y, width, height: 1 }, Line::styled(row.clone(), style));
    }
    Some(Rect { width: area.width - width - 2, ..area })
}

/// Takes away letters that would reach from a column into the next one.
fn clear_wide(column: Rect, frame: &mut Frame<'_>) {
    let buffer = frame.buffer_mut();
    for position in column.intersection(buffer.area).positions() {
        if text::width(buffer[position].symbol()) > 1 {
            buffer[position].set_symbol(" ");
        }
    }
}

/// Cells that digits and words need at least.
const WORDS_BESIDE_CODE: u16 = 32;
/// Cells for keys in the help.
const KEYS: usize = 18;
