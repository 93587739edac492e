//! Replays a transcript:
//!
//! ```text
//! alice$ send @bob "Ciao"        Alice's profile runs `sotto send @bob Ciao`; what it prints follows
//! alice< Ciao                    what the next command of Alice's reads from standard input
//! bob& listen --count 1          runs beside what follows, until `bob!` waits for it and shows what it printed
//! bob? GET /chats                asks the bot that runs beside over HTTP; what follows the method and the path is the body
//! bob%                           ends what runs beside
//! server kill | server start     a power cut, and the end of it
//! disk make a.bin 1000           a file of so many bytes, in the folder in which all commands run; `disk change` makes another of it
//! disk folder FOLDER             a folder
//! disk list FOLDER               what there is in a folder, with its size
//! disk same a.bin b.bin          whether two files are the same
//! = 3                            it ended with this exit code; nothing is written for 0
//! 2> sotto: …                    a line of standard error
//! # …                            a remark
//! ```
//!
//! A word `NAME=value` before a command sets a variable. What is new in each run has names that stay: ids are `ID1`, `ID2`, recovery words
//! `WORDS1`, in the order in which they come; a name stands for its value in later commands. Times are `TIME`, the server is `SERVER`.

mod disk;
mod http;
mod masks;
pub(crate) mod people;
pub(crate) mod server;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use masks::Masks;
use server::Server;

/// Replays a transcript and compares, or writes what came of it if that is asked for.
pub(crate) fn replay(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(format!("{name}.txt"));
    let wanted = std::fs::read_to_string(&file).unwrap();
    let mut stage = Stage::new();
    let mut found = String::new();
    for line in wanted.lines().filter(|line| is_typed(line)) {
        found.push_str(line);
        found.push('\n');
        found.push_str(&stage.play(line));
    }
    if std::env::var_os("SOTTO_BLESS").is_some() {
        return std::fs::write(&file, found).unwrap();
    }
    let differing = wanted.lines().zip(found.lines()).position(|(wanted, found)| wanted != found);
    assert!(wanted == found, "{name}, line {}:\n{found}", differing.map_or(0, |line| line + 1));
}

/// What the transcript says to do, apart from what it says comes of it.
fn is_typed(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("# ")
        || line.starts_with("server ")
        || line.starts_with("disk ")
        || Order::of(line).is_some()
}

/// One line that somebody types.
struct Order<'l> {
    who: &'l str,
    how: char,
    what: &'l str,
}

impl<'l> Order<'l> {
    fn of(line: &'l str) -> Option<Self> {
        let end = line.find(|c: char| !c.is_ascii_lowercase())?;
        let (who, rest) = line.split_at(end);
        let how = rest.chars().next().filter(|how| "$<&!?%".contains(*how) && !who.is_empty())?;
        let what = &rest[1..];
        (what.is_empty() || what.starts_with(' ')).then(|| Self { who, how, what: what.trim_start() })
    }
}

struct Stage {
    folder: TempDir,
    server: Server,
    masks: Masks,
    typed: BTreeMap<String, Vec<u8>>,
    running: BTreeMap<String, Child>,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::with_prefix("sotto-terminal-").unwrap();
        let server = Server::start(&folder.path().join("server"));
        let masks = Masks::new(&server.url(), folder.path());
        Self { folder, server, masks, typed: BTreeMap::new(), running: BTreeMap::new() }
    }

    fn play(&mut self, line: &str) -> String {
        match line {
            "server kill" => self.server.kill(),
            "server start" => self.server.start_again(),
            line if line.starts_with("disk ") => return indented(disk::play(self.folder.path(), line).lines()),
            line => return Order::of(line).map(|order| self.follow(&order)).unwrap_or_default(),
        }
        String::new()
    }

    fn follow(&mut self, order: &Order<'_>) -> String {
        match order.how {
            '<' => {
                self.typed.insert(order.who.to_owned(), self.masks.filled(&unescaped(order.what)).into_bytes());
                String::new()
            }
            '&' => {
                let child = self.spawn(order);
                assert!(self.running.insert(order.who.to_owned(), child).is_none(), "{} is busy", order.who);
                String::new()
            }
            '?' => {
                let said = http::ask(&self.folder.path().join(order.who), &self.masks.filled(order.what));
                indented(self.masks.masked(&said).lines())
            }
            '%' => {
                let mut child = self.running.remove(order.who).unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
                String::new()
            }
            '!' => {
                let child = self.running.remove(order.who).unwrap();
                self.shown(&child.wait_with_output().unwrap())
            }
            _ => {
                let child = self.spawn(order);
                self.shown(&child.wait_with_output().unwrap())
            }
        }
    }

    fn spawn(&mut self, order: &Order<'_>) -> Child {
        let mut words = words(&self.masks.filled(order.what));
        let mut command = Command::new(env!("CARGO_BIN_EXE_sotto"));
        let profile = self.folder.path().join(order.who);
        command.env_clear().envs([
            ("TZ", "UTC"),
            ("SOTTO_PASSPHRASE", "a phrase"),
            ("SOTTO_NEW_PASSWORD", "new secret"),
        ]);
        command.env("SOTTO_PASSWORD", "likes horses").env("SOTTO_SERVER", self.server.url());
        command.env("SOTTO_PROFILE", profile).current_dir(self.folder.path());
        while let Some((name, value)) = words.first().and_then(|word| word.split_once('=')).filter(is_variable) {
            command.env(name, value);
            words.remove(0);
        }
        let mut child =
            command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let typed = self.typed.remove(order.who).unwrap_or_default();
        // It need not want to read.
        let _ = child.stdin.take().unwrap().write_all(&typed);
        child
    }

    fn shown(&mut self, output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut lines: Vec<String> = self.masks.masked(&text(&output.stdout)).lines().map(str::to_owned).collect();
        let errors = self.masks.masked(&text(&output.stderr));
        lines.extend(errors.lines().map(|line| format!("2> {line}")));
        if !output.status.success() {
            let ending = output.status.code().map_or("killed".to_owned(), |code| code.to_string());
            lines.push(format!("= {ending}"));
        }
        indented(lines.iter().map(String::as_str))
    }
}

/// What is printed begins with two spaces, so that it cannot pass for what is typed.
fn indented<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    lines.map(|line| if line.is_empty() { "  ·\n".to_owned() } else { format!("  {line}\n") }).collect()
}

fn is_variable((name, _): &(&str, &str)) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// Words as a shell takes them apart: by spaces, unless in quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut is_word) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, is_word) = (!quoted, true),
            ' ' if !quoted => {
                if std::mem::take(&mut is_word) {
                    words.push(unescaped(&std::mem::take(&mut word)));
                }
            }
            c => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(unescaped(&word));
    }
    words
}

/// `\n`, `\r`, `\t` and `\u{202e}` as the characters that they name.
fn unescaped(text: &str) -> String {
    let mut plain = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
    while let Some((before, rest)) = plain.split_once("\\u{") {
        let (digits, after) = rest.split_once('}').unwrap();
        let c = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
        plain = format!("{before}{c}{after}");
    }
    plain
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
