-- Files on their way, and the messages that wait for them. The bytes of files are never in here.

-- Messages that are said once all of their files are on the server.
CREATE TABLE parcels (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation  INTEGER NOT NULL REFERENCES conversations (number),
    event_id      BLOB    NOT NULL UNIQUE CHECK (length(event_id) = 16),
    -- The encoded text to go with the files; empty for none.
    caption       BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX parcels_by_chat ON parcels (conversation, number);

CREATE TABLE transfers (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 1 to the server, 2 from one conversation to another, 3 from the server.
    course       INTEGER NOT NULL CHECK (course IN (1, 2, 3)),
    -- The message that waits for it; absent for what comes from the server.
    parcel       INTEGER REFERENCES parcels (number),
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    -- The message that the file is of, and its place there.
    event_id     BLOB    NOT NULL CHECK (length(event_id) = 16),
    place        INTEGER NOT NULL,
    -- The encoded reference as the event carries it, with the key; the digest is empty until everything was sealed.
    file         BLOB    NOT NULL,
    part_len     INTEGER NOT NULL,
    -- Where the shell finds the source or puts the file, and by what it knows that the source is still the same.
    location     TEXT    NOT NULL,
    mark         BLOB    NOT NULL,
    -- 1 going, 2 paused, 3 stopped by an obstacle, 4 done.
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),
    obstacle     INTEGER NOT NULL DEFAULT 0,
    obstacle_of  INTEGER NOT NULL DEFAULT 0,
    -- Bytes that were through when it was last noted; of what comes from the server, those that are durable here.
    done         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX transfers_by_state ON transfers (state, number);
CREATE INDEX transfers_by_parcel ON transfers (parcel, place);
CREATE INDEX transfers_by_event ON transfers (event_id, place);

-- The digest of each sealed part that may have left: noted before it leaves, so that no other bytes ever leave under the same key.
CREATE TABLE transfer_parts (
    transfer INTEGER NOT NULL REFERENCES transfers (number) ON DELETE CASCADE,
    part     INTEGER NOT NULL,
    digest   BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (transfer, part)
) STRICT, WITHOUT ROWID;
