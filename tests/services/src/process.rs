use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{PATIENCE, PAUSE, ServiceError};

/// A server process that ends with its owner.
pub(crate) struct Server(Child);

impl Server {
    pub(crate) fn start(mut command: Command) -> Result<Self, ServiceError> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self).map_err(|error| ServiceError::System("starting a server", error))
    }

    /// Asks until the server answers or has died.
    pub(crate) fn await_answer(
        &mut self,
        name: &'static str,
        mut answers: impl FnMut() -> bool,
    ) -> Result<(), ServiceError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if answers() {
                return Ok(());
            }
            let ended = self.0.try_wait().map_err(|error| ServiceError::System("watching a server", error))?;
            if ended.is_some() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        Err(ServiceError::Silent(name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both servers take an interrupt as "end now, and clean up after yourself": PostgreSQL frees its shared memory.
        // A failure means that it has ended already.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).output();
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that dies with the thread that starts it, as `user` where that differs from ours.
pub(crate) fn bound_to_us(program: &Path, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn run(mut command: Command, program: &Path) -> Result<String, ServiceError> {
    let output = command.output().map_err(|error| ServiceError::System("running a program", error))?;
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() {
        Ok(printed)
    } else {
        Err(ServiceError::Refused { program: program.to_owned(), status: output.status, output: printed })
    }
}

/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);
