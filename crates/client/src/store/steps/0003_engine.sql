-- Who this device is, what it waits for, and where each conversation stands. Every secret in here is as safe as the file: encrypted
-- as a whole.

CREATE TABLE account (
    only_row          INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- 1 being registered or certified, 2 in use, 3 signed out by the server.
    state             INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    account_id        BLOB    NOT NULL CHECK (length(account_id) = 16),
    user_name         TEXT    NOT NULL,
    identity_key      BLOB    NOT NULL CHECK (length(identity_key) = 32),
    device_id         BLOB    NOT NULL CHECK (length(device_id) = 16),
    device_seed       BLOB    NOT NULL CHECK (length(device_seed) = 32),
    certificate       BLOB    NOT NULL,
    server_key        BLOB    NOT NULL CHECK (length(server_key) = 32),
    -- Absent for an account without a vault.
    vault_device_id   BLOB,
    vault_seed        BLOB,
    vault_certificate BLOB,
    store_key         BLOB,
    slot_key          BLOB,
    vault_version     INTEGER NOT NULL,
    -- Until the person has written them down.
    recovery_words    TEXT,
    -- New ones that the server may have taken over or not.
    next_words        TEXT,
    access_token      TEXT    NOT NULL DEFAULT '',
    refresh_token     TEXT    NOT NULL DEFAULT '',
    cursor            BLOB    NOT NULL DEFAULT x'',
    -- Which parts of the account still have to be brought to the server or fetched from it.
    wants             INTEGER NOT NULL DEFAULT 0,
    -- The last change of the account's settings that is here.
    settings_change   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the person has set, by the slot in which the server keeps it.
CREATE TABLE settings (
    slot    BLOB PRIMARY KEY CHECK (length(slot) = 16),
    version INTEGER NOT NULL,
    body    BLOB    NOT NULL,
    -- Whether it was set here and is not on its way yet.
    unsent  INTEGER NOT NULL CHECK (unsent IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Calls that were decided on and not answered yet, sent byte by byte as they are here until they are. A lane holds one at a time.
CREATE TABLE requests (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT,
    lane   BLOB    NOT NULL UNIQUE,
    method TEXT    NOT NULL,
    body   BLOB    NOT NULL
) STRICT;

-- The private halves of the key packages that this device has published.
CREATE TABLE key_packages (
    reference   BLOB PRIMARY KEY,
    secret      BLOB    NOT NULL,
    last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Other accounts, as their identity keys were first seen.
CREATE TABLE contacts (
    account_id   BLOB PRIMARY KEY CHECK (length(account_id) = 16),
    user_name    TEXT    NOT NULL DEFAULT '',
    identity_key BLOB,
    keys_version INTEGER NOT NULL DEFAULT 0,
    -- Whether there is something newer to read.
    stale        INTEGER NOT NULL DEFAULT 1 CHECK (stale IN (0, 1)),
    -- Another identity key, that it was seen with since, as long as the person has not decided on it.
    new_key      BLOB,
    blocked      INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_stale ON contacts (account_id) WHERE stale = 1;
CREATE INDEX contacts_undecided ON contacts (account_id) WHERE new_key IS NOT NULL;

CREATE TABLE chats (
    conversation       INTEGER PRIMARY KEY REFERENCES conversations (number),
    kind               INTEGER NOT NULL,
    standing           INTEGER NOT NULL,
    requested_by       BLOB,
    -- How this device is in it: 0 not yet, 1 founding it, 2 a member, 3 no longer.
    membership         INTEGER NOT NULL,
    -- Where the log ends and begins as the server says.
    server_seq         INTEGER NOT NULL DEFAULT 0,
    server_first_seq   INTEGER NOT NULL DEFAULT 1,
    server_handshake   INTEGER NOT NULL DEFAULT 0,
    server_epoch       INTEGER NOT NULL DEFAULT 0,
    server_at_ms       INTEGER NOT NULL DEFAULT 0,
    -- The stretch of the log that was processed, and the running hashes before and after it.
    low_seq            INTEGER NOT NULL DEFAULT 0,
    low_hash           BLOB,
    high_seq           INTEGER NOT NULL DEFAULT 0,
    high_hash          BLOB,
    wants_history      INTEGER NOT NULL DEFAULT 0 CHECK (wants_history IN (0, 1)),
    -- The group of this device has all agreement on keys up to here.
    joined_by          INTEGER NOT NULL DEFAULT 0,
    vault_seq          INTEGER NOT NULL DEFAULT 0,
    vault_step         INTEGER NOT NULL DEFAULT 0,
    checkpoint_version INTEGER NOT NULL DEFAULT 0,
    generation         INTEGER NOT NULL DEFAULT 1,
    epoch              INTEGER NOT NULL DEFAULT 0,
    epoch_began_ms     INTEGER NOT NULL DEFAULT 0,
    epoch_events       INTEGER NOT NULL DEFAULT 0,
    -- What stops it: 0 nothing, else the code of a trouble.
    trouble            INTEGER NOT NULL DEFAULT 0,
    trouble_seq        INTEGER NOT NULL DEFAULT 0,
    -- How far the person has read and the device has received, and what the server knows of that.
    read_seq           INTEGER NOT NULL DEFAULT 0,
    marked_read        INTEGER NOT NULL DEFAULT 0,
    marked_delivered   INTEGER NOT NULL DEFAULT 0,
    marker_version     INTEGER NOT NULL DEFAULT 0,
    -- How this account has introduced itself there.
    introduced_as      BLOB    NOT NULL DEFAULT x''
) STRICT;

-- Which one a new device comes into next.
CREATE INDEX chats_by_activity ON chats (membership, server_at_ms);

-- States of groups, some kilobytes to megabytes each and therefore not among the chats, whose rows are read and written all the time.
CREATE TABLE groups (
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    -- 1 this device's, 2 its next generation's while the server has not answered, 3 the vault device's while it is awake.
    whose        INTEGER NOT NULL CHECK (whose IN (1, 2, 3)),
    state        BLOB    NOT NULL,
    PRIMARY KEY (conversation, whose)
) STRICT;

-- What opens the events of an epoch, and who its members were.
CREATE TABLE rosters (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body   BLOB NOT NULL
) STRICT;
CREATE TABLE epochs (
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    generation   INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    secret       BLOB    NOT NULL CHECK (length(secret) = 32),
    roster       INTEGER NOT NULL REFERENCES rosters (number),
    -- When the next one began, by the server's time; 0 while it lasts.
    ended_ms     INTEGER NOT NULL DEFAULT 0,
    -- Whether another member passed it on, whose word it is.
    given        INTEGER NOT NULL DEFAULT 0 CHECK (given IN (0, 1)),
    PRIMARY KEY (conversation, generation, epoch)
) STRICT, WITHOUT ROWID;

-- The certificates of all devices in rosters, by their keys, for newcomers to whom the rosters are passed on.
CREATE TABLE certificates (
    device_key  BLOB PRIMARY KEY CHECK (length(device_key) = 32),
    certificate BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Pieces of what members pass on to newcomers, until all of them are here.
CREATE TABLE hand_overs (
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    author       BLOB    NOT NULL CHECK (length(author) = 16),
    id           BLOB    NOT NULL CHECK (length(id) = 16),
    piece        INTEGER NOT NULL,
    content      BLOB    NOT NULL,
    PRIMARY KEY (conversation, author, id, piece)
) STRICT, WITHOUT ROWID;

CREATE TABLE welcomes (
    welcome_id     BLOB PRIMARY KEY CHECK (length(welcome_id) = 16),
    device_id      BLOB    NOT NULL,
    conversation   INTEGER NOT NULL REFERENCES conversations (number),
    generation     INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    commit_seq     INTEGER NOT NULL,
    welcome        BLOB    NOT NULL,
    sealed_private BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX welcomes_by_chat ON welcomes (conversation, device_id);

-- What people wrote and the log does not have yet, in the order in which they wrote it.
CREATE TABLE outbox (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation  INTEGER NOT NULL REFERENCES conversations (number),
    event_id      BLOB    NOT NULL UNIQUE,
    body          BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- Its place once the server has it.
    seq           INTEGER,
    -- Why the server will not take it, if so.
    refusal       INTEGER
) STRICT;
CREATE INDEX outbox_by_chat ON outbox (conversation, number);

-- What people want to change in a conversation, until the log says that it happened or cannot happen.
CREATE TABLE intents (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    body         BLOB    NOT NULL
) STRICT;
CREATE INDEX intents_by_chat ON intents (conversation, number);

-- Lines of the timeline that no event says: who came and went, what does not add up.
CREATE TABLE notices (
    conversation   INTEGER NOT NULL REFERENCES conversations (number),
    seq            INTEGER NOT NULL,
    place          INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    body           BLOB    NOT NULL,
    PRIMARY KEY (conversation, seq, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE markers (
    conversation  INTEGER NOT NULL REFERENCES conversations (number),
    account_id    BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    read_seq      INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    PRIMARY KEY (conversation, account_id)
) STRICT, WITHOUT ROWID;

-- The running hash after each entry that was processed, to compare with what others sign.
CREATE TABLE heads (
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    seq          INTEGER NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Entries that say something about the conversation as a whole: title, profiles, pins, rules.
CREATE TABLE scenes (
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    seq          INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
