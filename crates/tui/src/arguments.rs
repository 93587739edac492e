//! What can be typed.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

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
    RecoveryWords(PasswordSource),
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

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Bot {
    /// Program to start for each message: it gets the message as JSON, and answers with actions as JSON, one a line.
    #[arg(long, value_name = "PROGRAM", required_unless_present = "http")]
    pub(crate) exec: Option<PathBuf>,
    /// Address of this machine to listen on for HTTP, such as 127.0.0.1:8080. The token is in the file `http-token` of the profile.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    /// Accept the requests of strangers.
    #[arg(long)]
    pub(crate) accept: bool,
    /// Only this chat.
    #[arg(long = "in", value_name = "CHAT")]
    pub(crate) chat: Option<String>,
    /// End after so many messages.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// What the program is started with.
    #[arg(last = true)]
    pub(crate) arguments: Vec<String>,
}

/// Shells that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    Pwsh,
    Zsh,
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

#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct PasswordSource {
    /// File with the password. Otherwise it is taken from SOTTO_PASSWORD, or asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Audit {
    /// Address of the server, such as https://chat.example.org. No account is needed.
    #[arg(long, value_name = "URL", env = "SOTTO_SERVER")]
    pub(crate) server: Option<String>,
    /// Number of a head that was audited before, to go on from there; without it the whole history is checked.
    #[arg(long, value_name = "EPOCH", default_value_t = 0)]
    pub(crate) from: u64,
    /// Hash of that head, as the earlier audit printed it.
    #[arg(long, value_name = "HASH", requires = "from")]
    pub(crate) head: Option<String>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Register {
    /// Address of the server, such as https://chat.example.org.
    #[arg(long, value_name = "URL", env = "SOTTO_SERVER")]
    pub(crate) server: Option<String>,
    /// User name: 3 to 32 of a-z, 0-9, _ and ., beginning with a letter.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// E-mail address as a second name to sign in by.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// What to call this device.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Login {
    /// Address of the server, such as https://chat.example.org.
    #[arg(long, value_name = "URL", env = "SOTTO_SERVER")]
    pub(crate) server: Option<String>,
    /// User name or e-mail address. Not needed to sign in again.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Code of the second factor: six digits, or a backup code.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// What to call this device.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Dm {
    /// Whom to write to.
    #[arg(value_name = "@NAME")]
    pub(crate) name: String,
    /// What to write; - takes it from standard input.
    pub(crate) text: Option<String>,
    /// Leave it in the outbox, without waiting for the server.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Send {
    /// The chat.
    pub(crate) chat: String,
    /// What to send; - takes it from standard input.
    #[arg(required_unless_present = "files")]
    pub(crate) text: Option<String>,
    /// A file to go with it; can be given up to 20 times.
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// The message that this answers.
    #[arg(long, value_name = "MESSAGE")]
    pub(crate) reply: Option<String>,
    /// Leave it in the outbox, without waiting for the server.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Download {
    /// The chat.
    pub(crate) chat: String,
    /// The message.
    pub(crate) message: String,
    /// Where to put it: a folder that is there, or the file to be. Without it, where you are.
    #[arg(long, value_name = "PATH")]
    pub(crate) to: Option<PathBuf>,
    /// Only this one of its files, from 1.
    #[arg(long = "file", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) file: Option<u32>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Transfers {
    #[command(subcommand)]
    pub(crate) what: Option<TransferCommand>,
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum TransferCommand {
    /// Halt one.
    Pause {
        /// Its number.
        transfer: i64,
    },
    /// Let one go on, or all, and wait until they are done.
    Resume {
        /// Its number.
        transfer: Option<i64>,
    },
    /// Give one up. What is to be sent goes with its whole message.
    Cancel {
        /// Its number.
        transfer: i64,
    },
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    pub(crate) what: Option<SessionCommand>,
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum SessionCommand {
    /// End a session: its device has to sign in again, and keeps what it has.
    Revoke {
        /// Its id.
        session: String,
    },
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct History {
    /// The chat.
    pub(crate) chat: String,
    /// At most so many messages.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Only messages before this number.
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Listen {
    /// Only this chat.
    #[arg(long = "in", value_name = "CHAT")]
    pub(crate) chat: Option<String>,
    /// Also what this account itself writes elsewhere.
    #[arg(long)]
    pub(crate) own: bool,
    /// End after so many lines.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Recover {
    /// Address of the server, such as https://chat.example.org.
    #[arg(long, value_name = "URL", env = "SOTTO_SERVER")]
    pub(crate) server: Option<String>,
    /// User name or e-mail address. Not needed to come back where one was.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// File with the recovery words. Otherwise they are taken from SOTTO_RECOVERY_WORDS, or asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// What to call this device.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    #[command(flatten)]
    pub(crate) password: NewPasswordSource,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct NewPassword {
    #[command(flatten)]
    pub(crate) old: PasswordSource,
    #[command(flatten)]
    pub(crate) new: NewPasswordSource,
    /// Let other devices stay signed in.
    #[arg(long)]
    pub(crate) keep_sessions: bool,
}

#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct NewPasswordSource {
    /// File with the new password. Otherwise it is taken from SOTTO_NEW_PASSWORD, or asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) new_password_file: Option<PathBuf>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Devices {
    #[command(subcommand)]
    pub(crate) what: Option<DeviceCommand>,
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum DeviceCommand {
    /// Give a device a name that only the account's own devices can read.
    Rename {
        /// Its id or its name.
        device: String,
        /// The new name.
        name: String,
    },
    /// Take a device out of the account. It is signed out at once, and leaves all chats.
    Revoke {
        /// Its id or its name.
        device: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum SecondFactor {
    /// Shows a secret for an authenticator, then reads the first code that it gives.
    Enable(PasswordSource),
    /// Asks for no code any more.
    Disable(PasswordSource),
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ProfileText {
    /// The name to be called by.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A line about oneself.
    #[arg(long)]
    pub(crate) about: Option<String>,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ChatNamed {
    /// The chat.
    pub(crate) chat: String,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct MessageOf {
    /// The chat.
    pub(crate) chat: String,
    /// The message.
    pub(crate) message: String,
    /// Leave it in the outbox, without waiting for the server.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct React {
    #[command(flatten)]
    pub(crate) to: MessageOf,
    /// One emoji.
    pub(crate) emoji: String,
    /// Take it back.
    #[arg(long)]
    pub(crate) remove: bool,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) of: MessageOf,
    /// What it says from now on; - takes it from standard input.
    pub(crate) text: String,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Search {
    /// Words, or parts of them.
    pub(crate) words: String,
    /// Only in this chat.
    #[arg(long = "in", value_name = "CHAT")]
    pub(crate) chat: Option<String>,
    /// At most so many messages.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum Group {
    /// Begin a group.
    Create {
        /// What it is called.
        title: String,
        /// Who is in it.
        #[arg(value_name = "@NAME")]
        names: Vec<String>,
    },
    /// List the members.
    Members {
        /// The group.
        chat: String,
    },
    /// Add somebody.
    Add {
        /// The group.
        chat: String,
        /// Whom.
        #[arg(value_name = "@NAME", required = true)]
        names: Vec<String>,
    },
    /// Remove somebody.
    Remove {
        /// The group.
        chat: String,
        /// Whom.
        #[arg(value_name = "@NAME", required = true)]
        names: Vec<String>,
    },
    /// Say what somebody may do.
    Role {
        /// The group.
        chat: String,
        /// Who.
        #[arg(value_name = "@NAME")]
        name: String,
        /// What they are from now on.
        role: Role,
    },
    /// Change the title.
    Rename {
        /// The group.
        chat: String,
        /// The new title.
        title: String,
    },
    /// Leave the group.
    Leave {
        /// The group.
        chat: String,
    },
}

/// What somebody may do in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Reads and writes.
    Member,
    /// Adds and removes people, too.
    Admin,
    /// Gives and takes roles, too.
    Owner,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Verify {
    /// Whom.
    #[arg(value_name = "@NAME")]
    pub(crate) name: String,
    /// Draw the code that their device can scan.
    #[arg(long)]
    pub(crate) qr: bool,
    /// Say that the number was compared and is right. It holds on all devices of the account.
    #[arg(long, conflicts_with = "withdraw")]
    pub(crate) confirm: bool,
    /// Take that back.
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// They were seen with another key: say which one is right from now on.
    #[arg(long, value_name = "WHICH")]
    pub(crate) key: Option<Key>,
}

/// One of the identity keys that somebody was seen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub(crate) enum Key {
    /// The one that was seen last.
    New,
    /// The one that was known before.
    Known,
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct FileNamed {
    /// The file.
    pub(crate) file: PathBuf,
}
