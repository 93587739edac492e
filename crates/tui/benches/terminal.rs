//! What a person waits for: the real program, with 10,000 messages in its store, against a real server on this machine. `script/bench terminal`
//! builds both and runs it; `--json FILE` keeps the figures.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement that is disturbed is none")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all that runs the terminal")]
#[path = "../tests/rig/mod.rs"]
mod rig;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rig::people::People;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde::Serialize;

fn main() {
    let people = People::with_server(&["--rate-percent", "0"], &["alice", "bob"]);
    people.meet("alice", "bob", "Ciao");
    fill(&people);
    let mut figures = Vec::new();
    screen(&people, &mut figures);
    commands(&people, &mut figures);
    for Figure { what, value, unit, aim, .. } in &figures {
        println!("{what}: {value:.1} {unit}  {aim}");
    }
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(file) = arguments.iter().position(|word| word == "--json").and_then(|at| arguments.get(at + 1)) {
        std::fs::write(file, serde_json::to_vec(&figures).unwrap()).unwrap();
    }
}

#[derive(Serialize)]
struct Figure {
    chapter: &'static str,
    what: &'static str,
    #[serde(rename = "figure")]
    value: f64,
    unit: &'static str,
    aim: &'static str,
}

/// Alice says ten thousand things, through a bot, which is the fastest way that a program has.
fn fill(people: &People) {
    let mut bot = people.sotto("alice", &["bot", "--http", "127.0.0.1:0"]).spawn().unwrap();
    let profile = people.path("alice");
    for batch in 0..MESSAGES / BATCH {
        let mut actions = String::new();
        for number in batch * BATCH + 1..=(batch + 1) * BATCH {
            let text = format!("Message {number}: the boat leaves at {} from the old pier", number % 24);
            writeln!(actions, r#"{{"action":"send","chat":"@bob","text":"{text}"}}"#).unwrap();
        }
        post(&profile, &actions);
    }
    bot.kill().unwrap();
    bot.wait().unwrap();
    let here = people.does("bob", &["--wait", "600", "history", "@alice", "--limit", "100000"]).lines().count();
    assert_eq!(here, MESSAGES + 1, "Bob has all of it in his store");
}

fn post(profile: &Path, actions: &str) {
    let mut address = std::fs::read_to_string(profile.join("http-address"));
    while address.is_err() {
        std::thread::sleep(Duration::from_millis(10));
        address = std::fs::read_to_string(profile.join("http-address"));
    }
    let (address, token) = (address.unwrap(), std::fs::read_to_string(profile.join("http-token")).unwrap());
    let mut stream = TcpStream::connect(&address).unwrap();
    let head =
        format!("POST /actions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer {token}");
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{actions}", actions.len()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

/// The full screen, until the list of chats is there, and until a chat is.
fn screen(people: &People, figures: &mut Vec<Figure>) {
    let mut first = Vec::new();
    let mut opened = Vec::new();
    for _ in 0..RUNS {
        let mut terminal = Terminal::open(people.sotto("bob", &[]));
        first.push(terminal.until(LAST));
        // The list has the last message once, the timeline shows the one before it as well.
        terminal.types(b"\r");
        opened.push(terminal.until(LAST_BUT_ONE));
    }
    figures.push(Figure::new("start to the first screen", median(&mut first), "ms", "< 100"));
    figures.push(Figure::new("a chat of 10,000 messages, from Enter to its end", median(&mut opened), "ms", ""));

    let mut terminal = Terminal::open(people.sotto("bob", &[]));
    terminal.until(LAST);
    figures.push(Figure::new("resident, with the list of chats", terminal.resident_mb(), "MB", "< 60"));
    terminal.types(b"\r");
    terminal.until(LAST_BUT_ONE);
    figures.push(Figure::new("resident, with the chat open", terminal.resident_mb(), "MB", "< 60"));
    std::thread::sleep(IDLE);
    let before = terminal.processor_ms();
    std::thread::sleep(IDLE);
    let share = (terminal.processor_ms() - before) / IDLE.as_secs_f64() / 10.0;
    figures.push(Figure::new("processor, while nothing happens", share, "%", "< 0.5"));
    figures.push(Figure::new("resident, a while later", terminal.resident_mb(), "MB", "< 60"));
}

/// Commands, from start to exit.
fn commands(people: &People, figures: &mut Vec<Figure>) {
    let mut time = |what, aim, who: &str, words: &[&str]| {
        let mut times: Vec<f64> = (0..RUNS).map(|_| duration(people.sotto(who, words))).collect();
        figures.push(Figure::new(what, median(&mut times), "ms", aim));
    };
    time("`sotto send`", "< 150", "bob", &["send", "@alice", "Ciao"]);
    time("`sotto send --no-wait`", "", "bob", &["send", "@alice", "Ciao", "--no-wait"]);
    time("`sotto chats`", "", "bob", &["chats"]);
    time("`sotto search`", "", "bob", &["search", "old pier"]);
    time("`sotto whoami --offline`, of which the passphrase is the most", "", "bob", &["whoami", "--offline"]);
    let mut holding = people.sotto("bob", &["listen"]).spawn().unwrap();
    while !people.path("bob/socket").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut times: Vec<f64> = (0..RUNS).map(|_| duration(people.sotto("bob", &["send", "@alice", "Ciao"]))).collect();
    figures.push(Figure::new("`sotto send` beside `sotto listen`", median(&mut times), "ms", ""));
    holding.kill().unwrap();
    holding.wait().unwrap();
    let mut times: Vec<f64> = (0..RUNS).map(|_| duration(Command::new("true"))).collect();
    figures.push(Figure::new("baseline: `true`", median(&mut times), "ms", ""));
}

impl Figure {
    fn new(what: &'static str, value: f64, unit: &'static str, aim: &'static str) -> Self {
        Self { chapter: "Terminal, 10,000 messages", what, value, unit, aim }
    }
}

fn duration(mut command: Command) -> f64 {
    let begun = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    milliseconds(begun.elapsed())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A program in a terminal of 100 by 30.
struct Terminal {
    process: Child,
    master: File,
    begun: Instant,
}

impl Terminal {
    fn open(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).and_then(|()| unlockpt(&master)).unwrap();
        tcsetwinsize(&master, Winsize { ws_col: 100, ws_row: 30, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
        command.env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(Stdio::null());
        let begun = Instant::now();
        Self { process: command.spawn().unwrap(), master: File::from(master), begun }
    }

    fn types(&mut self, keys: &[u8]) {
        self.begun = Instant::now();
        self.master.write_all(keys).unwrap();
    }

    /// Milliseconds from the start, or the last key, until a text is on the screen.
    fn until(&mut self, text: &str) -> f64 {
        let (mut seen, mut piece) = (Vec::new(), [0; 1 << 13]);
        loop {
            let length = self.master.read(&mut piece).unwrap();
            assert!(length > 0, "the screen has ended");
            seen.extend_from_slice(&piece[..length]);
            if String::from_utf8_lossy(&seen).contains(text) {
                return milliseconds(self.begun.elapsed());
            }
        }
    }

    fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
    }

    /// What it has had of the processor so far.
    fn processor_ms(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let of = |task: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            stat.split(' ')
                .next()
                .and_then(|nanoseconds| nanoseconds.parse::<f64>().ok())
                .expect("the system counts it")
        };
        tasks.map(|task| of(task.unwrap())).sum::<f64>() / 1_000_000.0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const MESSAGES: usize = 10_000;
const BATCH: usize = 500;
/// What the last message begins with, as far as the list of chats has room for it, and the one before.
const LAST: &str = "Message 10000";
const LAST_BUT_ONE: &str = "Message 9999";
const RUNS: usize = 21;
const IDLE: Duration = Duration::from_secs(10);
