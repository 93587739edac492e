//! One process has a profile open; a command that comes meanwhile is handed over to it, so that scripts can send while something else
//! listens. The socket lies in the profile's folder, which only its owner can enter.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::arguments::{Command, Common};
use crate::commands;
use crate::console::Console;
use crate::failure::Failure;
use crate::profile::SOCKET;
use crate::session::Session;
use crate::words::{Language, Message};

/// A command on its way to the process that can do it.
#[derive(Serialize, Deserialize)]
struct Request {
    command: Command,
    language: Language,
    json: bool,
    wait: u64,
    offline: bool,
}

/// What comes back, a line each.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Out(String),
    Err(String),
    Done,
    Failed(Failure),
}

/// The process that has the profile open, if it takes commands.
pub(crate) fn reach(folder: &Path) -> Option<StdStream> {
    StdStream::connect(folder.join(SOCKET)).ok()
}

/// Has another process do a command, and says what it says.
pub(crate) async fn hand_over(
    other: StdStream,
    command: Command,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let request =
        Request { command, language: console.language, json: console.json, wait: common.wait, offline: common.offline };
    let spoken = async {
        other.set_nonblocking(true)?;
        let mut other = UnixStream::from_std(other)?;
        other.write_all(&line_of(&request)).await?;
        io::Result::Ok(BufReader::new(other).lines())
    };
    let mut lines = spoken.await.map_err(|_| broken_off())?;
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Reply::Out(text)) => console.pass_on(&text, false)?,
            Ok(Reply::Err(text)) => console.pass_on(&text, true)?,
            Ok(Reply::Done) => return Ok(()),
            Ok(Reply::Failed(failure)) => return Err(failure),
            Err(_) => break,
        }
    }
    Err(broken_off())
}

fn broken_off() -> Failure {
    Message::BrokenOff.failed()
}

/// Takes commands of other processes, as long as it is kept.
pub(crate) struct Relay {
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Relay {
    /// Begins to take commands. None where the system does not allow it: then others are told to wait.
    pub(crate) fn begin(session: &Session) -> Option<Self> {
        let socket = session.folder.join(SOCKET);
        // Whoever left it behind is gone: this process has the lock.
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).ok()?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).ok()?;
        let session = session.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, session.clone()));
            }
        });
        Some(Self { socket, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Does one command. It ends as well when whoever asked has gone.
async fn serve(stream: UnixStream, session: Session) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read);
    let asked = (&mut read).take(REQUEST_MAX).read_line(&mut line).await.is_ok();
    let Some(request) = asked.then(|| serde_json::from_str::<Request>(&line).ok()).flatten() else { return };
    let (said, mut heard) = unbounded_channel();
    let speaking = async {
        while let Some(reply) = heard.recv().await {
            if write.write_all(&line_of(&reply)).await.is_err() {
                return;
            }
        }
    };
    let working = async move {
        let last = match work(request, session, &said).await {
            Ok(()) => Reply::Done,
            Err(failure) => Reply::Failed(failure),
        };
        // Whoever does not listen any more does not want to know.
        let _ = said.send(last);
    };
    let mut rest = [0; 1];
    tokio::select! {
        _ = async { tokio::join!(speaking, working) } => {}
        _ = read.read(&mut rest) => {}
    }
}

async fn work(request: Request, session: Session, said: &UnboundedSender<Reply>) -> Result<(), Failure> {
    let Request { command, language, json, wait, offline } = request;
    if !command.can_be_handed_over() {
        return Err(broken_off());
    }
    let session = Session { wait: Duration::from_secs(wait), offline, ..session };
    let out = Voice { said: said.clone(), reply: Reply::Out };
    let err = Voice { said: said.clone(), reply: Reply::Err };
    let mut console = Console::new(language, json, out, err);
    commands::run_in(&session, command, &mut console).await
}

/// An output that is heard elsewhere.
struct Voice {
    said: UnboundedSender<Reply>,
    reply: fn(String) -> Reply,
}

impl Write for Voice {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.said.send((self.reply)(text)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line_of(thing: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(thing).unwrap_or_default();
    line.push(b'\n');
    line
}

/// A message of the greatest length, with every byte escaped.
const REQUEST_MAX: u64 = 8 << 20;
