-- Accounts, the names that lead to them, and the ways to log in.
-- Times are milliseconds since 1970. Flags are 0 or 1. Identifiers are 16 bytes.

CREATE TABLE accounts (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    registration        BYTEA   NOT NULL, -- digest of the request that made it, so that a repetition is recognised
    user_name           TEXT COLLATE "C" NOT NULL,
    email               TEXT,
    identity_key        BYTEA   NOT NULL,
    keys_version        BIGINT  NOT NULL,
    keys_untold         BIGINT  NOT NULL DEFAULT 0, -- contacts have yet to be told that the keys changed
    login_record        BYTEA   NOT NULL,
    hardening_memory    BIGINT  NOT NULL,
    hardening_passes    BIGINT  NOT NULL,
    totp_secret         BYTEA, -- sealed by the server's key, which is not in this database
    totp_enabled        BIGINT  NOT NULL DEFAULT 0,
    totp_step           BIGINT  NOT NULL DEFAULT 0, -- the last time step that was used; only goes up
    vault_version       BIGINT  NOT NULL,
    root_by_password    BYTEA   NOT NULL,
    root_by_recovery    BYTEA   NOT NULL,
    recovery_key        BYTEA   NOT NULL,
    reset_device        BYTEA,
    reset_ready_at      BIGINT ,
    change              BIGINT  NOT NULL DEFAULT 0, -- numbers what changed for the account; the cursor of sync
    settings_change     BIGINT  NOT NULL DEFAULT 0,
    storage_used        BIGINT  NOT NULL DEFAULT 0,
    storage_quota       BIGINT  NOT NULL,
    suspended           BIGINT  NOT NULL DEFAULT 0,
    admin               BIGINT  NOT NULL DEFAULT 0,
    created_at          BIGINT  NOT NULL,
    active_at           BIGINT  NOT NULL DEFAULT 0, -- rounded down to the day
    deleted_at          BIGINT 
);
CREATE INDEX accounts_by_name ON accounts (user_name) WHERE deleted_at IS NULL;
CREATE INDEX accounts_untold ON accounts (id) WHERE keys_untold = 1;

-- User names and e-mail addresses in one place: no name leads to two accounts, and none looks like another.
CREATE TABLE names (
    name                TEXT    NOT NULL PRIMARY KEY,
    skeleton            TEXT    NOT NULL UNIQUE,
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    kind                BIGINT  NOT NULL, -- 1 user name, 2 e-mail address
    held_until          BIGINT  -- set once freed: until then it stays reserved for the account
);
CREATE INDEX names_by_account ON names (account);

CREATE TABLE backup_codes (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    hash                BYTEA   NOT NULL,
    PRIMARY KEY (account, hash)
);

-- What an account's devices should know soon; one row for each kind and subject, the newest change counts.
CREATE TABLE notices (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    kind                BIGINT  NOT NULL,
    subject             BYTEA   NOT NULL,
    version             BIGINT  NOT NULL,
    change              BIGINT  NOT NULL,
    PRIMARY KEY (account, kind, subject)
);
CREATE INDEX notices_by_change ON notices (account, change);

CREATE TABLE blocks (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    blocked             BYTEA   NOT NULL,
    PRIMARY KEY (account, blocked)
);
