//! What is typed about groups and people.
#![allow(clippy::doc_markdown, reason = "what stands here is shown as help, where markup would be read as it is")]

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

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
