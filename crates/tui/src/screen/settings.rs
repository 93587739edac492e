//! What a person has chosen for the screen on this machine. Kept in the profile's folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::profile::{cannot_write, write_private};
use crate::words::Language;

/// What a person has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) language: Language,
    pub(super) theme: ThemeName,
}

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ThemeName {
    #[default]
    Dark,
    Light,
    NoColour,
}

impl ThemeName {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::NoColour,
            Self::NoColour => Self::Dark,
        }
    }
}

/// As it is kept. What the environment says counts as long as nothing else was chosen.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Kept {
    language: Option<String>,
    theme: Option<ThemeName>,
}

impl Settings {
    /// What was kept; `NO_COLOR` counts more than that.
    pub(super) fn load(folder: &Path, language: Language) -> Self {
        // What cannot be read was not chosen.
        let kept = std::fs::read(folder.join(FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let kept: Kept = kept.unwrap_or_default();
        let language = match kept.language.as_deref() {
            Some("ru") => Language::Russian,
            Some("en") => Language::English,
            _ => language,
        };
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let theme = if no_colour { ThemeName::NoColour } else { kept.theme.unwrap_or_default() };
        Self { language, theme }
    }

    pub(super) fn keep(self, folder: &Path) -> Result<(), Failure> {
        let language = match self.language {
            Language::English => "en",
            Language::Russian => "ru",
        };
        let kept = Kept { language: Some(language.to_owned()), theme: Some(self.theme) };
        let file = folder.join(FILE);
        let text = serde_json::to_vec(&kept).map_err(|error| cannot_write(&file, &error))?;
        write_private(&file, &text)
    }
}

/// In the profile's folder.
pub(crate) const FILE: &str = "screen.json";
