-- What was said, opened, and an index over the words.

CREATE TABLE conversations (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16)
) STRICT;

-- `row` is the time of the entry shifted by some bits that tell entries of one millisecond apart, so that whatever is ordered by
-- it, the index over the words included, is ordered by time.
CREATE TABLE entries (
    row            INTEGER PRIMARY KEY,
    conversation   INTEGER NOT NULL REFERENCES conversations (number),
    seq            INTEGER NOT NULL CHECK (seq > 0),
    event_id       BLOB    NOT NULL CHECK (length(event_id) = 16),
    author         BLOB    NOT NULL CHECK (length(author) = 16),
    standing       INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    -- Whether it takes a place on the screen, and does not only act on what does.
    shown          INTEGER NOT NULL CHECK (shown IN (0, 1)),
    -- The event as it came.
    body           BLOB    NOT NULL,
    UNIQUE (conversation, seq)
) STRICT;

CREATE UNIQUE INDEX entries_by_event ON entries (conversation, event_id);
-- No partial index: SQLite would plan each statement that might use one again for every value that is bound.
CREATE INDEX entries_shown ON entries (conversation, shown, seq);

-- Which entries act on which event, also when that has not come yet.
CREATE TABLE acts (
    conversation INTEGER NOT NULL,
    target       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (conversation, target, seq)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (
    folded, content = '', contentless_delete = 1, detail = full, tokenize = 'trigram'
);
CREATE VIRTUAL TABLE word_parts USING fts5vocab (words, row);
