//! A large file from one terminal to another through a real server, all of which are killed on the way, in bounded memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rig::server::Server;
use tempfile::TempDir;

#[test]
fn sixty_four_megabytes_arrive_though_everything_is_killed() {
    arrives(64);
}

/// `cargo test -p sotto-tui --test big_file -- --ignored`
#[test]
#[ignore = "takes minutes and four gigabytes of disk"]
fn a_gigabyte_arrives_though_everything_is_killed() {
    arrives(1_024);
}

fn arrives(megabytes: u64) {
    let stage = Stage::new();
    let mut server = Server::start(&stage.path("server"));
    stage.run(&server, "alice", &["register", "--user", "alice"]);
    stage.run(&server, "bob", &["register", "--user", "bob"]);
    stage.run(&server, "alice", &["dm", "@bob", "Ciao"]);
    stage.run(&server, "bob", &["accept", "@alice"]);
    write(&stage.path("big.bin"), megabytes);
    std::fs::create_dir(stage.path("inbox")).unwrap();

    // The sender is killed when a third is there, the server at the next; then it goes on to the end.
    let third = megabytes / 3;
    let mut sending = stage.spawn(&server, "alice", &["send", "@bob", "big", "--file", "big.bin"]);
    wait_until(|| stage.megabytes_in("server/blobs") >= third);
    kill(&mut sending);
    let mut sending = stage.spawn(&server, "alice", &["transfers", "resume"]);
    wait_until(|| stage.megabytes_in("server/blobs") >= 2 * third);
    server.kill();
    std::thread::sleep(Duration::from_secs(2));
    server.start_again();
    let sender = memory_until_the_end(&mut sending);
    let stored = stage.megabytes_in("server/blobs");
    assert!(stored < megabytes + megabytes / 8 + 1, "nothing was stored twice: {stored} MB");

    // The same for the receiver.
    let download = ["download", "@alice", "4", "--to", "inbox"];
    let mut fetching = stage.spawn(&server, "bob", &download);
    wait_until(|| stage.megabytes_in("inbox") >= third);
    kill(&mut fetching);
    assert!(stage.partial().is_some() && !stage.path("inbox/big.bin").exists(), "nothing passes for the file");
    let mut fetching = stage.spawn(&server, "bob", &download);
    wait_until(|| stage.megabytes_in("inbox") >= 2 * third);
    server.kill();
    std::thread::sleep(Duration::from_secs(2));
    server.start_again();
    let receiver = memory_until_the_end(&mut fetching);
    assert!(same(&stage.path("big.bin"), &stage.path("inbox/big.bin")));
    assert!(stage.partial().is_none());
    let keeper = memory_of(server.id());
    println!("{megabytes} MB; at most {sender} kB to send, {receiver} kB to receive, {keeper} kB on the server");
    for (who, kilobytes) in [("sender", sender), ("receiver", receiver), ("server", keeper)] {
        assert!(kilobytes < MEMORY_MAX_KB, "{who}: {kilobytes} kB");
    }
}

/// Of a whole program, built for tests, which is a good third of it.
const MEMORY_MAX_KB: u64 = 80 * 1_024;

struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { folder: TempDir::with_prefix("sotto-big-").unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spawn(&self, server: &Server, who: &str, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sotto"));
        command.env_clear().env("SOTTO_PASSPHRASE", "a phrase").env("SOTTO_PASSWORD", "likes horses");
        command.env("SOTTO_SERVER", server.url()).env("SOTTO_PROFILE", self.path(who));
        // A machine that builds other things meanwhile is slow.
        command.args(["--wait", "600"]);
        command.current_dir(self.folder.path()).args(words).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    }

    fn run(&self, server: &Server, who: &str, words: &[&str]) {
        assert!(self.spawn(server, who, words).wait().unwrap().success(), "{words:?}");
    }

    /// What lies in a folder, hidden things included.
    fn megabytes_in(&self, folder: &str) -> u64 {
        bytes_in(&self.path(folder)) >> 20
    }

    /// What is not complete.
    fn partial(&self) -> Option<PathBuf> {
        let mut entries = std::fs::read_dir(self.path("inbox")).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.extension().is_some_and(|ending| ending == "part"))
    }
}

fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

fn write(path: &Path, megabytes: u64) {
    let mut file = File::create(path).unwrap();
    for megabyte in 0..megabytes {
        let words = (0..1_u64 << 17).map(|place| (megabyte << 20 | place).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        file.write_all(&words.flat_map(u64::to_be_bytes).collect::<Vec<_>>()).unwrap();
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    let length = one.metadata().unwrap().len();
    let read = |file: &mut File| {
        let mut piece = Vec::new();
        file.take(1 << 20).read_to_end(&mut piece).unwrap();
        piece
    };
    other.metadata().unwrap().len() == length && (0..=length >> 20).all(|_| read(&mut one) == read(&mut other))
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(10), "it never comes");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The most memory that a program had at a time, once it has ended well.
fn memory_until_the_end(child: &mut Child) -> u64 {
    let mut most = 0;
    loop {
        most = most.max(memory_of(child.id()));
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{ended}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// In kilobytes; 0 for what has ended.
fn memory_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
