-- What the services keep beside the log: how long events stay, where a generation began, and which leaves have to go.

ALTER TABLE conversations ADD COLUMN retention INTEGER NOT NULL DEFAULT 0; -- seconds by the group's policy; 0 for ever
CREATE INDEX conversations_retained ON conversations (id) WHERE retention > 0;

-- The validated view at epoch 0 of the current generation: whoever refuses a later commit is judged by what lies between.
CREATE TABLE beginnings (
    conversation        BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id),
    snapshot            BLOB    NOT NULL
) STRICT;

-- Leaves of revoked devices that are still in a group, or may be.
CREATE TABLE removals (
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    device              BLOB    NOT NULL,
    account             BLOB    NOT NULL,
    revocation          BLOB    NOT NULL, -- signed; what a proposal needs
    generation          INTEGER, -- where the removal was proposed last: the next commit carries it out
    epoch               INTEGER,
    PRIMARY KEY (conversation, device)
) STRICT;
