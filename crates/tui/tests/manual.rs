//! What shells and manual readers are told: it names every command, and a shell completes with it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn bash_completes_commands_and_options() {
    let script = sotto(&["completions", "bash"]);
    assert_eq!(completed(&script, &["sotto", "grou"]), ["group"]);
    assert_eq!(completed(&script, &["sotto", "group", "re"]), ["remove", "rename"]);
    assert!(completed(&script, &["sotto", "send", "--f"]).contains(&"--file".to_owned()));
}

#[test]
fn every_shell_knows_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sotto(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn the_manual_page_has_every_command() {
    let page = sotto(&["man"]);
    assert!(page.lines().any(|line| line.starts_with(".TH sotto 1")), "it is a page of the manual");
    for command in commands() {
        assert!(page.contains(&command.replace('-', "\\-")), "{command} is not in the manual");
    }
    assert!(page.contains("Exit codes: 0 done"), "it says how commands end");
}

/// What bash offers for the last word, by asking it.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    let typed: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let question = format!(
        "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_sotto sotto '{last}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        typed.join(" "),
        words.len() - 1,
    );
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn commands() -> Vec<String> {
    let help = sotto(&["help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(str::to_owned).collect();
    assert!(names.len() > 30, "{names:?}");
    names
}

fn sotto(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sotto")).args(words).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
