//! Every limit of the contract, by the name that `docs/PROTOCOL.md` §11.6 and error details use.
//!
//! Both sides know them: a client refuses before it sends, a server before it allocates. An operator may set lower ones for what
//! costs the server something, and then announces them; nobody can set higher ones.

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: $kind = $value;)*

        /// All limits by name, each in its own unit.
        pub const ALL: &[(&str, u64)] = &[$((stringify!($name), $value)),*];
    };
}

limits! {
    /// Largest number on the wire: 2^53 − 1, exact in every language and positive in every database.
    NUMBER_MAX: u64 = (1 << 53) - 1;

    /// Bytes of one frame, encoded.
    FRAME_MAX: usize = 66_560;
    /// Bytes of a message, or of a piece of one, in one frame.
    PIECE_MAX: usize = 65_536;
    /// Bytes of one message, encoded, over all its pieces.
    MESSAGE_MAX: usize = 8 << 20;
    /// Announced bytes of all messages that are under way in pieces in one direction of a connection.
    UNDER_WAY_MAX: usize = 16 << 20;
    /// Bytes of one request, encoded, of a method that carries neither handshakes nor file parts nor checkpoints.
    SMALL_REQUEST_MAX: usize = 256 << 10;
    /// Bytes of one request that carries a file part, a checkpoint, or key packages.
    MEDIUM_REQUEST_MAX: usize = 3 << 20;
    /// How deep messages may lie within each other.
    DEPTH_MAX: usize = 16;
    /// Fields of one message, counted over all levels.
    FIELDS_MAX: usize = 65_536;
    /// Bytes of a method's path.
    METHOD_MAX: usize = 96;
    /// Calls that one side may have open on a connection.
    CALLS_MAX: u32 = 64;
    /// Bytes of stream messages that a server may send before it is given more, unless the request says otherwise.
    CREDIT_DEFAULT: u32 = 1 << 20;
    /// Largest credit of a stream.
    CREDIT_MAX: u32 = 16 << 20;
    /// Longest deadline of a call in milliseconds.
    DEADLINE_MAX_MS: u32 = 600_000;
    /// Longest wait that an error or a close may ask for, in milliseconds.
    RETRY_AFTER_MAX_MS: u32 = 86_400_000;
    /// Bytes of the program's name in Hello.
    PROGRAM_MAX: usize = 64;
    /// Bytes of an access token.
    ACCESS_TOKEN_MAX: usize = 1_024;
    /// Bytes of an error detail, encoded.
    ERROR_DETAIL_MAX: usize = 1_024;

    /// Fewest characters of a user name.
    USER_NAME_MIN: usize = 3;
    /// Most characters of a user name.
    USER_NAME_MAX: usize = 32;
    /// Most bytes of a display name or title.
    DISPLAY_NAME_MAX: usize = 128;
    /// Most characters of a display name or title.
    DISPLAY_NAME_CHARS_MAX: usize = 64;
    /// Most bytes of an e-mail address (RFC 5321 §4.5.3.1.3, less the brackets).
    EMAIL_MAX: usize = 254;
    /// Devices of an account, the vault device included.
    DEVICES_MAX: usize = 20;
    /// Vault devices of an account: the one in use, and the one before while its successor takes its places.
    VAULT_DEVICES_MAX: usize = 2;
    /// Sealed settings of an account.
    SETTINGS_MAX: usize = 1_024;
    /// Bytes of one sealed setting.
    SETTING_MAX: usize = 64 << 10;
    /// Bytes of one sealed checkpoint.
    CHECKPOINT_MAX: usize = 1 << 20;
    /// Bytes of a device certificate.
    CERTIFICATE_MAX: usize = 512;
    /// Bytes of a device revocation.
    REVOCATION_MAX: usize = 256;
    /// Revocations that are handed out with an account's keys, the newest ones.
    REVOCATIONS_MAX: usize = 100;
    /// Bytes of a key package.
    KEY_PACKAGE_MAX: usize = 16 << 10;
    /// Key packages of single use that are kept for a device and suite.
    KEY_PACKAGES_MAX: usize = 200;
    /// Accounts that the server blocks for one account.
    BLOCKED_MAX: usize = 10_000;

    /// Conversations of an account.
    CONVERSATIONS_MAX: usize = 10_000;
    /// Accounts in a conversation.
    MEMBERS_MAX: usize = 1_000;
    /// Leaves of a conversation's tree.
    LEAVES_MAX: usize = 4_096;
    /// Welcomes of one commit, and so leaves that it can add.
    WELCOMES_MAX: usize = 300;
    /// Bytes of one Welcome.
    WELCOME_MAX: usize = 16 << 10;
    /// Bytes of a group info.
    GROUP_INFO_MAX: usize = 64 << 10;
    /// Bytes of a commit.
    COMMIT_MAX: usize = 6 << 20;
    /// Bytes of a proposal.
    PROPOSAL_MAX: usize = 4 << 10;
    /// Bytes of a ratchet tree.
    TREE_MAX: usize = 32 << 20;
    /// Bytes of an event, encoded, before it is sealed.
    EVENT_MAX: usize = 65_536;
    /// Fewest bytes of a sealed event.
    SEALED_EVENT_MIN: usize = 320;
    /// Most bytes of a sealed event.
    SEALED_EVENT_MAX: usize = 72 << 10;
    /// Bytes of a sealed read marker.
    SEALED_MARKER_MAX: usize = 1 << 10;
    /// Bytes of a sealed signal.
    SEALED_SIGNAL_MAX: usize = 4 << 10;
    /// Bytes of a cursor.
    CURSOR_MAX: usize = 64;
    /// Entries in one reply of `ReadRange`.
    RANGE_ENTRIES_MAX: u32 = 500;

    /// Bytes of an encrypted file.
    FILE_MAX: u64 = 16 << 30;
    /// Files of an account that are reserved and not complete.
    INCOMPLETE_FILES_MAX: usize = 100;
    /// Conversations that a file is attached to.
    FILE_CONVERSATIONS_MAX: usize = 1_000;
    /// Fewest bytes of a file's part, and what its size is a multiple of.
    PART_MIN: u32 = 65_536;
    /// Most bytes of a file's part.
    PART_MAX: u32 = 1 << 20;

    /// Changes of accounts' keys that one head of the directory takes in.
    DIRECTORY_CHANGES_MAX: usize = 2_000;
    /// Accounts that one call looks up in the directory.
    DIRECTORY_LOOKUPS_MAX: usize = 100;
    /// Changes of one account's keys that one reply shows.
    DIRECTORY_LINKS_MAX: usize = 2_000;
    /// Heads that somebody was told of, and that one call compares with the directory.
    DIRECTORY_STATED_MAX: usize = 32;
    /// Bytes of what shows one account, or the step from one head to the next, in the directory's tree.
    DIRECTORY_PROOF_MAX: usize = 4 << 20;
}

#[cfg(test)]
mod tests {
    use super::ALL;

    const PROTOCOL: &str = include_str!("../../../docs/PROTOCOL.md");

    #[test]
    fn the_document_states_every_limit_and_its_value() {
        let after = PROTOCOL.split_once("### 11.6").expect("the table is section 11.6").1;
        let section = after.split("\n## ").next().unwrap_or_default();
        let rows: Vec<(&str, u64)> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
            .map_while(|(name, rest)| Some((name, rest.split_once(" |")?.0.replace(',', "").parse().ok()?)))
            .collect();
        assert_eq!(rows, ALL);
    }
}
