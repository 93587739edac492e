//! What is typed for other programs.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Bot {
    /// Program to start for each message: it gets the message as JSON, and answers with actions as JSON, one a line.
    #[arg(long, value_name = "PROGRAM", required_unless_present = "http")]
    pub(crate) exec: Option<PathBuf>,
    /// Address of this machine to listen on for HTTP, such as 127.0.0.1:8080. The token is in the file `http-token` of the profile.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    /// Address of this machine to which each message is sent by POST, again until it is taken: http://127.0.0.1:9000/hook. The header
    /// `Sotto-Signature` is the HMAC-SHA256 of the body under the token.
    #[arg(long, value_name = "URL", requires = "http")]
    pub(crate) webhook: Option<String>,
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
