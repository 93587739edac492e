//! What the members of a conversation agreed on: its kind, its policy and who has which role.
//!
//! The agreement is a group-context extension, so every member signs and confirms it with each epoch, and the server reads
//! it to refuse what the roles forbid. `docs/PROTOCOL.md` §7.3 gives the encoding.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use sotto_proto::{AccountId, ConversationId};

use super::suite::Suite;
use crate::codec::{Reader, Truncated};
use crate::primitives::VerifyingKey;

const VERSION: u8 = 1;

/// The generation that a conversation begins with.
pub const FIRST_GENERATION: u32 = 1;

/// Most accounts that can have a role above member.
pub const MAX_ROLES: usize = 256;

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A chat of two accounts, which are the listed owners, for ever.
    Direct,
    /// A group or channel, whose members may change.
    Group,
    /// A chat of one account with itself: the listed owner, for ever.
    Saved,
}

impl Kind {
    /// Whether the accounts are fixed at creation.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Direct | Self::Saved)
    }

    const fn closed_size(self) -> Option<usize> {
        match self {
            Self::Group => None,
            Self::Direct => Some(2),
            Self::Saved => Some(1),
        }
    }
}

/// What an account may do. Roles are ordered: a higher one may do all that a lower one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads, and does what the policy leaves to everybody.
    Member,
    /// Removes members, and changes the policy within the own permissions.
    Admin,
    /// Gives and takes roles.
    Owner,
}

/// What newcomers may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum History {
    /// What is sent after they joined.
    FromJoining,
    /// Everything.
    Everything,
}

/// Whether the sleeping vault devices of the accounts take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VaultPolicy {
    /// They do, and so every account's history survives its devices.
    Allowed,
    /// They do not.
    Forbidden,
}

/// The rules that the members gave themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The lowest role that may add accounts.
    pub add: Role,
    /// The lowest role that may change title and picture.
    pub rename: Role,
    /// The lowest role that may post.
    pub post: Role,
    /// What newcomers may read.
    pub history: History,
    /// Whether vault devices take part.
    pub vault: VaultPolicy,
    /// After how many seconds events disappear, if ever.
    pub retention: Option<NonZeroU32>,
}

impl Policy {
    /// What a new conversation of `kind` starts with.
    pub const fn default_for(kind: Kind) -> Self {
        let add = if kind.is_closed() { Role::Owner } else { Role::Admin };
        Self {
            add,
            rename: Role::Member,
            post: Role::Member,
            history: History::FromJoining,
            vault: VaultPolicy::Allowed,
            retention: None,
        }
    }
}

/// The whole agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Governance {
    /// The conversation that the group belongs to.
    pub conversation: ConversationId,
    /// Which of the conversation's groups this is; the first is [`FIRST_GENERATION`].
    pub generation: u32,
    /// What the conversation is.
    pub kind: Kind,
    /// The cipher suite, pinned so that no later generation has a weaker one.
    pub suite: Suite,
    /// The only external sender: the server, for removals of revoked devices.
    pub server_key: VerifyingKey,
    /// The rules.
    pub policy: Policy,
    /// The accounts whose role is above member. In a closed conversation: its accounts.
    pub roles: BTreeMap<AccountId, Role>,
}

/// Why an encoded agreement was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GovernanceError {
    /// The bytes end too early, or go on after the end.
    #[error("the agreement has the wrong length")]
    Length,
    /// A version that this code does not know.
    #[error("unknown version {0} of the agreement")]
    UnknownVersion(u8),
    /// A cipher suite that Sotto does not speak.
    #[error("unknown cipher suite {0:#06x}")]
    UnknownSuite(u16),
    /// A code that means nothing in its field.
    #[error("{1} is no {0}")]
    UnknownCode(&'static str, u8),
    /// The server's key is no valid public key.
    #[error("the server's key is not acceptable")]
    BadServerKey,
    /// More roles than [`MAX_ROLES`].
    #[error("the agreement lists {0} roles, more than allowed")]
    TooManyRoles(usize),
    /// Accounts not strictly ascending, or one listed as a plain member.
    #[error("the list of roles is not in its only order")]
    RolesNotCanonical,
    /// A closed conversation lists exactly its accounts, all as owners.
    #[error("the list of roles does not fit a closed conversation")]
    RolesDoNotFitKind,
}

impl Governance {
    /// The role that is written down for `account`.
    pub fn listed_role(&self, account: &AccountId) -> Role {
        self.roles.get(account).copied().unwrap_or(Role::Member)
    }

    /// The name of the MLS group: `conversation ‖ generation`.
    pub fn group_id(&self) -> Vec<u8> {
        [self.conversation.as_bytes().as_slice(), &self.generation.to_be_bytes()].concat()
    }

    /// The encoding, equal for equal agreements.
    pub fn encode(&self) -> Result<Vec<u8>, GovernanceError> {
        self.check()?;
        let count = u16::try_from(self.roles.len()).map_err(|_| GovernanceError::TooManyRoles(self.roles.len()))?;
        let policy = &self.policy;
        let mut bytes = vec![VERSION, code(KINDS, self.kind)];
        bytes.extend(self.suite.number().to_be_bytes());
        bytes.extend(self.conversation.as_bytes());
        bytes.extend(self.generation.to_be_bytes());
        bytes.extend(self.server_key.as_bytes());
        bytes.extend([code(ROLES, policy.add), code(ROLES, policy.rename), code(ROLES, policy.post)]);
        bytes.extend([code(HISTORIES, policy.history), code(VAULTS, policy.vault)]);
        bytes.extend(policy.retention.map_or(0, NonZeroU32::get).to_be_bytes());
        bytes.extend(count.to_be_bytes());
        for (account, role) in &self.roles {
            bytes.extend(account.as_bytes());
            bytes.push(code(ROLES, *role));
        }
        Ok(bytes)
    }

    /// Parses the only encoding of an agreement.
    pub fn decode(bytes: &[u8]) -> Result<Self, GovernanceError> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            VERSION => {}
            version => return Err(GovernanceError::UnknownVersion(version)),
        }
        let kind = meaning("kind", KINDS, reader.u8()?)?;
        let suite = u16::from_be_bytes(reader.array()?);
        let governance = Self {
            kind,
            suite: Suite::from_number(suite).ok_or(GovernanceError::UnknownSuite(suite))?,
            conversation: ConversationId::from_bytes(reader.array()?),
            generation: reader.u32()?,
            server_key: VerifyingKey::from_bytes(&reader.array()?).map_err(|_| GovernanceError::BadServerKey)?,
            policy: read_policy(&mut reader)?,
            roles: read_roles(&mut reader)?,
        };
        if !reader.rest().is_empty() {
            return Err(GovernanceError::Length);
        }
        governance.check().map(|()| governance)
    }

    fn check(&self) -> Result<(), GovernanceError> {
        if self.roles.len() > MAX_ROLES {
            return Err(GovernanceError::TooManyRoles(self.roles.len()));
        }
        if self.roles.values().any(|role| *role == Role::Member) {
            return Err(GovernanceError::RolesNotCanonical);
        }
        let fits = self
            .kind
            .closed_size()
            .is_none_or(|size| self.roles.len() == size && self.roles.values().all(|role| *role == Role::Owner));
        if fits { Ok(()) } else { Err(GovernanceError::RolesDoNotFitKind) }
    }
}

impl From<Truncated> for GovernanceError {
    fn from(_: Truncated) -> Self {
        Self::Length
    }
}

fn read_policy(reader: &mut Reader<'_>) -> Result<Policy, GovernanceError> {
    Ok(Policy {
        add: meaning("role", ROLES, reader.u8()?)?,
        rename: meaning("role", ROLES, reader.u8()?)?,
        post: meaning("role", ROLES, reader.u8()?)?,
        history: meaning("history policy", HISTORIES, reader.u8()?)?,
        vault: meaning("vault policy", VAULTS, reader.u8()?)?,
        retention: NonZeroU32::new(reader.u32()?),
    })
}

fn read_roles(reader: &mut Reader<'_>) -> Result<BTreeMap<AccountId, Role>, GovernanceError> {
    let count = usize::from(u16::from_be_bytes(reader.array()?));
    if count > MAX_ROLES {
        return Err(GovernanceError::TooManyRoles(count));
    }
    let mut roles = BTreeMap::new();
    for _ in 0..count {
        let account = AccountId::from_bytes(reader.array()?);
        let ascending = roles.last_key_value().is_none_or(|(last, _)| *last < account);
        let role = meaning("role", ROLES, reader.u8()?)?;
        if !ascending {
            return Err(GovernanceError::RolesNotCanonical);
        }
        roles.insert(account, role);
    }
    Ok(roles)
}

fn code<T: Copy + PartialEq>(table: &[(u8, T)], value: T) -> u8 {
    table.iter().find(|(_, meaning)| *meaning == value).map(|(code, _)| *code).expect("the table lists every variant")
}

fn meaning<T: Copy>(field: &'static str, table: &[(u8, T)], code: u8) -> Result<T, GovernanceError> {
    let entry = table.iter().find(|(listed, _)| *listed == code);
    entry.map(|(_, meaning)| *meaning).ok_or(GovernanceError::UnknownCode(field, code))
}

const KINDS: &[(u8, Kind)] = &[(1, Kind::Direct), (2, Kind::Group), (3, Kind::Saved)];
const ROLES: &[(u8, Role)] = &[(1, Role::Member), (2, Role::Admin), (3, Role::Owner)];
const HISTORIES: &[(u8, History)] = &[(1, History::FromJoining), (2, History::Everything)];
const VAULTS: &[(u8, VaultPolicy)] = &[(1, VaultPolicy::Allowed), (2, VaultPolicy::Forbidden)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::SigningKey;
    use crate::secret::Secret;

    fn account(byte: u8) -> AccountId {
        AccountId::from_bytes([byte; 16])
    }

    fn sample() -> Governance {
        Governance {
            conversation: ConversationId::from_bytes([0xC0; 16]),
            generation: 7,
            kind: Kind::Group,
            suite: Suite::PostQuantum,
            server_key: SigningKey::from_seed(&Secret::fill(|seed| *seed = [9; 32])).verifying_key(),
            policy: Policy {
                retention: NonZeroU32::new(86_400),
                vault: VaultPolicy::Forbidden,
                ..Policy::default_for(Kind::Group)
            },
            roles: BTreeMap::from([(account(1), Role::Owner), (account(2), Role::Admin)]),
        }
    }

    #[test]
    fn the_encoding_is_the_documented_one() {
        let bytes = sample().encode().unwrap();
        let mut expected = vec![1, 2, 0x00, 0x4D];
        expected.extend([0xC0; 16]);
        expected.extend([0, 0, 0, 7]);
        expected.extend(sample().server_key.as_bytes());
        expected.extend([2, 1, 1, 1, 2, 0x00, 0x01, 0x51, 0x80, 0, 2]);
        expected.extend([1; 16]);
        expected.push(3);
        expected.extend([2; 16]);
        expected.push(2);
        assert_eq!(bytes, expected);
        assert_eq!(Governance::decode(&bytes), Ok(sample()));
    }

    #[test]
    fn every_other_length_is_refused() {
        let bytes = sample().encode().unwrap();
        for len in 0..bytes.len() {
            assert_eq!(Governance::decode(&bytes[..len]), Err(GovernanceError::Length), "{len}");
        }
        assert_eq!(Governance::decode(&[bytes, vec![0]].concat()), Err(GovernanceError::Length));
    }

    #[test]
    fn each_field_is_checked() {
        let good = sample().encode().unwrap();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Governance::decode(&bytes).unwrap_err()
        };
        assert_eq!(with(0, 2), GovernanceError::UnknownVersion(2));
        assert_eq!(with(1, 9), GovernanceError::UnknownCode("kind", 9));
        assert_eq!(with(1, 1), GovernanceError::RolesDoNotFitKind);
        assert_eq!(with(3, 0x02), GovernanceError::UnknownSuite(2));
        assert_eq!(with(56, 0), GovernanceError::UnknownCode("role", 0));
        assert_eq!(with(59, 3), GovernanceError::UnknownCode("history policy", 3));
        assert_eq!(with(60, 0), GovernanceError::UnknownCode("vault policy", 0));
        assert_eq!(with(65, 0xFF), GovernanceError::TooManyRoles(0xFF02));
        assert_eq!(with(83, 1), GovernanceError::RolesNotCanonical, "a member is not listed");
        assert_eq!(with(84, 0), GovernanceError::RolesNotCanonical, "out of order");
    }

    #[test]
    fn an_account_is_listed_once() {
        let mut bytes = sample().encode().unwrap();
        bytes.copy_within(67..84, 84);
        assert_eq!(Governance::decode(&bytes), Err(GovernanceError::RolesNotCanonical));
    }

    #[test]
    fn as_many_roles_as_allowed_and_no_more() {
        let with = |count: u16| {
            let listed = |number: u16| {
                let [high, low] = number.to_be_bytes();
                (AccountId::from_bytes([high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Role::Admin)
            };
            Governance { roles: (0..count).map(listed).collect(), ..sample() }
        };
        let most = with(256).encode().unwrap();
        assert_eq!(Governance::decode(&most), Ok(with(256)));
        assert_eq!(with(257).encode(), Err(GovernanceError::TooManyRoles(257)));
        let mut more = most;
        more[66] = 1;
        assert_eq!(Governance::decode(&more), Err(GovernanceError::TooManyRoles(257)));
    }

    #[test]
    fn closed_conversations_list_their_accounts_as_owners() {
        let direct = |roles: &[(AccountId, Role)]| {
            Governance { kind: Kind::Direct, roles: roles.iter().copied().collect(), ..sample() }.encode().map(drop)
        };
        assert_eq!(direct(&[(account(1), Role::Owner), (account(2), Role::Owner)]), Ok(()));
        let misfit = Err(GovernanceError::RolesDoNotFitKind);
        assert_eq!(direct(&[(account(1), Role::Owner), (account(2), Role::Admin)]), misfit);
        assert_eq!(direct(&[(account(1), Role::Owner)]), misfit);
    }

    #[test]
    fn the_group_id_names_conversation_and_generation() {
        let id = sample().group_id();
        assert_eq!((&id[..16], &id[16..]), ([0xC0; 16].as_slice(), [0, 0, 0, 7].as_slice()));
    }
}
