//! Where settings come from: the file, above it the environment, above it the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::table::{self, GROUPS, Kind, Setting};

/// All settings as text, each with the place that it comes from.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

struct Value {
    text: String,
    from: Source,
}

/// May hold a password.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text: _, from } = self;
        f.debug_struct("Value").field("from", from).finish_non_exhaustive()
    }
}

/// The place that a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl Values {
    /// Takes what a layer says over what the layers below say.
    pub(super) fn put(&mut self, setting: &'static Setting, text: String, from: Source) {
        self.0.insert(setting.name, Value { text, from });
    }

    pub(super) fn read_environment(&mut self, variable: impl Fn(&str) -> Option<String>) {
        for setting in GROUPS.iter().flat_map(|group| group.settings) {
            if let Some(text) = variable(&setting.variable()) {
                self.put(setting, text, Source::Environment);
            }
        }
    }

    pub(super) fn read_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
        self.read_toml(file, &text)
    }

    pub(super) fn read_toml(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let malformed = |problem: String| ConfigError::Malformed { file: file.to_owned(), problem };
        // Its own message shows the line, which may hold a password; ours names the place.
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            malformed(format!("line {line}: {}", error.message()))
        })?;
        for (name, value) in table {
            let setting = table::find(&name).ok_or_else(|| malformed(format!("there is no setting `{name}`")))?;
            let text = as_text(setting.kind, value).ok_or_else(|| {
                malformed(format!("`{name}` is written as in `{name} = {}`", setting.default_in_file()))
            })?;
            self.put(setting, text, Source::File(file.to_owned()));
        }
        Ok(())
    }

    /// The setting's value and where it comes from.
    pub(super) fn get(&self, name: &str) -> (&str, Source) {
        match self.0.get(name) {
            Some(value) => (value.text.trim(), value.from.clone()),
            None => (table::find(name).map_or("", |setting| setting.default), Source::Default),
        }
    }
}

fn as_text(kind: Kind, value: toml::Value) -> Option<String> {
    match (kind, value) {
        (Kind::Text, toml::Value::String(text)) => Some(text),
        (Kind::Number, toml::Value::Integer(number)) => Some(number.to_string()),
        (Kind::Switch, toml::Value::Boolean(on)) => Some(on.to_string()),
        (Kind::List, toml::Value::Array(members)) => {
            let members: Option<Vec<&str>> = members.iter().map(toml::Value::as_str).collect();
            Some(members?.join(","))
        }
        _ => None,
    }
}
