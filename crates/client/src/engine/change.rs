use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, ConversationId, EventId};

use super::transfers::{Obstacle, TransferId};

/// Something that whoever looks at the engine should look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This device is signed in and ready.
    SignedIn,
    /// The password is right; a code of the second factor is needed as well.
    SecondFactorNeeded,
    /// What somebody asked for cannot be done.
    Failed {
        /// What was asked for.
        what: Attempt,
        /// Why not.
        why: Why,
    },
    /// What somebody asked for is done.
    Done(Attempt),
    /// A secret for an authenticator is there ([`super::Engine::expose_factor_secret`]), and waits for its first code.
    FactorDrawn,
    /// The list of the own devices came.
    Devices,
    /// The list of the account's sessions came.
    Sessions,
    /// This device has left the account, and nothing of it is left here.
    Wiped,
    /// The server ended the session of this device. Nothing is lost: signing in again goes on.
    SignedOut,
    /// Everything that the server had is here.
    CaughtUp,
    /// The list of chats, or what one of them looks like in it.
    Chats,
    /// A chat that somebody asked for by name is there.
    Started(ConversationId),
    /// The timeline of a chat.
    Timeline(ConversationId),
    /// The members of a chat.
    Members(ConversationId),
    /// Read markers or delivery state in a chat.
    Markers(ConversationId),
    /// Somebody is writing, or has stopped.
    Typing {
        /// Where.
        chat: ConversationId,
        /// Who.
        who: AccountId,
        /// Whether they have stopped.
        stopped: bool,
    },
    /// Somebody is there, or has gone ([`super::Engine::is_there`]).
    Presence(AccountId),
    /// Something of the own account: devices, sessions, vault.
    Account,
    /// What is known of another account.
    Contact(AccountId),
    /// A message will not be sent.
    NotSent {
        /// Where.
        chat: ConversationId,
        /// Which.
        event: EventId,
    },
    /// A transfer: how far it is, or how it stands ([`super::Engine::transfer`]).
    Transfer(TransferId),
    /// Something is in the way of a transfer.
    TransferStopped {
        /// Which.
        transfer: TransferId,
        /// What.
        why: Obstacle,
    },
    /// The store of this device cannot be written. Nothing that was there is lost.
    StoreFailed,
    /// What the server sent does not keep the contract. It is asked again, later.
    ServerMisbehaves(&'static str),
}

/// Something that people ask for and that can fail for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Registering.
    Register,
    /// Signing in.
    SignIn,
    /// Finding an account by its name.
    Find,
    /// Starting a chat.
    Start(ConversationId),
    /// Changing members, roles or rules of a chat.
    Change(ConversationId),
    /// Leaving a chat.
    Leave(ConversationId),
    /// Accepting or declining a request.
    Answer(ConversationId),
    /// Changing the own devices.
    Devices,
    /// Looking at the account's sessions, or ending one.
    Sessions,
    /// Getting back in by the words on paper.
    Recover,
    /// Deleting the account.
    Deletion,
    /// Changing the password.
    Password,
    /// Making new recovery words.
    RecoveryWords,
    /// Turning the second factor on or off.
    Factor,
}

/// Why something cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The server says so.
    Refused(ErrorCode),
    /// The server and this program do not speak the same version of the protocol: one of them has to be renewed.
    OtherProtocol,
    /// The password is wrong, or there is no such account.
    WrongPassword,
    /// The server asks for a weaker protection of the password than this program accepts.
    WeakServer,
    /// This store belongs to another account.
    OtherAccount,
    /// The vault does not open, or is older than one that was seen before.
    BadVault,
    /// Somebody who is needed cannot be reached: no such account, or it does not want to.
    NobodyThere,
    /// The identity key of an account is not the one that was known.
    KeyChanged(AccountId),
    /// The roles do not allow it.
    NotAllowed,
    /// The account is the only owner of a group with others in it: first, one of them has to become an owner.
    OnlyOwner,
}
