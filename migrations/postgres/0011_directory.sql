-- The directory of keys: what was published of every account's keys, and the heads that cannot be taken back.

-- One row for each version of an account's keys, written in the transaction that made it.
CREATE TABLE directory_entries (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    revision            BIGINT  NOT NULL,
    digest              BYTEA   NOT NULL,
    content             BYTEA   NOT NULL, -- empty once the account was deleted
    queued_at           BIGINT  NOT NULL,
    chain               BYTEA, -- set when published, as is the epoch
    epoch               BIGINT,
    PRIMARY KEY (account, revision)
);
CREATE INDEX directory_entries_queued ON directory_entries (queued_at, account, revision) WHERE epoch IS NULL;

-- The leaves of the newest head's tree.
CREATE TABLE directory_leaves (
    position            BYTEA   NOT NULL PRIMARY KEY,
    revision            BIGINT  NOT NULL,
    chain               BYTEA   NOT NULL,
    epoch               BIGINT  NOT NULL
);
CREATE INDEX directory_leaves_by_epoch ON directory_leaves (epoch);

CREATE TABLE directory_heads (
    epoch               BIGINT  NOT NULL PRIMARY KEY, -- who inserts it first has published it
    published_at        BIGINT  NOT NULL,
    tree_root           BYTEA   NOT NULL,
    log_root            BYTEA   NOT NULL,
    signature           BYTEA   NOT NULL,
    audit               BYTEA   NOT NULL
);

-- Hashes of the complete subtrees of the Merkle tree over all heads.
CREATE TABLE directory_log (
    level               BIGINT  NOT NULL,
    number              BIGINT  NOT NULL,
    hash                BYTEA   NOT NULL,
    PRIMARY KEY (level, number)
);
