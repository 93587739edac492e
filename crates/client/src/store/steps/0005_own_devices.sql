-- The devices that the account's identity key vouches for, as far as this one has heard of them. One that came later is new until the
-- person has said that it is theirs.
CREATE TABLE own_devices (
    device_id BLOB    PRIMARY KEY CHECK (length(device_id) = 16),
    is_new    INTEGER NOT NULL CHECK (is_new IN (0, 1))
) STRICT, WITHOUT ROWID;
