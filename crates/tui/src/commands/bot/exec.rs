//! A program that is started for each message.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command as Process, Stdio};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::action::act_on;
use crate::console::{Console, harmless_json};
use crate::objects::MessageObject;
use crate::session::Session;
use crate::words::Message;

/// Starts the program, hands the message over, and does what it asks for. What goes wrong is told and does not end the bot.
pub(super) async fn answer(
    session: &Session,
    program: &Path,
    arguments: &[String],
    message: &MessageObject,
    console: &mut Console,
) {
    let said = match run(program, arguments, message).await {
        Ok(said) => said,
        Err(why) => return console.note(&Message::ProgramFailed { why }),
    };
    act_on(session, &said, message, console).await;
}

/// What the program says. It is told no secret of this one.
async fn run(program: &Path, arguments: &[String], message: &MessageObject) -> Result<String, String> {
    let mut command = Process::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    for secret in ["SOTTO_PASSPHRASE", "SOTTO_PASSWORD", "SOTTO_NEW_PASSWORD", "SOTTO_RECOVERY_WORDS"] {
        command.env_remove(secret);
    }
    let event = harmless_json(message).map_err(|_| "JSON".to_owned())?;
    let mut process = command.spawn().map_err(|error| error.to_string())?;
    let pipes = process.stdin.take().zip(process.stdout.take());
    let Some((stdin, stdout)) = pipes else { return Err("no pipes".to_owned()) };
    let talking = spawn_blocking(move || talk(stdin, stdout, &event));
    let said = timeout(PATIENCE, talking).await;
    if said.is_err() {
        // It may have ended by itself just now.
        let _ = process.kill();
    }
    let ended = spawn_blocking(move || process.wait()).await;
    let said = said.map_err(|_| format!("{} s", PATIENCE.as_secs()))?;
    let said = said.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let ended = ended.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    if ended.success() { Ok(said) } else { Err(ended.to_string()) }
}

/// Hands the message over, and hears the program out. A message is shorter than what a pipe holds, or a program reads it before it
/// says more than that.
fn talk(mut stdin: ChildStdin, stdout: ChildStdout, event: &str) -> io::Result<String> {
    // It need not want to read.
    let _ = stdin.write_all(format!("{event}\n").as_bytes());
    drop(stdin);
    let mut said = String::new();
    stdout.take(SAID_MAX as u64).read_to_string(&mut said)?;
    Ok(said)
}

/// How long a program may take for one message.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most that a program may say to one message.
pub(super) const SAID_MAX: usize = 1 << 20;
