//! The server as its operator meets it: a process that is started, killed, started again on what it left, and stopped.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

/// A `sotto-server` with a data folder of its own.
pub struct Program {
    flags: Vec<String>,
    data: PathBuf,
    /// Goes with it, where it has one of its own.
    own_folder: Option<TempDir>,
    disk: Option<SmallDisk>,
    log: Log,
    running: Option<Running>,
}

struct Running {
    process: Child,
    address: SocketAddr,
}

impl Program {
    /// Starts a server with these flags beside the folder and the port, and waits until it takes calls.
    pub fn start(flags: &[String]) -> Result<Self> {
        let folder = TempDir::with_prefix("sotto-rig-").context("cannot make a temporary folder")?;
        let mut program = Self::in_folder(folder.path().join("data"), flags)?;
        program.own_folder = Some(folder);
        Ok(program)
    }

    /// The same in a folder that outlives it.
    pub fn in_folder(data: PathBuf, flags: &[String]) -> Result<Self> {
        let flags = flags.to_vec();
        let mut program = Self { flags, data, own_folder: None, disk: None, log: Log::default(), running: None };
        program.start_again()?;
        Ok(program)
    }

    /// Starts a server whose data lies on a disk of its own with so much room; none where this machine does not allow that. The
    /// disk is seen by the server alone, and goes with it.
    pub fn on_a_small_disk(mebibytes: u32, flags: &[String]) -> Result<Option<Self>> {
        let disk = SmallDisk { mebibytes };
        let possible = disk.command(Path::new("/mnt"))?.arg("true").output()?.status.success();
        if !possible {
            return Ok(None);
        }
        let folder = TempDir::with_prefix("sotto-rig-").context("cannot make a temporary folder")?;
        let data = folder.path().to_owned();
        let (flags, own_folder, disk) = (flags.to_vec(), Some(folder), Some(disk));
        let mut program = Self { flags, data, own_folder, disk, log: Log::default(), running: None };
        program.start_again()?;
        Ok(Some(program))
    }

    /// Starts it again, on the same data, after [`kill`](Self::kill) or [`stop`](Self::stop).
    pub fn start_again(&mut self) -> Result<()> {
        let mut command = self.command(&[])?;
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().context("cannot start the server")?;
        self.log.follow(process.stderr.take().context("its standard error is a pipe")?);
        let mut lines = BufReader::new(process.stdout.take().context("its standard output is a pipe")?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let ending = process.wait()?;
            bail!("the server ended with {ending} instead of listening: {line}{}", self.log.text());
        };
        self.running = Some(Running { process, address: address.parse()? });
        Ok(())
    }

    /// Where it listens.
    ///
    /// # Panics
    /// When it does not run.
    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("the server runs").address
    }

    /// Its process number, to be measured by.
    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.process.id())
    }

    /// Ends it as a power cut would: nothing is finished, nothing is said.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            running.process.kill()?;
            running.process.wait()?;
        }
        Ok(())
    }

    /// Asks it to stop, and waits until it has finished what was under way.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let asked = Command::new("kill").args(["-TERM", &running.process.id().to_string()]).status()?;
        ensure!(asked.success(), "the server had ended by itself: {}", self.log.text());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(ending) = running.process.try_wait()? {
                ensure!(ending.success(), "the server ended with {ending}: {}", self.log.text());
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        running.process.kill()?;
        running.process.wait()?;
        bail!("the server did not stop: {}", self.log.text())
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| matches!(running.process.try_wait(), Ok(None)))
    }

    /// Runs one of the operator's commands on the same data.
    pub fn operate(&self, words: &[&str]) -> Result<Output> {
        self.command(words)?.output().context("cannot run the server's program")
    }

    /// What it has written to standard error so far, over all its lives.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A server dies with the thread that started it, so that nothing stays behind when a test run is killed.
    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = match &self.disk {
            Some(disk) => disk.command(&self.data)?,
            None => Command::new("env"),
        };
        command.arg("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary()?).args(words).args(&self.flags);
        command.arg("--data").arg(&self.data).stdin(Stdio::null());
        Ok(command)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kill();
    }
}

/// Memory that is mounted as a disk, in a view of the file system that no other process has.
struct SmallDisk {
    mebibytes: u32,
}

impl SmallDisk {
    /// A command that mounts the disk at a folder and becomes what is added to it.
    fn command(&self, folder: &Path) -> Result<Command> {
        let folder = folder.to_str().context("the folder's name is text")?;
        let script = format!("mount -t tmpfs -o size={}m tmpfs '{folder}' && exec \"$@\"", self.mebibytes);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", &script, "sh"]);
        Ok(command)
    }
}

/// What a process writes, kept as it comes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn follow(&self, output: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let mut text = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The program that `SOTTO_SERVER_BIN` names, or the one that Cargo put beside us.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SOTTO_SERVER_BIN") {
        return Ok(named.into());
    }
    let here = std::env::current_exe()?;
    let folders = here.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join("sotto-server")).find(|program| program.exists());
    found.context("there is no server; `cargo build -p sotto-server` builds it")
}

/// How long a server may take to stop; it gives calls under way 20 s.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);
