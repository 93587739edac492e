-- Accounts, the names that lead to them, and the ways to log in.
-- Times are milliseconds since 1970. Flags are 0 or 1. Identifiers are 16 bytes.

CREATE TABLE accounts (
    id                  BLOB    NOT NULL PRIMARY KEY,
    registration        BLOB    NOT NULL, -- digest of the request that made it, so that a repetition is recognised
    user_name           TEXT    NOT NULL,
    email               TEXT,
    identity_key        BLOB    NOT NULL,
    keys_version        INTEGER NOT NULL,
    keys_untold         INTEGER NOT NULL DEFAULT 0, -- contacts have yet to be told that the keys changed
    login_record        BLOB    NOT NULL,
    hardening_memory    INTEGER NOT NULL,
    hardening_passes    INTEGER NOT NULL,
    totp_secret         BLOB, -- sealed by the server's key, which is not in this database
    totp_enabled        INTEGER NOT NULL DEFAULT 0,
    totp_step           INTEGER NOT NULL DEFAULT 0, -- the last time step that was used; only goes up
    vault_version       INTEGER NOT NULL,
    root_by_password    BLOB    NOT NULL,
    root_by_recovery    BLOB    NOT NULL,
    recovery_key        BLOB    NOT NULL,
    reset_device        BLOB,
    reset_ready_at      INTEGER,
    change              INTEGER NOT NULL DEFAULT 0, -- numbers what changed for the account; the cursor of sync
    settings_change     INTEGER NOT NULL DEFAULT 0,
    storage_used        INTEGER NOT NULL DEFAULT 0,
    storage_quota       INTEGER NOT NULL,
    suspended           INTEGER NOT NULL DEFAULT 0,
    admin               INTEGER NOT NULL DEFAULT 0,
    created_at          INTEGER NOT NULL,
    active_at           INTEGER NOT NULL DEFAULT 0, -- rounded down to the day
    deleted_at          INTEGER
) STRICT;
CREATE INDEX accounts_by_name ON accounts (user_name) WHERE deleted_at IS NULL;
CREATE INDEX accounts_untold ON accounts (id) WHERE keys_untold = 1;

-- User names and e-mail addresses in one place: no name leads to two accounts, and none looks like another.
CREATE TABLE names (
    name                TEXT    NOT NULL PRIMARY KEY,
    skeleton            TEXT    NOT NULL UNIQUE,
    account             BLOB    NOT NULL REFERENCES accounts (id),
    kind                INTEGER NOT NULL, -- 1 user name, 2 e-mail address
    held_until          INTEGER -- set once freed: until then it stays reserved for the account
) STRICT;
CREATE INDEX names_by_account ON names (account);

CREATE TABLE backup_codes (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    hash                BLOB    NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

-- What an account's devices should know soon; one row for each kind and subject, the newest change counts.
CREATE TABLE notices (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    kind                INTEGER NOT NULL,
    subject             BLOB    NOT NULL,
    version             INTEGER NOT NULL,
    change              INTEGER NOT NULL,
    PRIMARY KEY (account, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_change ON notices (account, change);

CREATE TABLE blocks (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    blocked             BLOB    NOT NULL,
    PRIMARY KEY (account, blocked)
) STRICT, WITHOUT ROWID;
