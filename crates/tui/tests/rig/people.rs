//! People who use the real program on one server, each in a profile of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::server::Server;

pub(crate) struct People {
    folder: TempDir,
    pub(crate) server: Server,
}

impl People {
    /// All of them have accounts.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::with_server(&[], names)
    }

    /// The same, on a server with other settings than the usual ones.
    pub(crate) fn with_server(settings: &'static [&str], names: &[&str]) -> Self {
        let folder = TempDir::with_prefix("sotto-people-").unwrap();
        let server = Server::with(&folder.path().join("server"), settings);
        let people = Self { folder, server };
        for name in names {
            people.does(name, &["register", "--user", name]);
        }
        people
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program as somebody starts it: with the surroundings that make `sotto` theirs.
    pub(crate) fn program(&self, who: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let beside = Path::new(env!("CARGO_BIN_EXE_sotto")).parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap();
        command.env_clear().env("PATH", format!("{beside}:{path}")).env("HOME", self.folder.path());
        command.envs([("TZ", "UTC"), ("SOTTO_PASSPHRASE", "a phrase"), ("SOTTO_PASSWORD", "likes horses")]);
        command.env("SOTTO_SERVER", self.server.url()).env("SOTTO_PROFILE", self.path(who));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn sotto(&self, who: &str, words: &[&str]) -> Command {
        let mut command = self.program(who, env!("CARGO_BIN_EXE_sotto"));
        command.args(words);
        command
    }

    pub(crate) fn tries(&self, who: &str, words: &[&str]) -> Output {
        self.sotto(who, words).output().unwrap()
    }

    /// What it prints, if it ends well.
    pub(crate) fn does(&self, who: &str, words: &[&str]) -> String {
        let output = self.tries(who, words);
        assert!(output.status.success(), "{who} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The objects that it prints.
    pub(crate) fn objects(&self, who: &str, words: &[&str]) -> Vec<Value> {
        let printed = self.does(who, &[words, &["--json"]].concat());
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Bob has accepted what Alice has written to him.
    pub(crate) fn meet(&self, alice: &str, bob: &str, greeting: &str) {
        self.does(alice, &["dm", &format!("@{bob}"), greeting]);
        self.does(bob, &["accept", &format!("@{alice}")]);
    }
}
