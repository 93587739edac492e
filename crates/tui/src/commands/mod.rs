//! What each command does.

mod account;
mod archive;
mod arrival;
mod audit;
mod bot;
mod chats;
mod doctor;
mod errands;
mod files;
mod forward;
mod groups;
mod listen;
mod manual;
mod messages;
mod requests;
mod sessions;
mod transfers;
mod ui;
mod verify;

pub(crate) use account::{recovery_code, require_email};
pub(crate) use arrival::{Arrival, Step, cost, device_name, folder as profile_folder};
pub(crate) use files::obstacle;
pub(crate) use forward::say_again;
pub(crate) use groups::add;
pub(crate) use transfers::pace_in_words;

use std::pin::Pin;
use std::time::Duration;

use sotto_native_client::Client;

use crate::arguments::{Arguments, Command, Common};
use crate::console::Console;
use crate::failure::Failure;
use crate::profile::{Passphrase, Profile, Typed};
use crate::relay;
use crate::session::Session;

/// Runs a command to its end.
pub(crate) async fn run(arguments: Arguments, console: &mut Console) -> Result<(), Failure> {
    let Arguments { common, command } = arguments;
    match command.unwrap_or(Command::Ui) {
        Command::Ui => ui::run(&common, console).await,
        Command::Register(chosen) => account::register(&common, chosen, console).await,
        Command::Login(returning) => account::login(&common, returning, console).await,
        Command::Recover(lost) => account::recover(&common, lost, console).await,
        Command::Logout => account::logout(&common, console).await,
        Command::Completions { shell } => manual::completions(shell, console),
        Command::Man => manual::page(console),
        Command::Audit(what) => audit::run(what, console).await,
        command if command.can_be_handed_over() => {
            let folder = arrival::folder(&common);
            match Profile::open_or(&folder, command.name(), || relay::reach(&folder))? {
                Ok(profile) => run_on(profile, &common, command, console).await,
                Err(other) => relay::hand_over(other, command, &common, console).await,
            }
        }
        command => run_on(Profile::open(&arrival::folder(&common), command.name())?, &common, command, console).await,
    }
}

/// Runs a command on a profile that this process has.
async fn run_on(mut profile: Profile, common: &Common, command: Command, console: &mut Console) -> Result<(), Failure> {
    let session = start(&mut profile, common, &passphrase(common), console)?;
    let _relay = command.stays().then(|| relay::Relay::begin(&session));
    run_in(&session, command, console).await
}

/// Runs a command that needs no other profile than the one that is open. Commands run others, so the type of what is run is erased.
pub(crate) fn run_in<'r>(
    session: &'r Session,
    command: Command,
    console: &'r mut Console,
) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'r>> {
    Box::pin(dispatch(session, command, console))
}

async fn dispatch(session: &Session, command: Command, console: &mut Console) -> Result<(), Failure> {
    match command {
        Command::Whoami => account::whoami(session, console).await,
        Command::Chats => chats::list(session, console).await,
        Command::Dm(dm) => chats::dm(session, dm, console).await,
        Command::Send(send) => messages::send(session, send, console).await,
        Command::Forward(forward) => forward::forward(session, forward, console).await,
        Command::Download(download) => files::download(session, download, console).await,
        Command::Transfers(transfers) => transfers::run(session, transfers.what, console).await,
        Command::Sessions(sessions) => sessions::run(session, sessions.what, console).await,
        Command::History(history) => messages::history(session, history, console).await,
        Command::Doctor => doctor::look(session, console).await,
        Command::Bot(bot) => bot::run(session, bot, console).await,
        Command::Listen(listen) => listen::listen(session, listen, console).await,
        Command::Password(new) => errands::password(session, new, console).await,
        Command::RecoveryWords(proof) => errands::recovery_words(session, proof, console).await,
        Command::Devices(devices) => errands::devices(session, devices.what, console).await,
        Command::SecondFactor(factor) => errands::second_factor(session, factor, console).await,
        Command::Profile(text) => errands::profile(session, text, console).await,
        Command::React(react) => messages::react(session, react, console).await,
        Command::Edit(edit) => messages::edit(session, edit, console).await,
        Command::Delete(of) => messages::delete(session, of, console).await,
        Command::Read(read) => messages::read(session, &read.chat, console).await,
        Command::Search(search) => messages::search(session, search, console).await,
        Command::Group(group) => groups::run(session, group, console).await,
        Command::Verify(verify) => verify::verify(session, verify, console).await,
        Command::Export(file) => archive::export(session, file.file, console).await,
        Command::Import(file) => archive::import(session, file.file, console).await,
        Command::Requests => requests::list(session, console).await,
        Command::Accept(asked) => requests::accept(session, &asked.chat, console).await,
        Command::Block(asked) => requests::set_blocked(session, &asked.chat, true, console).await,
        Command::Unblock(asked) => requests::set_blocked(session, &asked.chat, false, console).await,
        // These open the profile themselves, or need none.
        Command::Ui
        | Command::Register(_)
        | Command::Login(_)
        | Command::Recover(_)
        | Command::Logout
        | Command::Completions { .. }
        | Command::Audit(_)
        | Command::Man => Ok(()),
    }
}

/// Opens the profile, and starts the client on it.
fn open(common: &Common, name: &str, console: &Console) -> Result<(Profile, Session), Failure> {
    let mut profile = Profile::open(&arrival::folder(common), name)?;
    let session = start(&mut profile, common, &passphrase(common), console)?;
    Ok((profile, session))
}

fn start(
    profile: &mut Profile,
    common: &Common,
    passphrase: &Passphrase,
    console: &Console,
) -> Result<Session, Failure> {
    let store = profile.open_store(passphrase, console)?;
    let server = profile.card.server.clone();
    let client = Client::start(store, &server)?;
    let folder = profile.folder.clone();
    Ok(Session { client, folder, server, wait: Duration::from_secs(common.wait), offline: common.offline })
}

fn passphrase(common: &Common) -> Passphrase {
    Passphrase { file: common.passphrase_file.clone(), typed: Typed::OnTheLine }
}
