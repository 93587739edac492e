//! What is typed about chats and messages.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

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
pub(crate) struct Forward {
    /// The chat in which the message is.
    pub(crate) chat: String,
    /// The message.
    pub(crate) message: String,
    /// Where to say it again; can be several chats.
    #[arg(value_name = "TO", required = true)]
    pub(crate) to: Vec<String>,
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

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct FileNamed {
    /// The file.
    pub(crate) file: PathBuf,
}
