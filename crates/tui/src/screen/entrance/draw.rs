//! The door on the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::hidden::Hidden;
use super::model::{Form, Model, Page, Value, What, Words};
use super::update::WAYS;
use crate::screen::draw::{put, too_small, window};
use crate::screen::editor::Editor;
use crate::screen::places::{HEIGHT_MIN, WIDTH_MIN};
use crate::screen::text::{self, Fragment};
use crate::screen::theme::Theme;
use crate::words::Message;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    if model.size.0 < WIDTH_MIN || model.size.1 < HEIGHT_MIN {
        return too_small(model.size, model.language, frame);
    }
    let drawing = Drawing { model, theme: Theme::named(model.theme) };
    match &model.page {
        Page::Choose { at } => drawing.choose(*at, frame),
        Page::Form(form) => drawing.form(form, frame),
        Page::Code(editor) => drawing.code(editor, frame),
        Page::Words(words) => drawing.words(words, frame),
        Page::WordsBack { words, typed, at } => drawing.words_back(words, typed, *at, frame),
    }
}

struct Drawing<'m> {
    model: &'m Model,
    theme: Theme,
}

impl Drawing<'_> {
    fn say(&self, message: &Message) -> String {
        message.say(self.model.language)
    }

    fn window(&self, title: &Message, height: u16, frame: &mut Frame<'_>) -> Rect {
        window(self.model.size, self.theme, &self.say(title), (WIDTH, height), frame)
    }

    fn choose(&self, at: usize, frame: &mut Frame<'_>) {
        let area = self.window(&Message::DoorTitle, 10, frame);
        let titles = WAYS.iter().map(|(_, title)| title).chain([&Message::DoorLeave]);
        for (row, title) in titles.enumerate() {
            let Some(place) = row_of(area, row + 1) else { break };
            put(frame, place, Line::raw(text::clip(&format!(" {}", self.say(title)), usize::from(place.width))));
            if row == at {
                frame.buffer_mut().set_style(place, self.theme.cursor(true));
            }
        }
        self.footer(area, &Message::DoorKeys, frame);
    }

    /// Fields one below the other; where there is little room, those around the one that is typed into.
    fn form(&self, form: &Form, frame: &mut Frame<'_>) {
        let title = WAYS.iter().find(|(way, _)| *way == form.way).map_or(&Message::DoorSignIn, |(_, title)| title);
        let rows = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
        let area = self.window(title, rows + 8, frame);
        let shown = usize::from(area.height.saturating_sub(5)).max(1);
        let first = form.at.saturating_sub(shown - 1);
        for (index, field) in form.fields.iter().enumerate().skip(first).take(shown) {
            let is_here = index == form.at;
            let Some(place) = row_of(area, index - first + 1) else { break };
            match &field.value {
                Value::Open(editor) => self.open(&field.title(), editor, is_here, place, frame),
                Value::Secret(hidden) if field.what == What::Words => {
                    self.field(&field.title(), (hidden.text().to_owned(), hidden.count()), is_here, place, frame);
                }
                Value::Secret(hidden) => self.secret(&field.title(), hidden, is_here, place, frame),
            }
        }
        self.footer(area, &Message::FormKeys, frame);
    }

    fn code(&self, editor: &Editor, frame: &mut Frame<'_>) {
        let area = self.window(&Message::DoorCode, 9, frame);
        let field = row_of(area, 1).unwrap_or(area);
        let (column, _) = editor.cursor(usize::MAX);
        crate::screen::draw::field(self.theme, editor.text().to_owned(), column, field, frame);
        self.footer(area, &Message::DoorCodeHint, frame);
    }

    fn words(&self, words: &Words, frame: &mut Frame<'_>) {
        let area = self.window(&Message::WordsTitle, 18, frame);
        let room = usize::from(area.width);
        let hint = text::wrap(&[Fragment::plain(self.say(&Message::WordsHint))], room);
        let numbered = words.text.split_whitespace().zip(1..).map(|(word, number)| format!("{number:>2} {word:<9}"));
        let numbered: Vec<String> = numbered.collect();
        let columns = (room / (WORD + 1)).clamp(1, 6);
        let rows = numbered.chunks(columns).map(|row| Line::styled(row.join(" "), Theme::strong()));
        let hint = hint.into_iter().map(|line| Line::raw(line.into_iter().map(|part| part.text).collect::<String>()));
        for (row, line) in hint.chain([Line::raw("")]).chain(rows).enumerate() {
            let Some(place) = row_of(area, row) else { break };
            put(frame, place, line);
        }
        self.footer(area, &Message::WordsKeys, frame);
    }

    fn words_back(&self, words: &Words, typed: &[Hidden], at: usize, frame: &mut Frame<'_>) {
        let rows = u16::try_from(typed.len()).unwrap_or(0);
        let area = self.window(&Message::WordsBackTitle, rows + 9, frame);
        let hint = row_of(area, 0).unwrap_or(area);
        put(frame, hint, Line::raw(self.say(&Message::WordsBackHint)));
        for (row, (place, typed)) in words.asked.iter().zip(typed).enumerate() {
            let title = Message::WordNumber { number: (place + 1).to_string() };
            let Some(place) = row_of(area, row + 2) else { break };
            self.field(&title, (typed.text().to_owned(), typed.count()), row == at, place, frame);
        }
        self.footer(area, &Message::WordsBackKeys, frame);
    }

    fn open(&self, title: &Message, editor: &Editor, is_here: bool, place: Rect, frame: &mut Frame<'_>) {
        let (column, _) = editor.cursor(usize::MAX);
        self.field(title, (crate::safe::line(editor.text()), column), is_here, place, frame);
    }

    fn secret(&self, title: &Message, hidden: &Hidden, is_here: bool, place: Rect, frame: &mut Frame<'_>) {
        self.field(title, ("•".repeat(hidden.count()), hidden.count()), is_here, place, frame);
    }

    /// A title, and beside it what was typed.
    fn field(&self, title: &Message, typed: (String, usize), is_here: bool, place: Rect, frame: &mut Frame<'_>) {
        let title = text::clip(&self.say(title), usize::from(TITLE - 1));
        put(frame, place, Line::styled(title, self.theme.faint()));
        let place = Rect { x: place.x + TITLE, width: place.width.saturating_sub(TITLE), ..place };
        if is_here && !self.model.is_busy {
            crate::screen::draw::field(self.theme, typed.0, typed.1, place, frame);
        } else {
            let shown = text::clip(&typed.0, usize::from(place.width.saturating_sub(2)));
            put(frame, Rect { x: place.x + 2, width: place.width.saturating_sub(2), ..place }, Line::raw(shown));
        }
    }

    /// What did not work or is under way; and about the keys, at the bottom.
    fn footer(&self, area: Rect, keys: &Message, frame: &mut Frame<'_>) {
        let room = usize::from(area.width);
        let (said, style) = match (&self.model.problem, self.model.is_busy) {
            (_, true) => (self.say(&Message::DoorBusy), self.theme.accent()),
            (Some(problem), false) => (self.say(problem), self.theme.alarm()),
            (None, false) => (String::new(), self.theme.faint()),
        };
        let mut lines: Vec<(String, _)> = Vec::new();
        for (text, style) in [(said, style), (self.say(keys), self.theme.faint())] {
            let wrapped = text::wrap(&[Fragment::plain(text)], room).into_iter();
            let texts = wrapped.map(|line| line.into_iter().map(|part| part.text).collect::<String>());
            lines.extend(texts.filter(|text| !text.is_empty()).map(|text| (text, style)));
        }
        for (index, (line, style)) in lines.into_iter().rev().enumerate() {
            let Some(y) = (area.y + area.height).checked_sub(1 + u16::try_from(index).unwrap_or(0)) else { break };
            if y > area.y {
                put(frame, Rect { y, height: 1, ..area }, Line::from(Span::styled(line, style)));
            }
        }
    }
}

fn row_of(area: Rect, row: usize) -> Option<Rect> {
    let row = u16::try_from(row).ok().filter(|row| *row < area.height)?;
    Some(Rect { y: area.y + row, height: 1, ..area })
}

const WIDTH: u16 = 76;
/// Cells for the title of a field.
const TITLE: u16 = 22;
/// Cells of a word with its number.
const WORD: usize = 12;
