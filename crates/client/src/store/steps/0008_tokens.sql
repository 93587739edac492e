-- Until when the access token is good, by the clock of this device, and by how much the server's clock was ahead of that.
ALTER TABLE account ADD COLUMN access_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN clock_ahead_ms INTEGER NOT NULL DEFAULT 0;
