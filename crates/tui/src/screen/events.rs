//! What comes in, and what is wished for: the two doors between the model and the world.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use sotto_client::engine::KeyChoice;
use sotto_crypto::mls::governance::Role;
use sotto_native_client::Reach;
use sotto_proto::wire::TextMessage;
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId, UserName};

use super::files::Attached;
use super::look::Seen;
use super::model::Notice;
use super::settings::Settings;
use super::view::{Device, Hit, Proof};

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Key(KeyEvent),
    Pasted(String),
    Mouse(MouseEvent),
    Resized(u16, u16),
    /// Whether somebody looks at the terminal.
    LookedAt(bool),
    /// Something has come to its time.
    Tick,
    Seen(Box<Seen>),
    Reach(Reach),
    Typing {
        chat: ConversationId,
        who: AccountId,
        stopped: bool,
    },
    /// A chat that was asked for is there.
    Started(ConversationId),
    Found {
        query: String,
        hits: Vec<Hit>,
    },
    /// Where a message is that somebody wants to see.
    Placed {
        chat: ConversationId,
        id: EventId,
        seq: Option<u64>,
    },
    /// What there is on this machine that begins with what was typed.
    Listed {
        typed: String,
        options: Vec<String>,
    },
    /// A file that was asked for is there, and can be sent.
    Attached(ConversationId, Attached),
    Devices(Vec<Device>),
    /// None while the key of somebody is not known.
    Proof(Option<Box<Proof>>),
    Said(Notice),
}

/// Something that the world is to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    Quit,
    /// Look again at the chat that is open.
    Look,
    Search {
        query: String,
        within: Option<ConversationId>,
    },
    Place {
        chat: ConversationId,
        id: EventId,
    },
    /// What is compared with somebody, by the name that is shown.
    Prove(AccountId, String),
    /// What there is on this machine that begins so.
    List(String),
    /// Look whether a file can be sent.
    Attach(ConversationId, String),
    KeepSettings(Settings),
    Do(Act),
}

/// Something that the engine is to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Say(ConversationId, Box<Content>),
    Unsend(EventId),
    /// Say something with files of this machine.
    SendFiles(ConversationId, Vec<PathBuf>, Box<TextMessage>),
    /// Say again in the second chat what a message of the first says.
    Forward(ConversationId, EventId, ConversationId),
    /// Fetch so many files of a message, into a folder or where people look for them.
    Fetch(ConversationId, EventId, usize, Option<String>),
    /// Halt the transfers of a message, or let them go on.
    Halt(ConversationId, EventId),
    /// Give up what is being fetched of a message.
    GiveUp(ConversationId, EventId),
    KeepDraft(ConversationId, String),
    Typing {
        chat: ConversationId,
        stopped: bool,
    },
    Read(ConversationId, u64),
    WantHistory(ConversationId),
    Appear(bool),
    Accept(ConversationId),
    Decline {
        chat: ConversationId,
        block: bool,
    },
    SetBlocked(AccountId, bool),
    SetVerified(AccountId, bool),
    DecideOnKey(AccountId, KeyChoice),
    StartDirect(UserName),
    StartGroup(String),
    Invite(ConversationId, UserName),
    Remove(ConversationId, AccountId),
    SetRole(ConversationId, AccountId, Role),
    Leave(ConversationId),
    Arrange(ConversationId, Arrangement),
    SetName {
        name: String,
        about: String,
    },
    AskDevices,
    NameDevice(DeviceId, String),
}

/// How a chat stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    Pinned(bool),
    Muted(bool),
    Archived(bool),
}
