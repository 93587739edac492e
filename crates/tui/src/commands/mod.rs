//! What each command does.

mod account;
mod chats;
mod listen;
mod messages;
mod requests;

use std::time::Duration;

use sotto_native_client::Client;

use crate::arguments::{Arguments, Command, Common};
use crate::console::Console;
use crate::failure::Failure;
use crate::profile::{Passphrase, Profile};
use crate::session::Session;

/// Runs a command to its end.
pub(crate) async fn run(arguments: Arguments, console: &mut Console) -> Result<(), Failure> {
    let Arguments { common, command } = arguments;
    match command {
        Command::Register(chosen) => account::register(&common, chosen, console).await,
        Command::Login(returning) => account::login(&common, returning, console).await,
        command => {
            let (_profile, session) = open(&common, command.name(), console)?;
            run_in(&session, command, console).await
        }
    }
}

/// Runs a command that needs no other profile than the one that is open.
pub(crate) async fn run_in(session: &Session, command: Command, console: &mut Console) -> Result<(), Failure> {
    match command {
        Command::Whoami => account::whoami(session, console).await,
        Command::Chats => chats::list(session, console).await,
        Command::Dm(dm) => chats::dm(session, dm, console).await,
        Command::Send(send) => messages::send(session, send, console).await,
        Command::History(history) => messages::history(session, history, console).await,
        Command::Listen(listen) => listen::listen(session, listen, console).await,
        Command::Requests => requests::list(session, console).await,
        Command::Accept(asked) => requests::accept(session, &asked.chat, console).await,
        Command::Block(asked) => requests::set_blocked(session, &asked.chat, true, console).await,
        Command::Unblock(asked) => requests::set_blocked(session, &asked.chat, false, console).await,
        Command::Register(_) | Command::Login(_) => Ok(()),
    }
}

/// Opens the profile, and starts the client on it.
fn open(common: &Common, name: &str, console: &Console) -> Result<(Profile, Session), Failure> {
    let folder = common.profile.clone().unwrap_or_else(Profile::usual_folder);
    let profile = Profile::open(&folder, name)?;
    start(profile, common, console)
}

fn start(mut profile: Profile, common: &Common, console: &Console) -> Result<(Profile, Session), Failure> {
    let store = profile.open_store(&passphrase(common), console)?;
    let server = profile.card.server.clone();
    let client = Client::start(store, &server)?;
    let session = Session { client, server, wait: Duration::from_secs(common.wait), offline: common.offline };
    Ok((profile, session))
}

fn passphrase(common: &Common) -> Passphrase {
    Passphrase { file: common.passphrase_file.clone() }
}
