-- Claims that end before the reply is too large, packages that are never stored again, and what the nodes report of themselves.

ALTER TABLE claims ADD COLUMN reached INTEGER NOT NULL DEFAULT 0; -- how many of the accounts asked for
ALTER TABLE claimed_packages ADD COLUMN place INTEGER NOT NULL DEFAULT 0; -- of the account among those asked for

-- A package that was handed out is emptied and stays until it expires, so that it is known should it be published again.
DROP INDEX key_packages_claimed;
CREATE INDEX key_packages_claimed ON key_packages (claimed_at) WHERE claimed_at IS NOT NULL AND LENGTH(package) > 0;

CREATE TABLE nodes (
    id                  BLOB    NOT NULL PRIMARY KEY, -- drawn at each start
    connections         INTEGER NOT NULL,
    reported_at         INTEGER NOT NULL
) STRICT;
