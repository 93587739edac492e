-- Encrypted files: what the server knows of them. Their bytes are elsewhere, in parts.

CREATE TABLE files (
    id                  BLOB    NOT NULL PRIMARY KEY,
    owner               BLOB    NOT NULL REFERENCES accounts (id),
    reserved_for        BLOB    NOT NULL, -- its first conversation, so that a repetition is recognised
    size                INTEGER NOT NULL,
    part_size           INTEGER NOT NULL,
    state               INTEGER NOT NULL, -- 1 incomplete, 2 complete, 3 gone and its parts have yet to be removed, 4 gone
    due_at              INTEGER NOT NULL, -- incomplete: when the reservation ends; gone: when its parts are removed
    created_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX files_by_owner ON files (owner, id);
CREATE INDEX files_incomplete ON files (owner) WHERE state = 1;
CREATE INDEX files_due ON files (state, due_at) WHERE state <> 2;

-- Which parts are there, 64 to a row, while a file is incomplete.
CREATE TABLE file_parts (
    file                BLOB    NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    word                INTEGER NOT NULL, -- index of the first part divided by 64
    present             INTEGER NOT NULL, -- one bit a part, the lowest first
    PRIMARY KEY (file, word)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_conversations (
    file                BLOB    NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    conversation        BLOB    NOT NULL REFERENCES conversations (id),
    PRIMARY KEY (file, conversation)
) STRICT, WITHOUT ROWID;
