//! Every domain-separation label of the project.
//!
//! A label begins the input of a signature, a key derivation or a hash, so that bytes made for one purpose mean nothing for
//! another. No label is a prefix of another one, therefore `label ‖ fields of fixed length` is unambiguous. A label is never
//! changed or used again: a new format gets a new one. `docs/PROTOCOL.md` §3 lists them.

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*

        /// All labels, for the test that none is a prefix of another, and for the protocol's table.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

labels! {
    /// MLS exporter label of an epoch's secret (RFC 9420 §8.5); the context is the conversation id.
    EPOCH = "sotto/v1 epoch";
    /// Derives key, nonce and commitment of one sealed event, signal or read marker.
    EVENT = "sotto/v1 event";
    /// What a device signs inside an event.
    SIGNED_EVENT = "sotto/v1 signed event";
    /// First head of a conversation's chain.
    CHAIN_START = "sotto/v1 chain start";
    /// One step of a conversation's chain.
    CHAIN_LINK = "sotto/v1 chain link";
    /// Hash of one log entry, which the chain runs over.
    CHAIN_ENTRY = "sotto/v1 chain entry";

    /// An account certifies a device.
    DEVICE_CERTIFICATE = "sotto/v1 device certificate";
    /// An account, or the device itself, revokes a device.
    DEVICE_REVOCATION = "sotto/v1 device revocation";

    /// Seals the vault's root under the key that only the right password yields.
    ROOT_BY_PASSWORD = "sotto/v1 root by password";
    /// Seals the vault's root under the recovery code.
    ROOT_BY_RECOVERY_CODE = "sotto/v1 root by recovery code";
    /// Seals the identity key of an account without a vault.
    IDENTITY_BY_RECOVERY_CODE = "sotto/v1 identity by recovery code";
    /// Derives the key that proves to the server that one has the recovery code.
    RECOVERY_KEY = "sotto/v1 recovery key";
    /// What the recovery key signs.
    RECOVERY_PROOF = "sotto/v1 recovery proof";
    /// Derives the account identity key from the vault's root.
    IDENTITY_KEY = "sotto/v1 identity key";
    /// Derives the vault device's signature key from the vault's root.
    VAULT_DEVICE_KEY = "sotto/v1 vault device key";
    /// Derives the key that seals what the vault keeps on the server.
    VAULT_STORE = "sotto/v1 vault store";
    /// Derives the key that names the places of settings.
    VAULT_SLOTS = "sotto/v1 vault slots";
    /// Seals the state of the vault device in one conversation.
    VAULT_CHECKPOINT = "sotto/v1 vault checkpoint";
    /// Seals one setting of the account.
    VAULT_SETTING = "sotto/v1 vault setting";
    /// Seals a read marker for the account's own devices.
    VAULT_MARKER = "sotto/v1 vault marker";
    /// Seals the name of a device.
    VAULT_DEVICE_NAME = "sotto/v1 vault name of device";
    /// Seals the private half of the vault device's key package.
    VAULT_KEY_PACKAGE = "sotto/v1 vault key package";

    /// Context of the OPAQUE key exchange (RFC 9807 §6.4).
    LOGIN = "sotto/v1 login";
    /// Derives the account id that the server shows for a name that does not exist.
    LOGIN_DECOY = "sotto/v1 decoy account";
    /// A device proves to the server that it holds its key.
    DEVICE_PROOF = "sotto/v1 device proof";

    /// Derives the keys of a server's logins from its one secret.
    SERVER_LOGIN = "sotto/v1 server keys of login";
    /// Derives the key by which a server signs as external sender (RFC 9420 §12.1.8).
    SERVER_EXTERNAL_SENDER = "sotto/v1 server external sender";
    /// Derives what the keys of a server's access tokens come from.
    SERVER_TOKENS = "sotto/v1 server access tokens";
    /// Derives the key of what a server seals for itself.
    SERVER_SEAL = "sotto/v1 server seal";
    /// Seals one thing that a server hands out and gets back, or keeps away from its database.
    SERVER_SEALED = "sotto/v1 server own sealed";
    /// Derives the key of what a server must be able to give twice.
    SERVER_REPEATABLE = "sotto/v1 server repeatable";
    /// The session that a login opens.
    SESSION_OF_LOGIN = "sotto/v1 session of login";
    /// The first refresh token of a session.
    FIRST_REFRESH_TOKEN = "sotto/v1 first refresh token";
    /// The refresh token that another one is traded for.
    NEXT_REFRESH_TOKEN = "sotto/v1 next refresh token";
    /// The backup codes that come with a second factor.
    BACKUP_CODES = "sotto/v1 backup codes";
    /// Hash of a refresh token in the database.
    REFRESH_TOKEN_HASH = "sotto/v1 hash of refresh token";
    /// Hash of a backup code in the database.
    BACKUP_CODE_HASH = "sotto/v1 hash of backup code";
    /// Digest by which the repetition of a registration is known.
    REGISTRATION = "sotto/v1 registration";
    /// By which a server knows that its database belongs to its secret.
    SERVER_FINGERPRINT = "sotto/v1 server fingerprint";
    /// Derives the key of a server's cursors.
    SERVER_CURSORS = "sotto/v1 server cursors";
    /// Authenticates a cursor.
    SERVER_CURSOR_TAG = "sotto/v1 server tag of cursor";

    /// Derives key, nonce prefix and commitment of one file.
    FILE = "sotto/v1 file";

    /// Hash behind a safety number.
    SAFETY_NUMBER = "sotto/v1 safety number";

    /// Digest of what a request for key packages asks, by which the server knows its repetition.
    KEY_PACKAGE_CLAIM = "sotto/v1 claim of key packages";

    /// Hash of what an account's keys were at one moment.
    DIRECTORY_ENTRY = "sotto/v1 directory entry";
    /// One step of the chain over all of these.
    DIRECTORY_CHAIN = "sotto/v1 directory chain";
    /// Input of the verifiable random function that gives an account its place (RFC 9381 §5.1).
    DIRECTORY_POSITION = "sotto/v1 directory position";
    /// Hash of a leaf of the directory's tree.
    DIRECTORY_LEAF = "sotto/v1 directory leaf";
    /// Hash of a branch of the directory's tree.
    DIRECTORY_BRANCH = "sotto/v1 directory branch";
    /// Hash of a head, as a leaf of the Merkle tree over all of them.
    DIRECTORY_LOG_LEAF = "sotto/v1 directory log leaf";
    /// Hash of a branch of the Merkle tree over all heads.
    DIRECTORY_LOG_BRANCH = "sotto/v1 directory log branch";
    /// What a server signs of its directory at one moment.
    DIRECTORY_HEAD = "sotto/v1 directory head";
    /// What a server signs of a change that is in no head yet.
    DIRECTORY_PROMISE = "sotto/v1 directory promise";
    /// Derives the key by which a server signs heads and promises.
    SERVER_DIRECTORY_HEADS = "sotto/v1 server heads of directory";
    /// Derives the key of the function that gives accounts their places.
    SERVER_DIRECTORY_POSITIONS = "sotto/v1 server positions of directory";

    /// Derives the key of the browser's store from a key that never leaves `WebCrypto`.
    BROWSER_STORE_KEY = "sotto/v1 browser store key";
    /// Derives the key of the files that a browser keeps from the same key.
    BROWSER_FILES_KEY = "sotto/v1 browser files key";
    /// Seals a piece of a file that a device keeps.
    KEPT_FILE = "sotto/v1 kept file";
    /// Seals the key of a device's store under a passphrase.
    STORE_KEY_BY_PASSPHRASE = "sotto/v1 store key by passphrase";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn no_label_is_a_prefix_of_another() {
        for (i, a) in ALL.iter().enumerate() {
            for b in &ALL[i + 1..] {
                assert!(!a.starts_with(b) && !b.starts_with(a), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn labels_carry_project_and_version() {
        assert!(ALL.iter().all(|label| label.starts_with("sotto/v1 ") && label.is_ascii()));
    }
}
