-- New keys of the vault after a device was revoked.

ALTER TABLE account ADD COLUMN vault_generation INTEGER NOT NULL DEFAULT 1;
-- Whether a device was revoked that may know the present keys.
ALTER TABLE account ADD COLUMN renewal_due INTEGER NOT NULL DEFAULT 0 CHECK (renewal_due IN (0, 1));
-- The certificate of a vault device whose keys this device does not have.
ALTER TABLE account ADD COLUMN newer_vault BLOB;

-- The store keys of the generations before, which only open.
CREATE TABLE older_store_keys (
    generation INTEGER PRIMARY KEY,
    key        BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;

-- The vault device before, until its successor has taken all of its places.
CREATE TABLE former_vault (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    seed        BLOB NOT NULL CHECK (length(seed) = 32),
    certificate BLOB NOT NULL
) STRICT;

-- How far this device has come with new keys of the vault.
CREATE TABLE renewal (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    body     BLOB NOT NULL
) STRICT;

-- Keys that another own device passed on, until the account vouches for their vault device.
CREATE TABLE vault_offers (
    device_key BLOB PRIMARY KEY CHECK (length(device_key) = 32),
    body       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The key package by which this device gives the vault device a place.
CREATE TABLE vault_package (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    device_id   BLOB NOT NULL CHECK (length(device_id) = 16),
    key_package BLOB NOT NULL,
    secret      BLOB NOT NULL
) STRICT;

-- The Welcome for the vault device in a commit of this device that is on its way, and the epoch that it leads to.
CREATE TABLE vault_welcomes (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (number),
    generation   INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    welcome      BLOB    NOT NULL,
    -- The private half of the key package that it is for.
    secret       BLOB    NOT NULL
) STRICT;

-- Whether the vault device's place is to be looked at: 0 no, 1 yes, 2 it is to be given anew in any case.
ALTER TABLE chats ADD COLUMN vault_due INTEGER NOT NULL DEFAULT 1;
-- When its state was sealed last, by the server's time, and whether that opens something that has expired since.
ALTER TABLE chats ADD COLUMN vault_sealed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN vault_stale INTEGER NOT NULL DEFAULT 0 CHECK (vault_stale IN (0, 1));
-- Whether nothing was said in an epoch.
ALTER TABLE epochs ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));
CREATE INDEX chats_by_vault_due ON chats (server_at_ms) WHERE vault_due > 0;

-- Under the keys of which generation a setting is sealed on the server.
ALTER TABLE settings ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
