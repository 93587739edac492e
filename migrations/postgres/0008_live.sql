-- What the services keep beside the log: how long events stay, where a generation began, and which leaves have to go.

ALTER TABLE conversations ADD COLUMN retention BIGINT NOT NULL DEFAULT 0; -- seconds by the group's policy; 0 for ever
CREATE INDEX conversations_retained ON conversations (id) WHERE retention > 0;

-- The validated view at epoch 0 of the current generation: whoever refuses a later commit is judged by what lies between.
CREATE TABLE beginnings (
    conversation        BYTEA   NOT NULL PRIMARY KEY REFERENCES conversations (id),
    snapshot            BYTEA   NOT NULL
);

-- Leaves of revoked devices that are still in a group, or may be.
CREATE TABLE removals (
    conversation        BYTEA   NOT NULL REFERENCES conversations (id),
    device              BYTEA   NOT NULL,
    account             BYTEA   NOT NULL,
    revocation          BYTEA   NOT NULL, -- signed; what a proposal needs
    generation          BIGINT, -- where the removal was proposed last: the next commit carries it out
    epoch               BIGINT,
    PRIMARY KEY (conversation, device)
);
