//! What makes no sense, for every command: each has a sentence, a code for programs, and the exit code that `docs/CLI.md` promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::process::Output;

use rig::people::People;
use serde_json::Value;

/// Who types what, and how it ends. Alice has written #3 and Bob #4; both are in the group Horses, which is Alice's.
const TABLE: &[(&str, &[&str], i32, &str)] = &[
    ("alice", &["ui"], 2, "no-terminal"),
    ("nobody", &["register", "--user", "al"], 2, "bad-user-name"),
    ("nobody", &["register", "--user", "newcomer", "--email", "nonsense"], 2, "bad-email"),
    ("nobody", &["register", "--user", "newcomer", "--server", "nonsense"], 2, "bad-server"),
    ("nobody", &["register", "--user", "newcomer", "--password-file", "missing"], 1, "cannot-read"),
    ("nobody", &["register", "--user", "alice"], 1, "name-taken"),
    ("alice", &["register", "--user", "newcomer"], 1, "signed-in-already"),
    ("nobody", &["login", "--server", "nonsense", "--user", "alice"], 2, "bad-server"),
    ("nobody", &["login", "--user", "alice", "--password-file", "wrong.txt"], 1, "wrong-password"),
    ("nobody", &["login"], 2, "bad-user-name"),
    ("nobody", &["recover", "--user", "alice", "--words-file", "missing"], 1, "cannot-read"),
    ("nobody", &["recover", "--user", "alice", "--words-file", "wrong.txt"], 2, "bad-recovery-words"),
    ("nobody", &["logout"], 3, "not-signed-in"),
    ("nobody", &["whoami"], 3, "not-signed-in"),
    ("nobody", &["password"], 3, "not-signed-in"),
    ("alice", &["password", "--password-file", "missing"], 1, "cannot-read"),
    ("alice", &["password", "--password-file", "wrong.txt", "--new-password-file", "wrong.txt"], 1, "wrong-password"),
    ("alice", &["recovery-words", "--password-file", "wrong.txt"], 1, "wrong-password"),
    ("alice", &["devices", "rename", "nothing", "Desk"], 2, "no-such-device"),
    ("alice", &["devices", "revoke", "nothing"], 2, "no-such-device"),
    ("alice", &["sessions", "revoke", "nothing"], 2, "no-such-session"),
    ("alice", &["2fa", "enable", "--password-file", "wrong.txt"], 1, "wrong-password"),
    ("alice", &["2fa", "enable"], 2, "factor-is-off"),
    ("alice", &["2fa", "disable", "--password-file", "missing"], 1, "cannot-read"),
    ("alice", &["profile", "--name", LONG], 2, "unusable"),
    ("nobody", &["chats"], 3, "not-signed-in"),
    ("alice", &["dm", "not a name", "Ciao"], 2, "bad-user-name"),
    ("alice", &["dm", "@nobody_here", "Ciao"], 1, "nobody-there"),
    ("alice", &["dm", "@bob", " "], 2, "nothing-to-say"),
    ("alice", &["send", "nowhere", "Ciao"], 2, "no-such-chat"),
    ("alice", &["send", "@bob", ""], 2, "nothing-to-say"),
    ("alice", &["send", "@bob", "Ciao", "--reply", "99"], 2, "not-in-chat"),
    ("alice", &["send", "@bob", "Ciao", "--file", "missing"], 1, "cannot-read"),
    ("alice", &["send", "@bob", "Ciao", "--file", "."], 1, "cannot-read"),
    ("alice", &["forward", "nowhere", "3", "@bob"], 2, "no-such-chat"),
    ("alice", &["forward", "@bob", "99", "@bob"], 2, "not-in-chat"),
    ("alice", &["forward", "@bob", "3", "@bob", "nowhere"], 2, "no-such-chat"),
    ("alice", &["download", "@bob", "3"], 2, "no-such-file"),
    ("alice", &["download", "@bob", "99"], 2, "not-in-chat"),
    ("alice", &["transfers", "pause", "7"], 2, "no-such-transfer"),
    ("alice", &["transfers", "resume", "7"], 2, "no-such-transfer"),
    ("alice", &["transfers", "cancel", "7"], 2, "no-such-transfer"),
    ("alice", &["history", "nowhere"], 2, "no-such-chat"),
    ("alice", &["history", "@bob", "--limit", "0"], 2, "misused"),
    ("alice", &["history", "@bob", "--before", "then"], 2, "misused"),
    ("alice", &["react", "@bob", "3", "fine"], 2, "no-emoji"),
    ("alice", &["react", "@bob", "99", "👍"], 2, "not-in-chat"),
    ("alice", &["edit", "@bob", "4", "Mine"], 1, "not-yours"),
    ("alice", &["edit", "@bob", "3", ""], 2, "nothing-to-say"),
    ("alice", &["delete", "@bob", "4"], 1, "not-yours"),
    ("alice", &["delete", "@bob", "that"], 2, "not-in-chat"),
    ("alice", &["read", "nowhere"], 2, "no-such-chat"),
    ("alice", &["search", "horses", "--in", "nowhere"], 2, "no-such-chat"),
    ("alice", &["search", "horses", "--limit", "0"], 2, "misused"),
    ("alice", &["group", "create", "Riders", "not a name"], 2, "bad-user-name"),
    ("alice", &["group", "create", LONG], 2, "unusable"),
    ("alice", &["group", "members", "nowhere"], 2, "no-such-chat"),
    ("alice", &["group", "add", "@bob", "@carol"], 2, "no-group"),
    ("alice", &["group", "add", "Horses", "@nobody_here"], 1, "nobody-there"),
    ("alice", &["group", "remove", "Horses", "@carol"], 2, "no-such-member"),
    ("bob", &["group", "remove", "Horses", "@alice"], 1, "not-allowed"),
    ("alice", &["group", "role", "Horses", "@carol", "admin"], 2, "no-such-member"),
    ("alice", &["group", "role", "Horses", "@bob", "king"], 2, "misused"),
    ("alice", &["group", "rename", "@bob", "Bob"], 2, "no-group"),
    ("alice", &["group", "leave", "Saved messages"], 2, "no-group"),
    ("alice", &["verify", "@carol"], 2, "no-key-yet"),
    ("alice", &["verify", "@alice"], 2, "not-with-oneself"),
    ("alice", &["verify", "@bob", "--key", "new"], 2, "no-new-key"),
    ("alice", &["verify", "@bob", "--confirm", "--withdraw"], 2, "misused"),
    ("alice", &["export", "wrong.txt"], 2, "exists"),
    ("alice", &["export", "missing/backup"], 1, "cannot-write"),
    ("alice", &["import", "missing"], 1, "cannot-read"),
    ("alice", &["import", "wrong.txt"], 1, "bad-archive"),
    ("nobody", &["doctor"], 3, "not-signed-in"),
    ("nobody", &["completions", "ksh"], 2, "misused"),
    ("nobody", &["man", "sotto"], 2, "misused"),
    ("alice", &["bot"], 2, "misused"),
    ("alice", &["bot", "--http", "192.0.2.1:8080"], 4, "not-loopback"),
    ("alice", &["bot", "--webhook", "http://127.0.0.1:9/"], 2, "misused"),
    ("alice", &["bot", "--http", "127.0.0.1:0", "--webhook", "http://192.0.2.1/"], 4, "not-loopback"),
    ("alice", &["bot", "--http", "127.0.0.1:0", "--webhook", "ftp://127.0.0.1/"], 2, "bad-webhook"),
    ("alice", &["bot", "--exec", "true", "--in", "nowhere"], 2, "no-such-chat"),
    ("alice", &["listen", "--in", "nowhere"], 2, "no-such-chat"),
    ("alice", &["listen", "--count", "all"], 2, "misused"),
    ("nobody", &["requests"], 3, "not-signed-in"),
    ("alice", &["accept", "@bob"], 2, "no-request"),
    ("alice", &["accept", "nowhere"], 2, "no-such-chat"),
    ("alice", &["block", "nowhere"], 2, "no-such-chat"),
    ("alice", &["block", "Horses"], 2, "nobody-there"),
    ("alice", &["unblock", "nowhere"], 2, "no-such-chat"),
    ("alice", &["--wait", "0", "chats"], 2, "misused"),
    ("alice", &["--passphrase-file", "missing", "chats"], 1, "cannot-read"),
    ("alice", &["--passphrase-file", "wrong.txt", "chats"], 1, "wrong-passphrase"),
];

#[test]
fn what_makes_no_sense_is_refused_in_words_and_in_codes() {
    let people = People::new(&["alice", "bob"]);
    people.meet("alice", "bob", "Ciao");
    people.does("bob", &["send", "@alice", "Ciao"]);
    people.does("alice", &["group", "create", "Horses", "@bob"]);
    people.does("bob", &["chats"]);
    std::fs::write(people.path("wrong.txt"), "wrong\n").unwrap();
    let wrong: Vec<String> = TABLE.iter().filter_map(|row| judge(&people, row)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let said = |who| people.objects(who, &["history", "@bob"]).len();
    assert_eq!(said("alice"), 2, "nothing of it was said");
}

/// Every command there is, also the ones that the table does not know.
#[test]
fn every_command_refuses_an_option_that_it_does_not_have() {
    let people = People::new(&[]);
    let commands = commands(&people, &[]);
    for known in ["ui", "send", "2fa enable", "group role", "transfers cancel", "bot"] {
        assert!(commands.iter().any(|command| command.join(" ") == known), "{known} is among {commands:?}");
    }
    for command in commands {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--nothing", "--json"]).collect();
        let output = people.tries("nobody", &words);
        assert_eq!((output.status.code(), code(&output).as_deref()), (Some(2), Some("misused")), "{command:?}");
    }
}

/// None if it ends as it should.
fn judge(people: &People, (who, words, status, wanted): &(&str, &[&str], i32, &str)) -> Option<String> {
    let output = people.tries(who, &[words, &["--json"][..]].concat());
    let is_right = output.status.code() == Some(*status) && code(&output).as_deref() == Some(*wanted);
    let (status, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
    (!is_right).then(|| format!("{who} {words:?}: {status:?} {}", said.trim_end()))
}

/// What the last line of the standard error is called, if it has a sentence as well.
fn code(output: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let failure: Value = serde_json::from_str(said.lines().last()?).ok()?;
    failure["message"].as_str().filter(|message| message.len() > 8)?;
    failure["error"].as_str().map(str::to_owned)
}

/// Commands, with those that belong to another one behind it.
fn commands(people: &People, before: &[String]) -> Vec<Vec<String>> {
    let asked: Vec<&str> = ["help"].into_iter().chain(before.iter().map(String::as_str)).collect();
    let help = people.does("nobody", &asked);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty());
    let mut all = Vec::new();
    for name in named.filter(|name| *name != "help") {
        let command = [before, &[name.to_owned()]].concat();
        all.extend(commands(people, &command));
        all.push(command);
    }
    all
}

/// Longer than any name and any title.
const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
