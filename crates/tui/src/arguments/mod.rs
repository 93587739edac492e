//! What can be typed.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

mod account;
mod messages;
mod people;
mod programs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

pub(crate) use account::{
    DeviceCommand, Devices, Login, NewPassword, NewPasswordSource, PasswordSource, ProfileText, Proof, Recover,
    Register, SecondFactor, SessionCommand, Sessions,
};
pub(crate) use messages::{
    ChatNamed, Dm, Download, Edit, FileNamed, Forward, History, Listen, MessageOf, React, Search, Send,
    TransferCommand, Transfers,
};
pub(crate) use people::{Group, Key, Role, Verify};
pub(crate) use programs::{Audit, Bot, Shell};

/// End-to-end encrypted messages, in the terminal and in scripts.
///
/// A CHAT is named by its id, its title or, for a chat of two, @NAME. A MESSAGE is named by its id or its number in the chat (#12).
/// Exit codes: 0 done, 1 failed, 2 asked for in a wrong way, 3 not signed in, 4 refused for safety.
#[derive(Debug, Parser)]
#[command(name = "sotto", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Without one, the screen opens.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Folder of the account on this machine; one for each account.
    #[arg(long, global = true, value_name = "DIR", env = "SOTTO_PROFILE")]
    pub(crate) profile: Option<PathBuf>,
    /// One JSON object a line, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// File with the passphrase of the profile, where the system has no keyring. SOTTO_PASSPHRASE works too.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Show what is here without asking the server.
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// How long to wait for the server.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) wait: u64,
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Open the full screen, as without a command.
    Ui,
    /// Make an account, with this machine as its first device.
    Register(Register),
    /// Sign in with this machine, as a new device or again.
    Login(Login),
    /// Come back without the password, by the recovery words, and choose a new one.
    Recover(Recover),
    /// Take this device out of the account, and wipe everything here.
    Logout,
    /// Say who is signed in here.
    Whoami,
    /// Choose a new password.
    Password(NewPassword),
    /// Draw new recovery words; the old ones are void.
    RecoveryWords(Proof),
    /// List the devices of the account, name them, or take one out.
    Devices(Devices),
    /// List where the account is signed in, or end a session.
    Sessions(Sessions),
    /// Ask for a code of an authenticator at each login, or no more.
    #[command(name = "2fa", subcommand)]
    SecondFactor(SecondFactor),
    /// How to be called: show it, or set it.
    Profile(ProfileText),
    /// List the chats, the last active first.
    Chats,
    /// Begin a chat with somebody, or write into the one that is there.
    Dm(Dm),
    /// Send a message, files, or both.
    Send(Send),
    /// Say in other chats what a message says. From whom it is, is not said; files are not sent again.
    Forward(Forward),
    /// Fetch the files of a message. What was begun goes on.
    Download(Download),
    /// List the files that are on their way, halt them, let them go on, or give them up.
    Transfers(Transfers),
    /// Show the messages of a chat, oldest first.
    History(History),
    /// Add a reaction to a message, or take it back.
    React(React),
    /// Change what an own message says.
    Edit(Edit),
    /// Take a message back.
    Delete(MessageOf),
    /// Count everything in a chat as read.
    Read(ChatNamed),
    /// Find messages by their words.
    Search(Search),
    /// Groups: begin one, and say who is in it.
    #[command(subcommand)]
    Group(Group),
    /// Show the safety number of somebody, to be compared over another channel.
    Verify(Verify),
    /// Write the history of all chats that is here to a file. It is not encrypted.
    Export(FileNamed),
    /// Take over a history that this account has written to a file.
    Import(FileNamed),
    /// Look whether everything is in order: the server, the clock, the keys, the store.
    Doctor,
    /// Check from outside that a server has never taken back a key that it published.
    Audit(Audit),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
    /// Have a program answer: started for each message, or over HTTP on this machine.
    Bot(Bot),
    /// Print messages as they arrive, beginning with what this device has not seen yet.
    Listen(Listen),
    /// List the chats that strangers want to begin.
    Requests,
    /// Accept a request. Until then its sender is not told whether it arrived.
    Accept(ChatNamed),
    /// Block somebody: what they write is not shown, and they are not told. A request of theirs is declined.
    Block(ChatNamed),
    /// Take a block back.
    Unblock(ChatNamed),
}

impl Command {
    /// The text that is to be taken from standard input, if it is.
    pub(crate) fn text_mut(&mut self) -> Option<&mut String> {
        let text = match self {
            Self::Dm(dm) => dm.text.as_mut(),
            Self::Send(send) => send.text.as_mut(),
            Self::Edit(edit) => Some(&mut edit.text),
            _ => None,
        };
        text.filter(|text| *text == "-")
    }

    /// Makes what names files mean the same wherever it is carried out.
    pub(crate) fn settle_paths(&mut self) -> std::io::Result<()> {
        match self {
            Self::Send(send) => {
                for file in &mut send.files {
                    *file = std::path::absolute(&*file)?;
                }
            }
            Self::Download(download) => {
                let folder = std::env::current_dir()?;
                download.to = Some(download.to.as_ref().map_or(folder.clone(), |to| folder.join(to)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it goes on until somebody ends it.
    pub(crate) fn stays(&self) -> bool {
        matches!(self, Self::Listen(_) | Self::Bot(_))
    }

    /// Whether the process that has the profile open can do it for another one: it asks for no secret, and touches no file.
    pub(crate) fn can_be_handed_over(&self) -> bool {
        match self {
            Self::Ui
            | Self::Register(_)
            | Self::Login(_)
            | Self::Recover(_)
            | Self::Logout
            | Self::Password(_)
            | Self::RecoveryWords(_)
            | Self::SecondFactor(_)
            | Self::Export(_)
            | Self::Bot(_)
            | Self::Audit(_)
            | Self::Completions { .. }
            | Self::Man
            | Self::Import(_) => false,
            Self::Devices(devices) => !matches!(devices.what, Some(DeviceCommand::Revoke { .. })),
            _ => true,
        }
    }

    /// As it is typed.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ui => "ui",
            Self::Register(_) => "register",
            Self::Login(_) => "login",
            Self::Recover(_) => "recover",
            Self::Logout => "logout",
            Self::Whoami => "whoami",
            Self::Password(_) => "password",
            Self::RecoveryWords(_) => "recovery-words",
            Self::Devices(_) => "devices",
            Self::SecondFactor(_) => "2fa",
            Self::Profile(_) => "profile",
            Self::React(_) => "react",
            Self::Edit(_) => "edit",
            Self::Delete(_) => "delete",
            Self::Read(_) => "read",
            Self::Search(_) => "search",
            Self::Group(_) => "group",
            Self::Verify(_) => "verify",
            Self::Export(_) => "export",
            Self::Import(_) => "import",
            Self::Chats => "chats",
            Self::Dm(_) => "dm",
            Self::Send(_) => "send",
            Self::Forward(_) => "forward",
            Self::Download(_) => "download",
            Self::Transfers(_) => "transfers",
            Self::Sessions(_) => "sessions",
            Self::History(_) => "history",
            Self::Doctor => "doctor",
            Self::Audit(_) => "audit",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
            Self::Bot(_) => "bot",
            Self::Listen(_) => "listen",
            Self::Requests => "requests",
            Self::Accept(_) => "accept",
            Self::Block(_) => "block",
            Self::Unblock(_) => "unblock",
        }
    }
}
