//! Where a command says what came of it: in sentences to people, in lines of JSON to programs.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::failure::Failure;
use crate::safe;
use crate::words::{Language, Message};

/// The two outputs of a command.
pub(crate) struct Console {
    pub(crate) language: Language,
    pub(crate) json: bool,
    /// Whether somebody sees at once what is written to the standard error, and a line of it can be written over.
    pub(crate) lively: bool,
    out: Box<dyn Write + Send + Sync>,
    err: Box<dyn Write + Send + Sync>,
}

/// What can be shown to people as well as to programs.
pub(crate) trait Shown: Serialize {
    /// One or more lines for people, without the last line break. Everything that others wrote has come through [`safe`].
    fn in_words(&self, language: Language) -> String;
}

impl Console {
    pub(crate) fn new(
        language: Language,
        json: bool,
        out: impl Write + Send + Sync + 'static,
        err: impl Write + Send + Sync + 'static,
    ) -> Self {
        Self { language, json, lively: false, out: Box::new(out), err: Box::new(err) }
    }

    /// Shows a thing: its line of JSON, or what it is in words.
    pub(crate) fn show(&mut self, thing: &impl Shown) -> Result<(), Failure> {
        let line = if self.json { harmless_json(thing)? } else { thing.in_words(self.language) };
        self.print(&line)
    }

    /// Says something to people. Programs know it from the exit code and the objects.
    pub(crate) fn say(&mut self, message: &Message) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.print(&message.say(self.language)) }
    }

    /// Says something beside what was asked for.
    pub(crate) fn note(&mut self, message: &Message) {
        // Whoever has closed the standard error does not want to know.
        let _ = writeln!(self.err, "sotto: {}", message.say(self.language)).and_then(|()| self.err.flush());
    }

    /// Shows how far something is, in the place of what was shown of it before; an empty line takes it away.
    pub(crate) fn progress(&mut self, line: &str) {
        if self.lively && !self.json {
            // Back to the beginning of the line, and away with what stands there.
            let _ = write!(self.err, "\r\x1b[K{line}").and_then(|()| self.err.flush());
        }
    }

    /// Says why it did not work.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        if !self.json {
            return self.note(&failure.message);
        }
        let line = failure_line(failure, self.language);
        let _ = writeln!(self.err, "{line}").and_then(|()| self.err.flush());
    }

    /// Passes on what another process has said in this one's place.
    pub(crate) fn pass_on(&mut self, text: &str, is_error: bool) -> Result<(), Failure> {
        let output = if is_error { &mut self.err } else { &mut self.out };
        let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        written.map_err(|error| Message::OutputFailed { why: error.to_string() }.failed())
    }

    fn print(&mut self, line: &str) -> Result<(), Failure> {
        let written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        written.map_err(|error| Message::OutputFailed { why: error.to_string() }.failed())
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("language", &self.language).field("json", &self.json).finish_non_exhaustive()
    }
}

/// A failure as programs read it, on the standard error.
#[derive(Serialize)]
struct Said {
    error: String,
    message: String,
}

/// Why something did not work, as programs read it.
pub(crate) fn failure_line(failure: &Failure, language: Language) -> String {
    let said = Said { error: failure.message.code(), message: failure.message.say(language) };
    harmless_json(&said).unwrap_or_default()
}

/// JSON that says the same and does nothing to a terminal: what would is escaped.
pub(crate) fn harmless_json(thing: &impl Serialize) -> Result<String, Failure> {
    let mut line = Vec::new();
    let written = thing.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Harmless));
    let line = written.ok().and_then(|()| String::from_utf8(line).ok());
    line.ok_or_else(|| Message::OutputFailed { why: "JSON".to_owned() }.failed())
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| safe::is_dangerous(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_and_does_nothing_to_a_terminal_m9() {
        let text = "a\u{9b}31m\x7f\u{202e}\x1b[0m\u{e0041}\"\\ é 👍";
        let line = harmless_json(&text).unwrap();
        assert_eq!(line, r#""a\u009b31m\u007f\u202e\u001b[0m\udb40\udc41\"\\ é 👍""#);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
