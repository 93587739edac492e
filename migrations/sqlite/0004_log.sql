-- The log of every conversation. It does not say who wrote an entry.

CREATE TABLE log (
    conversation        BLOB    NOT NULL,
    seq                 INTEGER NOT NULL,
    kind                INTEGER NOT NULL, -- 1 commit, 2 proposal, 3 event, 4 generation
    generation          INTEGER NOT NULL,
    epoch               INTEGER NOT NULL,
    event_id            BLOB,
    body                BLOB    NOT NULL,
    chain               BLOB    NOT NULL, -- running hash of the log before this entry
    received_at         INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT;
CREATE UNIQUE INDEX log_events ON log (event_id, conversation) WHERE event_id IS NOT NULL;
-- One commit ends an epoch, whatever the code above believes.
CREATE UNIQUE INDEX log_commits ON log (conversation, generation, epoch) WHERE kind = 1;
CREATE INDEX log_handshakes ON log (conversation, seq) WHERE kind <> 3;
