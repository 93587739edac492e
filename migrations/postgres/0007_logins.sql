-- Logins and recoveries under way: how often a code or proof was tried, and which session came of it, so that each ends in one.
CREATE TABLE attempts (
    id                  BYTEA NOT NULL PRIMARY KEY,
    tries               BIGINT NOT NULL,
    session             BYTEA,
    expires_at          BIGINT NOT NULL
);
CREATE INDEX attempts_by_expiry ON attempts (expires_at);

-- Which secret the accounts were made under: with another one nobody could log in. One row.
CREATE TABLE server_secret (
    id                  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint         BYTEA NOT NULL
);
