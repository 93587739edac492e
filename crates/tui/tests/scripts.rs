//! The scripts in `docs/CLI.md` do what they say, as they stand there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use rig::people::People;

#[test]
fn ten_lines_of_shell_make_an_echo_bot() {
    let people = People::new(&["alice", "robot"]);
    let script = script(&people, "echo.sh");
    let mut bot = people.program("robot", script).spawn().unwrap();
    people.does("alice", &["dm", "@robot", "Is there an echo?"]);

    let mut listening = people.sotto("alice", &["listen", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(listening.stdout.take().unwrap()).lines();
    let mut hears = || -> String {
        let message: serde_json::Value = serde_json::from_str(&heard.next().unwrap().unwrap()).unwrap();
        assert_eq!(message["sender"], "robot");
        message["text"].as_str().unwrap().to_owned()
    };
    // The first echo may have come before Alice listens.
    let strange = "\"quoted\" \\ and\nin two lines, 日本 👍";
    people.does("alice", &["send", "@robot", strange]);
    let first = hears();
    if first != strange {
        assert_eq!((first.as_str(), hears().as_str()), ("Is there an echo?", strange));
    }
    for process in [&mut bot, &mut listening] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let history = people.does("alice", &["history", "@robot"]);
    assert_eq!(history.matches("robot →").count(), 2, "each is answered once: {history}");
}

#[test]
fn ten_lines_of_shell_make_a_backup() {
    let people = People::new(&["alice", "bob"]);
    people.meet("alice", "bob", "Keep this");
    let script = script(&people, "backup.sh");
    for _ in 0..2 {
        let output = people.program("alice", &script).arg(people.path("backups")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let backups: Vec<_> =
        std::fs::read_dir(people.path("backups")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(backups.len(), 1, "one a day: {backups:?}");
    let mode = std::fs::metadata(&backups[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else reads it");

    // It is taken over by a device that has nothing yet.
    let file = people.path("history.jsonl");
    let unpacked = people.program("alice", "gunzip").arg("-c").arg(&backups[0]).output().unwrap();
    std::fs::write(&file, unpacked.stdout).unwrap();
    people.does("laptop", &["login", "--user", "alice"]);
    let taken = people.does("laptop", &["import", file.to_str().unwrap()]);
    assert!(taken.starts_with("Taken over: "), "{taken}");
    assert!(people.does("laptop", &["history", "@bob", "--offline"]).contains("Keep this"));
}

/// Writes down a script of the document, which begins with its name.
fn script(people: &People, name: &str) -> std::path::PathBuf {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLI.md");
    let document = std::fs::read_to_string(document).unwrap();
    let start = format!("    #!/bin/sh\n    # {name}: ");
    let (_, rest) = document.split_at(document.find(&start).unwrap_or_else(|| panic!("{name} is in the document")));
    let lines: Vec<&str> = rest.lines().map_while(|line| line.strip_prefix("    ")).collect();
    assert!(lines.len() <= 10, "{name} has ten lines: {lines:#?}");
    let path = people.path(name);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
