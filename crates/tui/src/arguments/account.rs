//! What is typed about the own account.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct PasswordSource {
    /// File with the password. Otherwise it is taken from SOTTO_PASSWORD, or asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// By what the owner shows that it is them.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub(crate) struct Proof {
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    /// Code of the second factor, where there is one: six digits, or a backup code. SOTTO_CODE works too.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
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
    /// Code of the second factor: six digits, or a backup code. SOTTO_CODE works too.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// What to call this device.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
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
    pub(crate) old: Proof,
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
        proof: Proof,
    },
    /// Give the account new keys where a revoked device may know the old ones, or fetch those that another device has begun.
    Renew(Proof),
}

#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum SecondFactor {
    /// Shows a secret for an authenticator, then reads the first code that it gives.
    Enable(Proof),
    /// Asks for no code any more.
    Disable(Proof),
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
