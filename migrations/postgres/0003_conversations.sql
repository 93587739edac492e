-- Conversations, who is in them, and what waits for their members.

CREATE TABLE conversations (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    kind                BIGINT  NOT NULL, -- 1 direct, 2 group, 3 saved messages
    accounts            BYTEA UNIQUE, -- the two of a direct chat in byte order, or the one of saved messages
    creation            BYTEA   NOT NULL, -- digest of the request that made it, so that a repetition is recognised
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    last_seq            BIGINT  NOT NULL,
    last_at             BIGINT  NOT NULL,
    last_handshake_seq  BIGINT  NOT NULL,
    pruned_seq          BIGINT  NOT NULL DEFAULT 0, -- events up to here are gone
    chain               BYTEA   NOT NULL, -- running hash over the whole log
    untold              BIGINT  NOT NULL DEFAULT 0 -- the members' change numbers have yet to move
);
CREATE INDEX conversations_untold ON conversations (id) WHERE untold = 1;

-- The server's validated view of the group, apart because it is large and seldom read.
CREATE TABLE observers (
    conversation        BYTEA   NOT NULL PRIMARY KEY REFERENCES conversations (id),
    snapshot            BYTEA   NOT NULL
);

CREATE TABLE trees (
    conversation        BYTEA   NOT NULL REFERENCES conversations (id),
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    tree                BYTEA   NOT NULL,
    PRIMARY KEY (conversation, generation, epoch)
);

-- The projection of the validated handshakes.
CREATE TABLE memberships (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    conversation        BYTEA   NOT NULL REFERENCES conversations (id),
    standing            BIGINT  NOT NULL, -- 1 member, 2 requested, 3 left, 4 removed, 5 declined
    role                BIGINT  NOT NULL,
    from_seq            BIGINT  NOT NULL, -- first entry that the account may read
    until_seq           BIGINT , -- last one, once it is no longer a member
    until_generation    BIGINT, -- where the group was then
    until_epoch         BIGINT,
    until_at            BIGINT,
    requested_by        BYTEA,
    change              BIGINT  NOT NULL,
    PRIMARY KEY (account, conversation)
);
CREATE INDEX memberships_by_change ON memberships (account, change);
CREATE INDEX memberships_by_conversation ON memberships (conversation);

CREATE TABLE welcomes (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    account             BYTEA   NOT NULL,
    device              BYTEA   NOT NULL,
    conversation        BYTEA   NOT NULL REFERENCES conversations (id),
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    commit_seq          BIGINT  NOT NULL,
    welcome             BYTEA   NOT NULL,
    sealed_private      BYTEA   NOT NULL,
    change              BIGINT  NOT NULL -- of the account; the order of arrival
);
CREATE INDEX welcomes_by_device ON welcomes (device, change, id);
CREATE INDEX welcomes_by_conversation ON welcomes (conversation, generation, epoch);

CREATE TABLE checkpoints (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    conversation        BYTEA   NOT NULL,
    version             BIGINT  NOT NULL,
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    sealed              BYTEA   NOT NULL,
    PRIMARY KEY (account, conversation)
);
CREATE INDEX checkpoints_by_conversation ON checkpoints (conversation, generation, epoch);

CREATE TABLE settings (
    account             BYTEA   NOT NULL REFERENCES accounts (id),
    slot                BYTEA   NOT NULL,
    version             BIGINT  NOT NULL,
    sealed              BYTEA   NOT NULL, -- empty when deleted
    change              BIGINT  NOT NULL,
    PRIMARY KEY (account, slot)
);
CREATE INDEX settings_by_change ON settings (account, change);

CREATE TABLE markers (
    conversation        BYTEA   NOT NULL REFERENCES conversations (id),
    account             BYTEA   NOT NULL,
    audience            BIGINT  NOT NULL, -- 1 members, 2 own devices
    version             BIGINT  NOT NULL,
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    sealed              BYTEA   NOT NULL,
    put_at              BIGINT  NOT NULL,
    PRIMARY KEY (conversation, account, audience)
);
CREATE INDEX markers_by_time ON markers (conversation, put_at);
