-- The directory of keys, as this device has seen it and as others say that they have.

CREATE TABLE directory (
    only_row      INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- 0 not asked yet, 1 the server has one, 2 it has none.
    presence      INTEGER NOT NULL DEFAULT 0 CHECK (presence IN (0, 1, 2)),
    -- Its keys, as they were first seen.
    heads_key     BLOB,
    positions_key BLOB,
    -- The newest head that was checked.
    epoch         INTEGER NOT NULL DEFAULT 0,
    hash          BLOB,
    -- Up to where the contents of the own chain were looked at.
    own_revision  INTEGER NOT NULL DEFAULT 0,
    own_chain     BLOB
) STRICT;
INSERT INTO directory (only_row) VALUES (1);

-- Heads that are known to be in the past of the newest one.
CREATE TABLE directory_heads (
    epoch INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL
) STRICT;

-- Heads that others say they have seen, until they were compared.
CREATE TABLE directory_stated (
    epoch        INTEGER NOT NULL,
    hash         BLOB    NOT NULL,
    account_id   BLOB    NOT NULL CHECK (length(account_id) = 16),
    PRIMARY KEY (epoch, hash)
) STRICT, WITHOUT ROWID;

-- What the server handed out of each account's keys, and up to where its chain was checked.
CREATE TABLE directory_accounts (
    account_id     BLOB PRIMARY KEY CHECK (length(account_id) = 16),
    shown_revision INTEGER NOT NULL,
    shown_digest   BLOB    NOT NULL,
    known_revision INTEGER NOT NULL DEFAULT 0,
    known_chain    BLOB,
    known_digest   BLOB,
    -- Whether it is to be looked up: 0 it was, 1 it is, 2 it is being looked up as it stands here.
    due            INTEGER NOT NULL DEFAULT 1 CHECK (due IN (0, 1, 2)),
    -- What does not add up about it; 0 nothing.
    trouble        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_accounts_due ON directory_accounts (account_id) WHERE due <> 0;
CREATE INDEX directory_accounts_trouble ON directory_accounts (account_id) WHERE trouble <> 0;

-- What the server has promised to publish.
CREATE TABLE directory_promises (
    account_id BLOB    NOT NULL CHECK (length(account_id) = 16),
    revision   INTEGER NOT NULL,
    entry      BLOB    NOT NULL,
    due_ms     INTEGER NOT NULL,
    PRIMARY KEY (account_id, revision)
) STRICT, WITHOUT ROWID;

-- What the directory does not add up in, for good. The account is empty where it is about all of it.
CREATE TABLE directory_faults (
    trouble    INTEGER NOT NULL,
    account_id BLOB    NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (trouble, account_id)
) STRICT, WITHOUT ROWID;

-- Keys that came before there was a directory are read once more, and looked up.
UPDATE contacts SET stale = 1, keys_version = 0;
