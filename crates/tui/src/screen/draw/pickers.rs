//! Choosing a chat, and naming a file.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::overlay::Drawing;
use super::put;
use crate::screen::editor::Editor;
use crate::screen::model::{PathFor, Pick};
use crate::screen::text;
use crate::screen::update::fitting;
use crate::words::Message;

impl Drawing<'_> {
    pub(super) fn pick(&self, what: Pick, editor: &Editor, at: usize, frame: &mut Frame<'_>) {
        let title = match what {
            Pick::Open => Message::PickTitle,
            Pick::Forward(..) => Message::ForwardTitle,
        };
        let area = self.window(&self.say(&title), 60, self.model.size.1.min(20), frame);
        self.field(editor, Rect { height: 1, ..area }, frame);
        let room = usize::from(area.width);
        let chats = fitting(self.model, what, editor.text());
        let lines: Vec<_> = chats.iter().map(|chat| Line::raw(text::clip(&chat.name, room))).collect();
        if lines.is_empty() {
            let nothing = Line::styled(self.say(&Message::NothingFound), self.theme.faint());
            put(frame, Rect { y: area.y + 2, height: 1, ..area }, nothing);
        }
        self.below(area, lines, Some(at), &Message::PickKeys, frame);
    }

    pub(super) fn path(
        &self,
        what: PathFor,
        editor: &Editor,
        options: &[String],
        at: Option<usize>,
        frame: &mut Frame<'_>,
    ) {
        let (title, keys) = match what {
            PathFor::Attach(_) => (Message::AttachTitle, Message::AttachKeys),
            PathFor::Save(..) => (Message::SaveTitle, Message::SaveKeys),
        };
        let area = self.window(&self.say(&title), 76, self.model.size.1.min(20), frame);
        self.field(editor, Rect { height: 1, ..area }, frame);
        let room = usize::from(area.width);
        let line = |option: &String| {
            let start = option.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
            let style = if option.ends_with('/') { self.theme.accent() } else { ratatui::style::Style::new() };
            Line::from(Span::styled(text::clip(&crate::safe::line(&option[start..]), room), style))
        };
        self.below(area, options.iter().map(line).collect(), at, &keys, frame);
    }

    /// What there is to choose from, below what is typed.
    fn below(&self, area: Rect, lines: Vec<Line<'static>>, at: Option<usize>, keys: &Message, frame: &mut Frame<'_>) {
        let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        let at = at.filter(|_| !lines.is_empty());
        self.list(list, lines, at, &self.say(keys), frame);
    }
}
