-- The log of every conversation, in parts by the hash of the conversation: each index stays small, and vacuum has less to do at once.
-- It does not say who wrote an entry.

CREATE TABLE log (
    conversation        BYTEA   NOT NULL,
    seq                 BIGINT  NOT NULL,
    kind                BIGINT  NOT NULL, -- 1 commit, 2 proposal, 3 event, 4 generation
    generation          BIGINT  NOT NULL,
    epoch               BIGINT  NOT NULL,
    event_id            BYTEA,
    body                BYTEA   NOT NULL,
    chain               BYTEA   NOT NULL, -- running hash of the log before this entry
    received_at         BIGINT  NOT NULL,
    PRIMARY KEY (conversation, seq)
) PARTITION BY HASH (conversation);
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE log_%s PARTITION OF log FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
    END LOOP;
END $$;
CREATE UNIQUE INDEX log_events ON log (conversation, event_id) WHERE event_id IS NOT NULL;
-- One commit ends an epoch, whatever the code above believes.
CREATE UNIQUE INDEX log_commits ON log (conversation, generation, epoch) WHERE kind = 1;
CREATE INDEX log_handshakes ON log (conversation, seq) WHERE kind <> 3;
-- Sealed bytes do not compress: do not try.
ALTER TABLE log ALTER COLUMN body SET STORAGE EXTERNAL;
