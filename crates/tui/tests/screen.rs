//! The full screen in a real terminal, tmux's, against a real server: two people talk, the server goes and comes back, and the terminal is
//! as it was before when they leave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a rig stops at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
#[path = "rig/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use server::Server;
use tempfile::TempDir;

#[test]
fn two_people_talk_in_real_terminals() {
    let folder = TempDir::with_prefix("sotto-screen-").unwrap();
    let mut server = Server::start(&folder.path().join("server"));
    for who in ["alice", "bob"] {
        let registered = sotto(folder.path(), who, &server.url()).args(["register", "--user", who]).output().unwrap();
        assert!(registered.status.success(), "{registered:?}");
    }
    let terminals = Terminals::new(folder.path(), &server.url());
    terminals.open("alice");
    terminals.open("bob");
    terminals.shows("alice", "No chats yet.");

    terminals.press("alice", &["n"]);
    terminals.types("alice", "@bob");
    terminals.press("alice", &["Enter"]);
    terminals.shows("alice", "Write a message");
    terminals.types("alice", "Ciao, Bob! 日本 👍");
    terminals.press("alice", &["Enter"]);
    terminals.shows("bob", "wants to write to you");
    terminals.press("bob", &["Home", "Enter", "a"]);
    terminals.shows("bob", "Ciao, Bob! 日本 👍");
    terminals.shows("bob", "Write a message");
    terminals.types("bob", "Ciao, Alice");
    terminals.press("bob", &["Enter"]);
    terminals.shows("alice", "Ciao, Alice");
    terminals.shows("alice", "✓✓");

    server.kill();
    terminals.shows("alice", "offline, trying again");
    terminals.types("alice", "Are you there?");
    terminals.press("alice", &["Enter"]);
    terminals.shows("alice", "…");
    server.start_again();
    terminals.shows("bob", "Are you there?");
    terminals.shows("alice", "@alice");

    terminals.press("alice", &["C-q"]);
    terminals.shows("alice", "ended with 0");
    terminals.terminate("bob");
    terminals.shows("bob", "ended with 0");
    let left_on = terminals.ask(&["display-message", "-p", "-t", "bob", "#{alternate_on}#{mouse_any_flag}"]);
    assert_eq!(left_on.trim(), "00", "what is ended from outside gives the terminal back as well");
}

#[test]
fn somebody_comes_in_by_the_door_sends_a_file_and_signs_in_again() {
    let folder = TempDir::with_prefix("sotto-door-").unwrap();
    let server = Server::start(&folder.path().join("server"));
    let run = |who: &str, words: &[&str]| {
        let output = sotto(folder.path(), who, &server.url()).args(words).output().unwrap();
        assert!(output.status.success(), "{who} {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run("bob", &["register", "--user", "bob"]);
    std::fs::write(folder.path().join("plan of the lake.txt"), "north, then east").unwrap();
    let terminals = Terminals::new(folder.path(), &server.url());
    terminals.open("carol");
    terminals.shows("carol", "Welcome to Sotto");

    // The server is the one that the surroundings name.
    terminals.press("carol", &["Down", "Enter"]);
    terminals.shows("carol", &server.url());
    terminals.fill_in("carol", &["", "carol", "", "likes horses", "likes horses"]);
    terminals.shows("carol", "Your recovery words");
    let words = numbers_and_words(&terminals.ask(&["capture-pane", "-p", "-t", "carol"]));
    assert_eq!(words.len(), 24, "{words:?}");
    terminals.press("carol", &["Enter"]);
    terminals.shows("carol", "To be sure");
    let asked = asked_for(&terminals.ask(&["capture-pane", "-p", "-t", "carol"]));
    let kept: Vec<&str> = asked.iter().map(|number| words[number].as_str()).collect();
    terminals.fill_in("carol", &kept);
    terminals.shows("carol", "No chats yet.");

    terminals.press("carol", &["n"]);
    terminals.fill_in("carol", &["@bob"]);
    terminals.shows("carol", "Write a message");
    terminals.press("carol", &["C-o"]);
    terminals.types("carol", &folder.path().join("plan of").display().to_string());
    terminals.shows("carol", "plan of the lake.txt");
    terminals.press("carol", &["Tab", "Enter"]);
    terminals.shows("carol", "📎 plan of the lake.txt (16 B)");
    terminals.fill_in("carol", &["The way"]);
    terminals.shows("carol", "plan of the lake.txt  16 B");
    run("bob", &["accept", "@carol"]);
    assert!(run("bob", &["history", "@carol"]).contains("The way  📎 plan of the lake.txt (16 B)"));

    // Another device of hers ends the session of this one.
    run("laptop", &["login", "--user", "carol"]);
    let sessions = run("laptop", &["sessions", "--json"]);
    let other = sessions.lines().find(|line| line.contains("\"this\":false")).unwrap();
    let id = other.split('"').nth(3).unwrap();
    run("laptop", &["sessions", "revoke", id]);
    terminals.shows("carol", "F6 signs in again");
    terminals.press("carol", &["F6"]);
    terminals.shows("carol", "Password");
    terminals.fill_in("carol", &["not this"]);
    terminals.shows("carol", "The password is wrong");
    terminals.press("carol", &["C-u"]);
    terminals.fill_in("carol", &["likes horses"]);
    terminals.shows("carol", "@carol");
    terminals.press("carol", &["C-q"]);
    terminals.shows("carol", "ended with 0");
}

/// `7 horse` as often as it stands on the screen.
fn numbers_and_words(screen: &str) -> BTreeMap<usize, String> {
    let parts: Vec<&str> =
        screen.split(|c: char| c.is_whitespace() || c == '│').filter(|part| !part.is_empty()).collect();
    let pairs = parts.windows(2).filter_map(|pair| Some((pair[0].parse().ok()?, pair[1].to_owned())));
    pairs.collect()
}

/// The numbers of the words that are asked back.
fn asked_for(screen: &str) -> Vec<usize> {
    screen.lines().filter_map(|line| line.split_once("Word ")?.1.split(' ').next()?.parse().ok()).collect()
}

fn sotto(folder: &Path, who: &str, server: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sotto"));
    command.env_clear().envs(surroundings(folder, who, server));
    command
}

fn surroundings(folder: &Path, who: &str, server: &str) -> [(&'static str, String); 7] {
    [
        ("TZ", "UTC".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("SOTTO_LANG", "en".to_owned()),
        ("SOTTO_PASSPHRASE", "a phrase".to_owned()),
        ("SOTTO_PASSWORD", "likes horses".to_owned()),
        ("SOTTO_SERVER", server.to_owned()),
        ("SOTTO_PROFILE", folder.join(who).display().to_string()),
    ]
}

/// A tmux of its own, with a terminal for each person.
struct Terminals<'f> {
    folder: &'f Path,
    server: String,
}

impl<'f> Terminals<'f> {
    fn new(folder: &'f Path, server: &str) -> Self {
        Self { folder, server: server.to_owned() }
    }

    /// Opens the screen in a terminal of 80 by 24 that stays when the screen is left.
    fn open(&self, who: &str) {
        let sets = surroundings(self.folder, who, &self.server);
        let sets: Vec<_> = sets.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        let (sets, program, pid) = (sets.join(" "), env!("CARGO_BIN_EXE_sotto"), self.pid_file(who));
        // The shell becomes the program under the number that it has written down.
        let line =
            format!("(sh -c 'echo $PPID' > '{pid}'; exec env {sets} '{program}'); echo ended with $?; read wait");
        let opened = self.run(&["new-session", "-d", "-s", who, "-x", "80", "-y", "24", "sh", "-c", &line]);
        assert!(opened.status.success(), "tmux is there: {opened:?}");
    }

    fn pid_file(&self, who: &str) -> String {
        self.folder.join(format!("{who}.pid")).display().to_string()
    }

    /// Ends the screen of somebody as the system does when it goes down.
    fn terminate(&self, who: &str) {
        let pid = std::fs::read_to_string(self.pid_file(who)).unwrap();
        assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    }

    fn press(&self, who: &str, keys: &[&str]) {
        self.run(&[&["send-keys", "-t", who], keys].concat());
    }

    fn types(&self, who: &str, text: &str) {
        self.run(&["send-keys", "-t", who, "-l", text]);
    }

    /// Types into one field after the other.
    fn fill_in(&self, who: &str, fields: &[&str]) {
        for text in fields {
            if !text.is_empty() {
                self.types(who, text);
            }
            self.press(who, &["Enter"]);
        }
    }

    /// Looks at a terminal until something stands there.
    fn shows(&self, who: &str, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.ask(&["capture-pane", "-p", "-t", who]);
            if screen.contains(what) {
                return;
            }
            assert!(Instant::now() < deadline, "{who} does not see '{what}' but\n{screen}");
            std::thread::sleep(PAUSE);
        }
    }

    fn ask(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stdout).unwrap()
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.env("LANG", "C.UTF-8").env_remove("TMUX").args(["-u", "-f", "/dev/null", "-S"]);
        command.arg(self.folder.join("tmux")).args(words).output().unwrap()
    }
}

impl Drop for Terminals<'_> {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// However slow the machine is.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
