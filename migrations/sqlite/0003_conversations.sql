-- Conversations, who is in them, and what waits for their members.

CREATE TABLE conversations (
    id                  BLOB    NOT NULL PRIMARY KEY,
    kind                INTEGER NOT NULL, -- 1 direct, 2 group, 3 saved messages
    accounts            BLOB UNIQUE, -- the two of a direct chat in byte order, or the one of saved messages
    creation            BLOB    NOT NULL, -- digest of the request that made it, so that a repetition is recognised
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    last_seq            INTEGER NOT NULL,
    last_at             INTEGER NOT NULL,
    last_handshake_seq  INTEGER NOT NULL,
    pruned_seq          INTEGER NOT NULL DEFAULT 0, -- events up to here are gone
    chain               BLOB    NOT NULL, -- running hash over the whole log
    untold              INTEGER NOT NULL DEFAULT 0 -- the members' change numbers have yet to move
) STRICT;
CREATE INDEX conversations_untold ON conversations (id) WHERE untold = 1;

-- The server's validated view of the group, apart because it is large and seldom read.
CREATE TABLE observers (
    conversation        BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id),
    snapshot            BLOB    NOT NULL
) STRICT;

CREATE TABLE trees (
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    tree                BLOB    NOT NULL,
    PRIMARY KEY (conversation, generation, epoch)
) STRICT;

-- The projection of the validated handshakes.
CREATE TABLE memberships (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    standing            INTEGER NOT NULL, -- 1 member, 2 requested, 3 left, 4 removed, 5 declined
    role                INTEGER NOT NULL,
    from_seq            INTEGER NOT NULL, -- first entry that the account may read
    until_seq           INTEGER, -- last one, once it is no longer a member
    until_generation    INTEGER, -- where the group was then
    until_epoch         INTEGER,
    until_at            INTEGER,
    requested_by        BLOB,
    change              INTEGER NOT NULL,
    PRIMARY KEY (account, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_change ON memberships (account, change);
CREATE INDEX memberships_by_conversation ON memberships (conversation);

CREATE TABLE welcomes (
    id                  BLOB    NOT NULL PRIMARY KEY,
    account             BLOB    NOT NULL,
    device              BLOB    NOT NULL,
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    commit_seq          INTEGER NOT NULL,
    welcome             BLOB    NOT NULL,
    sealed_private      BLOB    NOT NULL,
    change              INTEGER NOT NULL -- of the account; the order of arrival
) STRICT;
CREATE INDEX welcomes_by_device ON welcomes (device, change, id);
CREATE INDEX welcomes_by_conversation ON welcomes (conversation, generation, epoch);

CREATE TABLE checkpoints (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    conversation        BLOB    NOT NULL,
    version             INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    sealed              BLOB    NOT NULL,
    PRIMARY KEY (account, conversation)
) STRICT;
CREATE INDEX checkpoints_by_conversation ON checkpoints (conversation, generation, epoch);

CREATE TABLE settings (
    account             BLOB    NOT NULL REFERENCES accounts (id),
    slot                BLOB    NOT NULL,
    version             INTEGER NOT NULL,
    sealed              BLOB    NOT NULL, -- empty when deleted
    change              INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT;
CREATE INDEX settings_by_change ON settings (account, change);

CREATE TABLE markers (
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    account             BLOB    NOT NULL,
    audience            INTEGER NOT NULL, -- 1 members, 2 own devices
    version             INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    sealed              BLOB    NOT NULL,
    put_at              INTEGER NOT NULL,
    PRIMARY KEY (conversation, account, audience)
) STRICT;
CREATE INDEX markers_by_time ON markers (conversation, put_at);
