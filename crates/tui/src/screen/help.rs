//! What the keys do.

use super::model::Model;
use crate::words::{Language, Message};

/// A line of the help: a heading, or keys and what they do.
pub(super) enum Line {
    Heading(String),
    Keys(&'static str, String),
}

pub(super) fn lines(language: Language) -> Vec<Line> {
    let mut lines = Vec::new();
    for (heading, keys) in parts() {
        lines.push(Line::Heading(heading.say(language)));
        lines.extend(keys.into_iter().map(|(keys, what)| Line::Keys(keys, what.say(language))));
    }
    lines
}

/// How far it can be scrolled.
pub(super) fn scroll_max(model: &Model) -> u16 {
    let height = usize::from(model.size.1.saturating_sub(FRAME));
    u16::try_from(lines(model.settings.language).len().saturating_sub(height)).unwrap_or(u16::MAX)
}

fn parts() -> Vec<(Message, Vec<(&'static str, Message)>)> {
    use Message as M;
    vec![
        (
            M::HelpEverywhere,
            vec![
                ("F1  ?", M::HelpHelp),
                ("Tab  Shift+Tab", M::HelpFocus),
                ("Alt+↑  Alt+↓", M::HelpNextChat),
                ("F2", M::HelpMembers),
                ("F3  Ctrl+F", M::HelpSearch),
                ("F4", M::HelpDevices),
                ("F5", M::HelpSettings),
                ("F6", M::HelpSignIn),
                ("Ctrl+G", M::HelpPick),
                ("Ctrl+N  Ctrl+T", M::HelpNew),
                ("Esc", M::HelpBack),
                ("Ctrl+Q  Ctrl+C", M::HelpQuit),
            ],
        ),
        (
            M::HelpInList,
            vec![
                ("↑ ↓  Enter", M::HelpOpen),
                ("n  g", M::HelpNew),
                ("p  m  x", M::HelpArrange),
                ("A", M::HelpArchive),
                ("a  d  b", M::HelpRequest),
                ("/  q", M::HelpSearchQuit),
            ],
        ),
        (
            M::HelpInTimeline,
            vec![
                ("↑ ↓  PgUp  PgDn", M::HelpChoose),
                ("Home  End", M::HelpEnds),
                ("r", M::HelpReply),
                ("e  d", M::HelpEditDelete),
                ("+", M::HelpReact),
                ("Enter", M::HelpQuoted),
                ("f", M::HelpForward),
                ("s", M::HelpSave),
                ("S", M::HelpSaveIn),
                ("p", M::HelpHalt),
                ("u", M::HelpUnsend),
            ],
        ),
        (
            M::HelpInComposer,
            vec![
                ("Enter", M::HelpSend),
                ("Alt+Enter", M::HelpNewLine),
                ("Ctrl+O", M::HelpAttach),
                ("↑  PgUp  PgDn", M::HelpScroll),
                ("Ctrl+W  Ctrl+U", M::HelpErase),
            ],
        ),
        (M::HelpMouse, vec![("", M::HelpClick), ("", M::HelpWheel)]),
    ]
}

/// Rows around the text.
pub(super) const FRAME: u16 = 4;
