-- What people report to the operator.

CREATE TABLE reports (
    id                  BYTEA   NOT NULL PRIMARY KEY,
    reporter            BYTEA   NOT NULL,
    account             BYTEA   NOT NULL,
    conversation        BYTEA,
    reason              BIGINT  NOT NULL,
    comment             TEXT    NOT NULL,
    shown               TEXT    NOT NULL,
    reported_at         BIGINT  NOT NULL,
    closed_at           BIGINT 
);
CREATE INDEX reports_open ON reports (reported_at, id) WHERE closed_at IS NULL;
