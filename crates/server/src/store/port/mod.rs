//! The verbs that services speak. Each is one transaction; what it returns is durable.

mod account;
mod admin;
mod conversation;
mod device;
mod directory;
mod file;
mod key_package;
mod log;
mod login;
mod removal;
mod sealed;
mod sync;

pub use account::{
    AccountKeys, AccountSummary, Accounts, CompletedReset, Done, Ended, Login, LoginRecord, Name, NewAccount, Reset,
    SecondFactor, SecondFactors,
};
pub use admin::{AccountFilter, Admin, Counts, Report};
pub use conversation::{
    Conversations, GroupState, Head, Kind, Member, MemberChange, NewCommit, NewConversation, NewProposals, NewWelcome,
    ObserverRecord, Opening, Relations, Role, Standing, Welcome,
};
pub use device::{Device, DeviceInForce, Devices, NewDevice, NewSession, Session, Sessions, TokenHash, Trade};
pub use directory::{Directory, DirectoryEntry, DirectoryNews, NewHead};
pub use file::{FileRecord, Files, NewFile, PartRange};
pub use key_package::{Claim, Claimed, ClaimedKeyPackage, KeyPackageCount, KeyPackages, NewKeyPackage};
pub use log::{Between, Direction, Entry, EntryKind, Log, NewEvent, Range, Receipt, Stretch, Witness};
pub use login::{AttemptId, FactorProof, Logins, NewLogin, NewRecovery, Opened};
pub use removal::{Removal, Removals};
pub use sealed::{Audience, Checkpoint, Marker, Sealed, Setting, VaultRecord};
pub use sync::{AccountNotice, ChangeFeed, Changes, ChangesWanted, Notice, Overview};
