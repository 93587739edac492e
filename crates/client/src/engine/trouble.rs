//! What can be wrong with a conversation or with keys, and the numbers under which it is stored.

/// What does not add up in a conversation. It stays until a person has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A commit that the server took is bad.
    BadCommit,
    /// A signed statement says that the log was another one.
    LogContradicted,
    /// The server has fewer entries than were here before.
    LogTruncated,
    /// The directory of keys is not the one that was seen before, or that somebody else has seen.
    DirectoryForked,
    /// The directory of keys is older than one that was seen before.
    DirectoryWentBack,
    /// What the server says of its directory of keys is not proved.
    DirectoryBadProof,
    /// The server had a directory of keys, and says that it has none.
    DirectoryWithdrawn,
    /// The keys that the server hands out of somebody are not those that it publishes.
    KeysNotInDirectory,
    /// What the server had published of somebody's keys is gone.
    KeysTakenBack,
    /// The server did not publish somebody's keys as it had promised.
    PromiseBroken,
    /// The server publishes a key for the own account that is not its own.
    ForeignKey,
}

impl Trouble {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::BadCommit => 1,
            Self::LogContradicted => 2,
            Self::LogTruncated => 3,
            Self::DirectoryForked => 4,
            Self::DirectoryWentBack => 5,
            Self::DirectoryBadProof => 6,
            Self::DirectoryWithdrawn => 7,
            Self::KeysNotInDirectory => 8,
            Self::KeysTakenBack => 9,
            Self::PromiseBroken => 10,
            Self::ForeignKey => 11,
        }
    }

    pub(super) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::BadCommit),
            2 => Some(Self::LogContradicted),
            3 => Some(Self::LogTruncated),
            4 => Some(Self::DirectoryForked),
            5 => Some(Self::DirectoryWentBack),
            6 => Some(Self::DirectoryBadProof),
            7 => Some(Self::DirectoryWithdrawn),
            8 => Some(Self::KeysNotInDirectory),
            9 => Some(Self::KeysTakenBack),
            10 => Some(Self::PromiseBroken),
            11 => Some(Self::ForeignKey),
            _ => None,
        }
    }
}
