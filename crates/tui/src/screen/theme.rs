//! Colours, by what they mean. All are of the sixteen that the terminal's owner has chosen; without colours everything can still be told
//! apart by weight, underlining and reversal.

use ratatui::style::{Color, Modifier, Style};

use super::settings::ThemeName;
use super::text::{Face, Kind};

/// A theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    name: ThemeName,
}

impl Theme {
    pub(super) fn named(name: ThemeName) -> Self {
        Self { name }
    }

    fn pick(self, dark: Color, light: Color, otherwise: Modifier) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().fg(dark),
            ThemeName::Light => Style::new().fg(light),
            ThemeName::NoColour => Style::new().add_modifier(otherwise),
        }
    }

    pub(super) fn text() -> Style {
        Style::new()
    }

    pub(super) fn faint(self) -> Style {
        self.pick(Color::DarkGray, Color::DarkGray, Modifier::DIM)
    }

    pub(super) fn strong() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is the own, what is chosen, what leads further.
    pub(super) fn accent(self) -> Style {
        self.pick(Color::Cyan, Color::Blue, Modifier::BOLD)
    }

    pub(super) fn alarm(self) -> Style {
        self.pick(Color::LightRed, Color::Red, Modifier::BOLD | Modifier::UNDERLINED)
    }

    pub(super) fn good(self) -> Style {
        self.pick(Color::Green, Color::Green, Modifier::empty())
    }

    /// A number that wants to be seen.
    pub(super) fn badge(self) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().fg(Color::Black).bg(Color::Cyan),
            ThemeName::Light => Style::new().fg(Color::White).bg(Color::Blue),
            ThemeName::NoColour => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// The line that the keys are about.
    pub(super) fn cursor(self, has_focus: bool) -> Style {
        match (has_focus, self.name) {
            (true, _) => Style::new().add_modifier(Modifier::REVERSED),
            (false, ThemeName::Dark) => Style::new().bg(Color::Indexed(236)),
            (false, ThemeName::Light) => Style::new().bg(Color::Indexed(254)),
            (false, ThemeName::NoColour) => Style::new().add_modifier(Modifier::UNDERLINED),
        }
    }

    /// A message that was chosen.
    pub(super) fn chosen(self) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().bg(Color::Indexed(236)),
            ThemeName::Light => Style::new().bg(Color::Indexed(254)),
            ThemeName::NoColour => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    pub(super) fn face(self, face: Face) -> Style {
        let style = match face.kind {
            Kind::Plain | Kind::Spoiler => Self::text(),
            Kind::Code => self.pick(Color::Yellow, Color::Magenta, Modifier::empty()),
            Kind::Link => self.accent().add_modifier(Modifier::UNDERLINED),
            Kind::Mention => self.accent(),
            Kind::Quote | Kind::Faint => self.faint(),
            Kind::Found => self.badge(),
            Kind::Alarm => self.alarm(),
        };
        let modifiers = [
            (face.bold, Modifier::BOLD),
            (face.italic, Modifier::ITALIC),
            (face.strike, Modifier::CROSSED_OUT),
            (face.underline, Modifier::UNDERLINED),
        ];
        modifiers.into_iter().filter(|(is, _)| *is).fold(style, |style, (_, modifier)| style.add_modifier(modifier))
    }
}
