-- What people report to the operator.

CREATE TABLE reports (
    id                  BLOB    NOT NULL PRIMARY KEY,
    reporter            BLOB    NOT NULL,
    account             BLOB    NOT NULL,
    conversation        BLOB,
    reason              INTEGER NOT NULL,
    comment             TEXT    NOT NULL,
    shown               TEXT    NOT NULL,
    reported_at         INTEGER NOT NULL,
    closed_at           INTEGER
) STRICT;
CREATE INDEX reports_open ON reports (reported_at, id) WHERE closed_at IS NULL;
