-- Devices with their certificates, sessions with their families of refresh tokens, and key packages.

CREATE TABLE devices (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    is_vault            BIGINT  NOT NULL,
    device_key          BYTEA   NOT NULL,
    certificate         BYTEA   NOT NULL,
    sealed_name         BYTEA   NOT NULL,
    added_at            BIGINT  NOT NULL,
    last_used_at        BIGINT  NOT NULL, -- rounded down to the hour
    revoked_at          BIGINT ,
    revocation          BYTEA
);
CREATE INDEX devices_by_account ON devices (account, added_at);

CREATE TABLE sessions (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    device              BYTEA   NOT NULL, -- it may wait for its certificate
    device_key          BYTEA   NOT NULL,
    opened_at           BIGINT  NOT NULL,
    last_used_at        BIGINT  NOT NULL, -- rounded down to the hour
    expires_at          BIGINT  NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account, opened_at);
CREATE INDEX sessions_by_device ON sessions (device);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Every token of a family that still lives, so that a second use is recognised however old the token is. Only hashes.
CREATE TABLE refresh_tokens (
    hash                BYTEA   NOT NULL PRIMARY KEY,
    session             BYTEA   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_by             BYTEA, -- the request that it was traded in
    successor           BYTEA  -- what it was traded for
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

-- A package that was handed out stays for a while: for the claimer who asks again, and for a vault device whose Welcome needs it.
CREATE TABLE key_packages (
    device              BYTEA   NOT NULL REFERENCES devices (id),
    reference           BYTEA   NOT NULL, -- KeyPackageRef (RFC 9420 §5.2)
    suite               BIGINT  NOT NULL,
    number              BIGINT  NOT NULL, -- handed out in this order
    package             BYTEA   NOT NULL,
    last_resort         BIGINT  NOT NULL,
    sealed_private      BYTEA   NOT NULL,
    expires_at          BIGINT  NOT NULL,
    claimed_at          BIGINT ,
    PRIMARY KEY (device, reference)
);
CREATE INDEX key_packages_free ON key_packages (device, suite, last_resort, number) WHERE claimed_at IS NULL;
CREATE INDEX key_packages_claimed ON key_packages (claimed_at) WHERE claimed_at IS NOT NULL;

-- What a claim was answered with, for the repetition of a request whose reply was lost.
CREATE TABLE claims (
    claimer             BYTEA   NOT NULL REFERENCES accounts (id),
    request             BYTEA   NOT NULL,
    digest              BYTEA   NOT NULL, -- of what was asked
    claimed_at          BIGINT  NOT NULL,
    PRIMARY KEY (claimer, request)
);
CREATE INDEX claims_by_time ON claims (claimed_at);

CREATE TABLE claimed_packages (
    claimer             BYTEA   NOT NULL,
    request             BYTEA   NOT NULL,
    device              BYTEA   NOT NULL,
    account             BYTEA   NOT NULL,
    package             BYTEA   NOT NULL,
    last_resort         BIGINT  NOT NULL,
    PRIMARY KEY (claimer, request, device),
    FOREIGN KEY (claimer, request) REFERENCES claims (claimer, request) ON DELETE CASCADE
);
