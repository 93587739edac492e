//! Names for what is new in each run.

use std::path::Path;

/// What was seen, by its name.
pub(crate) struct Masks {
    seen: Vec<(String, String)>,
}

impl Masks {
    pub(crate) fn new(server: &str, folder: &Path) -> Self {
        let fixed = [("SERVER", server.to_owned()), ("FOLDER", folder.to_str().unwrap().to_owned())];
        Self { seen: fixed.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// A command with the values that its names stand for.
    pub(crate) fn filled(&self, command: &str) -> String {
        // Longer names first: `ID1` is the beginning of `ID10`.
        let mut seen: Vec<_> = self.seen.iter().collect();
        seen.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        seen.iter().fold(command.to_owned(), |filled, (name, value)| filled.replace(name, value))
    }

    /// What was printed, with names for what is new.
    pub(crate) fn masked(&mut self, printed: &str) -> String {
        let mut masked = printed.to_owned();
        for (name, value) in &self.seen {
            masked = masked.replace(value, name);
        }
        let lines: Vec<String> = masked.lines().map(|line| self.masked_line(line)).collect();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn masked_line(&mut self, line: &str) -> String {
        let line = self.masked_words(line);
        let line = self.named(&line, "ID", |rest| run(rest, 32, |c| c.is_ascii_digit() || ('a'..='f').contains(&c)));
        let line = self.named(&line, "NUMBER", |rest| run(rest, 60, |c| c.is_ascii_digit()));
        let line = replaced(&line, "TIME", |rest| shaped(rest, "0000-00-00T00:00:00.000Z"));
        let line = replaced(&line, "TIME", |rest| shaped(rest, "0000-00-00 00:00"));
        let line = between(&line, "` (", ")", "PID");
        let line = between(&line, "\"words\":[", "]", "WORDS");
        let line = between(&line, "SOTTO-VERIFY:1:", "\"", "CODE");
        let line = between(&line, "\"delivered_seq\":", "}", "N");
        let is_clock = line.ends_with(" ms") || line.contains("\"check\":\"clock\"");
        if is_clock { replaced(&line, "0", signed) } else { line }
    }

    /// Twenty-four words in JSON; those in rows, and safety numbers in groups, are only hidden.
    fn masked_words(&mut self, line: &str) -> String {
        if let Some((before, rest)) = line.split_once("\"recovery_words\":\"") {
            let (words, after) = rest.split_once('"').unwrap();
            let name = self.name("WORDS", words);
            return format!("{before}\"recovery_words\":\"{name}\"{after}");
        }
        let words: Vec<&str> = line.split(' ').skip_while(|word| word.is_empty()).collect();
        let is_row = line.starts_with("    ")
            && words.len() == 6
            && words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase()));
        let is_number = line.starts_with("    ")
            && words.len() == 4
            && words.iter().all(|word| word.len() == 5 && word.chars().all(|c| c.is_ascii_digit()));
        match (is_row, is_number) {
            (true, _) => "    WORDS".to_owned(),
            (_, true) => "    NUMBER".to_owned(),
            _ => line.to_owned(),
        }
    }

    fn named(&mut self, line: &str, kind: &str, find: impl Fn(&str) -> Option<usize>) -> String {
        let (mut masked, mut rest) = (String::new(), line);
        while let Some(c) = rest.chars().next() {
            let fresh = !masked.ends_with(|c: char| c.is_ascii_alphanumeric());
            let length = find(rest).filter(|_| fresh);
            let length = length.unwrap_or(0);
            if length > 0 {
                masked.push_str(&self.name(kind, &rest[..length]));
                rest = &rest[length..];
            } else {
                masked.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        masked
    }

    fn name(&mut self, kind: &str, value: &str) -> String {
        if let Some((name, _)) = self.seen.iter().find(|(_, seen)| seen == value) {
            return name.clone();
        }
        let name = format!("{kind}{}", self.seen.iter().filter(|(name, _)| name.starts_with(kind)).count() + 1);
        self.seen.push((name.clone(), value.to_owned()));
        name
    }
}

fn replaced(line: &str, name: &str, find: impl Fn(&str) -> Option<usize>) -> String {
    let (mut masked, mut rest) = (String::new(), line);
    while let Some(c) = rest.chars().next() {
        match find(rest) {
            Some(length) => {
                masked.push_str(name);
                rest = &rest[length..];
            }
            None => {
                masked.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    masked
}

/// Exactly so many characters of a kind.
fn run(text: &str, length: usize, is: impl Fn(char) -> bool) -> Option<usize> {
    (text.chars().take_while(|c| is(*c)).count() == length).then_some(length)
}

/// A text like a pattern, in which `0` stands for any digit.
fn shaped(text: &str, pattern: &str) -> Option<usize> {
    let fits = |(c, like): (char, char)| if like == '0' { c.is_ascii_digit() } else { c == like };
    let long_enough = text.chars().count() >= pattern.len();
    (long_enough && text.chars().zip(pattern.chars()).all(fits)).then_some(pattern.len())
}

/// What stands between two texts, by a name.
fn between(line: &str, before: &str, after: &str, name: &str) -> String {
    let found = line.split_once(before).and_then(|(head, rest)| rest.split_once(after).map(|(_, tail)| (head, tail)));
    found.map_or_else(|| line.to_owned(), |(head, tail)| format!("{head}{before}{name}{after}{tail}"))
}

/// A number with its sign.
fn signed(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['+', '-'])?.chars().take_while(char::is_ascii_digit).count();
    (digits > 0).then_some(digits + 1)
}
