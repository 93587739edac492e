-- Devices with their certificates, sessions with their families of refresh tokens, and key packages.

CREATE TABLE devices (
    id                  BLOB    NOT NULL PRIMARY KEY,
    account             BLOB    NOT NULL REFERENCES accounts (id),
    is_vault            INTEGER NOT NULL,
    device_key          BLOB    NOT NULL,
    certificate         BLOB    NOT NULL,
    sealed_name         BLOB    NOT NULL,
    added_at            INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL, -- rounded down to the hour
    revoked_at          INTEGER,
    revocation          BLOB
) STRICT;
CREATE INDEX devices_by_account ON devices (account, added_at);

CREATE TABLE sessions (
    id                  BLOB    NOT NULL PRIMARY KEY,
    account             BLOB    NOT NULL REFERENCES accounts (id),
    device              BLOB    NOT NULL, -- it may wait for its certificate
    device_key          BLOB    NOT NULL,
    opened_at           INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL, -- rounded down to the hour
    expires_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account, opened_at);
CREATE INDEX sessions_by_device ON sessions (device);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Every token of a family that still lives, so that a second use is recognised however old the token is. Only hashes.
CREATE TABLE refresh_tokens (
    hash                BLOB    NOT NULL PRIMARY KEY,
    session             BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_by             BLOB, -- the request that it was traded in
    successor           BLOB  -- what it was traded for
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

-- A package that was handed out stays for a while: for the claimer who asks again, and for a vault device whose Welcome needs it.
CREATE TABLE key_packages (
    device              BLOB    NOT NULL REFERENCES devices (id),
    reference           BLOB    NOT NULL, -- KeyPackageRef (RFC 9420 §5.2)
    suite               INTEGER NOT NULL,
    number              INTEGER NOT NULL, -- handed out in this order
    package             BLOB    NOT NULL,
    last_resort         INTEGER NOT NULL,
    sealed_private      BLOB    NOT NULL,
    expires_at          INTEGER NOT NULL,
    claimed_at          INTEGER,
    PRIMARY KEY (device, reference)
) STRICT;
CREATE INDEX key_packages_free ON key_packages (device, suite, last_resort, number) WHERE claimed_at IS NULL;
CREATE INDEX key_packages_claimed ON key_packages (claimed_at) WHERE claimed_at IS NOT NULL;

-- What a claim was answered with, for the repetition of a request whose reply was lost.
CREATE TABLE claims (
    claimer             BLOB    NOT NULL REFERENCES accounts (id),
    request             BLOB    NOT NULL,
    digest              BLOB    NOT NULL, -- of what was asked
    claimed_at          INTEGER NOT NULL,
    PRIMARY KEY (claimer, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_time ON claims (claimed_at);

CREATE TABLE claimed_packages (
    claimer             BLOB    NOT NULL,
    request             BLOB    NOT NULL,
    device              BLOB    NOT NULL,
    account             BLOB    NOT NULL,
    package             BLOB    NOT NULL,
    last_resort         INTEGER NOT NULL,
    PRIMARY KEY (claimer, request, device),
    FOREIGN KEY (claimer, request) REFERENCES claims (claimer, request) ON DELETE CASCADE
) STRICT;
