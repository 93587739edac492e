-- The directory of keys: what was published of every account's keys, and the heads that cannot be taken back.

-- One row for each version of an account's keys, written in the transaction that made it.
CREATE TABLE directory_entries (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    revision            INTEGER NOT NULL,
    digest              BLOB    NOT NULL,
    content             BLOB    NOT NULL, -- empty once the account was deleted
    queued_at           INTEGER NOT NULL,
    chain               BLOB, -- set when published, as is the epoch
    epoch               INTEGER,
    PRIMARY KEY (account, revision)
) STRICT;
CREATE INDEX directory_entries_queued ON directory_entries (queued_at, account, revision) WHERE epoch IS NULL;

-- The leaves of the newest head's tree.
CREATE TABLE directory_leaves (
    position            BLOB    NOT NULL PRIMARY KEY,
    revision            INTEGER NOT NULL,
    chain               BLOB    NOT NULL,
    epoch               INTEGER NOT NULL
) STRICT;
CREATE INDEX directory_leaves_by_epoch ON directory_leaves (epoch);

CREATE TABLE directory_heads (
    epoch               INTEGER NOT NULL PRIMARY KEY, -- who inserts it first has published it
    published_at        INTEGER NOT NULL,
    tree_root           BLOB    NOT NULL,
    log_root            BLOB    NOT NULL,
    signature           BLOB    NOT NULL,
    audit               BLOB    NOT NULL
) STRICT;

-- Hashes of the complete subtrees of the Merkle tree over all heads.
CREATE TABLE directory_log (
    level               INTEGER NOT NULL,
    number              INTEGER NOT NULL,
    hash                BLOB    NOT NULL,
    PRIMARY KEY (level, number)
) STRICT;
