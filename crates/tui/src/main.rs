//! Sotto in the terminal: a command for people and for scripts.

mod arguments;
mod attachments;
mod commands;
mod console;
mod failure;
mod finding;
mod objects;
mod profile;
mod qr;
mod relay;
mod safe;
mod screen;
mod secrets;
mod session;
mod words;

use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use console::Console;
use failure::{Class, Failure};
use words::{Language, Message};

fn main() -> ExitCode {
    let mut arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let mut console = Console::new(Language::of_environment(), arguments.common.json, io::stdout(), io::stderr());
    console.lively = io::stderr().is_terminal();
    let outcome = take_input(&mut arguments).and_then(|()| settle(&mut arguments));
    let outcome = outcome.and_then(|()| run(arguments, &mut console));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough, as `head` does.
        Err(Failure { message: Message::OutputFailed { .. }, .. }) => Class::Failed.into(),
        Err(failure) => {
            console.fail(&failure);
            failure.class.into()
        }
    }
}

/// What was typed is no command, or asks for help. Programs are told in their way.
fn misused(error: &clap::Error) -> ExitCode {
    let is_for_a_program = error.use_stderr() && std::env::args_os().any(|word| word == "--json");
    if !is_for_a_program {
        error.exit();
    }
    let said = error.render().to_string();
    let why = said.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")).collect::<Vec<_>>().join(" ");
    let why = why.trim().trim_start_matches("error: ").to_owned();
    let failure = Message::Misused { why: safe::line(&why) }.misused();
    Console::new(Language::of_environment(), true, io::stdout(), io::stderr()).fail(&failure);
    failure.class.into()
}

/// Where the text is to come from standard input, it does.
fn take_input(arguments: &mut Arguments) -> Result<(), Failure> {
    let Some(text) = arguments.command.as_mut().and_then(arguments::Command::text_mut) else { return Ok(()) };
    let mut read = String::new();
    io::stdin().lock().take(INPUT_MAX).read_to_string(&mut read).map_err(|_| Message::NotText.misused())?;
    read.trim_end_matches(['\r', '\n']).clone_into(text);
    Ok(())
}

/// Another process may carry it out, in another folder.
fn settle(arguments: &mut Arguments) -> Result<(), Failure> {
    let settled = arguments.command.as_mut().map_or(Ok(()), arguments::Command::settle_paths);
    settled.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())
}

fn run(arguments: Arguments, console: &mut Console) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())?;
    runtime.block_on(commands::run(arguments, console))
}

/// More than a message can be, so that one that is too long is refused and not cut.
const INPUT_MAX: u64 = 1 << 20;
