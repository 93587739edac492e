//! Sotto in the terminal: a command for people and for scripts.

mod arguments;
mod commands;
mod console;
mod failure;
mod finding;
mod objects;
mod profile;
mod qr;
mod safe;
mod secrets;
mod session;
mod words;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use console::Console;
use failure::{Class, Failure};
use words::{Language, Message};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut console = Console::new(Language::of_environment(), arguments.common.json, io::stdout(), io::stderr());
    match run(arguments, &mut console) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough, as `head` does.
        Err(Failure { message: Message::OutputFailed { .. }, .. }) => Class::Failed.into(),
        Err(failure) => {
            console.fail(&failure);
            failure.class.into()
        }
    }
}

fn run(arguments: Arguments, console: &mut Console) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Message::SystemFailed { why: error.to_string() }.failed())?;
    runtime.block_on(commands::run(arguments, console))
}
