//! A `sotto-server` that keeps its address when it is killed and started again.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) struct Server {
    data: PathBuf,
    address: String,
    settings: &'static [&'static str],
    process: Option<Child>,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        Self::with(data, &[])
    }

    pub(crate) fn with(data: &Path, settings: &'static [&str]) -> Self {
        let mut server = Self { data: data.to_owned(), address: "127.0.0.1:0".to_owned(), settings, process: None };
        server.start_again();
        server
    }

    pub(crate) fn start_again(&mut self) {
        let mut command = Command::new(binary());
        command.arg("--data").arg(&self.data).args(["--listen", &self.address]).args(self.settings);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        address.unwrap_or_else(|| panic!("the server does not start: {line}")).clone_into(&mut self.address);
        self.process = Some(process);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The program that `SOTTO_SERVER_BIN` names, or the one that Cargo put beside the terminal's.
fn binary() -> PathBuf {
    let beside = || Path::new(env!("CARGO_BIN_EXE_sotto")).with_file_name("sotto-server");
    let binary = std::env::var_os("SOTTO_SERVER_BIN").map_or_else(beside, PathBuf::from);
    assert!(binary.exists(), "there is no server; `cargo build -p sotto-server` builds it");
    binary
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
