-- Logins and recoveries under way: how often a code or proof was tried, and which session came of it, so that each ends in one.
CREATE TABLE attempts (
    id                  BLOB NOT NULL PRIMARY KEY,
    tries               INTEGER NOT NULL,
    session             BLOB,
    expires_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_expiry ON attempts (expires_at);

-- Which secret the accounts were made under: with another one nobody could log in. One row.
CREATE TABLE server_secret (
    id                  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
