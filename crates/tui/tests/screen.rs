//! The full screen in a real terminal, tmux's, against a real server: two people talk, the server goes and comes back, and the terminal is
//! as it was before when they leave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a rig stops at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
#[path = "rig/server.rs"]
mod server;

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
