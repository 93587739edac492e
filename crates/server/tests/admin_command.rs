//! The operator's command line as a process, with and without a server beside it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

struct Server(Child);

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = program(data).args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");
        Self(process)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sotto-server"));
    command.arg("--data").arg(data).stderr(Stdio::piped());
    command
}

fn admin(data: &Path, arguments: &[&str]) -> Output {
    program(data).arg("admin").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

#[test]
fn it_works_beside_a_server_that_runs_and_after_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());

    let counts = admin(data.path(), &["counts"]);
    assert!(counts.status.success() && said(&counts).contains("           0  accounts\n"), "{}", said(&counts));
    let nobody = admin(data.path(), &["create", "olga"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(
        said(&nobody),
        "sotto-server: there is no account with the user name olga. Accounts are registered in the app, admins like \
         everybody else.\n"
    );

    drop(server);
    let list = admin(data.path(), &["list"]);
    assert!(list.status.success() && said(&list).starts_with("NAME"), "{}", said(&list));
    drop(Server::start(data.path()));
}

#[test]
fn it_makes_nothing_where_there_is_no_server() {
    let data = tempfile::tempdir().unwrap();
    let output = admin(data.path(), &["list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("sotto-server: there is no database in the folder "), "{}", said(&output));
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn it_explains_itself() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["quota", "bob", "many"], &["close", "7"], &[]] {
        let output = admin(data.path(), arguments);
        let wanted = if arguments == ["--help"] { 0 } else { 2 };
        assert_eq!(output.status.code(), Some(wanted), "{arguments:?}");
    }
    let wrong = said(&admin(data.path(), &["quota", "bob", "many"]));
    assert!(wrong.contains("write a number of bytes, or one with a unit, as in 500M or 10G"), "{wrong}");
}
