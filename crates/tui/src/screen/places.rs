//! Where everything is on the screen: the one answer for drawing and for the mouse.

use ratatui::layout::Rect;

use super::model::{Focus, Mode, Model};

/// The parts of the screen. A part that is not shown has no size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) is_too_small: bool,
    pub(super) chats: Rect,
    pub(super) divider: Rect,
    pub(super) title: Rect,
    pub(super) timeline: Rect,
    /// Who writes; the message that is answered; the text.
    pub(super) typing: Rect,
    pub(super) composer: Rect,
    pub(super) status: Rect,
}

impl Places {
    pub(super) fn of(model: &Model) -> Self {
        let (width, height) = model.size;
        if width < WIDTH_MIN || height < HEIGHT_MIN {
            return Self { is_too_small: true, ..Self::default() };
        }
        let status = Rect::new(0, height - 1, width, 1);
        let body = height - 1;
        if width < NARROW {
            // One of the two has to do: the list, or the chat that is open.
            if model.open.is_none() || model.focus == Focus::Chats {
                return Self { chats: Rect::new(0, 0, width, body), status, ..Self::default() };
            }
            return Self { status, ..Self::room(model, Rect::new(0, 0, width, body)) };
        }
        let list = (width * 3 / 10).clamp(LIST_MIN, LIST_MAX);
        let room = Rect::new(list + 1, 0, width - list - 1, body);
        Self {
            chats: Rect::new(0, 0, list, body),
            divider: Rect::new(list, 0, 1, body),
            status,
            ..Self::room(model, room)
        }
    }

    fn room(model: &Model, area: Rect) -> Self {
        let row = |y, height| Rect::new(area.x, y, area.width, height);
        let composer = composer_height(model, area);
        let end = area.y + area.height;
        Self {
            title: row(area.y, 2),
            timeline: row(area.y + 2, area.height - 2 - 1 - composer),
            typing: row(end - composer - 1, 1),
            composer: row(end - composer, composer),
            ..Self::default()
        }
    }

    /// Cells of a line in the composer.
    pub(super) fn composer_room(area: Rect) -> usize {
        usize::from(area.width.saturating_sub(PROMPT + 1))
    }

    /// Chats that the list can show at once.
    pub(super) fn chats_shown(&self) -> usize {
        usize::from(self.chats.height.saturating_sub(1) / CHAT_ROWS)
    }
}

fn composer_height(model: &Model, area: Rect) -> u16 {
    let Some(spot) = model.spot() else { return 1 };
    let lines = spot.editor.lines(Places::composer_room(area)).len();
    let lines = u16::try_from(lines).unwrap_or(u16::MAX).min(LINES_MAX).min(area.height / 3).max(1);
    lines + u16::from(spot.mode != Mode::New) + u16::from(!spot.files.is_empty())
}

pub(super) const WIDTH_MIN: u16 = 30;
pub(super) const HEIGHT_MIN: u16 = 10;
/// Below this the list and the chat do not stand side by side.
const NARROW: u16 = 70;
const LIST_MIN: u16 = 24;
const LIST_MAX: u16 = 40;
/// Rows of a chat in the list.
pub(super) const CHAT_ROWS: u16 = 2;
/// Cells before the text in the composer.
pub(super) const PROMPT: u16 = 2;
const LINES_MAX: u16 = 8;
