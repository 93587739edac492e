//! The timeline as rows of the grid: days, authors, messages, and which row belongs to which message.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sotto_proto::EventId;

use super::text::{self, Face, Fragment, Kind};
use super::view::{Body, Bubble, Delivery, Piece, Room};
use crate::words::{Language, Message};

/// All rows of a room at a width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) rows: Vec<Row>,
}

/// One row of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The message that it belongs to.
    pub(super) owner: Option<EventId>,
    pub(super) own: bool,
    pub(super) what: RowKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    /// In the middle, between lines.
    Day(String),
    Unread(String),
    /// In the middle.
    Said(String),
    Author(String),
    /// What somebody wrote, with the time and the mark of its delivery in its first row.
    Text {
        parts: Vec<Fragment>,
        meta: Option<Meta>,
    },
    Blank,
}

/// What stands beside a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) time: String,
    pub(super) delivery: Delivery,
}

/// How a timeline is shown.
pub(super) struct Setting<'s> {
    pub(super) width: usize,
    /// The first message that was not read when the chat was opened.
    pub(super) unread_from: Option<EventId>,
    pub(super) language: Language,
    pub(super) zone: &'s TimeZone,
    pub(super) now_ms: u64,
}

impl Laid {
    pub(super) fn of(room: &Room, setting: &Setting<'_>) -> Self {
        let mut laying = Laying { setting, rows: Vec::new(), day: None, last: None };
        for piece in &room.pieces {
            laying.piece(piece);
        }
        Self { rows: laying.rows }
    }

    /// The rows of a message.
    pub(super) fn rows_of(&self, id: EventId) -> Option<std::ops::Range<usize>> {
        let start = self.rows.iter().position(|row| row.owner == Some(id))?;
        let end = self.rows.iter().rposition(|row| row.owner == Some(id))? + 1;
        Some(start..end)
    }
}

struct Laying<'s> {
    setting: &'s Setting<'s>,
    rows: Vec<Row>,
    day: Option<Date>,
    /// Who wrote the last message, and when.
    last: Option<(sotto_proto::AccountId, u64)>,
}

impl Laying<'_> {
    fn piece(&mut self, piece: &Piece) {
        self.day(piece.at_ms());
        match piece {
            Piece::Line { text, .. } => {
                self.last = None;
                for line in text::wrap(&[Fragment::plain(text.clone())], self.setting.width.saturating_sub(4)) {
                    let text = line.into_iter().map(|fragment| fragment.text).collect();
                    self.push(None, false, RowKind::Said(text));
                }
            }
            Piece::Bubble(bubble) => self.bubble(bubble),
        }
    }

    fn day(&mut self, at_ms: u64) {
        let date = zoned(at_ms, self.setting.zone).date();
        if self.day != Some(date) {
            self.day = Some(date);
            self.last = None;
            let title = day_in_words(at_ms, self.setting);
            self.push(None, false, RowKind::Day(title));
        }
    }

    fn bubble(&mut self, bubble: &Bubble) {
        if self.setting.unread_from == Some(bubble.id) {
            self.last = None;
            let title = Message::UnreadFromHere.say(self.setting.language);
            self.push(None, false, RowKind::Unread(title));
        }
        let goes_on = |(author, at_ms): (_, u64)| author == bubble.author && bubble.at_ms.abs_diff(at_ms) < TOGETHER_MS;
        if !self.last.is_some_and(goes_on) {
            if matches!(self.rows.last(), Some(Row { what: RowKind::Text { .. }, .. })) {
                self.push(None, false, RowKind::Blank);
            }
            let room = self.setting.width.saturating_sub(GUTTER);
            let name = if bubble.own { Message::You.say(self.setting.language) } else { bubble.name.clone() };
            self.push(Some(bubble.id), bubble.own, RowKind::Author(text::clip(&name, room)));
        }
        self.last = Some((bubble.author, bubble.at_ms));
        self.forwarded(bubble);
        self.quote(bubble);
        self.body(bubble);
        self.reactions(bubble);
    }

    fn forwarded(&mut self, bubble: &Bubble) {
        if bubble.forwarded {
            let mark = format!("↪ {}", Message::Forwarded.say(self.setting.language));
            let parts = vec![Fragment::of(Kind::Faint, mark)];
            self.push(Some(bubble.id), bubble.own, RowKind::Text { parts, meta: None });
        }
    }

    fn quote(&mut self, bubble: &Bubble) {
        let Some(quote) = &bubble.quote else { return };
        let room = self.setting.width.saturating_sub(GUTTER + META);
        let line = text::clip(&format!("┃ {}: {}", quote.name, quote.text), room);
        let parts = vec![Fragment::of(Kind::Quote, line)];
        self.push(Some(bubble.id), bubble.own, RowKind::Text { parts, meta: None });
    }

    fn body(&mut self, bubble: &Bubble) {
        let faint = |message: Message| Fragment::of(Kind::Faint, message.say(self.setting.language));
        let mut fragments = match &bubble.body {
            Body::Text(fragments, _) | Body::Other(fragments) => fragments.clone(),
            Body::Deleted => vec![faint(Message::Deleted)],
        };
        if bubble.edited {
            fragments.push(Fragment::of(Kind::Faint, " ("));
            fragments.push(faint(Message::Edited));
            fragments.push(Fragment::of(Kind::Faint, ")"));
        }
        if bubble.delivery == Delivery::Refused {
            let face = Face { kind: Kind::Alarm, ..Face::default() };
            let text = format!("\n{}", Message::NotTaken.say(self.setting.language));
            fragments.push(Fragment { text, face });
        }
        let time = zoned(bubble.at_ms, self.setting.zone).strftime("%H:%M").to_string();
        let mut meta = Some(Meta { time, delivery: bubble.delivery });
        for parts in text::wrap(&fragments, self.setting.width.saturating_sub(GUTTER + META)) {
            self.push(Some(bubble.id), bubble.own, RowKind::Text { parts, meta: meta.take() });
        }
    }

    fn reactions(&mut self, bubble: &Bubble) {
        if bubble.reactions.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        for reaction in &bubble.reactions {
            let kind = if reaction.own { Kind::Mention } else { Kind::Faint };
            parts.push(Fragment::of(kind, format!("{} {}", reaction.emoji, reaction.count)));
            parts.push(Fragment::plain("  "));
        }
        for parts in text::wrap(&parts, self.setting.width.saturating_sub(GUTTER + META)) {
            self.push(Some(bubble.id), bubble.own, RowKind::Text { parts, meta: None });
        }
    }

    fn push(&mut self, owner: Option<EventId>, own: bool, what: RowKind) {
        self.rows.push(Row { owner, own, what });
    }
}

fn zoned(at_ms: u64, zone: &TimeZone) -> jiff::Zoned {
    let time = i64::try_from(at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    time.to_zoned(zone.clone())
}

fn day_in_words(at_ms: u64, setting: &Setting<'_>) -> String {
    let (day, today) = (zoned(at_ms, setting.zone).date(), zoned(setting.now_ms, setting.zone).date());
    if day == today {
        return Message::Today.say(setting.language);
    }
    if day.tomorrow().is_ok_and(|next| next == today) {
        return Message::Yesterday.say(setting.language);
    }
    let month = month_in_words(day.month(), setting.language);
    let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
    format!("{} {month}{year}", day.day())
}

fn month_in_words(month: i8, language: Language) -> &'static str {
    let months = match language {
        Language::English => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Language::Russian => [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ],
    };
    usize::try_from(month - 1).ok().and_then(|index| months.get(index)).copied().unwrap_or_default()
}

/// When, as a list shows it: the time of today, else the day.
pub(super) fn short_time(at_ms: u64, now_ms: u64, zone: &TimeZone) -> String {
    if at_ms == 0 {
        return String::new();
    }
    let (then, now) = (zoned(at_ms, zone), zoned(now_ms, zone));
    let format = match () {
        () if then.date() == now.date() => "%H:%M",
        () if then.year() == now.year() => "%d.%m.",
        () => "%Y",
    };
    then.strftime(format).to_string()
}

/// Cells before a message.
pub(super) const GUTTER: usize = 2;
/// Cells after a message, for its time and its mark.
pub(super) const META: usize = 9;
/// What one person writes within this time stands under one name.
const TOGETHER_MS: u64 = 5 * 60 * 1_000;
