//! Conversations: the group's position, its members as the validated handshakes say, and what a commit delivers.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, DeviceId, Generation, GroupPosition, WelcomeId};

use super::Receipt;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// What a conversation is, and what makes it unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one chat of these two accounts, in any order.
    Direct(AccountId, AccountId),
    /// A group or private channel.
    Group,
    /// The one conversation of an account with itself.
    Saved(AccountId),
}

/// How an account stands to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member.
    Member,
    /// Added by a stranger, neither accepted nor declined.
    Requested,
    /// Left by itself.
    Left,
    /// Removed by others.
    Removed,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An ordinary member.
    Member,
    /// May manage members.
    Admin,
    /// May do everything.
    Owner,
}

/// What a validated handshake changes for one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It is in from now on.
    Joined {
        /// The account.
        account: AccountId,
        /// Its role.
        role: Role,
        /// Whether it may read what was before.
        whole_history: bool,
        /// Who added it, when that is a stranger whose request it may decline.
        requested_by: Option<AccountId>,
    },
    /// It has another role.
    Role {
        /// The account.
        account: AccountId,
        /// Its new role.
        role: Role,
    },
    /// It is out: by its own will if it had left before, else removed.
    Gone {
        /// The account.
        account: AccountId,
    },
}

/// What the server keeps of a group after a handshake.
#[derive(Clone, Debug, Default)]
pub struct GroupState {
    /// The validated view, as the library writes it.
    pub observer: Vec<u8>,
    /// The ratchet tree of the new epoch, for joiners.
    pub tree: Vec<u8>,
    /// After how many seconds events are pruned; 0 for never.
    pub retention: u32,
    /// Devices whose leaves are new. One that was revoked meanwhile is noted for removal.
    pub added: Vec<DeviceId>,
}

/// Somebody who is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub account: AccountId,
    /// A member, or requested; to others a request that was declined looks like one that waits.
    pub standing: Standing,
    /// Its role.
    pub role: Role,
    /// First entry that it may read.
    pub joined_seq: u64,
}

/// A Welcome for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWelcome {
    /// Drawn by the server.
    pub id: WelcomeId,
    /// The account of the device.
    pub account: AccountId,
    /// The device that it is for.
    pub device: DeviceId,
    /// Reference of the key package that it uses, by which a vault device's private half is found.
    pub reference: Vec<u8>,
    /// The message.
    pub welcome: Vec<u8>,
}

/// The first handshakes of a group: they open a generation.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Group info of epoch 0.
    pub group_info: Vec<u8>,
    /// The validated view of epoch 0.
    pub beginning: Vec<u8>,
    /// The commit that ends epoch 0; none when there is nobody to add.
    pub commit: Option<Vec<u8>>,
    /// The group after it.
    pub state: GroupState,
    /// Who is in, who is out.
    pub members: Vec<MemberChange>,
    /// What the new members get.
    pub welcomes: Vec<NewWelcome>,
}

/// A conversation to be made.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Drawn by the client.
    pub id: ConversationId,
    /// What it is.
    pub kind: Kind,
    /// Digest of the whole request: the same again is no error.
    pub creation: [u8; 32],
    /// How its group begins.
    pub opening: Opening,
    /// Now.
    pub at: Timestamp,
}

/// A commit that was validated for `position`.
#[derive(Clone, Debug)]
pub struct NewCommit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The position that it ends.
    pub position: GroupPosition,
    /// The last handshake that it was judged after: a proposal in between must not be left out. None where nothing was judged.
    pub judged_after: Option<u64>,
    /// The message.
    pub message: Vec<u8>,
    /// The group after it.
    pub state: GroupState,
    /// Who is in, who is out.
    pub members: Vec<MemberChange>,
    /// What the new members get.
    pub welcomes: Vec<NewWelcome>,
    /// Now.
    pub at: Timestamp,
}

/// Proposals that were validated for `position`.
#[derive(Clone, Debug)]
pub struct NewProposals {
    /// The conversation.
    pub conversation: ConversationId,
    /// The position that they are for.
    pub position: GroupPosition,
    /// As of [`NewCommit::judged_after`].
    pub judged_after: Option<u64>,
    /// The messages.
    pub proposals: Vec<Vec<u8>>,
    /// The validated view after them.
    pub observer: Vec<u8>,
    /// Now.
    pub at: Timestamp,
}

/// The validated view of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserverRecord {
    /// Where the group stands.
    pub position: GroupPosition,
    /// The last handshake that it has seen.
    pub last_handshake_seq: u64,
    /// The view, as the library writes it.
    pub snapshot: Vec<u8>,
}

/// Where a conversation stands, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is.
    pub kind: Kind,
    /// How the account stands to it.
    pub standing: Standing,
    /// What the account may do.
    pub role: Role,
    /// Position of the group.
    pub position: GroupPosition,
    /// First entry that the account may read: handshakes are kept from here on.
    pub joined_seq: u64,
    /// First entry that the account may read and that pruning has left.
    pub first_seq: u64,
    /// Last entry that the account may read; below `first_seq` when there is none.
    pub last_seq: u64,
    /// When the last entry was taken.
    pub last_at: Timestamp,
    /// Last entry that holds a handshake.
    pub last_handshake_seq: u64,
    /// Who made the request.
    pub requested_by: Option<AccountId>,
    /// Change number of the account when this last changed.
    pub change: u64,
}

/// A Welcome that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Its id.
    pub id: WelcomeId,
    /// The device it is for.
    pub device: DeviceId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Position that it leads to.
    pub position: GroupPosition,
    /// The commit that made it.
    pub commit_seq: u64,
    /// The message.
    pub welcome: Vec<u8>,
    /// The sealed private half of the key package, for a vault device.
    pub sealed_private: Vec<u8>,
    /// Change number of the account: the order of arrival.
    pub change: u64,
}

/// Making conversations and moving their groups, each step if the group is where the caller believes it to be.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Makes a conversation. The same request again gets the same head.
    async fn create_conversation(&self, creator: AccountId, new: NewConversation) -> Result<Head, StoreError>;

    /// The head of a conversation that this request has made already, whatever has become of its members since.
    async fn created(
        &self,
        creator: AccountId,
        conversation: ConversationId,
        creation: [u8; 32],
    ) -> Result<Option<Head>, StoreError>;

    /// Takes a commit: log entry, epoch, group, members and Welcomes in one step. The commit that ended the epoch may come again
    /// and gets its receipt.
    async fn commit(&self, commit: NewCommit) -> Result<Receipt, StoreError>;

    /// The receipt of a commit that was taken for a position which has passed, or where the conversation stands instead.
    async fn commit_receipt(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
        message: &[u8],
    ) -> Result<Receipt, StoreError>;

    /// Opens the generation after `position`'s. The same opening again gets its receipt.
    async fn open_generation(
        &self,
        conversation: ConversationId,
        position: GroupPosition,
        opening: Opening,
        at: Timestamp,
    ) -> Result<Receipt, StoreError>;

    /// Takes proposals, which do not move the epoch. Those that are in the log already are not taken again.
    async fn propose(&self, proposals: NewProposals) -> Result<Receipt, StoreError>;

    /// Takes the proposals by which an account leaves, and ends what it may read. Returns its last entry.
    async fn leave(&self, account: AccountId, proposals: NewProposals) -> Result<u64, StoreError>;

    /// The validated view of a group.
    async fn observer(&self, conversation: ConversationId) -> Result<ObserverRecord, StoreError>;

    /// The validated view at epoch 0 of the current generation, with that generation.
    async fn beginning(&self, conversation: ConversationId) -> Result<(Generation, Vec<u8>), StoreError>;

    /// The tree of an epoch, while it is kept.
    async fn tree(&self, conversation: ConversationId, position: GroupPosition) -> Result<Vec<u8>, StoreError>;

    /// Whether a Welcome to that epoch waits for a device of the account.
    async fn is_welcome_at(
        &self,
        account: AccountId,
        conversation: ConversationId,
        position: GroupPosition,
    ) -> Result<bool, StoreError>;

    /// A conversation as an account sees it. Absent and foreign ones are refused alike.
    async fn head(&self, account: AccountId, conversation: ConversationId) -> Result<Head, StoreError>;

    /// Who is in, in byte order.
    async fn members(&self, conversation: ConversationId) -> Result<Vec<Member>, StoreError>;

    /// Conversations that an account is in, in byte order: where a revoked device's leaves are.
    async fn conversations_of(
        &self,
        account: AccountId,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError>;

    /// Welcomes for a device in the order of arrival, at most `limit`; and whether there are more.
    async fn welcomes(
        &self,
        device: DeviceId,
        conversation: Option<ConversationId>,
        after: Option<WelcomeId>,
        limit: u32,
    ) -> Result<(Vec<Welcome>, bool), StoreError>;

    /// Drops Welcomes of an account.
    async fn drop_welcomes(&self, account: AccountId, welcomes: &[WelcomeId]) -> Result<(), StoreError>;
}

/// Who may reach whom.
#[async_trait]
pub trait Relations: Send + Sync {
    /// Accepts a request. Accepted already is no error.
    async fn accept_request(&self, account: AccountId, conversation: ConversationId) -> Result<Head, StoreError>;

    /// Declines a request: the conversation is gone for the account. Returns who made it.
    async fn decline_request(
        &self,
        account: AccountId,
        conversation: ConversationId,
        block: bool,
    ) -> Result<Option<AccountId>, StoreError>;

    /// Which of `others` share a conversation with the account that neither side has yet to accept.
    async fn acquainted(&self, account: AccountId, others: &[AccountId]) -> Result<Vec<AccountId>, StoreError>;

    /// Blocks an account. Blocked already is no error.
    async fn block(&self, account: AccountId, blocked: AccountId) -> Result<(), StoreError>;

    /// Takes a block back. Not blocked is no error.
    async fn unblock(&self, account: AccountId, blocked: AccountId) -> Result<(), StoreError>;

    /// Blocked accounts in byte order.
    async fn blocked(
        &self,
        account: AccountId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<(Vec<AccountId>, bool), StoreError>;

    /// Which of `others` block the account.
    async fn blocked_by(&self, account: AccountId, others: &[AccountId]) -> Result<Vec<AccountId>, StoreError>;
}
