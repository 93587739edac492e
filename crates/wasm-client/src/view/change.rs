use serde::Serialize;
use sotto_client::engine;
use tsify::Tsify;

use super::hex;

/// Something that whoever looks should look at again.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Change {
    /// This device is signed in and ready.
    SignedIn,
    /// The password is right; a code of the second factor is needed as well.
    SecondFactorNeeded,
    /// What somebody asked for cannot be done.
    Failed { attempt: Attempt, why: Why },
    /// What somebody asked for is done.
    Done { attempt: Attempt },
    /// A secret for an authenticator is there, and waits for its first code.
    FactorDrawn,
    /// The list of the own devices came.
    Devices,
    /// The list of the account's sessions came.
    Sessions,
    /// A transfer of a file: how far it is, or how it stands.
    Transfer { transfer: i64 },
    /// Nothing is left here of the account.
    Wiped,
    /// The server ended the session of this device. Signing in again goes on.
    SignedOut,
    /// Everything that the server had is here.
    CaughtUp,
    /// The list of chats, or what one of them looks like in it.
    Chats,
    /// A chat that somebody asked for by name is there.
    Started { chat: String },
    /// The timeline of a chat.
    Timeline { chat: String },
    /// The members of a chat.
    Members { chat: String },
    /// Read markers or delivery state in a chat.
    Markers { chat: String },
    /// Somebody is writing, or has stopped.
    Typing { chat: String, who: String, stopped: bool },
    /// Somebody is there, or has gone.
    Presence { account: String },
    /// Something of the own account.
    Account,
    /// What is known of another account.
    Contact { account: String },
    /// A message will not be sent.
    NotSent { chat: String, event: String },
    /// Whether the store of this device can be written. Nothing that was there is lost.
    Store { state: StoreState },
    /// What the server sent does not keep the contract.
    ServerMisbehaves { what: String },
    /// Whether the server can be reached.
    Online { online: bool },
}

impl From<engine::Change> for Change {
    fn from(change: engine::Change) -> Self {
        match change {
            engine::Change::SignedIn => Self::SignedIn,
            engine::Change::SecondFactorNeeded => Self::SecondFactorNeeded,
            engine::Change::Failed { what, why } => Self::Failed { attempt: what.into(), why: why.into() },
            engine::Change::Done(what) => Self::Done { attempt: what.into() },
            engine::Change::FactorDrawn => Self::FactorDrawn,
            engine::Change::Devices => Self::Devices,
            engine::Change::Sessions => Self::Sessions,
            engine::Change::Transfer(transfer) | engine::Change::TransferStopped { transfer, .. } => {
                Self::Transfer { transfer: transfer.get() }
            }
            engine::Change::Wiped => Self::Wiped,
            engine::Change::SignedOut => Self::SignedOut,
            engine::Change::CaughtUp => Self::CaughtUp,
            engine::Change::Chats => Self::Chats,
            engine::Change::Started(chat) => Self::Started { chat: hex(chat) },
            engine::Change::Timeline(chat) => Self::Timeline { chat: hex(chat) },
            engine::Change::Members(chat) => Self::Members { chat: hex(chat) },
            engine::Change::Markers(chat) => Self::Markers { chat: hex(chat) },
            engine::Change::Typing { chat, who, stopped } => Self::Typing { chat: hex(chat), who: hex(who), stopped },
            engine::Change::Presence(account) => Self::Presence { account: hex(account) },
            engine::Change::Account => Self::Account,
            engine::Change::Contact(account) => Self::Contact { account: hex(account) },
            engine::Change::NotSent { chat, event } => Self::NotSent { chat: hex(chat), event: hex(event) },
            engine::Change::StoreFailed => Self::Store { state: StoreState::Failing },
            engine::Change::ServerMisbehaves(what) => Self::ServerMisbehaves { what: what.to_owned() },
        }
    }
}

/// How the store takes what is new.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum StoreState {
    Works,
    /// There is no room left.
    Full,
    /// It is refused for another reason.
    Failing,
}

/// Something that people ask for and that can fail for good.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Attempt {
    Register,
    SignIn,
    Find,
    Start { chat: String },
    Change { chat: String },
    Leave { chat: String },
    Answer { chat: String },
    Devices,
    Sessions,
    Recover,
    Deletion,
    Password,
    RecoveryWords,
    Factor,
}

impl From<engine::Attempt> for Attempt {
    fn from(attempt: engine::Attempt) -> Self {
        match attempt {
            engine::Attempt::Register => Self::Register,
            engine::Attempt::SignIn => Self::SignIn,
            engine::Attempt::Find => Self::Find,
            engine::Attempt::Start(chat) => Self::Start { chat: hex(chat) },
            engine::Attempt::Change(chat) => Self::Change { chat: hex(chat) },
            engine::Attempt::Leave(chat) => Self::Leave { chat: hex(chat) },
            engine::Attempt::Answer(chat) => Self::Answer { chat: hex(chat) },
            engine::Attempt::Devices => Self::Devices,
            engine::Attempt::Sessions => Self::Sessions,
            engine::Attempt::Recover => Self::Recover,
            engine::Attempt::Deletion => Self::Deletion,
            engine::Attempt::Password => Self::Password,
            engine::Attempt::RecoveryWords => Self::RecoveryWords,
            engine::Attempt::Factor => Self::Factor,
        }
    }
}

/// Why something cannot be done.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Why {
    /// The server says so; `code` is the name in `error.proto`, such as `ERROR_CODE_RATE_LIMITED`.
    Refused { code: String },
    /// The server and this program do not speak the same version of the protocol.
    OtherProtocol,
    /// The password is wrong, or there is no such account.
    WrongPassword,
    /// The server asks for a weaker protection of the password than this program accepts.
    WeakServer,
    /// This store belongs to another account.
    OtherAccount,
    /// The vault does not open, or is older than one that was seen before.
    BadVault,
    /// No such account, or it does not want to.
    NobodyThere,
    /// The identity key of an account is not the one that was known.
    KeyChanged { account: String },
    /// The roles do not allow it.
    NotAllowed,
    /// The account is the only owner of a group with others in it.
    OnlyOwner,
}

impl From<engine::Why> for Why {
    fn from(why: engine::Why) -> Self {
        match why {
            engine::Why::Refused(code) => Self::Refused { code: code.as_str_name().to_owned() },
            engine::Why::OtherProtocol => Self::OtherProtocol,
            engine::Why::WrongPassword => Self::WrongPassword,
            engine::Why::WeakServer => Self::WeakServer,
            engine::Why::OtherAccount => Self::OtherAccount,
            engine::Why::BadVault => Self::BadVault,
            engine::Why::NobodyThere => Self::NobodyThere,
            engine::Why::KeyChanged(account) => Self::KeyChanged { account: hex(account) },
            engine::Why::NotAllowed => Self::NotAllowed,
            engine::Why::OnlyOwner => Self::OnlyOwner,
        }
    }
}
